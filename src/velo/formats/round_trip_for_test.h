#pragma once

/// A format's files in memory, for its tests.

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "velo/formats/format.h"

namespace velo::formats {

/// The options of a format, with `compression`, as a URI's: {{"compression", "zstd"}}.
inline OptionValues values_of(const Format& format,
                              std::vector<std::pair<std::string, std::string>> options) {
  std::vector<OptionDescriptor> descriptors = format.options;
  descriptors.push_back({.name = "compression", .default_value = "auto"});
  descriptors.push_back({.name = "compression_level", .type = OptionType::kInt});
  return OptionValues::parse({.scheme = "file", .options = std::move(options)},
                             descriptors, OptionUse::kSink)
      .ValueOrDie();
}

/// Write batches, all of one schema.
inline Result<std::string> written(const Format& format,
                                   const arrow::RecordBatchVector& batches,
                                   const OptionValues& values) {
  ARROW_ASSIGN_OR_RAISE(auto output, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(auto encoder,
                        format.make_encoder(output, batches.at(0)->schema(), values));
  for (const auto& batch : batches) ARROW_RETURN_NOT_OK(encoder->write(*batch));
  ARROW_RETURN_NOT_OK(encoder->finish());
  ARROW_ASSIGN_OR_RAISE(const auto bytes, output->Finish());
  return bytes->ToString();
}

/// Read all rows, from a file or from a stream that cannot go back.
inline Result<std::shared_ptr<arrow::Table>> read(const Format& format,
                                                  const std::string& bytes,
                                                  DecodeOptions options = {},
                                                  bool is_stream = false) {
  auto file = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes));
  Input input{.name = "rows", .stream = file, .file = is_stream ? nullptr : file};
  ARROW_ASSIGN_OR_RAISE(
      auto decoder,
      format.make_decoder(std::move(input), values_of(format, {}), std::move(options)));
  arrow::RecordBatchVector batches;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, decoder->next({}));
    if (!batch) return arrow::Table::FromRecordBatches(decoder->schema(), batches);
    ARROW_RETURN_NOT_OK(batch->ValidateFull());
    batches.push_back(std::move(batch));
  }
}

inline std::shared_ptr<arrow::RecordBatch> batch_from_json(
    const std::shared_ptr<arrow::Schema>& schema, const std::string& json) {
  const auto rows =
      arrow::json::ArrayFromJSONString(arrow::struct_(schema->fields()), json)
          .ValueOrDie();
  return arrow::RecordBatch::FromStructArray(rows)
      .ValueOrDie()
      ->ReplaceSchema(schema)
      .ValueOrDie();
}

}  // namespace velo::formats
