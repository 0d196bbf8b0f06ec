#include "velo/connectors/s3/sink.h"

#include <utility>

#include "velo/base/glob.h"
#include "velo/connectors/s3/prefix.h"
#include "velo/fileset/sink.h"
#include "velo/storage/s3_output.h"

namespace velo::s3 {
namespace {

// An upload that is completed at the end.
class PublishedObject : public fileset::PublishedOutput {
 public:
  PublishedObject(std::shared_ptr<storage::S3Output> output,
                  std::shared_ptr<std::stop_token> stop)
      : output_(std::move(output)), bytes_(output_), stop_(std::move(stop)) {}

  ~PublishedObject() override { PublishedObject::discard(); }

  const std::shared_ptr<arrow::io::OutputStream>& bytes() const override {
    return bytes_;
  }

  void set_stop(const std::stop_token& stop) override { *stop_ = stop; }

  Status publish() override {
    ARROW_RETURN_NOT_OK(output_->finish());
    ARROW_RETURN_NOT_OK(output_->complete());
    ended_ = true;
    return Status::OK();
  }

  void discard() noexcept override {
    if (!std::exchange(ended_, true)) output_->discard();
  }

 private:
  const std::shared_ptr<storage::S3Output> output_;
  const std::shared_ptr<arrow::io::OutputStream> bytes_;
  const std::shared_ptr<std::stop_token> stop_;
  bool ended_ = false;
};

class SingleObject : public fileset::SingleFile {
 public:
  SingleObject(std::shared_ptr<storage::S3Bucket> bucket, std::string key)
      : bucket_(std::move(bucket)),
        key_(std::move(key)),
        shown_(bucket_->client().shown(key_)) {}

  Result<std::unique_ptr<fileset::PublishedOutput>> create() override {
    auto stop = std::make_shared<std::stop_token>();
    ARROW_ASSIGN_OR_RAISE(auto output, storage::S3Output::create(bucket_, key_, "object",
                                                                 stop, memory_bytes_));
    return std::make_unique<PublishedObject>(std::move(output), std::move(stop));
  }

  Result<bool> exists() override {
    const auto object = bucket_->head(key_);
    if (object.ok()) return true;
    if (kind_of(object.status()) == ErrorKind::kNotFound) return false;
    return object.status();
  }

  void limit_memory(int64_t num_bytes) override { memory_bytes_ = num_bytes; }

  const std::string& shown() const override { return shown_; }

 private:
  const std::shared_ptr<storage::S3Bucket> bucket_;
  const std::string key_;
  const std::string shown_;
  int64_t memory_bytes_ = storage::S3Output::kPartBytes;
};

}  // namespace

Result<std::unique_ptr<DataSink>> make_s3_sink(S3Options options) {
  ARROW_ASSIGN_OR_RAISE(auto client, storage::S3Client::make(options.address));
  auto bucket = std::make_shared<storage::S3Bucket>(std::move(client));
  if (options.is_directory) {
    auto prefix = make_prefix(options, std::move(bucket));
    return fileset::make_directory_sink(std::move(options), std::move(prefix));
  }
  auto object =
      std::make_shared<SingleObject>(std::move(bucket), literal_path(options.pattern));
  return fileset::make_single_file_sink(std::move(options), std::move(object));
}

}  // namespace velo::s3
