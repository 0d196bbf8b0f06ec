#pragma once

/// The fields of an object, spread over columns: of a record, or of a struct inside one.

#include <arrow/type.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "velo/formats/json/column_decoder.h"
#include "velo/formats/json/last_fields.h"

namespace velo::formats::json {

/// Appends objects to one column for each field of a schema. A field that an object lacks
/// is null, one that it has twice is a failure, kCorruptData, or of these the last counts
/// (ColumnRules::takes_last). Threads: thread-compatible.
class ObjectDecoder {
 public:
  /// `wanted`: for each field whether its column is decoded; the others are stepped over.
  /// Errors: kSchemaMismatch naming a field whose type JSON cannot be read as.
  static Result<ObjectDecoder> make(const arrow::FieldVector& fields,
                                    const std::vector<bool>& wanted,
                                    const ColumnRules& rules);

  /// The same, with columns that are made by `make_one`.
  using ColumnMaker =
      std::function<Result<std::unique_ptr<ColumnDecoder>>(const arrow::Field&)>;
  static Result<ObjectDecoder> make(const arrow::FieldVector& fields,
                                    const std::vector<bool>& wanted,
                                    const ColumnRules& rules,
                                    const ColumnMaker& make_one);

  /// Append the object that the cursor's next token begins.
  bool decode(Cursor& cursor);

  /// Append a null to each column.
  bool append_nulls(Cursor& cursor);

  int64_t num_rows() const { return num_rows_; }

  /// The column of a field that was wanted.
  ColumnDecoder& column(size_t field) { return *slots_[field].column; }

  void reset();

 private:
  // A field of the schema.
  struct Slot {
    // The first bytes of the key and its closing quote, as they mostly stand in the text,
    // and how many of the eight count; `rest` is what follows them.
    uint64_t key_word = 0;
    uint64_t key_mask = 0;
    std::string rest;
    bool plain_key = false;  // written without escapes, so that bytes can be compared
    size_t key_size = 0;     // with the closing quote
    std::unique_ptr<ColumnDecoder> column;  // nullptr: not wanted
    int64_t last_row = -1;                  // the last row that had the field
    size_t next = 0;                        // the field that followed the last time
    std::string name;
  };

  ObjectDecoder() = default;
  bool decode_field(Cursor& cursor, size_t& previous);
  bool find_slot(Cursor& cursor, size_t& slot, bool& known);
  bool decode_unknown(Cursor& cursor);
  bool fill_missing(Cursor& cursor);
  static bool key_is(const Slot& slot, const Cursor& cursor);

  std::vector<Slot> slots_;  // one for each field, and a last one: the record's beginning
  std::unordered_map<std::string_view, size_t> by_name_;
  SchemaOrigin origin_ = SchemaOrigin::kGiven;
  bool takes_last_ = false;
  LastFields last_fields_;
  size_t num_wanted_ = 0;
  size_t num_found_ = 0;  // wanted fields of the row at hand
  int64_t num_rows_ = 0;
  std::string_view unknown_name_;
  std::vector<uint8_t> buffer_;
};

}  // namespace velo::formats::json
