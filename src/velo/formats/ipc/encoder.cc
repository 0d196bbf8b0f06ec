#include "velo/formats/ipc/encoder.h"

#include <arrow/ipc/writer.h>
#include <arrow/table.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/compression.h>
#include <fmt/format.h>

#include <utility>

#include "velo/formats/columns_as.h"
#include "velo/formats/exceptions.h"

namespace velo::formats {
namespace {

// Smaller batches make larger files, and larger ones take more memory to read.
constexpr int64_t kBatchRows = 65536;
constexpr int64_t kBatchBytes = int64_t{8} << 20;

Result<std::shared_ptr<arrow::util::Codec>> codec_of(const IpcWriteOptions& options) {
  if (options.codec == "none") {
    if (!options.level) return nullptr;
    return make_error(ErrorKind::kInvalidArgument, {},
                      "compression_level= says nothing without compression=");
  }
  if (options.codec != "lz4" && options.codec != "zstd") {
    return make_error(ErrorKind::kInvalidArgument, {},
                      fmt::format("compression={} is not one of Arrow IPC's: none, lz4, "
                                  "zstd",
                                  options.codec));
  }
  const auto type =
      options.codec == "lz4" ? arrow::Compression::LZ4_FRAME : arrow::Compression::ZSTD;
  if (!options.level) return arrow::util::Codec::Create(type);
  ARROW_ASSIGN_OR_RAISE(const int least,
                        arrow::util::Codec::MinimumCompressionLevel(type));
  ARROW_ASSIGN_OR_RAISE(const int most,
                        arrow::util::Codec::MaximumCompressionLevel(type));
  if (*options.level < least || *options.level > most) {
    return make_error(ErrorKind::kInvalidArgument, {},
                      fmt::format("compression_level={} is not one of {}'s: {} to {}",
                                  *options.level, options.codec, least, most));
  }
  return arrow::util::Codec::Create(type, static_cast<int>(*options.level));
}

// A file has one dictionary for each column, and those of two batches may differ.
std::shared_ptr<arrow::Schema> without_dictionaries(const arrow::Schema& schema) {
  arrow::FieldVector fields = schema.fields();
  for (auto& field : fields) {
    if (field->type()->id() != arrow::Type::DICTIONARY) continue;
    const auto& dictionary = static_cast<const arrow::DictionaryType&>(*field->type());
    field = field->WithType(dictionary.value_type());
  }
  return arrow::schema(std::move(fields), schema.metadata());
}

// 24:00, which DuckDB and PostgreSQL have, is no time of day to who reads the file.
Status check_times_of_day(const arrow::RecordBatch& rows) {
  for (int i = 0; i < rows.num_columns(); ++i) {
    const auto type = rows.column(i)->type_id();
    if (type != arrow::Type::TIME32 && type != arrow::Type::TIME64) continue;
    const Status valid = rows.column(i)->ValidateFull();
    if (valid.ok()) continue;
    return make_error(ErrorKind::kSchemaMismatch, {},
                      fmt::format("column '{}': {}; cast it first", rows.column_name(i),
                                  valid.message()));
  }
  return Status::OK();
}

class IpcEncoder : public Encoder {
 public:
  // `written` are the columns of the file.
  IpcEncoder(std::shared_ptr<arrow::Schema> schema,
             std::shared_ptr<arrow::Schema> written,
             std::shared_ptr<arrow::ipc::RecordBatchWriter> writer)
      : schema_(std::move(schema)),
        written_(std::move(written)),
        writer_(std::move(writer)) {}

  Status write(const arrow::RecordBatch& rows) override {
    if (rows.num_rows() == 0) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const int64_t num_bytes,
                          arrow::util::ReferencedBufferSize(rows));
    held_.push_back(rows.Slice(0));
    num_held_rows_ += rows.num_rows();
    num_held_bytes_ += num_bytes;
    const bool is_enough = num_held_rows_ >= kBatchRows || num_held_bytes_ >= kBatchBytes;
    return is_enough ? write_held() : Status::OK();
  }

  int64_t held_bytes() const override { return num_held_bytes_; }

  Status write_held() override {
    if (held_.empty()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto rows,
                          arrow::Table::FromRecordBatches(schema_, held_));
    held_.clear();
    num_held_rows_ = 0;
    num_held_bytes_ = 0;
    return catch_format_error([&]() -> Status {
      ARROW_ASSIGN_OR_RAISE(const auto whole, rows->CombineChunksToBatch());
      ARROW_ASSIGN_OR_RAISE(const auto written, columns_as(written_, *whole));
      ARROW_RETURN_NOT_OK(check_times_of_day(*written));
      return writer_->WriteRecordBatch(*written);
    });
  }

  Status finish() override {
    ARROW_RETURN_NOT_OK(write_held());
    return catch_format_error([&] { return writer_->Close(); });
  }

 private:
  const std::shared_ptr<arrow::Schema> schema_;
  const std::shared_ptr<arrow::Schema> written_;
  const std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
  arrow::RecordBatchVector held_;
  int64_t num_held_rows_ = 0;
  int64_t num_held_bytes_ = 0;
};

}  // namespace

Result<std::unique_ptr<Encoder>> make_ipc_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const IpcWriteOptions& options) {
  auto write_options = arrow::ipc::IpcWriteOptions::Defaults();
  ARROW_ASSIGN_OR_RAISE(write_options.codec, codec_of(options));
  write_options.use_threads = false;
  auto written = options.is_file ? without_dictionaries(*schema) : schema;
  ARROW_ASSIGN_OR_RAISE(
      auto writer,
      options.is_file
          ? arrow::ipc::MakeFileWriter(std::move(output), written, write_options)
          : arrow::ipc::MakeStreamWriter(std::move(output), written, write_options));
  return std::make_unique<IpcEncoder>(schema, std::move(written), std::move(writer));
}

}  // namespace velo::formats
