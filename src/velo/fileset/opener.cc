#include "velo/fileset/opener.h"

#include <utility>

#include "velo/storage/compression.h"

namespace velo::fileset {

Result<const formats::Format*> Opener::format_of(const std::string& path) const {
  ARROW_ASSIGN_OR_RAISE(const FileEncoding encoding,
                        encoding_of(store_->shown(path), options_.values));
  return encoding.format;
}

Result<std::unique_ptr<formats::Decoder>> Opener::open(
    const std::string& path, const FileVersion& version, const std::stop_token& stop,
    formats::DecodeOptions decode) const {
  const std::string shown = store_->shown(path);
  ARROW_ASSIGN_OR_RAISE(const FileEncoding encoding, encoding_of(shown, options_.values));
  ARROW_ASSIGN_OR_RAISE(auto file, store_->open(path, version, stop));
  formats::Input input{.name = shown, .stream = file, .file = file};
  if (encoding.compression != arrow::Compression::UNCOMPRESSED) {
    ARROW_ASSIGN_OR_RAISE(input.stream,
                          storage::decompress(file, encoding.compression, shown));
    input.file = nullptr;
  }
  return encoding.format->make_decoder(std::move(input), options_.values,
                                       std::move(decode));
}

}  // namespace velo::fileset
