#include "velo/fileset/opener.h"

#include <utility>

namespace velo::fileset {

Result<FileEncoding> Opener::encoding_of(const std::string& path) const {
  return fileset::encoding_of(store_->shown(path), options_.values);
}

Result<formats::Input> Opener::input_of(const std::string& path,
                                        const FileVersion& version,
                                        const std::stop_token& stop) const {
  const std::string shown = store_->shown(path);
  ARROW_ASSIGN_OR_RAISE(const FileEncoding encoding, encoding_of(path));
  ARROW_ASSIGN_OR_RAISE(auto file, store_->open(path, version, stop));
  formats::Input input{.name = shown, .stream = file, .file = file};
  ARROW_RETURN_NOT_OK(open_content(encoding, options_.values, input));
  return input;
}

Result<std::unique_ptr<formats::Decoder>> Opener::decode(
    const std::string& path, formats::Input input, formats::DecodeOptions options) const {
  ARROW_ASSIGN_OR_RAISE(const FileEncoding encoding, encoding_of(path));
  return encoding.format->make_decoder(std::move(input), options_.values,
                                       std::move(options));
}

Result<std::unique_ptr<formats::Decoder>> Opener::open(
    const std::string& path, const FileVersion& version, const std::stop_token& stop,
    formats::DecodeOptions options) const {
  ARROW_ASSIGN_OR_RAISE(auto input, input_of(path, version, stop));
  return decode(path, std::move(input), std::move(options));
}

}  // namespace velo::fileset
