#include "velo/formats/csv/decoder.h"

#include <arrow/csv/converter.h>
#include <arrow/csv/options.h>
#include <arrow/csv/parser.h>
#include <arrow/util/utf8.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "velo/formats/block_reader.h"
#include "velo/formats/csv/bad_records.h"
#include "velo/formats/csv/decimal_converter.h"
#include "velo/formats/csv/inference.h"
#include "velo/formats/csv/record_position.h"
#include "velo/formats/projection.h"

namespace velo::formats {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

arrow::csv::ConvertOptions convert_options() {
  auto options = arrow::csv::ConvertOptions::Defaults();
  options.null_values = {""};
  options.strings_can_be_null = true;
  options.quoted_strings_can_be_null = false;
  options.true_values = {"true", "TRUE", "True", "t", "1"};
  options.false_values = {"false", "FALSE", "False", "f", "0"};
  return options;
}

std::string as_shown(std::string_view text) {
  constexpr size_t kMostShown = 40;
  std::string shown(text.substr(0, kMostShown));
  std::ranges::replace_if(
      shown, [](char c) { return c >= 0 && c < ' '; }, ' ');
  return text.size() > kMostShown ? shown + "…" : shown;
}

class CsvDecoder : public Decoder {
 public:
  CsvDecoder(Input input, const CsvDialect& dialect)
      : blocks_(std::move(input), dialect.block_bytes, dialect.max_record_bytes),
        dialect_(dialect),
        parse_options_(arrow::csv::ParseOptions::Defaults()),
        convert_options_(convert_options()) {
    parse_options_.delimiter = dialect.delimiter;
    parse_options_.newlines_in_values = true;
    // Asked only about rows of a wrong length; the text lies in the bytes being parsed.
    parse_options_.invalid_row_handler = [this](const arrow::csv::InvalidRow& row) {
      faults_.ragged[row.text.data() - blocks_.bytes().data()] =
          ragged_fault(row.actual_columns);
      return keeps_bad_ ? arrow::csv::InvalidRowResult::Skip
                        : arrow::csv::InvalidRowResult::Error;
    };
  }

  Status open(DecodeOptions options) {
    ARROW_RETURN_NOT_OK(blocks_.fill());
    if (blocks_.bytes().starts_with(kByteOrderMark))
      blocks_.consume(kByteOrderMark.size());
    is_inferred_ = options.is_inferred;
    only_schema_ = options.only_schema;
    keeps_bad_ = options.keep_bad_records;
    ARROW_ASSIGN_OR_RAISE(auto names, read_names());
    if (names.empty()) {
      return make_error(
          ErrorKind::kCorruptData, {.resource = blocks_.name()},
          "the file is empty: there is not even a header; give schema= with "
          "header=false if an empty file is meant");
    }
    // Empty lines mean nothing, except where a row has one column: there they are NULL.
    parse_options_.ignore_empty_lines = names.size() > 1;
    ARROW_ASSIGN_OR_RAISE(auto whole, whole_schema(names, options.schema));
    if (options.is_inferred) {
      options.columns = known_columns(*whole, std::move(options.columns));
    }
    ARROW_ASSIGN_OR_RAISE(projection_, project(*whole, options.columns, blocks_.name()));
    if (only_schema_) return Status::OK();
    num_columns_ = whole->num_fields();
    for (const auto& field : projection_.schema->fields()) {
      auto converter = make_csv_converter(field->type(), convert_options_);
      if (!converter.ok()) {
        return make_error(
            ErrorKind::kSchemaMismatch, {.resource = blocks_.name()},
            fmt::format("column '{}' cannot be read as {} from CSV: {}", field->name(),
                        field->type()->ToString(), converter.status().message()));
      }
      converters_.push_back(*std::move(converter));
    }
    return Status::OK();
  }

  const std::shared_ptr<arrow::Schema>& schema() const override {
    return projection_.schema;
  }

  Result<std::shared_ptr<arrow::RecordBatch>> next(std::stop_token stop) override {
    while (!stop.stop_requested()) {
      ARROW_RETURN_NOT_OK(take_large_record());
      if (!bad_.empty()) return arrow::RecordBatch::MakeEmpty(projection_.schema);
      arrow::csv::BlockParser parser(parse_options_, num_columns_);
      ARROW_ASSIGN_OR_RAISE(const uint32_t num_parsed, parse(parser));
      if (parser.num_rows() > 0 || !faults_.empty()) {
        ARROW_ASSIGN_OR_RAISE(
            auto batch, keeps_bad_ ? convert_good(parser, num_parsed) : convert(parser));
        blocks_.consume(num_parsed);
        return batch;
      }
      blocks_.consume(num_parsed);
      if (blocks_.at_end() && (num_parsed == 0 || blocks_.bytes().empty()))
        return nullptr;
      if (!blocks_.at_end()) ARROW_RETURN_NOT_OK(blocks_.fill());
    }
    return make_error(ErrorKind::kCancelled, {.resource = blocks_.name()}, "stopped");
  }

