// Decodes any bytes as JSON, with and without a schema, in small blocks and in large
// ones. Whatever they are, the outcome must not depend on the blocks.

#include <arrow/api.h>
#include <arrow/io/memory.h>

#include <cstdlib>

#include "velo/formats/json/decoder.h"

namespace {

using velo::formats::DecodeOptions;

velo::Result<std::shared_ptr<arrow::Table>> decode(const std::string& text,
                                                   const DecodeOptions& options,
                                                   int64_t block_bytes) {
  velo::formats::json::DecoderLimits limits;
  limits.cutter.block_bytes = block_bytes;
  limits.cutter.max_record_bytes = 1 << 20;
  limits.sample_records = 1 << 30;  // what the sample holds depends on the blocks
  auto stream =
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(text));
  ARROW_ASSIGN_OR_RAISE(auto decoder,
                        velo::formats::json::make_decoder(
                            {"input", std::move(stream), nullptr}, options, limits));
  arrow::RecordBatchVector batches;
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(auto batch, decoder->next({}));
    if (batch == nullptr) break;
    if (!batch->ValidateFull().ok()) std::abort();
    batches.push_back(std::move(batch));
  }
  ARROW_ASSIGN_OR_RAISE(auto table,
                        arrow::Table::FromRecordBatches(decoder->schema(), batches));
  return table->CombineChunks();
}

void check(const std::string& text, const DecodeOptions& options) {
  const auto large = decode(text, options, 1 << 20);
  const auto small = decode(text, options, 32);
  if (large.ok() != small.ok()) std::abort();
  if (large.ok() && !(*large)->Equals(**small, arrow::EqualOptions().nans_equal(true))) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check(text, {});
  const auto schema = arrow::schema(
      {arrow::field("a", arrow::int32()), arrow::field("b", arrow::float64()),
       arrow::field("c", arrow::decimal128(20, 3)),
       arrow::field("d", arrow::timestamp(arrow::TimeUnit::MICRO)),
       arrow::field("e", arrow::map(arrow::utf8(), arrow::list(arrow::binary()))),
       arrow::field("f", arrow::utf8()),
       arrow::field("g", arrow::map(arrow::int32(), arrow::float64()))});
  check(text, {.schema = schema, .columns = std::nullopt});
  check(text, {.schema = schema, .columns = {{"f", "a"}}});
  return 0;
}
