#include "velo/connectors/s3/objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "velo/base/glob.h"
#include "velo/fileset/encoding.h"
#include "velo/storage/s3_input.h"

namespace velo::s3 {
namespace {

constexpr int kManyPerPage = 1000;

// Whether some part of a key is hidden, or of velo's own.
bool is_hidden(std::string_view key) {
  for (size_t begin = 0; begin <= key.size();) {
    const size_t end = std::min(key.find('/', begin), key.size());
    const std::string_view part = key.substr(begin, end - begin);
    if (part.starts_with('.') || part == "_velo") return true;
    begin = end + 1;
  }
  return false;
}

class Objects : public fileset::FileStore {
 public:
  explicit Objects(S3Options options) : options_(std::move(options)) {}

  void set_stop(std::stop_token stop) override { stop_ = std::move(stop); }

  Result<std::vector<std::string>> list() override {
    const std::lock_guard lock(mutex_);
    ARROW_RETURN_NOT_OK(connect());
    std::vector<std::string> keys;
    const std::string literal = literal_path(options_.pattern);
    if (has_glob(options_.pattern)) {
      ARROW_ASSIGN_OR_RAISE(keys, list_matches());
    } else if (literal.empty() || literal.ends_with('/')) {
      ARROW_ASSIGN_OR_RAISE(keys, list_below(literal));
    } else {
      ARROW_ASSIGN_OR_RAISE(keys, list_one(literal));
    }
    std::ranges::sort(keys);
    return keys;
  }

  Result<fileset::FileVersion> version_of(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    ARROW_RETURN_NOT_OK(connect());
    if (const auto known = versions_.find(path); known != versions_.end()) {
      return known->second;
    }
    ARROW_ASSIGN_OR_RAISE(const auto object, bucket_->head(path, stop_));
    return note(object);
  }

  Result<std::shared_ptr<arrow::io::RandomAccessFile>> open(
      const std::string& path, const fileset::FileVersion& version,
      std::stop_token stop) override {
    const std::lock_guard lock(mutex_);
    ARROW_RETURN_NOT_OK(connect());
    return std::make_shared<storage::S3Input>(
        bucket_,
        storage::S3Object{.key = path,
                          .num_bytes = version.num_bytes,
                          .etag = version.mark,
                          .modified = {},
                          .token = {}},
        stop.stop_possible() ? std::move(stop) : stop_);
  }

  SplitId split_of(const std::string& path) const override {
    return fileset::split_of_path(path);
  }
  std::string path_of(const SplitId& split) const override {
    return fileset::path_of_split(split);
  }
  std::string shown(const std::string& path) const override {
    return fmt::format("s3://{}/{}", options_.address.bucket,
                       fileset::split_of_path(path));
  }

 private:
  Status connect() {
    if (bucket_) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto client, storage::S3Client::make(options_.address));
    bucket_ = std::make_shared<storage::S3Bucket>(std::move(client));
    return Status::OK();
  }

  // What an object is read as: a later one of its key is another.
  fileset::FileVersion note(const storage::S3Object& object) {
    fileset::FileVersion version{.num_bytes = object.num_bytes, .mark = object.etag};
    versions_[object.key] = version;
    return version;
  }

  template <typename Wanted>
  Result<std::vector<std::string>> list_wanted(const std::string& prefix,
                                               const Wanted& wanted) {
    const std::string directory = prefix.substr(0, prefix.rfind('/') + 1);
    std::vector<std::string> keys;
    ARROW_RETURN_NOT_OK(bucket_->list(
        prefix, kManyPerPage,
        [&](const storage::S3Object& object) {
          const bool is_marker = object.key.ends_with('/');  // of a console's "folder"
          if (!is_marker && !is_hidden(object.key.substr(directory.size())) &&
              wanted(object.key)) {
            note(object);
            keys.push_back(object.key);
          }
          return true;
        },
        stop_));
    return keys;
  }

  Result<std::vector<std::string>> list_matches() {
    ARROW_ASSIGN_OR_RAISE(const Glob glob, Glob::parse(options_.pattern));
    const std::string prefix = literal_prefix(options_.pattern);
    ARROW_ASSIGN_OR_RAISE(auto keys, list_wanted(prefix, [&](const std::string& key) {
                            return glob.matches(key);
                          }));
    if (!keys.empty()) return keys;
    return make_error(ErrorKind::kNotFound,
                      {.connector = "s3", .resource = shown(options_.pattern)},
                      "no object matches the pattern");
  }

  Result<std::vector<std::string>> list_below(const std::string& prefix) {
    ARROW_ASSIGN_OR_RAISE(auto keys, list_wanted(prefix, [&](const std::string& key) {
                            return fileset::is_read_unnamed(key, options_.values);
                          }));
    if (!keys.empty()) return keys;
    return make_error(ErrorKind::kNotFound,
                      {.connector = "s3", .resource = shown(prefix)},
                      "no object of a known format is below this prefix; say format= if "
                      "there should be");
  }

  Result<std::vector<std::string>> list_one(const std::string& key) {
    const auto object = bucket_->head(key, stop_);
    if (object.ok()) {
      note(*object);
      return std::vector<std::string>{key};
    }
    if (kind_of(object.status()) != ErrorKind::kNotFound) return object.status();
    auto below = list_below(key + "/");
    if (below.ok() || kind_of(below.status()) != ErrorKind::kNotFound ||
        !context_of(below.status())->vendor_code.empty()) {
      return below;
    }
    return make_error(ErrorKind::kNotFound, {.connector = "s3", .resource = shown(key)},
                      "there is no such object, and none below it");
  }

  const S3Options options_;
  std::stop_token stop_;
  std::mutex mutex_;
  // Guarded by mutex_.
  std::shared_ptr<storage::S3Bucket> bucket_;
  std::map<std::string, fileset::FileVersion> versions_;
};

}  // namespace

std::shared_ptr<fileset::FileStore> make_objects(S3Options options) {
  return std::make_shared<Objects>(std::move(options));
}

}  // namespace velo::s3
