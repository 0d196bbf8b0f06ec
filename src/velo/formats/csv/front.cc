#include "velo/formats/csv/front.h"

#include <arrow/util/utf8.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "velo/formats/csv/faults.h"
#include "velo/formats/csv/record_parser.h"
#include "velo/formats/csv/record_position.h"
#include "velo/formats/csv/sniffer.h"

namespace velo::formats {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr int kMostColumns = 100'000;

class FrontReader {
 public:
  FrontReader(BlockReader& blocks, const CsvDialect& dialect)
      : blocks_(blocks), front_{.dialect = dialect, .names = {}} {}

  Result<CsvFront> read(const arrow::Schema* given) {
    ARROW_RETURN_NOT_OK(fill_up_to(kByteOrderMark.size()));
    if (blocks_.bytes().starts_with(kByteOrderMark)) {
      blocks_.consume(kByteOrderMark.size());
    }
    for (int64_t i = 0; i < front_.dialect.skip_lines && !is_at_end(); ++i) {
      ARROW_RETURN_NOT_OK(skip_line(blocks_));
    }
    ARROW_RETURN_NOT_OK(skip_lines_without_record());
    if (blocks_.bytes().empty()) return no_record();
    if (!front_.dialect.delimiter) ARROW_RETURN_NOT_OK(find_delimiter());
    ARROW_RETURN_NOT_OK(find_names(given));
    return std::move(front_);
  }

 private:
  bool is_at_end() const { return blocks_.at_end() && blocks_.bytes().empty(); }

  Status no_record() const {
    return make_error(ErrorKind::kCorruptData, {.resource = blocks_.name()},
                      "the file is empty: there is not even a header; give schema= with "
                      "header=false if an empty file is meant");
  }

  Status fill_up_to(size_t num_bytes) {
    while (!blocks_.at_end() && blocks_.bytes().size() < num_bytes) {
      ARROW_RETURN_NOT_OK(blocks_.fill());
    }
    return Status::OK();
  }

  // Empty lines before a header mean nothing; before rows of one column they are NULL.
  Status skip_lines_without_record() {
    while (true) {
      ARROW_RETURN_NOT_OK(fill_up_to(front_.dialect.comment.size() + 1));
      if (is_at_comment(blocks_, front_.dialect)) {
        ARROW_RETURN_NOT_OK(skip_line(blocks_));
        continue;
      }
      const size_t empty_line = line_break_size(blocks_.bytes());
      if (empty_line == 0 || front_.dialect.header == CsvHeader::kNo) {
        return Status::OK();
      }
      blocks_.consume(empty_line);
    }
  }

  // Reads so much of the file that what is found out is not by chance.
  Status fill_sample() {
    constexpr int64_t kSampleBytes = int64_t{64} << 10;
    return fill_up_to(
        static_cast<size_t>(std::min(kSampleBytes, front_.dialect.max_record_bytes)));
  }

  Status find_delimiter() {
    ARROW_RETURN_NOT_OK(fill_sample());
    while (true) {
      const auto sniffed =
          sniff_delimiter(blocks_.bytes(), blocks_.at_end(), front_.dialect);
      front_.dialect.delimiter = sniffed.delimiter;
      if (sniffed.delimiter) return Status::OK();
      if (sniffed.has_record || blocks_.at_end()) {
        return corrupt_at({blocks_.offset(), blocks_.line()}, blocks_.name(),
                          "no delimiter of `,`, tab, `;` and `|` cuts every record into "
                          "as many values; give delimiter=");
      }
      ARROW_RETURN_NOT_OK(blocks_.fill());
    }
  }

  Status find_names(const arrow::Schema* given) {
    CsvRecords records;
    RecordParser parser(front_.dialect, -1);
    size_t num_bytes = 0;
    while (true) {
      num_bytes = parser.parse_first(blocks_.bytes(), blocks_.at_end(), records);
      if (blocks_.at_end() || records.num_rows() > 0 || !records.broken().empty()) break;
      ARROW_RETURN_NOT_OK(blocks_.fill());
    }
    const RecordPosition position{blocks_.offset(), blocks_.line()};
    if (records.open_record()) return open_quote_at(position, blocks_.name());
    if (!records.broken().empty()) {
      return corrupt_at(position, blocks_.name(),
                        fault_of(records.broken().front(), -1, ',').message);
    }
    if (records.num_rows() == 0) return no_record();
    if (records.num_columns() > kMostColumns) {
      return corrupt_at(position, blocks_.name(),
                        fmt::format("the first row has {} columns, of {} at most; is it "
                                    "CSV, and is delimiter= right?",
                                    records.num_columns(), kMostColumns));
    }
    std::vector<std::string> first = values_of(records);
    ARROW_ASSIGN_OR_RAISE(const bool has_header, is_header(first, given));
    front_.dialect.header = has_header ? CsvHeader::kYes : CsvHeader::kNo;
    if (has_header) {
      ARROW_RETURN_NOT_OK(check_names(first));
      blocks_.consume(num_bytes);
      front_.names = std::move(first);
      return Status::OK();
    }
    for (size_t i = 0; i < first.size(); ++i) {
      front_.names.push_back(fmt::format("column{}", i));
    }
    return Status::OK();
  }

  static std::vector<std::string> values_of(const CsvRecords& records) {
    std::vector<std::string> values;
    for (int i = 0; i < records.num_columns(); ++i) {
      CsvColumn column = records.column(i);
      values.emplace_back(column.text(column.value(0)));
    }
    return values;
  }

  Result<bool> is_header(const std::vector<std::string>& first,
                         const arrow::Schema* given) {
    if (front_.dialect.header != CsvHeader::kAuto) {
      return front_.dialect.header == CsvHeader::kYes;
    }
    if (given != nullptr) {
      return std::ranges::all_of(first, [&](const std::string& name) {
        return given->GetFieldIndex(name) >= 0;
      });
    }
    ARROW_RETURN_NOT_OK(fill_sample());
    return looks_like_header(blocks_.bytes(), blocks_.at_end(), front_.dialect);
  }

  Status check_names(std::vector<std::string>& names) const {
    std::set<std::string> taken;
    arrow::util::InitializeUTF8();
    for (size_t i = 0; i < names.size(); ++i) {
      if (!arrow::util::ValidateUTF8(names[i])) {
        return corrupt_at({blocks_.offset(), blocks_.line()}, blocks_.name(),
                          fmt::format("the name of column {} is not UTF-8", i + 1));
      }
      if (names[i].empty()) names[i] = fmt::format("column{}", i);
      const std::string name = names[i];
      for (int n = 1; !taken.insert(names[i]).second; ++n) {
        names[i] = fmt::format("{}_{}", name, n);
      }
    }
    return Status::OK();
  }

  BlockReader& blocks_;
  CsvFront front_;
};

}  // namespace

Result<CsvFront> read_front(BlockReader& blocks, const CsvDialect& dialect,
                            const arrow::Schema* given) {
  return FrontReader(blocks, dialect).read(given);
}

Status skip_line(BlockReader& blocks) {
  RecordEnd end = RecordEnd::of_line();
  while (true) {
    if (const auto num_bytes = end.find(blocks.bytes())) {
      blocks.consume(*num_bytes);
      return Status::OK();
    }
    if (blocks.at_end()) {
      blocks.consume(blocks.bytes().size());
      return Status::OK();
    }
    ARROW_RETURN_NOT_OK(blocks.replace());
  }
}

bool is_at_comment(const BlockReader& blocks, const CsvDialect& dialect) {
  return !dialect.comment.empty() && blocks.bytes().starts_with(dialect.comment);
}

}  // namespace velo::formats
