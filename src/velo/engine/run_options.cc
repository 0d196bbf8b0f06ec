#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/base/parse_number.h"
#include "velo/base/quantity.h"
#include "velo/options.h"
#include "velo/pipeline.h"
#include "velo/uri.h"

namespace velo {
namespace {

constexpr int kMaxLanes = 64;

Status fail(ErrorKind kind, std::string message) {
  return make_error(kind, {}, std::move(message));
}

Status set_guarantee(RunOptions& options, std::string_view text) {
  if (text == "exactly_once") options.guarantee = Guarantee::kExactlyOnce;
  if (text == "at_least_once") options.guarantee = Guarantee::kAtLeastOnce;
  if (text == "exactly_once" || text == "at_least_once") return Status::OK();
  return fail(
      ErrorKind::kInvalidArgument,
      fmt::format("guarantee = {}: exactly_once or at_least_once is expected", text));
}

// "10s", "64MiB", or both with a comma between them.
Status set_commit_every(RunOptions& options, std::string_view text) {
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view part = trim(text.substr(begin, end - begin));
    begin = end + 1;
    const auto interval = parse_duration(part);
    // "10" is not ten bytes to whoever has meant ten seconds.
    const bool has_unit = !part.empty() && is_ascii_letter(part.back());
    const auto num_bytes = has_unit ? parse_bytes(part) : std::nullopt;
    if (interval && interval->count() > 0) {
      options.commit_interval = *interval;
    } else if (num_bytes && *num_bytes > 0) {
      options.commit_bytes = *num_bytes;
    } else {
      return fail(ErrorKind::kInvalidArgument,
                  fmt::format("commit_every = {}: a time (10s), a size (128MiB) or both "
                              "(10s,128MiB) are expected",
                              text));
    }
  }
  return Status::OK();
}

Status set_parallel(RunOptions& options, std::string_view text) {
  const int number = parse_number<int>(text).value_or(0);
  if (number < 1 || number > kMaxLanes) {
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("parallel = {}: a number of writers from 1 to {} is expected",
                            text, kMaxLanes));
  }
  options.num_lanes = number;
  return Status::OK();
}

Status set_retry_for(RunOptions& options, std::string_view text) {
  const auto time = parse_duration(text);
  if (!time) {
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("retry_for = {}: a time (5min), or 0s for not at all, is "
                            "expected",
                            text));
  }
  options.retry_for = *time;
  return Status::OK();
}

Status set_refresh(RunOptions& options, std::string_view text) {
  const auto time = parse_duration(text);
  if (!time || time->count() <= 0) {
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("refresh = {}: a time (10min) is expected", text));
  }
  options.refresh = *time;
  return Status::OK();
}

Status set_memory(RunOptions& options, std::string_view text) {
  const auto num_bytes = parse_bytes(text);
  if (!num_bytes || *num_bytes == 0) {
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("memory = {}: a size (256MiB) is expected", text));
  }
  options.memory_bytes = num_bytes;
  return Status::OK();
}

Status set_max_record_bytes(RunOptions& options, std::string_view text) {
  const auto num_bytes = parse_bytes(text);
  if (!num_bytes || *num_bytes == 0) {
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("max_record_bytes = {}: a size (64MiB) is expected", text));
  }
  options.max_record_bytes = num_bytes;
  return Status::OK();
}

Status set_bound(std::string& bound, std::string_view name, std::string_view text) {
  if (text.empty()) {
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("{} = : earliest, latest, a time (2026-01-31T12:00:00Z) or a "
                            "position of the source is expected",
                            name));
  }
  bound = text;
  return Status::OK();
}

Status set_from(RunOptions& options, std::string_view text) {
  return set_bound(options.range.from, "from", text);
}

Status set_until(RunOptions& options, std::string_view text) {
  return set_bound(options.range.until, "until", text);
}

Status set_once(RunOptions& options, std::string_view text) {
  if (text != "true" && text != "false") {
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("once = {}: true or false is expected", text));
  }
  options.once = text == "true";
  return Status::OK();
}

