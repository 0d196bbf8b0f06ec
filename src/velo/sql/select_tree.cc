#include "velo/sql/select_tree.h"

#include <algorithm>
#include <array>
#include <utility>

#include "velo/sql/duckdb_json.h"

namespace velo::sql {
namespace {

using Json = nlohmann::json;
using Operator = Comparison::Operator;

// DuckDB writes -1 as an unsigned number where a place is not known; no member but these
// says where and nothing else.
bool says_nothing(std::string_view key) { return key == "query_location"; }

bool is_empty(const Json& value) {
  return value.is_null() || (value.is_structured() && value.empty()) ||
         (value.is_string() && value.get_ref<const std::string&>().empty()) ||
         (value.is_boolean() && !value.get<bool>());
}

// Whether each member is either in `known` or says nothing: a tree from a DuckDB that has
// more to say is never taken for less than it is.
bool has_only(const Json& object, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : object.items()) {
    if (says_nothing(key) || is_empty(value)) continue;
    if (std::find(known.begin(), known.end(), key) == known.end()) return false;
  }
  return true;
}

std::string text_of(const Json& object, const char* key) {
  const auto member = object.find(key);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

const Json& member_of(const Json& object, const char* key) {
  static const Json nothing;
  const auto member = object.find(key);
  return member == object.end() ? nothing : *member;
}

bool is_kind(const Json& object, std::string_view type) {
  return object.is_object() && text_of(object, "type") == type;
}

void collect_tables(const Json& value, std::vector<std::string>& tables) {
  if (is_kind(value, "BASE_TABLE") && text_of(value, "schema_name").empty()) {
    std::string name = text_of(value, "table_name");
    if (std::find(tables.begin(), tables.end(), name) == tables.end()) {
      tables.push_back(std::move(name));
    }
  }
  if (!value.is_structured()) return;
  for (const Json& part : value) collect_tables(part, tables);
}

std::optional<int64_t> integer_of(const Json& value) {
  if (!value.is_number_integer()) return {};
  if (value.is_number_unsigned() && value.get<uint64_t>() > INT64_MAX) return {};
  return value.get<int64_t>();
}

std::optional<Literal> constant_of(const Json& expression) {
  if (!is_kind(expression, "VALUE_CONSTANT") ||
      !has_only(expression, {"class", "type", "value"})) {
    return {};
  }
  const Json& value = member_of(expression, "value");
  const Json& type = member_of(value, "type");
  if (!type.is_object() || member_of(value, "is_null") != false) return {};
  const std::string id = text_of(type, "id");
  const Json& content = member_of(value, "value");
  if (id == "VARCHAR" && content.is_string() && is_empty(member_of(type, "type_info"))) {
    return Literal{.kind = Literal::Kind::kText, .text = content.get<std::string>()};
  }
  if (id == "BOOLEAN" && content.is_boolean()) {
    return Literal{.kind = Literal::Kind::kBool, .integer = content.get<bool>() ? 1 : 0};
  }
  const std::optional<int64_t> integer = integer_of(content);
  if (!integer) return {};
  if (id == "TINYINT" || id == "SMALLINT" || id == "INTEGER" || id == "BIGINT") {
    return Literal{.kind = Literal::Kind::kInteger, .integer = *integer};
  }
  if (id != "DECIMAL") return {};
  const std::optional<int64_t> scale =
      integer_of(member_of(member_of(type, "type_info"), "scale"));
  if (!scale) return {};
  return Literal{.kind = Literal::Kind::kDecimal,
                 .integer = *integer,
                 .scale = static_cast<int32_t>(*scale)};
}

// DATE '…' and TIMESTAMP '…' are casts of a text.
std::optional<Literal> literal_of(const Json& expression) {
  if (!is_kind(expression, "OPERATOR_CAST")) return constant_of(expression);
  if (!has_only(expression, {"class", "type", "child", "cast_type"})) return {};
  const Json& type = member_of(expression, "cast_type");
  std::optional<Literal> literal = constant_of(member_of(expression, "child"));
  if (!literal || literal->kind != Literal::Kind::kText ||
      !is_empty(member_of(type, "type_info"))) {
    return {};
  }
  const std::string id = text_of(type, "id");
  if (id == "DATE") {
    literal->kind = Literal::Kind::kDate;
  } else if (id == "TIMESTAMP") {
    literal->kind = Literal::Kind::kTimestamp;
  } else {
    return {};
  }
  return literal;
}

void collect_addresses(const Json& value, std::vector<SelectAddress>& addresses) {
  if (is_kind(value, "TABLE_FUNCTION")) {
    const Json& function = member_of(value, "function");
    const Json& children = member_of(function, "children");
    const bool has_one = children.is_array() && children.size() == 1;
    const auto text = has_one ? constant_of(children[0]) : std::nullopt;
    if (text && text->kind == Literal::Kind::kText) {
      SelectAddress one{text_of(function, "function_name"), text->text};
      if (std::ranges::count(addresses, one) == 0) addresses.push_back(std::move(one));
    }
  }
  if (!value.is_structured()) return;
  for (const Json& part : value) collect_addresses(part, addresses);
}

// Reads one SELECT node; each method is false where it is not simple.
class SimpleReader {
 public:
  explicit SimpleReader(SimpleSelect& select) : select_(select) {}

  bool read(const Json& node) {
    return is_kind(node, "SELECT_NODE") &&
           has_only(node, {"type", "modifiers", "cte_map", "select_list", "from_table",
                           "where_clause", "aggregate_handling"}) &&
           text_of(node, "aggregate_handling") == "STANDARD_HANDLING" &&
           is_empty(member_of(member_of(node, "cte_map"), "map")) &&
           read_from(member_of(node, "from_table")) &&
           read_columns(member_of(node, "select_list")) &&
           read_where(member_of(node, "where_clause")) &&
           read_limit(member_of(node, "modifiers"));
  }

 private:
  bool read_from(const Json& from) {
    if (is_kind(from, "BASE_TABLE")) {
      select_.address = text_of(from, "table_name");
      return has_only(from, {"type", "alias", "table_name"});
    }
    if (!is_kind(from, "TABLE_FUNCTION") ||
        !has_only(from, {"type", "alias", "function", "with_ordinality"}) ||
        text_of(from, "with_ordinality") != "WITHOUT_ORDINALITY") {
      return false;
    }
    const Json& function = member_of(from, "function");
    const Json& children = member_of(function, "children");
    if (!has_only(function,
                  {"class", "type", "function_name", "children", "order_bys"}) ||
        !is_empty(member_of(member_of(function, "order_bys"), "orders")) ||
        !children.is_array() || children.size() != 1) {
      return false;
    }
    const std::optional<Literal> address = constant_of(children[0]);
    if (!address || address->kind != Literal::Kind::kText) return false;
    select_.scheme = text_of(function, "function_name");
    select_.address = address->text;
    return !select_.scheme.empty();
  }

  // A column's name, "" where it is something else. With a qualifier it may be a member
  // of a struct, which is for DuckDB to tell.
  std::string column_of(const Json& expression) const {
    if (!is_kind(expression, "COLUMN_REF")) return "";
    const Json& names = member_of(expression, "column_names");
    if (!names.is_array() || names.size() != 1 || !names[0].is_string()) return "";
    return names[0].get<std::string>();
  }

  bool read_columns(const Json& list) {
    if (!list.is_array() || list.empty()) return false;
    if (list.size() == 1 && is_kind(list[0], "STAR")) {
      select_.all_columns = true;
      return has_only(list[0], {"class", "type"});
    }
    for (const Json& expression : list) {
      SimpleColumn column{.name = column_of(expression),
                          .alias = text_of(expression, "alias")};
      if (column.name.empty() ||
          !has_only(expression, {"class", "type", "alias", "column_names"})) {
        return false;
      }
      select_.columns.push_back(std::move(column));
    }
    return true;
  }

  bool read_where(const Json& condition) {
    if (condition.is_null()) return true;
    if (!is_kind(condition, "CONJUNCTION_AND")) return read_term(condition);
    if (!has_only(condition, {"class", "type", "children"})) return false;
    const Json& children = member_of(condition, "children");
    return std::all_of(children.begin(), children.end(),
                       [&](const Json& child) { return read_where(child); });
  }

  bool read_term(const Json& term) {
    const std::string type = text_of(term, "type");
    if (type == "OPERATOR_IS_NULL" || type == "OPERATOR_IS_NOT_NULL") {
      return read_null_test(
          term, type == "OPERATOR_IS_NULL" ? Operator::kIsNull : Operator::kIsNotNull);
    }
    if (type == "COMPARE_BETWEEN") {
      return has_only(term, {"class", "type", "input", "lower", "upper"}) &&
             add_comparison(member_of(term, "input"), Operator::kGreaterEqual,
                            member_of(term, "lower")) &&
             add_comparison(member_of(term, "input"), Operator::kLessEqual,
                            member_of(term, "upper"));
    }
    const std::optional<Operator> op = operator_of(type);
    if (!op || !has_only(term, {"class", "type", "left", "right"})) return false;
    const Json& left = member_of(term, "left");
    const Json& right = member_of(term, "right");
    return column_of(left).empty() ? add_comparison(right, turned(*op), left)
                                   : add_comparison(left, *op, right);
  }

  bool read_null_test(const Json& term, Operator op) {
    const Json& children = member_of(term, "children");
    if (!has_only(term, {"class", "type", "children"}) || !children.is_array() ||
        children.size() != 1) {
      return false;
    }
    SimpleTerm test{.column = column_of(children[0]), .op = op, .literal = {}};
    if (test.column.empty()) return false;
    select_.terms.push_back(std::move(test));
    return true;
  }

  bool add_comparison(const Json& column, Operator op, const Json& literal) {
    SimpleTerm term{
        .column = column_of(column), .op = op, .literal = literal_of(literal)};
    if (term.column.empty() || !term.literal ||
        !has_only(column, {"class", "type", "column_names"})) {
      return false;
    }
    select_.terms.push_back(std::move(term));
    return true;
  }

  static std::optional<Operator> operator_of(std::string_view type) {
    static constexpr std::array<std::pair<std::string_view, Operator>, 6> kOperators = {{
        {"COMPARE_EQUAL", Operator::kEqual},
        {"COMPARE_NOTEQUAL", Operator::kNotEqual},
        {"COMPARE_LESSTHAN", Operator::kLess},
        {"COMPARE_LESSTHANOREQUALTO", Operator::kLessEqual},
        {"COMPARE_GREATERTHAN", Operator::kGreater},
        {"COMPARE_GREATERTHANOREQUALTO", Operator::kGreaterEqual},
    }};
    for (const auto& [name, op] : kOperators) {
      if (name == type) return op;
    }
    return {};
  }

  // The operator of `b OP a` where `a op b` stood.
  static Operator turned(Operator op) {
    switch (op) {
      case Operator::kLess:
        return Operator::kGreater;
      case Operator::kLessEqual:
        return Operator::kGreaterEqual;
      case Operator::kGreater:
        return Operator::kLess;
      case Operator::kGreaterEqual:
        return Operator::kLessEqual;
      default:
        return op;
    }
  }

  bool read_limit(const Json& modifiers) {
    if (is_empty(modifiers)) return true;
    if (modifiers.size() != 1 || !is_kind(modifiers[0], "LIMIT_MODIFIER") ||
        !has_only(modifiers[0], {"type", "limit"})) {
      return false;
    }
    const std::optional<Literal> limit = constant_of(member_of(modifiers[0], "limit"));
    if (!limit || limit->kind != Literal::Kind::kInteger || limit->integer < 0)
      return false;
    select_.limit = limit->integer;
    return true;
  }

  SimpleSelect& select_;
};

bool has_star(const Json& value) {
  if (!value.is_structured()) return false;
  return is_kind(value, "STAR") || std::any_of(value.begin(), value.end(), has_star);
}

// Finds the first of what users call by a name.
std::string_view name_beyond_simple(const Json& value) {
  struct Named {
    std::string_view type;
    std::string_view name;
  };
  static constexpr std::array kByType = {
      Named{"DISTINCT_MODIFIER", "DISTINCT"}, Named{"ORDER_MODIFIER", "ORDER BY"},
      Named{"JOIN", "a join"}, Named{"SET_OPERATION_NODE", "UNION or the like"}};
  if (!value.is_structured()) return {};
  if (value.is_object()) {
    for (const Named& each : kByType) {
      // A function has an ORDER BY of its own, mostly an empty one.
      const bool is_there =
          value.find("orders") == value.end() || !is_empty(member_of(value, "orders"));
      if (is_kind(value, each.type) && is_there) return each.name;
    }
    if (text_of(value, "class") == "WINDOW") return "window functions";
    if (!is_empty(member_of(value, "group_expressions"))) return "GROUP BY";
  }
  for (const Json& part : value) {
    if (const auto name = name_beyond_simple(part); !name.empty()) return name;
  }
  return {};
}

}  // namespace

Result<SelectTree> read_select_tree(std::string_view json) {
  const Json tree = parse_duckdb_json(json);
  const Json& statements = tree.is_object() ? member_of(tree, "statements") : tree;
  if (!statements.is_array()) {
    return make_error(ErrorKind::kInternal, {},
                      "DuckDB's tree of this SELECT is not known");
  }
  if (statements.size() != 1) {
    return make_error(ErrorKind::kInvalidArgument, {}, "one SELECT is expected here");
  }
  SelectTree result;
  collect_tables(statements, result.tables);
  result.has_star = has_star(statements);
  collect_addresses(statements, result.addresses);
  SimpleSelect simple;
  if (has_only(statements[0], {"node"}) &&
      SimpleReader(simple).read(member_of(statements[0], "node"))) {
    result.simple = std::move(simple);
  }
  result.beyond_simple = name_beyond_simple(statements);
  if (result.beyond_simple.empty()) result.beyond_simple = "expressions or functions";
  return result;
}

}  // namespace velo::sql
