#include "velo/formats/json/encoder.h"

#include <fmt/format.h>

#include <utility>

#include "velo/formats/json/value_writer.h"

namespace velo::formats::json {
namespace {

constexpr size_t kFlushBytes = size_t{256} << 10;

class JsonEncoder : public Encoder {
 public:
  JsonEncoder(std::shared_ptr<arrow::io::OutputStream> output, ObjectWriter object,
              int64_t max_record_bytes)
      : output_(std::move(output)),
        object_(std::move(object)),
        max_record_bytes_(max_record_bytes) {}

  Status write(const arrow::RecordBatch& rows) override {
    ARROW_RETURN_NOT_OK(object_.bind(rows.columns()));
    for (int64_t row = 0; row < rows.num_rows(); ++row) {
      ++num_rows_;
      const auto begin = static_cast<int64_t>(text_.size());
      Status status = object_.write(row, text_);
      const auto num_bytes = static_cast<int64_t>(text_.size()) - begin;
      if (status.ok()) status = check_written(num_bytes, max_record_bytes_);
      if (!status.ok())
        return annotate(std::move(status), fmt::format("row {}", num_rows_));
      text_.put('\n');
      if (text_.size() >= kFlushBytes) ARROW_RETURN_NOT_OK(flush());
    }
    return flush();
  }

  Status finish() override { return flush(); }

 private:
  Status flush() {
    if (text_.size() == 0) return Status::OK();
    ARROW_RETURN_NOT_OK(output_->Write(text_.text()));
    text_.clear();
    return Status::OK();
  }

  const std::shared_ptr<arrow::io::OutputStream> output_;
  ObjectWriter object_;
  const int64_t max_record_bytes_;
  TextBuffer text_;
  int64_t num_rows_ = 0;
};

}  // namespace

Result<std::unique_ptr<Encoder>> make_encoder(
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, int64_t max_record_bytes) {
  ARROW_ASSIGN_OR_RAISE(auto object, ObjectWriter::make(schema->fields()));
  return std::make_unique<JsonEncoder>(std::move(output), std::move(object),
                                       max_record_bytes);
}

}  // namespace velo::formats::json
