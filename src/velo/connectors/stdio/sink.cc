#include "velo/connectors/stdio/sink.h"

#include <arrow/io/memory.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "velo/connectors/stdio/descriptor_output.h"
#include "velo/connectors/stdio/table.h"
#include "velo/storage/compression.h"
#include "velo/storage/text_encoding.h"

namespace velo::stdio {
namespace {

constexpr char kName[] = "standard output";
constexpr int kLeastTerminalWidth = 20;

/// The columns of the terminal, if it is one.
std::optional<int> terminal_width(int descriptor) {
  struct winsize size {};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
    return std::nullopt;
  return std::max<int>(size.ws_col, kLeastTerminalWidth);
}

TableOptions table_options(const StdoutOptions& options, int descriptor) {
  TableOptions table;
  table.max_rows = options.max_rows;
  table.max_width = terminal_width(descriptor);
  if (table.max_width)
    table.max_cell_width = std::max(table.max_cell_width, *table.max_width);
  return table;
}

class StdoutWriter : public DataWriter {
 public:
  StdoutWriter(StdoutOptions options, int descriptor, int64_t memory_bytes)
      : options_(std::move(options)),
        descriptor_(descriptor),
        memory_bytes_(memory_bytes),
        bytes_(std::make_shared<DescriptorOutput>(descriptor)) {}

  Status write(const Batch& batch, std::stop_token stop) override {
    bytes_->set_stop(std::move(stop));
    const Status status = write_rows(*batch.rows);
    bytes_->set_stop({});
    return locate(status);
  }

  Status finish() override {
    if (std::exchange(finished_, true)) return result_;
    return result_ = locate(finish_rows());
  }

  void abort() noexcept override {
    if (!finished_) bytes_->discard();
    finished_ = true;
  }

  int64_t bytes_written() const override { return bytes_->bytes_written(); }

 private:
  Status write_rows(const arrow::RecordBatch& rows) {
    if (!encoder_) ARROW_RETURN_NOT_OK(open(rows.schema()));
    if (!rows.schema()->Equals(*schema_, /*check_metadata=*/false)) {
      return make_error(ErrorKind::kSchemaMismatch, {},
                        "a batch came with other columns than the first");
    }
    ARROW_RETURN_NOT_OK(encoder_->write(rows));
    if (encoder_->held_bytes() >= memory_bytes_ / 2) {
      ARROW_RETURN_NOT_OK(encoder_->write_held());
    }
    return bytes_->Flush();
  }

  Status open(const std::shared_ptr<arrow::Schema>& schema) {
    schema_ = schema;
    output_ = bytes_;
    if (options_.compression != storage::Compression::UNCOMPRESSED) {
      ARROW_ASSIGN_OR_RAISE(
          output_, storage::compress(bytes_, options_.compression,
                                     options_.values.integer("compression_level")));
    }
    const std::string encoding = options_.values.text("encoding");
    const bool is_text = options_.format == nullptr || !options_.format->has_types;
    if (is_text && !storage::is_utf8(encoding)) {
      ARROW_ASSIGN_OR_RAISE(output_, storage::encode_text(output_, encoding));
    }
    if (options_.format == nullptr) {
      encoder_ = std::make_unique<TableEncoder>(output_, *schema,
                                                table_options(options_, descriptor_));
      return Status::OK();
    }
    ARROW_ASSIGN_OR_RAISE(
        encoder_, options_.format->make_encoder(output_, schema, options_.values));
    return Status::OK();
  }

  Status finish_rows() {
    if (!encoder_) return Status::OK();
    ARROW_RETURN_NOT_OK(encoder_->finish());
    return output_->Close();
  }

  static Status locate(const Status& status) {
    const ErrorContext* context = context_of(status);
    if (status.ok() || (context && !context->resource.empty())) return status;
    return make_error(kind_of(status), {.connector = "stdout", .resource = kName},
                      status.message());
  }

  const StdoutOptions options_;
  const int descriptor_;
  const int64_t memory_bytes_;
  const std::shared_ptr<DescriptorOutput> bytes_;
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<arrow::io::OutputStream> output_;  // bytes_, or a compressor before it
  std::unique_ptr<formats::Encoder> encoder_;
  bool finished_ = false;
  Status result_;
};

}  // namespace

Result<std::unique_ptr<DataSink>> StdoutSink::make(const Uri& uri, int descriptor) {
  ARROW_ASSIGN_OR_RAISE(StdoutOptions options,
                        StdoutOptions::from_uri(uri, ::isatty(descriptor) == 1));
  return std::unique_ptr<DataSink>(new StdoutSink(std::move(options), descriptor));
}

Status StdoutSink::validate_schema(const arrow::Schema& schema) {
  if (options_.format == nullptr) return Status::OK();
  // What a format cannot hold, its encoder says when it is made.
  ARROW_ASSIGN_OR_RAISE(auto nowhere, arrow::io::BufferOutputStream::Create());
  return options_.format
      ->make_encoder(nowhere, std::make_shared<arrow::Schema>(schema), options_.values)
      .status();
}

Result<std::unique_ptr<DataWriter>> StdoutSink::create_writer(const WriteOptions&) {
  return std::make_unique<StdoutWriter>(options_, descriptor_, memory_bytes_);
}

}  // namespace velo::stdio
