#include "velo/formats/avro/decoder.h"

#include <fmt/format.h>

#include "velo/formats/avro/avro_for_test.h"
#include "velo/formats/avro/datum.h"

namespace velo::formats::avro {
namespace {

using ::testing::_;
using ::testing::HasSubstr;
using velo::testing::IsError;
using velo::testing::IsOk;

struct ReadCase {
  const char* type;
  std::shared_ptr<arrow::DataType> arrow;
  std::string bytes;
  int64_t num_records;
  const char* values;  // as Arrow's JSON
};

std::shared_ptr<arrow::DataType> list_of(const std::shared_ptr<arrow::DataType>& type,
                                         bool nullable = false) {
  return arrow::list(arrow::field("item", type, nullable));
}

// The table of README.md, read.
std::vector<ReadCase> read_cases() {
  using arrow::TimeUnit;
  const auto logical = [](const char* kind, const char* name) {
    static std::vector<std::unique_ptr<std::string>> texts;
    texts.push_back(std::make_unique<std::string>(
        fmt::format(R"({{"type":"{}","logicalType":"{}"}})", kind, name)));
    return texts.back()->c_str();
  };
  const std::string extremes =
      Bytes().number(0).number(-1).number(INT64_MAX).number(INT64_MIN).text;
  const std::string int_extremes =
      Bytes().number(0).number(-1).number(INT32_MAX).number(INT32_MIN).text;
  const char* longs = "[0, -1, 9223372036854775807, -9223372036854775808]";
  const char* ints = "[0, -1, 2147483647, -2147483648]";
  return {
      {R"("null")", arrow::null(), "", 2, "[null, null]"},
      {R"("boolean")", arrow::boolean(), std::string("\1\0\1", 3), 3,
       "[true, false, true]"},
      {R"("int")", arrow::int32(), int_extremes, 4, ints},
      {R"("long")", arrow::int64(), extremes, 4, longs},
      {R"("float")", arrow::float32(), Bytes().real32(1.5F).real32(-0.0F).text, 2,
       "[1.5, -0.0]"},
      {R"("double")", arrow::float64(), Bytes().real(1e300).real(0.1).text, 2,
       "[1e300, 0.1]"},
      {R"("bytes")", arrow::binary(), Bytes().string("").string("ab").text, 2,
       R"(["", "ab"])"},
      {R"("string")", arrow::utf8(),
       Bytes().string("").string("naïve ☃ 𝄞").string("seventeen bytes..").text, 3,
       R"(["", "naïve ☃ 𝄞", "seventeen bytes.."])"},
      {R"({"type":"fixed","name":"f","size":2})", arrow::fixed_size_binary(2), "abcd", 2,
       R"(["ab", "cd"])"},
      {R"({"type":"fixed","name":"f","size":12,"logicalType":"duration"})",
       arrow::fixed_size_binary(12), "0123456789ab", 1, R"(["0123456789ab"])"},
      {R"({"type":"enum","name":"e","symbols":["RED","GREEN"]})", arrow::utf8(),
       Bytes().number(1).number(0).text, 2, R"(["GREEN", "RED"])"},
      {logical("string", "uuid"), arrow::utf8(), Bytes().string("x").text, 1, R"(["x"])"},
      {logical("int", "date"), arrow::date32(), int_extremes, 4, ints},
      {logical("int", "time-millis"), arrow::time32(TimeUnit::MILLI),
       Bytes().number(86399999).text, 1, "[86399999]"},
      {logical("long", "time-micros"), arrow::time64(TimeUnit::MICRO),
       Bytes().number(86399999999).text, 1, "[86399999999]"},
      {logical("long", "timestamp-millis"), arrow::timestamp(TimeUnit::MILLI, "UTC"),
       extremes, 4, longs},
      {logical("long", "timestamp-micros"), arrow::timestamp(TimeUnit::MICRO, "UTC"),
       extremes, 4, longs},
      {logical("long", "timestamp-nanos"), arrow::timestamp(TimeUnit::NANO, "UTC"),
       extremes, 4, longs},
      {logical("long", "local-timestamp-millis"), arrow::timestamp(TimeUnit::MILLI),
       extremes, 4, longs},
      {logical("long", "local-timestamp-micros"), arrow::timestamp(TimeUnit::MICRO),
       extremes, 4, longs},
      {logical("long", "local-timestamp-nanos"), arrow::timestamp(TimeUnit::NANO),
       extremes, 4, longs},
      {R"({"type":"bytes","logicalType":"decimal","precision":5,"scale":2})",
       arrow::decimal128(5, 2),
       Bytes().string("\x7F").string("\xFF\xFE").string(std::string("\0\xFF", 2)).text, 3,
       R"(["1.27", "-0.02", "2.55"])"},
      {R"({"type":"bytes","logicalType":"decimal","precision":4,"scale":0})",
       arrow::decimal128(4, 0),
       Bytes().string(std::string(20, '\xFF')).string(std::string(19, '\0') + "\1").text,
       2, R"(["-1", "1"])"},
      {R"({"type":"fixed","name":"f","size":4,"logicalType":"decimal","precision":9,
           "scale":0})",
       arrow::decimal128(9, 0), std::string("\0\0\1\0\xFF\xFF\xFF\xFF", 8), 2,
       R"(["256", "-1"])"},
      {R"({"type":"bytes","logicalType":"decimal","precision":60,"scale":1})",
       arrow::decimal256(60, 1), Bytes().string("\x19").text, 1, R"(["2.5"])"},
      {R"({"type":"string","connect.name":"io.debezium.time.ZonedTimestamp"})",
       arrow::timestamp(TimeUnit::MICRO, "UTC"),
       Bytes().string("1970-01-01T01:00:00.5+01:00").text, 1, "[500000]"},
      {R"({"type":"long","connect.name":"io.debezium.time.NanoTime"})",
       arrow::time64(TimeUnit::NANO), Bytes().number(86399999999999).text, 1,
       "[86399999999999]"},
      {R"(["null","long"])", arrow::int64(), Bytes().number(0).number(1).number(7).text,
       2, "[null, 7]"},
      {R"(["string","null"])", arrow::utf8(),
       Bytes().number(1).number(0).string("a").text, 2, R"([null, "a"])"},
      {R"(["long"])", arrow::int64(), Bytes().number(0).number(7).text, 1, "[7]"},
      {R"(["null"])", arrow::null(), Bytes().number(0).text, 1, "[null]"},
      {R"(["null","int","long"])", arrow::int64(),
       Bytes().number(1).number(7).number(2).number(INT64_MAX).number(0).text, 3,
       "[7, 9223372036854775807, null]"},
      {R"(["double","float"])", arrow::float64(),
       Bytes().number(1).real32(0.5F).number(0).real(0.1).text, 2, "[0.5, 0.1]"},
      {R"(["null","string","long"])",
       arrow::struct_(
           {arrow::field("string", arrow::utf8()), arrow::field("long", arrow::int64())}),
       Bytes().number(1).string("a").number(0).number(2).number(7).text, 3,
       R"([{"string": "a", "long": null}, null, {"string": null, "long": 7}])"},
      {R"({"type":"array","items":"int"})", list_of(arrow::int32()),
       Bytes()
           .number(2)
           .number(1)
           .number(2)
           .number(-1)
           .number(1)
           .number(3)
           .number(0)
           .number(0)
           .text,
       2, "[[1, 2, 3], []]"},
      {R"({"type":"array","items":["null","string"]})", list_of(arrow::utf8(), true),
       Bytes().number(2).number(0).number(1).string("a").number(0).text, 1,
       R"([[null, "a"]])"},
      {R"({"type":"map","values":["null","int"]})",
       arrow::map(arrow::utf8(), arrow::int32()),
       Bytes()
           .number(2)
           .string("k")
           .number(1)
           .number(5)
           .string("")
           .number(0)
           .number(0)
           .number(0)
           .text,
       2, R"([[["k", 5], ["", null]], []])"},
      {R"({"type":"record","name":"in","fields":[{"name":"a","type":"int"},
           {"name":"b","type":["null","string"]}]})",
       arrow::struct_(
           {arrow::field("a", arrow::int32(), false), arrow::field("b", arrow::utf8())}),
       Bytes().number(1).number(1).string("x").number(2).number(0).text, 2,
       R"([{"a": 1, "b": "x"}, {"a": 2, "b": null}])"},
      {R"(["null",{"type":"record","name":"in","fields":[{"name":"a","type":"int"}]}])",
       arrow::struct_({arrow::field("a", arrow::int32(), false)}),
       Bytes().number(0).number(1).number(2).text, 2, R"([null, {"a": 2}])"},
      {R"({"type":"record","name":"in","fields":[]})", arrow::struct_({}), "", 2,
       "[{}, {}]"},
  };
}

