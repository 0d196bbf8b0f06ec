#pragma once

/// Whole files in memory, for tests and fuzz targets.

#include <arrow/io/memory.h>
#include <arrow/table.h>

#include <memory>
#include <string>
#include <utility>

#include "velo/formats/format.h"

namespace velo::formats {

/// The file that an encoder writes of a table; `make(output, schema)` makes it.
template <typename Make>
Result<std::string> encode_all(const arrow::Table& table, const Make& make) {
  ARROW_ASSIGN_OR_RAISE(auto output, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(const std::unique_ptr<Encoder> encoder,
                        make(output, table.schema()));
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

/// All rows of a decoder; `check(batch)` sees each batch.
template <typename Check>
Result<std::shared_ptr<arrow::Table>> decode_all(Decoder& decoder, const Check& check) {
  arrow::RecordBatchVector batches;
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(auto batch, decoder.next({}));
    if (batch == nullptr) break;
    check(*batch);
    batches.push_back(std::move(batch));
  }
  return arrow::Table::FromRecordBatches(decoder.schema(), batches);
}

}  // namespace velo::formats
