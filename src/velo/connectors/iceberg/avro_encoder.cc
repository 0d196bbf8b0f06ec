#include <random>

#include "velo/connectors/iceberg/avro_file.h"

namespace velo::iceberg {
namespace {

std::string random_sync() {
  std::random_device random;
  std::string sync;
  for (int i = 0; i < 16; ++i) sync += static_cast<char>(random() & 0xFF);
  return sync;
}

}  // namespace

void AvroEncoder::add_long(int64_t number) {
  uint64_t rest =
      static_cast<uint64_t>(number) << 1 ^ static_cast<uint64_t>(number >> 63);
  for (; rest >= 0x80; rest >>= 7) bytes_ += static_cast<char>((rest & 0x7F) | 0x80);
  bytes_ += static_cast<char>(rest);
}

void AvroEncoder::add_text(std::string_view text) {
  add_long(static_cast<int64_t>(text.size()));
  bytes_ += text;
}

void AvroEncoder::add_optional(const std::optional<int64_t>& number) {
  add_long(number ? 1 : 0);
  if (number) add_long(*number);
}

void AvroEncoder::add_optional(const std::optional<bool>& value) {
  add_long(value ? 1 : 0);
  if (value) add_boolean(*value);
}

void AvroEncoder::add_optional(const std::optional<std::string>& text) {
  add_long(text ? 1 : 0);
  if (text) add_text(*text);
}

std::string make_avro_file(const std::string& schema,
                           const std::map<std::string, std::string>& metadata,
                           int64_t num_rows, std::string_view rows) {
  AvroEncoder head;
  head.add_long(static_cast<int64_t>(metadata.size() + 2));
  head.add_text("avro.schema");
  head.add_text(schema);
  head.add_text("avro.codec");
  head.add_text("null");
  for (const auto& [key, value] : metadata) {
    head.add_text(key);
    head.add_text(value);
  }
  head.add_long(0);
  const std::string sync = random_sync();
  std::string file = std::string("Obj\1", 4) + head.bytes() + sync;
  if (num_rows == 0) return file;
  AvroEncoder block;
  block.add_long(num_rows);
  block.add_text(rows);
  return file + block.bytes() + sync;
}

}  // namespace velo::iceberg
