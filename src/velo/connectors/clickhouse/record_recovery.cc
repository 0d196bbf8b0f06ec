#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <utility>

#include "velo/base/hex.h"
#include "velo/base/sha256.h"
#include "velo/connectors/clickhouse/record_statements.h"
#include "velo/connectors/clickhouse/record_table.h"
#include "velo/connectors/clickhouse/server_error.h"
#include "velo/connectors/clickhouse/target_table.h"

namespace velo::clickhouse {
namespace {

// Rows of the record that are worth a mutation.
constexpr uint64_t kManyRows = 10'000;

// The first eight bytes of a hash of the id, and of what tells this pipeline from one of
// the same id that is forgotten.
uint64_t mark_of(const std::string& pipeline, const std::string& incarnation) {
  const std::string digits = sha256_hex(pipeline + "/" + incarnation).substr(0, 16);
  return std::stoull(digits, nullptr, 16) | 1;  // never 0
}

}  // namespace

// The last epoch that is done, and what was begun after it.
struct RecordTable::Found {
  CommitRecord done;         // epoch 0: none
  uint64_t first_epoch = 0;  // of its fence
  CommitRecord intent;       // epoch 0: none
  std::string target;
};

Result<RecordTable::Found> RecordTable::find_last(Client& client) const {
  Found found;
  ARROW_ASSIGN_OR_RAISE(const Rows rows,
                        client.query({.sql = last_statement(checkpoints_, id_)}));
  for (int64_t row = 0; row < rows.num_rows(); ++row) {
    LastRow last = read_last(rows, row);
    found.target = last.target;
    last.record.pipeline = pipeline_;
    if (last.is_done) found.first_epoch = last.first_epoch;
    (last.is_done ? found.done : found.intent) = std::move(last.record);
  }
  const bool is_newer =
      found.intent.fence > found.done.fence ||
      (found.intent.fence == found.done.fence && found.intent.epoch > found.done.epoch);
  if (!is_newer) found.intent = {};
  return found;
}

Status RecordTable::check_target(const Found& found, bool has_target) const {
  const bool has_begun = found.done.epoch > 0 || found.intent.epoch > 0;
  if (has_begun && found.target != options_.table) {
    return make_error(
        ErrorKind::kInvalidArgument, {.connector = "clickhouse", .resource = pipeline_},
        fmt::format("the record of this pipeline is of the table {}, and not "
                    "of {}; give this one another name",
                    found.target, options_.table));
  }
  if (!has_target && found.done.num_rows > 0) {
    return make_error(ErrorKind::kCommitLost,
                      {.connector = "clickhouse", .resource = options_.table_name()},
                      fmt::format("the table is gone, and with it {} rows that this "
                                  "pipeline has committed; another name begins anew",
                                  found.done.num_rows));
  }
  return Status::OK();
}

Result<CommitRecord> RecordTable::look(Client& client, bool has_target) const {
  auto record = try_to_look(client, has_target);
  if (!record.ok() && code_of(record.status()) == kUnknownTable) {
    return CommitRecord();
  }
  return record;
}

Result<std::vector<std::string>> RecordTable::missing_tables(Client& client) const {
  std::vector<std::string> missing;
  for (const char* name : {"velo_checkpoint", "velo_split"}) {
    ARROW_ASSIGN_OR_RAISE(
        const Rows rows,
        client.query(
            {.sql = fmt::format("SELECT name FROM system.tables WHERE database "
                                "= {} AND name = {}",
                                quote_literal(options_.database), quote_literal(name))}));
    if (rows.num_rows() == 0) missing.push_back(options_.name_of(name));
  }
  ARROW_ASSIGN_OR_RAISE(const CommitRecord known, read_past_loss(client));
  missing.push_back(
      options_.name_of(fmt::format("velo_fence_{}_{}", pipeline_, known.fence + 1)));
  return missing;
}

Result<CommitRecord> RecordTable::read_past_loss(Client& client) const {
  ARROW_ASSIGN_OR_RAISE(CommitRecord record, look(client, /*has_target=*/true));
  if (record.fence > 0) record.pipeline = pipeline_;
  return record;
}

Result<CommitRecord> RecordTable::try_to_look(Client& client, bool has_target) const {
  ARROW_ASSIGN_OR_RAISE(Found found, find_last(client));
  ARROW_RETURN_NOT_OK(check_target(found, has_target));
  ARROW_ASSIGN_OR_RAISE(Newest now, newest(client));
  CommitRecord record = std::move(found.done);
  record.fence = now.fence;
  record.incarnation = std::move(now.incarnation);
  ARROW_RETURN_NOT_OK(read_positions(client, record));
  return record;
}

Result<CommitRecord> RecordTable::read(Client& client, Hold& hold,
                                       bool has_target) const {
  auto record = try_to_read(client, hold, has_target);
  if (record.ok() || code_of(record.status()) != kUnknownTable) return record;
  ARROW_ASSIGN_OR_RAISE(const bool newest, is_newest(client, hold));
  if (newest) return record;
  return fenced(hold);  // a later run has ended, and taken the record away
}

Result<CommitRecord> RecordTable::try_to_read(Client& client, Hold& hold,
                                              bool has_target) const {
  ARROW_ASSIGN_OR_RAISE(Found found, find_last(client));
  ARROW_RETURN_NOT_OK(check_target(found, has_target));
  const CommitRecord& last = found.done.epoch > 0 ? found.done : found.intent;
  const bool has_begun = last.epoch > 0;
  if (!last.incarnation.empty()) hold.incarnation = last.incarnation;
  hold.mark = mark_of(pipeline_, hold.incarnation);
  if (has_target) {
    if (found.intent.epoch > 0) ARROW_RETURN_NOT_OK(roll_forward(client, hold, found));
    std::vector<uint64_t> marks = {hold.mark};
    // Lanes may have sent rows of a first epoch before its intent was there.
    if (!has_begun) {
      ARROW_ASSIGN_OR_RAISE(marks, marks_of_holders(client, hold));
    }
    ARROW_RETURN_NOT_OK(remove_undone_rows(client, hold, marks));
  }
  CommitRecord record = std::move(found.done);
  record.pipeline = pipeline_;
  record.incarnation = hold.incarnation;
  record.fence = hold.fence;
  hold.first_epoch = record.epoch + 1;
  ARROW_RETURN_NOT_OK(read_positions(client, record));
  ARROW_RETURN_NOT_OK(compact(client, hold));
  ARROW_RETURN_NOT_OK(drop_fence_tables(client, hold.fence));
  // What was read while a later process was at work does not fit together.
  ARROW_ASSIGN_OR_RAISE(const bool newest, is_newest(client, hold));
  if (!newest) return fenced(hold);
  return record;
}

Result<std::vector<uint64_t>> RecordTable::marks_of_holders(Client& client,
                                                            const Hold& hold) const {
  ARROW_ASSIGN_OR_RAISE(const auto known, holders(client));
  std::vector<uint64_t> marks = {hold.mark};
  for (const std::string& holder : known) marks.push_back(mark_of(pipeline_, holder));
  return marks;
}

Result<int64_t> RecordTable::count_rows(Client& client, const Hold& hold,
                                        uint64_t attempt) const {
  ARROW_ASSIGN_OR_RAISE(
      const Rows rows,
      client.query({.sql = fmt::format(
                        "SELECT toString(count()) FROM {} WHERE {} = {} AND {} = {}",
                        options_.table_name(), kPipelineColumn, hold.mark, kAttemptColumn,
                        attempt)}));
  return static_cast<int64_t>(rows.number(0, 0));
}

// The epoch that was begun last is committed if all of its rows are there.
Status RecordTable::roll_forward(Client& client, const Hold& hold, Found& found) const {
  Hold of_intent = hold;
  of_intent.fence = found.intent.fence;
  ARROW_ASSIGN_OR_RAISE(const int64_t num_rows,
                        count_rows(client, hold, of_intent.attempt(found.intent.epoch)));
  if (num_rows != found.intent.num_rows) return Status::OK();
  of_intent.first_epoch =
      found.done.fence == found.intent.fence ? found.first_epoch : found.intent.epoch;
  const int64_t of_all = found.done.num_rows + num_rows;
  ARROW_RETURN_NOT_OK(write_done(client, of_intent, found.intent, of_all));
  found.done = std::move(found.intent);
  found.done.num_rows = of_all;
  return Status::OK();
}

// A condition on a column of attempts. The epochs of a fence have no gaps.
Result<std::string> RecordTable::done_attempts(Client& client,
                                               std::string_view column) const {
  ARROW_ASSIGN_OR_RAISE(
      const Rows rows,
      client.query({.sql = fmt::format(
                        "SELECT toString(min(bitShiftLeft(fence, 40) + first_epoch)), "
                        "toString(max(bitShiftLeft(fence, 40) + epoch)) FROM {} WHERE "
                        "pipeline = {} AND state = 'done' GROUP BY fence ORDER BY fence",
                        checkpoints_, id_)}));
  if (rows.num_rows() == 0) return "0";
  std::vector<std::string> ranges;
  for (int64_t row = 0; row < rows.num_rows(); ++row) {
    ranges.push_back(fmt::format("{} BETWEEN {} AND {}", column, rows.number(row, 0),
                                 rows.number(row, 1)));
  }
  return fmt::format("({})", fmt::join(ranges, " OR "));
}

// Those of later fences are not looked at: their epochs may be done by now.
Status RecordTable::remove_undone_rows(Client& client, const Hold& hold,
                                       const std::vector<uint64_t>& marks) const {
  if (marks.empty()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const std::string done, done_attempts(client, kAttemptColumn));
  const http::Headers settings = {{"max_query_size", "16777216"},
                                  {"max_ast_elements", "1000000"},
                                  {"max_expanded_ast_elements", "1000000"},
                                  {"lightweight_deletes_sync", "2"}};
  const std::string where =
      fmt::format("{} IN ({}) AND {} < {} AND NOT {}", kPipelineColumn,
                  fmt::join(marks, ", "), kAttemptColumn, hold.end_of_attempts(), done);
  ARROW_ASSIGN_OR_RAISE(
      const Rows left,
      client.query({.sql = fmt::format("SELECT toString(count()) FROM {} WHERE {}",
                                       options_.table_name(), where),
                    .settings = settings}));
  if (left.number(0, 0) == 0) return Status::OK();
  return client.execute(
      {.sql = fmt::format("DELETE FROM {} WHERE {}", options_.table_name(), where),
       .settings = settings});
}

Status RecordTable::read_positions(Client& client, CommitRecord& record) const {
  ARROW_ASSIGN_OR_RAISE(const std::string done, done_attempts(client, "attempt"));
  ARROW_ASSIGN_OR_RAISE(
      const Rows rows,
      client.query(
          {.sql = fmt::format(
               "SELECT split, argMax(position, attempt), "
               "toString(argMax(ended, attempt)) FROM {} WHERE pipeline = {} AND "
               "{} GROUP BY split",
               splits_, id_, done)}));
  for (int64_t row = 0; row < rows.num_rows(); ++row) {
    const auto position = hex_decode(rows.text(row, 1));
    if (!position) {
      return make_error(ErrorKind::kCorruptData,
                        {.connector = "clickhouse", .resource = splits_},
                        fmt::format("the position of {} is not one that velo has written",
                                    rows.text(row, 0)));
    }
    record.positions[rows.text(row, 0)] = {.position = {*position},
                                           .ended = rows.text(row, 2) == "true"};
  }
  return Status::OK();
}

// Removes what newer rows have taken the place of, now and then. What a later fence
// writes meanwhile is left alone.
Status RecordTable::compact(Client& client, const Hold& hold) const {
  ARROW_ASSIGN_OR_RAISE(
      const Rows sizes,
      client.query({.sql = fmt::format(
                        "SELECT toString(count()) FROM {} WHERE pipeline = {} UNION ALL "
                        "SELECT toString(count() - uniqExact(split)) FROM {} WHERE "
                        "pipeline = {}",
                        checkpoints_, id_, splits_, id_)}));
  if (sizes.number(0, 0) < kManyRows && sizes.number(1, 0) < kManyRows) {
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(const std::string done, done_attempts(client, "attempt"));
  const http::Headers settings = {{"lightweight_deletes_sync", "2"}};
  ARROW_RETURN_NOT_OK(client.execute(
      {.sql = fmt::format(
           "DELETE FROM {0} WHERE pipeline = {1} AND attempt < {2} AND (split, attempt) "
           "NOT IN (SELECT split, max(attempt) FROM {0} WHERE pipeline = {1} AND {3} "
           "GROUP BY split)",
           splits_, id_, hold.attempt(0), done),
       .settings = settings}));
  return client.execute(
      {.sql = fmt::format(
           "DELETE FROM {0} WHERE pipeline = {1} AND fence < {2} AND (fence, epoch, "
           "state) NOT IN (SELECT fence, max(epoch), state FROM {0} WHERE pipeline = {1} "
           "AND state = 'done' GROUP BY fence, state)",
           checkpoints_, id_, hold.fence),
       .settings = settings});
}

}  // namespace velo::clickhouse
