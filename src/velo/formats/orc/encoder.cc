#include "velo/formats/orc/encoder.h"

#include <arrow/adapters/orc/adapter.h>
#include <arrow/extension_type.h>
#include <arrow/io/memory.h>
#include <fmt/format.h>

#include <utility>

#include "velo/formats/columns_as.h"
#include "velo/formats/exceptions.h"

namespace velo::formats {
namespace {

using arrow::adapters::orc::ORCFileWriter;

Result<arrow::Compression::type> codec_of(const std::string& name) {
  if (name == "none") return arrow::Compression::UNCOMPRESSED;
  if (name == "zlib" || name == "gzip") return arrow::Compression::GZIP;  // ORC's ZLIB
  if (name == "snappy") return arrow::Compression::SNAPPY;
  if (name == "lz4") return arrow::Compression::LZ4;
  if (name == "zstd") return arrow::Compression::ZSTD;
  return make_error(ErrorKind::kInvalidArgument, {},
                    fmt::format("compression={} is not one of ORC's: none, zlib, snappy, "
                                "lz4, zstd",
                                name));
}

// The type that is written, which holds all values of the column's; itself where ORC has
// it, and where it has none.
std::shared_ptr<arrow::DataType> written_type(
    const std::shared_ptr<arrow::DataType>& type) {
  switch (type->id()) {
    case arrow::Type::UINT8:
      return arrow::int16();
    case arrow::Type::UINT16:
      return arrow::int32();
    case arrow::Type::UINT32:
      return arrow::int64();
    case arrow::Type::UINT64:
      return arrow::decimal128(20, 0);
    case arrow::Type::DECIMAL32:
    case arrow::Type::DECIMAL64: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(*type);
      return arrow::decimal128(decimal.precision(), decimal.scale());
    }
    case arrow::Type::STRING_VIEW:
      return arrow::utf8();
    case arrow::Type::BINARY_VIEW:
      return arrow::binary();
    case arrow::Type::DICTIONARY:
      return written_type(static_cast<const arrow::DictionaryType&>(*type).value_type());
    case arrow::Type::EXTENSION:
      return written_type(static_cast<const arrow::ExtensionType&>(*type).storage_type());
    default:
      return type;
  }
}

std::shared_ptr<arrow::Schema> written_schema(const arrow::Schema& schema) {
  arrow::FieldVector fields = schema.fields();
  for (auto& field : fields) field = field->WithType(written_type(field->type()));
  return arrow::schema(std::move(fields), schema.metadata());
}

// An empty file tells whether ORC has the types.
Status try_schema(const std::shared_ptr<arrow::Schema>& schema) {
  return catch_format_error([&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(const auto nowhere, arrow::io::BufferOutputStream::Create());
    ARROW_ASSIGN_OR_RAISE(const auto writer, ORCFileWriter::Open(nowhere.get()));
    ARROW_ASSIGN_OR_RAISE(const auto nothing, arrow::RecordBatch::MakeEmpty(schema));
    ARROW_RETURN_NOT_OK(writer->Write(*nothing));
    return writer->Close();
  });
}

Status check_schema(const arrow::Schema& schema) {
  for (const auto& field : schema.fields()) {
    if (try_schema(written_schema(*arrow::schema({field}))).ok()) continue;
    return make_error(ErrorKind::kSchemaMismatch, {},
                      fmt::format("column '{}': ORC has no type for {}; CAST it in the "
                                  "SELECT",
                                  field->name(), field->type()->ToString()));
  }
  return Status::OK();
}

class OrcEncoder : public Encoder {
 public:
  OrcEncoder(std::shared_ptr<arrow::io::OutputStream> output,
             std::shared_ptr<arrow::Schema> schema, std::unique_ptr<ORCFileWriter> writer)
      : output_(std::move(output)),
        written_(written_schema(*schema)),
        schema_(std::move(schema)),
        writer_(std::move(writer)) {}

  Status write(const arrow::RecordBatch& rows) override {
    has_columns_ = true;
    ARROW_ASSIGN_OR_RAISE(const auto written, columns_as(written_, rows));
    return catch_format_error([&] { return writer_->Write(*written); });
  }

  Status finish() override {
    if (!has_columns_) {
      ARROW_ASSIGN_OR_RAISE(const auto nothing, arrow::RecordBatch::MakeEmpty(schema_));
      ARROW_RETURN_NOT_OK(write(*nothing));
    }
    return catch_format_error([&] { return writer_->Close(); });
  }

 private:
  const std::shared_ptr<arrow::io::OutputStream> output_;  // of writer_
  const std::shared_ptr<arrow::Schema> written_;
  const std::shared_ptr<arrow::Schema> schema_;
  const std::unique_ptr<ORCFileWriter> writer_;
  bool has_columns_ = false;  // whether the writer knows them
};

}  // namespace

Result<std::unique_ptr<Encoder>> make_orc_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const OrcWriteOptions& options) {
  arrow::adapters::orc::WriteOptions write_options;
  ARROW_ASSIGN_OR_RAISE(write_options.compression, codec_of(options.codec));
  write_options.stripe_size = options.stripe_bytes;
  ARROW_RETURN_NOT_OK(check_schema(*schema));
  std::unique_ptr<ORCFileWriter> writer;
  ARROW_RETURN_NOT_OK(catch_format_error(
      [&] { return ORCFileWriter::Open(output.get(), write_options).Value(&writer); }));
  return std::make_unique<OrcEncoder>(std::move(output), schema, std::move(writer));
}

}  // namespace velo::formats
