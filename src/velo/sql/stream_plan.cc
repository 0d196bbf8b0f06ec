#include "velo/sql/stream_plan.h"

#include <array>
#include <optional>

#include "velo/sql/duckdb_json.h"

namespace velo::sql {
namespace {

using Json = nlohmann::json;

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string detail_of(const Json& node, const char* key) {
  const auto info = node.find("extra_info");
  return info != node.end() && info->is_object() ? text_of(*info, key) : "";
}

// What users call it, by a part of the operator's name.
std::string called(std::string_view name) {
  struct Called {
    std::string_view part;
    std::string_view name;
  };
  static constexpr std::array kNames = {Called{"GROUP_BY", "GROUP BY or DISTINCT"},
                                        Called{"AGGREGATE", "an aggregate"},
                                        Called{"ORDER", "ORDER BY"},
                                        Called{"TOP_N", "ORDER BY"},
                                        Called{"WINDOW", "window functions"},
                                        Called{"LIMIT", "LIMIT beside these (--limit)"},
                                        Called{"DISTINCT", "DISTINCT"},
                                        Called{"UNION", "UNION or the like"},
                                        Called{"EXCEPT", "UNION or the like"},
                                        Called{"INTERSECT", "UNION or the like"},
                                        Called{"DELIM", "this correlated subquery"},
                                        Called{"SAMPLE", "a SAMPLE"},
                                        Called{"POSITIONAL", "POSITIONAL JOIN"},
                                        Called{"ASOF", "ASOF JOIN"},
                                        Called{"CTE", "a WITH that is read twice"}};
  for (const Called& each : kNames) {
    if (name.find(each.part) != std::string_view::npos) return std::string(each.name);
  }
  return "what DuckDB calls " + std::string(name);
}

class StreamPlan {
 public:
  // Whether the stream is read by the node or below it.
  bool visit(const Json& node) {
    if (!node.is_object()) return false;
    note_rewriting(node);
    const auto children = node.find("children");
    if (children == node.end() || !children->is_array() || children->empty()) {
      return visit_leaf(node);
    }
    bool is_below = false;
    for (size_t i = 0; i < children->size(); ++i) {
      if (!visit((*children)[i])) continue;
      if (is_below) refuse("the source twice");
      is_below = true;
      check_operator(node, i);
    }
    return is_below;
  }

  Result<std::vector<std::string>> finish() && {
    if (num_scans_ > 1) refuse("the source twice");
    if (num_scans_ == 0) {
      refuse(rewriting_.empty() ? "a condition that no row meets" : rewriting_);
    }
    if (!obstacle_.empty()) return make_error(ErrorKind::kNotImplemented, {}, obstacle_);
    return std::move(columns_);
  }

 private:
  void refuse(std::string obstacle) {
    if (obstacle_.empty()) obstacle_ = std::move(obstacle);
  }

  bool visit_leaf(const Json& node) {
    if (detail_of(node, "Estimated Cardinality") != std::to_string(kRowsOfStream)) {
      return false;
    }
    ++num_scans_;
    const auto& info = node.at("extra_info");
    const auto found = info.find("Projections");
    if (found == info.end()) return true;
    for (const Json& name : found->is_array() ? *found : Json::array({*found})) {
      if (name.is_string()) columns_.push_back(name.get<std::string>());
    }
    return true;
  }

  // Beside these DuckDB thinks anew of how many rows there are, so that the stream is not
  // found.
  void note_rewriting(const Json& node) {
    const std::string name = text_of(node, "name");
    for (const char* const part : {"SAMPLE", "POSITIONAL"}) {
      if (name.find(part) != name.npos) rewriting_ = called(name);
    }
  }

  // The rows of the stream come from the child of this number.
  void check_operator(const Json& node, size_t child) {
    const std::string name = text_of(node, "name");
    if (name == "PROJECTION" || name == "FILTER" || name == "UNNEST" ||
        name == "CROSS_PRODUCT" || name == "INOUT_FUNCTION") {
      return;
    }
    const bool is_join = name.ends_with("_JOIN") && name.find("DELIM") == name.npos &&
                         name.find("ASOF") == name.npos &&
                         name.find("POSITIONAL") == name.npos;
    if (!is_join) return refuse(called(name));
    if (!keeps_to(detail_of(node, "Join Type"), child)) {
      refuse("a join that keeps rows of the other side, or finds out about them");
    }
  }

  // Whether a join's result is of the rows of one side, each by itself.
  static bool keeps_to(std::string_view type, size_t child) {
    if (type == "INNER") return true;
    if (type == "LEFT" || type == "SEMI" || type == "ANTI" || type == "MARK" ||
        type == "SINGLE") {
      return child == 0;
    }
    return child == 1 &&
           (type == "RIGHT" || type == "RIGHT_SEMI" || type == "RIGHT_ANTI");
  }

  int num_scans_ = 0;
  std::string obstacle_;
  std::string rewriting_;  // what has been found of that, for people
  std::vector<std::string> columns_;
};

}  // namespace

Result<std::vector<std::string>> columns_of_stream(std::string_view json) {
  const Json tree = parse_duckdb_json(json);
  if (!tree.is_array() || tree.size() != 1) {
    return make_error(ErrorKind::kInternal, {}, "DuckDB's plan is not known");
  }
  StreamPlan plan;
  plan.visit(tree[0]);
  return std::move(plan).finish();
}

}  // namespace velo::sql
