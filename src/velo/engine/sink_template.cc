// The words in braces of a sink's address.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/base/glob.h"
#include "velo/base/name_list.h"
#include "velo/base/percent_encoding.h"
#include "velo/base/secret.h"
#include "velo/streams.h"

namespace velo {
namespace {

// What is between a brace at `at` and the next one, if that is a word; else nothing.
std::string_view word_at(std::string_view text, size_t at) {
  if (text[at] != '{') return "";
  size_t end = at + 1;
  while (end < text.size() && (is_ascii_letter(text[end]) || text[end] == '_')) ++end;
  const bool is_closed = end < text.size() && text[end] == '}';
  return is_closed ? text.substr(at + 1, end - at - 1) : "";
}

using Lookup = std::function<Result<std::string>(std::string_view word)>;

// How a place has words: what is passed over as two characters, as which it stays or as
// the second of which; and how a value is spelt there.
struct Place {
  char escape;
  bool keeps_escape;
  std::function<std::string(const std::string& value, bool at_beginning)> spell;
};

Result<std::string> fill(std::string_view text, const Place& place,
                         const Lookup& look_up) {
  std::string filled;
  for (size_t at = 0; at < text.size();) {
    if (text[at] == place.escape && at + 1 < text.size() &&
        (place.keeps_escape || text[at + 1] == place.escape)) {
      if (place.keeps_escape) filled += text[at];
      filled += text[at + 1];
      at += 2;
      continue;
    }
    const std::string_view word = word_at(text, at);
    if (word.empty()) {
      filled += text[at++];
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(const std::string value, look_up(word));
    filled += place.spell(value, at == 0 || text[at - 1] == '/');
    at += word.size() + 2;
  }
  return filled;
}

// A name that a file or a folder can have, another one for each value: no separator, no
// way up, nothing hidden, not our own folder.
std::string as_file_name(const std::string& value, bool at_beginning) {
  std::string name;
  for (size_t at = 0; at < value.size(); ++at) {
    const char c = value[at];
    const bool begins = at == 0 && at_beginning;
    const bool is_ours = begins && value.starts_with("_velo");
    const bool must_be_encoded = c == '/' || c == '\\' || c == '%' ||
                                 is_ascii_control(c) || (begins && (c == '.' || is_ours));
    name += must_be_encoded ? escape_of(c) : std::string(1, c);
  }
  return escape_glob(name);
}

std::string as_path_part(const std::string& value, bool) {
  std::string part;
  for (const char c : escape_glob(value)) {
    if (c == '/') part += '\\';
    part += c;
  }
  return part;
}

Place path_place(const Connector* connector) {
  const bool names_files = connector && connector->paths_name_files;
  return {.escape = '\\',
          .keeps_escape = true,
          .spell = names_files ? as_file_name : as_path_part};
}

std::string as_name(const std::string& value, bool) { return escape_references(value); }

Place name_place() { return {.escape = '{', .keeps_escape = false, .spell = as_name}; }

bool names_tables(const Connector* connector, std::string_view option) {
  if (!connector) return false;
  const auto found =
      std::ranges::find(connector->options, option, &OptionDescriptor::name);
  return found != connector->options.end() && found->type == OptionType::kNames;
}

// nullopt where the value is no single name, which is for the sink to say.
std::optional<std::string> single_name(std::string_view value) {
  const auto names = parse_names(value);
  if (!names.ok() || names->size() != 1 || names->front().is_pattern) return {};
  return names->front().text;
}

Status unknown_word(const Uri& sink, const Stream& stream, std::string_view word) {
  const ErrorContext context{.connector = sink.scheme, .resource = redact_uri(sink)};
  if (stream.name.empty()) {
    return make_error(
        ErrorKind::kInvalidArgument, context,
        fmt::format("{{{0}}} stands for a name of the source, and this source has none; "
                    "a literal brace is written %7B in a path, and {{{{ in the name of a "
                    "table",
                    word));
  }
  std::vector<std::string> known = {"{stream}"};
  for (const auto& field : stream.fields) known.push_back("{" + field.first + "}");
  return make_error(ErrorKind::kInvalidArgument, context,
                    fmt::format("{{{}}} is no name that this source has; it has {}", word,
                                fmt::join(known, ", ")));
}

}  // namespace

bool has_template(const Uri& sink, const Registry& registry) {
  bool found = false;
  const Lookup note = [&](std::string_view) -> Result<std::string> {
    found = true;
    return std::string();
  };
  const Connector* connector = registry.find(sink.scheme);
  (void)fill(sink.path, path_place(connector), note);
  for (const auto& [option, value] : sink.options) {
    if (!names_tables(connector, option)) continue;
    if (const auto name = single_name(value)) (void)fill(*name, name_place(), note);
  }
  return found;
}

Result<Uri> sink_of_stream(const Uri& sink, const Stream& stream,
                           const Registry& registry) {
  const Lookup look_up = [&](std::string_view word) -> Result<std::string> {
    const auto field = stream.fields.find(std::string(word));
    if (field != stream.fields.end()) return field->second;
    if (word == "stream" && !stream.name.empty()) return stream.name;
    return unknown_word(sink, stream, word);
  };
  const Connector* connector = registry.find(sink.scheme);
  Uri filled = sink;
  ARROW_ASSIGN_OR_RAISE(filled.path, fill(sink.path, path_place(connector), look_up));
  for (auto& [option, value] : filled.options) {
    if (!names_tables(connector, option)) continue;
    const auto name = single_name(value);
    if (!name || name->find('{') == std::string::npos) continue;
    ARROW_ASSIGN_OR_RAISE(const std::string whole, fill(*name, name_place(), look_up));
    value = print_name(whole);
  }
  return filled;
}

}  // namespace velo
