#include "velo/connectors/iceberg/s3_file_io.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <utility>

#include "velo/storage/s3_bucket.h"
#include "velo/storage/s3_input.h"
#include "velo/storage/s3_output.h"

namespace velo::iceberg {
namespace {

constexpr char kDefaultRegion[] = "us-east-1";
constexpr int kListPage = 1000;

// A whole object at its end, or none.
class NewObject : public arrow::io::OutputStream {
 public:
  // One of fewer than `part_bytes` is written by one request.
  NewObject(std::shared_ptr<storage::S3Bucket> bucket, std::string key,
            std::stop_token stop, int64_t part_bytes)
      : bucket_(std::move(bucket)),
        key_(std::move(key)),
        stop_(std::move(stop)),
        part_bytes_(static_cast<size_t>(part_bytes)) {}

  ~NewObject() override { drop(); }

  Status Write(const void* data, int64_t num_bytes) override {
    position_ += num_bytes;
    std::string_view bytes(static_cast<const char*>(data),
                           static_cast<size_t>(num_bytes));
    if (!parts_) {
      const size_t taken = std::min(bytes.size(), part_bytes_ - first_.size());
      make_room(first_.size() + taken);
      first_ += bytes.substr(0, taken);
      bytes.remove_prefix(taken);
      if (first_.size() < part_bytes_) return Status::OK();
      ARROW_ASSIGN_OR_RAISE(parts_, storage::S3Output::create(
                                        bucket_, key_, /*token=*/key_,
                                        std::make_shared<const std::stop_token>(stop_),
                                        static_cast<int64_t>(part_bytes_)));
      ARROW_RETURN_NOT_OK(parts_->write_part(std::exchange(first_, {})));
    }
    return parts_->Write(bytes.data(), static_cast<int64_t>(bytes.size()));
  }
  using arrow::io::Writable::Write;
  Status Flush() override { return Status::OK(); }
  Result<int64_t> Tell() const override { return position_; }
  bool closed() const override { return closed_; }

  Status Close() override {
    if (closed_) return Status::OK();
    if (parts_) {
      ARROW_RETURN_NOT_OK(parts_->finish());
      ARROW_RETURN_NOT_OK(parts_->complete());
    } else {
      ARROW_RETURN_NOT_OK(bucket_->put(key_, first_, stop_));
    }
    closed_ = true;
    return Status::OK();
  }

  Status Abort() override {
    drop();
    return Status::OK();
  }

 private:
  // Doubled, but never more than a part.
  void make_room(size_t num_bytes) {
    if (num_bytes <= first_.capacity()) return;
    first_.reserve(std::min(std::max(num_bytes, 2 * first_.capacity()), part_bytes_));
  }

  void drop() noexcept {
    if (std::exchange(closed_, true) || !parts_) return;
    parts_->discard();
  }

  const std::shared_ptr<storage::S3Bucket> bucket_;
  const std::string key_;
  const std::stop_token stop_;
  const size_t part_bytes_;
  std::string first_;  // bytes, until there are so many that they go in parts
  std::shared_ptr<storage::S3Output> parts_;
  int64_t position_ = 0;
  bool closed_ = false;
};

struct ObjectPlace {
  std::string bucket;
  std::string key;
};

Result<ObjectPlace> place_of(const std::string& location) {
  for (const std::string_view scheme : {"s3://", "s3a://", "s3n://"}) {
    if (!location.starts_with(scheme)) continue;
    const std::string rest = location.substr(scheme.size());
    const size_t slash = std::min(rest.find('/'), rest.size());
    if (slash == 0 || slash + 1 >= rest.size()) break;
    return ObjectPlace{.bucket = rest.substr(0, slash), .key = rest.substr(slash + 1)};
  }
  return make_error(ErrorKind::kNotImplemented,
                    {.connector = "iceberg", .resource = location},
                    "this is no object of S3, where the rest of the table is; tables in "
                    "several stores are not read yet");
}

class S3FileIo : public FileIo {
 public:
  explicit S3FileIo(StorageSettings settings) : settings_(std::move(settings)) {}

  void set_stop(const std::stop_token& stop) override {
    const std::lock_guard lock(mutex_);
    stop_ = stop;
  }

  Result<std::shared_ptr<arrow::io::RandomAccessFile>> open(
      const std::string& location, std::stop_token stop) override {
    ARROW_ASSIGN_OR_RAISE(const ObjectPlace place, place_of(location));
    ARROW_ASSIGN_OR_RAISE(auto bucket, bucket_of(place));
    if (!stop.stop_possible()) stop = this->stop();
    ARROW_ASSIGN_OR_RAISE(auto object, bucket->head(place.key, stop));
    return std::make_shared<storage::S3Input>(std::move(bucket), std::move(object),
                                              std::move(stop));
  }

