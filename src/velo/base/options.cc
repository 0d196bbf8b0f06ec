#include "velo/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/base/name_list.h"
#include "velo/base/quantity.h"

namespace velo {
namespace {

[[noreturn]] void abort_for(std::string_view option, std::string_view mistake) {
  fmt::print(stderr, "velo: option '{}': {}\n", option, mistake);
  std::abort();
}

// Other options are left out of messages: what is misspelt could be a password.
std::string resource_of(Uri uri) {
  uri.options.clear();
  return redact_uri(uri);
}

Status fail(const Uri& uri, ErrorKind kind, std::string message) {
  return make_error(kind, {.connector = uri.scheme, .resource = resource_of(uri)},
                    std::move(message));
}

Status unknown_option(const Uri& uri, std::string_view name,
                      std::span<const OptionDescriptor> descriptors, OptionUse use) {
  std::vector<std::string_view> names;
  for (const OptionDescriptor& descriptor : descriptors) {
    if (descriptor.use == OptionUse::kBoth || descriptor.use == use) {
      names.push_back(descriptor.name);
    }
  }
  const std::string_view nearest = nearest_name(name, names);
  const std::string advice =
      nearest.empty() ? "" : fmt::format("did you mean '{}'? ", nearest);
  return fail(uri, ErrorKind::kInvalidArgument,
              fmt::format("unknown option '{}'; {}`velo help {}` lists them all", name,
                          advice, uri.scheme));
}

Status check_use(const Uri& uri, const OptionDescriptor& descriptor, OptionUse use) {
  if (descriptor.not_yet) {
    return fail(
        uri, ErrorKind::kNotImplemented,
        fmt::format("option '{}' does not work yet; leave it out", descriptor.name));
  }
  const bool fits = use == OptionUse::kBoth || descriptor.use == OptionUse::kBoth ||
                    descriptor.use == use;
  if (fits) return Status::OK();
  const bool for_source = descriptor.use == OptionUse::kSource;
  return fail(
      uri, ErrorKind::kInvalidArgument,
      fmt::format("option '{}' is only for a {}, and this is a {}", descriptor.name,
                  for_source ? "source" : "sink", for_source ? "sink" : "source"));
}

std::string expectation_of(const OptionDescriptor& descriptor) {
  switch (descriptor.type) {
    case OptionType::kBool:
      return "true or false";
    case OptionType::kInt:
      return "a whole number, such as 1000 or 10k";
    case OptionType::kBytes:
      return "a number of bytes, such as 1048576 or 128MiB";
    case OptionType::kDuration:
      return "a duration, such as 500ms, 10s, 5min, 1h or 7d";
    case OptionType::kChoice:
      return fmt::format("one of {}", fmt::join(descriptor.choices, ", "));
    case OptionType::kList:
      return "names with commas between them, such as a,b,c";
    case OptionType::kNames:
      return "names with commas between them, each in double quotes where it has a comma";
    case OptionType::kText:
      break;
  }
  return "text";
}

Status wrong_value(const OptionDescriptor& descriptor, std::string_view text) {
  const std::string_view nearest = nearest_name(text, descriptor.choices);
  return Status::Invalid(
      fmt::format("option '{}': {} is not what it takes: {}{}", descriptor.name,
                  descriptor.secret ? "the value" : fmt::format("'{}'", text),
                  expectation_of(descriptor),
                  nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
}

std::optional<bool> parse_bool(std::string_view text) {
  const std::string word = ascii_lower(text);
  for (const std::string_view yes : {"true", "yes", "on", "1"}) {
    if (word == yes) return true;
  }
  for (const std::string_view no : {"false", "no", "off", "0"}) {
    if (word == no) return false;
  }
  return std::nullopt;
}

std::optional<int64_t> parse_milliseconds(std::string_view text) {
  const auto duration = parse_duration(text);
  return duration ? std::optional<int64_t>(duration->count()) : std::nullopt;
}

std::optional<std::string> parse_choice(const std::vector<std::string_view>& choices,
                                        std::string_view text) {
  for (const std::string_view choice : choices) {
    if (choice == text) return std::string(choice);
  }
  for (const std::string_view choice : choices) {
    if (ascii_lower(choice) == ascii_lower(text)) return std::string(choice);
  }
  return std::nullopt;
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// nullopt where a name is empty.
std::optional<std::vector<std::string>> parse_list(std::string_view text) {
  std::vector<std::string> names;
  if (trimmed(text).empty()) return names;
  while (true) {
    const size_t comma = text.find(',');
    const std::string_view name = trimmed(text.substr(0, comma));
    if (name.empty()) return std::nullopt;
    names.emplace_back(name);
    if (comma == std::string_view::npos) return names;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

Result<OptionValues::Value> OptionValues::parse_value(const OptionDescriptor& descriptor,
                                                      std::string_view text) {
  Value value{.name = std::string(descriptor.name),
              .type = descriptor.type,
              .text = std::string(text),
              .empty = false};
  std::optional<int64_t> number = 0;
  switch (descriptor.type) {
    case OptionType::kText:
      break;
    case OptionType::kBool:
      number = parse_bool(text);
      break;
    case OptionType::kInt:
      number = parse_count(text);
      break;
    case OptionType::kBytes:
      number = parse_bytes(text);
      break;
    case OptionType::kDuration:
      number = parse_milliseconds(text);
      break;
    case OptionType::kChoice: {
      auto choice = parse_choice(descriptor.choices, text);
      if (!choice) return wrong_value(descriptor, text);
      value.text = *std::move(choice);
      break;
    }
    case OptionType::kList: {
      auto list = parse_list(text);
      if (!list) return wrong_value(descriptor, text);
      value.list = *std::move(list);
      break;
    }
    case OptionType::kNames: {
      const auto names = parse_names(text);
      if (names.ok()) break;
      return Status::Invalid(
          fmt::format("option '{}': {}", descriptor.name, names.status().message()));
    }
  }
  if (!number) return wrong_value(descriptor, text);
  value.number = *number;
  return value;
}

Result<OptionValues> OptionValues::parse(const Uri& uri,
                                         std::span<const OptionDescriptor> descriptors,
                                         OptionUse use) {
  OptionValues values;
  for (const OptionDescriptor& descriptor : descriptors) {
    Value value{.name = std::string(descriptor.name), .type = descriptor.type};
    if (!descriptor.default_value.empty()) {
      auto parsed = parse_value(descriptor, descriptor.default_value);
      if (!parsed.ok()) abort_for(descriptor.name, parsed.status().message());
      value = *std::move(parsed);
    }
    values.values_.push_back(std::move(value));
  }
  for (const auto& [name, text] : uri.options) {
    const auto descriptor = std::ranges::find(descriptors, name, &OptionDescriptor::name);
    if (descriptor == descriptors.end()) {
      return unknown_option(uri, name, descriptors, use);
    }
    ARROW_RETURN_NOT_OK(check_use(uri, *descriptor, use));
    auto parsed = parse_value(*descriptor, text);
    if (!parsed.ok()) {
      return fail(uri, ErrorKind::kInvalidArgument, parsed.status().message());
    }
    parsed->given = true;
    values.values_[static_cast<size_t>(descriptor - descriptors.begin())] =
        *std::move(parsed);
  }
  return values;
}

const OptionValues::Value& OptionValues::find(
    std::string_view name, std::initializer_list<OptionType> types) const {
  const auto value = std::ranges::find(values_, name, &Value::name);
  if (value == values_.end()) abort_for(name, "no descriptor has this name");
  if (types.size() > 0 && std::ranges::find(types, value->type) == types.end()) {
    abort_for(name, "it is of another type");
  }
  return *value;
}

bool OptionValues::has(std::string_view name) const { return find(name, {}).given; }

std::string OptionValues::text(std::string_view name) const {
  return find(name, {OptionType::kText, OptionType::kChoice, OptionType::kNames}).text;
}

bool OptionValues::boolean(std::string_view name) const {
  return find(name, {OptionType::kBool}).number != 0;
}

std::optional<int64_t> OptionValues::integer(std::string_view name) const {
  const Value& value = find(name, {OptionType::kInt, OptionType::kBytes});
  return value.empty ? std::nullopt : std::optional<int64_t>(value.number);
}

std::optional<std::chrono::milliseconds> OptionValues::duration(
    std::string_view name) const {
  const Value& value = find(name, {OptionType::kDuration});
  if (value.empty) return std::nullopt;
  return std::chrono::milliseconds(value.number);
}

std::vector<std::string> OptionValues::list(std::string_view name) const {
  return find(name, {OptionType::kList}).list;
}

}  // namespace velo
