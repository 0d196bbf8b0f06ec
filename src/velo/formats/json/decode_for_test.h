#pragma once

/// What the tests of this folder share: text in, a table or an error out.

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "velo/formats/json/decoder.h"
#include "velo/formats/json/encoder.h"
#include "velo/formats/whole_file_for_test.h"

namespace velo::formats::json {

inline constexpr char kTestName[] = "data.ndjson";

/// Blocks so small that most records cross a border.
inline DecoderLimits tiny_blocks(int64_t block_bytes = 16) {
  DecoderLimits limits;
  limits.cutter.block_bytes = block_bytes;
  return limits;
}

inline Input input_of(const std::string& text) {
  auto buffer = arrow::Buffer::FromString(text);
  return {kTestName, std::make_shared<arrow::io::BufferReader>(std::move(buffer)),
          nullptr};
}

/// Decode all of it; every batch is validated.
inline Result<std::shared_ptr<arrow::Table>> decode(const std::string& text,
                                                    DecodeOptions options = {},
                                                    const DecoderLimits& limits = {}) {
  ARROW_ASSIGN_OR_RAISE(auto decoder,
                        make_decoder(input_of(text), std::move(options), limits));
  ARROW_ASSIGN_OR_RAISE(auto table,
                        decode_all(*decoder, [&](const arrow::RecordBatch& batch) {
                          EXPECT_GT(batch.num_rows(), 0);
                          EXPECT_TRUE(batch.schema()->Equals(*decoder->schema()));
                          const Status valid = batch.ValidateFull();
                          EXPECT_TRUE(valid.ok()) << valid.ToString();
                        }));
  return table->CombineChunks();
}

inline DecodeOptions with_schema(arrow::FieldVector fields) {
  return {.schema = arrow::schema(std::move(fields)), .columns = std::nullopt};
}

/// Decode {"x": VALUE} into a column of this type.
inline Result<std::shared_ptr<arrow::Array>> decode_value(
    const std::string& value, const std::shared_ptr<arrow::DataType>& type) {
  ARROW_ASSIGN_OR_RAISE(auto table, decode("{\"x\": " + value + "}\n",
                                           with_schema({arrow::field("x", type)})));
  return table->column(0)->chunk(0);
}

/// Rows as Arrow's own JSON reader of tests understands them: `[{"x": 1}]`.
inline std::shared_ptr<arrow::Table> table_of(
    const std::shared_ptr<arrow::Schema>& schema, const std::string& rows) {
  const auto type = arrow::struct_(schema->fields());
  auto array = arrow::json::ArrayFromJSONString(type, rows);
  EXPECT_TRUE(array.ok()) << array.status().ToString();
  auto batch = arrow::RecordBatch::FromStructArray(*array).ValueOrDie();
  return arrow::Table::FromRecordBatches({batch}).ValueOrDie();
}

/// The lines that encoding the table writes.
inline Result<std::string> encode(const arrow::Table& table) {
  return encode_all(table, [](auto output, const auto& columns) {
    return make_encoder(std::move(output), columns);
  });
}

/// A value of a column of this type.
struct ValueCase {
  std::shared_ptr<arrow::DataType> type;
  const char* value;
  const char* expected;  // as Arrow's JSON, or what the error says
};

}  // namespace velo::formats::json
