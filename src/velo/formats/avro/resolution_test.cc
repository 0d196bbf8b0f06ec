// What one schema has written is read as another asks for.

#include "velo/formats/avro/resolution.h"

#include <fmt/format.h>

#include "velo/formats/avro/avro_for_test.h"
#include "velo/formats/avro/datum.h"

namespace velo::formats::avro {
namespace {

using ::testing::HasSubstr;
using velo::testing::IsError;
using velo::testing::IsOk;

Result<std::string> resolved(const std::string& written, const std::string& wanted,
                             const std::string& datum) {
  ARROW_ASSIGN_OR_RAISE(auto decoder,
                        DatumDecoder::make(schema(written), schema(wanted)));
  ARROW_RETURN_NOT_OK(decoder->append(datum));
  ARROW_ASSIGN_OR_RAISE(const auto rows, decoder->finish());
  ARROW_RETURN_NOT_OK(rows->ValidateFull());
  ARROW_ASSIGN_OR_RAISE(const auto array, rows->ToStructArray());
  ARROW_ASSIGN_OR_RAISE(const auto scalar, array->GetScalar(0));
  return scalar->ToString();
}

struct Plain {
  const char* name;
  std::string datum;
  const char* read_as;  // the kinds that it is read as
};

// Each of the plain types as each.
TEST(AvroResolution, PromotesAsTheSpecificationSays) {
  const Plain kPlain[] = {
      {"null", "", "null"},
      {"boolean", "\1", "boolean"},
      {"int", "\2", "int long float double"},
      {"long", "\2", "long float double"},
      {"float", Bytes().real32(1).text, "float double"},
      {"double", Bytes().real(1).text, "double"},
      {"bytes", "\2a", "bytes string"},
      {"string", "\2a", "bytes string"},
  };
  for (const Plain& written : kPlain) {
    const std::string allowed = fmt::format(" {} ", written.read_as);
    for (const Plain& wanted : kPlain) {
      SCOPED_TRACE(fmt::format("{} as {}", written.name, wanted.name));
      const auto value = resolved(fmt::format("\"{}\"", written.name),
                                  fmt::format("\"{}\"", wanted.name), written.datum);
      if (allowed.find(fmt::format(" {} ", wanted.name)) != std::string::npos) {
        EXPECT_THAT(value, IsOk());
      } else {
        EXPECT_THAT(value, IsError(ErrorKind::kSchemaMismatch,
                                   HasSubstr("field 'value': what was written as")));
      }
    }
  }
}

struct Pair {
  std::string written;
  std::string wanted;
  std::string datum;
  const char* value;  // with a field "value", or what is wrong
};

std::string enum_of(const char* symbols, const char* rest = "") {
  return fmt::format(R"({{"type":"enum","name":"e","symbols":[{}]{}}})", symbols, rest);
}

std::string record_of(const char* fields, const char* name = "r") {
  return fmt::format(R"({{"type":"record","name":"{}","fields":[{}]}})", name, fields);
}

std::vector<Pair> pairs() {
  const std::string long_of = R"({"type":"long","logicalType":")";
  return {
      // Unions.
      {R"("int")", R"(["null","long"])", "\6", "{value:int64 = 3}"},
      {R"(["null","int"])", R"(["long","null"])", "\2\6", "{value:int64 = 3}"},
      {R"(["null","int"])", R"("int")", "\2\6", "{value:int32 = 3}"},
      {R"(["null","int"])", R"("int")", std::string(1, '\0'),
       "field 'value': what was written as null cannot be read as int"},
      {R"(["int","string"])", R"("string")", "\2\2a", "{value:string = a}"},
      {R"(["int","string"])", R"("string")", std::string("\0\6", 2),
       "field 'value': what was written as int cannot be read as string"},
      {R"(["int","string"])", R"("boolean")", "", "what was written as int cannot be"},
      {R"("long")", R"(["int","float","string"])", "\6",
       "{value:struct<int: int32, float: float, string: string> = {int:int32 = null, "
       "float:float = 3, string:string = null}}"},
      {R"("string")", R"(["null","int","string"])", "\2a",
       "{value:struct<int: int32, string: string> = {int:int32 = null, string:string = "
       "a}}"},
      {R"("boolean")", R"(["int","string"])", "", "is none of the types wanted"},
      {R"("null")", R"(["int","null"])", "", "{value:int32 = null}"},
      {R"(["null"])", R"(["int","null"])", std::string(1, '\0'), "{value:int32 = null}"},
      {R"(["null","string"])", R"(["null","int"])", "", "cannot be read as"},
      // Enums.
      {enum_of(R"("a","b")"), enum_of(R"("b","a")"), "\2", "{value:string = b}"},
      {enum_of(R"("a","b")"), enum_of(R"("a")"), "\2",
       "the symbol 'b' is none of those that are read"},
      {enum_of(R"("a","b")"), enum_of(R"("a")"), std::string(1, '\0'),
       "{value:string = a}"},
      {enum_of(R"("a","b")"), enum_of(R"("a","x")", R"(,"default":"x")"), "\2",
       "{value:string = x}"},
      {enum_of(R"("a")"), R"("string")", std::string(1, '\0'), "{value:string = a}"},
      {enum_of(R"("a")"), R"({"type":"enum","name":"other","symbols":["a"]})", "",
       "what was written as enum e cannot be read as enum other"},
      {enum_of(R"("a")"),
       R"({"type":"enum","name":"other","aliases":["e"],"symbols":["a"]})",
       std::string(1, '\0'), "{value:string = a}"},
      {R"("string")", enum_of(R"("a")"), "", "cannot be read as enum e"},
      // Fixed.
      {R"({"type":"fixed","name":"a.f","size":2})",
       R"({"type":"fixed","name":"b.f","size":2})", "xy",
       "{value:fixed_size_binary[2] = xy}"},
      {R"({"type":"fixed","name":"f","size":2})",
       R"({"type":"fixed","name":"f","size":3})", "", "cannot be read as fixed f"},
      {R"({"type":"fixed","name":"f","size":2})", R"("bytes")", "",
       "cannot be read as bytes"},
      // Meanings.
      {R"("long")", long_of + "timestamp-micros\"}", "\2",
       "{value:timestamp[us, tz=UTC] = 1970-01-01 00:00:00.000001Z}"},
      {long_of + "timestamp-micros\"}", R"("long")", "\2", "{value:int64 = 1}"},
      {long_of + "timestamp-millis\"}", long_of + "timestamp-micros\"}", "",
       "what was written as timestamp-millis cannot be read as timestamp-micros"},
      {R"({"type":"int","logicalType":"date"})", long_of + "timestamp-micros\"}", "",
       "what was written as date cannot be read as timestamp-micros"},
      {R"({"type":"bytes","logicalType":"decimal","precision":4,"scale":2})",
       R"({"type":"bytes","logicalType":"decimal","precision":9,"scale":2})", "\2\5",
       "{value:decimal128(9, 2) = 0.05}"},
      {R"({"type":"bytes","logicalType":"decimal","precision":4,"scale":2})",
       R"({"type":"bytes","logicalType":"decimal","precision":9,"scale":3})", "",
       "what was written as decimal(4, 2) cannot be read as decimal(9, 3)"},
      {R"({"type":"bytes","logicalType":"decimal","precision":9,"scale":2})",
       R"({"type":"bytes","logicalType":"decimal","precision":4,"scale":2})", "",
       "cannot be read as decimal(4, 2)"},
      {R"({"type":"bytes","logicalType":"decimal","precision":4,"scale":2})",
       R"("bytes")", "\2\5", "{value:binary = \x05}"},
      {R"("bytes")",
       R"({"type":"bytes","logicalType":"decimal","precision":4,"scale":2})", "",
       "cannot be read as decimal(4, 2)"},
      // Nested.
      {R"({"type":"array","items":"int"})", R"({"type":"array","items":"double"})",
       std::string("\2\6\0", 3),
       "{value:list<item: double not null> = list<item: double not null>[3]}"},
      {R"({"type":"array","items":"int"})", R"({"type":"array","items":"string"})", "",
       "what was written as int cannot be read as string"},
      {R"({"type":"array","items":"int"})", R"("int")", "",
       "what was written as array cannot be read as int"},
      {R"("int")", R"({"type":"array","items":"int"})", "",
       "what was written as int cannot be read as array"},
      {R"({"type":"map","values":"int"})", R"({"type":"array","items":"int"})", "",
       "what was written as map cannot be read as array"},
      {R"({"type":"map","values":"int"})", R"({"type":"map","values":["null","long"]})",
       std::string("\2\2k\6\0", 5),
       "{value:map<string, int64> = map<string, int64>[{key:string = k, value:int64 = "
       "3}]}"},
      // Records.
      {record_of(R"({"name":"a","type":"int"},{"name":"b","type":"string"})"),
       record_of(R"({"name":"b","type":"bytes"},{"name":"a","type":"long"})"), "\6\2x",
       "{b:binary = x, a:int64 = 3}"},
      {record_of(R"({"name":"a","type":"int"})"),
       record_of(R"({"name":"z","aliases":["y","a"],"type":"int"})"), "\6",
       "{z:int32 = 3}"},
      {record_of(R"({"name":"a","type":"int"},{"name":"gone","type":"string"})"),
       record_of(R"({"name":"new","type":["null","int"],"default":null},
                    {"name":"a","type":"int"},
                    {"name":"text","type":"string","default":"sure"},
                    {"name":"list","type":{"type":"array","items":"int"},
                     "default":[1,2]})"),
       "\6\2x",
       "{new:int32 = null, a:int32 = 3, text:string = sure, list:list<item: int32 not "
       "null> = list<item: int32 not null>[1, 2]}"},
      {record_of(R"({"name":"a","type":"int"})"),
       record_of(R"({"name":"b","type":"int"})"), "",
       "field 'b' was not written, and has no default"},
      {record_of(R"({"name":"a","type":"int"})"),
       record_of(R"({"name":"a","type":"int"},{"name":"b","type":"int","default":"x"})"),
       "", "field 'b' was not written, and has no default"},
      {R"({"type":"array","items":)" + record_of(R"({"name":"a","type":"int"})") + "}",
       R"({"type":"array","items":)" +
           record_of(R"({"name":"a","type":"int"})", "other") + "}",
       "", "what was written as record r cannot be read as record other"},
  };
}

TEST(AvroResolution, IsAsTheSpecificationSays) {
  for (const Pair& pair : pairs()) {
    SCOPED_TRACE(pair.written + " as " + pair.wanted);
    const auto value = resolved(pair.written, pair.wanted, pair.datum);
    if (pair.value[0] == '{') {
      ASSERT_THAT(value, IsOk());
      EXPECT_EQ(*value, pair.value);
    } else {
      ASSERT_FALSE(value.ok()) << *value;
      EXPECT_THAT(value.status().message(), HasSubstr(pair.value));
    }
  }
}

}  // namespace
}  // namespace velo::formats::avro
