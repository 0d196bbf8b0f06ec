#include "velo/formats/json/change_decoder.h"

#include <fmt/format.h>

#include "velo/columnar/change_columns.h"
#include "velo/formats/json/decode_for_test.h"
#include "velo/testing/matchers.h"

namespace velo::formats::json {
namespace {

using ::testing::HasSubstr;
using velo::testing::IsError;

DecodeOptions changes(arrow::FieldVector fields = {}) {
  DecodeOptions options{.envelope = Envelope::kDebezium};
  if (!fields.empty()) options.schema = arrow::schema(std::move(fields));
  return options;
}

const arrow::FieldVector kOrders = {arrow::field("id", arrow::int64()),
                                    arrow::field("name", arrow::utf8())};

std::shared_ptr<arrow::Table> changed_orders(const std::string& rows) {
  return table_of(arrow::schema(with_change_columns(kOrders)), rows);
}

// The schema that Kafka Connect puts around rows of these columns.
std::string connect_schema(const std::string& columns) {
  const std::string row =
      R"({"type":"struct","optional":true,"fields":[)" + columns + "]";
  return R"({"type":"struct","optional":false,"name":"shop.public.orders.Envelope","fields":[)" +
         row + R"(,"field":"before"},)" + row +
         R"(,"field":"after"},{"type":"string","optional":false,"field":"op"}]})";
}

std::string wrapped(const std::string& columns, const std::string& envelope) {
  return fmt::format("{{\"schema\":{},\"payload\":{}}}\n", connect_schema(columns),
                     envelope);
}

std::string decimal_column(const std::string& name, int scale, int precision) {
  return fmt::format(
      R"({{"type":"bytes","optional":true,"name":"org.apache.kafka.connect.data.Decimal",)"
      R"("version":1,"parameters":{{"scale":"{}","connect.decimal.precision":"{}"}},)"
      R"("field":"{}"}})",
      scale, precision, name);
}

TEST(Changes, AreRowsWithWhatBecameOfThem) {
  const std::string text =
      R"({"before":null,"after":{"id":1,"name":"Ö"},"source":{"version":"3.0.0.Final",)"
      R"("connector":"postgresql","ts_ms":1700000000001,"ts_us":1700000000001002,)"
      R"("snapshot":"first","sequence":"[null,\"24\"]","lsn":24,"xmin":null},)"
      R"("transaction":null,"op":"r","ts_ms":1700000000500})"
      "\n"
      R"({"before":null,"after":{"id":2,"name":null},"source":{"ts_ms":1,"lsn":25},"op":"c"})"
      "\n"
      R"({"op":"u","ts_ms":7,"after":{"name":"b","id":2},"before":{"id":2,"name":"a"}})"
      "\n"
      R"({"before":{"id":2,"name":null},"after":null,"op":"d","source":null})"
      "\n"
      R"({"before":null,"after":null,"op":"t","source":{"position":"7F","lsn":9}})"
      "\n";
  const auto expected = changed_orders(R"([
      [1, "Ö", "r", "2023-11-14 22:13:20.001002", "[null,\"24\"]", null],
      [2, null, "c", "1970-01-01 00:00:00.001", "25", null],
      [2, "b", "u", "1970-01-01 00:00:00.007", null, null],
      [2, null, "d", null, null, null],
      [null, null, "t", null, "7F", null]])");
  for (const auto& limits : {DecoderLimits(), tiny_blocks(), tiny_blocks(300)}) {
    const auto inferred = decode(text, changes(), limits);
    ASSERT_TRUE(inferred.ok()) << inferred.status();
    EXPECT_TRUE((*inferred)->Equals(*expected)) << (*inferred)->ToString();
    const auto given = decode(text, changes(kOrders), limits);
    ASSERT_TRUE(given.ok()) << given.status();
    EXPECT_TRUE((*given)->Equals(*expected)) << (*given)->ToString();
  }
}

TEST(Changes, MayBeReadInPart) {
  auto options = changes();
  options.columns = {"_op", "name", "_op"};
  const auto table = decode(
      R"({"after":{"id":1,"name":"a"},"op":"c"}{"before":{"id":1},"op":"d"})", options);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->ColumnNames(), *options.columns);
  EXPECT_EQ((*table)->column(0)->ToString(), (*table)->column(2)->ToString());
  EXPECT_TRUE((*table)->column(1)->chunk(0)->Equals(
      *arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["a", null])").ValueOrDie()));
}

