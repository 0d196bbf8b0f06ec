// Changes in Debezium's envelope, written and read.

#include "velo/columnar/change_columns.h"
#include "velo/formats/avro/avro_for_test.h"
#include "velo/formats/avro/envelope.h"

namespace velo::formats::avro {
namespace {

using ::testing::HasSubstr;
using velo::testing::IsError;
using velo::testing::IsOk;

const arrow::FieldVector kOrders = {arrow::field("id", arrow::int64()),
                                    arrow::field("name", arrow::utf8())};

Result<std::string> encode_changes(const arrow::Table& table) {
  ARROW_ASSIGN_OR_RAISE(auto output, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(auto encoder, make_change_encoder(output, table.schema(), {}));
  ARROW_ASSIGN_OR_RAISE(const auto rows, table.CombineChunksToBatch());
  ARROW_RETURN_NOT_OK(encoder->write(*rows));
  ARROW_RETURN_NOT_OK(encoder->finish());
  ARROW_ASSIGN_OR_RAISE(auto buffer, output->Finish());
  return buffer->ToString();
}

Result<std::shared_ptr<arrow::Table>> decode_changes(const std::string& bytes,
                                                     DecodeOptions options = {}) {
  return all_of(make_change_decoder(input_of(bytes), std::move(options)));
}

std::shared_ptr<arrow::Schema> changes_of(arrow::FieldVector columns) {
  return arrow::schema(with_change_columns(std::move(columns)));
}

// As the converter of Kafka Connect writes Debezium's changes.
constexpr char kSchema[] =
    R"({"type":"record","name":"Envelope","namespace":"shop.public.orders",
  "connect.name":"shop.public.orders.Envelope","fields":[
  {"name":"before","type":["null",{"type":"record","name":"Value","fields":[
    {"name":"id","type":"int"},
    {"name":"day","type":["null",{"type":"int","connect.version":1,"connect.name":"io.debezium.time.Date"}],"default":null},
    {"name":"name","type":["null","string"],"default":null}]}],"default":null},
  {"name":"after","type":["null","Value"],"default":null},
  {"name":"source","type":{"type":"record","name":"Source","namespace":"io.debezium.connector.postgresql","fields":[
    {"name":"connector","type":"string"},
    {"name":"ts_ms","type":"long"},
    {"name":"snapshot","type":[{"type":"string","connect.default":"false"},"null"],"default":"false"},
    {"name":"sequence","type":["null","string"],"default":null},
    {"name":"lsn","type":["null","long"],"default":null}]}},
  {"name":"op","type":"string"},
  {"name":"ts_ms","type":["null","long"],"default":null}]})";

struct Change {
  std::string op;
  std::optional<int64_t> before = {};
  std::optional<int64_t> after = {};
  std::string name = "a";
  int64_t at = 1700000000001;
  std::string sequence = {};
};

void put_row(const std::optional<int64_t>& id, const std::string& name, Bytes& to) {
  to.number(id ? 1 : 0);
  if (id) to.number(*id).number(1).number(19000).number(1).string(name);
}

std::string file_of(const std::vector<Change>& changes) {
  Bytes bytes;
  for (const Change& change : changes) {
    put_row(change.before, change.name, bytes);
    put_row(change.after, change.name, bytes);
    bytes.string("postgresql").number(change.at).number(0).string("false");
    bytes.number(change.sequence.empty() ? 0 : 1);
    if (!change.sequence.empty()) bytes.string(change.sequence);
    bytes.number(1).number(24).string(change.op).number(0);
  }
  return make_file(kSchema, {}, std::ssize(changes), bytes.text);
}

const arrow::FieldVector kRead = {arrow::field("id", arrow::int32()),
                                  arrow::field("day", arrow::date32()),
                                  arrow::field("name", arrow::utf8())};

TEST(AvroChanges, AreReadAsTheyWereWritten) {
  const auto schema = changes_of(kOrders);
  const auto rows = table_of(schema, R"([
      [1, "Ö", "r", "2023-11-14 22:13:20.001", "0A", null],
      [1, null, "c", "1969-12-31 23:59:59.999", "0B", null],
      [1, "b", "u", null, null, null],
      [1, null, "u", null, null, "name"],
      [1, null, "d", null, null, null],
      [null, null, "t", null, null, null]])");
  const auto bytes = encode_changes(*rows);
  ASSERT_THAT(bytes, IsOk());
  const auto read = decode_changes(*bytes);
  ASSERT_THAT(read, IsOk());
  EXPECT_TRUE((*read)->Equals(*rows)) << (*read)->ToString();
}

TEST(AvroChanges, AreToTheMillisecond) {
  const auto schema = changes_of(kOrders);
  const auto bytes = encode_changes(
      *table_of(schema, R"([[1, "a", "c", "1969-12-31 23:59:59.999999", null, null]])"));
  const auto read = decode_changes(bytes.ValueOrDie());
  ASSERT_THAT(read, IsOk());
  EXPECT_TRUE((*read)->Equals(
      *table_of(schema, R"([[1, "a", "c", "1969-12-31 23:59:59.999", null, null]])")));
}

TEST(AvroChanges, TellTheRowAsItWas) {
  auto fields = with_change_columns(kOrders);
  fields.push_back(arrow::field("_before", arrow::struct_(kOrders)));
  const auto bytes = encode_changes(*table_of(arrow::schema(std::move(fields)), R"([
      [1, "b", "u", null, null, null, [1, "a"]],
      [1, "c", "u", null, null, null, null],
      [1, null, "d", null, null, null, [1, "c"]],
      [2, null, "d", null, null, null, null]])"));
  ASSERT_THAT(bytes, IsOk());
  const auto parts = decode(*bytes, {.columns = {{"before"}}});
  ASSERT_THAT(parts, IsOk());
  EXPECT_TRUE((*parts)->Equals(
      *table_of(arrow::schema({arrow::field("before", arrow::struct_(kOrders))}),
                R"([[[1, "a"]], [null], [[1, "c"]], [[2, null]]])")))
      << (*parts)->ToString();
}

