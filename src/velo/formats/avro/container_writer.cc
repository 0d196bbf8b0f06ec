#include "velo/formats/avro/container_writer.h"

#include <utility>

#include "velo/base/random_id.h"
#include "velo/formats/avro/binary.h"

namespace velo::formats::avro {

std::string container_head(std::string_view schema, std::string_view codec,
                           const std::map<std::string, std::string>& metadata,
                           std::string_view sync) {
  std::string head("Obj\1", 4);
  append_long(static_cast<int64_t>(metadata.size() + 2), head);
  append_text("avro.schema", head);
  append_text(schema, head);
  append_text("avro.codec", head);
  append_text(codec, head);
  for (const auto& [key, value] : metadata) {
    append_text(key, head);
    append_text(value, head);
  }
  append_long(0, head);
  head += sync;
  return head;
}

Result<ContainerWriter> ContainerWriter::open(
    std::shared_ptr<arrow::io::OutputStream> output, std::string_view schema,
    std::string_view codec) {
  ContainerWriter writer;
  ARROW_ASSIGN_OR_RAISE(writer.codec_, make_codec(codec));
  writer.output_ = std::move(output);
  writer.sync_ = random_id();  // 16 bytes that nobody else has
  ARROW_RETURN_NOT_OK(
      writer.output_->Write(container_head(schema, codec, {}, writer.sync_)));
  return writer;
}

Status ContainerWriter::write(int64_t num_records, std::string_view records) {
  if (codec_) {
    compressed_.clear();
    ARROW_RETURN_NOT_OK(codec_->compress(records, compressed_));
    records = compressed_;
  }
  std::string begin;
  append_long(num_records, begin);
  append_long(static_cast<int64_t>(records.size()), begin);
  ARROW_RETURN_NOT_OK(output_->Write(begin));
  ARROW_RETURN_NOT_OK(output_->Write(records));
  return output_->Write(sync_);
}

}  // namespace velo::formats::avro
