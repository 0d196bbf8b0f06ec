#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "velo/base/utf8.h"
#include "velo/storage/s3_error.h"
#include "velo/storage/s3_listing.h"
#include "velo/storage/xml.h"

// Whatever is read has what it must have, and what a message says can be printed.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace velo;
  using namespace velo::storage;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document = decode_xml(text);
  const Status& status = document.status();
  if (!status.ok() && find_invalid_utf8(status.message()) != std::string_view::npos) {
    std::abort();
  }
  if (document.ok()) {
    const auto again = decode_xml("<a>" + escape_xml(document->text) + "</a>");
    if (!again.ok() || again->text != document->text) std::abort();
  }
  if (const auto objects = decode_object_listing(text); objects.ok()) {
    for (const S3Object& object : objects->objects) {
      if (object.key.empty()) std::abort();
    }
  }
  if (const auto uploads = decode_upload_listing(text); uploads.ok()) {
    for (const S3Upload& upload : uploads->uploads) {
      if (upload.key.empty() || upload.id.empty()) std::abort();
    }
  }
  (void)decode_new_upload(text);
  if (s3_error(404, text, {}).ok()) std::abort();
  return 0;
}
