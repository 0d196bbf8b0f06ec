#include "velo/engine/letter_decoder.h"

#include <arrow/io/memory.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/columnar/change_columns.h"
#include "velo/columnar/common_type.h"
#include "velo/columnar/schema_text.h"
#include "velo/columnar/schema_union.h"
#include "velo/formats/csv/format.h"
#include "velo/formats/projection.h"
#include "velo/formats/record_limit.h"
#include "velo/storage/compression.h"

namespace velo::engine {
namespace {

constexpr std::string_view kCsv = "csv";
constexpr std::string_view kJson = "json";

Status invalid(std::string message) {
  return make_error(ErrorKind::kInvalidArgument, {}, std::move(message));
}

std::string_view take_extension(std::string_view& name) {
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return {};
  const std::string_view extension = name.substr(dot + 1);
  name = name.substr(0, dot);
  return extension;
}

// By the name of a file, of which the split may be a part; that of a partition, or of a
// file that has moved, tells nothing.
const formats::Format& format_of_split(std::string_view split) {
  std::string_view name = split.substr(0, split.rfind("%from="));
  std::string_view extension = take_extension(name);
  if (storage::find_compression(extension)) extension = take_extension(name);
  const formats::Format* const format = formats::find_format_of_files(extension);
  return format && format->name == kCsv ? *format : *formats::find_format(kJson);
}

// The names of the columns as a header of CSV.
std::string header_of(const arrow::Schema& schema, std::string_view delimiter) {
  std::string header;
  for (const std::string& name : schema.field_names()) {
    if (!header.empty()) header += delimiter;
    header += '"';
    for (const char c : name) header += c == '"' ? "\"\"" : std::string(1, c);
    header += '"';
  }
  return header + '\n';
}

Result<OptionValues> values_of(const formats::Format& format, std::string_view delimiter,
                               size_t num_bytes) {
  const auto most =
      std::max<int64_t>(static_cast<int64_t>(num_bytes) + 1, formats::kKeptOfLargeRecord);
  Uri uri{.scheme = "record", .options = {{"max_record_bytes", std::to_string(most)}}};
  if (format.name == kCsv) {
    uri.options.emplace_back("delimiter", delimiter == "\t" ? "tab" : delimiter);
  }
  return OptionValues::parse(uri, format.options, OptionUse::kSource);
}

}  // namespace

Result<LetterDecoder> LetterDecoder::make(const ReplayOptions& options,
                                          const std::vector<KeptLetter>& letters) {
  LetterDecoder decoder;
  if (options.format) {
    if (*options.format != kCsv && *options.format != kJson) {
      return invalid(
          fmt::format("format = {}: csv or json is expected", *options.format));
    }
    decoder.format_ = formats::find_format(*options.format);
  }
  if (options.delimiter) {
    const std::string delimiter = *options.delimiter == "tab" ? "\t" : *options.delimiter;
    decoder.delimiter_ = delimiter;
    if (delimiter.size() != 1 || delimiter == "\"" || delimiter == "\n" ||
        delimiter == "\r") {
      return invalid(fmt::format("delimiter = {}: one character, or tab, is expected",
                                 *options.delimiter));
    }
  }
  ARROW_RETURN_NOT_OK(decoder.find_columns(options, letters));
  return decoder;
}

Status LetterDecoder::find_columns(const ReplayOptions& options,
                                   const std::vector<KeptLetter>& letters) {
  // Nobody knows the ids of runs without names.
  std::set<std::string> pipelines;
  for (const KeptLetter& letter : letters) {
    const bool is_run = pipeline_of_id(letter.pipeline).is_run;
    pipelines.insert(is_run ? "some without a name" : letter.pipeline);
  }
  if (pipelines.size() > 1) {
    return invalid(
        fmt::format("there are dead letters of several pipelines: {}; "
                    "pipeline = NAME takes those of one",
                    fmt::join(pipelines, ", ")));
  }
  SchemaUnion of_rows(common_type, [](size_t) { return "an earlier letter"; });
  Status is_known;
  for (const KeptLetter& letter : letters) {
    const auto schema = parse_schema(letter.schema);
    is_known = schema.ok() ? of_rows.add(*schema) : schema.status();
    if (!is_known.ok()) break;
  }
  if (is_known.ok() && of_rows.schema()->GetFieldIndex(kOperationColumn) >= 0) {
    return invalid(
        "these are changes, and are not replayed: what has come since of the same keys "
        "would be undone by them");
  }
  is_given_ = options.schema.has_value();
  if (is_given_) {
    ARROW_ASSIGN_OR_RAISE(record_, parse_schema(*options.schema));
  } else if (!is_known.ok()) {
    return invalid(
        fmt::format("the columns of the records are to be said by schema =, "
                    "since those of the pipeline's rows are not enough: {}",
                    is_known.message()));
  } else {
    record_ = of_rows.schema();
  }
  for (const KeptLetter& letter : letters) {
    const formats::Format& format = format_ ? *format_ : format_of_split(letter.split);
    if (format.name != kCsv || is_given_) continue;
    return invalid(
        fmt::format("the records of {} are CSV, where values have no names: "
                    "schema = says what all columns of the file are, in their "
                    "order. The pipeline's rows had: {}",
                    letter.split, letter.schema));
  }
  std::vector<std::string> columns = record_->field_names();
  if (options.columns) {
    columns = *options.columns;
  } else if (is_given_ && is_known.ok()) {
    columns = of_rows.schema()->field_names();
  }
  const auto projection = formats::project(*record_, columns, "schema =");
  if (projection.ok()) {
    schema_ = projection->schema;
    return Status::OK();
  }
  return projection.status().WithMessage(
      projection.status().message() +
      (options.columns ? ""
                       : ", which the pipeline's rows have. What its SELECT has "
                         "computed is not computed again: columns = says which "
                         "are to be written"));
}

Result<std::shared_ptr<arrow::RecordBatch>> LetterDecoder::decode(
    const KeptLetter& letter) const {
  const std::string name = "dead letter of " + letter.split;
  const auto bad = [&](std::string message) {
    return make_error(ErrorKind::kCorruptData, {.resource = name}, std::move(message));
  };
  if (letter.is_cut) {
    return bad(fmt::format("the record was too large, and only its first {} were kept",
                           formats::with_unit(formats::kKeptOfLargeRecord)));
  }
  const formats::Format& format = format_ ? *format_ : format_of_split(letter.split);
  const bool is_csv = format.name == kCsv;
  if (!is_csv && !trim(letter.record).starts_with('{')) {
    return bad("the record is no JSON object");
  }
  const std::string delimiter =
      delimiter_.value_or(&format == &formats::tsv_format() ? "\t" : ",");
  const std::string text =
      (is_csv ? header_of(*record_, delimiter) : "") + letter.record + "\n";
  ARROW_ASSIGN_OR_RAISE(const auto values, values_of(format, delimiter, text.size()));
  formats::Input input{.name = name,
                       .stream = std::make_shared<arrow::io::BufferReader>(
                           std::make_shared<arrow::Buffer>(text)),
                       .file = nullptr};
  ARROW_ASSIGN_OR_RAISE(const auto decoder,
                        format.make_decoder(std::move(input), values,
                                            {.schema = record_,
                                             .is_inferred = !is_given_,
                                             .columns = schema_->field_names()}));
  std::shared_ptr<arrow::RecordBatch> row;
  int64_t num_rows = 0;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto rows, decoder->next({}));
    if (!rows) break;
    num_rows += rows->num_rows();
    if (rows->num_rows() > 0) row = std::move(rows);
  }
  if (num_rows == 1) return row;
  return bad(fmt::format("the record holds {} rows, and one is expected", num_rows));
}

}  // namespace velo::engine