TEST(Changes, HaveTheTypesThatTheirSchemaSays) {
  const auto column = [](const char* type, const char* name, const char* field) {
    return fmt::format(R"({{"type":"{}","optional":true,"name":"{}","field":"{}"}},)",
                       type, name, field);
  };
  const std::string columns =
      R"({"type":"int16","optional":false,"default":0,"field":"i"},)"
      R"({"type":"float","field":"f"},{"type":"boolean","field":"b"},)"
      R"({"type":"bytes","field":"raw"},)"
      R"({"type":"array","items":{"type":"int32","name":"io.debezium.time.Date"},)"
      R"("field":"days"},)"
      R"({"type":"map","keys":{"type":"string"},"values":{"type":"int64"},"field":"m"},)" +
      column("string", "io.debezium.data.Json", "j") +
      column("int32", "io.debezium.time.Date", "d") +
      column("int32", "org.apache.kafka.connect.data.Time", "t_ms") +
      column("int64", "io.debezium.time.MicroTime", "t_us") +
      column("int64", "io.debezium.time.Timestamp", "at_ms") +
      column("int64", "io.debezium.time.MicroTimestamp", "at_us") +
      column("int64", "io.debezium.time.NanoTimestamp", "at_ns") +
      column("string", "io.debezium.time.ZonedTimestamp", "at_utc") +
      decimal_column("large", 2, 50) + "," + decimal_column("n", 2, 12);
  const std::string text =
      wrapped(
          columns,
          R"({"before":null,"after":{"i":-7,"f":1.5,"b":true,"raw":"aGk=","days":[19675],)"
          R"("m":{"a":1},"j":"{\"a\": 1}","d":19675,"t_ms":1500,"t_us":1500000,)"
          R"("at_ms":1700000000001,"at_us":-1,"at_ns":1700000000000000001,)"
          R"("at_utc":"2023-11-14T22:13:20.5Z","large":"BNI=","n":"+y4="},"op":"c"})") +
      wrapped(columns, R"({"after":{"i":0,"n":"AA==","large":-1.5},"op":"u"})");
  const auto table = decode(text, changes());
  ASSERT_TRUE(table.ok()) << table.status();
  using arrow::TimeUnit;
  const auto expected = arrow::schema(with_change_columns(
      {arrow::field("i", arrow::int16()), arrow::field("f", arrow::float32()),
       arrow::field("b", arrow::boolean()), arrow::field("raw", arrow::binary()),
       arrow::field("days", arrow::list(arrow::int32())),
       arrow::field("m", arrow::map(arrow::utf8(), arrow::int64())),
       arrow::field("j", arrow::utf8()), arrow::field("d", arrow::date32()),
       arrow::field("t_ms", arrow::time32(TimeUnit::MILLI)),
       arrow::field("t_us", arrow::time64(TimeUnit::MICRO)),
       arrow::field("at_ms", arrow::timestamp(TimeUnit::MILLI)),
       arrow::field("at_us", arrow::timestamp(TimeUnit::MICRO)),
       arrow::field("at_ns", arrow::timestamp(TimeUnit::NANO)),
       arrow::field("at_utc", arrow::timestamp(TimeUnit::MICRO, "UTC")),
       arrow::field("large", arrow::decimal256(50, 2)),
       arrow::field("n", arrow::decimal128(12, 2))}));
  EXPECT_TRUE((*table)->schema()->Equals(*expected)) << (*table)->schema()->ToString();
  const auto value = [&](const char* name, int64_t row) {
    return (*table)->GetColumnByName(name)->GetScalar(row).ValueOrDie()->ToString();
  };
  EXPECT_EQ(value("d", 0), "2023-11-14");
  EXPECT_EQ(value("t_ms", 0), "00:00:01.500");
  EXPECT_EQ(value("t_us", 0), "00:00:01.500000");
  EXPECT_EQ(value("at_ms", 0), "2023-11-14 22:13:20.001");
  EXPECT_EQ(value("at_us", 0), "1969-12-31 23:59:59.999999");
  EXPECT_EQ(value("at_ns", 0), "2023-11-14 22:13:20.000000001");
  EXPECT_EQ(value("at_utc", 0), "2023-11-14 22:13:20.500000Z");
  EXPECT_EQ(value("large", 0), "12.34");
  EXPECT_EQ(value("n", 0), "-12.34");
  EXPECT_EQ(value("n", 1), "0.00");
  EXPECT_EQ(value("large", 1), "-1.50");
  EXPECT_EQ(value("raw", 0), "hi");
  EXPECT_EQ(value("d", 1), "null");
}

