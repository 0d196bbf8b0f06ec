#pragma once

/// Values of Avro's binary encoding.

#include <cstdint>
#include <set>
#include <string_view>

#include "velo/connectors/iceberg/avro_file.h"
#include "velo/connectors/iceberg/avro_schema.h"
#include "velo/error.h"

namespace velo::iceberg {

/// Takes bytes from the front of a text, which outlives what is taken. Errors:
/// kCorruptData.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  bool at_end() const { return bytes_.empty(); }

  Result<std::string_view> take(uint64_t count);
  Result<int64_t> take_long();
  /// A text or bytes, with the number of them before.
  Result<std::string_view> take_text();
  /// How many items of an array or a map follow; 0 at its end.
  Result<int64_t> take_count();

 private:
  std::string_view bytes_;
};

/// Decodes values by their schema. Both references outlive it. Errors: kCorruptData.
class ValueDecoder {
 public:
  /// Of records only the `wanted` fields are kept.
  ValueDecoder(ByteReader& reader, const std::set<int>& wanted)
      : reader_(reader), wanted_(wanted) {}

  /// Decode a value into `to`, or pass over it where that is nullptr.
  Status decode(const AvroType& type, AvroValue* to);

 private:
  Status count_empty();
  Status decode_long(AvroValue* to);
  Status decode_boolean(AvroValue* to);
  template <typename Float, typename Bits>
  Status decode_float(AvroValue* to);
  Status decode_items(const AvroType& type, bool has_keys, AvroValue* to);
  Status decode_union(const AvroType& type, AvroValue* to);
  Status decode_record(const AvroType& type, AvroValue* to);

  ByteReader& reader_;
  const std::set<int>& wanted_;
  int64_t num_empty_ = 0;  // values without bytes so far
};

}  // namespace velo::iceberg
