// What every source and sink does, of ClickHouse's tables.

#include "velo/testing/conformance/conformance.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <vector>

#include "velo/base/random_id.h"
#include "velo/connectors/clickhouse/client.h"
#include "velo/connectors/clickhouse/connector.h"
#include "velo/testing/matchers.h"

namespace velo::clickhouse {
namespace {

using testing::IsOk;
using testing::Place;
using testing::Trait;
using testing::with_option;

enum class Shape : int8_t { kTable, kQuery };

// A table in a database of its own.
class Table : public Place {
 public:
  static Result<std::unique_ptr<Place>> make(Shape shape) {
    ARROW_ASSIGN_OR_RAISE(const Uri server,
                          testing::uri_of_server("VELO_TEST_CLICKHOUSE_URI"));
    const Uri uri = with_option(server, "table", "rows");
    ARROW_ASSIGN_OR_RAISE(const auto options,
                          ClickhouseOptions::from_uri(uri, OptionUse::kSink));
    ARROW_ASSIGN_OR_RAISE(auto client, Client::make(options));
    const std::string database = "velo_conformance_" + random_id();
    ARROW_RETURN_NOT_OK(client->execute({.sql = "CREATE DATABASE " + database}));
    return std::unique_ptr<Place>(new Table(shape, uri, database, std::move(client)));
  }

  ~Table() override {
    EXPECT_THAT(client_->execute({.sql = "DROP DATABASE " + database_}), IsOk());
  }

  Uri sink() const override { return uri_; }

  Uri source(const arrow::Schema&) const override {
    if (shape_ == Shape::kTable) return uri_;
    Uri uri = uri_;
    uri.options.clear();
    return with_option(uri, "query", "SELECT * FROM rows");
  }

  std::string name() const override { return "rows"; }

  // A finished pipeline leaves its tables, without rows.
  Result<std::vector<std::string>> leftovers() const override {
    ARROW_ASSIGN_OR_RAISE(
        const Rows tables,
        client_->query({.sql = fmt::format("SELECT name FROM system.tables WHERE "
                                           "database = '{}' AND name <> 'rows' AND "
                                           "(total_rows > 0 OR name LIKE '%fence%')",
                                           database_)}));
    std::vector<std::string> names;
    for (int64_t row = 0; row < tables.num_rows(); ++row) {
      names.push_back(tables.text(row, 0));
    }
    return names;
  }

 private:
  Table(Shape shape, Uri uri, std::string database, std::unique_ptr<Client> client)
      : shape_(shape),
        uri_(std::move(uri)),
        database_(std::move(database)),
        client_(std::move(client)) {
    uri_.path = "/" + database_;
  }

  const Shape shape_;
  Uri uri_;
  const std::string database_;
  const std::unique_ptr<Client> client_;
};

template <Shape shape>
Result<std::unique_ptr<Place>> make() {
  return Table::make(shape);
}

testing::Conformance conformance() {
  const auto microseconds = arrow::timestamp(arrow::TimeUnit::MICRO);
  const auto types = testing::all_types_but({
      {arrow::binary(), nullptr, "String holds them, and is read as text"},
      {arrow::time64(arrow::TimeUnit::MICRO), nullptr},
      {microseconds, arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")},
  });
  constexpr testing::Years kYears{.first = 1900, .last = 2299};
  const char order[] = "the order of rows is the server's";
  const std::vector<testing::Lack> source_lacks = {
      {Trait::kReplayable, order},
      {Trait::kOrdered, order},
      {Trait::kStreams, "what is there when it is read is all of it"},
      {Trait::kBadRecords, "values are of the types of their columns"}};
  return {
      .folder = "clickhouse",
      .connector = clickhouse_connector(),
      .sources =
          {
              {{.name = "table",
                .lacks = source_lacks,
                .make_place = make<Shape::kTable>,
                .types = types,
                .years = kYears}},
              {{.name = "query",
                .lacks = source_lacks,
                .make_place = make<Shape::kQuery>,
                .types = types,
                .years = kYears}},
          },
      .sinks = {{{.name = "table",
                  .lacks = {{Trait::kInvisible,
                             "there are no transactions here: rows "
                             "are counted after they were sent"},
                            {Trait::kUpserts, "rows are appended"},
                            {Trait::kWaits, "rows are gathered until their epoch ends"},
                            {Trait::kDropsMidway,
                             "that step is inside of libcurl, through which no exception "
                             "goes; dev/kill kills there"}},
                  .make_place = make<Shape::kTable>,
                  .types = types,
                  .years = kYears},
                 CommitKind::kCounted}},
  };
}

}  // namespace
}  // namespace velo::clickhouse

int main(int argc, char** argv) {
  return velo::testing::run_conformance(argc, argv, velo::clickhouse::conformance());
}