TEST(Changes, MayGetMoreColumnsWithinTheSample) {
  const std::string id = R"({"type":"int32","field":"id"})";
  const std::string more = id + R"(,{"type":"string","field":"more"})";
  const auto table =
      decode(wrapped(id, R"({"after":{"id":1},"op":"c"})") +
                 wrapped(more, R"({"after":{"id":2,"more":"x"},"op":"c"})") +
                 wrapped(id, R"({"after":{"id":3},"op":"c"})"),
             changes());
  ASSERT_TRUE(table.ok()) << table.status();
  const auto expected =
      table_of(arrow::schema(with_change_columns({arrow::field("id", arrow::int32()),
                                                  arrow::field("more", arrow::utf8())})),
               R"([[1, null, "c", null, null, null], [2, "x", "c", null, null, null],
          [3, null, "c", null, null, null]])");
  EXPECT_TRUE((*table)->Equals(*expected)) << (*table)->ToString();
}

// The same bytes are another number there.
TEST(Changes, OfAnotherScaleAreNotTaken) {
  const std::string change = R"({"after":{"n":"AMg="},"op":"c"})";
  const std::string text = wrapped(decimal_column("n", 2, 12), change) +
                           wrapped(decimal_column("n", 3, 12), change);
  EXPECT_THAT(decode(text, changes()),
              IsError(ErrorKind::kSchemaMismatch,
                      HasSubstr("column 'n' is decimal128(12, 3) by the schema of this "
                                "message, and decimal128(12, 2) by that of the first")));
  auto options = changes();
  options.keep_bad_records = true;
  auto decoder = make_decoder(input_of(text), options, {});
  ASSERT_TRUE(decoder.ok());
  const auto rows = (*decoder)->next({});
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ((*rows)->num_rows(), 1);
  EXPECT_EQ((*decoder)->take_bad_records().size(), 1);
  // Of a given schema, the scale counts too, and so do units.
  const auto as_decimal = [](int scale) {
    return changes({arrow::field("n", arrow::decimal128(20, scale))});
  };
  const std::string one = wrapped(decimal_column("n", 2, 12), change);
  const auto table = decode(one, as_decimal(2));
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->column(0)->GetScalar(0).ValueOrDie()->ToString(), "2.00");
  EXPECT_THAT(decode(one, as_decimal(4)),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("by schema=")));
  EXPECT_THAT(decode(one, changes({arrow::field("n", arrow::utf8())})),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("by schema=")));
  const auto in_millis =
      changes({arrow::field("at", arrow::timestamp(arrow::TimeUnit::MILLI))});
  const std::string at = R"({"after":{"at":1500},"op":"c"})";
  EXPECT_THAT(
      decode(
          wrapped(
              R"({"type":"int64","name":"io.debezium.time.MicroTimestamp","field":"at"})",
              at),
          in_millis),
      IsError(ErrorKind::kSchemaMismatch, HasSubstr("timestamp[us]")));
  // Without a schema, a number is one of the column's own units, and text is digits.
  const auto bare = decode(at, in_millis);
  ASSERT_TRUE(bare.ok()) << bare.status();
  EXPECT_EQ((*bare)->column(0)->GetScalar(0).ValueOrDie()->ToString(),
            "1970-01-01 00:00:01.500");
  const auto mixed =
      decode(one + R"({"after":{"n":"2.5"},"op":"c"})" + "\n" + one, as_decimal(2));
  ASSERT_TRUE(mixed.ok()) << mixed.status();
  EXPECT_EQ((*mixed)->column(0)->GetScalar(1).ValueOrDie()->ToString(), "2.50");
  EXPECT_EQ((*mixed)->column(0)->GetScalar(2).ValueOrDie()->ToString(), "2.00");
}

