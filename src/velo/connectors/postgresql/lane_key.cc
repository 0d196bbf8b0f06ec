#include "velo/connectors/postgresql/lane_key.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <vector>

#include "velo/connectors/postgresql/target_table.h"
#include "velo/connectors/postgresql/types.h"

namespace velo::postgresql {
namespace {

// The first thing about a table $1 by which rows of different keys could meet, its
// partitions' included; a row of it is another one each time, where its key may be NULL.
constexpr char kObstacles[] = R"(
WITH family AS (
  SELECT $1::regclass::oid AS id UNION SELECT relid FROM pg_partition_tree($1::regclass)
), key AS (
  SELECT ARRAY[{}]::text[] AS names
)
SELECT words FROM (
  SELECT 1 AS place, 'it is no ordinary table' AS words FROM pg_class
  WHERE oid = $1::regclass AND relkind NOT IN ('r', 'p')
  UNION ALL
  SELECT 2, 'other tables inherit from it' FROM pg_class
  WHERE oid = $1::regclass AND relkind = 'r'
    AND EXISTS (SELECT FROM pg_inherits WHERE inhparent = pg_class.oid)
  UNION ALL
  SELECT 3, format('its column %I, of the key, may be NULL', attname)
  FROM pg_attribute, key
  WHERE attrelid = $1::regclass AND attname = ANY (names) AND NOT attnotnull
  UNION ALL
  SELECT 4, format('in the collation of %I, of the key, different texts are equal', attname)
  FROM pg_attribute JOIN pg_collation c ON c.oid = attcollation, key
  WHERE attrelid = $1::regclass AND attname = ANY (names) AND NOT c.collisdeterministic
  UNION ALL
  SELECT 5, format('rows of different keys can meet in its index %s', indexrelid::regclass)
  FROM pg_index i JOIN family ON i.indrelid = family.id, key
  WHERE indisexclusion OR indisunique AND (
    NOT names <@ ARRAY (
      SELECT a.attname::text FROM pg_attribute a
      WHERE a.attrelid = i.indrelid
        AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
    OR EXISTS (SELECT FROM pg_collation c
               WHERE c.oid = ANY (i.indcollation) AND NOT c.collisdeterministic))
  UNION ALL
  SELECT 6, format('it has a trigger, %I', tgname)
  FROM pg_trigger JOIN family ON tgrelid = family.id
  WHERE NOT tgisinternal AND tgenabled <> 'D'
  UNION ALL
  SELECT 7, format('it has a rule, %I', rulename)
  FROM pg_rewrite JOIN family ON ev_class = family.id
  UNION ALL
  SELECT 8, format('rows follow it by the foreign key %I of %s', conname, conrelid::regclass)
  FROM pg_constraint
  WHERE contype = 'f' AND confrelid IN (SELECT id FROM family)
    AND (conrelid IN (SELECT id FROM family) OR confdeltype NOT IN ('a', 'r')
         OR confupdtype NOT IN ('a', 'r'))
) AS obstacles ORDER BY place LIMIT 1)";

// Whether values that differ in the rows differ in the column too.
bool keeps_apart(const ResultColumn& column, const arrow::DataType& type) {
  switch (column.type) {
    case kBool:
    case kBytea:
    case kInt2:
    case kInt4:
    case kInt8:
    case kText:
    case kDate:
      return true;
    case kVarchar:  // with a length, which cuts blanks off
    case kTimestamp:
    case kTimestamptz:
      return column.modifier < 0;
    case kNumeric: {
      int32_t precision = 0;
      int32_t scale = 0;
      if (column.modifier < 0) return true;
      if (!decimal_of(column, &precision, &scale)) return false;
      if (type.id() != arrow::Type::DECIMAL128) return true;
      return static_cast<const arrow::Decimal128Type&>(type).scale() <= scale;
    }
    default:
      return false;
  }
}

LaneKey one_lane(const PostgresqlOptions& options, std::string_view because) {
  return {.columns = {},
          .obstacle = fmt::format("{}: {}", options.table_name(), because)};
}

}  // namespace

Result<LaneKey> find_lane_key(Connection& connection, const PostgresqlOptions& options,
                              const arrow::Schema& rows) {
  const LaneKey by_key{.columns = options.key, .obstacle = {}};
  const auto table = connection.describe("SELECT * FROM " + options.table_name());
  if (!table.ok() && kind_of(table.status()) == ErrorKind::kNotFound) return by_key;
  ARROW_RETURN_NOT_OK(table.status());
  std::vector<std::string> names;
  for (const std::string& name : options.key) {
    const ResultColumn* column = find_column(*table, name);
    const auto field = rows.GetFieldByName(name);
    if (!column || !field || !keeps_apart(*column, *field->type())) {
      return one_lane(options, fmt::format("rows cannot be divided by '{}'", name));
    }
    names.push_back(quote_literal(column->name));
  }
  ARROW_ASSIGN_OR_RAISE(
      const ResultRows obstacles,
      connection.execute(fmt::format(kObstacles, fmt::join(names, ", ")),
                         {options.table_name()}));
  if (obstacles.num_rows() == 0) return by_key;
  return one_lane(options, obstacles.text(0, 0));
}

}  // namespace velo::postgresql
