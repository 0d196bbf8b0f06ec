#include "velo/connectors/postgresql/cdc/change_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "velo/base/read_bound.h"

namespace velo::postgresql {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int64_t kMaxBatchBytes = int64_t{8} << 20;
// A transaction larger than this may be cut between two commits of the sink.
constexpr int64_t kMostUncut = int64_t{32} << 20;
// While nothing comes of the table, the position follows the log in steps: it is what the
// server may forget.
constexpr uint64_t kLogToFollow = uint64_t{16} << 20;

}  // namespace

Result<ChangeBounds> ChangeBounds::parse(const ReadRange& range) {
  ARROW_RETURN_NOT_OK(check_range(range));
  const auto refuse = [](const char* option, const ReadBound& bound, const char* what) {
    return make_error(ErrorKind::kInvalidArgument, {.connector = "postgresql"},
                      fmt::format("{} = {}: {} is expected", option, bound.text, what));
  };
  using Kind = ReadBound::Kind;
  ChangeBounds bounds;
  const ReadBound from = ReadBound::parse(range.from);
  bounds.skips_rows = from.kind == Kind::kLatest;
  if (from.kind == Kind::kTime || from.kind == Kind::kPosition) {
    return refuse(
        "from", from,
        "earliest (the rows that the table has, then its changes) or latest (the "
        "changes from now on)");
  }
  const ReadBound until = ReadBound::parse(range.until);
  bounds.ends_now = until.kind == Kind::kLatest;
  if (until.kind == Kind::kNone || bounds.ends_now) return bounds;
  const auto lsn = parse_lsn(until.text);
  if (!lsn.ok()) return refuse("until", until, "latest or an LSN (16/B374D848)");
  bounds.until = *lsn;
  return bounds;
}

Result<std::unique_ptr<SplitReader>> ChangeReader::make(const PostgresqlOptions& options,
                                                        CapturedTable table,
                                                        const ChangeBounds& bounds,
                                                        const ReadOptions& read) {
  std::unique_ptr<ChangeReader> reader(
      new ChangeReader(options, std::move(table), bounds, read));
  ARROW_ASSIGN_OR_RAISE(reader->rows_, ChangeRows::make(reader->table_, read.columns));
  return reader;
}

Status ChangeReader::assign(std::span<const SplitStart> splits) {
  for (const SplitStart& start : splits) {
    if (start.split != table_.split() || start_) {
      return make_error(ErrorKind::kInternal,
                        {.connector = "postgresql", .resource = start.split},
                        "this is not the one table that is read");
    }
    start_ = start;
  }
  return Status::OK();
}

Result<Event> ChangeReader::poll(const PollLimits& limits, std::stop_token stop) {
  auto event = failure_.unless_failed([&] { return next(limits, stop); });
  if (!event.ok() || std::holds_alternative<End>(*event)) leave_nothing();
  return event;
}

Result<Event> ChangeReader::next(const PollLimits& limits, const std::stop_token& stop) {
  if (stop.stop_requested()) {
    return make_error(ErrorKind::kCancelled,
                      {.connector = "postgresql", .resource = options_.shown}, "stopped");
  }
  if (stream_) {
    ARROW_RETURN_NOT_OK(stream_->serve(confirmed_.load(std::memory_order_relaxed)));
  }
  if (limits.max_bytes == 0 || !start_) return Idle();
  switch (phase_) {
    case Phase::kWaiting:
      return begin(limits, stop);
    case Phase::kSnapshot:
      return read_snapshot(limits, stop);
    case Phase::kChanges:
      return read_changes(limits);
    case Phase::kEnding:
      phase_ = Phase::kEnded;
      return SplitEnded{table_.split(), encode_position(told_)};
    case Phase::kEnded:
      break;
  }
  return End();
}

Result<Event> ChangeReader::begin(const PollLimits& limits, const std::stop_token& stop) {
  if (start_->from) {
    ARROW_ASSIGN_OR_RAISE(const ChangePosition from,
                          decode_position(start_->split, start_->from->position));
    ARROW_RETURN_NOT_OK(begin_changes(from, stop));
    return read_changes(limits);
  }
  if (bounds_.skips_rows) return begin_with_changes(stop);
  ARROW_RETURN_NOT_OK(begin_snapshot(stop));
  return read_snapshot(limits, stop);
}

