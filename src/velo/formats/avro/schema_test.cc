#include "velo/formats/avro/schema.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "velo/formats/avro/avro_for_test.h"
#include "velo/formats/avro/crc32.h"
#include "velo/formats/avro/schema_of_arrow.h"

namespace velo::formats::avro {
namespace {

using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using velo::testing::IsError;
using velo::testing::IsOk;

TEST(AvroSchema, FindsTypesByTheirNames) {
  const auto type = schema(R"({"type":"record","name":"row","namespace":"of","fields":[
      {"name":"a","type":{"type":"fixed","name":"id","size":16}},
      {"name":"b","type":"id"},{"name":"c","type":["null","of.id"]},
      {"name":"d","type":{"type":"enum","name":"other.kind","symbols":["x"],
                          "aliases":["sort","a.b"]}},
      {"name":"e","type":"other.kind"}]})");
  EXPECT_EQ(type->name, "of.row");
  EXPECT_EQ(type->fields[1].type->num_bytes, 16);
  EXPECT_EQ(type->fields[1].type, type->fields[2].type->parts[1]);
  EXPECT_EQ(type->fields[3].type, type->fields[4].type);
  EXPECT_THAT(type->fields[3].type->aliases, ElementsAre("other.sort", "a.b"));
}

TEST(AvroSchema, HoldsNoTypeThatHoldsItself) {
  EXPECT_THAT(parse_schema(R"({"type":"record","name":"a.list","fields":[
                {"name":"next","type":["null","list"]}]})"),
              IsError(ErrorKind::kNotImplemented,
                      HasSubstr("field 'next': the Avro type 'a.list' holds itself")));
}

TEST(AvroSchema, WhatIsNoneIsRefused) {
  for (const char* text :
       {"", "{", "7", "[]", "{}", R"("number")", R"({"type":"record"})",
        R"({"type":"fixed","name":"x","size":-1})", R"({"type":"array"})",
        R"({"type":"record","name":"r"})", R"({"type":"enum"})",
        R"(["int",["null","long"]])", R"(["int","int"])",
        R"({"type":"enum","name":"e","symbols":["A",1,"B"]})",
        R"({"type":"enum","name":"e","symbols":"A"})",
        R"({"type":"record","name":"r","fields":[{"name":"a","type":"int"},
            {"name":"a","type":"int"}]})"}) {
    EXPECT_THAT(parse_schema(text), IsError(ErrorKind::kCorruptData, _)) << text;
  }
}

TEST(AvroSchema, IsBoundedInDepthAndSize) {
  std::string deep = "\"int\"";
  for (int i = 0; i < 100; ++i) deep = R"({"type":"array","items":)" + deep + "}";
  EXPECT_THAT(parse_schema(deep),
              IsError(ErrorKind::kCorruptData, HasSubstr("more than 64 deep")));
  EXPECT_THAT(parse_schema(std::string(10'000'000, '[')),
              IsError(ErrorKind::kCorruptData, HasSubstr("more than 64 deep")));
  EXPECT_THAT(parse_schema("[" + std::string(20'000'000, ' ')),
              IsError(ErrorKind::kCorruptData, HasSubstr("more than 16 MiB")));
  // What is in texts is none.
  EXPECT_THAT(
      parse_schema(R"({"type":"long","doc":"\")" + std::string(1000, '[') + "\"}"),
      IsOk());
  // Each type has the one before it ten times.
  std::string wide = R"({"type":"record","name":"r0","fields":[]})";
  for (int i = 1; i < 10; ++i) {
    std::string fields;
    for (int j = 0; j < 10; ++j) {
      const std::string type = j == 0 ? wide : fmt::format("\"r{}\"", i - 1);
      fields += fmt::format(R"({}{{"name":"f{}","type":{}}})", j ? "," : "", j, type);
    }
    wide = fmt::format(R"({{"type":"record","name":"r{}","fields":[{}]}})", i, fields);
  }
  EXPECT_THAT(parse_schema(wide),
              IsError(ErrorKind::kCorruptData, HasSubstr("more than 1000000 types")));
}

