#include "velo/formats/decoded_records.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace velo::formats {

void DecodedRecords::drop_first(int64_t num_records) {
  int64_t num_bad = 0;
  while (num_bad < std::ssize(bad) &&
         bad[static_cast<size_t>(num_bad)].num_rows_before + num_bad < num_records) {
    ++num_bad;
  }
  const int64_t num_rows = std::min(num_records - num_bad, rows->num_rows());
  if (num_rows > 0) rows = rows->Slice(num_rows);
  bad.erase(bad.begin(), bad.begin() + num_bad);
  for (PlacedBadRecord& one : bad) one.num_rows_before -= num_rows;
}

std::shared_ptr<const BadRecords> DecodedRecords::take_bad(
    const std::function<Position(const PlacedBadRecord&, int64_t)>& position_after) {
  if (bad.empty()) return nullptr;
  auto records = std::make_shared<BadRecords>();
  for (PlacedBadRecord& one : std::exchange(bad, {})) {
    const int64_t number = one.num_rows_before + std::ssize(*records) + 1;
    one.record.position = position_after(one, number);
    records->push_back(std::move(one.record));
  }
  return records;
}

std::shared_ptr<const BadRecords> DecodedRecords::take_bad() {
  return take_bad([](const PlacedBadRecord&, int64_t) { return Position(); });
}

Result<DecodedRecords> decode_next(Decoder& decoder, std::stop_token stop) {
  DecodedRecords decoded;
  ARROW_ASSIGN_OR_RAISE(decoded.rows, decoder.next(std::move(stop)));
  decoded.bad = decoder.take_bad_records();
  return decoded;
}

}  // namespace velo::formats
