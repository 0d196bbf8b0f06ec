#pragma once

/// What a decoder has made of some records: rows and bad ones, in one order.

#include <arrow/record_batch.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "velo/formats/format.h"

namespace velo::formats {

/// The rows that Decoder::next returned, and the bad records beside them.
struct DecodedRecords {
  std::shared_ptr<arrow::RecordBatch> rows;  ///< nullptr at the end
  std::vector<PlacedBadRecord> bad;

  int64_t num_records() const {
    return (rows ? rows->num_rows() : 0) + static_cast<int64_t>(bad.size());
  }

  /// Drop as many records from the front.
  void drop_first(int64_t num_records);

  /// The bad ones, with the position that `position_after` gives to each, and to the
  /// number of records up to and with it, from 1; nullptr for none. Leaves the rows.
  std::shared_ptr<const BadRecords> take_bad(
      const std::function<Position(const PlacedBadRecord&, int64_t)>& position_after);

  /// The same, without positions.
  std::shared_ptr<const BadRecords> take_bad();
};

/// Decode what follows. Errors: as Decoder::next.
Result<DecodedRecords> decode_next(Decoder& decoder, std::stop_token stop);

}  // namespace velo::formats
