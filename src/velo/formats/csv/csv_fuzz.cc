#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/table.h>

#include <cstdlib>
#include <optional>
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

Result<std::string> encode(const arrow::RecordBatchVector& batches,
                           const CsvDialect& dialect) {
  ARROW_ASSIGN_OR_RAISE(auto output, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(auto encoder,
                        make_csv_encoder(output, batches[0]->schema(), dialect));
  for (const auto& batch : batches) ARROW_RETURN_NOT_OK(encoder->write(*batch));
  ARROW_RETURN_NOT_OK(encoder->finish());
  ARROW_ASSIGN_OR_RAISE(const auto written, output->Finish());
  return written->ToString();
}

bool is_same(const arrow::RecordBatchVector& one, const arrow::RecordBatchVector& other) {
  const auto options = arrow::EqualOptions::Defaults().nans_equal(true);
  return arrow::Table::FromRecordBatches(one).ValueOrDie()->Equals(
      *arrow::Table::FromRecordBatches(other).ValueOrDie(), options);
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

// The dialect that three bytes choose, and the size of the blocks.
CsvDialect dialect_of(const uint8_t* bytes) {
  CsvDialect dialect{.header = (bytes[0] & 1) != 0 ? CsvHeader::kYes : CsvHeader::kNo,
                     .delimiter = (bytes[0] & 2) != 0 ? ';' : ',',
                     .block_bytes = 1 + (bytes[0] >> 2),
                     .max_record_bytes = 4096};
  const auto is_set = [&](int bit) { return (bytes[1] & (1 << bit)) != 0; };
  if (is_set(0)) dialect.header = CsvHeader::kAuto;
  if (is_set(1)) dialect.delimiter = std::nullopt;
  if (is_set(2)) dialect.quote = is_set(3) ? '\'' : std::optional<char>();
  if (is_set(4)) dialect.escape = '\\';
  if (is_set(5)) dialect.comment = "#";
  dialect.trim = is_set(6);
  if (is_set(7)) dialect.ragged = CsvRagged::kNull;
  const auto is_noted = [&](int bit) { return (bytes[2] & (1 << bit)) != 0; };
  CsvNotation& notation = dialect.notation;
  if (is_noted(0)) notation.null_values = {"NULL", ""};
  if (is_noted(1)) notation.null_values = {"\\N"};
  if (is_noted(2)) notation.date_format = "%d.%m.%Y";
  if (is_noted(3)) notation.timestamp_format = "%m/%d/%y %I:%M %p";
  if (is_noted(4)) notation.decimal_separator = ',';
  if (is_noted(5)) notation.thousands_separator = '_';
  if (is_noted(6)) dialect.skip_lines = 1;
  if (is_noted(7)) dialect.quote_style = CsvQuoteStyle::kAll;
  return dialect;
}

// What stands at the front, and the form of dates and numbers, is not written.
CsvDialect as_written(CsvDialect dialect) {
  dialect.max_record_bytes = int64_t{1} << 20;
  if (!dialect.delimiter) dialect.delimiter = ',';
  if (dialect.header == CsvHeader::kAuto) dialect.header = CsvHeader::kYes;
  dialect.skip_lines = 0;
  dialect.notation.date_format.clear();
  dialect.notation.timestamp_format.clear();
  dialect.notation.decimal_separator = '.';
  dialect.notation.thousands_separator.reset();
  return dialect;
}

// The first three bytes choose the dialect.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kDialectBytes = 3;
  if (size < kDialectBytes) return 0;
  const CsvDialect dialect = dialect_of(data);
  const std::string text(reinterpret_cast<const char*>(data) + kDialectBytes,
                         size - kDialectBytes);
  check_bad_records(text, dialect);
  CsvDialect narrow = dialect;
  narrow.max_record_bytes = 16;
  check_bad_records(text, narrow);
  const auto batches = decode(text, dialect, nullptr);
  if (!batches.ok() || batches->empty()) return 0;
  // What was read, written and read again with the same types is the same.
  const CsvDialect again = as_written(dialect);
  const auto written = encode(*batches, again);
  if (!written.ok()) {
    if (again.quote) std::abort();
    return 0;
  }
  const auto read = decode(*written, again, (*batches)[0]->schema());
  if (!read.ok() || read->empty() || *encode(*read, again) != *written) std::abort();
  if (!is_same(*batches, *read)) std::abort();
  return 0;
}

}  // namespace velo::formats
