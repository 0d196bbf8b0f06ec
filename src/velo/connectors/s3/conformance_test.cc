// What every source and sink does, of objects in S3.

#include "velo/testing/conformance/conformance.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "velo/base/random_id.h"
#include "velo/connectors/s3/connector.h"
#include "velo/connectors/s3/options.h"
#include "velo/storage/s3_bucket.h"
#include "velo/testing/conformance/holdable_proxy.h"
#include "velo/testing/matchers.h"

namespace velo::s3 {
namespace {

using testing::HoldableProxy;
using testing::IsOk;
using testing::Place;
using testing::Trait;
using testing::with_option;

enum class Shape : int8_t { kPrefix, kOverwritten, kOneObject };

// A prefix, or an object, below a prefix of its own. Who writes goes through a proxy.
class Objects : public Place {
 public:
  static Result<std::unique_ptr<Place>> make(Shape shape, std::string format) {
    ARROW_ASSIGN_OR_RAISE(Uri uri, testing::uri_of_server("VELO_TEST_S3_URI"));
    const std::string prefix = "conformance-" + random_id() + "/";
    uri.path = "/" + prefix;
    ARROW_ASSIGN_OR_RAISE(
        const auto options,
        S3Options::from_uri(with_option(uri, "format", format), OptionUse::kSink));
    ARROW_ASSIGN_OR_RAISE(auto client, storage::S3Client::make(options.address));
    ARROW_ASSIGN_OR_RAISE(const Uri server, parse_uri(options.address.endpoint));
    if (server.hosts.size() != 1 || !server.hosts.front().port) {
      return make_error(ErrorKind::kInvalidArgument, {.resource = "VELO_TEST_S3_URI"},
                        "endpoint= is to be an address with a port");
    }
    ARROW_ASSIGN_OR_RAISE(auto proxy, HoldableProxy::start(server.hosts.front().name,
                                                           *server.hosts.front().port));
    return std::unique_ptr<Place>(new Objects(
        shape, std::move(format), uri, prefix,
        std::make_unique<storage::S3Bucket>(std::move(client)), std::move(proxy)));
  }

  ~Objects() override {
    const auto keys = all_keys();
    EXPECT_THAT(keys, IsOk());
    if (!keys.ok()) return;
    for (const std::string& key : *keys) EXPECT_THAT(bucket_->remove(key), IsOk());
    const auto uploads = bucket_->list_uploads(prefix_);
    EXPECT_THAT(uploads, IsOk());
    if (!uploads.ok()) return;
    for (const auto& upload : uploads->uploads) {
      EXPECT_THAT(bucket_->abort_upload(upload), IsOk());
    }
  }

  Uri sink() const override {
    Uri uri = with_option(address(), "endpoint",
                          fmt::format("http://127.0.0.1:{}", proxy_->port()));
    if (shape_ != Shape::kOneObject) uri = with_option(uri, "format", format_);
    if (shape_ != Shape::kOverwritten) return uri;
    return with_option(uri, "mode", "overwrite");
  }

  Uri source(const arrow::Schema& rows) const override {
    if (format_ == "parquet") return address();
    return with_option(address(), "schema", testing::schema_option(rows));
  }

  std::string name() const override { return address().path; }

  Result<std::vector<std::string>> leftovers() const override {
    ARROW_ASSIGN_OR_RAISE(auto names, all_keys());
    std::erase_if(names, [](const std::string& key) {
      return key.find("_velo") == std::string::npos;
    });
    ARROW_ASSIGN_OR_RAISE(const auto uploads, bucket_->list_uploads(prefix_));
    for (const auto& upload : uploads.uploads) names.push_back("upload of " + upload.key);
    return names;
  }

  Result<std::unique_ptr<testing::Blockade>> block() override {
    return std::make_unique<testing::HeldProxy>(*proxy_);
  }

 private:
  Objects(Shape shape, std::string format, Uri uri, std::string prefix,
          std::unique_ptr<storage::S3Bucket> bucket, std::unique_ptr<HoldableProxy> proxy)
      : shape_(shape),
        format_(std::move(format)),
        uri_(std::move(uri)),
        prefix_(std::move(prefix)),
        bucket_(std::move(bucket)),
        proxy_(std::move(proxy)) {}

  Uri address() const {
    Uri uri = uri_;
    uri.path += shape_ == Shape::kOneObject ? "rows." + format_ : std::string("rows/");
    return uri;
  }

  Result<std::vector<std::string>> all_keys() const {
    std::vector<std::string> keys;
    ARROW_RETURN_NOT_OK(bucket_->list(prefix_, 1000, [&](const storage::S3Object& one) {
      keys.push_back(one.key);
      return true;
    }));
    return keys;
  }

  const Shape shape_;
  const std::string format_;
  const Uri uri_;
  const std::string prefix_;
  const std::unique_ptr<storage::S3Bucket> bucket_;
  const std::unique_ptr<HoldableProxy> proxy_;
};

template <Shape shape, const char* format>
Result<std::unique_ptr<Place>> make() {
  return Objects::make(shape, format);
}

constexpr char kCsv[] = "csv";
constexpr char kParquet[] = "parquet";

const char kNoObjects[] = "rows make objects: without rows there is none";
const char kNoColumns[] = "a prefix takes objects of any columns";
const char kNoKeys[] = "a row has no key here";
const char kTyped[] = "values are of the types of their columns";
const char kEndsThere[] = "what is there when it is opened is all of it";
const char kHoldsRows[] = "a Parquet file is sent a row group at a time";

testing::Conformance conformance() {
  const auto types = testing::all_types();
  const auto csv_types = testing::all_types_but({{arrow::binary(), nullptr}});
  return {
      .folder = "s3",
      .connector = s3_connector(),
      .sources =
          {
              {{.name = "csv",
                .lacks = {{Trait::kReadsNothing, kNoObjects},
                          {Trait::kStreams, kEndsThere}},
                .make_place = make<Shape::kPrefix, kCsv>,
                .types = csv_types},
               /*num_rows_for_positions=*/150'000},
              {{.name = "parquet",
                .lacks = {{Trait::kReadsNothing, kNoObjects},
                          {Trait::kStreams, kEndsThere},
                          {Trait::kBadRecords, kTyped}},
                .make_place = make<Shape::kPrefix, kParquet>,
                .types = types},
               /*num_rows_for_positions=*/40'000},
          },
      .sinks =
          {
              {{.name = "prefix",
                .lacks = {{Trait::kChecksColumns, kNoColumns},
                          {Trait::kUpserts, kNoKeys}},
                .make_place = make<Shape::kPrefix, kCsv>,
                .types = csv_types}},
              {{.name = "overwritten",
                .lacks = {{Trait::kAppends, "all of it is replaced, at the end"},
                          {Trait::kChecksColumns, kNoColumns},
                          {Trait::kUpserts, kNoKeys},
                          {Trait::kWaits, kHoldsRows}},
                .make_place = make<Shape::kOverwritten, kParquet>,
                .types = types}},
              {{.name = "one_object",
                .lacks = {{Trait::kTransactional, "it is written whole, by a rerun too"},
                          {Trait::kAppends, "it is replaced"},
                          {Trait::kChecksColumns, kNoColumns},
                          {Trait::kUpserts, kNoKeys}},
                .make_place = make<Shape::kOneObject, kCsv>,
                .types = csv_types}},
          },
  };
}

}  // namespace
}  // namespace velo::s3

int main(int argc, char** argv) {
  return velo::testing::run_conformance(argc, argv, velo::s3::conformance());
}