TEST(AvroDecoder, ReadsEachType) {
  for (const ReadCase& one : read_cases()) {
    SCOPED_TRACE(one.type);
    const auto column = decode_x(one.type, one.bytes, one.num_records);
    ASSERT_THAT(column, IsOk());
    EXPECT_EQ((*column)->type()->ToString(), one.arrow->ToString());
    // ArrayFromJSON refuses null in fields that are not nullable, below a null.
    const auto expected = arrow::json::ArrayFromJSONString(one.arrow, one.values);
    ASSERT_THAT(expected, IsOk());
    EXPECT_TRUE((*column)->Equals(**expected)) << (*column)->ToString();
  }
}

TEST(AvroDecoder, StepsOverEachType) {
  for (const ReadCase& one : read_cases()) {
    SCOPED_TRACE(one.type);
    // One record of the first, between two columns that are wanted.
    const std::string file = make_file(
        fmt::format(R"({{"type":"record","name":"row","fields":[
            {{"name":"a","type":{{"type":"array","items":{}}}}},
            {{"name":"z","type":"string"}}]}})",
                    one.type),
        {}, 1,
        Bytes().number(one.num_records).raw(one.bytes).number(0).string("end").text);
    const auto whole = decode(file);
    ASSERT_THAT(whole, IsOk());
    const auto table = decode(file, {.columns = {{"z"}}});
    ASSERT_THAT(table, IsOk());
    EXPECT_EQ((*table)->num_columns(), 1);
    EXPECT_EQ((*table)->column(0)->GetScalar(0).ValueOrDie()->ToString(), "end");
  }
}

