#pragma once

/// What is done with the objects of a bucket.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "velo/error.h"
#include "velo/storage/s3_client.h"

namespace velo::storage {

struct S3Object {
  std::string key;
  uint64_t num_bytes = 0;
  std::string etag;      ///< with its quotes
  std::string modified;  ///< in a listing: ISO 8601
  std::string token;     ///< what it was written with; empty in a listing
};

struct S3Text {
  std::string text;
  std::string etag;
};

/// What a conditional PUT has come to.
struct S3Put {
  bool is_ours = false;  ///< false: there was another
  std::string etag;      ///< of ours
};

struct S3Upload {
  std::string key;
  std::string id;
};

struct S3Uploads {
  std::vector<S3Upload> uploads;
  bool is_complete = true;  ///< false: the store says that there are more, and not where
};

/// An upload that was begun.
struct S3NewUpload {
  std::string id;
  /// When the bucket's own rules will abort it, and by which; empty where they do not.
  std::string abort_date;
  std::string abort_rule;
};

/// Threads: safe. Errors: those of S3Client.
class S3Bucket {
 public:
  explicit S3Bucket(std::shared_ptr<S3Client> client) : client_(std::move(client)) {}

  S3Client& client() const { return *client_; }

  /// Call `visit` for the objects whose keys begin with `prefix`, in the order of the
  /// keys' bytes, until it answers false. `page` is about how many are of interest.
  Status list(std::string_view prefix, int page,
              const std::function<bool(const S3Object&)>& visit,
              std::stop_token stop = {}) const;

  /// Errors: kNotFound.
  Result<S3Object> head(const std::string& key, std::stop_token stop = {}) const;
  Result<S3Text> get(const std::string& key, std::stop_token stop = {}) const;

  /// Read bytes of an object; fewer only at its end. Errors: kConflict where its ETag is
  /// another one, kNotFound.
  Result<int64_t> get_range(const std::string& key, const std::string& etag,
                            int64_t offset, std::span<char> to,
                            std::stop_token stop) const;

  /// Make an object where there is none. `token` tells it from those of others who try
  /// the same. Errors: kCommitStateUnknown where it may be there.
  Result<S3Put> put_new(const std::string& key, std::string_view text,
                        const std::string& token, std::stop_token stop = {}) const;
  Status put(const std::string& key, std::string_view text,
             std::stop_token stop = {}) const;

  /// Delete an object, where it is there; with an ETag, only the one that has it (a store
  /// that does not know this condition deletes it all the same).
  Status remove(const std::string& key, const std::string& etag = {},
                std::stop_token stop = {}) const;

  /// Begin to write an object in parts; `token` is what head() tells of it. Nothing is
  /// visible before complete().
  Result<S3NewUpload> begin_upload(const std::string& key, const std::string& token,
                                   std::stop_token stop = {}) const;
  /// Write a part, from 1; all but the last have 5 MiB at least. Returns its ETag.
  Result<std::string> upload_part(const S3Upload& upload, int number, std::string bytes,
                                  std::stop_token stop = {}) const;
  /// Make the object of the parts. Errors: kNotFound where there is no such upload: it
  /// was completed, or aborted.
  Status complete_upload(const S3Upload& upload, std::span<const std::string> part_etags,
                         std::stop_token stop = {}) const;
  /// Idempotent.
  Status abort_upload(const S3Upload& upload, std::stop_token stop = {}) const;
  /// The same, tried once: where nobody waits for what comes of it.
  void abandon_upload(const S3Upload& upload) const;
  Result<S3Uploads> list_uploads(std::string_view prefix,
                                 std::stop_token stop = {}) const;

 private:
  const std::shared_ptr<S3Client> client_;
};

}  // namespace velo::storage
