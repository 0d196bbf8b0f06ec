#include "velo/connectors/postgresql/cdc/change_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace velo::postgresql {
namespace {

// wal_sender_timeout is 60 s unless set; some set it to a few.
constexpr std::chrono::seconds kTellEvery{1};
constexpr std::chrono::milliseconds kAskEvery{200};

int64_t micros_since_1970() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Result<std::unique_ptr<ChangeStream>> ChangeStream::start(
    std::unique_ptr<Connection> replication, const SlotNames& names, uint64_t from,
    std::stop_token stop) {
  ARROW_RETURN_NOT_OK(replication->begin_copy_both(
      fmt::format("START_REPLICATION SLOT {} LOGICAL {} (proto_version '1', "
                  "publication_names {}, binary 'true')",
                  quote_identifier(names.slot), lsn_text(from),
                  quote_literal(quote_identifier(names.publication))),
      std::move(stop)));
  return std::unique_ptr<ChangeStream>(new ChangeStream(std::move(replication)));
}

Result<std::optional<StreamMessage>> ChangeStream::poll(
    std::chrono::milliseconds max_wait) {
  ARROW_ASSIGN_OR_RAISE(const auto bytes, connection_->poll_copy(max_wait));
  if (!bytes) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(const StreamMessage message, decode_stream_message(*bytes));
  if (const auto* alive = std::get_if<KeepAlive>(&message)) {
    seen_ = std::max(seen_, alive->end);
    owes_answer_ = owes_answer_ || alive->answer_now;
  }
  return message;
}

Status ChangeStream::serve(uint64_t confirmed) {
  const bool is_news = confirmed > confirmed_;
  confirmed_ = std::max(confirmed_, confirmed);
  seen_ = std::max(seen_, confirmed_);
  if (!is_news && !owes_answer_ && Clock::now() - last_sent_ < kTellEvery) {
    return Status::OK();
  }
  return send(/*answer_now=*/false);
}

Status ChangeStream::ask() {
  if (Clock::now() - last_asked_ < kAskEvery) return Status::OK();
  last_asked_ = Clock::now();
  return send(/*answer_now=*/true);
}

Status ChangeStream::send(bool answer_now) {
  last_sent_ = Clock::now();
  owes_answer_ = false;
  return connection_->put_copy(encode_standby_status({.written = seen_,
                                                      .flushed = confirmed_,
                                                      .at = micros_since_1970(),
                                                      .answer_now = answer_now}),
                               {});
}

}  // namespace velo::postgresql
