#include "velo/connectors/s3/prefix.h"

#include <fmt/format.h>

#include <utility>

#include "velo/base/glob.h"
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

  Result<std::unique_ptr<fileset::StagedOutput>> create(
      const storage::ManifestFile& entry) override {
    const std::string name = entry.path.substr(entry.path.rfind('/') + 1);
    ARROW_ASSIGN_OR_RAISE(auto output, storage::S3Output::create(
                                           bucket_, prefix_ + entry.path, name, stop_));
    return std::make_unique<UploadedOutput>(std::move(output));
  }

  Status sync() override { return Status::OK(); }

 private:
  const std::shared_ptr<storage::S3Bucket> bucket_;
  const std::string prefix_;
  const std::shared_ptr<std::stop_token> stop_ = std::make_shared<std::stop_token>();
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

  Result<std::vector<std::string>> list_records(std::stop_token stop) override {
    const std::string home = prefix_ + "_velo/";
    std::vector<std::string> pipelines;
    const auto visit = [&](const storage::S3Object& object) {
      const std::string_view below = std::string_view(object.key).substr(home.size());
      const std::string_view pipeline = below.substr(0, below.find('/'));
      const bool is_new = pipelines.empty() || pipelines.back() != pipeline;
      if (is_new && pipeline.size() < below.size()) pipelines.emplace_back(pipeline);
      return true;
    };
    ARROW_RETURN_NOT_OK(bucket_->list(home, kManyPerPage, visit, std::move(stop)));
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

  const std::string& shown() const override { return shown_; }

 private:
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
