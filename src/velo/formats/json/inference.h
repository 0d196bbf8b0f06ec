#pragma once

/// The columns that a sample of records asks for.

#include <arrow/type.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "velo/formats/json/cursor.h"
#include "velo/formats/number_digits.h"

namespace velo::formats::json {

/// All that was seen of one field, and the narrowest type that loses none of it:
///
///   only null                   null
///   true, false                 bool
///   whole numbers               int64, else uint64, else decimal128(38, 0)
///   numbers                     double; where that loses digits, decimal128 of 38
///   digits,
///                               as many behind the point as any of them has
///   strings                     utf8 (JSON has no dates: text stays text)
///   objects, lists              struct of the fields seen (maybe none), list of what the
///                               elements are
///   a mixture                   utf8 (numbers, objects and lists as they are written)
///
/// Where nine of ten values or more are of one kind, the others are taken for faults, not
/// for a mixture: the type is that of the many, and decoding will tell of the few.
///
/// Threads: thread-compatible.
class ValueSketch {
 public:
  /// Take the value that is the cursor's next token into account.
  bool observe(Cursor& cursor);

  std::shared_ptr<arrow::DataType> type() const;

  /// The fields of the objects seen, in the order of their first appearance.
  arrow::FieldVector fields() const;

  /// Whether one of the objects had this field.
  bool has_field(const std::string& name) const { return member_numbers_.contains(name); }

 private:
  enum Kind : uint8_t { kBool, kNumber, kText, kObject, kList, kNumKinds };
  struct Member;

  bool observe_number(Cursor& cursor);
  bool observe_object(Cursor& cursor);
  bool observe_list(Cursor& cursor);
  Member& find_member(std::string_view name);
  std::shared_ptr<arrow::DataType> number_type() const;

  std::array<int64_t, kNumKinds> counts_{};  // of values, without null
  bool fraction_ = false;                    // among numbers: a point or an exponent
  bool negative_ = false;                    // among whole numbers
  bool beyond_int64_ = false;                // among whole numbers, as the next
  bool beyond_uint64_ = false;
  bool lossy_as_double_ = false;  // among numbers
  DecimalFit decimals_;
  std::vector<std::unique_ptr<Member>> members_;
  std::unordered_map<std::string, size_t> member_numbers_;
  size_t next_member_ = 0;  // the one that is likely to come next
  std::unique_ptr<ValueSketch> elements_;
  std::vector<uint8_t> buffer_;
};

struct ValueSketch::Member {
  std::string name;
  ValueSketch sketch;
};

}  // namespace velo::formats::json
