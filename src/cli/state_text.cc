#include "state_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "progress.h"

namespace velo::cli {
namespace {

using Json = nlohmann::ordered_json;

// More are shown by --json.
constexpr size_t kMaxSplitsShown = 20;

std::string line(std::string_view label, std::string_view text) {
  return text.empty() ? "" : fmt::format("  {:<8} {}\n", label, text);
}

std::string history_of(const CommitRecord& record) {
  std::string text =
      fmt::format("{}, epoch {}, fence {}", with_separators(record.num_rows),
                  record.epoch, record.fence);
  if (!record.written_at.empty()) text += ", written " + record.written_at;
  if (!record.velo_version.empty()) text += " by velo " + record.velo_version;
  return text;
}

std::string splits_of(const CommitRecord& record) {
  std::string text;
  size_t num_shown = 0;
  for (const auto& [split, progress] : record.positions) {
    if (num_shown++ == kMaxSplitsShown) {
      const size_t num_left = record.positions.size() - kMaxSplitsShown;
      return text + line("…", fmt::format("{} more; --json shows all", num_left));
    }
    text +=
        line("split",
             fmt::format("{}: {}{}", split,
                         describe_position(record.fingerprint.source, progress.position),
                         progress.ended ? " (ended)" : ""));
  }
  return text;
}

Json json_of(const CommitRecord& record) {
  Json splits = Json::array();
  for (const auto& [split, progress] : record.positions) {
    const std::string& source = record.fingerprint.source;
    splits.push_back({{"split", split},
                      {"position", describe_position(source, progress.position)},
                      {"ended", progress.ended}});
  }
  return {{"finished", record.finished},
          {"fence", record.fence},
          {"epoch", record.epoch},
          {"rows", record.num_rows},
          {"source", record.fingerprint.source},
          {"select", record.fingerprint.select},
          {"schema", record.fingerprint.schema},
          {"written_at", record.written_at},
          {"version", record.velo_version},
          {"splits", std::move(splits)}};
}

}  // namespace

std::string condition_of(const KeptPipeline& pipeline) {
  if (!pipeline.keeps_records) return "no record is kept here: each run starts anew";
  if (!pipeline.state) return "not known here: it has not run, or was reset";
  if (!pipeline.state->obstacle.ok()) {
    return "cannot go on: " + pipeline.state->obstacle.message();
  }
  const CommitRecord& record = pipeline.state->record;
  if (record.finished) return "finished";
  const bool has_committed = record.num_rows > 0 || !record.positions.empty();
  return has_committed ? "not finished" : "nothing committed yet";
}

std::string text_of(const KeptPipeline& pipeline) {
  std::string text = pipeline.name + "\n" + line("sink", pipeline.sink) +
                     line("state", condition_of(pipeline));
  if (pipeline.name != pipeline.pipeline.id) text += line("id", pipeline.pipeline.id);
  if (!pipeline.state) return text;
  const CommitRecord& record = pipeline.state->record;
  return text + line("rows", history_of(record)) +
         line("source", record.fingerprint.source) +
         line("select", record.fingerprint.select) + splits_of(record);
}

std::string json_of(const std::vector<KeptPipeline>& pipelines) {
  Json list = Json::array();
  for (const KeptPipeline& pipeline : pipelines) {
    Json one = {{"name", pipeline.name},
                {"pipeline", pipeline.pipeline.id},
                {"sink", pipeline.sink},
                {"known", pipeline.state.has_value()}};
    if (pipeline.state) {
      const Status& obstacle = pipeline.state->obstacle;
      one["obstacle"] = obstacle.ok() ? "" : obstacle.message();
      one.update(json_of(pipeline.state->record));
    }
    list.push_back(std::move(one));
  }
  const Json whole = {{"pipelines", std::move(list)}};
  return whole.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace velo::cli
