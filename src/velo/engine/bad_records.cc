#include "velo/engine/bad_records.h"

#include <arrow/util/byte_size.h>

#include <iterator>

namespace velo::engine {

void count_bad_records(const Batch& batch, Progress& progress) {
  if (!batch.bad || batch.bad->empty()) return;
  if (progress.num_bad_records == 0) {
    progress.first_bad_record = batch.bad->front().error.message();
  }
  progress.num_bad_records += std::ssize(*batch.bad);
}

int64_t bytes_of(const Batch& batch) {
  int64_t num_bytes = arrow::util::TotalBufferSize(*batch.rows);
  if (!batch.bad) return num_bytes;
  for (const BadRecord& record : *batch.bad) {
    num_bytes += std::ssize(record.bytes) + static_cast<int64_t>(sizeof(BadRecord));
  }
  return num_bytes;
}

}  // namespace velo::engine
