#include "velo/formats/csv/sniffer.h"

#include <arrow/type.h>

#include <algorithm>

#include "velo/formats/csv/inference.h"
#include "velo/formats/csv/record_parser.h"

namespace velo::formats {
namespace {

bool is_typed(const arrow::DataType& type) {
  return type.id() != arrow::Type::STRING && type.id() != arrow::Type::NA;
}

}  // namespace

SniffedDelimiter sniff_delimiter(std::string_view sample, bool is_last,
                                 const CsvDialect& dialect) {
  SniffedDelimiter sniffed;
  bool is_one_column = true;
  int most_columns = 1;
  for (const char delimiter : {',', '\t', ';', '|'}) {
    CsvDialect tried = dialect;
    tried.delimiter = delimiter;
    tried.ragged = CsvRagged::kError;
    CsvRecords records;
    RecordParser(tried, -1).parse(sample, is_last, records);
    const bool is_even = records.broken().empty();
    sniffed.has_record |= records.num_rows() > 0 || !is_even;
    is_one_column = is_one_column && is_even && records.num_columns() == 1;
    if (is_even && records.num_columns() > most_columns) {
      most_columns = records.num_columns();
      sniffed.delimiter = delimiter;
    }
  }
  if (sniffed.has_record && is_one_column) sniffed.delimiter = ',';
  return sniffed;
}

Result<bool> looks_like_header(std::string_view sample, bool is_last,
                               const CsvDialect& dialect) {
  CsvRecords first;
  const size_t num_bytes = RecordParser(dialect, -1).parse_first(sample, is_last, first);
  CsvRecords others;
  RecordParser(dialect, first.num_columns())
      .parse(sample.substr(num_bytes), is_last, others);
  const bool is_alone = others.num_rows() == 0;
  bool has_types = false;
  for (int i = 0; i < first.num_columns(); ++i) {
    const CsvColumn name = first.column(i);
    ARROW_ASSIGN_OR_RAISE(const auto type,
                          infer_csv_type(is_alone ? name : others.column(i),
                                         dialect.notation, arrow::null()));
    if (!is_typed(*type)) continue;
    if (is_alone) return false;
    has_types = true;
    ARROW_ASSIGN_OR_RAISE(const bool fits, fits_csv_type(name, dialect.notation, type));
    if (!fits) return true;
  }
  return !has_types;
}

}  // namespace velo::formats
