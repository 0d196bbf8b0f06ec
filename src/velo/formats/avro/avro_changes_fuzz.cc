// Decodes any bytes as an object container file of changes in Debezium's envelope. What
// is read can be written as such a file, and is read again as as many changes.

#include <arrow/api.h>
#include <arrow/io/memory.h>

#include <cstdlib>

#include "velo/formats/avro/envelope.h"

namespace {

using namespace velo::formats;  // NOLINT: short, and nobody includes this

constexpr int64_t kMostBlockBytes = 1 << 20;

velo::Result<std::shared_ptr<arrow::Table>> decode(const std::string& bytes,
                                                   DecodeOptions options) {
  auto stream =
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes));
  ARROW_ASSIGN_OR_RAISE(auto decoder,
                        avro::make_change_decoder({"input", std::move(stream), nullptr},
                                                  std::move(options), kMostBlockBytes));
  arrow::RecordBatchVector batches;
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(auto batch, decoder->next({}));
    if (batch == nullptr) break;
    if (!batch->ValidateFull().ok()) std::abort();
    batches.push_back(std::move(batch));
  }
  return arrow::Table::FromRecordBatches(decoder->schema(), batches);
}

velo::Result<std::string> encode(const arrow::Table& table) {
  ARROW_ASSIGN_OR_RAISE(auto output, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(
      auto encoder, avro::make_change_encoder(output, table.schema(), {.codec = "null"}));
  arrow::TableBatchReader reader(table);
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader.Next());
    if (batch == nullptr) break;
    ARROW_RETURN_NOT_OK(encoder->write(*batch));
  }
  ARROW_RETURN_NOT_OK(encoder->finish());
  ARROW_ASSIGN_OR_RAISE(auto buffer, output->Finish());
  return buffer->ToString();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto given = arrow::schema({arrow::field("id", arrow::float64()),
                                    arrow::field("new", arrow::list(arrow::utf8()))});
  (void)decode(bytes, {.schema = given});
  const auto table = decode(bytes, {});
  if (!table.ok()) return 0;
  const auto ops = decode(bytes, {.columns = {{"_op"}}});
  if (!ops.ok() || (*ops)->num_rows() != (*table)->num_rows()) std::abort();
  const auto again = encode(**table);
  if (!again.ok()) return 0;
  const auto twice = decode(*again, {});
  if (!twice.ok() || (*twice)->num_rows() != (*table)->num_rows()) std::abort();
  return 0;
}
