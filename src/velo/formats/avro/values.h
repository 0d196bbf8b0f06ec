#pragma once

/// Values of any schema as a tree, for who looks at a few of them: metadata, not rows.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "velo/error.h"

namespace velo::formats::avro {

struct FieldValue;

/// A decoded value; null is std::monostate, int, long and enum are int64_t, bytes,
/// strings and fixed types are std::string. Maps, and fields that were not asked for, are
/// passed over.
struct Value {
  std::variant<std::monostate, bool, int64_t, double, std::string, std::vector<Value>,
               std::vector<FieldValue>>
      value;

  /// The value of a record's field; nullptr where this is no record, or has none.
  const Value* field(int id) const;

  /// The value of a record's field, nullopt where it is absent, null, or of another type.
  std::optional<int64_t> number(int id) const;
  std::optional<std::string> text(int id) const;
};

struct FieldValue {
  int id = -1;
  Value value;
};

/// Decode the records of an object container file, one after the other, by the schema
/// that it was written by. Of records only the fields with these ids ("field-id") are
/// kept. Errors: kCorruptData, kNotImplemented naming `name`, and those of `take`.
Status read_values(std::string_view name, std::string_view file,
                   const std::set<int>& wanted,
                   const std::function<Status(const Value&)>& take);

/// Encodes values one by one, in the order of their schema.
class ValueEncoder {
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

/// A whole file of records that are encoded already, without compression. `metadata` goes
/// into its head, beside the schema.
std::string make_file(std::string_view schema,
                      const std::map<std::string, std::string>& metadata,
                      int64_t num_records, std::string_view records);

}  // namespace velo::formats::avro
