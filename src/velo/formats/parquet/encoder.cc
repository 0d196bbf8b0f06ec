#include "velo/formats/parquet/encoder.h"

#include <arrow/table.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/compression.h>
#include <fmt/format.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <algorithm>
#include <utility>

#include "velo/formats/parquet/dictionary_choice.h"
#include "velo/formats/parquet/exceptions.h"

namespace velo::formats {
namespace {

// A row group of fewer rows, when these are large, keeps memory bounded.
constexpr int64_t kMostRowGroupBytes = int64_t{64} << 20;

Result<arrow::Compression::type> codec_of(const std::string& name) {
  if (name == "none") return arrow::Compression::UNCOMPRESSED;
  if (name == "lz4") return arrow::Compression::LZ4;  // written as LZ4_RAW
  for (const char* known : {"snappy", "gzip", "zstd", "brotli"}) {
    if (name == known) return arrow::util::Codec::GetCompressionType(name);
  }
  return make_error(ErrorKind::kInvalidArgument, {},
                    fmt::format("compression={} is not one of Parquet's: none, snappy, "
                                "gzip, zstd, lz4, brotli",
                                name));
}

class ParquetEncoder : public Encoder {
 public:
  ParquetEncoder(std::shared_ptr<arrow::io::OutputStream> output,
                 std::shared_ptr<arrow::Schema> schema,
                 const ParquetWriteOptions& options, arrow::Compression::type codec)
      : output_(std::move(output)),
        schema_(std::move(schema)),
        options_(options),
        codec_(codec) {}

  Status check_schema() const {
    return catch_parquet([&] {
      std::shared_ptr<parquet::SchemaDescriptor> descriptor;
      return parquet::arrow::ToParquetSchema(schema_.get(), *properties().build(),
                                             &descriptor);
    });
  }

  Status write(const arrow::RecordBatch& rows) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t num_bytes,
                          arrow::util::ReferencedBufferSize(rows));
    held_.push_back(rows.Slice(0));
    num_held_rows_ += rows.num_rows();
    num_held_bytes_ += num_bytes;
    while (num_held_rows_ >= options_.row_group_rows ||
           num_held_bytes_ >= kMostRowGroupBytes) {
      ARROW_RETURN_NOT_OK(write_row_group());
    }
    return Status::OK();
  }

  int64_t held_bytes() const override { return num_held_bytes_; }

  Status write_held() override {
    while (num_held_rows_ > 0) ARROW_RETURN_NOT_OK(write_row_group());
    return Status::OK();
  }

  Status finish() override {
    ARROW_RETURN_NOT_OK(write_held());
    if (!writer_) ARROW_RETURN_NOT_OK(open({}));
    return catch_parquet([&] { return writer_->Close(); });
  }

 private:
  parquet::WriterProperties::Builder properties() const {
    parquet::WriterProperties::Builder builder;
    builder.compression(codec_)
        ->max_row_group_length(options_.row_group_rows)
        ->version(parquet::ParquetVersion::PARQUET_2_6)
        // Those of up to 18 digits, as Iceberg asks; others read it several times faster.
        ->enable_store_decimal_as_integer();
    return builder;
  }

  // Starts the file; the first rows tell how its columns are best encoded.
  Status open(const arrow::ChunkedArrayVector& first_rows) {
    auto builder = properties();
    for (size_t i = 0; i < first_rows.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(const bool is_worth_it, is_worth_dictionary(*first_rows[i]));
      if (is_worth_it) continue;
      builder.disable_dictionary(schema_->field(static_cast<int>(i))->name());
    }
    // The Arrow schema goes along, so that zones and dictionaries come back as they were.
    auto arrow_properties =
        parquet::ArrowWriterProperties::Builder().store_schema()->build();
    return catch_parquet([&] {
      return parquet::arrow::FileWriter::Open(*schema_, arrow::default_memory_pool(),
                                              output_, builder.build(),
                                              std::move(arrow_properties))
          .Value(&writer_);
    });
  }

  // Writes the rows held, or the first of them, column by column: so the pages of one
  // column are in memory at a time.
  Status write_row_group() {
    ARROW_ASSIGN_OR_RAISE(const auto held,
                          arrow::Table::FromRecordBatches(schema_, held_));
    const int64_t num_rows = std::min(num_held_rows_, options_.row_group_rows);
    const auto rows = held->Slice(0, num_rows);
    if (!writer_) ARROW_RETURN_NOT_OK(open(rows->columns()));
    ARROW_RETURN_NOT_OK(catch_parquet([&] {
      ARROW_RETURN_NOT_OK(writer_->NewRowGroup());
      for (const auto& column : rows->columns()) {
        ARROW_RETURN_NOT_OK(writer_->WriteColumnChunk(column, 0, num_rows));
      }
      return Status::OK();
    }));
    return hold(*held->Slice(num_rows));
  }

  // Holds these rows, and no others.
  Status hold(const arrow::Table& rows) {
    held_.clear();
    num_held_rows_ = rows.num_rows();
    num_held_bytes_ = 0;
    if (num_held_rows_ == 0) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(num_held_bytes_, arrow::util::ReferencedBufferSize(rows));
    return arrow::TableBatchReader(rows).ToRecordBatches().Value(&held_);
  }

  const std::shared_ptr<arrow::io::OutputStream> output_;
  const std::shared_ptr<arrow::Schema> schema_;
  const ParquetWriteOptions options_;
  const arrow::Compression::type codec_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;  // from the first row group on
  arrow::RecordBatchVector held_;                       // less than a row group
  int64_t num_held_rows_ = 0;
  int64_t num_held_bytes_ = 0;
};

}  // namespace

Result<std::unique_ptr<Encoder>> make_parquet_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const ParquetWriteOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const auto codec, codec_of(options.codec));
  auto encoder =
      std::make_unique<ParquetEncoder>(std::move(output), schema, options, codec);
  ARROW_RETURN_NOT_OK(encoder->check_schema());
  return encoder;
}

}  // namespace velo::formats
