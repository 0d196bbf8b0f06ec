#include "sql_arguments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <system_error>
#include <utility>

#include "command.h"
#include "pipeline_arguments.h"

namespace velo::cli {
namespace {

constexpr char kConfigFile[] = "velo.toml";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

Status not_one(const SqlArguments& arguments) {
  return make_error(
      ErrorKind::kInvalidArgument, {},
      arguments.target.empty()
          ? fmt::format("{} is missing; or give SQL with -e", arguments.target_name)
          : fmt::format("give either {} or SQL with -e, not both",
                        arguments.target_name));
}

Result<std::string> read_file(const std::string& path) {
  if (path == "-") {
    return std::string(std::istreambuf_iterator<char>(std::cin), {});
  }
  std::ifstream file(path, std::ios::binary);
  std::error_code ignored;
  if (!file || std::filesystem::is_directory(path, ignored)) {
    const bool exists = std::filesystem::exists(path, ignored);
    return make_error(
        exists ? ErrorKind::kPermissionDenied : ErrorKind::kNotFound, {.resource = path},
        exists ? "this cannot be read as a file of statements" : "there is no such file");
  }
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// "256MiB", by the same rules as an option of a URI.
Result<int64_t> parse_bytes(const std::string& text) {
  static const std::array<OptionDescriptor, 1> kMemory = {
      {{.name = "memory", .type = OptionType::kBytes, .unit = "bytes"}}};
  Uri uri;
  uri.options = {{"memory", text}};
  ARROW_ASSIGN_OR_RAISE(const auto values,
                        OptionValues::parse(uri, kMemory, OptionUse::kBoth));
  return values.integer("memory").value_or(0);
}

// The address of the stream that is meant; the only one, where nothing is said.
Result<Uri> stream_of(const Uri& uri, const std::vector<Stream>& streams,
                      const std::string& name) {
  if (name.empty() && streams.size() == 1) return streams.front().uri;
  std::vector<std::string_view> names;
  for (const Stream& stream : streams) {
    if (!name.empty() && stream.name == name) return stream.uri;
    names.push_back(stream.name);
  }
  const std::string_view nearest = nearest_name(name, names);
  std::string known = fmt::format("{}", fmt::join(names, ", "));
  if (names.size() == 1 && names.front().empty()) known = "one without a name";
  std::string advice = fmt::format(
      "these are {} streams, and one is looked at: --stream "
      "NAME says which of {}",
      names.size(), known);
  if (!name.empty()) {
    advice = nearest.empty() ? fmt::format("no stream is called '{}'; there {} {}", name,
                                           names.size() == 1 ? "is" : "are", known)
                             : fmt::format("no stream is called '{}', did you mean '{}'?",
                                           name, nearest);
  }
  return make_error(ErrorKind::kInvalidArgument, {.resource = redact_uri(uri)},
                    std::move(advice));
}

}  // namespace

CLI::Option* add_address(CLI::App& parser, const std::string& name, std::string& address,
                         const std::string& doc) {
  return parser.add_option(name, address, doc)->transform([](const std::string& text) {
    constexpr char kMarked[] = {kAddressMark, '-', '?', '\0'};
    return text.starts_with(kMarked) ? text.substr(1) : text;
  });
}

void add_config_option(CLI::App& parser, std::string& config) {
  parser.add_option("--config", config,
                    "File of named connections (velo.toml in this folder)");
}

void add_sql_options(CLI::App& parser, SqlArguments& arguments, const std::string& target,
                     const std::string& target_doc) {
  arguments.target_name = target;
  add_address(parser, target, arguments.target, target_doc);
  parser.add_option("-e,--execute", arguments.sql, "SQL statements, instead");
  add_memory_option(parser, arguments.memory);
  parser.add_option("--threads", arguments.num_threads, "Threads for SQL (one per core)")
      ->check(CLI::Range(1, 1024));
  parser.add_flag("--no-short-cut", arguments.no_short_cut,
                  "Run every SELECT in DuckDB, also those that need no engine");
  add_config_option(parser, arguments.config);
}

void add_stream_option(CLI::App& parser, SqlArguments& arguments) {
  parser.add_option("--stream", arguments.stream,
                    "Of a URI that names several tables or topics: this one");
}

Result<Connections> load_connections(const std::string& config) {
  if (!config.empty()) return Connections::from_toml_file(config);
  std::error_code ignored;
  if (std::filesystem::exists(kConfigFile, ignored)) {
    return Connections::from_toml_file(kConfigFile);
  }
  return Connections();
}

Result<Uri> address_of(const std::string& text, const Connections& connections) {
  ARROW_ASSIGN_OR_RAISE(const Uri uri, parse_uri(text));
  return connections.resolve(uri);
}

Result<SqlScript> read_script(const SqlArguments& arguments) {
  if (arguments.sql.empty() == arguments.target.empty()) return not_one(arguments);
  if (arguments.target.empty()) return SqlScript{"SQL", arguments.sql};
  ARROW_ASSIGN_OR_RAISE(std::string text, read_file(arguments.target));
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  return SqlScript{arguments.target == "-" ? "standard input" : arguments.target,
                   std::move(text)};
}

std::string name_of(const SqlArguments& arguments) {
  if (arguments.target.empty()) return "SQL";
  const auto uri = parse_uri(arguments.target);
  return uri.ok() ? redact_uri(*uri) : arguments.target;
}

Result<SessionOptions> session_options_of(const SqlArguments& arguments) {
  SessionOptions options;
  options.registry = &registry();
  ARROW_ASSIGN_OR_RAISE(options.connections, load_connections(arguments.config));
  if (!arguments.memory.empty()) {
    ARROW_ASSIGN_OR_RAISE(options.memory_bytes, parse_bytes(arguments.memory));
    constexpr int64_t kLeastBytes = int64_t{32} << 20;
    if (options.memory_bytes < kLeastBytes) {
      return make_error(
          ErrorKind::kInvalidArgument, {},
          fmt::format("--memory={}: at least 32MiB is needed", arguments.memory));
    }
  }
  options.num_threads = arguments.num_threads;
  options.short_cut = !arguments.no_short_cut;
  return options;
}

Result<std::unique_ptr<DataSource>> source_of(const SqlArguments& arguments,
                                              const Connections& connections,
                                              Session& session, std::stop_token stop) {
  if (arguments.sql.empty() == arguments.target.empty()) return not_one(arguments);
  if (arguments.target.empty()) {
    if (arguments.stream.empty()) return session.query(arguments.sql);
    return make_error(ErrorKind::kInvalidArgument, {},
                      "--stream is of an address, and this is SQL");
  }
  ARROW_ASSIGN_OR_RAISE(const Uri uri, address_of(arguments.target, connections));
  ARROW_ASSIGN_OR_RAISE(const StreamList list,
                        registry().list_streams(uri, std::move(stop)));
  ARROW_ASSIGN_OR_RAISE(const Uri one, stream_of(uri, list.streams, arguments.stream));
  return registry().create_source(one);
}

}  // namespace velo::cli
