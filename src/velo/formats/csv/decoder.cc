#include "velo/formats/csv/decoder.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <utility>

#include "velo/formats/block_reader.h"
#include "velo/formats/csv/columns.h"
#include "velo/formats/csv/converter.h"
#include "velo/formats/csv/faults.h"
#include "velo/formats/csv/file_stream.h"
#include "velo/formats/csv/front.h"
#include "velo/formats/csv/inference.h"
#include "velo/formats/csv/record_parser.h"
#include "velo/formats/csv/record_position.h"
#include "velo/formats/projection.h"

namespace velo::formats {
namespace {

// Rows with a value that is not of its column's type, and the first such column of the
// projection.
using UnfitRows = std::map<int64_t, size_t>;

// The file, from its beginning, of which a part is decoded that is not its first.
std::optional<Input> beginning_of(const Input& input) {
  if (!input.part || input.part->offset == 0) return std::nullopt;
  return Input{.name = input.name,
               .stream = std::make_shared<FileStream>(input.file),
               .file = input.file};
}

class CsvDecoder : public Decoder {
 public:
  CsvDecoder(Input input, const CsvDialect& dialect)
      : beginning_(beginning_of(input)),
        blocks_(std::move(input), dialect.block_bytes, dialect.max_record_bytes),
        dialect_(dialect) {}

  Status open(DecodeOptions options) {
    is_inferred_ = options.is_inferred || !options.schema;
    keeps_bad_ = options.keep_bad_records;
    const bool is_given = options.schema && !options.is_inferred;
    ARROW_ASSIGN_OR_RAISE(CsvFront front,
                          read_front(is_given ? options.schema.get() : nullptr));
    dialect_ = front.dialect;
    num_columns_ = static_cast<int>(front.names.size());
    parser_.emplace(dialect_, num_columns_);
    ARROW_ASSIGN_OR_RAISE(const auto whole, whole_schema(front.names, options));
    if (options.is_inferred) {
      options.columns = known_columns(*whole, std::move(options.columns));
    }
    ARROW_ASSIGN_OR_RAISE(projection_, project(*whole, options.columns, blocks_.name()));
    return options.only_schema ? Status::OK() : make_converters();
  }

  const std::shared_ptr<arrow::Schema>& schema() const override {
    return projection_.schema;
  }

  Result<std::shared_ptr<arrow::RecordBatch>> next(std::stop_token stop) override {
    while (!stop.stop_requested()) {
      ARROW_RETURN_NOT_OK(take_large_record());
      if (!bad_.empty()) return arrow::RecordBatch::MakeEmpty(projection_.schema);
      ARROW_ASSIGN_OR_RAISE(const size_t num_bytes, parse());
      if (records_.num_rows() > 0 || !records_.broken().empty()) {
        ARROW_ASSIGN_OR_RAISE(auto batch, convert_records());
        blocks_.consume(num_bytes);
        return batch;
      }
      blocks_.consume(num_bytes);
      if (blocks_.at_end()) return nullptr;
      ARROW_RETURN_NOT_OK(blocks_.fill());
    }
    return make_error(ErrorKind::kCancelled, {.resource = blocks_.name()}, "stopped");
  }

  std::vector<PlacedBadRecord> take_bad_records() override {
    return std::exchange(bad_, {});
  }

 private:
  // A part has the names and the dialect of its file.
  Result<CsvFront> read_front(const arrow::Schema* given) {
    if (!beginning_) return formats::read_front(blocks_, dialect_, given);
    BlockReader blocks(*std::exchange(beginning_, std::nullopt), dialect_.block_bytes,
                       dialect_.max_record_bytes);
    return formats::read_front(blocks, dialect_, given);
  }