  std::vector<PlacedBadRecord> take_bad_records() override {
    return std::exchange(bad_, {});
  }

 private:
  // Parses whole rows from the front of what is held; answers how many bytes they took.
  Result<uint32_t> parse(arrow::csv::BlockParser& parser) {
    faults_ = {};
    std::string_view bytes = blocks_.bytes();
    // A line break cut in two would look like an empty line.
    if (!blocks_.at_end() && bytes.ends_with('\r')) bytes.remove_suffix(1);
    uint32_t num_parsed = 0;
    const Status status = blocks_.at_end() ? parser.ParseFinal(bytes, &num_parsed)
                                           : parser.Parse(bytes, &num_parsed);
    if (!status.ok()) return parse_error(status);
    if (blocks_.at_end() && num_parsed == bytes.size()) ARROW_RETURN_NOT_OK(check_end());
    return num_parsed;
  }

  // Arrow's parser takes a quote that is never closed as if it were, at the file's end.
  Status check_end() {
    std::string_view rest = blocks_.bytes();
    while (!rest.empty()) {
      const RecordExtent record = find_record(rest, dialect_.delimiter);
      if (record.is_open) {
        return open_quote_error(
            blocks_.bytes().substr(0, blocks_.bytes().size() - rest.size()));
      }
      rest.remove_prefix(record.num_bytes);
    }
    return Status::OK();
  }

  Status open_quote_error(std::string_view before) const {
    RecordPosition position{blocks_.offset(), blocks_.line()};
    position.advance(before);
    return open_quote_error_at(position);
  }

  Status open_quote_error_at(const RecordPosition& position) const {
    return corrupt(position, "a quote in this record is not closed before the file ends");
  }

  // Steps over the record that is next, where it is too large, and keeps its beginning.
  Status take_large_record() {
    if (!blocks_.is_full()) return Status::OK();
    const std::string_view bytes = blocks_.bytes();
    std::string_view record =
        bytes.substr(0, find_record(bytes, dialect_.delimiter).num_bytes);
    while (!record.empty() && (record.back() == '\n' || record.back() == '\r')) {
      record.remove_suffix(1);
    }
    if (static_cast<int64_t>(record.size()) <= dialect_.max_record_bytes) {
      return Status::OK();
    }
    const RecordPosition begin{blocks_.offset(), blocks_.line()};
    Status error =
        corrupt(begin, too_large(dialect_.max_record_bytes) + "; or is a quote missing?");
    if (!keeps_bad_) return error;
    bad_.push_back(
        {.record = {std::move(error), std::string(record.substr(0, kKeptOfLargeRecord))},
         .offset = begin.offset});
    RecordEnd end(dialect_.delimiter);
    while (true) {
      if (const auto num_bytes = end.find(blocks_.bytes())) {
        blocks_.consume(*num_bytes);
        return Status::OK();
      }
      ARROW_RETURN_NOT_OK(blocks_.replace());
      if (!blocks_.at_end() || !blocks_.bytes().empty()) continue;
      return end.is_open() ? open_quote_error_at(begin) : Status::OK();
    }
  }

  Status parse_error(const Status& status) {
    RecordPosition position{blocks_.offset(), blocks_.line()};
    if (faults_.ragged.empty() || keeps_bad_) {
      return corrupt(position, status.message());
    }
    const auto& [offset, fault] = *faults_.ragged.begin();
    position.advance(blocks_.bytes().substr(0, static_cast<size_t>(offset)));
    return corrupt(position, fault.message);
  }

  RecordFault ragged_fault(int num_columns) const {
    return {ErrorKind::kCorruptData,
            fmt::format("the row has {} columns, the file has {}; quote values that "
                        "hold the delimiter '{}', or give delimiter=",
                        num_columns, num_columns_, dialect_.delimiter)};
  }

