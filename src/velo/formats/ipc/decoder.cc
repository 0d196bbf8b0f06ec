#include "velo/formats/ipc/decoder.h"

#include <arrow/ipc/reader.h>
#include <arrow/util/io_util.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/base/system_error.h"
#include "velo/formats/exceptions.h"
#include "velo/formats/ipc/ordered_input.h"
#include "velo/formats/projection.h"

namespace velo::formats {
namespace {

constexpr int64_t kMostBatchRows = 65536;
constexpr std::string_view kOldFeatherMagic = "FEA1";
// Behind a file's magic, up to which it is padded.
constexpr int64_t kStreamBegin = 8;

// The batches of a file in the order of its footer.
class FooterOrder : public arrow::RecordBatchReader {
 public:
  explicit FooterOrder(std::shared_ptr<arrow::ipc::RecordBatchFileReader> file)
      : file_(std::move(file)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return file_->schema(); }

  Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    *batch = nullptr;
    if (next_ == file_->num_record_batches()) return Status::OK();
    return file_->ReadRecordBatch(next_++).Value(batch);
  }

 private:
  const std::shared_ptr<arrow::ipc::RecordBatchFileReader> file_;
  int next_ = 0;
};

class IpcDecoder : public Decoder {
 public:
  explicit IpcDecoder(Input input) : input_(std::move(input)) {}

  Status open(const DecodeOptions& options) {
    ordered_ = std::make_shared<OrderedInput>(input_.stream);
    std::string begin_bytes(kStreamBegin, '\0');
    const auto num_read = ordered_->Read(kStreamBegin, begin_bytes.data());
    if (!num_read.ok()) return explain(num_read.status());
    is_file_ = begin_bytes.starts_with(kIpcMagic);
    if (begin_bytes.starts_with(kOldFeatherMagic)) {
      return make_error(ErrorKind::kNotImplemented, {.resource = input_.name},
                        "this is Feather's first version, which is not read; "
                        "pyarrow.feather.read_feather and write_feather make the second "
                        "of it");
    }
    ARROW_RETURN_NOT_OK(explain(begin({})));
    whole_ = batches_->schema();
    ARROW_ASSIGN_OR_RAISE(projection_,
                          project_typed(*whole_, options, "Arrow IPC", input_.name));
    if (options.only_schema) return Status::OK();
    // None named would be all of them.
    needs_all_ = projection_.indices.empty() ||
                 static_cast<int>(projection_.indices.size()) == whole_->num_fields();
    if (!needs_all_) {
      std::vector<int> indices = projection_.indices;
      std::ranges::sort(indices);
      indices.erase(std::ranges::unique(indices).begin(), indices.end());
      ARROW_RETURN_NOT_OK(explain(begin(std::move(indices))));
    }
    ordered_->stop_keeping();
    return Status::OK();
  }

  const std::shared_ptr<arrow::Schema>& schema() const override {
    return projection_.schema;
  }

  Result<std::shared_ptr<arrow::RecordBatch>> next(std::stop_token stop) override {
    if (stop.stop_requested()) {
      return make_error(ErrorKind::kCancelled, {.resource = input_.name}, "stopped");
    }
    while (!whole_batch_ || num_given_ == whole_batch_->num_rows()) {
      num_given_ = 0;
      ARROW_RETURN_NOT_OK(explain(catch_format_error([&] { return read_batch(); })));
      if (!whole_batch_) return nullptr;
    }
    auto batch = whole_batch_->Slice(num_given_, kMostBatchRows);
    num_given_ += batch->num_rows();
    return batch;
  }

