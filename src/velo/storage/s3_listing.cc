#include "velo/storage/s3_listing.h"

#include <fmt/format.h>

#include "velo/base/parse_number.h"
#include "velo/base/percent_encoding.h"
#include "velo/storage/xml.h"

namespace velo::storage {
namespace {

Status corrupt(std::string_view what) {
  return make_error(ErrorKind::kCorruptData, {},
                    fmt::format("the store's answer is not understood: {}", what));
}

// As `encoding-type=url` writes keys, where the answer says that it does.
class KeyDecoder {
 public:
  explicit KeyDecoder(const XmlElement& listing)
      : is_encoded_(listing.text_of("EncodingType") == "url") {}

  std::string decode(std::string_view text) const {
    if (!is_encoded_) return std::string(text);
    std::string key;
    for (size_t at = 0; at < text.size(); ++at) {
      const auto escaped = decode_escape(text.substr(at));
      key += escaped ? *escaped : text[at] == '+' ? ' ' : text[at];
      if (escaped) at += 2;
    }
    return key;
  }

 private:
  const bool is_encoded_;
};

Result<XmlElement> decode_as(std::string_view text, std::string_view name) {
  ARROW_ASSIGN_OR_RAISE(XmlElement document, decode_xml(text));
  if (document.name == name) return document;
  return corrupt(fmt::format("{} came for {}", document.name, name));
}

}  // namespace

Result<ObjectListing> decode_object_listing(std::string_view text) {
  ARROW_ASSIGN_OR_RAISE(const auto document, decode_as(text, "ListBucketResult"));
  const KeyDecoder keys(document);
  ObjectListing listing;
  for (const XmlElement& element : document.children) {
    if (element.name != "Contents") continue;
    S3Object object{.key = keys.decode(element.text_of("Key")),
                    .etag = std::string(element.text_of("ETag")),
                    .modified = std::string(element.text_of("LastModified")),
                    .token = {}};
    const auto size = parse_number<uint64_t>(element.text_of("Size"));
    if (object.key.empty() || !size) return corrupt("an object without a key or a size");
    object.num_bytes = *size;
    listing.objects.push_back(std::move(object));
  }
  if (document.text_of("IsTruncated") == "true") {
    listing.continuation = document.text_of("NextContinuationToken");
    if (listing.continuation.empty()) return corrupt("there is more, and no way to it");
  }
  return listing;
}

Result<UploadListing> decode_upload_listing(std::string_view text) {
  ARROW_ASSIGN_OR_RAISE(const auto document,
                        decode_as(text, "ListMultipartUploadsResult"));
  const KeyDecoder keys(document);
  UploadListing listing;
  for (const XmlElement& element : document.children) {
    if (element.name != "Upload") continue;
    S3Upload upload{.key = keys.decode(element.text_of("Key")),
                    .id = std::string(element.text_of("UploadId"))};
    if (upload.key.empty() || upload.id.empty()) {
      return corrupt("an upload without a key or an id");
    }
    listing.uploads.push_back(std::move(upload));
  }
  listing.is_truncated = document.text_of("IsTruncated") == "true";
  if (listing.is_truncated) {
    listing.next_key = keys.decode(document.text_of("NextKeyMarker"));
    listing.next_id = document.text_of("NextUploadIdMarker");
  }
  return listing;
}

Result<std::string> decode_new_upload(std::string_view text) {
  ARROW_ASSIGN_OR_RAISE(const auto document,
                        decode_as(text, "InitiateMultipartUploadResult"));
  std::string id(document.text_of("UploadId"));
  if (id.empty()) return corrupt("an upload without an id");
  return id;
}

std::string encode_parts(std::span<const std::string> part_etags) {
  std::string text = "<CompleteMultipartUpload>";
  int number = 0;
  for (const std::string& etag : part_etags) {
    text += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>",
                        ++number, escape_xml(etag));
  }
  return text + "</CompleteMultipartUpload>";
}

}  // namespace velo::storage
