#include "velo/formats/avro/encoder.h"

#include <fmt/format.h>

#include <utility>

#include "velo/formats/avro/container_writer.h"
#include "velo/formats/avro/schema_of_arrow.h"
#include "velo/formats/avro/value_writer.h"

namespace velo::formats::avro {
namespace {

constexpr size_t kBlockBytes = size_t{64} << 10;

class AvroEncoder : public Encoder {
 public:
  AvroEncoder(ContainerWriter file, RecordWriter record, int64_t max_record_bytes)
      : file_(std::move(file)),
        record_(std::move(record)),
        max_record_bytes_(max_record_bytes) {}

  Status write(const arrow::RecordBatch& rows) override {
    ARROW_RETURN_NOT_OK(record_.bind(rows.columns()));
    for (int64_t row = 0; row < rows.num_rows(); ++row) {
      ++num_rows_;
      const size_t begin = text_.size();
      Status status = record_.write(row, text_);
      const auto num_bytes = static_cast<int64_t>(text_.size() - begin);
      if (status.ok()) status = check_written(num_bytes, max_record_bytes_);
      if (!status.ok()) {
        return annotate(std::move(status), fmt::format("row {}", num_rows_));
      }
      // A block, too, is read up to the same size only.
      if (num_held_ > 0 && static_cast<int64_t>(text_.size()) > max_record_bytes_) {
        const std::string last(text_.text().substr(begin));
        ARROW_RETURN_NOT_OK(file_.write(num_held_, text_.text().substr(0, begin)));
        text_.clear();
        text_.put(last);
        num_held_ = 0;
      }
      ++num_held_;
      if (text_.size() >= kBlockBytes) ARROW_RETURN_NOT_OK(write_held());
    }
    return Status::OK();
  }

  int64_t held_bytes() const override { return static_cast<int64_t>(text_.size()); }

  Status write_held() override {
    if (num_held_ == 0) return Status::OK();
    ARROW_RETURN_NOT_OK(file_.write(num_held_, text_.text()));
    text_.clear();
    num_held_ = 0;
    return Status::OK();
  }

  Status finish() override { return write_held(); }

 private:
  ContainerWriter file_;
  RecordWriter record_;
  const int64_t max_record_bytes_;
  TextBuffer text_;       // the block
  int64_t num_held_ = 0;  // its rows
  int64_t num_rows_ = 0;
};

}  // namespace

Result<std::unique_ptr<Encoder>> make_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const WriteOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const SchemaPtr written,
                        schema_of_arrow(*schema, TypeNames::kOwn));
  ARROW_ASSIGN_OR_RAISE(RecordWriter record, RecordWriter::make(schema->fields()));
  ARROW_ASSIGN_OR_RAISE(
      ContainerWriter file,
      ContainerWriter::open(std::move(output), json_of(*written), options.codec));
  return std::make_unique<AvroEncoder>(std::move(file), std::move(record),
                                       options.max_record_bytes);
}

}  // namespace velo::formats::avro