 private:
  // From the beginning, with these columns of the schema; none are all.
  Status begin(std::vector<int> columns) {
    return catch_format_error([&]() -> Status {
      auto options = arrow::ipc::IpcReadOptions::Defaults();
      options.included_fields = std::move(columns);
      options.use_threads = false;
      if (is_file_ && input_.file) {
        ARROW_ASSIGN_OR_RAISE(
            auto file, arrow::ipc::RecordBatchFileReader::Open(input_.file, options));
        batches_ = std::make_shared<FooterOrder>(std::move(file));
        return Status::OK();
      }
      ordered_->go_back(is_file_ ? kStreamBegin : 0);
      return arrow::ipc::RecordBatchStreamReader::Open(ordered_, options)
          .Value(&batches_);
    });
  }

  Status read_batch() {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(batches_->ReadNext(&batch));
    whole_batch_ = nullptr;
    if (!batch) return is_file_ && input_.file ? Status::OK() : check_end();
    ++num_batches_;
    if (const Status valid = batch->ValidateFull(); !valid.ok()) {
      return make_error(
          ErrorKind::kCorruptData,
          {.resource = input_.name, .position = fmt::format("batch {}", num_batches_)},
          fmt::format("not what Arrow's columns may hold: {}; whoever wrote it, or what "
                      "changed it since, is at fault",
                      valid.message()));
    }
    if (projection_.indices.empty()) {
      whole_batch_ = arrow::RecordBatch::Make(projection_.schema, batch->num_rows(),
                                              arrow::ArrayVector{});
      return Status::OK();
    }
    return in_wanted_order(projection_, *batch, input_.name).Value(&whole_batch_);
  }

  // A stream that was cut off between two batches looks as if it had ended.
  Status check_end() {
    if (ordered_->has_ended()) return Status::IOError("there is no mark of its end");
    if (!is_file_) return Status::OK();
    std::string end;
    std::string piece(size_t{64} << 10, '\0');
    while (!ordered_->has_ended()) {
      ARROW_ASSIGN_OR_RAISE(
          const int64_t num_read,
          ordered_->Read(static_cast<int64_t>(piece.size()), piece.data()));
      end += std::string_view(piece).substr(0, static_cast<size_t>(num_read));
      if (end.size() > kIpcMagic.size()) end.erase(0, end.size() - kIpcMagic.size());
    }
    return end == kIpcMagic ? Status::OK() : Status::IOError("there is no footer");
  }

  Status explain(const Status& status) const {
    const ErrorContext* context = context_of(status);
    if (status.ok() || (context && !context->resource.empty())) return status;
    // Arrow has one code for what the system and what the bytes are at fault for.
    if (arrow::internal::ErrnoFromStatus(status) != 0) {
      return with_system_kind(status, "read it", input_.name);
    }
    if (status.IsOutOfMemory()) {
      return make_error(
          kind_of(status), {.resource = input_.name},
          fmt::format("a batch of it does not fit into memory: {}", status.message()));
    }
    std::string reason = status.message();
    if (reason.ends_with('.')) reason.pop_back();
    return make_error(
        ErrorKind::kCorruptData, {.resource = input_.name},
        fmt::format("not a whole Arrow IPC {}: {}; was it cut off while it was copied or "
                    "written? format= says what it is, if it is something else",
                    is_file_ ? "file" : "stream", reason));
  }

  Input input_;
  std::shared_ptr<OrderedInput> ordered_;  // over input_.stream
  bool is_file_ = false;
  bool needs_all_ = true;
  std::shared_ptr<arrow::Schema> whole_;
  Projection projection_;
  std::shared_ptr<arrow::RecordBatchReader> batches_;
  std::shared_ptr<arrow::RecordBatch> whole_batch_;  // in the wanted order
  int64_t num_batches_ = 0;                          // with that
  int64_t num_given_ = 0;                            // of its rows
};

}  // namespace

Result<std::unique_ptr<Decoder>> make_ipc_decoder(Input input, DecodeOptions options) {
  auto decoder = std::make_unique<IpcDecoder>(std::move(input));
  ARROW_RETURN_NOT_OK(decoder->open(options));
  return decoder;
}

}  // namespace velo::formats
