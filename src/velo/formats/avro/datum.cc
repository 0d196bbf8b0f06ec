#include "velo/formats/avro/datum.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "velo/formats/avro/memory_limits.h"

namespace velo::formats::avro {

Result<std::unique_ptr<DatumDecoder>> DatumDecoder::make(SchemaPtr written,
                                                         SchemaPtr wanted,
                                                         int64_t max_record_bytes) {
  std::unique_ptr<DatumDecoder> decoder(new DatumDecoder());
  ARROW_ASSIGN_OR_RAISE(decoder->program_,
                        Program::compile(std::move(written), std::move(wanted)));
  decoder->max_record_bytes_ = max_record_bytes;
  return decoder;
}

Status DatumDecoder::append(std::string_view bytes) {
  if (static_cast<int64_t>(bytes.size()) > max_record_bytes_) {
    return make_error(ErrorKind::kCorruptData, {}, too_large(max_record_bytes_));
  }
  padded_.resize(bytes.size() + static_cast<size_t>(kPaddingBytes));
  if (!bytes.empty()) std::memcpy(padded_.data(), bytes.data(), bytes.size());
  const uint8_t* begin = padded_.data();
  const int64_t held_bytes = run_.num_bytes;
  run_.end = begin + bytes.size();
  run_.num_empty = 0;
  run_.path.clear();
  run_.most_bytes = run_.num_bytes + most_memory_of_record(max_record_bytes_);
  const uint8_t* next = program_->decode(begin, run_);
  if (next == run_.end) return Status::OK();
  run_.num_bytes = held_bytes;
  if (!run_.status.ok()) return run_.status;
  if (next != nullptr) {
    program_->drop_last();
    run_.fail(next, fmt::format("{} bytes follow the value", run_.end - next));
  }
  const std::string message =
      run_.path.empty() ? run_.message
                        : fmt::format("field '{}': {}", run_.path, run_.message);
  return make_error(ErrorKind::kCorruptData,
                    {.position = fmt::format("byte {}", run_.failed_at - begin)},
                    message);
}

Result<std::shared_ptr<arrow::RecordBatch>> DatumDecoder::finish() {
  run_.num_bytes = 0;
  return program_->finish();
}

}  // namespace velo::formats::avro
