#include <arrow/buffer.h>
#include <arrow/io/memory.h>

#include <cstdlib>
#include <string>

#include "velo/formats/csv/decoder.h"
#include "velo/formats/csv/encoder.h"

namespace velo::formats {
namespace {

// Decodes to the end. Any error is fine; a batch that is not valid is not.
Result<arrow::RecordBatchVector> decode(const std::string& text,
                                        const CsvDialect& dialect,
                                        const std::shared_ptr<arrow::Schema>& schema) {
  auto stream =
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(text));
  ARROW_ASSIGN_OR_RAISE(auto decoder,
                        make_csv_decoder({.name = "fuzz.csv", .stream = stream}, dialect,
                                         {.schema = schema}));
  arrow::RecordBatchVector batches;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, decoder->next({}));
    if (!batch) return batches;
    if (!batch->ValidateFull().ok() || batch->num_rows() == 0) std::abort();
    batches.push_back(std::move(batch));
  }
}

void must_succeed(const Status& status) {
  if (!status.ok()) std::abort();
}

std::string encode(const arrow::RecordBatchVector& batches, const CsvDialect& dialect) {
  auto output = arrow::io::BufferOutputStream::Create().ValueOrDie();
  auto encoder = make_csv_encoder(output, batches[0]->schema(), dialect).ValueOrDie();
  for (const auto& batch : batches) must_succeed(encoder->write(*batch));
  must_succeed(encoder->finish());
  return output->Finish().ValueOrDie()->ToString();
}

}  // namespace

// Where bad records are kept, each stands where it says, behind the last.
void check_bad_records(const std::string& text, const CsvDialect& dialect) {
  auto stream =
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(text));
  auto decoder = make_csv_decoder({.name = "fuzz.csv", .stream = stream}, dialect,
                                  {.keep_bad_records = true});
  if (!decoder.ok()) return;
  size_t end = 0;
  while (true) {
    const auto batch = (*decoder)->next({});
    if (!batch.ok() || !*batch) return;
    if (!(*batch)->ValidateFull().ok()) std::abort();
    const auto bad = (*decoder)->take_bad_records();
    if ((*batch)->num_rows() == 0 && bad.empty()) std::abort();
    for (const PlacedBadRecord& one : bad) {
      const auto begin = static_cast<size_t>(one.offset);
      const std::string& bytes = one.record.bytes;
      if (begin < end || text.compare(begin, bytes.size(), bytes) != 0 ||
          one.num_rows_before > (*batch)->num_rows()) {
        std::abort();
      }
      end = begin + bytes.size();
    }
  }
}

// The first byte chooses the dialect and the size of the blocks.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const CsvDialect dialect{.header = (data[0] & 1) != 0,
                           .delimiter = (data[0] & 2) != 0 ? ';' : ',',
                           .block_bytes = 1 + (data[0] >> 2),
                           .max_record_bytes = 4096};
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  check_bad_records(text, dialect);
  CsvDialect narrow = dialect;
  narrow.max_record_bytes = 16;
  check_bad_records(text, narrow);
  const auto batches = decode(text, dialect, nullptr);
  if (!batches.ok() || batches->empty()) return 0;
  // What was read, written and read again with the same types is the same.
  CsvDialect again = dialect;
  again.max_record_bytes = int64_t{1} << 20;
  const std::string written = encode(*batches, again);
  const auto read = decode(written, again, (*batches)[0]->schema());
  if (!read.ok() || read->empty() || encode(*read, again) != written) std::abort();
  return 0;
}

}  // namespace velo::formats
