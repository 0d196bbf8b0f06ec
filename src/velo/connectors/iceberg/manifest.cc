#include "velo/connectors/iceberg/manifest.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "velo/formats/avro/values.h"

namespace velo::iceberg {
namespace {

using formats::avro::Value;
using formats::avro::ValueEncoder;

Status corrupt(std::string_view name, std::string_view what) {
  return make_error(ErrorKind::kCorruptData,
                    {.connector = "iceberg", .resource = std::string(name)},
                    fmt::format("{} is missing, or cannot be meant", what));
}

/// Reads the fields of a record; the first that has to be there and is not is told.
class Fields {
 public:
  explicit Fields(const Value& record) : record_(record) {}

  int64_t number(int id, const char* name) {
    const auto number = record_.number(id);
    if (!number || *number < 0) fail(name);
    return number.value_or(0);
  }
  // Any number: ids of snapshots may be negative.
  int64_t id(int id, const char* name) {
    const auto number = record_.number(id);
    if (!number) fail(name);
    return number.value_or(0);
  }
  int64_t number_or(int id, int64_t otherwise) const {
    return record_.number(id).value_or(otherwise);
  }
  std::string text(int id, const char* name) {
    auto text = record_.text(id);
    if (!text || text->empty()) fail(name);
    return text.value_or(std::string());
  }

  const char* failed() const { return failed_; }

 private:
  void fail(const char* name) {
    if (failed_ == nullptr) failed_ = name;
  }

  const Value& record_;
  const char* failed_ = nullptr;
};

Result<ManifestEntry> entry_of(const Value& row, const ManifestInList& list) {
  Fields fields(row);
  ManifestEntry entry;
  const int64_t state = fields.number(0, "status");
  if (state > 2) return corrupt(list.path, "the status of a file");
  entry.state = static_cast<ManifestEntry::State>(state);
  entry.snapshot_id = fields.number_or(1, list.added_snapshot_id);
  const Value none;
  const Value* file = row.field(2);
  Fields of_file(file ? *file : none);
  entry.file.content = of_file.number_or(134, kContentData);
  entry.file.path = of_file.text(100, "file_path");
  entry.file.format = of_file.text(101, "file_format");
  entry.file.num_rows = of_file.number(103, "record_count");
  entry.file.num_bytes = of_file.number(104, "file_size_in_bytes");
  for (const char* failed : {fields.failed(), of_file.failed()}) {
    if (failed) return corrupt(list.path, failed);
  }
  return entry;
}

std::optional<bool> boolean(const Value& record, int id) {
  const Value* field = record.field(id);
  const auto* value = field ? std::get_if<bool>(&field->value) : nullptr;
  return value ? std::optional(*value) : std::nullopt;
}

std::optional<std::vector<ManifestInList::PartitionSummary>> summaries_of(
    const Value& row) {
  const Value* field = row.field(507);
  const auto* list = field ? std::get_if<std::vector<Value>>(&field->value) : nullptr;
  if (list == nullptr) return std::nullopt;
  std::vector<ManifestInList::PartitionSummary> summaries;
  for (const Value& item : *list) {
    summaries.push_back({.contains_null = boolean(item, 509).value_or(false),
                         .contains_nan = boolean(item, 518),
                         .lower_bound = item.text(510),
                         .upper_bound = item.text(511)});
  }
  return summaries;
}

// Of version 1 lists, which have neither content nor sequence numbers, too.
Result<ManifestInList> listed_of(const Value& row, std::string_view name) {
  Fields fields(row);
  ManifestInList manifest{.path = fields.text(500, "manifest_path"),
                          .num_bytes = fields.number(501, "manifest_length"),
                          .spec_id = fields.number(502, "partition_spec_id"),
                          .content = fields.number_or(517, kContentData),
                          .sequence_number = fields.number_or(515, 0),
                          .min_sequence_number = fields.number_or(516, 0),
                          .added_snapshot_id = fields.id(503, "added_snapshot_id"),
                          .num_added_files = fields.number_or(504, 0),
                          .num_existing_files = fields.number_or(505, 0),
                          .num_deleted_files = fields.number_or(506, 0),
                          .num_added_rows = fields.number_or(512, 0),
                          .num_existing_rows = fields.number_or(513, 0),
                          .num_deleted_rows = fields.number_or(514, 0),
                          .partitions = summaries_of(row),
                          .key_metadata = row.text(519)};
  if (fields.failed()) return corrupt(name, fields.failed());
  return manifest;
}

constexpr char kEntrySchema[] = R"({
"type":"record","name":"manifest_entry","fields":[
{"name":"status","type":"int","field-id":0},
{"name":"snapshot_id","type":["null","long"],"default":null,"field-id":1},
{"name":"sequence_number","type":["null","long"],"default":null,"field-id":3},
{"name":"file_sequence_number","type":["null","long"],"default":null,"field-id":4},
{"name":"data_file","field-id":2,"type":{"type":"record","name":"r2","fields":[
{"name":"content","type":"int","field-id":134},
{"name":"file_path","type":"string","field-id":100},
{"name":"file_format","type":"string","field-id":101},
{"name":"partition","type":{"type":"record","name":"r102","fields":[]},"field-id":102},
{"name":"record_count","type":"long","field-id":103},
{"name":"file_size_in_bytes","type":"long","field-id":104},
{"name":"sort_order_id","type":["null","int"],"default":null,"field-id":140}
]}}]})";

