#include "velo/connectors/clickhouse/record_statements.h"

#include <fmt/format.h>

#include "velo/version.h"

namespace velo::clickhouse {
namespace {

// A pipeline is a partition, so that it is dropped at once.
constexpr char kEngine[] =
    "ENGINE = MergeTree PARTITION BY pipeline ORDER BY ({}) SETTINGS fsync_after_insert "
    "= "
    "1, fsync_part_directory = 1";

}  // namespace

std::vector<std::string> create_statements(const std::string& checkpoints,
                                           const std::string& splits) {
  return {fmt::format("CREATE TABLE IF NOT EXISTS {} (pipeline String, fence UInt64, "
                      "epoch UInt64, state Enum8('fence' = 1, 'intent' = 2, 'done' = 3), "
                      "holder String, incarnation String, target String, first_epoch "
                      "UInt64, num_rows UInt64, source String, `select` String, schema "
                      "String, finished Bool, version String, written_at DateTime64(3, "
                      "'UTC') DEFAULT now64(3)) ",
                      checkpoints) +
              fmt::format(kEngine, "fence, epoch, state"),
          fmt::format("CREATE TABLE IF NOT EXISTS {} (pipeline String, split String, "
                      "attempt UInt64, position String, ended Bool, holder String) ",
                      splits) +
              fmt::format(kEngine, "split, attempt")};
}

std::string insert_statement(const std::string& checkpoints, const RecordRow& row) {
  const CommitRecord& record = row.record;
  return fmt::format(
      "INSERT INTO {} (pipeline, fence, epoch, state, holder, incarnation, target, "
      "first_epoch, num_rows, source, `select`, schema, finished, version) SELECT {}, "
      "{}, "
      "{}, '{}', '{}', {}, {}, {}, {}, {}, {}, {}, {}, {} WHERE {}",
      checkpoints, quote_literal(record.pipeline), row.hold.fence, record.epoch,
      row.state, row.hold.holder, quote_literal(record.incarnation),
      quote_literal(row.target), row.hold.first_epoch, record.num_rows,
      quote_literal(record.fingerprint.source), quote_literal(record.fingerprint.select),
      quote_literal(record.fingerprint.schema), record.finished, quote_literal(version()),
      row.guard);
}

std::string last_statement(const std::string& checkpoints, const std::string& id) {
  return fmt::format(
      "SELECT toString(state), toString(fence), toString(epoch), target, incarnation, "
      "toString(first_epoch), toString(num_rows), source, `select`, schema, "
      "toString(finished) FROM {} WHERE pipeline = {} AND state != 'fence' ORDER BY "
      "{}.fence DESC, {}.epoch DESC LIMIT 1 BY state",
      checkpoints, id, checkpoints, checkpoints);
}

LastRow read_last(const Rows& rows, int64_t row) {
  LastRow last{.is_done = rows.text(row, 0) == "done",
               .record = {},
               .first_epoch = rows.number(row, 5),
               .target = rows.text(row, 3)};
  CommitRecord& record = last.record;
  record.fence = rows.number(row, 1);
  record.epoch = rows.number(row, 2);
  record.incarnation = rows.text(row, 4);
  record.num_rows = static_cast<int64_t>(rows.number(row, 6));
  record.fingerprint = {.source = rows.text(row, 7),
                        .select = rows.text(row, 8),
                        .schema = rows.text(row, 9)};
  record.finished = rows.text(row, 10) == "true";
  return last;
}

http::Headers record_settings() { return {{"async_insert", "0"}}; }

}  // namespace velo::clickhouse
