#include "velo/formats/orc/decoder.h"

#include <arrow/adapters/orc/adapter.h>
#include <arrow/util/io_util.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/base/system_error.h"
#include "velo/formats/exceptions.h"
#include "velo/formats/orc/time_range.h"
#include "velo/formats/projection.h"

namespace velo::formats {
namespace {

using arrow::adapters::orc::ORCFileReader;

constexpr int64_t kMostBatchRows = 16384;

class OrcDecoder : public Decoder {
 public:
  explicit OrcDecoder(Input input) : input_(std::move(input)) {}

  Status open(const DecodeOptions& options) {
    if (!input_.file) {
      return make_error(ErrorKind::kInvalidArgument, {.resource = input_.name},
                        "ORC cannot be read from a pipe or a compressed file, since it "
                        "begins at its end; give a plain file");
    }
    std::shared_ptr<arrow::Schema> whole;
    ARROW_RETURN_NOT_OK(explain(catch_format_error([&]() -> Status {
      ARROW_ASSIGN_OR_RAISE(
          reader_, ORCFileReader::Open(input_.file, arrow::default_memory_pool()));
      return reader_->ReadSchema().Value(&whole);
    })));
    ARROW_ASSIGN_OR_RAISE(projection_,
                          project_typed(*whole, options, "ORC", input_.name));
    if (options.only_schema) return Status::OK();
    columns_ = projection_.indices;
    std::ranges::sort(columns_);
    columns_.erase(std::ranges::unique(columns_).begin(), columns_.end());
    return check_times(*whole);
  }

  void limit_memory(int64_t num_bytes) override { memory_bytes_ = num_bytes; }

  const std::shared_ptr<arrow::Schema>& schema() const override {
    return projection_.schema;
  }

  Result<std::shared_ptr<arrow::RecordBatch>> next(std::stop_token stop) override {
    if (stop.stop_requested()) {
      return make_error(ErrorKind::kCancelled, {.resource = input_.name}, "stopped");
    }
    if (projection_.indices.empty()) return bare_rows();
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(explain(catch_format_error([&] { return read(batch); })));
    if (!batch) return batch;
    return in_wanted_order(projection_, *batch, input_.name);
  }

 private:
  // A time that does not fit is a wrong one in what Arrow yields.
  Status check_times(const arrow::Schema& whole) const {
    std::vector<int> beyond;
    ARROW_RETURN_NOT_OK(explain(catch_format_error([&] {
      return columns_beyond_nanoseconds(reader_->GetSerializedFileTail()).Value(&beyond);
    })));
    for (const int column : beyond) {
      if (!std::ranges::binary_search(columns_, column)) continue;
      if (column >= whole.num_fields()) continue;
      return make_error(
          ErrorKind::kCorruptData,
          {.resource = input_.name,
           .position = fmt::format("column '{}'", whole.field(column)->name())},
          "it holds times before 1677 or after 2262, which nanoseconds in 64 bits, as "
          "Arrow reads ORC's times, cannot hold; leave the column out of the SELECT");
    }
    return Status::OK();
  }

  Status read(std::shared_ptr<arrow::RecordBatch>& batch) {
    while (!batch || batch->num_rows() == 0) {
      if (!stripe_) {
        ARROW_ASSIGN_OR_RAISE(stripe_, reader_->NextStripeReader(batch_rows(), columns_));
        if (!stripe_) return Status::OK();
      }
      ARROW_RETURN_NOT_OK(stripe_->ReadNext(&batch));
      if (!batch) stripe_ = nullptr;
    }
    return batch->ValidateFull();
  }

  // So many that a batch takes an eighth of the memory, at ten times their size in the
  // file.
  int64_t batch_rows() const {
    int64_t most_row_bytes = 1;
    for (int64_t i = 0; i < reader_->NumberOfStripes(); ++i) {
      const auto stripe = reader_->GetStripeInformation(i);
      most_row_bytes =
          std::max(most_row_bytes, stripe.length / std::max<int64_t>(stripe.num_rows, 1));
    }
    return std::clamp<int64_t>(memory_bytes_ / 8 / 10 / most_row_bytes, 1,
                               kMostBatchRows);
  }

  // Rows of which no column is wanted.
  Result<std::shared_ptr<arrow::RecordBatch>> bare_rows() {
    const int64_t num_rows =
        std::min(reader_->NumberOfRows() - num_given_, kMostBatchRows);
    if (num_rows <= 0) return nullptr;
    num_given_ += num_rows;
    return arrow::RecordBatch::Make(projection_.schema, num_rows, arrow::ArrayVector{});
  }

  Status explain(const Status& status) const {
    const ErrorContext* context = context_of(status);
    if (status.ok() || (context && !context->resource.empty())) return status;
    // Arrow has one code for what the system and what the bytes are at fault for.
    if (arrow::internal::ErrnoFromStatus(status) != 0) {
      return with_system_kind(status, "read it", input_.name);
    }
    std::string reason = status.message();
    if (reason.ends_with('.')) reason.pop_back();
    return make_error(
        ErrorKind::kCorruptData, {.resource = input_.name},
        fmt::format("not a whole ORC file: {}; was it cut off while it was copied or "
                    "written? format= says what it is, if it is something else",
                    reason));
  }

  Input input_;
  int64_t memory_bytes_ = int64_t{64} << 20;
  std::unique_ptr<ORCFileReader> reader_;
  Projection projection_;
  std::vector<int> columns_;  // of the file, each once, in its order
  std::shared_ptr<arrow::RecordBatchReader> stripe_;
  int64_t num_given_ = 0;
};

}  // namespace

Result<std::unique_ptr<Decoder>> make_orc_decoder(Input input, DecodeOptions options) {
  auto decoder = std::make_unique<OrcDecoder>(std::move(input));
  ARROW_RETURN_NOT_OK(decoder->open(options));
  return decoder;
}

}  // namespace velo::formats
