#include "velo/formats/protobuf/encoder.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "velo/formats/protobuf/message_encoder.h"
#include "velo/formats/record_limit.h"

namespace velo::formats::protobuf {
namespace {

constexpr size_t kFlushBytes = size_t{256} << 10;

class ProtobufEncoder : public Encoder {
 public:
  ProtobufEncoder(std::shared_ptr<arrow::io::OutputStream> output,
                  std::unique_ptr<MessageEncoder> messages, int64_t max_record_bytes)
      : output_(std::move(output)),
        messages_(std::move(messages)),
        max_record_bytes_(max_record_bytes) {}

  Status write(const arrow::RecordBatch& rows) override {
    ARROW_RETURN_NOT_OK(messages_->bind(rows.columns()));
    for (int64_t row = 0; row < rows.num_rows(); ++row) {
      ++num_rows_;
      const size_t begin = bytes_.size();
      Status status = messages_->write(row, bytes_);
      if (status.ok()) {
        status =
            check_written(static_cast<int64_t>(bytes_.size() - begin), max_record_bytes_);
      }
      if (!status.ok()) {
        return annotate(std::move(status), fmt::format("row {}", num_rows_));
      }
      if (bytes_.size() >= kFlushBytes) ARROW_RETURN_NOT_OK(flush());
    }
    return flush();
  }

  Status finish() override { return flush(); }

 private:
  Status flush() {
    if (bytes_.empty()) return Status::OK();
    ARROW_RETURN_NOT_OK(output_->Write(bytes_));
    bytes_.clear();
    return Status::OK();
  }

  const std::shared_ptr<arrow::io::OutputStream> output_;
  const std::unique_ptr<MessageEncoder> messages_;
  const int64_t max_record_bytes_;
  std::string bytes_;
  int64_t num_rows_ = 0;
};

}  // namespace

Result<std::unique_ptr<Encoder>> make_encoder(
    std::shared_ptr<arrow::io::OutputStream> output, const arrow::Schema& schema,
    const MessageType& type, int64_t max_record_bytes) {
  ARROW_ASSIGN_OR_RAISE(auto messages,
                        MessageEncoder::make(type.message(), schema.fields()));
  return std::make_unique<ProtobufEncoder>(std::move(output), std::move(messages),
                                           max_record_bytes);
}

}  // namespace velo::formats::protobuf
