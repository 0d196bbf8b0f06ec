#pragma once

/// What the tests of this folder share: bytes in, a table or an error out.

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "velo/formats/avro/binary.h"
#include "velo/formats/avro/decoder.h"
#include "velo/formats/avro/encoder.h"
#include "velo/formats/avro/schema.h"
#include "velo/formats/avro/values.h"
#include "velo/formats/whole_file_for_test.h"
#include "velo/testing/matchers.h"

namespace velo::formats::avro {

inline constexpr char kTestName[] = "data.avro";

inline Input input_of(const std::string& bytes) {
  return {kTestName,
          std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes)),
          nullptr};
}

/// All rows of a decoder; every batch is validated.
inline Result<std::shared_ptr<arrow::Table>> all_of(
    Result<std::unique_ptr<Decoder>> decoder) {
  ARROW_RETURN_NOT_OK(decoder.status());
  ARROW_ASSIGN_OR_RAISE(auto table,
                        decode_all(**decoder, [&](const arrow::RecordBatch& batch) {
                          EXPECT_GT(batch.num_rows(), 0);
                          EXPECT_TRUE(batch.schema()->Equals(*(*decoder)->schema()));
                          EXPECT_THAT(batch.ValidateFull(), velo::testing::IsOk());
                        }));
  return table->CombineChunks();
}

inline Result<std::shared_ptr<arrow::Table>> decode(const std::string& bytes,
                                                    DecodeOptions options = {}) {
  return all_of(make_decoder(input_of(bytes), std::move(options)));
}

inline SchemaPtr schema(const std::string& json) {
  auto parsed = parse_schema(json);
  EXPECT_TRUE(parsed.ok()) << parsed.status().ToString() << json;
  return parsed.ValueOrDie();
}

/// A file of one record, whose field "x" is of this type.
inline std::string file_of_x(const std::string& type, std::string_view x,
                             int64_t num_records = 1) {
  return make_file(
      R"({"type":"record","name":"row","fields":[{"name":"x","type":)" + type + "}]}", {},
      num_records, x);
}

/// The column "x" of such a file.
inline Result<std::shared_ptr<arrow::Array>> decode_x(const std::string& type,
                                                      std::string_view x,
                                                      int64_t num_records = 1) {
  ARROW_ASSIGN_OR_RAISE(auto table, decode(file_of_x(type, x, num_records)));
  if (table->num_rows() == 0) return arrow::MakeEmptyArray(table->field(0)->type());
  return table->column(0)->chunk(0);
}

/// Bytes of an encoder.
struct Bytes {
  std::string text;

  Bytes& number(int64_t value) { return append_long(value, text), *this; }
  Bytes& string(std::string_view value) { return append_text(value, text), *this; }
  Bytes& real(double value) { return append_float(value, text), *this; }
  Bytes& real32(float value) { return append_float(value, text), *this; }
  Bytes& raw(std::string_view value) { return text += value, *this; }
};

inline std::shared_ptr<arrow::Table> table_of(
    const std::shared_ptr<arrow::Schema>& schema, const std::string& rows) {
  auto array = arrow::json::ArrayFromJSONString(arrow::struct_(schema->fields()), rows);
  EXPECT_TRUE(array.ok()) << array.status().ToString();
  auto batch = arrow::RecordBatch::FromStructArray(*array).ValueOrDie();
  return arrow::Table::Make(schema, batch->columns());
}

/// The file that encoding the table writes.
inline Result<std::string> encode(const arrow::Table& table,
                                  const WriteOptions& options = {}) {
  return encode_all(table, [&](auto output, const auto& columns) {
    return make_encoder(std::move(output), columns, options);
  });
}

}  // namespace velo::formats::avro