// Arrow's Parquet writer looks at those, too.
TEST(AvroDecoder, BelowANullStandsNoNullWhereThereCanBeNone) {
  const auto column = decode_x(
      R"(["null",{"type":"record","name":"in","fields":[
          {"name":"i","type":"int"},{"name":"b","type":"boolean"},
          {"name":"s","type":"string"},{"name":"a","type":{"type":"array","items":"int"}},
          {"name":"f","type":{"type":"fixed","name":"f","size":3}},
          {"name":"r","type":{"type":"record","name":"r","fields":[
              {"name":"d","type":"double"}]}},
          {"name":"n","type":["null","int"]}]}])",
      std::string(1, '\0'));
  ASSERT_THAT(column, IsOk());
  for (const auto& child : (*column)->data()->child_data) {
    const bool nullable = child->type->id() == arrow::Type::INT32 &&
                          child == (*column)->data()->child_data.back();
    EXPECT_EQ(child->GetNullCount(), nullable ? 1 : 0) << child->type->ToString();
  }
}

TEST(AvroDecoder, SaysWhichColumnsMayBeNull) {
  const std::string file = make_file(R"({"type":"record","name":"r","fields":[
      {"name":"a","type":"int"},{"name":"b","type":["null","int"]}]})",
                                     {}, 0, "");
  const auto table = decode(file);
  ASSERT_THAT(table, IsOk());
  EXPECT_FALSE((*table)->field(0)->nullable());
  EXPECT_TRUE((*table)->field(1)->nullable());
}

