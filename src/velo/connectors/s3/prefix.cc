#include "velo/connectors/s3/prefix.h"

#include <fmt/format.h>

#include <utility>

#include "velo/base/glob.h"
#include "velo/base/random_id.h"
#include "velo/storage/s3_manifest_store.h"
#include "velo/storage/s3_output.h"

namespace velo::s3 {
namespace {

constexpr int kManyPerPage = 1000;

class UploadedOutput : public fileset::StagedOutput {
 public:
  explicit UploadedOutput(std::shared_ptr<storage::S3Output> output)
      : output_(std::move(output)), bytes_(output_) {}

  const std::shared_ptr<arrow::io::OutputStream>& bytes() const override {
    return bytes_;
  }

  int64_t held_bytes() const override { return output_->held_bytes(); }

  Status finish(storage::ManifestFile& entry) override {
    ARROW_RETURN_NOT_OK(output_->finish());
    entry.upload = output_->upload().id;
    entry.parts = output_->part_etags();
    return Status::OK();
  }

  void discard() noexcept override { output_->discard(); }

 private:
  const std::shared_ptr<storage::S3Output> output_;
  const std::shared_ptr<arrow::io::OutputStream> bytes_;
};

// Uploads that the manifest completes.
class Uploads : public fileset::StagingArea {
 public:
  Uploads(std::shared_ptr<storage::S3Bucket> bucket, std::string prefix)
      : bucket_(std::move(bucket)), prefix_(std::move(prefix)) {}

  void set_stop(const std::stop_token& stop) override { *stop_ = stop; }

  void limit_memory(int64_t bytes_per_file) override { bytes_per_file_ = bytes_per_file; }

  Result<std::unique_ptr<fileset::StagedOutput>> create(
      const storage::ManifestFile& entry) override {
    const std::string name = entry.path.substr(entry.path.rfind('/') + 1);
    ARROW_ASSIGN_OR_RAISE(
        auto output, storage::S3Output::create(bucket_, prefix_ + entry.path, name, stop_,
                                               bytes_per_file_));
    return std::make_unique<UploadedOutput>(std::move(output));
  }

  Status sync() override { return Status::OK(); }

 private:
  const std::shared_ptr<storage::S3Bucket> bucket_;
  const std::string prefix_;
  const std::shared_ptr<std::stop_token> stop_ = std::make_shared<std::stop_token>();
  int64_t bytes_per_file_ = storage::S3Output::kPartBytes;
};

// Whether a key, below the prefix, is in it or in its partitions: "country=NL/a.csv".
bool is_in_partitions(std::string_view key) {
  for (size_t begin = 0;;) {
    const size_t end = key.find('/', begin);
    const std::string_view part = key.substr(begin, end - begin);
    if (part.starts_with('.')) return false;
    if (end == std::string_view::npos) return !part.empty();
    if (part.find('=') == std::string_view::npos) return false;
    begin = end + 1;
  }
}

class Prefix : public fileset::Directory {
 public:
  Prefix(std::shared_ptr<storage::S3Bucket> bucket, std::string prefix)
      : bucket_(std::move(bucket)),
        prefix_(std::move(prefix)),
        shown_(bucket_->client().shown(prefix_)) {}

  Result<fileset::DirectoryRecord> open_record(const std::string& pipeline) override {
    auto store = std::make_unique<storage::S3ManifestStore>(bucket_, prefix_, pipeline);
    fileset::DirectoryRecord record;
    record.exists = [place = store.get()] { return place->exists(); };
    record.open_staging = [bucket = bucket_, prefix = prefix_] {
      return std::make_unique<Uploads>(bucket, prefix);
    };
    record.store = std::move(store);
    return record;
  }

  Result<std::vector<std::string>> list_records(const std::string& prefix,
                                                std::stop_token stop) override {
    const std::string home = prefix_ + "_velo/";
    std::vector<std::string> pipelines;
    const auto visit = [&](const storage::S3Object& object) {
      const std::string_view below = std::string_view(object.key).substr(home.size());
      const std::string_view pipeline = below.substr(0, below.find('/'));
      const bool is_new = pipelines.empty() || pipelines.back() != pipeline;
      if (is_new && pipeline.size() < below.size()) pipelines.emplace_back(pipeline);
      return true;
    };
    ARROW_RETURN_NOT_OK(
        bucket_->list(home + prefix, kManyPerPage, visit, std::move(stop)));
    return pipelines;
  }

  Result<std::vector<std::string>> list() override {
    std::vector<std::string> files;
    ARROW_RETURN_NOT_OK(
        bucket_->list(prefix_, kManyPerPage, [&](const storage::S3Object& object) {
          std::string below = object.key.substr(prefix_.size());
          if (is_in_partitions(below)) files.push_back(std::move(below));
          return true;
        }));
    return files;
  }

  void check(CheckReport& report, const std::stop_token& stop) override {
    const std::string key = fmt::format("{}_velo/check-{}", prefix_, random_id());
    const auto list = [&]() -> Result<std::string> {
      const auto stop_at_first = [](const storage::S3Object&) { return false; };
      ARROW_RETURN_NOT_OK(bucket_->list(prefix_, 1, stop_at_first, stop));
      return "the bucket is there";
    };
    if (!report.tried("list " + shown_, list()).ok()) return;
    const auto put = [&]() -> Result<std::string> {
      ARROW_ASSIGN_OR_RAISE(const auto made, bucket_->put_new(key, "", "one", stop));
      if (made.is_ours) return "put";
      return make_error(ErrorKind::kConflict, bucket_->client().context(key),
                        "an object is in the way");
    };
    const std::string shown_key = bucket_->client().shown(key);
    if (!report.tried("put " + shown_key, put()).ok()) return;
    (void)report.tried("honour If-None-Match", try_condition(key, stop));
    (void)report.tried("upload in parts", try_upload(key + "-upload", stop));
    const Status removed = bucket_->remove(key, {}, stop);
    (void)report.tried("delete " + shown_key,
                       removed.ok() ? Result<std::string>("deleted") : removed);
  }

  const std::string& shown() const override { return shown_; }

 private:
  Result<std::string> try_condition(const std::string& key,
                                    const std::stop_token& stop) const {
    ARROW_ASSIGN_OR_RAISE(const auto again, bucket_->put_new(key, "", "two", stop));
    if (!again.is_ours) return "what is there is not overwritten";
    return make_error(ErrorKind::kNotImplemented, bucket_->client().context(key),
                      "this store overwrites what is there although it is told not to, "
                      "so that rows could be committed twice; write one object, whose "
                      "name does not end in /, or to another store");
  }

  Result<std::string> try_upload(const std::string& key,
                                 const std::stop_token& stop) const {
    ARROW_ASSIGN_OR_RAISE(const auto begun, bucket_->begin_upload(key, "check", stop));
    const storage::S3Upload upload{.key = key, .id = begun.id};
    const auto listed = bucket_->list_uploads(key, stop);
    ARROW_RETURN_NOT_OK(bucket_->abort_upload(upload));
    ARROW_RETURN_NOT_OK(listed);
    return "begun, listed, aborted";
  }

  const std::shared_ptr<storage::S3Bucket> bucket_;
  const std::string prefix_;
  const std::string shown_;
};

}  // namespace

std::shared_ptr<fileset::Directory> make_prefix(
    const S3Options& options, std::shared_ptr<storage::S3Bucket> bucket) {
  std::string prefix = literal_path(options.pattern);
  if (!prefix.empty() && !prefix.ends_with('/')) prefix += '/';
  return std::make_shared<Prefix>(std::move(bucket), std::move(prefix));
}

}  // namespace velo::s3
