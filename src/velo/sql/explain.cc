#include "velo/sql/explain.h"

#include <arrow/builder.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>

namespace velo::sql {
namespace {

class Steps {
 public:
  Status add(std::string_view step, std::string_view detail) {
    ARROW_RETURN_NOT_OK(steps_.Append(step));
    return details_.Append(detail);
  }

  Result<std::shared_ptr<arrow::RecordBatch>> finish() {
    ARROW_ASSIGN_OR_RAISE(auto steps, steps_.Finish());
    ARROW_ASSIGN_OR_RAISE(auto details, details_.Finish());
    auto schema = arrow::schema(
        {arrow::field("step", arrow::utf8()), arrow::field("detail", arrow::utf8())});
    const int64_t num_rows = steps->length();
    return arrow::RecordBatch::Make(std::move(schema), num_rows,
                                    {std::move(steps), std::move(details)});
  }

 private:
  arrow::StringBuilder steps_;
  arrow::StringBuilder details_;
};

std::string_view symbol_of(Comparison::Operator op) {
  switch (op) {
    case Comparison::Operator::kEqual:
      return "=";
    case Comparison::Operator::kNotEqual:
      return "<>";
    case Comparison::Operator::kLess:
      return "<";
    case Comparison::Operator::kLessEqual:
      return "<=";
    case Comparison::Operator::kGreater:
      return ">";
    case Comparison::Operator::kGreaterEqual:
      return ">=";
    case Comparison::Operator::kIsNull:
      return "IS NULL";
    default:
      return "IS NOT NULL";
  }
}

std::string text_of(const std::vector<Comparison>& predicate) {
  std::string text;
  for (const Comparison& term : predicate) {
    if (!text.empty()) text += " AND ";
    text += fmt::format("{} {}", term.column, symbol_of(term.op));
    if (term.value) text += fmt::format(" {}", term.value->ToString());
  }
  return text;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> steps_of(
    const SelectPlan& plan, const std::vector<std::string>& duckdb_plan) {
  std::vector<std::pair<std::string, std::string>> steps;
  if (!plan.source) {
    steps.emplace_back(
        "way", plan.stream ? fmt::format("DuckDB, on each batch of {} by itself",
                                         plan.stream->stream()->address())
                           : "DuckDB, which asks the sources for the columns it needs");
    for (const std::string& line : duckdb_plan) steps.emplace_back("plan", line);
    return steps;
  }
  const ShortCut& short_cut = plan.short_cut;
  steps.emplace_back("way", "short cut: straight from the source");
  steps.emplace_back("columns",
                     short_cut.read.columns
                         ? fmt::format("{}", fmt::join(*short_cut.read.columns, ", "))
                         : "all");
  if (!short_cut.predicate.empty()) {
    steps.emplace_back("predicate", text_of(short_cut.predicate));
  }
  if (short_cut.limit) steps.emplace_back("limit", std::to_string(*short_cut.limit));
  return steps;
}

Result<std::shared_ptr<arrow::RecordBatch>> explain_plan(
    const SelectPlan& plan, const std::vector<std::string>& duckdb_plan,
    const std::vector<ExplainedSink>& sinks) {
  Steps steps;
  for (const auto& source : plan.sources->all()) {
    ARROW_RETURN_NOT_OK(steps.add("source", source->address()));
  }
  for (const auto& [step, detail] : steps_of(plan, duckdb_plan)) {
    ARROW_RETURN_NOT_OK(steps.add(step, detail));
  }
  for (const ExplainedSink& sink : sinks) {
    ARROW_RETURN_NOT_OK(steps.add("sink", sink.address));
    ARROW_RETURN_NOT_OK(steps.add(
        "guarantee",
        sink.keeps_record
            ? "exactly once, where the table lets it: the position is kept in the sink"
            : "at least once: this sink keeps no position, each run starts anew"));
  }
  return steps.finish();
}

}  // namespace velo::sql
