#include "velo/connectors/iceberg/avro_values.h"

#include <bit>
#include <cstring>
#include <limits>
#include <utility>

namespace velo::iceberg {
namespace {

// Values that take no bytes, of which a few bytes can announce any number.
constexpr int64_t kMaxEmptyValues = 1'000'000;

Status corrupt(std::string_view what) {
  return make_error(ErrorKind::kCorruptData, {}, std::string(what));
}

Status ends_early() { return corrupt("it ends in the midst of a value"); }

template <typename Value>
void keep(AvroValue* to, Value value) {
  if (to) to->value = std::move(value);
}

Status keep_text(const Result<std::string_view>& text, AvroValue* to) {
  ARROW_RETURN_NOT_OK(text.status());
  keep(to, std::string(*text));
  return Status::OK();
}

}  // namespace

Result<std::string_view> ByteReader::take(uint64_t count) {
  if (count > bytes_.size()) return ends_early();
  const std::string_view taken = bytes_.substr(0, count);
  bytes_.remove_prefix(count);
  return taken;
}

Result<int64_t> ByteReader::take_long() {
  uint64_t number = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (bytes_.empty()) return ends_early();
    const auto byte = static_cast<uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    number |= uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return static_cast<int64_t>(number >> 1 ^ (~(number & 1) + 1));
  }
  return corrupt("a number has more than 64 bits");
}

Result<std::string_view> ByteReader::take_text() {
  ARROW_ASSIGN_OR_RAISE(const int64_t size, take_long());
  if (size < 0) return corrupt("a text has a negative length");
  return take(static_cast<uint64_t>(size));
}

Result<int64_t> ByteReader::take_count() {
  ARROW_ASSIGN_OR_RAISE(const int64_t count, take_long());
  if (count >= 0) return count;
  // Followed by the number of their bytes, for who wants to skip them.
  if (count == std::numeric_limits<int64_t>::min()) return corrupt("a number of items");
  ARROW_RETURN_NOT_OK(take_long().status());
  return -count;
}

Status ValueDecoder::decode(const AvroType& type, AvroValue* to) {
  switch (type.kind) {
    case AvroKind::kNull:
      return count_empty();
    case AvroKind::kBoolean:
      return decode_boolean(to);
    case AvroKind::kLong:
    case AvroKind::kEnum:
      return decode_long(to);
    case AvroKind::kFloat:
      return decode_float<float, uint32_t>(to);
    case AvroKind::kDouble:
      return decode_float<double, uint64_t>(to);
    case AvroKind::kBytes:
      return keep_text(reader_.take_text(), to);
    case AvroKind::kFixed:
      if (type.num_bytes == 0) ARROW_RETURN_NOT_OK(count_empty());
      return keep_text(reader_.take(type.num_bytes), to);
    case AvroKind::kArray:
      return decode_items(type, /*has_keys=*/false, to);
    case AvroKind::kMap:
      return decode_items(type, /*has_keys=*/true, nullptr);
    case AvroKind::kUnion:
      return decode_union(type, to);
    case AvroKind::kRecord:
      return decode_record(type, to);
  }
  return corrupt("a type that is not known");
}

Status ValueDecoder::count_empty() {
  if (++num_empty_ > kMaxEmptyValues) return corrupt("too many values without bytes");
  return Status::OK();
}

Status ValueDecoder::decode_long(AvroValue* to) {
  ARROW_ASSIGN_OR_RAISE(const int64_t number, reader_.take_long());
  keep(to, number);
  return Status::OK();
}

Status ValueDecoder::decode_boolean(AvroValue* to) {
  ARROW_ASSIGN_OR_RAISE(const std::string_view byte, reader_.take(1));
  if (byte[0] != 0 && byte[0] != 1) return corrupt("a boolean is neither 0 nor 1");
  keep(to, byte[0] == 1);
  return Status::OK();
}

template <typename Float, typename Bits>
Status ValueDecoder::decode_float(AvroValue* to) {
  ARROW_ASSIGN_OR_RAISE(const std::string_view bytes, reader_.take(sizeof(Bits)));
  Bits bits = 0;
  std::memcpy(&bits, bytes.data(), sizeof(Bits));
  keep(to, static_cast<double>(std::bit_cast<Float>(bits)));
  return Status::OK();
}

Status ValueDecoder::decode_items(const AvroType& type, bool has_keys, AvroValue* to) {
  std::vector<AvroValue> items;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(int64_t count, reader_.take_count());
    if (count == 0) break;
    for (; count > 0; --count) {
      if (has_keys) ARROW_RETURN_NOT_OK(reader_.take_text().status());
      ARROW_RETURN_NOT_OK(decode(*type.parts[0], to ? &items.emplace_back() : nullptr));
    }
  }
  keep(to, std::move(items));
  return Status::OK();
}

Status ValueDecoder::decode_union(const AvroType& type, AvroValue* to) {
  ARROW_ASSIGN_OR_RAISE(const int64_t branch, reader_.take_long());
  if (branch < 0 || static_cast<size_t>(branch) >= type.parts.size()) {
    return corrupt("a union has no such branch");
  }
  return decode(*type.parts[static_cast<size_t>(branch)], to);
}

Status ValueDecoder::decode_record(const AvroType& type, AvroValue* to) {
  if (type.parts.empty()) ARROW_RETURN_NOT_OK(count_empty());
  std::vector<AvroField> fields;
  for (size_t i = 0; i < type.parts.size(); ++i) {
    const int id = type.field_ids[i];
    const bool is_wanted = to && wanted_.contains(id);
    if (is_wanted) fields.push_back({.id = id, .value = {}});
    ARROW_RETURN_NOT_OK(
        decode(*type.parts[i], is_wanted ? &fields.back().value : nullptr));
  }
  keep(to, std::move(fields));
  return Status::OK();
}

}  // namespace velo::iceberg