TEST(AvroDecoder, ColumnsComeInTheOrderAskedFor) {
  const std::string file = make_file(R"({"type":"record","name":"r","fields":[
      {"name":"a","type":"int"},{"name":"b","type":"string"},{"name":"c","type":"int"}]})",
                                     {}, 1, Bytes().number(1).string("x").number(3).text);
  const auto table = decode(file, {.columns = {{"c", "a"}}});
  ASSERT_THAT(table, IsOk());
  EXPECT_EQ((*table)->schema()->field_names(), (std::vector<std::string>{"c", "a"}));
  EXPECT_EQ((*table)->column(0)->GetScalar(0).ValueOrDie()->ToString(), "3");
  const auto none = decode(file, {.columns = std::vector<std::string>()});
  ASSERT_THAT(none, IsOk());
  EXPECT_EQ((*none)->num_rows(), 1);
  EXPECT_THAT(decode(file, {.columns = {{"d"}}}),
              IsError(ErrorKind::kInvalidArgument,
                      "data.avro: there is no column 'd'; there are a, b, c"));
}

TEST(AvroDecoder, WhatIsNoRecordIsOneColumn) {
  const auto table = decode(make_file(R"("string")", {}, 2, "\2a\2b"));
  ASSERT_THAT(table, IsOk());
  EXPECT_EQ((*table)->schema()->ToString(), "value: string not null");
  EXPECT_EQ((*table)->num_rows(), 2);
}

TEST(AvroDecoder, ReadsAsSchemaSays) {
  const std::string file =
      make_file(R"({"type":"record","name":"r","fields":[
      {"name":"a","type":"int"},{"name":"b","type":["null","string"]},
      {"name":"s","type":{"type":"record","name":"of.s","fields":[
           {"name":"p","type":"float"},{"name":"q","type":"int"}]}}]})",
                {}, 1, Bytes().number(7).number(0).real32(0.5F).number(1).text);
  const auto wanted = arrow::schema(
      {arrow::field("new", arrow::utf8()),
       arrow::field("s", arrow::struct_({arrow::field("p", arrow::float64())})),
       arrow::field("a", arrow::int64())});
  const auto table = decode(file, {.schema = wanted});
  ASSERT_THAT(table, IsOk());
  EXPECT_TRUE(
      (*table)->Equals(*table_of(wanted, R"([{"new": null, "s": {"p": 0.5}, "a": 7}])")))
      << (*table)->ToString();
  EXPECT_THAT(
      decode(file, {.schema = arrow::schema({arrow::field("b", arrow::int64())})}),
      IsError(ErrorKind::kSchemaMismatch,
              "data.avro: field 'b': what was written as string cannot be read "
              "as long"));
  EXPECT_THAT(
      decode(file, {.schema = arrow::schema({arrow::field("a", arrow::int16())})}),
      IsError(ErrorKind::kSchemaMismatch,
              "data.avro: column 'a': Avro is not read as int16; say int32, and "
              "CAST it in the SELECT"));
}

TEST(AvroDecoder, FilesOfAPatternYieldWhatTheyHave) {
  const std::string file = file_of_x(R"("int")", "\2");
  const DecodeOptions options{.schema = arrow::schema({arrow::field("x", arrow::int64()),
                                                       arrow::field("y", arrow::utf8())}),
                              .is_inferred = true,
                              .columns = {{"y", "x"}}};
  const auto table = decode(file, options);
  ASSERT_THAT(table, IsOk());
  EXPECT_EQ((*table)->schema()->ToString(), "x: int32 not null");
}

TEST(AvroDecoder, NamesTheByteTheRecordAndTheField) {
  const char* type = R"({"type":"array","items":{"type":"record","name":"line","fields":[
      {"name":"price","type":"string"}]}})";
  const std::string good = Bytes().number(1).string("a").number(0).text;
  const std::string bad = Bytes().number(1).string("\xC0").number(0).text;
  const std::string file = file_of_x(type, good + bad, 2);
  const size_t at = file.find('\xC0');
  EXPECT_THAT(decode(file),
              IsError(ErrorKind::kCorruptData,
                      fmt::format("data.avro: block 1, byte {}, record 2: field "
                                  "'x.item.price': byte 0xc0 is not UTF-8",
                                  at)));
}

