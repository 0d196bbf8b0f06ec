// What every source and sink does, of PostgreSQL's tables.

#include "velo/testing/conformance/conformance.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <vector>

#include "velo/base/random_id.h"
#include "velo/connectors/postgresql/client.h"
#include "velo/connectors/postgresql/connector.h"
#include "velo/testing/matchers.h"

namespace velo::postgresql {
namespace {

using testing::IsOk;
using testing::Place;
using testing::Trait;
using testing::with_option;

enum class Shape : int8_t { kTable, kKey, kQuery, kChanges };

// A transaction that holds the table for itself.
class LockedTable : public testing::Blockade {
 public:
  explicit LockedTable(std::unique_ptr<Connection> holder) : holder_(std::move(holder)) {}

 private:
  const std::unique_ptr<Connection> holder_;
};

// A table in a schema of its own.
class Table : public Place {
 public:
  static Result<std::unique_ptr<Place>> make(Shape shape) {
    ARROW_ASSIGN_OR_RAISE(const Uri server,
                          testing::uri_of_server("VELO_TEST_POSTGRESQL_URI"));
    const std::string schema = "velo_conformance_" + random_id();
    const Uri uri = with_option(with_option(server, "schema", schema), "table", "rows");
    ARROW_ASSIGN_OR_RAISE(const auto options,
                          PostgresqlOptions::from_uri(uri, OptionUse::kSink));
    ARROW_ASSIGN_OR_RAISE(auto connection, Connection::open(options, "conformance"));
    ARROW_RETURN_NOT_OK(connection->execute("CREATE SCHEMA " + schema));
    return std::unique_ptr<Place>(
        new Table(shape, uri, options, schema, std::move(connection)));
  }

  ~Table() override {
    EXPECT_THAT(connection_->execute(fmt::format("DROP SCHEMA {} CASCADE", schema_)),
                IsOk());
  }

  Uri sink() const override {
    const bool has_key = shape_ == Shape::kKey || shape_ == Shape::kChanges;
    return has_key ? with_option(uri_, "key", "id") : uri_;
  }

  Uri source(const arrow::Schema&) const override {
    if (shape_ == Shape::kChanges) return with_option(uri_, "cdc", "true");
    if (shape_ != Shape::kQuery) return uri_;
    Uri uri = uri_;
    uri.options.clear();
    return with_option(uri, "query", "SELECT * FROM " + options_.table_name());
  }

  std::string name() const override { return "rows"; }

  Result<std::vector<std::string>> leftovers() const override {
    ARROW_ASSIGN_OR_RAISE(
        const ResultRows tables,
        connection_->execute("SELECT tablename FROM pg_tables WHERE schemaname = $1 AND "
                             "tablename <> 'rows'",
                             {schema_}));
    std::vector<std::string> names;
    for (int row = 0; row < tables.num_rows(); ++row) {
      names.push_back(tables.text(row, 0));
    }
    return names;
  }

  Result<std::unique_ptr<testing::Blockade>> block() override {
    ARROW_ASSIGN_OR_RAISE(auto holder, Connection::open(options_, "conformance"));
    ARROW_RETURN_NOT_OK(holder->execute("BEGIN"));
    ARROW_RETURN_NOT_OK(holder->execute("LOCK TABLE " + options_.table_name()));
    return std::make_unique<LockedTable>(std::move(holder));
  }

 private:
  Table(Shape shape, Uri uri, PostgresqlOptions options, std::string schema,
        std::unique_ptr<Connection> connection)
      : shape_(shape),
        uri_(std::move(uri)),
        options_(std::move(options)),
        schema_(std::move(schema)),
        connection_(std::move(connection)) {}

  const Shape shape_;
  const Uri uri_;
  const PostgresqlOptions options_;
  const std::string schema_;
  const std::unique_ptr<Connection> connection_;
};

template <Shape shape>
Result<std::unique_ptr<Place>> make() {
  return Table::make(shape);
}

testing::Conformance conformance() {
  const auto types = testing::all_types_but({
      {arrow::int8(), arrow::int16()},
      {arrow::uint8(), arrow::int16()},
      {arrow::uint16(), arrow::int32()},
      {arrow::uint32(), arrow::int64()},
      {arrow::uint64(), nullptr},
      {arrow::time64(arrow::TimeUnit::MICRO), nullptr},
  });
  const char order[] = "the order of rows is the server's";
  const testing::Lack typed = {Trait::kBadRecords,
                               "values are of the types of their columns"};
  const std::vector<testing::Lack> source_lacks = {
      {Trait::kReplayable, order},
      {Trait::kOrdered, order},
      {Trait::kStreams, "what is there when it is opened is all of it"},
      typed};
  return {
      .folder = "postgresql",
      .connector = postgresql_connector(),
      .sources =
          {
              {{.name = "table",
                .lacks = source_lacks,
                .make_place = make<Shape::kTable>,
                .types = types}},
              {{.name = "query",
                .lacks = source_lacks,
                .make_place = make<Shape::kQuery>,
                .types = types}},
              {{.name = "changes",
                .lacks = {typed},
                .make_place = make<Shape::kChanges>,
                .types = types}},
          },
      .sinks =
          {
              {{.name = "table",
                .lacks = {{Trait::kUpserts, "without key= rows are appended"}},
                .make_place = make<Shape::kTable>,
                .types = types},
               CommitKind::kSession,
               {{CommitStep::kAfterPublish, "a lane's COMMIT is both"}}},
              {{.name = "key",
                .lacks = {{Trait::kManyLanes,
                           "a lane has the rows of some keys, and not of some splits"}},
                .make_place = make<Shape::kKey>,
                .types = types},
               CommitKind::kSession,
               {{CommitStep::kAfterPublish, "a lane's COMMIT is both"},
                {CommitStep::kBetweenCompletes, "there is one lane"}}},
          },
  };
}

}  // namespace
}  // namespace velo::postgresql

int main(int argc, char** argv) {
  return velo::testing::run_conformance(argc, argv, velo::postgresql::conformance());
}
