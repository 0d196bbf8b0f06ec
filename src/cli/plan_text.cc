#include "plan_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace velo::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string line(std::string_view label, std::string_view text) {
  return fmt::format("  {:<10} {}\n", label, text);
}

std::string lines(std::string_view label, const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += line(label, text);
  return all;
}

std::string text_of(const PlannedColumn& column) {
  const std::string from = fmt::format("{} {}", column.name, column.type);
  if (!column.refusal.empty()) {
    return fmt::format("{}: refused: {}", from, column.refusal);
  }
  if (column.target.empty()) return from + ": not written, but followed";
  return fmt::format("{} → {} {}", from, column.target, column.target_type);
}

std::string_view word_of(OnError action) {
  if (action == OnError::kFail) return "fail";
  return action == OnError::kSkip ? "skip" : "keep";
}

std::string text_of(const PlannedBadRecords& bad) {
  if (bad.action == OnError::kFail) return "";
  if (bad.action == OnError::kSkip) {
    return line("on_error", "skip: bad records are left out, and counted");
  }
  return line("on_error", "keep: bad records are written, once each, to " + bad.sink) +
         lines("runs", bad.plan.statements) + lines("makes", bad.plan.makes);
}

std::string text_of(const PlannedSink& sink) {
  const RunPlan& run = sink.run;
  std::string text;
  if (!sink.stream.empty()) text += line("stream", sink.stream);
  text += line("sink", sink.address);
  if (!sink.pipeline.empty()) text += line("pipeline", sink.pipeline);
  for (const PlannedColumn& column : run.sink.columns) {
    text += line("column", text_of(column));
  }
  text += lines("runs", run.sink.statements) + lines("makes", run.sink.makes) +
          lines("keeps", run.keeps) + text_of(run.bad_records);
  if (!run.one_lane.empty()) text += line("parallel", "one writer: " + run.one_lane);
  if (!run.obstacle.ok()) return text + line("refused", run.obstacle.message());
  return text + line("begins", run.begins) +
         line("guarantee", fmt::format("{}: {}", name_of(run.guarantee), run.why));
}

std::string title_of(const StatementPlan& plan) {
  if (plan.name.empty()) return plan.place;
  return plan.place.empty() ? plan.name : fmt::format("{} ({})", plan.name, plan.place);
}

std::string text_of(const StatementPlan& plan) {
  std::string text = title_of(plan) + "\n" + lines("source", plan.sources);
  for (const auto& [step, detail] : plan.steps) text += line(step, detail);
  for (const PlannedColumn& column : plan.columns) {
    text += line("column", fmt::format("{} {}", column.name, column.type));
  }
  text += lines("left out", plan.left_out);
  for (const PlannedSink& sink : plan.sinks) text += text_of(sink);
  if (!plan.obstacle.ok()) text += line("refused", plan.obstacle.message());
  return text;
}

std::string message_of(const Status& status) {
  return status.ok() ? "" : status.message();
}

Json json_of(const std::vector<PlannedColumn>& columns) {
  Json list = Json::array();
  for (const PlannedColumn& column : columns) {
    list.push_back({{"name", column.name},
                    {"type", column.type},
                    {"target", column.target},
                    {"target_type", column.target_type},
                    {"refused", column.refusal}});
  }
  return list;
}

Json json_of(const PlannedBadRecords& bad) {
  return {{"action", word_of(bad.action)},
          {"sink", bad.sink},
          {"runs", bad.plan.statements},
          {"makes", bad.plan.makes}};
}

Json json_of(const PlannedSink& sink) {
  const RunPlan& run = sink.run;
  return {{"sink", sink.address},
          {"stream", sink.stream},
          {"pipeline", sink.pipeline},
          {"columns", json_of(run.sink.columns)},
          {"runs", run.sink.statements},
          {"makes", run.sink.makes},
          {"keeps", run.keeps},
          {"one_lane", run.one_lane},
          {"on_error", json_of(run.bad_records)},
          {"begins", run.begins},
          {"guarantee", name_of(run.guarantee)},
          {"why", run.why},
          {"refused", message_of(run.obstacle)}};
}

Json json_of(const StatementPlan& plan) {
  Json steps = Json::array();
  for (const auto& [step, detail] : plan.steps) {
    steps.push_back({{"step", step}, {"detail", detail}});
  }
  Json sinks = Json::array();
  for (const PlannedSink& sink : plan.sinks) sinks.push_back(json_of(sink));
  return {{"name", plan.name},
          {"place", plan.place},
          {"sources", plan.sources},
          {"steps", std::move(steps)},
          {"columns", json_of(plan.columns)},
          {"left_out", plan.left_out},
          {"sinks", std::move(sinks)},
          {"refused", message_of(plan.obstacle)}};
}

}  // namespace

std::string_view name_of(Guarantee guarantee) {
  return guarantee == Guarantee::kExactlyOnce ? "exactly-once" : "at-least-once";
}

std::string text_of(const std::vector<StatementPlan>& plans) {
  std::string text;
  for (const StatementPlan& plan : plans) text += text_of(plan);
  return text;
}

std::string json_of(const std::vector<StatementPlan>& plans) {
  Json list = Json::array();
  for (const StatementPlan& plan : plans) list.push_back(json_of(plan));
  const Json whole = {{"statements", std::move(list)}};
  return whole.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace velo::cli
