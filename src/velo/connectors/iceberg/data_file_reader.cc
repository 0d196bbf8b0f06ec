#include "velo/connectors/iceberg/data_file_reader.h"

#include <arrow/array/util.h>
#include <arrow/compute/cast.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "velo/base/parse_number.h"
#include "velo/formats/parquet/decoder.h"

namespace velo::iceberg {
namespace {

Status fail(ErrorKind kind, const std::string& path, std::string message) {
  return make_error(kind, {.connector = "iceberg", .resource = path}, std::move(message));
}

// The names of columns by their field ids.
std::map<int, std::string> names_by_id(const arrow::Schema& schema) {
  std::map<int, std::string> names;
  for (const auto& field : schema.fields()) {
    if (!field->metadata()) continue;
    const auto id = parse_number<int>(field->metadata()->Get(kFieldIdKey).ValueOr(""));
    if (id) names[*id] = field->name();
  }
  return names;
}

}  // namespace

Result<std::unique_ptr<DataFileReader>> DataFileReader::open(FileIo& files,
                                                             const DataFile& file,
                                                             const WantedColumns& wanted,
                                                             std::stop_token stop) {
  auto opened = files.open(file.path, std::move(stop));
  if (!opened.ok() && kind_of(opened.status()) == ErrorKind::kNotFound) {
    return fail(ErrorKind::kPositionLost, file.path,
                "a data file that the snapshot names is gone: was the snapshot expired "
                "meanwhile? Begin anew under another name");
  }
  ARROW_RETURN_NOT_OK(opened.status());
  std::unique_ptr<DataFileReader> reader(new DataFileReader(file, wanted));
  formats::Input input{.name = file.path, .stream = *opened, .file = *opened};
  ARROW_ASSIGN_OR_RAISE(reader->decoder_,
                        formats::make_choosing_parquet_decoder(
                            std::move(input), [&](const arrow::Schema& schema) {
                              return reader->choose(schema);
                            }));
  reader->decoder_->limit_memory(wanted.memory_bytes);
  return reader;
}

Result<std::vector<std::string>> DataFileReader::choose(const arrow::Schema& schema) {
  const auto names = names_by_id(schema);
  if (names.empty() && schema.num_fields() > 0) {
    return fail(ErrorKind::kNotImplemented, path_,
                "its columns have no field ids, as in files that were added to the table "
                "without being rewritten; those are not read yet");
  }
  std::vector<std::string> chosen;
  for (const Column& column : wanted_.columns) {
    const auto found = names.find(column.id);
    if (found != names.end()) {
      const auto place = std::ranges::find(chosen, found->second);
      places_.push_back(static_cast<int>(place - chosen.begin()));
      if (place == chosen.end()) chosen.push_back(found->second);
      continue;
    }
    const bool is_partition =
        std::ranges::count(wanted_.identity_partition_ids, column.id) > 0;
    if (column.has_default || is_partition || column.is_required) {
      return fail(
          ErrorKind::kNotImplemented, path_,
          fmt::format("it lacks the column '{}', whose value is {}; that is not "
                      "read yet",
                      column.name, is_partition ? "that of its partition" : "a default"));
    }
    places_.push_back(-1);
  }
  return chosen;
}

Result<std::shared_ptr<arrow::Array>> DataFileReader::column_of(
    const arrow::RecordBatch& rows, size_t index) const {
  const auto& type = wanted_.schema->field(static_cast<int>(index))->type();
  if (places_[index] < 0) return arrow::MakeArrayOfNull(type, rows.num_rows());
  auto column = rows.column(places_[index]);
  if (column->type()->Equals(*type)) return column;
  auto cast = arrow::compute::Cast(*column, type);
  if (cast.ok()) return cast;
  return fail(
      ErrorKind::kCorruptData, path_,
      fmt::format("column '{}' is {} in it, and not {}: {}", wanted_.columns[index].name,
                  column->type()->ToString(), type->ToString(), cast.status().message()));
}

Result<std::shared_ptr<arrow::RecordBatch>> DataFileReader::next(std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(const auto rows, decoder_->next(std::move(stop)));
  if (!rows) return nullptr;
  arrow::ArrayVector columns;
  for (size_t i = 0; i < wanted_.columns.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto column, column_of(*rows, i));
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(wanted_.schema, rows->num_rows(), std::move(columns));
}

}  // namespace velo::iceberg
