#pragma once

/// Protobuf's wire form: a message is fields, one behind the other, each with a tag.
///
///   tag     := varint (field number << 3 | wire type)
///   varint  := seven bits a byte, the lowest first, at most ten bytes
///   value   := type 0: varint · type 1: eight bytes · type 2: varint length, as many
///              bytes · type 5: four bytes · types 3, 4: the beginning, the end of a
///              group
///
/// Source: protobuf.dev/programming-guides/encoding.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace velo::formats::protobuf {

static_assert(std::endian::native == std::endian::little);

/// Values are on the wire.
enum class WireType : uint8_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kGroup = 3,  ///< as WireReader gives it: all of one
  kEndGroup = 4,
  kFixed32 = 5
};

inline constexpr size_t kMostVarintBytes = 10;

/// One field of a message.
struct WireField {
  uint32_t number = 0;
  WireType type = WireType::kVarint;
  uint64_t value = 0;      ///< of a varint, or the bits of a fixed one
  std::string_view bytes;  ///< of kBytes
};

/// Reads what `bytes` begins with, and takes it away. False where it ends too early, or
/// is no varint of 64 bits.
bool take_varint(std::string_view& bytes, uint64_t* value);

/// Walks over the fields of one message, whose bytes outlive it. A small value. Threads:
/// thread-compatible.
class WireReader {
 public:
  explicit WireReader(std::string_view message) : rest_(message) {}

  /// Step to the next field; false at the end, and at what cannot be read.
  bool next(WireField* field);

  /// What is wrong; nullptr for nothing.
  const char* problem() const { return problem_; }
  size_t num_left() const { return rest_.size(); }

 private:
  bool fail(const char* problem) {
    problem_ = problem;
    return false;
  }
  bool take_value(WireField* field);
  bool take_fixed(size_t num_bytes, uint64_t* value);
  bool skip_group(uint32_t number);

  std::string_view rest_;
  const char* problem_ = nullptr;
};

inline int64_t zigzag_decoded(uint64_t bits) {
  return static_cast<int64_t>(bits >> 1 ^ (~(bits & 1) + 1));
}
inline uint64_t zigzag_encoded(int64_t value) {
  return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
}

void append_varint(uint64_t value, std::string& to);
void append_tag(uint32_t number, WireType type, std::string& to);
void append_bytes(uint32_t number, std::string_view bytes, std::string& to);

template <typename Value>
void append_fixed(Value value, std::string& to) {
  char bytes[sizeof(Value)];
  std::memcpy(bytes, &value, sizeof(Value));
  to.append(bytes, sizeof(Value));
}

}  // namespace velo::formats::protobuf
