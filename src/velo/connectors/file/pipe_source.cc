#include "velo/connectors/file/pipe_source.h"

#include <fmt/format.h>

#include <utility>

#include "velo/base/first_failure.h"
#include "velo/fileset/encoding.h"
#include "velo/formats/decoded_records.h"
#include "velo/storage/descriptor_input.h"
#include "velo/storage/replay_input.h"

namespace velo::file {
namespace {

// An open pipe, whose first bytes can be read again.
struct Pipe {
  std::string path;
  FileOptions options;
  std::shared_ptr<storage::DescriptorInput> bytes;
  std::shared_ptr<storage::ReplayInput> input;  // over bytes
};

// Start decoding from the beginning.
Result<std::unique_ptr<formats::Decoder>> open_decoder(
    const Pipe& pipe, std::optional<std::vector<std::string>> columns, bool keeps_bad) {
  const OptionValues& values = pipe.options.values;
  ARROW_ASSIGN_OR_RAISE(const auto encoding, fileset::encoding_of(pipe.path, values));
  pipe.input->rewind();
  formats::Input decoded{.name = pipe.path, .stream = pipe.input, .file = nullptr};
  ARROW_RETURN_NOT_OK(fileset::open_content(encoding, values, decoded));
  return encoding.format->make_decoder(std::move(decoded), values,
                                       {.schema = pipe.options.schema,
                                        .columns = std::move(columns),
                                        .keep_bad_records = keeps_bad});
}

class PipeReader : public DataReader {
 public:
  PipeReader(std::shared_ptr<Pipe> pipe, ReadOptions read, bool keeps_bad)
      : pipe_(std::move(pipe)), read_(std::move(read)), keeps_bad_(keeps_bad) {}

  Result<std::optional<Batch>> read(std::stop_token stop) override {
    pipe_->bytes->set_stop(stop);
    auto batch = failure_.unless_failed([&] { return read_next(stop); });
    pipe_->bytes->set_stop({});
    return batch;
  }

 private:
  Result<std::optional<Batch>> read_next(const std::stop_token& stop) {
    if (at_end_) return std::nullopt;
    if (!decoder_) {
      ARROW_ASSIGN_OR_RAISE(decoder_, open_decoder(*pipe_, read_.columns, keeps_bad_));
      pipe_->input->stop_keeping();
    }
    ARROW_ASSIGN_OR_RAISE(auto decoded, formats::decode_next(*decoder_, stop));
    at_end_ = decoded.rows == nullptr;
    if (at_end_ && has_read_) return std::nullopt;
    has_read_ = true;
    if (at_end_) {
      ARROW_ASSIGN_OR_RAISE(decoded.rows,
                            arrow::RecordBatch::MakeEmpty(decoder_->schema()));
    }
    auto bad = decoded.take_bad();
    return Batch{.rows = std::move(decoded.rows), .bad = std::move(bad)};
  }

  const std::shared_ptr<Pipe> pipe_;
  const ReadOptions read_;
  const bool keeps_bad_;
  std::unique_ptr<formats::Decoder> decoder_;
  bool has_read_ = false;
  bool at_end_ = false;
  FirstFailure failure_;
};

class PipeSource : public DataSource {
 public:
  PipeSource(std::string path, FileOptions options)
      : pipe_(std::make_shared<Pipe>(Pipe{.path = std::move(path),
                                          .options = std::move(options),
                                          .bytes = nullptr,
                                          .input = nullptr})) {}

  void set_stop(std::stop_token stop) override { stop_ = std::move(stop); }

  Result<std::shared_ptr<arrow::Schema>> fetch_schema() override {
    ARROW_RETURN_NOT_OK(open());
    pipe_->bytes->set_stop(stop_);
    const auto decoder = open_decoder(*pipe_, std::nullopt, keeps_bad_);
    pipe_->bytes->set_stop({});
    ARROW_RETURN_NOT_OK(decoder.status());
    return (*decoder)->schema();
  }

  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions& read) override {
    ARROW_RETURN_NOT_OK(open());
    was_read_ = true;
    return std::make_unique<PipeReader>(pipe_, read, keeps_bad_);
  }

  void keep_bad_records() override { keeps_bad_ = true; }

  bool supports_streaming() const override { return false; }
  bool supports_batch() const override { return true; }
  bool can_reread() const override { return false; }

 private:
  Status open() {
    if (was_read_) {
      return make_error(ErrorKind::kInvalidArgument,
                        {.connector = "file", .resource = pipe_->path},
                        "a pipe can be read once: save it to a file to read it again");
    }
    ARROW_ASSIGN_OR_RAISE(const auto encoding,
                          fileset::encoding_of(pipe_->path, pipe_->options.values));
    if (encoding.format->needs_random_access) {
      return make_error(
          ErrorKind::kInvalidArgument, {.connector = "file", .resource = pipe_->path},
          fmt::format("{} needs a file that can be read anywhere, and a pipe comes in "
                      "order: save it to a file first",
                      encoding.format->name));
    }
    if (pipe_->bytes) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(pipe_->bytes, storage::DescriptorInput::open(pipe_->path));
    pipe_->input = std::make_shared<storage::ReplayInput>(pipe_->bytes);
    return Status::OK();
  }

  const std::shared_ptr<Pipe> pipe_;
  std::stop_token stop_;
  bool keeps_bad_ = false;
  bool was_read_ = false;
};

}  // namespace

std::unique_ptr<DataSource> make_pipe_source(std::string path, FileOptions options) {
  return std::make_unique<PipeSource>(std::move(path), std::move(options));
}

}  // namespace velo::file
