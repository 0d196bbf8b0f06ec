#include "velo/formats/parquet/decoder.h"

#include <arrow/record_batch.h>
#include <arrow/util/io_util.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>

#include <algorithm>
#include <utility>

#include "velo/base/system_error.h"
#include "velo/formats/exceptions.h"
#include "velo/formats/parquet/extent.h"
#include "velo/formats/parquet/row_group_filter.h"
#include "velo/formats/parquet/text_check.h"
#include "velo/formats/projection.h"

namespace velo::formats {
namespace {

constexpr int64_t kMostBatchRows = 16384;
// Where a row group is read in pieces: of each column.
constexpr int64_t kLeastPieceBytes = int64_t{16} << 10;
constexpr int64_t kMostPieceBytes = int64_t{1} << 20;

class ParquetDecoder : public Decoder {
 public:
  explicit ParquetDecoder(Input input) : input_(std::move(input)) {}

  Status open(DecodeOptions options, const ChooseColumns& choose) {
    if (!input_.file) {
      return make_error(
          ErrorKind::kInvalidArgument, {.resource = input_.name},
          "Parquet cannot be read from a pipe or a compressed file, since it "
          "begins at its end; give a plain file");
    }
    ARROW_RETURN_NOT_OK(explain(catch_format_error([&] { return open_file(); })));
    if (choose) {
      ARROW_ASSIGN_OR_RAISE(options.columns, choose(*whole_));
    }
    ARROW_ASSIGN_OR_RAISE(projection_,
                          project_typed(*whole_, options, "Parquet", input_.name));
    if (options.only_schema) return Status::OK();
    return explain(catch_format_error([&] {
      leaves_ = leaves_of_projection();
      return Status::OK();
    }));
  }

  void limit_memory(int64_t num_bytes) override { memory_bytes_ = num_bytes; }

  void leave_out(std::vector<Comparison> predicate) override {
    predicate_ = std::move(predicate);
  }

  int64_t take_left_out() override { return std::exchange(num_left_out_, 0); }

  const std::shared_ptr<arrow::Schema>& schema() const override {
    return projection_.schema;
  }

  Result<std::shared_ptr<arrow::RecordBatch>> next(std::stop_token stop) override {
    if (stop.stop_requested()) {
      return make_error(ErrorKind::kCancelled, {.resource = input_.name}, "stopped");
    }
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(explain(catch_format_error([&] { return read(batch); })));
    if (!batch) return batch;
    ARROW_ASSIGN_OR_RAISE(batch, in_wanted_order(projection_, *batch, input_.name));
    ARROW_RETURN_NOT_OK(check_texts(*batch, next_row_, input_.name));
    next_row_ += batch->num_rows();
    return batch;
  }

 private:
  Status open_file() {
    parquet::arrow::FileReaderBuilder builder;
    ARROW_RETURN_NOT_OK(builder.Open(input_.file));
    builder.properties(properties());
    ARROW_ASSIGN_OR_RAISE(reader_, builder.Build());
    return reader_->GetSchema(&whole_);
  }

  static parquet::ArrowReaderProperties properties() {
    parquet::ArrowReaderProperties properties;
    properties.set_batch_size(kMostBatchRows);
    properties.set_pre_buffer(false);
    return properties;
  }

  // A row group is read whole, column by column, where that is not too much.
  Status begin() {
    const int64_t batch_bytes = memory_bytes_ / 8;
    const Extent extent =
        extent_of(input_.file, reader_->parquet_reader()->metadata(), leaves_,
                  {.num_rows = kMostBatchRows, .num_bytes = batch_bytes});
    if (extent.num_bytes > memory_bytes_ / 2) ARROW_RETURN_NOT_OK(read_in_pieces());
    const auto most_rows = static_cast<double>(batch_bytes) / extent.row_bytes;
    if (most_rows < static_cast<double>(kMostBatchRows)) {
      reader_->set_batch_size(std::max<int64_t>(static_cast<int64_t>(most_rows), 1));
    }
    return choose_row_groups(*reader_, *whole_, predicate_).Value(&runs_);
  }