Result<NewSlot> ChangeReader::make_slot(Connection& connection,
                                        const std::stop_token& stop) {
  ARROW_RETURN_NOT_OK(check_server(connection, options_, table_));
  ARROW_RETURN_NOT_OK(check_is_newest(connection, names_));
  ARROW_RETURN_NOT_OK(
      drop_made_below(names_.process, connection, options_, names_, stop));
  ARROW_ASSIGN_OR_RAISE(replication_,
                        Connection::open_replication(options_, names_.application()));
  ARROW_RETURN_NOT_OK(ensure_publication(connection, options_, table_, names_, nullptr));
  has_publication_ = true;
  return create_slot(connection, *replication_, options_, names_, stop);
}

// A batch without rows, so that the record says where this was.
Result<Event> ChangeReader::begin_with_changes(const std::stop_token& stop) {
  if (keeps_nothing_) {
    phase_ = Phase::kEnded;
    return End();
  }
  ARROW_ASSIGN_OR_RAISE(const auto connection,
                        Connection::open(options_, names_.application()));
  ARROW_ASSIGN_OR_RAISE(const NewSlot slot, make_slot(*connection, stop));
  snapshot_position_.lsn = slot.begin;
  ARROW_RETURN_NOT_OK(begin_changes(snapshot_position_, stop));
  ARROW_ASSIGN_OR_RAISE(auto rows, rows_->take());
  return Batch{std::move(rows), table_.split(), encode_position(told_)};
}

Status ChangeReader::begin_snapshot(const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(auto connection,
                        Connection::open(options_, names_.application()));
  NewSlot slot;
  if (!keeps_nothing_) {
    ARROW_ASSIGN_OR_RAISE(slot, make_slot(*connection, stop));
  }
  ARROW_ASSIGN_OR_RAISE(
      snapshot_, Snapshot::open(std::move(connection), table_, slot.snapshot, stop));
  snapshot_position_.lsn = keeps_nothing_ ? snapshot_->end() : slot.begin;
  phase_ = Phase::kSnapshot;
  return Status::OK();
}

Status ChangeReader::begin_changes(const ChangePosition& from,
                                   const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(auto connection,
                        Connection::open(options_, names_.application()));
  if (!replication_) {
    ARROW_RETURN_NOT_OK(check_server(*connection, options_, table_));
    ARROW_RETURN_NOT_OK(check_is_newest(*connection, names_));
    ARROW_ASSIGN_OR_RAISE(const uint64_t maker, find_maker_in_use(*connection, names_));
    // What an overtaken process has made too late.
    ARROW_RETURN_NOT_OK(drop_made_below(maker, *connection, options_, names_, stop));
    names_ = names_.made_by(maker);
    ARROW_RETURN_NOT_OK(
        check_slot(*connection, options_, names_, table_.split(), from, stop));
    ARROW_RETURN_NOT_OK(ensure_publication(*connection, options_, table_, names_, &from));
    ARROW_ASSIGN_OR_RAISE(replication_,
                          Connection::open_replication(options_, names_.application()));
    confirmed_ = from.lsn;
  }
  ARROW_ASSIGN_OR_RAISE(end_, end_of_changes(*connection));
  if (tells_places_) {
    ARROW_ASSIGN_OR_RAISE(
        const ResultRows now,
        connection->execute(
            "SELECT CASE WHEN pg_is_in_recovery() THEN "
            "pg_last_wal_replay_lsn() ELSE pg_current_wal_flush_lsn() END"));
    ARROW_ASSIGN_OR_RAISE(to_tell_, parse_lsn(now.text(0, 0)));
  }
  told_ = from;
  log_.emplace(table_, from, *rows_);
  ARROW_ASSIGN_OR_RAISE(
      stream_, ChangeStream::start(std::move(replication_), names_, from.lsn, stop));
  phase_ = Phase::kChanges;
  return Status::OK();
}

