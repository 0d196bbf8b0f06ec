#include "velo/formats/avro/values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "velo/testing/matchers.h"

namespace velo::formats::avro {
namespace {

using ::testing::_;
using ::testing::HasSubstr;
using velo::testing::IsError;
using velo::testing::IsOk;

constexpr char kSchema[] = R"({"type":"record","name":"row","fields":[
  {"name":"number","type":"long","field-id":1},
  {"name":"text","type":["null","string"],"field-id":2},
  {"name":"other","type":{"type":"map","values":"double"},"field-id":3},
  {"name":"flag","type":["null","boolean"],"field-id":4}]})";

std::string file_of(const ValueEncoder& rows, int64_t num_rows = 1) {
  return make_file(kSchema, {{"key", "value"}}, num_rows, rows.bytes());
}

void add_row(ValueEncoder& rows, int64_t number, std::optional<std::string> text) {
  rows.add_long(number);
  rows.add_optional(text);
  rows.add_long(1);
  rows.add_text("a key");
  for (int i = 0; i < 8; ++i) rows.add_boolean(false);  // a double
  rows.add_long(0);
  rows.add_optional(std::optional(true));
}

Result<std::vector<Value>> read(std::string_view bytes, std::set<int> wanted = {1, 2}) {
  std::vector<Value> rows;
  ARROW_RETURN_NOT_OK(read_values("file.avro", bytes, wanted, [&](const auto& row) {
    rows.push_back(row);
    return Status::OK();
  }));
  return rows;
}

TEST(AvroValues, GivesTheFieldsAskedFor) {
  ValueEncoder encoder;
  for (const int64_t number : {int64_t{0}, int64_t{-1}, INT64_MAX, INT64_MIN}) {
    add_row(encoder, number, "naïve ☃");
  }
  add_row(encoder, 64, std::nullopt);
  const auto rows = read(file_of(encoder, 5));
  ASSERT_THAT(rows, IsOk());
  ASSERT_EQ(rows->size(), 5U);
  EXPECT_EQ((*rows)[0].number(1), 0);
  EXPECT_EQ((*rows)[1].number(1), -1);
  EXPECT_EQ((*rows)[2].number(1), INT64_MAX);
  EXPECT_EQ((*rows)[3].number(1), INT64_MIN);
  EXPECT_EQ((*rows)[3].text(2), "naïve ☃");
  EXPECT_EQ((*rows)[4].text(2), std::nullopt);
  EXPECT_EQ((*rows)[4].field(4), nullptr);
  EXPECT_EQ((*rows)[4].text(1), std::nullopt);
}

TEST(AvroValues, OfNoRows) { EXPECT_EQ(read(make_file(kSchema, {}, 0, ""))->size(), 0U); }

TEST(AvroValues, WhatIsCutOffIsNamed) {
  ValueEncoder encoder;
  add_row(encoder, 1, "text");
  const std::string whole = file_of(encoder);
  const size_t head = make_file(kSchema, {{"key", "value"}}, 0, "").size();
  for (size_t size = 0; size < whole.size(); ++size) {
    if (size == head) continue;  // a file without rows
    EXPECT_THAT(read(whole.substr(0, size)),
                IsError(ErrorKind::kCorruptData, HasSubstr("file.avro: ")));
  }
}

TEST(AvroValues, WhatCannotBeMeantIsRefused) {
  ValueEncoder branch;
  branch.add_long(1);
  branch.add_long(2);
  EXPECT_THAT(read(file_of(branch)),
              IsError(ErrorKind::kCorruptData, HasSubstr("has no type 2")));
  ValueEncoder more;
  add_row(more, 1, "text");
  more.add_long(1);
  EXPECT_THAT(read(file_of(more)),
              IsError(ErrorKind::kCorruptData, HasSubstr("more bytes than records")));
  std::string file = file_of(ValueEncoder(), 0);
  file.replace(file.find("null", file.find("avro.codec")), 4, "lzma");
  EXPECT_THAT(read(file),
              IsError(ErrorKind::kNotImplemented, HasSubstr("its codec is lzma")));
}

TEST(AvroValues, FewBytesAnnounceManyValues) {
  const std::string schema =
      R"({"type":"array","items":{"type":"record","name":"nothing","fields":[]}})";
  ValueEncoder rows;
  rows.add_long(INT64_MAX);
  EXPECT_THAT(read(make_file(schema, {}, 1, rows.bytes())),
              IsError(ErrorKind::kCorruptData, HasSubstr("without bytes")));
}

}  // namespace
}  // namespace velo::formats::avro