constexpr char kListSchema[] = R"({
"type":"record","name":"manifest_file","fields":[
{"name":"manifest_path","type":"string","field-id":500},
{"name":"manifest_length","type":"long","field-id":501},
{"name":"partition_spec_id","type":"int","field-id":502},
{"name":"content","type":"int","field-id":517},
{"name":"sequence_number","type":"long","field-id":515},
{"name":"min_sequence_number","type":"long","field-id":516},
{"name":"added_snapshot_id","type":"long","field-id":503},
{"name":"added_files_count","type":"int","field-id":504},
{"name":"existing_files_count","type":"int","field-id":505},
{"name":"deleted_files_count","type":"int","field-id":506},
{"name":"added_rows_count","type":"long","field-id":512},
{"name":"existing_rows_count","type":"long","field-id":513},
{"name":"deleted_rows_count","type":"long","field-id":514},
{"name":"partitions","default":null,"field-id":507,"type":["null",
{"type":"array","element-id":508,"items":{"type":"record","name":"r508","fields":[
{"name":"contains_null","type":"boolean","field-id":509},
{"name":"contains_nan","type":["null","boolean"],"default":null,"field-id":518},
{"name":"lower_bound","type":["null","bytes"],"default":null,"field-id":510},
{"name":"upper_bound","type":["null","bytes"],"default":null,"field-id":511}]}}]},
{"name":"key_metadata","type":["null","bytes"],"default":null,"field-id":519}]})";

void add_summaries(ValueEncoder& row, const ManifestInList& manifest) {
  row.add_long(manifest.partitions ? 1 : 0);
  if (!manifest.partitions) return;
  if (!manifest.partitions->empty()) {
    row.add_long(static_cast<int64_t>(manifest.partitions->size()));
    for (const auto& summary : *manifest.partitions) {
      row.add_boolean(summary.contains_null);
      row.add_optional(summary.contains_nan);
      row.add_optional(summary.lower_bound);
      row.add_optional(summary.upper_bound);
    }
  }
  row.add_long(0);
}

}  // namespace

Result<std::vector<ManifestEntry>> decode_manifest(const ManifestInList& list,
                                                   std::string_view bytes) {
  static const std::set<int> kWanted = {0, 1, 2, 100, 101, 103, 104, 134};
  std::vector<ManifestEntry> entries;
  ARROW_RETURN_NOT_OK(
      formats::avro::read_values(list.path, bytes, kWanted, [&](const Value& row) {
        ARROW_ASSIGN_OR_RAISE(ManifestEntry entry, entry_of(row, list));
        entries.push_back(std::move(entry));
        return Status::OK();
      }));
  return entries;
}

Result<std::vector<ManifestInList>> decode_manifest_list(std::string_view name,
                                                         std::string_view bytes) {
  static const std::set<int> kWanted = {500, 501, 502, 503, 504, 505, 506, 507, 509, 510,
                                        511, 512, 513, 514, 515, 516, 517, 518, 519};
  std::vector<ManifestInList> manifests;
  ARROW_RETURN_NOT_OK(
      formats::avro::read_values(name, bytes, kWanted, [&](const Value& row) {
        ARROW_ASSIGN_OR_RAISE(ManifestInList manifest, listed_of(row, name));
        manifests.push_back(std::move(manifest));
        return Status::OK();
      }));
  return manifests;
}

std::string encode_manifest(const std::vector<DataFile>& files, int64_t snapshot_id,
                            const std::string& schema, int64_t schema_id,
                            int64_t spec_id) {
  ValueEncoder rows;
  for (const DataFile& file : files) {
    rows.add_long(static_cast<int64_t>(ManifestEntry::State::kAdded));
    rows.add_optional(std::optional(snapshot_id));
    rows.add_optional(std::optional<int64_t>());  // sequence_number
    rows.add_optional(std::optional<int64_t>());  // file_sequence_number
    rows.add_long(file.content);
    rows.add_text(file.path);
    rows.add_text(file.format);
    rows.add_long(file.num_rows);
    rows.add_long(file.num_bytes);
    rows.add_optional(std::optional<int64_t>());  // sort_order_id
  }
  return formats::avro::make_file(kEntrySchema,
                                  {{"schema", schema},
                                   {"schema-id", std::to_string(schema_id)},
                                   {"partition-spec", "[]"},
                                   {"partition-spec-id", std::to_string(spec_id)},
                                   {"format-version", "2"},
                                   {"content", "data"}},
                                  static_cast<int64_t>(files.size()), rows.bytes());
}

std::string encode_manifest_list(const std::vector<ManifestInList>& manifests,
                                 const ListOwner& owner) {
  ValueEncoder rows;
  for (const ManifestInList& manifest : manifests) {
    rows.add_text(manifest.path);
    for (const int64_t number : {manifest.num_bytes, manifest.spec_id, manifest.content,
                                 manifest.sequence_number, manifest.min_sequence_number,
                                 manifest.added_snapshot_id, manifest.num_added_files,
                                 manifest.num_existing_files, manifest.num_deleted_files,
                                 manifest.num_added_rows, manifest.num_existing_rows,
                                 manifest.num_deleted_rows}) {
      rows.add_long(number);
    }
    add_summaries(rows, manifest);
    rows.add_optional(manifest.key_metadata);
  }
  return formats::avro::make_file(
      kListSchema,
      {{"snapshot-id", std::to_string(owner.snapshot_id)},
       {"parent-snapshot-id",
        owner.parent_id ? std::to_string(*owner.parent_id) : std::string("null")},
       {"sequence-number", std::to_string(owner.sequence_number)},
       {"format-version", "2"}},
      static_cast<int64_t>(manifests.size()), rows.bytes());
}

}  // namespace velo::iceberg