  Status make_converters() {
    for (const auto& field : projection_.schema->fields()) {
      auto converter = make_csv_converter(field->type(), dialect_.notation, is_inferred_);
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

  // Parses whole records from the front of what is held; answers how many bytes they
  // took.
  Result<size_t> parse() {
    const size_t num_bytes = parser_->parse(blocks_.bytes(), blocks_.at_end(), records_);
    if (const auto open = records_.open_record()) {
      return open_quote_at(position_of(*open), blocks_.name());
    }
    return num_bytes;
  }

  RecordPosition position_of(size_t offset) const {
    RecordPosition position{blocks_.offset(), blocks_.line()};
    position.advance(blocks_.bytes().substr(0, offset));
    return position;
  }

  // Steps over the record that is next, where it is too large, and keeps its beginning.
  Status take_large_record() {
    if (!blocks_.is_full()) return Status::OK();
    if (is_at_comment(blocks_, dialect_)) return skip_line(blocks_);
    const std::string_view bytes = blocks_.bytes();
    const std::string_view record =
        without_line_break(bytes.substr(0, find_record(bytes, dialect_).num_bytes));
    if (static_cast<int64_t>(record.size()) <= dialect_.max_record_bytes) {
      return Status::OK();
    }
    const RecordPosition begin = position_of(0);
    Status error =
        corrupt_at(begin, blocks_.name(),
                   too_large(dialect_.max_record_bytes) + "; or is a quote missing?");
    if (!keeps_bad_) return error;
    bad_.push_back(
        {.record = {std::move(error), std::string(record.substr(0, kKeptOfLargeRecord))},
         .offset = begin.offset});
    RecordEnd end(dialect_);
    while (true) {
      if (const auto num_bytes = end.find(blocks_.bytes())) {
        blocks_.consume(*num_bytes);
        return Status::OK();
      }
      ARROW_RETURN_NOT_OK(blocks_.replace());
      if (!blocks_.at_end() || !blocks_.bytes().empty()) continue;
      return end.is_open() ? open_quote_at(begin, blocks_.name()) : Status::OK();
    }
  }

  Result<std::shared_ptr<arrow::Schema>> whole_schema(
      const std::vector<std::string>& names, const DecodeOptions& options) {
    if (!options.schema) return infer_schema(names, options.only_schema);
    return options.is_inferred
               ? match_inferred_schema(names, *options.schema, blocks_.name())
               : match_given_schema(names, dialect_.header == CsvHeader::kYes,
                                    *options.schema, blocks_.name());
  }

  // From a sample: the first block, and as many more as one row needs.
  Result<std::shared_ptr<arrow::Schema>> infer_schema(
      const std::vector<std::string>& names, bool only_schema) {
    while (true) {
      ARROW_RETURN_NOT_OK(blocks_.look_for_end());
      ARROW_RETURN_NOT_OK(take_large_record());
      ARROW_RETURN_NOT_OK(parse());
      if (records_.num_rows() > 0 || blocks_.at_end()) break;
      // Behind bad ones a good one is looked for only where they are left out, and not
      // beyond a sample.
      if (!records_.broken().empty() && (!keeps_bad_ || blocks_.is_full())) {
        return place_bad_records({}).front().record.error;
      }
      ARROW_RETURN_NOT_OK(blocks_.fill());
    }
    const auto type_of_nothing = only_schema ? arrow::null() : arrow::utf8();
    arrow::FieldVector fields;
    for (int i = 0; i < num_columns_; ++i) {
      ARROW_ASSIGN_OR_RAISE(
          auto type,
          infer_csv_type(records_.column(i), dialect_.notation, type_of_nothing));
      fields.push_back(arrow::field(names[static_cast<size_t>(i)], std::move(type)));
    }
    return arrow::schema(std::move(fields));
  }

  // What is not bad of what was parsed; the bad is kept, or the first of it the error.
  Result<std::shared_ptr<arrow::RecordBatch>> convert_records() {
    UnfitRows unfit;
    ARROW_ASSIGN_OR_RAISE(auto columns, convert(unfit));
    if (unfit.empty() && records_.broken().empty()) return make_batch(std::move(columns));
    std::vector<PlacedBadRecord> bad = place_bad_records(unfit);
    if (!keeps_bad_) return bad.front().record.error;
    bad_ = std::move(bad);
    if (!unfit.empty()) {
      std::vector<int64_t> rows;
      for (const auto& [row, column] : unfit) rows.push_back(row);
      records_.drop(rows);
      unfit.clear();
      ARROW_ASSIGN_OR_RAISE(columns, convert(unfit));
    }
    return make_batch(std::move(columns));
  }

  Result<std::shared_ptr<arrow::RecordBatch>> make_batch(arrow::ArrayVector columns) {
    return arrow::RecordBatch::Make(projection_.schema, records_.num_rows(),
                                    std::move(columns));
  }

  // The columns are only good where every row fits.
  Result<arrow::ArrayVector> convert(UnfitRows& unfit) const {
    arrow::ArrayVector columns;
    std::vector<int64_t> misfits;
    for (size_t i = 0; i < converters_.size(); ++i) {
      misfits.clear();
      ARROW_ASSIGN_OR_RAISE(
          auto column,
          converters_[i]->convert(records_.column(projection_.indices[i]), misfits));
      columns.push_back(std::move(column));
      for (const int64_t row : misfits) unfit.try_emplace(row, i);
    }
    return columns;
  }

  // All bad records, in their order in the file: of the first alone where none is kept.
  std::vector<PlacedBadRecord> place_bad_records(const UnfitRows& unfit) const {
    std::vector<PlacedBadRecord> bad;
    RecordPosition position = position_of(0);
    const size_t front = static_cast<size_t>(position.offset);
    auto row = unfit.begin();
    auto broken = records_.broken().begin();
    int64_t num_unfit = 0;
    while (row != unfit.end() || broken != records_.broken().end()) {
      const bool is_unfit =
          broken == records_.broken().end() ||
          (row != unfit.end() && records_.begin(row->first) < broken->begin);
      const size_t begin = is_unfit ? records_.begin(row->first) : broken->begin;
      const size_t passed = static_cast<size_t>(position.offset) - front;
      position.advance(records_.text().substr(passed, begin - passed));
      const RecordFault fault =
          is_unfit ? fault_of_value(row->first, row->second)
                   : fault_of(*broken, num_columns_, dialect_.delimiter.value_or(','));
      const int64_t num_before =
          is_unfit ? row->first - num_unfit++ : broken->row - num_unfit;
      bad.push_back(
          {.record = {fault_at(position, blocks_.name(), fault), record_bytes(begin)},
           .num_rows_before = num_before,
           .offset = position.offset});
      if (!keeps_bad_) break;
      is_unfit ? void(++row) : void(++broken);
    }
    return bad;
  }

  RecordFault fault_of_value(int64_t row, size_t column) const {
    CsvColumn values = records_.column(projection_.indices[column]);
    return fault_of(values.text(values.value(row)),
                    *projection_.schema->field(static_cast<int>(column)));
  }

  std::string record_bytes(size_t begin) const {
    const std::string_view rest = records_.text().substr(begin);
    return std::string(
        without_line_break(rest.substr(0, find_record(rest, dialect_).num_bytes)));
  }

  std::optional<Input> beginning_;
  BlockReader blocks_;
  CsvDialect dialect_;
  std::optional<RecordParser> parser_;
  CsvRecords records_;  // those parsed last
  Projection projection_;
  int num_columns_ = -1;
  bool is_inferred_ = false;
  bool keeps_bad_ = false;
  std::vector<std::unique_ptr<ColumnConverter>> converters_;
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
