#include "velo/columnar/schema_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>
#include <vector>

#include "velo/base/ascii.h"
#include "velo/base/parse_number.h"

namespace velo {
namespace {

struct NamedType {
  std::string_view name;
  std::shared_ptr<arrow::DataType> (*make)();
};

std::shared_ptr<arrow::DataType> timestamp_utc() {
  return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
}
std::shared_ptr<arrow::DataType> timestamp_local() {
  return arrow::timestamp(arrow::TimeUnit::MICRO);
}
std::shared_ptr<arrow::DataType> time_of_day() {
  return arrow::time64(arrow::TimeUnit::MICRO);
}
std::shared_ptr<arrow::DataType> date() { return arrow::date32(); }

template <const std::shared_ptr<arrow::DataType>& (*Make)()>
std::shared_ptr<arrow::DataType> make() {
  return Make();
}

// The first name of a type is the one printed.
const NamedType kTypes[] = {
    {"int8", make<arrow::int8>},
    {"tinyint", make<arrow::int8>},
    {"int16", make<arrow::int16>},
    {"smallint", make<arrow::int16>},
    {"int32", make<arrow::int32>},
    {"int", make<arrow::int32>},
    {"integer", make<arrow::int32>},
    {"int4", make<arrow::int32>},
    {"int64", make<arrow::int64>},
    {"bigint", make<arrow::int64>},
    {"long", make<arrow::int64>},
    {"uint8", make<arrow::uint8>},
    {"uint16", make<arrow::uint16>},
    {"uint32", make<arrow::uint32>},
    {"uint64", make<arrow::uint64>},
    {"float", make<arrow::float32>},
    {"float32", make<arrow::float32>},
    {"real", make<arrow::float32>},
    {"double", make<arrow::float64>},
    {"float64", make<arrow::float64>},
    {"bool", make<arrow::boolean>},
    {"boolean", make<arrow::boolean>},
    {"text", make<arrow::utf8>},
    {"string", make<arrow::utf8>},
    {"utf8", make<arrow::utf8>},
    {"varchar", make<arrow::utf8>},
    {"binary", make<arrow::binary>},
    {"bytea", make<arrow::binary>},
    {"blob", make<arrow::binary>},
    {"date", date},
    {"date32", date},
    {"time", time_of_day},
    {"timestamp", timestamp_local},
    {"timestamptz", timestamp_utc},
};

Status expected(std::string_view what, std::string_view text) {
  return make_error(ErrorKind::kInvalidArgument, {},
                    fmt::format("schema: expected {} at '{}'", what, text.substr(0, 30)));
}

std::optional<int> whole_number(std::string_view text) {
  return parse_number<int>(trim(text));
}

Result<std::shared_ptr<arrow::DataType>> decimal_type(std::string_view arguments,
                                                      std::string_view whole) {
  const size_t comma = arguments.find(',');
  const auto precision = whole_number(arguments.substr(0, comma));
  const auto scale = comma == std::string_view::npos
                         ? std::optional<int>(0)
                         : whole_number(arguments.substr(comma + 1));
  if (!precision || !scale || *precision < 1 || *precision > 76 || *scale < 0 ||
      *scale > *precision) {
    return expected("decimal(precision up to 76, scale up to the precision)", whole);
  }
  if (*precision <= 38) return arrow::decimal128(*precision, *scale);
  return arrow::decimal256(*precision, *scale);
}

Result<std::shared_ptr<arrow::DataType>> timestamp_type(std::string_view unit,
                                                        const std::string& zone,
                                                        std::string_view whole) {
  constexpr std::pair<std::string_view, arrow::TimeUnit::type> kUnits[] = {
      {"s", arrow::TimeUnit::SECOND}, {"ms", arrow::TimeUnit::MILLI},
      {"us", arrow::TimeUnit::MICRO}, {"ns", arrow::TimeUnit::NANO},
      {"0", arrow::TimeUnit::SECOND}, {"3", arrow::TimeUnit::MILLI},
      {"6", arrow::TimeUnit::MICRO},  {"9", arrow::TimeUnit::NANO}};
  for (const auto& [name, value] : kUnits) {
    if (unit == name) return arrow::timestamp(value, zone);
  }
  return expected("a unit, s, ms, us or ns", whole);
}

// Splits at commas outside parentheses and quotes.
std::vector<std::string_view> split_columns(std::string_view text) {
  std::vector<std::string_view> parts;
  size_t start = 0;
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '(' || c == '[') ++depth;
    if (c == ')' || c == ']') --depth;
    if (c == ',' && depth == 0) {
      parts.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  parts.push_back(text.substr(start));
  return parts;
}

// The column's name, and the text after it.
Result<std::pair<std::string, std::string_view>> split_name(std::string_view column) {
  if (column.starts_with('"')) {
    const size_t end = column.find('"', 1);
    if (end == std::string_view::npos || end == 1) {
      return expected("a name in double quotes", column);
    }
    std::string_view rest = trim(column.substr(end + 1));
    if (rest.starts_with(':')) rest.remove_prefix(1);
    return std::pair(std::string(column.substr(1, end - 1)), trim(rest));
  }
  const size_t end = column.find_first_of(" \t\n:");
  if (end == std::string_view::npos || end == 0) {
    return expected("a name and a type, as in 'id int64',", column);
  }
  std::string_view rest = trim(column.substr(end));
  if (rest.starts_with(':')) rest.remove_prefix(1);
  return std::pair(std::string(column.substr(0, end)), trim(rest));
}

}  // namespace

Result<std::shared_ptr<arrow::DataType>> parse_type(std::string_view text) {
  std::string lower(trim(text));
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  const std::string_view whole = lower;
  for (const NamedType& type : kTypes) {
    if (whole == type.name) return type.make();
  }
  const size_t open = whole.find_first_of("([");
  if (open != std::string_view::npos && (whole.ends_with(')') || whole.ends_with(']'))) {
    const std::string_view name = trim(whole.substr(0, open));
    const std::string_view arguments =
        trim(whole.substr(open + 1, whole.size() - open - 2));
    if (name == "decimal" || name == "numeric") return decimal_type(arguments, whole);
    if (name == "timestamp") return timestamp_type(arguments, "", whole);
    if (name == "timestamptz") return timestamp_type(arguments, "UTC", whole);
    if (name == "varchar") return arrow::utf8();
  }
  return expected(
      "a type, such as int64, double, text, bool, date, timestamp or "
      "decimal(12,2),",
      text);
}

Result<std::shared_ptr<arrow::Schema>> parse_schema(std::string_view text) {
  arrow::FieldVector fields;
  for (const std::string_view part : split_columns(text)) {
    const std::string_view column = trim(part);
    if (column.empty()) return expected("a name and a type, as in 'id int64',", text);
    ARROW_ASSIGN_OR_RAISE(auto name_and_rest, split_name(column));
    auto& [name, rest] = name_and_rest;
    ARROW_ASSIGN_OR_RAISE(auto type, parse_type(rest));
    for (const auto& field : fields) {
      if (field->name() == name) {
        return make_error(ErrorKind::kInvalidArgument, {},
                          fmt::format("schema: the column '{}' stands twice", name));
      }
    }
    fields.push_back(arrow::field(std::move(name), std::move(type)));
  }
  return arrow::schema(std::move(fields));
}

std::string schema_text(const arrow::Schema& schema) {
  std::string text;
  for (const auto& field : schema.fields()) {
    const std::string& name = field->name();
    const bool is_plain =
        !name.empty() && name.find_first_of(" \t\n:,()[]\"") == std::string::npos;
    if (!text.empty()) text += ", ";
    text += is_plain ? name : fmt::format("\"{}\"", name);
    text += " " + type_name(*field->type());
  }
  return text;
}

std::string type_name(const arrow::DataType& type) {
  if (arrow::is_decimal(type.id())) {
    const auto& decimal = static_cast<const arrow::DecimalType&>(type);
    return fmt::format("decimal({},{})", decimal.precision(), decimal.scale());
  }
  if (type.id() == arrow::Type::TIMESTAMP) {
    const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
    constexpr std::array<std::string_view, 4> kUnits = {"(s)", "(ms)", "", "(ns)"};
    const std::string_view unit = kUnits.at(static_cast<size_t>(timestamp.unit()));
    if (timestamp.timezone().empty()) return fmt::format("timestamp{}", unit);
    if (timestamp.timezone() == "UTC") return fmt::format("timestamptz{}", unit);
    return type.ToString();
  }
  for (const NamedType& named : kTypes) {
    if (named.make()->Equals(type)) return std::string(named.name);
  }
  return type.ToString();
}

}  // namespace velo
