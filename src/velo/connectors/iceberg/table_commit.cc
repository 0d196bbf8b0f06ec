#include "velo/connectors/iceberg/table_commit.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/base/parse_number.h"

namespace velo::iceberg {
namespace {

constexpr size_t kMaxMetadataLog = 100;

const char* kind_of_ref(const Ref& ref) { return ref.is_branch ? "branch" : "tag"; }

Json json_of(const Snapshot& snapshot) {
  Json json = {{"snapshot-id", snapshot.id}};
  if (snapshot.parent_id) json["parent-snapshot-id"] = *snapshot.parent_id;
  json["sequence-number"] = snapshot.sequence_number;
  json["timestamp-ms"] = snapshot.timestamp_ms;
  json["manifest-list"] = snapshot.manifest_list;
  json["summary"] = snapshot.summary;
  if (snapshot.schema_id) json["schema-id"] = *snapshot.schema_id;
  return json;
}

std::string shown(const std::optional<int64_t>& snapshot_id) {
  return snapshot_id ? fmt::format("snapshot {}", *snapshot_id) : std::string("nothing");
}

Json& member(Json& object, const char* name, Json otherwise) {
  if (!object.contains(name)) object[name] = std::move(otherwise);
  return object[name];
}

void add_snapshot(Json& json, const Snapshot& snapshot) {
  member(json, "snapshots", Json::array()).push_back(json_of(snapshot));
  json["last-sequence-number"] = snapshot.sequence_number;
}

void change_ref(Json& json, const RefChange& change, int64_t now) {
  Json& ref =
      member(member(json, "refs", Json::object()), change.ref.c_str(), Json::object());
  ref["snapshot-id"] = change.to.snapshot_id;
  ref["type"] = kind_of_ref(change.to);
  if (change.ref != kMainBranch) return;
  json["current-snapshot-id"] = change.to.snapshot_id;
  member(json, "snapshot-log", Json::array())
      .push_back({{"snapshot-id", change.to.snapshot_id}, {"timestamp-ms", now}});
}

void log_metadata(Json& json, const TableMetadata& present, const std::string& location) {
  Json& log = member(json, "metadata-log", Json::array());
  log.push_back({{"metadata-file", location}, {"timestamp-ms", json["last-updated-ms"]}});
  size_t most = kMaxMetadataLog;
  const auto found = present.properties.find("write.metadata.previous-versions-max");
  if (found != present.properties.end()) {
    most = parse_number<size_t>(found->second).value_or(most);
  }
  while (log.size() > std::max<size_t>(most, 1)) log.erase(log.begin());
}

}  // namespace

std::string request_of(const TableCommit& commit, const std::string& table_uuid) {
  Json requirements =
      Json::array({Json{{"type", "assert-table-uuid"}, {"uuid", table_uuid}}});
  for (const RefRequirement& requirement : commit.requirements) {
    Json json = {{"type", "assert-ref-snapshot-id"}, {"ref", requirement.ref}};
    json["snapshot-id"] =
        requirement.snapshot_id ? Json(*requirement.snapshot_id) : Json(nullptr);
    requirements.push_back(std::move(json));
  }
  Json updates = Json::array();
  if (commit.snapshot) {
    updates.push_back(
        {{"action", "add-snapshot"}, {"snapshot", json_of(*commit.snapshot)}});
  }
  for (const std::string& ref : commit.removed_refs) {
    updates.push_back({{"action", "remove-snapshot-ref"}, {"ref-name", ref}});
  }
  for (const RefChange& change : commit.changed_refs) {
    updates.push_back({{"action", "set-snapshot-ref"},
                       {"ref-name", change.ref},
                       {"type", kind_of_ref(change.to)},
                       {"snapshot-id", change.to.snapshot_id}});
  }
  return text_of_json(
      {{"requirements", std::move(requirements)}, {"updates", std::move(updates)}});
}

Result<std::string> apply(const TableCommit& commit, const TableMetadata& present,
                          const std::string& location) {
  for (const RefRequirement& requirement : commit.requirements) {
    const auto found = present.ref(requirement.ref);
    if (found == requirement.snapshot_id) continue;
    return make_error(ErrorKind::kConflict,
                      {.connector = "iceberg", .resource = location},
                      fmt::format("'{}' names {}, and not {}", requirement.ref,
                                  shown(found), shown(requirement.snapshot_id)));
  }
  ARROW_ASSIGN_OR_RAISE(Json json, parse_json(location, present.text));
  const int64_t now = std::max(now_in_milliseconds(),
                               commit.snapshot ? commit.snapshot->timestamp_ms : 0);
  log_metadata(json, present, location);
  json["last-updated-ms"] = now;
  if (commit.snapshot) add_snapshot(json, *commit.snapshot);
  for (const std::string& ref : commit.removed_refs) {
    member(json, "refs", Json::object()).erase(ref);
  }
  for (const RefChange& change : commit.changed_refs) change_ref(json, change, now);
  return text_of_json(json);
}

}  // namespace velo::iceberg
