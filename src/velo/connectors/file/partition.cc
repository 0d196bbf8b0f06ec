#include "velo/connectors/file/partition.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/initialize.h>
#include <fmt/format.h>

#include <unordered_map>
#include <utility>

namespace velo::file {
namespace {

constexpr std::string_view kNullPartition = "__HIVE_DEFAULT_PARTITION__";

bool stands_for_itself(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         c == '-' || c == '.' || c == '_' || c == '~';
}

std::string hive_encode(std::string_view text) {
  if (text.empty()) return std::string(kNullPartition);
  std::string encoded;
  for (const char c : text) {
    if (stands_for_itself(c)) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
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
  std::vector<std::shared_ptr<arrow::StringArray>> keys;
  for (const std::string& name : partition_by) {
    ARROW_ASSIGN_OR_RAISE(auto key, as_text(*rows, name));
    keys.push_back(std::move(key));
    ARROW_ASSIGN_OR_RAISE(rest, rest->RemoveColumn(rest->schema()->GetFieldIndex(name)));
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
    for (size_t i = 0; i < keys.size(); ++i) {
      const auto value =
          keys[i]->IsNull(row) ? std::string_view() : keys[i]->GetView(row);
      directory += partition_by[i] + "=" + hive_encode(value) + "/";
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

}  // namespace velo::file
