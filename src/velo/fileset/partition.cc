#include "velo/fileset/partition.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/initialize.h>
#include <fmt/format.h>

#include <unordered_map>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/base/percent_encoding.h"

namespace velo::fileset {
namespace {

constexpr std::string_view kNullPartition = "__HIVE_DEFAULT_PARTITION__";
constexpr size_t kMaxNameBytes = 255;
constexpr size_t kShownBytes = 60;

bool stands_for_itself(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         c == '-' || c == '.' || c == '_' || c == '~';
}

std::string hive_encode(std::string_view text) {
  std::string encoded;
  for (const char c : text)
    encoded += stands_for_itself(c) ? std::string(1, c) : escape_of(c);
  return encoded;
}

// DuckDB 1 reads NULL, in any case, as no value; they all read Hive's own word so.
bool is_taken_for_null(std::string_view text) {
  return text == kNullPartition || ascii_lower(text) == "null";
}

std::string value_in_path(const arrow::StringArray& values, int64_t row) {
  if (values.IsNull(row)) return std::string(kNullPartition);
  const std::string_view text = values.GetView(row);
  if (!is_taken_for_null(text)) return hive_encode(text);
  return escape_of(text.front()) + hive_encode(text.substr(1));
}

// A name that begins with a dot would hide its files.
std::string name_in_path(std::string_view name) {
  if (!name.starts_with('.')) return hive_encode(name);
  return escape_of('.') + hive_encode(name.substr(1));
}

// A partition column: its name, and that as it stands in paths.
struct PartitionKey {
  std::string name;
  std::string prefix;
  std::shared_ptr<arrow::StringArray> values;
};

// Appends "column=value/". What a file system cannot hold is refused while its epoch can
// still be given up.
Status append_level(const PartitionKey& key, int64_t row, std::string& directory) {
  const std::string level = key.prefix + value_in_path(*key.values, row);
  if (level.size() > kMaxNameBytes) {
    return make_error(
        ErrorKind::kSchemaMismatch, {},
        fmt::format("partition_by: a value of column '{}' makes a directory's name of {} "
                    "bytes, and file systems take {}; it begins {}",
                    key.name, level.size(), kMaxNameBytes, level.substr(0, kShownBytes)));
  }
  directory += level + "/";
  return Status::OK();
}

Result<std::shared_ptr<arrow::StringArray>> as_text(const arrow::RecordBatch& rows,
                                                    const std::string& name) {
  const auto column = rows.GetColumnByName(name);
  if (!column) {
    return make_error(ErrorKind::kSchemaMismatch, {},
                      fmt::format("partition_by names a column '{}' that the rows do not "
                                  "have",
                                  name));
  }
  auto text = arrow::compute::Cast(*column, arrow::utf8());
  if (!text.ok()) {
    return make_error(ErrorKind::kSchemaMismatch, {},
                      fmt::format("partition_by: column '{}' is {}, which cannot name a "
                                  "directory",
                                  name, column->type()->ToString()));
  }
  return std::static_pointer_cast<arrow::StringArray>(*text);
}

}  // namespace

Result<std::vector<PartitionRows>> split_by_partition(
    const std::shared_ptr<arrow::RecordBatch>& rows,
    const std::vector<std::string>& partition_by) {
  std::vector<PartitionRows> partitions;
  if (partition_by.empty()) {
    partitions.push_back({"", rows});
    return partitions;
  }
  ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
  std::shared_ptr<arrow::RecordBatch> rest = rows;
  std::vector<PartitionKey> keys;
  for (const std::string& name : partition_by) {
    ARROW_ASSIGN_OR_RAISE(auto values, as_text(*rows, name));
    keys.push_back({name, name_in_path(name) + "=", std::move(values)});
    const int index = rest->schema()->GetFieldIndex(name);
    if (index < 0) {
      return make_error(ErrorKind::kSchemaMismatch, {},
                        fmt::format("partition_by names column '{}' twice", name));
    }
    ARROW_ASSIGN_OR_RAISE(rest, rest->RemoveColumn(index));
  }
  if (rest->num_columns() == 0) {
    return make_error(ErrorKind::kSchemaMismatch, {},
                      "partition_by names every column, so that no file would hold any; "
                      "leave one out");
  }

  std::unordered_map<std::string, size_t> index_of;
  std::vector<arrow::Int64Builder> indices;
  std::string directory;
  for (int64_t row = 0; row < rows->num_rows(); ++row) {
    directory.clear();
    for (const PartitionKey& key : keys) {
      ARROW_RETURN_NOT_OK(append_level(key, row, directory));
    }
    const auto [found, is_new] = index_of.try_emplace(directory, indices.size());
    if (is_new) {
      indices.emplace_back();
      partitions.push_back({directory, nullptr});
    }
    ARROW_RETURN_NOT_OK(indices[found->second].Append(row));
  }
  for (size_t i = 0; i < partitions.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto selection, indices[i].Finish());
    ARROW_ASSIGN_OR_RAISE(arrow::Datum taken, arrow::compute::Take(rest, selection));
    partitions[i].rows = taken.record_batch();
  }
  return partitions;
}

}  // namespace velo::fileset