  // The next batch that has rows; nullptr at the end.
  Status read(std::shared_ptr<arrow::RecordBatch>& batch) {
    if (runs_.empty()) ARROW_RETURN_NOT_OK(begin());
    while (true) {
      if (!batches_) {
        if (next_run_ == runs_.size()) return Status::OK();
        const RowGroupRun& run = runs_[next_run_++];
        num_left_out_ += run.num_left_out;
        next_row_ += run.num_left_out;
        ARROW_ASSIGN_OR_RAISE(batches_,
                              reader_->GetRecordBatchReader(run.row_groups, leaves_));
      }
      ARROW_RETURN_NOT_OK(batches_->ReadNext(&batch));
      if (batch && batch->num_rows() > 0) return Status::OK();
      if (!batch) batches_ = nullptr;
    }
  }

  Status read_in_pieces() {
    parquet::ReaderProperties pieces;
    pieces.enable_buffered_stream();
    const auto num_leaves = static_cast<int64_t>(std::max<size_t>(leaves_.size(), 1));
    pieces.set_buffer_size(
        std::clamp(memory_bytes_ / 4 / num_leaves, kLeastPieceBytes, kMostPieceBytes));
    parquet::arrow::FileReaderBuilder builder;
    ARROW_RETURN_NOT_OK(
        builder.Open(input_.file, pieces, reader_->parquet_reader()->metadata()));
    builder.properties(properties());
    return builder.Build().Value(&reader_);
  }

  // The leaf columns below the projected top-level ones. By node, since names may repeat.
  std::vector<int> leaves_of_projection() const {
    std::vector<int> leaves;
    const auto* schema = reader_->parquet_reader()->metadata()->schema();
    for (int leaf = 0; leaf < schema->num_columns(); ++leaf) {
      const int root = schema->group_node()->FieldIndex(*schema->GetColumnRoot(leaf));
      if (std::ranges::count(projection_.indices, root) > 0) leaves.push_back(leaf);
    }
    return leaves;
  }

  Status explain(const Status& status) const {
    const ErrorContext* context = context_of(status);
    if (status.ok() || (context && !context->resource.empty())) return status;
    // What is wrong with the file, Arrow calls an error of reading, too.
    const bool is_of_system = context || arrow::internal::ErrnoFromStatus(status) != 0;
    if (kind_of(status) == ErrorKind::kSystem && is_of_system) {
      return with_system_kind(status, "read it", input_.name);
    }
    std::string reason = status.message();
    while (reason.ends_with('.') || reason.ends_with('\n')) reason.pop_back();
    std::ranges::replace(reason, '\n', ' ');
    if (reason.find("encrypt") != std::string::npos) {
      return make_error(
          ErrorKind::kNotImplemented, {.resource = input_.name},
          fmt::format("the file is encrypted, which is not read as yet: {}", reason));
    }
    return make_error(
        ErrorKind::kCorruptData, {.resource = input_.name},
        fmt::format("not a whole Parquet file: {}; was it cut off while it was copied or "
                    "written? format= says what it is, if it is something else",
                    reason));
  }

  Input input_;
  std::shared_ptr<arrow::Schema> whole_;
  Projection projection_;
  std::vector<int> leaves_;
  int64_t memory_bytes_ = int64_t{64} << 20;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::vector<Comparison> predicate_;
  std::vector<RowGroupRun> runs_;  // empty before the first batch
  size_t next_run_ = 0;
  std::shared_ptr<arrow::RecordBatchReader> batches_;  // of the run before that
  int64_t num_left_out_ = 0;                           // before the batch
  int64_t next_row_ = 1;                               // of the file
};

}  // namespace

Result<std::unique_ptr<Decoder>> make_parquet_decoder(Input input,
                                                      DecodeOptions options) {
  auto decoder = std::make_unique<ParquetDecoder>(std::move(input));
  ARROW_RETURN_NOT_OK(decoder->open(std::move(options), nullptr));
  return decoder;
}

Result<std::unique_ptr<Decoder>> make_choosing_parquet_decoder(
    Input input, const ChooseColumns& choose) {
  auto decoder = std::make_unique<ParquetDecoder>(std::move(input));
  ARROW_RETURN_NOT_OK(decoder->open({}, choose));
  return decoder;
}

}  // namespace velo::formats