TEST(AvroDecoder, WhatBytesCannotMeanIsRefused) {
  const struct {
    const char* type;
    std::string bytes;
    const char* error;
  } kCases[] = {
      {R"("boolean")", "\2", "a boolean is 2"},
      {R"("int")", Bytes().number(int64_t{1} << 31).text, "an int is 2147483648"},
      {R"("long")", std::string(9, '\xFF') + "\2", "more than 64 bits"},
      {R"("string")", Bytes().number(-1).text, "a negative number of bytes"},
      {R"("string")", Bytes().number(5).text, "goes beyond its block"},
      {R"("double")", "1234567", "goes beyond its block"},
      {R"(["null","int"])", Bytes().number(2).text, "a union of 2 types has no type 2"},
      {R"(["null","int","string"])", Bytes().number(-1).text,
       "a union of 3 types has no type -1"},
      {R"({"type":"enum","name":"e","symbols":["a"]})", Bytes().number(1).text,
       "an enum of 1 symbols has no symbol 1"},
      {R"({"type":"bytes","logicalType":"decimal","precision":2,"scale":0})",
       Bytes().string("\x64").text, "a decimal has more than 2 digits"},
      {R"({"type":"bytes","logicalType":"decimal","precision":2,"scale":0})",
       Bytes().string("").text, "a decimal has no bytes"},
      {R"({"type":"bytes","logicalType":"decimal","precision":38,"scale":0})",
       Bytes().string(std::string(17, '\1')).text, "a decimal has more than 38 digits"},
      {R"({"type":"array","items":"int"})", Bytes().number(INT64_MAX).text,
       "goes beyond its block"},
      {R"({"type":"array","items":"int"})", Bytes().number(INT64_MIN).text,
       "a number of items that cannot be"},
      {R"({"type":"array","items":"null"})", Bytes().number(2'000'000).number(0).text,
       "too many values without bytes"},
      {R"({"type":"int","logicalType":"time-millis"})", Bytes().number(86'400'000).text,
       "a time of day is 86400000"},
      {R"({"type":"long","logicalType":"time-micros"})", "\1", "a time of day is -1"},
      {R"({"type":"string","connect.name":"io.debezium.time.ZonedTimestamp"})",
       Bytes().string("1970-01-01T01:00:00").text, "a text "},
      {R"("int")", "\2\2", "the block has 1 bytes more than its 1 records"},
  };
  for (const auto& one : kCases) {
    EXPECT_THAT(decode(file_of_x(one.type, one.bytes)),
                IsError(ErrorKind::kCorruptData, HasSubstr(one.error)));
  }
  EXPECT_THAT(decode(make_file(R"("null")", {}, int64_t{1} << 60, "")),
              IsError(ErrorKind::kCorruptData, HasSubstr("records without bytes")));
}

TEST(AvroDecoder, AFewBytesDoNotTakeAllMemory) {
  // Nulls in a list of structs of 2,000 columns: a byte each.
  std::string fields;
  for (int i = 0; i < 2000; ++i) {
    fields += fmt::format(R"({}{{"name":"f{}","type":"long"}})", i ? "," : "", i);
  }
  const std::string type = fmt::format(
      R"({{"type":"array","items":["null",{{"type":"record","name":"w","fields":[{}]}}]}})",
      fields);
  const std::string nulls(1'000'000, '\0');
  EXPECT_THAT(
      decode(file_of_x(type, Bytes().number(1'000'000).raw(nulls).number(0).text)),
      IsError(ErrorKind::kCorruptData, HasSubstr("takes too much memory")));
}