TEST(Changes, SayWhichValuesWereNotSent) {
  const std::string gone = "\"__debezium_unavailable_value\"";
  const std::string bytes = "\"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==\"";
  const arrow::FieldVector fields = {
      arrow::field("id", arrow::int64()), arrow::field("a,b", arrow::utf8()),
      arrow::field("c", arrow::binary()), arrow::field("d", arrow::list(arrow::utf8()))};
  const auto table =
      decode(R"({"after":{"id":1,"a,b":"x","c":"aGk=","d":[]},"op":"c"})"
             "\n{\"after\":{\"id\":1,\"a,b\":" +
                 gone + ",\"c\":" + bytes + ",\"d\":[" + gone +
                 "]},\"op\":\"u\"}\n"
                 R"({"after":{"id":1,"a,b":null,"c":null,"d":["y",)" +
                 gone + "]},\"op\":\"u\"}\n" + "{\"before\":{\"id\":1,\"a,b\":" + gone +
                 "},\"op\":\"d\"}\n",
             changes(fields));
  ASSERT_TRUE(table.ok()) << table.status();
  const auto expected = table_of(arrow::schema(with_change_columns(fields)), R"([
      [1, "x", "hi", [], "c", null, null, null],
      [1, null, null, null, "u", null, null, "\"a,b\",c,d"],
      [1, null, null, ["y", "__debezium_unavailable_value"], "u", null, null, null],
      [1, null, null, null, "d", null, null, null]])");
  EXPECT_TRUE((*table)->Equals(*expected)) << (*table)->ToString();
}

TEST(Changes, ThatAreNoneSayWhy) {
  struct Case {
    const char* text;
    ErrorKind kind;
    const char* words;
  };
  const Case cases[] = {
      {R"({"id":1})", ErrorKind::kCorruptData,
       "is no change of Debezium's: it has no \"op\""},
      {R"({"schema":null})", ErrorKind::kCorruptData, "it has no \"op\""},
      {R"({"op":"x","message":{}})", ErrorKind::kCorruptData, "\"op\" is one of"},
      {R"({"op":"c","after":{"id":1},"ts_ms":9223372036854775807})",
       ErrorKind::kCorruptData,
       "\"ts_ms\" of the change is 9223372036854775807, which is in no year"},
      {R"({"op":"c","after":{"id":1},"source":{"ts_us":-62167219200000001}})",
       ErrorKind::kCorruptData, "\"ts_us\" of the change is -62167219200000001"},
      {R"({"schema":{"fields":[{"field":"after","type":"struct","fields":[)"
       R"({"type":"int32"}]}]},"payload":{"op":"c","after":{"id":1}}})",
       ErrorKind::kCorruptData, "a column without a name"},
      {R"({"op":1})", ErrorKind::kCorruptData, "\"op\" is one of"},
      {R"({"op":"c","after":null})", ErrorKind::kCorruptData,
       "\"op\" is \"c\", and \"after\" is null"},
      {R"({"op":"d","after":{"id":1}})", ErrorKind::kCorruptData,
       "\"op\" is \"d\", and \"before\" is null"},
      {R"({"op":"c","after":[1]})", ErrorKind::kCorruptData,
       "a row is an object, or null"},
      {R"({"op":"c","op":"d","after":{"id":1}})", ErrorKind::kCorruptData, "'op' twice"},
      {R"({"op":"c","after":{"id":"x"}})", ErrorKind::kSchemaMismatch,
       "column 'id' is int64, found \"x\""},
      {R"({"op":"c","after":{"id":1},"source":{"ts_ms":1.5}})",
       ErrorKind::kSchemaMismatch, "is no whole number"},
      {R"({"op":"c","after":{"id":1},"ts_ms":"x"})", ErrorKind::kSchemaMismatch, "int64"},
      {R"({"op":"c","after":{"id":1)", ErrorKind::kCorruptData,
       "ends within this record"},
      {R"({"schema":{"type":"struct"},"payload":{"op":"c","after":{"id":1}}})",
       ErrorKind::kCorruptData, "it is no change's"},
      {R"({"schema":{"fields":[{"field":"after","type":"struct","fields":[)"
       R"({"type":"uint7","field":"id"}]}]},"payload":{"op":"c","after":{"id":1}}})",
       ErrorKind::kCorruptData, "of column 'id' that it is uint7"},
      {R"({"schema":{"fields":7},"payload":{"op":"c","after":{"id":1}}})",
       ErrorKind::kCorruptData, "a list is expected"},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.text);
    EXPECT_THAT(decode(std::string(each.text) + "\n", changes(kOrders)),
                IsError(each.kind, HasSubstr(each.words)));
    // Beside others it is one bad record, whatever is wrong with it.
    auto options = changes(kOrders);
    options.keep_bad_records = true;
    const std::string good = R"({"op":"c","after":{"id":1}})";
    auto decoder =
        make_decoder(input_of(good + "\n" + each.text + "\n" + good + "\n"), options, {});
    ASSERT_TRUE(decoder.ok());
    const auto rows = (*decoder)->next({});
    ASSERT_TRUE(rows.ok()) << rows.status();
    EXPECT_EQ((*rows)->num_rows(), 2);
    const auto bad = (*decoder)->take_bad_records();
    ASSERT_EQ(bad.size(), 1);
    EXPECT_EQ(bad[0].record.bytes, each.text);
    EXPECT_EQ(bad[0].num_rows_before, 1);
  }
}

