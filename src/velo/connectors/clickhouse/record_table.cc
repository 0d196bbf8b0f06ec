#include "velo/connectors/clickhouse/record_table.h"

#include <arrow/builder.h>
#include <fmt/format.h>

#include <limits>
#include <utility>

#include "velo/base/hex.h"
#include "velo/base/random_id.h"
#include "velo/connectors/clickhouse/epoch_rows.h"
#include "velo/connectors/clickhouse/record_statements.h"
#include "velo/connectors/clickhouse/server_error.h"

namespace velo::clickhouse {
namespace {

constexpr int kMaxAttempts = 1000;
constexpr char kFenced[] = "velo_fenced";
constexpr char kCheckpoints[] = "velo_checkpoint";

}  // namespace

bool is_fenced(const Status& failure) {
  if (failure.ok()) return false;
  const auto names = [&](const char* what) {
    return failure.message().find(what) != std::string::npos;
  };
  // The record is gone where a newer run has ended and taken it away.
  return (code_of(failure) == kThrowIf && names(kFenced)) ||
         (code_of(failure) == kUnknownTable && names(kCheckpoints));
}

RecordTable::RecordTable(const ClickhouseOptions& options, std::string pipeline)
    : options_(options),
      pipeline_(std::move(pipeline)),
      id_(quote_literal(pipeline_)),
      checkpoints_(options.name_of(kCheckpoints)),
      splits_(options.name_of("velo_split")) {}

Result<std::vector<std::string>> RecordTable::list(Client& client,
                                                   const ClickhouseOptions& options,
                                                   const std::string& prefix) {
  const auto rows = client.query(
      {.sql = fmt::format("SELECT DISTINCT pipeline FROM {} WHERE target = {} AND "
                          "startsWith(pipeline, {}) ORDER BY pipeline",
                          options.name_of(kCheckpoints), quote_literal(options.table),
                          quote_literal(prefix))});
  std::vector<std::string> pipelines;
  if (!rows.ok() && code_of(rows.status()) == kUnknownTable) return pipelines;
  ARROW_RETURN_NOT_OK(rows.status());
  for (int64_t row = 0; row < rows->num_rows(); ++row) {
    pipelines.push_back(rows->text(row, 0));
  }
  return pipelines;
}

Status RecordTable::create(Client& client) const {
  for (const std::string& sql : create_statements(checkpoints_, splits_)) {
    ARROW_RETURN_NOT_OK(client.execute({.sql = sql}));
  }
  return Status::OK();
}

std::string RecordTable::guard(const Hold& hold) const {
  return fmt::format(
      "throwIf((SELECT argMax(holder, fence) FROM {} WHERE pipeline = {} AND state = "
      "'fence') != '{}', '{}') = 0",
      checkpoints_, id_, hold.holder, kFenced);
}

std::string RecordTable::query_id(const Hold& hold, uint64_t epoch,
                                  std::string_view what) const {
  return fmt::format("velo:{}:{}:{}:{}:{}", pipeline_, hold.fence, hold.holder, epoch,
                     what);
}

Status RecordTable::fenced(const Hold& hold) const {
  return make_error(
      ErrorKind::kFenced, {.connector = "clickhouse", .resource = pipeline_},
      fmt::format("a newer run of this pipeline has taken over (fence {} is "
                  "ours); this one has stopped and committed nothing more",
                  hold.fence));
}

// What an epoch says of the incarnation counts before what a fence says.
Result<RecordTable::Newest> RecordTable::newest(Client& client) const {
  ARROW_ASSIGN_OR_RAISE(
      const Rows rows,
      client.query({.sql = fmt::format(
                        "SELECT toString(max(fence)), argMaxIf(incarnation, (state != "
                        "'fence', fence, epoch), incarnation != '') FROM {} WHERE "
                        "pipeline = {}",
                        checkpoints_, id_)}));
  return Newest{.fence = rows.number(0, 0), .incarnation = rows.text(0, 1)};
}

// Of those who try to make one table, one succeeds.
Result<uint64_t> RecordTable::make_fence_table(Client& client) const {
  ARROW_ASSIGN_OR_RAISE(const Newest before, newest(client));
  uint64_t fence = before.fence;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    ++fence;
    const std::string table =
        options_.name_of(fmt::format("velo_fence_{}_{}", pipeline_, fence));
    const Status made = client.execute(
        {.sql = fmt::format("CREATE TABLE {} (fence UInt8) ENGINE = Null", table)});
    if (!made.ok() && code_of(made) == kTableIsThere) continue;
    ARROW_RETURN_NOT_OK(made);
    // A fence that was taken long ago, and whose table is gone, is not taken again.
    ARROW_ASSIGN_OR_RAISE(const Newest now, newest(client));
    if (now.fence < fence) return fence;
    ARROW_RETURN_NOT_OK(client.execute({.sql = "DROP TABLE IF EXISTS " + table}));
    fence = now.fence;
  }
  return make_error(ErrorKind::kConflict,
                    {.connector = "clickhouse", .resource = pipeline_},
                    "many runs of this pipeline are taking it over at once");
}

// The first fence of a record says its incarnation: what a source keeps for a process
// that is killed before its first epoch is found again by that.
Result<Hold> RecordTable::take_fence(Client& client,
                                     const std::string& incarnation) const {
  Hold hold{.holder = random_id()};
  ARROW_ASSIGN_OR_RAISE(hold.fence, make_fence_table(client));
  ARROW_ASSIGN_OR_RAISE(Newest before, newest(client));
  hold.incarnation = std::move(before.incarnation);
  if (hold.incarnation.empty()) hold.incarnation = incarnation;
  if (hold.incarnation.empty()) hold.incarnation = hold.holder;
  const CommitRecord record{.pipeline = pipeline_, .incarnation = hold.incarnation};
  ARROW_RETURN_NOT_OK(client.execute(
      {.sql = insert_statement(
           checkpoints_,
           {.state = "fence", .hold = hold, .record = record, .target = options_.table}),
       .settings = record_settings()}));
  ARROW_RETURN_NOT_OK(kill_below(client, hold.fence));
  return hold;
}