  Status corrupt(const RecordPosition& position, std::string message) const {
    return make_error(ErrorKind::kCorruptData,
                      {.resource = blocks_.name(), .position = position.to_string()},
                      std::move(message));
  }

  // The header's names, or numbers for as many columns as the first row has; empty for a
  // file without any record.
  Result<std::vector<std::string>> read_names() {
    ARROW_ASSIGN_OR_RAISE(const size_t num_bytes, find_first_record());
    std::vector<std::string> names;
    if (num_bytes == 0) return names;
    if (line_break_size(blocks_.bytes()) > 0) return std::vector<std::string>{"column0"};
    arrow::csv::BlockParser parser(parse_options_, -1, -1, /*max_num_rows=*/1);
    uint32_t num_parsed = 0;
    const Status status =
        parser.ParseFinal(blocks_.bytes().substr(0, num_bytes), &num_parsed);
    if (!status.ok()) return parse_error(status);
    if (!dialect_.header) {
      for (int i = 0; i < parser.num_cols(); ++i)
        names.push_back(fmt::format("column{}", i));
      return names;
    }
    ARROW_RETURN_NOT_OK(
        parser.VisitLastRow([&](const uint8_t* data, uint32_t size, bool, bool) {
          names.emplace_back(reinterpret_cast<const char*>(data), size);
          return Status::OK();
        }));
    ARROW_RETURN_NOT_OK(check_names(names));
    blocks_.consume(num_bytes);
    return names;
  }

  // Drops empty lines, then reads until one whole record is held; answers its bytes, 0
  // when there is none.
  Result<size_t> find_first_record() {
    while (true) {
      while (const size_t size = dialect_.header ? line_break_size(blocks_.bytes()) : 0) {
        blocks_.consume(size);
      }
      const RecordExtent record = find_record(blocks_.bytes(), dialect_.delimiter);
      if (blocks_.at_end() && record.is_open) return open_quote_error({});
      // A carriage return at the end may have its line feed in the next block.
      const bool has_more = blocks_.bytes().size() > record.num_bytes;
      if (blocks_.at_end() || (record.is_complete && has_more)) return record.num_bytes;
      ARROW_RETURN_NOT_OK(blocks_.fill());
    }
  }

