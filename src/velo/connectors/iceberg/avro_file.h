#pragma once

/// Avro's object container files, as Iceberg keeps its manifests in them:
///
///     file  := "Obj" 0x01 map<bytes> sync:16 bytes block*
///     block := rows:long bytes:long (rows in the codec "null" or "deflate") sync
///
/// A long is zigzag, seven bits a byte, the lowest first; bytes, strings, arrays and maps
/// begin with their number. Source: Avro specification 1.11, "Object Container Files".

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "velo/error.h"

namespace velo::iceberg {

struct AvroField;

/// A decoded value; null is std::monostate, bytes and strings are std::string. Maps, and
/// fields that were not asked for, are passed over.
struct AvroValue {
  std::variant<std::monostate, bool, int64_t, double, std::string, std::vector<AvroValue>,
               std::vector<AvroField>>
      value;

  /// The value of a record's field; nullptr where this is no record, or has none.
  const AvroValue* field(int id) const;

  /// The value of a record's field, nullopt where it is absent, null, or of another type.
  std::optional<int64_t> number(int id) const;
  std::optional<std::string> text(int id) const;
};

struct AvroField {
  int id = -1;
  AvroValue value;
};

/// Decode the rows of a file, one after the other, by the schema that it was written by.
/// Of records only the fields with these ids are kept. Errors: kCorruptData naming
/// `name`, and those of `take`.
Status read_avro_file(std::string_view name, std::string_view bytes,
                      const std::set<int>& wanted,
                      const std::function<Status(const AvroValue&)>& take);

/// Encodes the values of a row, in the order of its schema.
class AvroEncoder {
 public:
  void add_long(int64_t number);
  void add_boolean(bool value) { bytes_ += value ? '\1' : '\0'; }
  void add_text(std::string_view text);
  /// Of ["null", T]: a value, or none.
  void add_optional(const std::optional<int64_t>& number);
  void add_optional(const std::optional<bool>& value);
  void add_optional(const std::optional<std::string>& text);

  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// A whole file of rows that are encoded already, without compression. `metadata` goes
/// into its head, beside the schema.
std::string make_avro_file(const std::string& schema,
                           const std::map<std::string, std::string>& metadata,
                           int64_t num_rows, std::string_view rows);

}  // namespace velo::iceberg
