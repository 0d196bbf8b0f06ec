#include "velo/formats/parquet/encoder.h"

#include <arrow/table.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/compression.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "velo/formats/exceptions.h"
#include "velo/formats/parquet/dictionary_choice.h"

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

// The versions that check() lets through.
parquet::ParquetVersion::type version_of(std::string_view name) {
  if (name == "1.0") return parquet::ParquetVersion::PARQUET_1_0;
  if (name == "2.4") return parquet::ParquetVersion::PARQUET_2_4;
  return parquet::ParquetVersion::PARQUET_2_6;
}

Status invalid(std::string message) {
  return make_error(ErrorKind::kInvalidArgument, {}, std::move(message));
}

Status check(const ParquetWriteOptions& options, arrow::Compression::type codec) {
  for (const auto& [name, value] : {std::pair{"row_group_rows", options.row_group_rows},
                                    {"row_group_bytes", options.row_group_bytes},
                                    {"page_bytes", options.page_bytes}}) {
    if (value < 1) return invalid(fmt::format("{}={} is not 1 or more", name, value));
  }
  if (!options.level) return Status::OK();
  if (!arrow::util::Codec::SupportsCompressionLevel(codec)) {
    return invalid(fmt::format("compression_level={}: {} has no levels", *options.level,
                               options.codec));
  }
  ARROW_ASSIGN_OR_RAISE(const int least,
                        arrow::util::Codec::MinimumCompressionLevel(codec));
  ARROW_ASSIGN_OR_RAISE(const int most,
                        arrow::util::Codec::MaximumCompressionLevel(codec));
  if (*options.level >= least && *options.level <= most) return Status::OK();
  return invalid(fmt::format("compression_level={} is not one of {}'s: {} to {}",
                             *options.level, options.codec, least, most));
}

// A filter is of a column that has values of its own.
Status check_filters(const ParquetWriteOptions& options, const arrow::Schema& schema) {
  for (const std::string& column : options.bloom_filters) {
    const auto field = schema.GetFieldByName(column);
    if (!field) continue;  // a schema that is tried has but one column
    const auto type = field->type()->id();
    if (arrow::is_nested(type) || type == arrow::Type::BOOL) {
      return invalid(fmt::format("bloom_filters={}: a column of type {} has none", column,
                                 field->type()->ToString()));
    }
  }
  return Status::OK();
}

class ParquetEncoder : public Encoder {
  using Dictionary = ParquetWriteOptions::Dictionary;

 public:
  ParquetEncoder(std::shared_ptr<arrow::io::OutputStream> output,
                 std::shared_ptr<arrow::Schema> schema,
                 const ParquetWriteOptions& options, arrow::Compression::type codec)
      : output_(std::move(output)),
        schema_(std::move(schema)),
        options_(options),
        codec_(codec) {}

  Status check_schema() const {
    for (const auto& field : schema_->fields()) {
      const Status status = catch_format_error([&] {
        const arrow::Schema alone({field});
        std::shared_ptr<parquet::SchemaDescriptor> descriptor;
        return parquet::arrow::ToParquetSchema(&alone, *properties().build(),
                                               &descriptor);
      });
      if (status.ok()) continue;
      return make_error(ErrorKind::kSchemaMismatch, {},
                        fmt::format("column '{}': Parquet has no type for {}; CAST it in "
                                    "the SELECT",
                                    field->name(), field->type()->ToString()));
    }
    return Status::OK();
  }

  Status write(const arrow::RecordBatch& rows) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t num_bytes,
                          arrow::util::ReferencedBufferSize(rows));
    // Of a large batch so many rows at a time that a row group is not much larger.
    const int64_t num_parts = num_bytes / options_.row_group_bytes + 1;
    const int64_t num_rows = rows.num_rows() / num_parts + 1;
    for (int64_t at = 0; at < rows.num_rows(); at += num_rows) {
      const auto part = rows.Slice(at, num_rows);
      num_held_bytes_ += num_bytes * part->num_rows() / rows.num_rows();
      num_held_rows_ += part->num_rows();
      held_.push_back(part);
      while (num_held_rows_ >= options_.row_group_rows ||
             (num_held_rows_ > 0 && num_held_bytes_ >= options_.row_group_bytes)) {
        ARROW_RETURN_NOT_OK(write_row_group());
      }
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
    return catch_format_error([&] { return writer_->Close(); });
  }

 private:
  parquet::WriterProperties::Builder properties() const {
    parquet::WriterProperties::Builder builder;
    builder.compression(codec_)
        ->max_row_group_length(options_.row_group_rows)
        ->data_pagesize(options_.page_bytes)
        ->version(version_of(options_.version))
        // Those of up to 18 digits, as Iceberg asks; others read it several times faster.
        ->enable_store_decimal_as_integer();
    if (options_.level) builder.compression_level(static_cast<int>(*options_.level));
    if (!options_.statistics) builder.disable_statistics();
    if (!options_.page_index) builder.disable_write_page_index();
    if (options_.dictionary == Dictionary::kOff) builder.disable_dictionary();
    for (const std::string& column : options_.bloom_filters) {
      builder.enable_bloom_filter(column, parquet::BloomFilterOptions{});
    }
    return builder;
  }

  // Starts the file; the first rows tell how its columns are best encoded.
  Status open(const arrow::ChunkedArrayVector& first_rows) {
    for (const std::string& column : options_.bloom_filters) {
      if (schema_->GetFieldIndex(column) >= 0) continue;
      return invalid(
          fmt::format("bloom_filters={}: there is no such column; there are {}", column,
                      fmt::join(schema_->field_names(), ", ")));
    }
    auto builder = properties();
    const bool must_choose = options_.dictionary == Dictionary::kAuto;
    for (size_t i = 0; must_choose && i < first_rows.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(const bool is_worth_it, is_worth_dictionary(*first_rows[i]));
      if (is_worth_it) continue;
      builder.disable_dictionary(schema_->field(static_cast<int>(i))->name());
    }
    // The Arrow schema goes along, so that zones and dictionaries come back as they were.
    auto arrow_properties =
        parquet::ArrowWriterProperties::Builder().store_schema()->build();
    return catch_format_error([&] {
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
    ARROW_RETURN_NOT_OK(catch_format_error([&] {
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
  ARROW_RETURN_NOT_OK(check(options, codec));
  ARROW_RETURN_NOT_OK(check_filters(options, *schema));
  auto encoder =
      std::make_unique<ParquetEncoder>(std::move(output), schema, options, codec);
  ARROW_RETURN_NOT_OK(encoder->check_schema());
  return encoder;
}

}  // namespace velo::formats
