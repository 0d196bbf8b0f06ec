#include <arrow/ipc/writer.h>
#include <gmock/gmock.h>

#include "velo/formats/ipc/format.h"
#include "velo/formats/round_trip_for_test.h"

namespace velo::formats {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;

const std::shared_ptr<arrow::Schema>& columns() {
  static const auto schema = arrow::schema(
      {arrow::field("id", arrow::int64(), /*nullable=*/false),
       arrow::field("name", arrow::utf8()),
       arrow::field("tags", arrow::list(arrow::utf8())),
       arrow::field("kind", arrow::dictionary(arrow::int8(), arrow::utf8()))});
  return schema;
}

std::shared_ptr<arrow::RecordBatch> rows(const std::string& kind = "k") {
  return batch_from_json(columns(), R"([
    {"id": 1, "name": "ä", "tags": ["x", null], "kind": ")" +
                                        kind + R"("},
    {"id": 2, "name": null, "tags": null, "kind": null},
    {"id": 3, "name": "", "tags": [], "kind": ")" +
                                        kind + R"("}])");
}

class EachForm : public ::testing::TestWithParam<const Format*> {
 protected:
  const Format& format() const { return *GetParam(); }
  std::string file(std::vector<std::pair<std::string, std::string>> options = {}) const {
    return written(format(), {rows()}, values_of(format(), std::move(options)))
        .ValueOrDie();
  }
};

TEST_P(EachForm, ReadsWhatItWrote) {
  const auto expected = arrow::Table::FromRecordBatches({rows()}).ValueOrDie();
  for (const char* codec : {"auto", "none", "lz4", "zstd"}) {
    for (const bool is_stream : {false, true}) {
      const auto table = read(format(), file({{"compression", codec}}), {}, is_stream);
      ASSERT_TRUE(table.ok()) << table.status();
      EXPECT_TRUE((*table)->Slice(0, 3)->column(0)->Equals(expected->column(0)));
      EXPECT_TRUE((*table)->column(1)->Equals(expected->column(1)));
      EXPECT_TRUE((*table)->column(2)->Equals(expected->column(2)));
      EXPECT_EQ((*table)->num_rows(), 3);
    }
  }
}

TEST_P(EachForm, HoldsNoRowsAtAll) {
  const auto nothing = rows()->Slice(0, 0);
  const auto bytes = written(format(), {nothing}, values_of(format(), {})).ValueOrDie();
  const auto table = read(format(), bytes).ValueOrDie();
  EXPECT_EQ(table->num_rows(), 0);
  EXPECT_EQ(table->schema()->field(0)->name(), "id");
}

TEST_P(EachForm, ReadsTheColumnsWanted) {
  for (const bool is_stream : {false, true}) {
    const auto read_columns = [&](std::vector<std::string> names) {
      return read(format(), file(), {.columns = std::move(names)}, is_stream)
          .ValueOrDie();
    };
    const auto table = read_columns({"name", "id", "name"});
    EXPECT_EQ(table->schema()->field_names(),
              (std::vector<std::string>{"name", "id", "name"}));
    EXPECT_TRUE(table->column(0)->Equals(table->column(2)));
    EXPECT_EQ(table->num_rows(), 3);
    EXPECT_EQ(read_columns({})->num_rows(), 3);
  }
}

TEST_P(EachForm, DictionariesMayChange) {
  const auto bytes =
      written(format(), {rows("a"), rows("b")}, values_of(format(), {})).ValueOrDie();
  const auto table = read(format(), bytes).ValueOrDie();
  EXPECT_EQ(table->num_rows(), 6);
}

TEST_P(EachForm, IsCutOffNowhereUnseen) {
  const std::string bytes = file();
  for (size_t size = 0; size < bytes.size(); ++size) {
    for (const bool is_stream : {false, true}) {
      const auto table = read(format(), bytes.substr(0, size), {}, is_stream);
      ASSERT_FALSE(table.ok()) << size;
      ASSERT_EQ(kind_of(table.status()), ErrorKind::kCorruptData) << size;
      ASSERT_THAT(table.status().message(), HasSubstr("rows: not a whole Arrow IPC"));
    }
  }
}

TEST_P(EachForm, ChecksValues) {
  auto broken = rows()->column_data(1)->Copy();
  broken->buffers[2] = arrow::Buffer::FromString("\xFF\xFE");
  const auto batch =
      rows()->SetColumn(1, columns()->field(1), arrow::MakeArray(broken)).ValueOrDie();
  const auto bytes = written(format(), {batch}, values_of(format(), {})).ValueOrDie();
  EXPECT_THAT(read(format(), bytes).status().message(),
              AllOf(HasSubstr("rows: batch 1: not what Arrow's columns may hold: In "
                              "column 1"),
                    HasSubstr("UTF8")));
}

TEST_P(EachForm, WritesNoTimeThatItDoesNotRead) {
  const auto schema =
      arrow::schema({arrow::field("at", arrow::time64(arrow::TimeUnit::MICRO))});
  const auto message_of = [&](const char* time) {
    const auto batch = batch_from_json(schema, std::string(R"([{"at": )") + time + "}]");
    const auto bytes = written(format(), {batch}, values_of(format(), {}));
    return bytes.ok() ? read(format(), *bytes).status().ToString()
                      : bytes.status().message();
  };
  EXPECT_EQ(message_of("86399999999"), "OK");
  EXPECT_THAT(message_of("86400000000"),
              HasSubstr("column 'at': time64[us] 86400000000"));
}

TEST_P(EachForm, RefusesOtherCodecs) {
  EXPECT_THAT(written(format(), {rows()}, values_of(format(), {{"compression", "gzip"}}))
                  .status()
                  .message(),
              HasSubstr("none, lz4, zstd"));
}

INSTANTIATE_TEST_SUITE_P(, EachForm,
                         ::testing::Values(&ipc_file_format(), &ipc_stream_format()),
                         [](const auto& one) { return std::string(one.param->name); });

TEST(Ipc, TellsFilesFromStreamsByTheirBytes) {
  const Format& file = ipc_file_format();
  const Format& stream = ipc_stream_format();
  const auto bytes = written(file, {rows()}, values_of(file, {})).ValueOrDie();
  EXPECT_EQ(read(stream, bytes, {}, true).ValueOrDie()->num_rows(), 3);
  const auto others = written(stream, {rows()}, values_of(stream, {})).ValueOrDie();
  EXPECT_EQ(read(file, others).ValueOrDie()->num_rows(), 3);
}

TEST(Ipc, NamesOldFeather) {
  EXPECT_THAT(read(ipc_file_format(), "FEA1 and so on").status().message(),
              HasSubstr("Feather's first version"));
}

}  // namespace
}  // namespace velo::formats