// A null has the width of its column.
TEST(AvroDecoder, ARowOfNullsDoesNotTakeAllMemory) {
  std::string fields;
  for (int i = 0; i < 65; ++i) {
    fields += fmt::format(
        R"({}{{"name":"f{}","type":["null",{{"type":"fixed","name":"x{}","size":1048576}}]}})",
        i ? "," : "", i, i);
  }
  const std::string record =
      R"({"type":"record","name":"wide","fields":[)" + fields + "]}";
  const std::string file = make_file(record, {}, 1, std::string(65, '\0'));
  EXPECT_THAT(decode(file), IsError(ErrorKind::kNotImplemented,
                                    "data.avro: its columns have 65 MiB in each row, "
                                    "whatever is in it, and more than 64 MiB are not "
                                    "read; name some of them in a SELECT"));
  EXPECT_THAT(decode(file, {.columns = {{"f7", "f9"}}}), IsOk());
  // In a list they count as its items do, whatever their number times their width is.
  const std::string list = R"({"type":"array","items":)" + record + "}";
  const std::string items(65 * 1000, '\0');
  EXPECT_THAT(decode(file_of_x(list, Bytes().number(1000).raw(items).number(0).text)),
              IsError(ErrorKind::kCorruptData, HasSubstr("takes too much memory")));
}

TEST(AvroDecoder, BatchesAreBoundedByRowsAndBytes) {
  Bytes numbers;
  for (int64_t i = 0; i < 40'000; ++i) numbers.number(i);
  auto decoder = make_decoder(input_of(file_of_x(R"("long")", numbers.text, 40'000)), {});
  ASSERT_THAT(decoder, IsOk());
  std::vector<int64_t> sizes;
  while (auto batch = (*decoder)->next({}).ValueOrDie())
    sizes.push_back(batch->num_rows());
  EXPECT_EQ(sizes, (std::vector<int64_t>{16384, 16384, 7232}));
  Bytes texts;
  for (int64_t i = 0; i < 100; ++i) texts.string(std::string(10'000, 'x'));
  decoder = make_decoder(input_of(file_of_x(R"("string")", texts.text, 100)), {});
  (*decoder)->limit_memory(1 << 20);
  EXPECT_EQ((*decoder)->next({}).ValueOrDie()->num_rows(), 14);  // 128 KiB
}

TEST(AvroDecoder, HearsAStop) {
  auto decoder = make_decoder(input_of(file_of_x(R"("int")", "\2")), {});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT((*decoder)->next(stop.get_token()), IsError(ErrorKind::kCancelled, _));
}

TEST(AvroDatum, DecodesMessagesAndLeavesOutBadOnes) {
  const auto type = schema(R"({"type":"record","name":"r","fields":[
      {"name":"t","type":{"type":"array","items":"string"}},
      {"name":"n","type":["null","long"]},{"name":"b","type":"boolean"}]})");
  auto decoder = DatumDecoder::make(type, type);
  ASSERT_THAT(decoder, IsOk());
  const std::string one =
      Bytes().number(1).string("a").number(0).number(1).number(7).raw("\1").text;
  const std::string two =
      Bytes().number(2).string("b").string("c").number(0).number(0).raw("\1").text;
  std::string bad = two;
  bad.back() = '\7';
  EXPECT_THAT((*decoder)->append(one), IsOk());
  EXPECT_THAT((*decoder)->append(bad),
              IsError(ErrorKind::kCorruptData, "byte 7: field 'b': a boolean is 7"));
  EXPECT_THAT((*decoder)->append(two + "x"),
              IsError(ErrorKind::kCorruptData, "byte 8: 1 bytes follow the value"));
  EXPECT_THAT((*decoder)->append(two.substr(0, 3)), IsError(ErrorKind::kCorruptData, _));
  EXPECT_THAT((*decoder)->append(""), IsError(ErrorKind::kCorruptData, _));
  EXPECT_THAT((*decoder)->append(two), IsOk());
  const auto rows = (*decoder)->finish().ValueOrDie();
  EXPECT_THAT(rows->ValidateFull(), IsOk());
  const auto expected = arrow::json::ArrayFromJSONString(
      arrow::struct_(rows->schema()->fields()),
      R"([{"t": ["a"], "n": 7, "b": true}, {"t": ["b", "c"], "n": null, "b": true}])");
  EXPECT_TRUE(rows->ToStructArray().ValueOrDie()->Equals(**expected)) << rows->ToString();
}

}  // namespace
}  // namespace velo::formats::avro
