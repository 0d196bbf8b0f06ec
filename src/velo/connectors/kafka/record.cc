#include "velo/connectors/kafka/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "velo/base/hex.h"
#include "velo/base/parse_number.h"
#include "velo/base/utc_time.h"
#include "velo/version.h"

namespace velo::kafka {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kFenceKey[] = "fence";

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void add_origin(Json& json) {
  json["written_at"] = utc_now();
  json["version"] = version();
}

Status corrupt(std::string_view key, std::string_view what) {
  return make_error(
      ErrorKind::kCorruptData, {.connector = "kafka"},
      fmt::format("the record's message '{}' is not one that velo has written: {}", key,
                  what));
}

// Reads fields of an object; the first that is not there, or is of another type, is told.
class Fields {
 public:
  explicit Fields(std::string_view payload)
      : json_(Json::parse(payload, nullptr, /*allow_exceptions=*/false)) {}

  void read(const char* name, std::string& value) {
    const Json* field = find(name, &Json::is_string);
    if (field) value = field->get_ref<const std::string&>();
  }
  void read(const char* name, bool& value) {
    const Json* field = find(name, &Json::is_boolean);
    if (field) value = field->get<bool>();
  }
  void read(const char* name, uint64_t& value) {
    const Json* field = find(name, &Json::is_number_unsigned);
    if (field) value = field->get<uint64_t>();
  }
  void read(const char* name, int64_t& value) {
    const Json* field = find(name, &Json::is_number_integer);
    if (field) value = field->get<int64_t>();
  }
  void read(const char* name, int& value) {
    int64_t wide = 0;
    read(name, wide);
    if (wide < 0 || wide > std::numeric_limits<int>::max()) fail(name);
    value = failed_.empty() ? static_cast<int>(wide) : 0;
  }

  void fail(const char* name) {
    if (failed_.empty()) failed_ = name;
  }
  Status status(std::string_view key) const {
    if (failed_.empty()) return Status::OK();
    return corrupt(key, fmt::format("'{}' is missing or cannot be meant", failed_));
  }

 private:
  using Check = bool (Json::*)() const noexcept;

  const Json* find(const char* name, Check is_right) {
    if (json_.is_object()) {
      const auto found = json_.find(name);
      if (found != json_.end() && ((*found).*is_right)()) return &*found;
    }
    fail(name);
    return nullptr;
  }

  const Json json_;
  std::string failed_;
};

std::optional<int> lane_of(std::string_view text) {
  const auto lane = parse_number<int>(text);
  return lane && *lane >= 0 ? lane : std::nullopt;
}

}  // namespace

RecordMessage fence_message(const CommitRecord& record, const std::string& topic,
                            int num_lanes) {
  Json json = {{"fence", record.fence},
               {"incarnation", record.incarnation},
               {"topic", topic},
               {"num_lanes", num_lanes}};
  add_origin(json);
  return {kFenceKey, text_of(json)};
}

RecordMessage lane_message(int lane, int num_lanes, int64_t num_rows,
                           const CommitRecord& record) {
  Json json = {{"fence", record.fence},
               {"epoch", record.epoch},
               {"num_rows", num_rows},
               {"num_lanes", num_lanes},
               {"finished", record.finished},
               {"source", record.fingerprint.source},
               {"select", record.fingerprint.select},
               {"schema", record.fingerprint.schema}};
  add_origin(json);
  return {std::to_string(lane), text_of(json)};
}

RecordMessage split_message(int lane, uint64_t epoch, const SplitId& split,
                            const SplitProgress& progress) {
  return {fmt::format("{}/{}", lane, split),
          text_of({{"epoch", epoch},
                   {"position", hex_encode(progress.position.bytes)},
                   {"ended", progress.ended}})};
}

Status RecordLog::add(std::string_view key, std::string_view payload) {
  Fields fields(payload);
  if (key == kFenceKey) {
    fields.read("fence", fence_);
    fields.read("incarnation", incarnation_);
    fields.read("topic", topic_);
    fields.read("num_lanes", num_lanes_);
    return fields.status(key);
  }
  const size_t slash = std::min(key.find('/'), key.size());
  const auto lane_number = lane_of(key.substr(0, slash));
  if (!lane_number) return corrupt(key, "a lane is a number");
  if (slash == key.size()) {
    Lane lane;
    fields.read("epoch", lane.epoch);
    fields.read("num_rows", lane.num_rows);
    fields.read("num_lanes", lane.num_lanes);
    fields.read("finished", lane.finished);
    fields.read("source", lane.fingerprint.source);
    fields.read("select", lane.fingerprint.select);
    fields.read("schema", lane.fingerprint.schema);
    lanes_[*lane_number] = std::move(lane);
    return fields.status(key);
  }
  // A split may have gone from lane to lane: the last word on it counts.
  SplitProgress progress;
  std::string position;
  fields.read("position", position);
  fields.read("ended", progress.ended);
  auto bytes = hex_decode(position);
  if (!bytes) fields.fail("position");
  if (bytes) progress.position.bytes = *std::move(bytes);
  positions_[SplitId(key.substr(slash + 1))] = std::move(progress);
  return fields.status(key);
}

CommitRecord RecordLog::record() const {
  CommitRecord record;
  record.fence = fence_;
  record.incarnation = incarnation_;
  record.positions = positions_;
  const Lane* last = nullptr;
  for (const auto& [number, lane] : lanes_) {
    record.num_rows += lane.num_rows;
    if (last == nullptr || lane.epoch > last->epoch) last = &lane;
  }
  if (last == nullptr) return record;
  record.epoch = last->epoch;
  record.fingerprint = last->fingerprint;
  // Each lane commits for itself: the last epoch counts when all have.
  const auto num_finished = std::ranges::count_if(lanes_, [&](const auto& entry) {
    return entry.second.epoch == last->epoch && entry.second.finished;
  });
  record.finished = num_finished > 0 && num_finished == last->num_lanes;
  return record;
}

int64_t RecordLog::num_rows_of(int lane) const {
  const auto found = lanes_.find(lane);
  return found == lanes_.end() ? 0 : found->second.num_rows;
}

}  // namespace velo::kafka
