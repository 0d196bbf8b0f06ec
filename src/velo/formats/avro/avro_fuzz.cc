// Decodes any bytes as an object container file: all columns, one of them, and by a
// schema of Arrow. What is read can be written, and is read again as the same.

#include <arrow/api.h>
#include <arrow/io/memory.h>

#include <cstdlib>

#include "velo/formats/avro/decoder.h"
#include "velo/formats/avro/encoder.h"
#include "velo/formats/whole_file_for_test.h"

namespace {

using namespace velo::formats;  // NOLINT: short, and nobody includes this

constexpr int64_t kMostBlockBytes = 1 << 20;

velo::Result<std::shared_ptr<arrow::Table>> decode(const std::string& bytes,
                                                   const DecodeOptions& options) {
  auto stream =
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes));
  ARROW_ASSIGN_OR_RAISE(auto decoder,
                        avro::make_decoder({"input", std::move(stream), nullptr}, options,
                                           kMostBlockBytes));
  return decode_all(*decoder, [](const arrow::RecordBatch& batch) {
    if (!batch.ValidateFull().ok()) std::abort();
  });
}

velo::Result<std::string> encode(const arrow::Table& table) {
  return encode_all(table, [](auto output, const auto& columns) {
    return avro::make_encoder(std::move(output), columns, {.codec = "null"});
  });
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
