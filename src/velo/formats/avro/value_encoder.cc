#include "velo/base/random_id.h"
#include "velo/formats/avro/binary.h"
#include "velo/formats/avro/container_writer.h"
#include "velo/formats/avro/values.h"

namespace velo::formats::avro {

void ValueEncoder::add_long(int64_t number) { append_long(number, bytes_); }

void ValueEncoder::add_text(std::string_view text) { append_text(text, bytes_); }

void ValueEncoder::add_optional(const std::optional<int64_t>& number) {
  add_long(number ? 1 : 0);
  if (number) add_long(*number);
}

void ValueEncoder::add_optional(const std::optional<bool>& value) {
  add_long(value ? 1 : 0);
  if (value) add_boolean(*value);
}

void ValueEncoder::add_optional(const std::optional<std::string>& text) {
  add_long(text ? 1 : 0);
  if (text) add_text(*text);
}

std::string make_file(std::string_view schema,
                      const std::map<std::string, std::string>& metadata,
                      int64_t num_records, std::string_view records) {
  const std::string sync = random_id();
  std::string file = container_head(schema, "null", metadata, sync);
  if (num_records == 0) return file;
  append_long(num_records, file);
  append_text(records, file);
  return file + sync;
}

}  // namespace velo::formats::avro