  Result<std::shared_ptr<arrow::io::OutputStream>> create(const std::string& location,
                                                          int64_t memory_bytes) override {
    ARROW_ASSIGN_OR_RAISE(const ObjectPlace place, place_of(location));
    ARROW_ASSIGN_OR_RAISE(auto bucket, bucket_of(place));
    const int64_t part_bytes = std::clamp(
        memory_bytes, storage::S3Output::kLeastPartBytes, storage::S3Output::kPartBytes);
    return std::make_shared<NewObject>(std::move(bucket), place.key, stop(), part_bytes);
  }

  Status remove(const std::string& location) override {
    ARROW_ASSIGN_OR_RAISE(const ObjectPlace place, place_of(location));
    ARROW_ASSIGN_OR_RAISE(const auto bucket, bucket_of(place));
    return bucket->remove(place.key, {}, stop());
  }

  Result<std::vector<std::string>> list(const std::string& directory,
                                        const std::string& prefix) override {
    const std::string start = directory + "/";
    ARROW_ASSIGN_OR_RAISE(const ObjectPlace place, place_of(start + prefix));
    ARROW_ASSIGN_OR_RAISE(const auto bucket, bucket_of(place));
    const size_t num_before = place.key.size() - prefix.size();
    std::vector<std::string> locations;
    const auto visit = [&](const storage::S3Object& object) {
      locations.push_back(start + object.key.substr(num_before));
      return true;
    };
    ARROW_RETURN_NOT_OK(bucket->list(place.key, kListPage, visit, stop()));
    return locations;
  }

 private:
  std::stop_token stop() const {
    const std::lock_guard lock(mutex_);
    return stop_;
  }

  // A setting, else the first of the environment's variables that is set.
  std::string setting(std::initializer_list<const char*> names,
                      std::initializer_list<const char*> variables) const {
    for (const char* name : names) {
      const auto found = settings_.find(name);
      if (found != settings_.end() && !found->second.empty()) return found->second;
    }
    for (const char* variable : variables) {
      const char* value = std::getenv(variable);
      if (value && *value) return value;
    }
    return {};
  }

  // All of one place: a key of the catalog's does not meet a secret of the environment.
  std::optional<http::Credentials> credentials() const {
    const bool is_set = settings_.contains("s3.access-key-id");
    const auto one = [&](const char* name, const char* variable) {
      return is_set ? setting({name}, {}) : setting({}, {variable});
    };
    http::Credentials keys{
        .access_key_id = one("s3.access-key-id", "AWS_ACCESS_KEY_ID"),
        .secret_access_key = one("s3.secret-access-key", "AWS_SECRET_ACCESS_KEY"),
        .session_token = one("s3.session-token", "AWS_SESSION_TOKEN")};
    if (keys.access_key_id.empty()) return std::nullopt;
    return keys;
  }

  Result<std::shared_ptr<storage::S3Bucket>> bucket_of(const ObjectPlace& place) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<storage::S3Bucket>& bucket = buckets_[place.bucket];
    if (bucket) return bucket;
    storage::S3Address address{
        .bucket = place.bucket,
        .region =
            setting({"s3.region", "client.region"}, {"AWS_REGION", "AWS_DEFAULT_REGION"}),
        .endpoint = setting({"s3.endpoint"}, {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}),
        .credentials = credentials()};
    if (address.region.empty()) address.region = kDefaultRegion;
    while (address.endpoint.ends_with('/')) address.endpoint.pop_back();
    if (!address.credentials) {
      return make_error(
          ErrorKind::kUnauthenticated,
          {.connector = "iceberg", .resource = "s3://" + place.bucket},
          "no keys to ask with, neither from the catalog; set AWS_ACCESS_KEY_ID and "
          "AWS_SECRET_ACCESS_KEY, or give access_key_id= and secret_access_key=");
    }
    ARROW_ASSIGN_OR_RAISE(auto client, storage::S3Client::make(std::move(address)));
    bucket = std::make_shared<storage::S3Bucket>(std::move(client));
    return bucket;
  }

  const StorageSettings settings_;
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::stop_token stop_;
  std::map<std::string, std::shared_ptr<storage::S3Bucket>> buckets_;
};

}  // namespace

std::unique_ptr<FileIo> make_s3_file_io(StorageSettings settings) {
  return std::make_unique<S3FileIo>(std::move(settings));
}

}  // namespace velo::iceberg
