#include "velo/formats/protobuf/wire.h"

namespace velo::formats::protobuf {
namespace {

constexpr uint32_t kMostFieldNumber = (1U << 29) - 1;
constexpr int kMostNestedGroups = 64;
constexpr char kEndsEarly[] = "it ends within a field";

}  // namespace

bool take_varint(std::string_view& bytes, uint64_t* value) {
  uint64_t bits = 0;
  for (size_t i = 0; i < bytes.size() && i < kMostVarintBytes; ++i) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    if (i + 1 == kMostVarintBytes && byte > 1) return false;
    bits |= uint64_t{byte & 0x7FU} << (7 * i);
    if (byte < 0x80) {
      bytes.remove_prefix(i + 1);
      *value = bits;
      return true;
    }
  }
  return false;
}

bool WireReader::next(WireField* field) {
  if (rest_.empty()) return false;
  uint64_t tag = 0;
  if (!take_varint(rest_, &tag)) return fail("a field's tag cannot be read");
  const uint64_t number = tag >> 3;
  if (number == 0 || number > kMostFieldNumber) {
    return fail("a field has a number that none may have");
  }
  field->number = static_cast<uint32_t>(number);
  field->type = static_cast<WireType>(tag & 7);
  field->value = 0;
  field->bytes = {};
  return take_value(field);
}

bool WireReader::take_value(WireField* field) {
  switch (field->type) {
    case WireType::kVarint:
      return take_varint(rest_, &field->value) || fail("a number cannot be read");
    case WireType::kFixed64:
      return take_fixed(8, &field->value);
    case WireType::kFixed32:
      return take_fixed(4, &field->value);
    case WireType::kBytes: {
      uint64_t size = 0;
      if (!take_varint(rest_, &size) || size > rest_.size()) return fail(kEndsEarly);
      field->bytes = rest_.substr(0, static_cast<size_t>(size));
      rest_.remove_prefix(static_cast<size_t>(size));
      return true;
    }
    case WireType::kGroup:
      return skip_group(field->number);
    case WireType::kEndGroup:
      return fail("a group ends that has not begun");
  }
  return fail("a field has a wire type that there is not");
}

bool WireReader::take_fixed(size_t num_bytes, uint64_t* value) {
  if (rest_.size() < num_bytes) return fail(kEndsEarly);
  *value = 0;
  std::memcpy(value, rest_.data(), num_bytes);
  rest_.remove_prefix(num_bytes);
  return true;
}

// The numbers of the groups that are open stand in each other's way only in depth.
bool WireReader::skip_group(uint32_t number) {
  uint32_t open[kMostNestedGroups] = {number};
  for (int depth = 1; depth > 0;) {
    uint64_t tag = 0;
    if (!take_varint(rest_, &tag)) return fail("a group does not end");
    WireField inner{.number = static_cast<uint32_t>(tag >> 3),
                    .type = static_cast<WireType>(tag & 7),
                    .value = 0,
                    .bytes = {}};
    if (inner.type == WireType::kGroup) {
      if (depth == kMostNestedGroups) return fail("groups are nested too deep");
      open[depth++] = inner.number;
    } else if (inner.type == WireType::kEndGroup) {
      if (open[--depth] != inner.number) return fail("a group ends that has not begun");
    } else if (!take_value(&inner)) {
      return false;
    }
  }
  return true;
}

void append_varint(uint64_t value, std::string& to) {
  for (; value >= 0x80; value >>= 7) {
    to += static_cast<char>((value & 0x7F) | 0x80);
  }
  to += static_cast<char>(value);
}

void append_tag(uint32_t number, WireType type, std::string& to) {
  append_varint(uint64_t{number} << 3 | static_cast<uint64_t>(type), to);
}

void append_bytes(uint32_t number, std::string_view bytes, std::string& to) {
  append_tag(number, WireType::kBytes, to);
  append_varint(bytes.size(), to);
  to += bytes;
}

}  // namespace velo::formats::protobuf
