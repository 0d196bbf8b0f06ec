#include "velo/columnar/change_columns.h"
#include "velo/formats/json/decode_for_test.h"
#include "velo/testing/matchers.h"

namespace velo::formats::json {
namespace {

using ::testing::HasSubstr;
using velo::testing::IsError;

const arrow::FieldVector kOrders = {arrow::field("id", arrow::int64()),
                                    arrow::field("name", arrow::utf8())};

std::shared_ptr<arrow::Schema> with_before() {
  auto fields = with_change_columns(kOrders);
  fields.push_back(arrow::field("_before", arrow::struct_(kOrders)));
  return arrow::schema(std::move(fields));
}

Result<std::string> encode_changes(const arrow::Table& table) {
  ARROW_ASSIGN_OR_RAISE(auto output, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(auto encoder, make_change_encoder(output, table.schema()));
  ARROW_ASSIGN_OR_RAISE(const auto rows, table.CombineChunksToBatch());
  ARROW_RETURN_NOT_OK(encoder->write(*rows));
  ARROW_RETURN_NOT_OK(encoder->finish());
  ARROW_ASSIGN_OR_RAISE(auto buffer, output->Finish());
  return buffer->ToString();
}

TEST(WrittenChanges, HaveDebeziumsForm) {
  const auto text = encode_changes(*table_of(with_before(), R"([
      [1, "Ö", "r", "2023-11-14 22:13:20.001002", "0A", null, null],
      [1, null, "c", "1969-12-31 23:59:59.999999", "0B", null, null],
      [1, "b", "u", null, null, null, [1, "a"]],
      [1, "c", "u", null, null, null, null],
      [1, null, "u", null, null, "name", null],
      [1, null, "d", null, null, null, [1, "c"]],
      [2, null, "d", null, null, null, null],
      [null, null, "t", null, null, null, null]])"));
  ASSERT_TRUE(text.ok()) << text.status();
  const std::string source = R"("source":{"connector":"velo")";
  const std::string rest = source + R"(,"snapshot":"false"},)";
  EXPECT_EQ(
      *text,
      R"({"before":null,"after":{"id":1,"name":"Ö"},)" + source +
          R"(,"ts_ms":1700000000001,"snapshot":"true","position":"0A"},)"
          R"("op":"r","ts_ms":1700000000001})"
          "\n"
          R"({"before":null,"after":{"id":1,"name":null},)" +
          source +
          R"(,"ts_ms":-1,"snapshot":"false","position":"0B"},"op":"c","ts_ms":-1})"
          "\n"
          R"({"before":{"id":1,"name":"a"},"after":{"id":1,"name":"b"},)" +
          rest +
          R"("op":"u"})"
          "\n"
          R"({"before":null,"after":{"id":1,"name":"c"},)" +
          rest +
          R"("op":"u"})"
          "\n"
          R"({"before":null,"after":{"id":1,"name":"__debezium_unavailable_value"},)" +
          rest +
          R"("op":"u"})"
          "\n"
          R"({"before":{"id":1,"name":"c"},"after":null,)" +
          rest +
          R"("op":"d"})"
          "\n"
          R"({"before":{"id":2,"name":null},"after":null,)" +
          rest +
          R"("op":"d"})"
          "\n"
          R"({"before":null,"after":null,)" +
          rest +
          R"("op":"t"})"
          "\n");
}

TEST(WrittenChanges, AreReadAsTheyWere) {
  const auto schema = arrow::schema(with_change_columns(
      {arrow::field("id", arrow::int64()), arrow::field("n", arrow::decimal128(12, 2)),
       arrow::field("day", arrow::date32()), arrow::field("raw", arrow::binary()),
       arrow::field("at", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"))}));
  const auto table = table_of(schema, R"([
      [1, "-0.50", 19675, "hi", "2023-11-14 22:13:20.000001", "c",
       "2023-11-14 22:13:20.001", "0A", null],
      [1, "9999999999.99", null, null, null, "u", "2023-11-14 22:13:21", "0B", "raw"],
      [9223372036854775807, null, null, null, null, "d", null, null, null],
      [null, null, null, null, null, "t", null, null, null]])");
  const auto text = encode_changes(*table);
  ASSERT_TRUE(text.ok()) << text.status();
  DecodeOptions options{.schema = schema, .envelope = Envelope::kDebezium};
  const auto again = decode(*text, options);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE((*again)->Equals(*table)) << (*again)->ToString();
}

TEST(WrittenChanges, NeedNotSayMoreThanWhatTheyAre) {
  const auto text = encode_changes(*table_of(
      arrow::schema({arrow::field("_op", arrow::utf8()), kOrders[0]}), R"([["c", 1]])"));
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, R"({"before":null,"after":{"id":1},"source":{"connector":"velo",)"
                   R"("snapshot":"false"},"op":"c"})"
                   "\n");
}

TEST(WrittenChanges, ThatCannotBeSayWhy) {
  const auto op = arrow::field("_op", arrow::utf8());
  const auto unset = arrow::field("_unset", arrow::utf8());
  EXPECT_THAT(encode_changes(*table_of(arrow::schema(kOrders), "[]")),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("have no column '_op'")));
  EXPECT_THAT(encode_changes(
                  *table_of(arrow::schema({arrow::field("_op", arrow::int8())}), "[]")),
              IsError(ErrorKind::kSchemaMismatch,
                      HasSubstr("'_op' is int8, and envelope=debezium")));
  EXPECT_THAT(encode_changes(*table_of(
                  arrow::schema({op, arrow::field("_ts", arrow::utf8())}), "[]")),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("takes a timestamp")));
  EXPECT_THAT(encode_changes(*table_of(arrow::schema({op}), R"([["c"], ["x"]])")),
              IsError(ErrorKind::kSchemaMismatch,
                      HasSubstr("row 2: column '_op' is 'x', which is none of")));
  EXPECT_THAT(encode_changes(*table_of(arrow::schema({op}), "[[null]]")),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("column '_op' is NULL")));
  EXPECT_THAT(encode_changes(*table_of(arrow::schema({kOrders[0], op, unset}),
                                       R"([[null, "u", "id"]])")),
              IsError(ErrorKind::kSchemaMismatch,
                      HasSubstr("column 'id' is int64, and its value was not sent")));
}

}  // namespace
}  // namespace velo::formats::json
