// Decodes any bytes as an object container file: all columns, one of them, and by a
// schema of Arrow. What is read can be written, and is read again as the same.

#include <arrow/api.h>
#include <arrow/io/memory.h>

#include <cstdlib>

#include "velo/formats/avro/decoder.h"
#include "velo/formats/avro/encoder.h"

namespace {

using namespace velo::formats;  // NOLINT: short, and nobody includes this

constexpr int64_t kMostBlockBytes = 1 << 20;

velo::Result<std::shared_ptr<arrow::Table>> decode(const std::string& bytes,
                                                   DecodeOptions options) {
  auto stream =
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes));
  ARROW_ASSIGN_OR_RAISE(auto decoder,
                        avro::make_decoder({"input", std::move(stream), nullptr},
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
  ARROW_ASSIGN_OR_RAISE(auto encoder,
                        avro::make_encoder(output, table.schema(), {.codec = "null"}));
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
  const auto table = decode(bytes, {});
  const auto given = arrow::schema({arrow::field("a", arrow::float64()),
                                    arrow::field("new", arrow::list(arrow::utf8()))});
  (void)decode(bytes, {.schema = given});
  if (!table.ok()) return 0;
  if ((*table)->num_columns() > 0) {
    const auto last = (*table)->field((*table)->num_columns() - 1)->name();
    const auto one = decode(bytes, {.columns = {{last}}});
    // What is stepped over is not looked at; but what is read is the same.
    if (!one.ok() || (*one)->num_rows() != (*table)->num_rows()) std::abort();
  }
  const auto again = encode(**table);
  if (!again.ok()) return 0;
  const auto twice = decode(*again, {});
  if (!twice.ok() || (*twice)->num_rows() != (*table)->num_rows()) std::abort();
  return 0;
}