Result<std::optional<uint64_t>> ChangeReader::end_of_changes(
    Connection& connection) const {
  if (!once_ && !bounds_.ends_now) return bounds_.until;
  ARROW_ASSIGN_OR_RAISE(const ResultRows now,
                        connection.execute("SELECT pg_current_wal_flush_lsn()"));
  ARROW_ASSIGN_OR_RAISE(const uint64_t end, parse_lsn(now.text(0, 0)));
  return std::min(end, bounds_.until.value_or(end));
}

Result<Event> ChangeReader::read_snapshot(const PollLimits& limits,
                                          const std::stop_token& stop) {
  const ChangeMark mark{.at = snapshot_->at(), .position = snapshot_position_};
  while (!has_enough(limits)) {
    ARROW_ASSIGN_OR_RAISE(const auto bytes, snapshot_->next(stop));
    if (!bytes) return end_snapshot(stop);
    ARROW_RETURN_NOT_OK(rows_->append_copied(*bytes, mark));
  }
  ARROW_ASSIGN_OR_RAISE(auto rows, rows_->take());
  return Batch{std::move(rows), table_.split(), Position()};
}

// From here on there is a place to go on from.
Result<Event> ChangeReader::end_snapshot(const std::stop_token& stop) {
  snapshot_.reset();
  ARROW_ASSIGN_OR_RAISE(auto rows, rows_->take());
  told_ = snapshot_position_;
  if (once_) {
    phase_ = Phase::kEnding;
  } else {
    ARROW_RETURN_NOT_OK(begin_changes(snapshot_position_, stop));
  }
  return Batch{std::move(rows), table_.split(), encode_position(told_)};
}

Result<Event> ChangeReader::read_changes(const PollLimits& limits) {
  const auto deadline = steady_clock::now() + limits.max_wait;
  while (true) {
    if (held_) return rows_->num_rows() > 0 ? take_rows() : tell_columns(limits);
    if (is_at_end()) phase_ = Phase::kEnding;
    if (phase_ == Phase::kEnding || has_enough(limits)) return take_rows();
    const bool is_whole = rows_->num_rows() > 0 && !log_->in_transaction();
    const auto rest = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    ARROW_ASSIGN_OR_RAISE(
        const auto message,
        stream_->poll(is_whole ? milliseconds(0) : std::max(rest, milliseconds(0))));
    if (message) {
      ARROW_RETURN_NOT_OK(take(*message));
      ARROW_RETURN_NOT_OK(stream_->serve(confirmed_.load(std::memory_order_relaxed)));
      continue;
    }
    const bool is_there =
        to_tell_ && !log_->in_transaction() && log_->end().lsn >= *to_tell_;
    if (is_there) to_tell_.reset();
    const bool is_far = log_->end().lsn >= told_.lsn + kLogToFollow;
    if (is_whole || is_there || is_far) return take_rows();
    if (end_ || to_tell_) ARROW_RETURN_NOT_OK(stream_->ask());
    if (steady_clock::now() >= deadline) return Idle();
  }
}

Status ChangeReader::take(const StreamMessage& message) {
  if (const auto* alive = std::get_if<KeepAlive>(&message)) {
    log_->pass(alive->end);
    return Status::OK();
  }
  const auto& data = std::get<StreamData>(message);
  came_to_ = data.place;
  return take_change(data.bytes);
}

Status ChangeReader::take_change(std::string_view bytes) {
  ARROW_ASSIGN_OR_RAISE(const ChangeMessage change, decode_change_message(bytes));
  if (!tells_schema_changes_ || !log_->has_other_columns(change)) {
    return log_->take(change);
  }
  held_ = bytes;
  return Status::OK();
}

// Where none of the columns asked for has changed, nobody hears of it.
Result<Event> ChangeReader::tell_columns(const PollLimits& limits) {
  ARROW_ASSIGN_OR_RAISE(const auto none, rows_->take());
  ARROW_ASSIGN_OR_RAISE(const auto schema, adopt_columns());
  const std::string message = *std::exchange(held_, std::nullopt);
  ARROW_RETURN_NOT_OK(take_change(message));
  if (schema->Equals(*none->schema())) return read_changes(limits);
  return SchemaChange{.split = table_.split(),
                      .schema = schema,
                      .drops_columns = true,
                      .place = lsn_text(log_->commit_lsn())};
}

