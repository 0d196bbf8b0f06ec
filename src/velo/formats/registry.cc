#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "velo/formats/avro/format.h"
#include "velo/formats/csv/format.h"
#include "velo/formats/format.h"
#include "velo/formats/ipc/format.h"
#include "velo/formats/json/format.h"
#include "velo/formats/orc/format.h"
#include "velo/formats/parquet/format.h"
#include "velo/formats/protobuf/format.h"
#include "velo/formats/text/format.h"

namespace velo::formats {

const std::vector<const Format*>& all_formats() {
  static const std::vector<const Format*> formats = {
      &csv_format(),        &json_format(),     &parquet_format(),
      &avro_format(),       &orc_format(),      &ipc_file_format(),
      &ipc_stream_format(), &protobuf_format(), &text_format()};
  return formats;
}

std::string format_names() {
  std::vector<std::string_view> names;
  for (const Format* format : all_formats()) names.push_back(format->name);
  return fmt::format("{}", fmt::join(names, ", "));
}

const Format* find_format(std::string_view name) {
  for (const Format* format : all_formats()) {
    if (format->name == name) return format;
  }
  return nullptr;
}

const Format* find_format_of_files(std::string_view extension) {
  std::vector<const Format*> formats = all_formats();
  formats.push_back(&tsv_format());
  const auto found = std::ranges::find_if(formats, [&](const Format* format) {
    return std::ranges::count(format->extensions, extension) > 0;
  });
  return found == formats.end() ? nullptr : *found;
}

OptionDescriptor envelope_option() {
  return {.name = "envelope",
          .type = OptionType::kChoice,
          .default_value = "none",
          .doc =
              "JSON, Avro: none for rows as they are; debezium for changes in Debezium's "
              "form: before, after, op, source, ts_ms.",
          .choices = {"none", "debezium"}};
}

Envelope envelope_of(const OptionValues& values) {
  return values.text("envelope") == "debezium" ? Envelope::kDebezium : Envelope::kNone;
}

Status check_envelope(std::string_view format, const OptionValues& values,
                      const std::string& resource) {
  const bool has_envelopes = format == "json" || format == "avro";
  if (envelope_of(values) == Envelope::kNone || has_envelopes) return Status::OK();
  return make_error(
      ErrorKind::kInvalidArgument, {.resource = resource},
      fmt::format("envelope=debezium is a form of JSON and Avro, and this is {}; say "
                  "format=json, or leave envelope out",
                  format));
}

bool names_schema_file(const OptionValues& values) {
  return values.has("schema") && values.text("schema").starts_with('@');
}

Status check_schema_file(const Format& format, const OptionValues& values,
                         const std::string& resource) {
  if (format.takes_schema_file || !names_schema_file(values)) return Status::OK();
  return make_error(ErrorKind::kInvalidArgument, {.resource = resource},
                    fmt::format("schema={}: {} takes columns there, not a file; say "
                                "schema=id int64, name text",
                                values.text("schema"), format.name));
}

std::vector<OptionDescriptor> all_format_options() {
  std::vector<OptionDescriptor> options;
  for (const Format* format : all_formats()) {
    for (const OptionDescriptor& option : format->options) {
      const bool known = std::ranges::any_of(
          options, [&](const auto& other) { return other.name == option.name; });
      if (!known) options.push_back(option);
    }
  }
  return options;
}

}  // namespace velo::formats
