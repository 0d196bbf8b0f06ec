#include "velo/fileset/encoded_file.h"

#include <utility>

#include "velo/fileset/encoding.h"
#include "velo/storage/compression.h"
#include "velo/storage/text_encoding.h"

namespace velo::fileset {

Result<std::unique_ptr<EncodedFile>> EncodedFile::create(
    const std::string& path, const std::string& connector,
    std::shared_ptr<arrow::io::OutputStream> output,
    const std::shared_ptr<arrow::Schema>& schema, const OptionValues& values) {
  ARROW_ASSIGN_OR_RAISE(const FileEncoding encoding, encoding_of(path, values));
  std::unique_ptr<EncodedFile> file(new EncodedFile());
  file->context_ = {.connector = connector, .resource = path};
  file->bytes_ = std::move(output);
  file->output_ = file->bytes_;
  if (encoding.compression != storage::Compression::UNCOMPRESSED) {
    auto compressed = storage::compress(file->bytes_, encoding.compression,
                                        values.integer("compression_level"));
    if (!compressed.ok()) return file->locate(compressed.status());
    file->compressed_ = *std::move(compressed);
    file->output_ = file->compressed_;
  }
  const std::string text = values.text("encoding");
  if (!encoding.format->has_types && !storage::is_utf8(text)) {
    auto encoded = storage::encode_text(file->output_, text);
    if (!encoded.ok()) return file->locate(encoded.status());
    file->output_ = *std::move(encoded);
  }
  auto encoder = encoding.format->make_encoder(file->output_, schema, values);
  if (!encoder.ok()) return file->locate(encoder.status());
  file->encoder_ = *std::move(encoder);
  return file;
}

Status EncodedFile::write(const arrow::RecordBatch& rows) {
  return locate(encoder_->write(rows));
}

int64_t EncodedFile::held_bytes() const {
  return encoder_->held_bytes() + (compressed_ ? compressed_->held_bytes() : 0);
}

Status EncodedFile::write_held() {
  ARROW_RETURN_NOT_OK(locate(encoder_->write_held()));
  return compressed_ ? locate(compressed_->write_held()) : Status::OK();
}

Status EncodedFile::finish() {
  ARROW_RETURN_NOT_OK(locate(encoder_->finish()));
  return locate(output_->Close());
}

Status EncodedFile::locate(const Status& status) const {
  const ErrorContext* context = context_of(status);
  if (status.ok() || (context && !context->resource.empty())) return status;
  return make_error(kind_of(status), context_, status.message());
}

}  // namespace velo::fileset
