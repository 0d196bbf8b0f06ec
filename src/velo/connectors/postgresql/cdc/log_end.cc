#include "velo/connectors/postgresql/cdc/log_end.h"

#include "velo/connectors/postgresql/cdc/change_position.h"

namespace velo::postgresql {
namespace {

constexpr char kQuery[] =
    "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() "
    "ELSE pg_current_wal_flush_lsn() END";

}  // namespace

std::optional<LogEnd::Answer> LogEnd::look() {
  if (has_failed_) return std::nullopt;
  Status status = is_asked_ ? take_answer() : Status::OK();
  if (status.ok() && !is_asked_) status = ask();
  if (!status.ok()) {
    has_failed_ = true;
    connection_.reset();
    answer_.reset();
  }
  return answer_;
}

Status LogEnd::ask() {
  if (!connection_) {
    ARROW_ASSIGN_OR_RAISE(connection_, Connection::open(options_, application_name_));
  }
  asked_at_ = std::chrono::steady_clock::now();
  is_asked_ = true;
  return connection_->send_query(kQuery);
}

Status LogEnd::take_answer() {
  ARROW_ASSIGN_OR_RAISE(const auto rows, connection_->poll_rows());
  if (!rows) return Status::OK();
  is_asked_ = false;
  ARROW_ASSIGN_OR_RAISE(const uint64_t lsn, parse_lsn(rows->text(0, 0)));
  answer_ = {.lsn = lsn, .asked_at = asked_at_};
  return Status::OK();
}

}  // namespace velo::postgresql
