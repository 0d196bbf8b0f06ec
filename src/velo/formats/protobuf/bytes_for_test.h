#pragma once

/// Messages and descriptor files, byte by byte.

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "velo/formats/protobuf/descriptor.h"
#include "velo/formats/protobuf/wire.h"

namespace velo::formats::protobuf {

/// A file of testdata/.
inline std::string read_file(const std::string& name) {
  std::ifstream file(std::string(std::getenv("VELO_SOURCE_DIR")) +
                     "/src/velo/formats/protobuf/testdata/" + name);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

/// A message of one field, of a varint.
inline std::string varint_field(uint32_t number, uint64_t value) {
  std::string bytes;
  append_tag(number, WireType::kVarint, bytes);
  append_varint(value, bytes);
  return bytes;
}

inline std::string bytes_field(uint32_t number, const std::string& value) {
  std::string bytes;
  append_bytes(number, value, bytes);
  return bytes;
}

// A field of a descriptor.
inline std::string declared(const std::string& name, uint64_t number, FieldType type,
                            const std::string& type_name = "", bool is_repeated = false) {
  return bytes_field(1, name) + varint_field(3, number) +
         varint_field(4, is_repeated ? 3 : 1) +
         varint_field(5, static_cast<uint64_t>(type)) +
         (type_name.empty() ? "" : bytes_field(6, type_name));
}

/// A descriptor file of proto2 with these types.
inline std::string file_of(const std::string& types) { return bytes_field(1, types); }

}  // namespace velo::formats::protobuf