TEST(AvroChanges, AreReadAsDebeziumsConverterWritesThem) {
  const auto read = decode_changes(file_of({{.op = "r", .after = 1},
                                            {.op = "c", .after = 2, .sequence = "[3]"},
                                            {.op = "m"},
                                            {.op = "u", .before = 2, .after = 3},
                                            {.op = "d", .before = 3, .at = -1},
                                            {.op = "t"}}));
  ASSERT_THAT(read, IsOk());
  EXPECT_TRUE((*read)->Equals(*table_of(changes_of(kRead), R"([
      [1, 19000, "a", "r", "2023-11-14 22:13:20.001", "24", null],
      [2, 19000, "a", "c", "2023-11-14 22:13:20.001", "[3]", null],
      [3, 19000, "a", "u", "2023-11-14 22:13:20.001", "24", null],
      [3, 19000, "a", "d", "1969-12-31 23:59:59.999", "24", null],
      [null, null, null, "t", "2023-11-14 22:13:20.001", "24", null]])")))
      << (*read)->ToString();
}

TEST(AvroChanges, SayWhatWasNotSent) {
  const std::string word = "__debezium_unavailable_value";
  const auto read = decode_changes(file_of({{.op = "u", .after = 1, .name = word}}),
                                   {.columns = {{"_unset", "id"}}});
  ASSERT_THAT(read, IsOk());
  const auto fields = arrow::schema({arrow::field("_unset", arrow::utf8()), kRead[0]});
  EXPECT_TRUE((*read)->Equals(*table_of(fields, R"([["name", 1]])")))
      << (*read)->ToString();
}

TEST(AvroChanges, AreReadInTheColumnsWanted) {
  const auto file = file_of(
      {{.op = "c", .after = 1, .name = "\xff"}, {.op = "d", .before = 1}, {.op = "t"}});
  EXPECT_THAT(decode_changes(file), IsError(ErrorKind::kCorruptData, HasSubstr("UTF-8")));
  const auto ids = decode_changes(file, {.columns = {{"id"}}});
  ASSERT_THAT(ids, IsOk());
  EXPECT_TRUE((*ids)->Equals(*table_of(arrow::schema({kRead[0]}), "[[1], [1], [null]]")))
      << (*ids)->ToString();
  const auto ops = decode_changes(file, {.columns = {{"_op"}}});
  ASSERT_THAT(ops, IsOk());
  EXPECT_TRUE(
      (*ops)->Equals(*table_of(arrow::schema({arrow::field("_op", arrow::utf8())}),
                               R"([["c"], ["d"], ["t"]])")))
      << (*ops)->ToString();
}

TEST(AvroChanges, AreReadAsASchemaAsks) {
  const auto asked = changes_of(
      {arrow::field("more", arrow::utf8()), arrow::field("id", arrow::int64())});
  const auto read = decode_changes(file_of({{.op = "c", .after = 7}}), {.schema = asked});
  ASSERT_THAT(read, IsOk());
  EXPECT_TRUE((*read)->Equals(
      *table_of(asked, R"([[null, 7, "c", "2023-11-14 22:13:20.001", "24", null]])")))
      << (*read)->ToString();
}

TEST(AvroChanges, WithoutAnythingButMessagesHaveNoRows) {
  const auto read = decode_changes(file_of({{.op = "m"}, {.op = "m"}}));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ((*read)->num_rows(), 0);
}

TEST(AvroChanges, ThatAreNoneAreRefused) {
  const auto broken = [](Change change) {
    return decode_changes(file_of({{.op = "c", .after = 1}, std::move(change)}));
  };
  EXPECT_THAT(broken({.op = "x", .after = 1}),
              IsError(ErrorKind::kCorruptData, HasSubstr(R"("op" is none)")));
  EXPECT_THAT(broken({.op = "c"}),
              IsError(ErrorKind::kCorruptData, HasSubstr(R"("op" is "c", and "after")")));
  EXPECT_THAT(
      broken({.op = "d", .after = 1}),
      IsError(ErrorKind::kCorruptData, HasSubstr(R"("op" is "d", and "before")")));
  EXPECT_THAT(broken({.op = "c", .after = 1, .at = INT64_MAX}),
              IsError(ErrorKind::kCorruptData, HasSubstr("in no year")));
  EXPECT_THAT(broken({.op = "c"}),
              IsError(ErrorKind::kCorruptData, HasSubstr("record 2")));
  for (const char* type : {"\"long\"", R"({"type":"record","name":"r","fields":[]})"}) {
    EXPECT_THAT(
        decode_changes(file_of_x(type, "")),
        IsError(ErrorKind::kSchemaMismatch, HasSubstr("no changes of Debezium's")));
  }
}

TEST(AvroChanges, AreAskedFor) {
  const auto rows = arrow::schema(kOrders);
  EXPECT_THAT(encode_changes(*table_of(rows, "[]")),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("no column '_op'")));
  EXPECT_THAT(encode_changes(
                  *table_of(changes_of(kOrders), R"([[1, "a", "x", null, null, null]])")),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("'x', which is none of")));
}

}  // namespace
}  // namespace velo::formats::avro
