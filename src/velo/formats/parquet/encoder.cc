#include "velo/formats/parquet/encoder.h"

#include <arrow/util/compression.h>
#include <fmt/format.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <utility>

#include "velo/formats/parquet/exceptions.h"

namespace velo::formats {
namespace {

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
  explicit ParquetEncoder(std::unique_ptr<parquet::arrow::FileWriter> writer)
      : writer_(std::move(writer)) {}

  Status write(const arrow::RecordBatch& rows) override {
    return catch_parquet([&] { return writer_->WriteRecordBatch(rows); });
  }

  Status finish() override {
    return catch_parquet([&] { return writer_->Close(); });
  }

 private:
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
};

}  // namespace

Result<std::unique_ptr<Encoder>> make_parquet_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const ParquetWriteOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const auto codec, codec_of(options.codec));
  auto properties = parquet::WriterProperties::Builder()
                        .compression(codec)
                        ->max_row_group_length(options.row_group_rows)
                        ->version(parquet::ParquetVersion::PARQUET_2_6)
                        ->build();
  // The Arrow schema goes along, so that zones and dictionaries come back as they were.
  auto arrow_properties =
      parquet::ArrowWriterProperties::Builder().store_schema()->build();
  std::unique_ptr<parquet::arrow::FileWriter> writer;
  ARROW_RETURN_NOT_OK(catch_parquet([&] {
    return parquet::arrow::FileWriter::Open(*schema, arrow::default_memory_pool(),
                                            std::move(output), std::move(properties),
                                            std::move(arrow_properties))
        .Value(&writer);
  }));
  return std::make_unique<ParquetEncoder>(std::move(writer));
}

}  // namespace velo::formats