  Status check_names(std::vector<std::string>& names) const {
    std::set<std::string> taken;
    for (size_t i = 0; i < names.size(); ++i) {
      if (!arrow::util::ValidateUTF8(names[i])) {
        return corrupt({blocks_.offset(), blocks_.line()},
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

  Result<std::shared_ptr<arrow::Schema>> whole_schema(
      const std::vector<std::string>& names,
      const std::shared_ptr<arrow::Schema>& given) {
    if (given && is_inferred_) return match_inferred_schema(names, *given);
    if (given) return match_given_schema(names, *given);
    is_inferred_ = true;
    // A sample: the first block, and as many more as one row needs.
    arrow::csv::ParseOptions options = parse_options_;
    while (true) {
      ARROW_RETURN_NOT_OK(take_large_record());
      num_columns_ = static_cast<int>(names.size());
      arrow::csv::BlockParser sample(options, num_columns_);
      ARROW_RETURN_NOT_OK(parse(sample).status());
      if (sample.num_rows() == 0 && !blocks_.at_end()) {
        ARROW_RETURN_NOT_OK(blocks_.fill());
        continue;
      }
      arrow::FieldVector fields;
      for (int i = 0; i < num_columns_; ++i) {
        auto type = only_schema_ ? arrow::null() : arrow::utf8();
        if (sample.num_rows() > 0) {
          ARROW_ASSIGN_OR_RAISE(type, infer_csv_type(sample, i, convert_options_, type));
        }
        fields.push_back(arrow::field(names[static_cast<size_t>(i)], type));
      }
      return arrow::schema(std::move(fields));
    }
  }

  // The file's columns, each with the type that was found for its name; it may lack some.
  Result<std::shared_ptr<arrow::Schema>> match_inferred_schema(
      const std::vector<std::string>& names, const arrow::Schema& found) {
    arrow::FieldVector fields;
    for (const std::string& name : names) {
      fields.push_back(found.GetFieldByName(name));
      if (fields.back()) continue;
      return make_error(ErrorKind::kSchemaMismatch, {.resource = blocks_.name()},
                        fmt::format("there is a column '{}', which was not there when "
                                    "the columns of all files were looked at; run again",
                                    name));
    }
    return arrow::schema(std::move(fields));
  }

  // The file's columns, each with the type that schema= gives to its name; without a
  // header schema= names the columns in order.
  Result<std::shared_ptr<arrow::Schema>> match_given_schema(
      const std::vector<std::string>& names, const arrow::Schema& given) {
    const auto mismatch = [&](std::string message) {
      return make_error(ErrorKind::kSchemaMismatch, {.resource = blocks_.name()},
                        std::move(message));
    };
    if (!dialect_.header) {
      if (given.num_fields() != static_cast<int>(names.size())) {
        return mismatch(fmt::format("the first row has {} columns, schema= names {}",
                                    names.size(), given.num_fields()));
      }
      return arrow::schema(given.fields());
    }
    arrow::FieldVector fields;
    for (const std::string& name : names) {
      auto field = given.GetFieldByName(name);
      if (!field) {
        return mismatch(fmt::format(
            "schema= has no column '{}', which the header names; add it", name));
      }
      fields.push_back(std::move(field));
    }
    for (const auto& field : given.fields()) {
      if (std::ranges::find(names, field->name()) == names.end()) {
        return mismatch(fmt::format("schema= names a column '{}', the header does not",
                                    field->name()));
      }
    }
    return arrow::schema(std::move(fields));
  }

  Result<std::shared_ptr<arrow::RecordBatch>> convert(
      const arrow::csv::BlockParser& parser) {
    arrow::ArrayVector columns;
    for (size_t i = 0; i < converters_.size(); ++i) {
      auto column = converters_[i]->Convert(parser, projection_.indices[i]);
      if (!column.ok()) return value_error(parser, i, column.status());
      ARROW_RETURN_NOT_OK(check_nothing_is_lost(parser, i));
      columns.push_back(*std::move(column));
    }
    return arrow::RecordBatch::Make(projection_.schema, parser.num_rows(),
                                    std::move(columns));
  }

  // A type that was inferred from a sample must hold all of every value after it.
  Status check_nothing_is_lost(const arrow::csv::BlockParser& parser, size_t index) {
    const auto& type = *projection_.schema->field(static_cast<int>(index))->type();
    const bool is_number = arrow::is_integer(type.id()) ||
                           arrow::is_floating(type.id()) || arrow::is_decimal(type.id());
    if (!is_inferred_ || !is_number) return Status::OK();
    const Status kept = parser.VisitColumn(
        projection_.indices[index], [&](const uint8_t* data, uint32_t size, bool, bool) {
          const std::string_view text(reinterpret_cast<const char*>(data), size);
          return would_lose_as_number(text, type) ? Status::Cancelled("lost")
                                                  : Status::OK();
        });
    return kept.ok() ? kept : value_error(parser, index, kept);
  }

  // What is not bad of what was parsed, which took so many bytes; the bad is kept.
  Result<std::shared_ptr<arrow::RecordBatch>> convert_good(
      const arrow::csv::BlockParser& parser, uint32_t num_parsed) {
    if (faults_.ragged.empty()) {
      auto batch = convert(parser);
      if (batch.ok() || !is_fault_of_record(batch.status())) return batch;
    }
    ARROW_RETURN_NOT_OK(find_unfit(parser));
    ARROW_ASSIGN_OR_RAISE(
        SiftedText sifted,
        sift_records(blocks_.bytes().substr(0, num_parsed), blocks_.name(),
                     {blocks_.offset(), blocks_.line()}, dialect_.delimiter,
                     parse_options_.ignore_empty_lines, std::exchange(faults_, {})));
    bad_ = std::move(sifted.bad);
    if (sifted.num_good == 0) return arrow::RecordBatch::MakeEmpty(projection_.schema);
    arrow::csv::BlockParser good(parse_options_, num_columns_);
    uint32_t num_good_bytes = 0;
    ARROW_RETURN_NOT_OK(good.ParseFinal(std::string_view(sifted.good), &num_good_bytes));
    if (num_good_bytes == sifted.good.size() && good.num_rows() == sifted.num_good) {
      return convert(good);
    }
    return corrupt({blocks_.offset(), blocks_.line()},
                   "the bad records behind this cannot be told from the others");
  }

  // Looks for all values that the converters refuse; of a row the first column's counts.
  Status find_unfit(const arrow::csv::BlockParser& parser) {
    for (size_t i = 0; i < converters_.size() && parser.num_rows() > 0; ++i) {
      const auto column = converters_[i]->Convert(parser, projection_.indices[i]);
      if (column.ok() && check_nothing_is_lost(parser, i).ok()) continue;
      const auto& field = *projection_.schema->field(static_cast<int>(i));
      bool found = false;
      ARROW_RETURN_NOT_OK(visit_misfits(parser, i, [&](int64_t row, auto text) {
        faults_.unfit.try_emplace(row, value_fault(field, text));
        found = true;
        return Status::OK();
      }));
      if (!found) return value_error(parser, i, column.status());
    }
    return Status::OK();
  }

  // Calls `visit(row, text)` for each value of a column that its converter would refuse.
  template <typename Visit>
  Status visit_misfits(const arrow::csv::BlockParser& parser, size_t index, Visit visit) {
    const auto& type = projection_.schema->field(static_cast<int>(index))->type();
    int64_t row = 0;
    return parser.VisitColumn(projection_.indices[index],
                              [&](const uint8_t* data, uint32_t size, bool quoted, bool) {
                                const std::string_view text(
                                    reinterpret_cast<const char*>(data), size);
                                const bool is_null = text.empty() && !quoted;
                                if (!is_null && !fits_type(text, type))
                                  ARROW_RETURN_NOT_OK(visit(row, text));
                                ++row;
                                return Status::OK();
                              });
  }

  // Looks for the value that a converter refused, to say where it stands.
  Status value_error(const arrow::csv::BlockParser& parser, size_t index,
                     const Status& status) {
    const auto& field = *projection_.schema->field(static_cast<int>(index));
    int64_t row = 0;
    std::string culprit;
    const Status found = visit_misfits(parser, index, [&](int64_t at, auto text) {
      row = at;
      culprit = text;
      return Status::Cancelled("found");
    });
    RecordPosition position{blocks_.offset(), blocks_.line()};
    if (found.ok()) {
      return corrupt(position,
                     fmt::format("column '{}': {}", field.name(), status.message()));
    }
    position.advance_records(blocks_.bytes(), row, dialect_.delimiter,
                             parse_options_.ignore_empty_lines);
    const RecordFault fault = value_fault(field, culprit);
    return make_error(fault.kind,
                      {.resource = blocks_.name(), .position = position.to_string()},
                      fault.message);
  }

  static RecordFault value_fault(const arrow::Field& field, std::string_view text) {
    if (arrow::is_base_binary_like(field.type()->id())) {
      return {ErrorKind::kCorruptData,
              fmt::format("column '{}' is not UTF-8; convert the file to UTF-8",
                          field.name())};
    }
    return {
        ErrorKind::kSchemaMismatch,
        fmt::format("column '{}' is {}, and '{}' is not; correct the line, or give the "
                    "column another type with schema=",
                    field.name(), field.type()->ToString(), as_shown(text))};
  }

  bool fits_type(std::string_view text, const std::shared_ptr<arrow::DataType>& type) {
    if (arrow::is_base_binary_like(type->id())) {
      return type->id() == arrow::Type::BINARY || arrow::util::ValidateUTF8(text);
    }
    if (is_inferred_ && would_lose_as_number(text, *type)) return false;
    // One value through the same converter: nothing else says what it accepts.
    arrow::csv::ParseOptions options = arrow::csv::ParseOptions::Defaults();
    arrow::csv::BlockParser one(options, 1);
    std::string quoted = "\"";
    for (char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    quoted += "\"\n";
    uint32_t num_parsed = 0;
    if (!one.ParseFinal(quoted, &num_parsed).ok()) return false;
    auto converter = make_csv_converter(type, convert_options_);
    return converter.ok() && (*converter)->Convert(one, 0).ok();
  }

  BlockReader blocks_;
  const CsvDialect dialect_;
  arrow::csv::ParseOptions parse_options_;
  const arrow::csv::ConvertOptions convert_options_;  // the converters refer to it
  Projection projection_;
  int num_columns_ = -1;
  bool is_inferred_ = false;
  bool only_schema_ = false;
  std::vector<std::shared_ptr<arrow::csv::Converter>> converters_;
  bool keeps_bad_ = false;
  RecordFaults faults_;               // of what was parsed last
  std::vector<PlacedBadRecord> bad_;  // beside the rows of the next batch
};

}  // namespace

Result<std::unique_ptr<Decoder>> make_csv_decoder(Input input, const CsvDialect& dialect,
                                                  DecodeOptions options) {
  auto decoder = std::make_unique<CsvDecoder>(std::move(input), dialect);
  ARROW_RETURN_NOT_OK(decoder->open(std::move(options)));
  return decoder;
}

}  // namespace velo::formats