TEST(AvroSchema, HearsOnlyMeaningsThatItsKindCanHave) {
  const struct {
    const char* json;
    const char* means;
  } kTypes[] = {
      {R"({"type":"int","logicalType":"date"})", "date"},
      {R"({"type":"long","logicalType":"date"})", "long"},
      {R"({"type":"string","logicalType":"uuid"})", "uuid"},
      {R"({"type":"bytes","logicalType":"decimal","precision":9,"scale":2})",
       "decimal(9, 2)"},
      {R"({"type":"bytes","logicalType":"decimal","precision":2,"scale":9})", "bytes"},
      {R"({"type":"bytes","logicalType":"decimal"})", "bytes"},
      {R"({"type":"long","logicalType":"timestamp-nanos"})", "timestamp-nanos"},
      {R"({"type":"fixed","name":"f","size":12,"logicalType":"duration"})", "duration"},
      {R"({"type":"fixed","name":"f","size":11,"logicalType":"duration"})", "fixed f"},
      {R"({"type":"int","logicalType":"my own"})", "int"},
      {R"({"type":"int","connect.name":"io.debezium.time.Date"})", "date"},
      {R"({"type":"long","connect.name":"org.apache.kafka.connect.data.Timestamp",
           "logicalType":"timestamp-millis"})",
       "local-timestamp-millis"},
      {R"({"type":"string","connect.name":"io.debezium.time.ZonedTimestamp"})",
       "zoned-timestamp"},
      {R"({"type":"long","connect.name":"io.debezium.time.NanoTime"})", "time-nanos"},
  };
  for (const auto& type : kTypes) EXPECT_EQ(to_string(*schema(type.json)), type.means);
}

TEST(AvroSchema, KeepsDefaultsAsBytes) {
  const auto type = schema(R"({"type":"record","name":"row","fields":[
      {"name":"a","type":"int","default":-1},
      {"name":"b","type":["null","string"],"default":null},
      {"name":"c","type":["null","string"],"default":"x"},
      {"name":"d","type":{"type":"array","items":"long"},"default":[1,2]},
      {"name":"e","type":"bytes","default":"\u00ff"},
      {"name":"f","type":{"type":"enum","name":"k","symbols":["p","q"]},"default":"q"},
      {"name":"g","type":{"type":"record","name":"in","fields":[
          {"name":"x","type":"int","default":3}]},"default":{}},
      {"name":"h","type":"int","default":"3"},
      {"name":"i","type":"int","default":3000000000},
      {"name":"j","type":"boolean","default":true},
      {"name":"k","type":{"type":"map","values":"int"},"default":{"a":1}}]})");
  const auto of = [&](size_t i) { return type->fields[i].default_value; };
  EXPECT_EQ(of(0), "\1");
  EXPECT_EQ(of(1), std::string(1, '\0'));
  EXPECT_EQ(of(2), "\2\2x");
  EXPECT_EQ(of(3), std::string("\4\2\4\0", 4));
  EXPECT_EQ(of(4), "\2\xFF");
  EXPECT_EQ(of(5), "\2");
  EXPECT_EQ(of(6), "\6");
  EXPECT_EQ(of(7), std::nullopt);
  EXPECT_EQ(of(8), std::nullopt);
  EXPECT_EQ(of(9), "\1");
  EXPECT_EQ(of(10), std::string("\2\2a\2\0", 5));
}

TEST(AvroSchema, IsWrittenAsItIsRead) {
  const char* json =
      R"({"type":"record","name":"row","fields":[)"
      R"({"name":"a","type":["null",{"type":"long","logicalType":"timestamp-micros"}],)"
      R"("default":null},)"
      R"({"name":"b","type":{"type":"bytes","logicalType":"decimal","precision":9,)"
      R"("scale":2}},)"
      R"({"name":"c","type":{"type":"array","items":"string"}},)"
      R"({"name":"d","type":{"type":"fixed","name":"f","size":3}},)"
      R"({"name":"e","type":"f"}]})";
  EXPECT_EQ(json_of(*schema(json)), json);
}

TEST(AvroCrc32, IsThatOfGzip) {
  EXPECT_EQ(crc32(""), 0U);
  EXPECT_EQ(crc32("123456789"), 0xCBF43926U);
  EXPECT_EQ(crc32("The quick brown fox jumps over the lazy dog"), 0x414FA339U);
}

}  // namespace
}  // namespace velo::formats::avro
