#include "velo/connectors/null/sink.h"

#include <arrow/util/byte_size.h>

#include "velo/options.h"

namespace velo::null {

Result<std::unique_ptr<DataSink>> NullSink::make(const Uri& uri) {
  ARROW_RETURN_NOT_OK(OptionValues::parse(uri, {}, OptionUse::kSink).status());
  return std::make_unique<NullSink>();
}

Status NullSink::validate_schema(const arrow::Schema&) { return Status::OK(); }

Result<std::unique_ptr<DataWriter>> NullSink::create_writer(const WriteOptions&) {
  return std::make_unique<NullWriter>();
}

Status NullWriter::write(const Batch& batch, std::stop_token stop) {
  if (stop.stop_requested()) {
    return make_error(ErrorKind::kCancelled, {.connector = "null", .resource = "null"},
                      "stopped");
  }
  if (!schema_) schema_ = batch.rows->schema();
  if (!batch.rows->schema()->Equals(*schema_, /*check_metadata=*/false)) {
    return make_error(ErrorKind::kSchemaMismatch,
                      {.connector = "null", .resource = "null"},
                      "a batch came with other columns than the first");
  }
  ARROW_ASSIGN_OR_RAISE(const int64_t num_bytes,
                        arrow::util::ReferencedBufferSize(*batch.rows));
  num_rows_ += batch.rows->num_rows();
  num_bytes_ += num_bytes;
  return Status::OK();
}

}  // namespace velo::null
