#include "velo/connectors/iceberg/table_metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

namespace velo::iceberg {
namespace {

constexpr int kNewestVersion = 3;
constexpr int kVersionWritten = 2;
// Ids of partition fields begin above it.
constexpr int kLastPartitionId = 999;

std::map<std::string, std::string> texts_of(const Json& object) {
  std::map<std::string, std::string> texts;
  for (const auto& [key, value] : object.items()) {
    texts[key] = value.is_string() ? value.get<std::string>() : text_of_json(value);
  }
  return texts;
}

Result<Snapshot> snapshot_of(std::string_view name, const Json& json) {
  JsonMembers members(json);
  Snapshot snapshot{
      .id = members.number("snapshot-id"),
      .parent_id = members.number_if_there("parent-snapshot-id"),
      .sequence_number = members.number_if_there("sequence-number").value_or(0),
      .timestamp_ms = members.number("timestamp-ms"),
      .manifest_list = members.text_or("manifest-list", ""),
      .summary = texts_of(members.object_or_empty("summary")),
      .schema_id = {}};
  if (const auto id = members.number_if_there("schema-id")) {
    snapshot.schema_id = static_cast<int>(*id);
  }
  ARROW_RETURN_NOT_OK(members.status(name));
  return snapshot;
}

Status read_refs(std::string_view name, JsonMembers& members, TableMetadata& metadata) {
  for (const auto& [key, json] : members.object_or_empty("refs").items()) {
    JsonMembers ref(json);
    metadata.refs[key] = {.snapshot_id = ref.number("snapshot-id"),
                          .is_branch = ref.text("type") == "branch"};
    ARROW_RETURN_NOT_OK(ref.status(name));
  }
  // -1 is how some write that there is none.
  const auto current = members.number_if_there("current-snapshot-id");
  if (current && *current != -1 && !metadata.refs.contains(kMainBranch)) {
    metadata.refs[kMainBranch] = {.snapshot_id = *current, .is_branch = true};
  }
  return Status::OK();
}

Status read_schemas(std::string_view name, JsonMembers& members,
                    TableMetadata& metadata) {
  // Version 1 may have one only, called "schema".
  if (!members.has("schemas")) {
    ARROW_ASSIGN_OR_RAISE(TableSchema schema,
                          parse_table_schema(name, members.object("schema")));
    metadata.current_schema_id = schema.id;
    metadata.schemas[schema.id] = std::move(schema);
    return Status::OK();
  }
  metadata.current_schema_id = static_cast<int>(members.number("current-schema-id"));
  for (const Json& json : members.list("schemas")) {
    ARROW_ASSIGN_OR_RAISE(TableSchema schema, parse_table_schema(name, json));
    metadata.schemas[schema.id] = std::move(schema);
  }
  if (metadata.schemas.contains(metadata.current_schema_id)) return Status::OK();
  return make_error(ErrorKind::kCorruptData,
                    {.connector = "iceberg", .resource = std::string(name)},
                    "its current schema is not among its schemas");
}

void read_spec_fields(const Json& fields, TableMetadata& metadata, bool is_default) {
  for (const Json& json : fields) {
    JsonMembers field(json);
    const std::string transform = field.text_or("transform", "");
    if (is_default && transform != "void") metadata.is_partitioned = true;
    if (transform != "identity") continue;
    metadata.identity_partition_ids.push_back(
        static_cast<int>(field.number_if_there("source-id").value_or(-1)));
  }
}

void read_specs(JsonMembers& members, TableMetadata& metadata) {
  if (!members.has("partition-specs")) {
    read_spec_fields(members.list_or_empty("partition-spec"), metadata, true);
    return;
  }
  metadata.default_spec_id = static_cast<int>(members.number("default-spec-id"));
  for (const Json& json : members.list("partition-specs")) {
    JsonMembers spec(json);
    const auto id = spec.number_if_there("spec-id");
    read_spec_fields(spec.list_or_empty("fields"), metadata,
                     id == metadata.default_spec_id);
  }
}

}  // namespace

std::string Snapshot::summary_text(const std::string& key) const {
  const auto found = summary.find(key);
  return found == summary.end() ? std::string() : found->second;
}

const Snapshot* TableMetadata::find_snapshot(int64_t id) const {
  const auto found = snapshots.find(id);
  return found == snapshots.end() ? nullptr : &found->second;
}

std::vector<const Snapshot*> TableMetadata::history(std::optional<int64_t> newest) const {
  std::vector<const Snapshot*> history;
  // No longer than that, also where somebody has made one its own ancestor.
  while (newest && history.size() < snapshots.size()) {
    const Snapshot* snapshot = find_snapshot(*newest);
    if (snapshot == nullptr) break;
    history.push_back(snapshot);
    newest = snapshot->parent_id;
  }
  return history;
}

std::optional<int64_t> TableMetadata::ref(const std::string& name) const {
  const auto found = refs.find(name);
  return found == refs.end() ? std::nullopt : std::optional(found->second.snapshot_id);
}

std::string TableMetadata::location_of(const std::string& property,
                                       const char* below) const {
  const auto found = properties.find(property);
  std::string place = found == properties.end() ? location : found->second;
  while (place.ends_with('/')) place.pop_back();
  return found == properties.end() ? place + below : place;
}

Result<TableMetadata> parse_table_metadata(std::string_view name, std::string text) {
  ARROW_ASSIGN_OR_RAISE(const Json json, parse_json(name, text));
  JsonMembers members(json);
  TableMetadata metadata;
  metadata.format_version = static_cast<int>(members.number("format-version"));
  ARROW_RETURN_NOT_OK(members.status(name));
  if (metadata.format_version < 1 || metadata.format_version > kNewestVersion) {
    return make_error(ErrorKind::kNotImplemented,
                      {.connector = "iceberg", .resource = std::string(name)},
                      fmt::format("it is of format version {}; 1 to {} are known",
                                  metadata.format_version, kNewestVersion));
  }
  metadata.uuid = members.text_or("table-uuid", "");
  metadata.location = members.text("location");
  metadata.last_sequence_number =
      members.number_if_there("last-sequence-number").value_or(0);
  ARROW_RETURN_NOT_OK(read_schemas(name, members, metadata));
  read_specs(members, metadata);
  metadata.properties = texts_of(members.object_or_empty("properties"));
  for (const Json& item : members.list_or_empty("snapshots")) {
    ARROW_ASSIGN_OR_RAISE(Snapshot snapshot, snapshot_of(name, item));
    metadata.snapshots[snapshot.id] = std::move(snapshot);
  }
  ARROW_RETURN_NOT_OK(read_refs(name, members, metadata));
  ARROW_RETURN_NOT_OK(members.status(name));
  metadata.text = std::move(text);
  return metadata;
}

std::string new_table_metadata(const std::string& location, const TableSchema& schema) {
  int last_column_id = 0;
  for (const Column& column : schema.columns) {
    last_column_id = std::max(last_column_id, column.id);
  }
  const Json no_fields = Json::array();
  const Json metadata = {
      {"format-version", kVersionWritten},
      {"table-uuid", random_uuid()},
      {"location", location},
      {"last-sequence-number", 0},
      {"last-updated-ms", now_in_milliseconds()},
      {"last-column-id", last_column_id},
      {"current-schema-id", schema.id},
      {"schemas", Json::array({json_of(schema)})},
      {"default-spec-id", 0},
      {"partition-specs", Json::array({Json{{"spec-id", 0}, {"fields", no_fields}}})},
      {"last-partition-id", kLastPartitionId},
      {"default-sort-order-id", 0},
      {"sort-orders", Json::array({Json{{"order-id", 0}, {"fields", no_fields}}})},
      {"properties", Json::object()},
      {"snapshots", Json::array()},
      {"snapshot-log", Json::array()},
      {"metadata-log", Json::array()},
      {"refs", Json::object()}};
  return text_of_json(metadata);
}

std::string random_uuid() {
  std::random_device random;
  const auto bits = [&] { return static_cast<uint32_t>(random()); };
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:08x}{:04x}", bits(), bits() & 0xFFFF,
                     bits() & 0xFFF, (bits() & 0x3FFF) | 0x8000, bits(), bits() & 0xFFFF);
}

int64_t now_in_milliseconds() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace velo::iceberg
