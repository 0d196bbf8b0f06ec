// What every source and sink does, of Iceberg's tables.

#include "velo/testing/conformance/conformance.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "velo/base/random_id.h"
#include "velo/connectors/iceberg/connector.h"
#include "velo/http/client.h"
#include "velo/testing/matchers.h"
#include "velo/testing/temporary_folder.h"

namespace velo::iceberg {
namespace {

using testing::IsOk;
using testing::Place;
using testing::Trait;
using testing::with_option;

// A table in a catalog that is a file, with its files beside it.
class LocalTable : public Place {
 public:
  static Result<std::unique_ptr<Place>> make() { return std::make_unique<LocalTable>(); }

  Uri sink() const override { return with_option(address(), "create_namespace", "true"); }
  Uri source(const arrow::Schema&) const override { return address(); }
  std::string name() const override { return "catalog.db"; }

 private:
  Uri address() const {
    const Uri uri = parse_uri("iceberg://lake/conformance/rows").ValueOrDie();
    return with_option(with_option(uri, "warehouse", folder_.path() + "lake"),
                       "catalog_uri", "sqlite:///" + folder_.path() + "catalog.db");
  }

  const testing::TemporaryFolder folder_;
};

// A table in a REST catalog, with its files in S3.
class RestTable : public Place {
 public:
  static Result<std::unique_ptr<Place>> make() {
    ARROW_ASSIGN_OR_RAISE(Uri uri, testing::uri_of_server("VELO_TEST_ICEBERG_URI"));
    ARROW_ASSIGN_OR_RAISE(const Uri store,
                          testing::uri_of_server("VELO_TEST_ICEBERG_STORE_URI"));
    const std::string name = "velo_conformance_" + random_id();
    uri.path = "/" + name + "/rows";
    for (const auto& [option, value] : store.options) {
      uri = with_option(uri, option, value);
    }
    return std::unique_ptr<Place>(new RestTable(uri, name));
  }

  ~RestTable() override {
    for (const std::string what : {"/tables/rows?purgeRequested=true", ""}) {
      EXPECT_THAT(remove("/v1/namespaces/" + namespace_ + what), IsOk());
    }
  }

  Uri sink() const override { return with_option(uri_, "create_namespace", "true"); }
  Uri source(const arrow::Schema&) const override { return uri_; }
  std::string name() const override { return "rows"; }

 private:
  RestTable(Uri uri, std::string name)
      : uri_(std::move(uri)), namespace_(std::move(name)) {}

  Status remove(const std::string& path) const {
    const std::string* catalog = uri_.find_option("catalog_uri");
    ARROW_ASSIGN_OR_RAISE(const auto client,
                          http::Client::make({.context = {.connector = "iceberg"}}));
    return client->send({.method = "DELETE", .url = *catalog + path}, 1 << 20, {})
        .status();
  }

  const Uri uri_;
  const std::string namespace_;
};

testing::SourceKind source(std::string name, Result<std::unique_ptr<Place>> (*make)(),
                           const std::vector<testing::TypeTrip>& types) {
  return {{.name = std::move(name),
           .lacks = {{Trait::kStreams, "what is there when it is opened is all of it"},
                     {Trait::kBadRecords, "values are of the types of their columns"}},
           .make_place = make,
           .types = types},
          /*num_rows_for_positions=*/40'000};
}

testing::SinkKind sink(std::string name, Result<std::unique_ptr<Place>> (*make)(),
                       const std::vector<testing::TypeTrip>& types) {
  return {{.name = std::move(name),
           .lacks = {{Trait::kUpserts, "rows are appended"},
                     {Trait::kWaits, "a Parquet file is sent a row group at a time"}},
           .make_place = make,
           .types = types},
          CommitKind::kDurable,
          {{CommitStep::kBetweenCompletes, "what is decided is complete"}}};
}

testing::Conformance conformance() {
  const auto types = testing::all_types_but({
      {arrow::int8(), arrow::int32()},
      {arrow::int16(), arrow::int32()},
      {arrow::uint8(), arrow::int32()},
      {arrow::uint16(), arrow::int32()},
      {arrow::uint32(), arrow::int64()},
      {arrow::uint64(), nullptr},
  });
  return {
      .folder = "iceberg",
      .connector = iceberg_connector(),
      .sources = {source("rest", RestTable::make, types),
                  source("file", LocalTable::make, types)},
      .sinks = {sink("rest", RestTable::make, types),
                sink("file", LocalTable::make, types)},
  };
}

}  // namespace
}  // namespace velo::iceberg

int main(int argc, char** argv) {
  return velo::testing::run_conformance(argc, argv, velo::iceberg::conformance());
}
