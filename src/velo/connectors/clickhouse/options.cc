#include "velo/connectors/clickhouse/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include "velo/base/ascii.h"
#include "velo/base/glob.h"
#include "velo/base/name_list.h"

namespace velo::clickhouse {
namespace {

constexpr uint16_t kPort = 8123;
constexpr uint16_t kTlsPort = 8443;
constexpr int64_t kDefaultBlockRows = 65536;

std::string quoted(std::string_view text, char quote) {
  std::string result(1, quote);
  for (const char c : text) {
    if (c == quote || c == '\\') result += '\\';
    if (c == '\0') {
      result += "\\0";
    } else {
      result += c;
    }
  }
  return result + quote;
}

Status invalid(const std::string& shown, std::string message) {
  return make_error(ErrorKind::kInvalidArgument,
                    {.connector = "clickhouse", .resource = shown}, std::move(message));
}

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

Status read_address(const Uri& uri, bool secure, ClickhouseOptions& options) {
  if (uri.hosts.size() > 1) {
    return invalid(options.shown,
                   "one host, please: rows of one table are on one server");
  }
  std::string host = uri.hosts.empty() ? "localhost" : uri.hosts[0].name;
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  const uint16_t port = uri.hosts.empty() || !uri.hosts[0].port
                            ? (secure ? kTlsPort : kPort)
                            : *uri.hosts[0].port;
  options.address = fmt::format("{}://{}:{}/", secure ? "https" : "http", host, port);
  options.user = uri.user.value_or(from_environment("CLICKHOUSE_USER"));
  options.password = uri.password.value_or(from_environment("CLICKHOUSE_PASSWORD"));
  options.database = literal_path(uri.path);
  if (options.database.starts_with('/')) options.database.erase(0, 1);
  if (options.database.empty()) options.database = "default";
  return Status::OK();
}

// The tables that a URI names.
Result<std::vector<std::string>> names_in(const std::string& shown,
                                          const std::string& text) {
  ARROW_ASSIGN_OR_RAISE(const auto names, parse_names(text));
  std::vector<std::string> tables;
  for (const NamePattern& name : names) {
    if (name.is_pattern) {
      return make_error(ErrorKind::kNotImplemented,
                        {.connector = "clickhouse", .resource = shown},
                        fmt::format("table={}: patterns of tables do not work here yet; "
                                    "a list of names does (a,b), and a name with a star "
                                    "stands in double quotes",
                                    text));
    }
    if (std::ranges::find(tables, name.text) == tables.end()) tables.push_back(name.text);
  }
  return tables;
}

Status check_one_table(const ClickhouseOptions& options, size_t num_tables) {
  if (num_tables < 2) return Status::OK();
  return invalid(options.shown,
                 fmt::format("these are {} tables, and here one is needed; velo copy "
                             "reads several, each as a stream of its own, into a sink "
                             "with {{table}} in its address; a name with a comma stands "
                             "in double quotes: table=\"a,b\"",
                             num_tables));
}

// Of an engine's name and arguments; what could end the clause is refused.
Status check_engine(const ClickhouseOptions& options) {
  for (const char c : options.engine) {
    if (is_ascii_letter(c) || is_ascii_digit(c) || is_one_of(c, "_(), ")) continue;
    return invalid(options.shown,
                   fmt::format("engine={}: a name, with columns in parentheses where it "
                               "takes some: ReplacingMergeTree(version)",
                               options.engine));
  }
  return Status::OK();
}

}  // namespace

std::string quote_identifier(std::string_view name) { return quoted(name, '`'); }
std::string quote_literal(std::string_view text) { return quoted(text, '\''); }

std::string ClickhouseOptions::name_of(std::string_view name) const {
  return quote_identifier(database) + "." + quote_identifier(name);
}

std::vector<OptionDescriptor> ClickhouseOptions::descriptors() {
  return {
      {.name = "table",
       .type = OptionType::kNames,
       .doc = "The table to read or write. A source may be several, each a stream of its "
              "own: a,b; a name with a comma or a star stands in double quotes: "
              "\"a,b\". A sink may have the name of the source's: {table}."},
      {.name = "query",
       .doc = "A SELECT to read instead of a table.",
       .use = OptionUse::kSource},
      {.name = "engine",
       .default_value = "MergeTree",
       .doc = "The engine of a table that is made.",
       .use = OptionUse::kSink},
      {.name = "key",
       .type = OptionType::kList,
       .doc = "The columns that a table that is made is ordered by.",
       .use = OptionUse::kSink},
      {.name = "secure",
       .type = OptionType::kBool,
       .default_value = "false",
       .doc = "TLS to the server (port 8443 where the URI says none)."},
      {.name = "batch_size",
       .type = OptionType::kInt,
       .unit = "rows",
       .default_value = "65536",
       .doc = "Most rows in one block that is sent.",
       .use = OptionUse::kSink},
      {.name = "format",
       .type = OptionType::kChoice,
       .default_value = "Native",
       .doc = "How rows travel; only Native works yet.",
       .choices = {"Native", "TabSeparated", "JSON", "Parquet"}},
      {.name = "compression",
       .type = OptionType::kChoice,
       .doc = "How blocks are compressed on their way.",
       .choices = {"none", "lz4", "gzip", "zstd"},
       .not_yet = true},
      {.name = "mode",
       .type = OptionType::kChoice,
       .default_value = "append",
       .doc = "What happens to rows that are there.",
       .use = OptionUse::kSink,
       .choices = {"append", "overwrite"},
       .not_yet = true},
      {.name = "optimize",
       .type = OptionType::kBool,
       .default_value = "false",
       .doc = "Run OPTIMIZE after the last row.",
       .use = OptionUse::kSink,
       .not_yet = true},
  };
}

Result<ClickhouseOptions> ClickhouseOptions::from_uri(const Uri& uri, OptionUse use) {
  ClickhouseOptions options;
  Uri place = uri;
  place.options.clear();
  options.shown = redact_uri(place);
  options.identity = redact_uri(uri);
  ARROW_ASSIGN_OR_RAISE(const auto values, OptionValues::parse(uri, descriptors(), use));
  ARROW_ASSIGN_OR_RAISE(const auto tables, names_in(options.shown, values.text("table")));
  ARROW_RETURN_NOT_OK(check_one_table(options, tables.size()));
  if (!tables.empty()) options.table = tables.front();
  if (values.text("format") != "Native") {
    return make_error(
        ErrorKind::kNotImplemented,
        {.connector = "clickhouse", .resource = options.shown},
        fmt::format("format={} does not work yet; Native does", values.text("format")));
  }
  if (use == OptionUse::kSink) {
    Uri written = uri;  // however its table is spelt, a sink is one place
    for (auto& [name, value] : written.options) {
      if (name == "table") value = print_name(options.table);
    }
    options.identity = redact_uri(written);
    options.engine = values.text("engine");
    options.key = values.list("key");
    options.block_rows = values.integer("batch_size").value_or(kDefaultBlockRows);
    if (options.block_rows < 1) return invalid(options.shown, "batch_size: at least 1");
    ARROW_RETURN_NOT_OK(check_engine(options));
  } else {
    options.query = values.text("query");
  }
  if (options.table.empty() == options.query.empty()) {
    return invalid(options.shown,
                   use == OptionUse::kSink
                       ? "which table? Add ?table=NAME"
                       : "which rows? Add ?table=NAME, or ?query=SELECT …, not both");
  }
  ARROW_RETURN_NOT_OK(read_address(uri, values.boolean("secure"), options));
  return options;
}

Result<StreamList> list_tables(const Uri& uri, std::stop_token) {
  StreamList list;
  const std::string* text = uri.find_option("table");
  ARROW_ASSIGN_OR_RAISE(const auto tables, names_in(redact_uri(uri), text ? *text : ""));
  if (tables.empty()) {  // a query
    list.streams.push_back({.name = {}, .fields = {}, .uri = uri});
    return list;
  }
  for (const std::string& table : tables) {
    Stream stream{.name = table, .fields = {{"table", table}}, .uri = uri};
    if (tables.size() > 1) {
      std::ranges::find(stream.uri.options, "table", [](const auto& o) {
        return o.first;
      })->second = print_name(table);
    }
    ARROW_ASSIGN_OR_RAISE(const auto options,
                          ClickhouseOptions::from_uri(stream.uri, OptionUse::kSource));
    stream.fields.emplace("database", options.database);
    list.streams.push_back(std::move(stream));
  }
  return list;
}

}  // namespace velo::clickhouse