// A statement that has passed its guard may still be at work; whoever waits for a client
// that does not go on is ended by the server after http_receive_timeout.
Status RecordTable::kill_below(Client& client, uint64_t fence) const {
  return client.execute(
      {.sql = fmt::format("KILL QUERY WHERE current_database = {} AND "
                          "startsWith(query_id, {}) AND "
                          "toUInt64OrZero(splitByChar(':', query_id)[3]) < {} SYNC",
                          quote_literal(options_.database),
                          quote_literal("velo:" + pipeline_ + ":"), fence)});
}

Status RecordTable::kill(Client& client, const std::string& query_id) const {
  return client.execute({.sql = fmt::format("KILL QUERY WHERE query_id = {} SYNC",
                                            quote_literal(query_id))});
}

// Guarded as well: a run that begins anew counts its attempts from the same number.
Status RecordTable::write_splits(Client& client, const Hold& hold,
                                 const CommitRecord& record) const {
  if (record.positions.empty()) return Status::OK();
  const auto insert = [&] {
    return insert_splits(client, hold, record.epoch, record.positions);
  };
  const Status status = insert();
  if (status.ok() || is_fenced(status) || code_of(status) != kUnknownTable) return status;
  // Another run has ended, and has taken the empty table away, or the record as well.
  ARROW_ASSIGN_OR_RAISE(const bool newest, is_newest(client, hold));
  if (!newest) return fenced(hold);
  ARROW_RETURN_NOT_OK(create(client));
  return insert();
}

Status RecordTable::insert_splits(Client& client, const Hold& hold, uint64_t epoch,
                                  const Positions& positions) const {
  arrow::StringBuilder splits;
  arrow::StringBuilder places;
  arrow::BooleanBuilder ended;
  for (const auto& [split, progress] : positions) {
    ARROW_RETURN_NOT_OK(splits.Append(split));
    ARROW_RETURN_NOT_OK(places.Append(hex_encode(progress.position.bytes)));
    ARROW_RETURN_NOT_OK(ended.Append(progress.ended));
  }
  arrow::ArrayVector arrays(3);
  ARROW_RETURN_NOT_OK(splits.Finish(&arrays[0]));
  ARROW_RETURN_NOT_OK(places.Finish(&arrays[1]));
  ARROW_RETURN_NOT_OK(ended.Finish(&arrays[2]));
  const auto schema = arrow::schema({arrow::field("split", arrow::utf8()),
                                     arrow::field("position", arrow::utf8()),
                                     arrow::field("ended", arrow::boolean())});
  ARROW_ASSIGN_OR_RAISE(const auto encoder,
                        BlockEncoder::make(*schema,
                                           {{"split", *parse_type("String")},
                                            {"position", *parse_type("String")},
                                            {"ended", *parse_type("Bool")}},
                                           ""));
  EpochRows rows(std::numeric_limits<int64_t>::max());
  ARROW_RETURN_NOT_OK(encoder->append(
      *arrow::RecordBatch::Make(schema, static_cast<int64_t>(positions.size()),
                                std::move(arrays)),
      rows.bytes()));
  const auto body = rows.body(nullptr);
  return client.insert(
      {.sql = fmt::format("INSERT INTO {} (pipeline, split, attempt, position, ended, "
                          "holder) "
                          "SELECT {}, split, {}, position, ended, '{}' FROM input('split "
                          "String, position String, ended Bool') WHERE {} FORMAT Native",
                          splits_, id_, hold.attempt(epoch), hold.holder, guard(hold)),
       .settings = record_settings()},
      *body);
}

Status RecordTable::write_intent(Client& client, const Hold& hold,
                                 const CommitRecord& record) const {
  const Status kept = write_splits(client, hold, record);
  if (is_fenced(kept)) return fenced(hold);
  ARROW_RETURN_NOT_OK(kept);
  const Status status =
      client.execute({.sql = insert_statement(checkpoints_, {.state = "intent",
                                                             .hold = hold,
                                                             .record = record,
                                                             .target = options_.table,
                                                             .guard = guard(hold)}),
                      .settings = record_settings(),
                      .id = query_id(hold, record.epoch, "intent")});
  return is_fenced(status) ? fenced(hold) : status;
}

Status RecordTable::write_done(Client& client, const Hold& hold,
                               const CommitRecord& record, int64_t num_rows) const {
  CommitRecord done = record;
  done.num_rows = num_rows;
  const Status status =
      client.execute({.sql = insert_statement(checkpoints_, {.state = "done",
                                                             .hold = hold,
                                                             .record = done,
                                                             .target = options_.table,
                                                             .guard = guard(hold)}),
                      .settings = record_settings(),
                      .id = query_id(hold, record.epoch, "done")});
  if (is_fenced(status)) return fenced(hold);
  if (status.ok() || is_answer(status) || kind_of(status) == ErrorKind::kCancelled) {
    return status;
  }
  return make_error(
      ErrorKind::kCommitStateUnknown,
      {.connector = "clickhouse", .resource = options_.shown},
      fmt::format("no answer to the commit of epoch {}; whether it was done "
                  "is found out when the pipeline goes on ({})",
                  record.epoch, status.message()));
}

}  // namespace velo::clickhouse