Status set_on_changed(RunOptions& options, std::string_view text) {
  using enum OnChanged;
  for (const auto& [name, meaning] :
       {std::pair{"fail", kFail}, {"reread", kReread}, {"ignore", kIgnore}}) {
    if (text == name) {
      options.read.on_changed = meaning;
      return Status::OK();
    }
  }
  return fail(ErrorKind::kInvalidArgument,
              fmt::format("on_changed = {}: fail, reread or ignore is expected", text));
}

Status set_limit(RunOptions& options, std::string_view text) {
  const auto limit = parse_number<int64_t>(text);
  if (!limit || *limit < 0) {
    return fail(
        ErrorKind::kInvalidArgument,
        fmt::format("limit = {}: a whole number of rows, 0 or more, is expected", text));
  }
  options.limit = limit;
  return Status::OK();
}

Status set_on_error(RunOptions& options, std::string_view text) {
  options.on_error = text == "fail"   ? OnError::kFail
                     : text == "skip" ? OnError::kSkip
                                      : OnError::kKeep;
  options.dead_letter_address.clear();
  if (options.on_error != OnError::kKeep) return Status::OK();
  // What was meant as a word is not to become a file of that name.
  if (text.find_first_of("/:@") == std::string_view::npos) {
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("on_error = {}: fail, skip or the address of a sink for bad "
                            "records (bad/?format=json) is expected",
                            text));
  }
  ARROW_RETURN_NOT_OK(annotate(parse_uri(text).status(), "on_error"));
  options.dead_letter_address = text;
  return Status::OK();
}

Status set_on_schema_change(RunOptions& options, std::string_view text) {
  constexpr std::array<std::pair<std::string_view, OnSchemaChange>, 3> kWords = {{
      {"fail", OnSchemaChange::kFail},
      {"freeze", OnSchemaChange::kFreeze},
      {"evolve", OnSchemaChange::kEvolve},
  }};
  for (const auto& [word, meaning] : kWords) {
    if (text != word) continue;
    options.on_schema_change = meaning;
    return Status::OK();
  }
  return fail(
      ErrorKind::kInvalidArgument,
      fmt::format("on_schema_change = {}: evolve, freeze or fail is expected", text));
}

struct Known {
  std::string_view name;
  /// nullptr where it does not work yet.
  Status (*set)(RunOptions& options, std::string_view text);
};

constexpr std::array<Known, 14> kKnown = {{
    {"guarantee", set_guarantee},
    {"commit_every", set_commit_every},
    {"parallel", set_parallel},
    {"retry_for", set_retry_for},
    {"memory", set_memory},
    {"max_record_bytes", set_max_record_bytes},
    {"on_error", set_on_error},
    {"on_schema_change", set_on_schema_change},
    {"on_changed", set_on_changed},
    {"once", set_once},
    {"limit", set_limit},
    {"from", set_from},
    {"until", set_until},
    {"refresh", set_refresh},
}};

Status unknown(std::string_view name) {
  std::array<std::string_view, kKnown.size()> names;
  std::ranges::transform(kKnown, names.begin(), &Known::name);
  const std::string_view nearest = nearest_name(name, names);
  return fail(ErrorKind::kInvalidArgument,
              nearest.empty()
                  ? fmt::format("there is no pipeline option '{}'", name)
                  : fmt::format("there is no pipeline option '{}'; did you mean '{}'?",
                                name, nearest));
}

}  // namespace

Uri with_record_limit(Uri uri, const RunOptions& options, const Registry& registry) {
  constexpr char kName[] = "max_record_bytes";
  const Connector* const connector = registry.find(uri.scheme);
  if (!options.max_record_bytes || !connector || uri.find_option(kName)) return uri;
  if (std::ranges::find(connector->options, kName, &OptionDescriptor::name) !=
      connector->options.end()) {
    uri.options.emplace_back(kName, std::to_string(*options.max_record_bytes));
  }
  return uri;
}

Status RunOptions::set(std::string_view name, std::string_view text) {
  const auto* known = std::ranges::find(kKnown, name, &Known::name);
  if (known == kKnown.end()) return unknown(name);
  if (known->set) return known->set(*this, text);
  return fail(ErrorKind::kNotImplemented,
              fmt::format("{} = {} does not work yet", name, text));
}

}  // namespace velo
