#include "velo/storage/s3_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>

#include "velo/base/catch_to_status.h"

namespace velo::storage {
namespace {

// An upload has 10,000 parts at most: they grow, so that an object can have its most
// bytes, 5 TiB.
constexpr size_t kPartsOfOneSize = 1000;
constexpr std::chrono::hours kShortestLife{48};

// "Fri, 21 Dec 2012 00:00:00 GMT"; the epoch where it is not understood.
std::chrono::system_clock::time_point parse_http_date(const std::string& text) {
  std::tm parts{};
  if (::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts) == nullptr) return {};
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

Status check_life(const S3NewUpload& upload, const ErrorContext& context) {
  if (upload.abort_date.empty()) return Status::OK();
  const auto end = parse_http_date(upload.abort_date);
  if (end - std::chrono::system_clock::now() >= kShortestLife) return Status::OK();
  return make_error(
      ErrorKind::kInvalidArgument, context,
      fmt::format("the bucket's rule '{}' aborts uploads on {}: one that is committed, "
                  "and not completed because of an outage, would be lost. Let "
                  "AbortIncompleteMultipartUpload be two days or more",
                  upload.abort_rule, upload.abort_date));
}

}  // namespace

Result<std::shared_ptr<S3Output>> S3Output::create(
    std::shared_ptr<S3Bucket> bucket, std::string key, const std::string& token,
    std::shared_ptr<const std::stop_token> stop, int64_t memory_bytes) {
  ARROW_ASSIGN_OR_RAISE(const S3NewUpload begun, bucket->begin_upload(key, token, *stop));
  const ErrorContext context = bucket->client().context(key);
  std::shared_ptr<S3Output> output(new S3Output(
      std::move(bucket), {.key = std::move(key), .id = begun.id}, std::move(stop),
      static_cast<size_t>(std::clamp(memory_bytes, kLeastPartBytes, kPartBytes))));
  const Status status = check_life(begun, context);
  if (status.ok()) return output;
  output->discard();
  return status;
}

size_t S3Output::part_bytes() const {
  return first_part_bytes_ << part_etags_.size() / kPartsOfOneSize;
}

Status S3Output::Write(const void* data, int64_t num_bytes) {
  std::string_view bytes(static_cast<const char*>(data), static_cast<size_t>(num_bytes));
  position_ += num_bytes;
  while (!bytes.empty()) {
    // At once, so that it does not stand beside a copy of itself while it grows.
    if (part_.empty()) part_.reserve(part_bytes());
    const size_t taken = std::min(bytes.size(), part_bytes() - part_.size());
    part_ += bytes.substr(0, taken);
    bytes.remove_prefix(taken);
    if (part_.size() == part_bytes()) ARROW_RETURN_NOT_OK(send_part());
  }
  return Status::OK();
}

Status S3Output::write_part(std::string bytes) {
  if (!part_.empty() || bytes.size() != part_bytes()) return Write(bytes);
  position_ += static_cast<int64_t>(bytes.size());
  part_ = std::move(bytes);
  return send_part();
}

Status S3Output::send_part() {
  const int number = static_cast<int>(part_etags_.size()) + 1;
  auto etag = bucket_->upload_part(upload_, number, std::exchange(part_, {}), *stop_);
  if (!etag.ok()) return explain(etag.status());
  part_etags_.push_back(*std::move(etag));
  return Status::OK();
}

Status S3Output::explain(const Status& status) const {
  const ErrorContext* context = context_of(status);
  if (!context || context->vendor_code != "NoSuchUpload") return status;
  return make_error(
      ErrorKind::kFenced, *context,
      "its upload was aborted: a newer run of this pipeline has taken over, or "
      "somebody else has done it; this one has stopped and committed nothing more");
}

Status S3Output::Close() {
  closed_ = true;
  return Status::OK();
}

Status S3Output::finish() {
  closed_ = true;
  // An object without bytes has one part too.
  if (part_.empty() && !part_etags_.empty()) return Status::OK();
  return send_part();
}

void S3Output::discard() noexcept {
  // What stays harms nobody: the next recover() or the bucket's rules take it.
  (void)catch_to_status("while an upload was aborted", [&] {
    bucket_->abandon_upload(upload_);
    return Status::OK();
  });
}

}  // namespace velo::storage