// Tombstones that were wrapped up, and messages of logical decoding.
TEST(Changes, ThatAreNoRowsAreLeftOut) {
  const std::string good = R"({"op":"c","after":{"id":1,"name":"a"}})";
  const std::string text = R"({"schema":null,"payload":null})"
                           "\n"
                           R"({"op":"m","message":{"prefix":"x","content":"aGk="}})"
                           "\n" +
                           good + "\n" + R"({"payload":null})" + "\n" +
                           R"({"payload":{"op":"m","before":null}})" + "\n";
  const auto expected = changed_orders(R"([[1, "a", "c", null, null, null]])");
  for (const auto& options : {changes(), changes(kOrders)}) {
    const auto table = decode(text, options);
    ASSERT_TRUE(table.ok()) << table.status();
    EXPECT_TRUE((*table)->Equals(*expected)) << (*table)->ToString();
    // Bad ones among them know how many rows are before them.
    auto keeping = options;
    keeping.keep_bad_records = true;
    const auto decoder =
        make_decoder(input_of(text + "bad\n" + good + "\n"), keeping, {}).ValueOrDie();
    const auto rows = decoder->next({});
    ASSERT_TRUE(rows.ok()) << rows.status();
    EXPECT_EQ((*rows)->num_rows(), 2);
    const auto bad = decoder->take_bad_records();
    ASSERT_EQ(bad.size(), 1);
    EXPECT_EQ(bad[0].num_rows_before, 1);
  }
  const auto none = decode("{\"payload\":null}\n", changes(kOrders));
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_EQ((*none)->num_rows(), 0);
}

TEST(Changes, WithAColumnThatHasNoNameAreBad) {
  const std::string text = R"({"op":"c","after":{"":1,"id":1}})";
  EXPECT_THAT(decode(text, changes()),
              IsError(ErrorKind::kCorruptData, HasSubstr("a column without a name")));
  auto options = changes();
  options.keep_bad_records = true;
  const auto decoder =
      make_decoder(input_of(text + "\n" + R"({"op":"c","after":{"id":2}})" + "\n"),
                   options, {})
          .ValueOrDie();
  const auto rows = decoder->next({});
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ((*rows)->num_rows(), 1);
  EXPECT_EQ(decoder->take_bad_records().size(), 1);
}

TEST(Changes, OfNoTimeAreBad) {
  const auto change = [](const char* type, const char* name, const char* value) {
    return wrapped(fmt::format(R"({{"type":"{}","name":"{}","field":"at"}})", type, name),
                   fmt::format(R"({{"after":{{"at":{}}},"op":"c"}})", value));
  };
  struct Case {
    const char* type;
    const char* name;
    const char* value;
  };
  const Case cases[] = {
      {"int64", "io.debezium.time.MicroTime", "86400000000"},
      {"int64", "io.debezium.time.NanoTime", "-1"},
      {"int32", "io.debezium.time.Time", "86400000"},
      {"int64", "io.debezium.time.Timestamp", "253402300800000"},
      {"int64", "io.debezium.time.MicroTimestamp", "9223372036825200000"},
      {"int32", "io.debezium.time.Date", "2932897"},
  };
  for (const Case& each : cases) {
    EXPECT_THAT(decode(change(each.type, each.name, each.value), changes()),
                IsError(ErrorKind::kSchemaMismatch, HasSubstr("column 'at' is ")))
        << each.name;
  }
  const auto last =
      decode(change("int64", "io.debezium.time.MicroTime", "86399999999"), changes());
  ASSERT_TRUE(last.ok()) << last.status();
}

TEST(Changes, OfATableThatNamesItsColumnsLikeOursAreRefused) {
  EXPECT_THAT(decode(R"({"op":"c","after":{"_op":1}})", changes()),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("'_op' is named like")));
}

TEST(Changes, BringColumnsThatWereNotThereAtFirst) {
  const std::string text = R"({"op":"c","after":{"id":1}})";
  auto limits = tiny_blocks(8);
  limits.sample_records = 1;
  EXPECT_THAT(
      decode(text + "\n" + R"({"op":"c","after":{"id":2,"x":1}})", changes(), limits),
      IsError(ErrorKind::kSchemaMismatch, HasSubstr("field 'x' is not among")));
}

}  // namespace
}  // namespace velo::formats::json