Result<std::shared_ptr<arrow::Schema>> ChangeReader::adopt_columns() {
  ARROW_ASSIGN_OR_RAISE(const auto connection,
                        Connection::open(options_, names_.application()));
  ARROW_ASSIGN_OR_RAISE(
      table_, with_columns(table_, log_->other_columns(), *connection, options_));
  auto rows = ChangeRows::make(table_, columns_);
  if (!rows.ok() && kind_of(rows.status()) == ErrorKind::kInvalidArgument) {
    return make_error(ErrorKind::kSchemaMismatch,
                      {.connector = "postgresql",
                       .resource = table_.split(),
                       .position = lsn_text(log_->commit_lsn())},
                      rows.status().message() +
                          " from here on, and the SELECT names it; another name begins "
                          "anew");
  }
  ARROW_ASSIGN_OR_RAISE(rows_, std::move(rows));
  log_->use(*rows_);
  ARROW_ASSIGN_OR_RAISE(const auto none, rows_->take());
  return none->schema();
}

bool ChangeReader::is_at_end() const {
  return end_ && !log_->in_transaction() && log_->end().lsn >= *end_;
}

bool ChangeReader::has_enough(const PollLimits& limits) const {
  return rows_->num_rows() >= options_.batch_rows ||
         rows_->num_bytes() >= std::min(kMaxBatchBytes, limits.max_bytes);
}

// A batch that ends inside a transaction says where only if that is a large one: what a
// transaction has done is to be seen all at once.
Result<Event> ChangeReader::take_rows() {
  ARROW_ASSIGN_OR_RAISE(auto rows, rows_->take());
  Batch batch{std::move(rows), table_.split(), Position()};
  if (!log_->has_begun_transaction()) {
    told_ = log_->end();
    batch.position = encode_position(told_);
  } else if (log_->transaction_bytes() >= kMostUncut) {
    batch.position = encode_position(log_->inside());
  }
  return batch;
}

// Of a reader that nobody comes back for. Its slot goes with the connection.
void ChangeReader::leave_nothing() {
  if (!names_.is_temporary || !std::exchange(has_publication_, false)) return;
  stream_.reset();
  replication_.reset();
  const auto connection = Connection::open(options_, names_.application());
  // What stays behind does no harm.
  if (connection.ok()) (void)drop_publication(**connection, names_);
}

// What waits was written after the last transaction that came, and after the last moment
// at which nothing did. Of a transaction that is coming its rest waits, though the server
// has decoded beyond it: a long one is sent when it has been committed.
Lag ChangeReader::lag() {
  if (!stream_) return {};
  const auto end = log_end_.look();
  if (!end) return {};
  const uint64_t here = log_->in_transaction() ? came_to_ : log_->end().lsn;
  if (here >= end->lsn) nothing_waited_at_ = end->asked_at;
  Lag lag{.num_rows = {},
          .num_bytes = static_cast<int64_t>(end->lsn - std::min(here, end->lsn)),
          .age = {}};
  if (*lag.num_bytes == 0) {
    lag.age = milliseconds(0);
    return lag;
  }
  if (nothing_waited_at_) {
    lag.age = std::chrono::ceil<milliseconds>(steady_clock::now() - *nothing_waited_at_);
  }
  if (const auto committed = log_->last_commit()) {
    const auto since = std::chrono::ceil<milliseconds>(
        std::chrono::system_clock::now().time_since_epoch() - *committed);
    lag.age = std::clamp(since, milliseconds(0), lag.age.value_or(milliseconds::max()));
  }
  return lag;
}

Status ChangeReader::acknowledge(const Positions& positions) {
  for (const auto& [split, progress] : positions) {
    ARROW_ASSIGN_OR_RAISE(const ChangePosition position,
                          decode_position(split, progress.position));
    confirmed_.store(position.lsn, std::memory_order_relaxed);
  }
  return Status::OK();
}

}  // namespace velo::postgresql
