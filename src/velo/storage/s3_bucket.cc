#include "velo/storage/s3_bucket.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/storage/s3_listing.h"

namespace velo::storage {
namespace {

constexpr int kMostPerPage = 1000;
constexpr char kTokenHeader[] = "x-amz-meta-velo-token";

uint64_t number_of(std::string_view text) {
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

S3Request abort_request(const S3Upload& upload) {
  return {.method = "DELETE", .key = upload.key, .query = {{"uploadId", upload.id}}};
}

bool is_kind(const Status& status, ErrorKind kind) {
  return !status.ok() && kind_of(status) == kind;
}

}  // namespace

Status S3Bucket::list(std::string_view prefix, int page,
                      const std::function<bool(const S3Object&)>& visit,
                      std::stop_token stop) const {
  std::string continuation;
  do {
    http::Headers query = {{"list-type", "2"},
                           {"prefix", std::string(prefix)},
                           {"encoding-type", "url"},
                           {"max-keys", std::to_string(std::min(page, kMostPerPage))}};
    if (!continuation.empty()) query.emplace_back("continuation-token", continuation);
    ARROW_ASSIGN_OR_RAISE(const S3Answer answer, client_->send({.query = query}, stop));
    auto listing = decode_object_listing(answer.body);
    if (!listing.ok()) return annotate(listing.status(), client_->shown(prefix));
    for (const S3Object& object : listing->objects) {
      if (!visit(object)) return Status::OK();
    }
    if (!listing->continuation.empty() && listing->continuation == continuation) {
      return make_error(ErrorKind::kCorruptData, client_->context(prefix),
                        "the listing goes round in circles");
    }
    continuation = std::move(listing->continuation);
  } while (!continuation.empty());
  return Status::OK();
}

Result<S3Object> S3Bucket::head(const std::string& key, std::stop_token stop) const {
  ARROW_ASSIGN_OR_RAISE(const S3Answer answer,
                        client_->send({.method = "HEAD", .key = key}, stop));
  return S3Object{.key = key,
                  .num_bytes = number_of(answer.header("content-length")),
                  .etag = std::string(answer.header("etag")),
                  .modified = {},
                  .token = std::string(answer.header(kTokenHeader))};
}

Result<S3Text> S3Bucket::get(const std::string& key, std::stop_token stop) const {
  ARROW_ASSIGN_OR_RAISE(S3Answer answer, client_->send({.key = key}, stop));
  std::string etag(answer.header("etag"));
  return S3Text{std::move(answer.body), std::move(etag)};
}

Result<int64_t> S3Bucket::get_range(const std::string& key, const std::string& etag,
                                    int64_t offset, std::span<char> to,
                                    std::stop_token stop) const {
  if (to.empty()) return 0;
  const auto size = static_cast<int64_t>(to.size());
  const S3Request request{
      .key = key,
      .headers = {{"Range", fmt::format("bytes={}-{}", offset, offset + size - 1)},
                  {"If-Match", etag}}};
  ARROW_ASSIGN_OR_RAISE(const S3Answer answer, client_->send(request, stop));
  if (answer.status != 206 && static_cast<int64_t>(answer.body.size()) > size) {
    return make_error(ErrorKind::kCorruptData, client_->context(key),
                      "the store sends the whole object instead of a range of it");
  }
  const size_t num_bytes = std::min(answer.body.size(), to.size());
  std::memcpy(to.data(), answer.body.data(), num_bytes);
  return static_cast<int64_t>(num_bytes);
}

Result<S3Put> S3Bucket::put_new(const std::string& key, std::string_view text,
                                const std::string& token, std::stop_token stop) const {
  const auto answer =
      client_->send({.method = "PUT",
                     .key = key,
                     .headers = {{"If-None-Match", "*"}, {kTokenHeader, token}},
                     .text = std::string(text)},
                    stop);
  if (answer.ok()) return S3Put{true, std::string(answer->header("etag"))};
  const ErrorKind kind = kind_of(answer.status());
  if (kind != ErrorKind::kConflict && !is_retryable(answer.status())) {
    return answer.status();
  }
  // It may be ours: its answer was lost, and the repetition found it there.
  const auto there = head(key, stop);
  if (there.ok()) return S3Put{there->token == token, there->etag};
  if (is_kind(there.status(), ErrorKind::kCancelled)) return there.status();
  return make_error(
      ErrorKind::kCommitStateUnknown, client_->context(key),
      fmt::format("{}; what was committed last may or may not be there: that is "
                  "found out when the pipeline goes on",
                  answer.status().message()));
}

Status S3Bucket::put(const std::string& key, std::string_view text,
                     std::stop_token stop) const {
  return client_->send({.method = "PUT", .key = key, .text = std::string(text)}, stop)
      .status();
}

Status S3Bucket::remove(const std::string& key, const std::string& etag,
                        std::stop_token stop) const {
  S3Request request{.method = "DELETE", .key = key};
  if (!etag.empty()) request.headers.emplace_back("If-Match", etag);
  const Status status = client_->send(request, stop).status();
  const bool is_gone =
      is_kind(status, ErrorKind::kNotFound) || is_kind(status, ErrorKind::kConflict);
  return is_gone ? Status::OK() : status;
}

Result<S3NewUpload> S3Bucket::begin_upload(const std::string& key,
                                           const std::string& token,
                                           std::stop_token stop) const {
  ARROW_ASSIGN_OR_RAISE(const S3Answer answer,
                        client_->send({.method = "POST",
                                       .key = key,
                                       .query = {{"uploads", ""}},
                                       .headers = {{kTokenHeader, token}}},
                                      stop));
  auto id = decode_new_upload(answer.body);
  if (!id.ok()) return annotate(id.status(), client_->shown(key));
  return S3NewUpload{.id = *std::move(id),
                     .abort_date = std::string(answer.header("x-amz-abort-date")),
                     .abort_rule = std::string(answer.header("x-amz-abort-rule-id"))};
}

Result<std::string> S3Bucket::upload_part(const S3Upload& upload, int number,
                                          std::string bytes, std::stop_token stop) const {
  ARROW_ASSIGN_OR_RAISE(const S3Answer answer,
                        client_->send({.method = "PUT",
                                       .key = upload.key,
                                       .query = {{"partNumber", std::to_string(number)},
                                                 {"uploadId", upload.id}},
                                       .text = std::move(bytes)},
                                      stop));
  return std::string(answer.header("etag"));
}

Status S3Bucket::complete_upload(const S3Upload& upload,
                                 std::span<const std::string> part_etags,
                                 std::stop_token stop) const {
  return client_
      ->send({.method = "POST",
              .key = upload.key,
              .query = {{"uploadId", upload.id}},
              .text = encode_parts(part_etags)},
             stop)
      .status();
}

Status S3Bucket::abort_upload(const S3Upload& upload, std::stop_token stop) const {
  const Status status = client_->send(abort_request(upload), stop).status();
  return is_kind(status, ErrorKind::kNotFound) ? Status::OK() : status;
}

void S3Bucket::abandon_upload(const S3Upload& upload) const {
  S3Request request = abort_request(upload);
  request.max_attempts = 1;
  (void)client_->send(request);
}

Result<S3Uploads> S3Bucket::list_uploads(std::string_view prefix,
                                         std::stop_token stop) const {
  S3Uploads found;
  http::Headers after;
  while (true) {
    // Keys are asked for as they are: SeaweedFS says here that it has encoded them, and
    // has not. Ours hold nothing that XML could not.
    http::Headers query = {{"uploads", ""},
                           {"prefix", std::string(prefix)},
                           {"max-uploads", std::to_string(kMostPerPage)}};
    query.insert(query.end(), after.begin(), after.end());
    ARROW_ASSIGN_OR_RAISE(const S3Answer answer, client_->send({.query = query}, stop));
    auto page = decode_upload_listing(answer.body);
    if (!page.ok()) return annotate(page.status(), client_->shown(prefix));
    std::ranges::move(page->uploads, std::back_inserter(found.uploads));
    if (!page->is_truncated) return found;
    http::Headers next = {{"key-marker", page->next_key},
                          {"upload-id-marker", page->next_id}};
    if (page->next_key.empty() || next == after) {
      found.is_complete = false;
      return found;
    }
    after = std::move(next);
  }
}

}  // namespace velo::storage
