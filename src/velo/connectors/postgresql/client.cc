#include "velo/connectors/postgresql/client.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "velo/base/call_aside.h"
#include "velo/base/parse_number.h"
#include "velo/base/system_error.h"
#include "velo/connectors/postgresql/connecting.h"
#include "velo/connectors/postgresql/sql_state.h"

namespace velo::postgresql {
namespace {

// A stop is seen at the latest after so long.
constexpr int kPollMilliseconds = 200;
constexpr std::chrono::milliseconds kLongestCancel{500};
constexpr std::string_view kExpired = "timeout expired";

// Of a connection that is being made libpq tells by its words alone whether the server
// has refused it or was lost.
bool was_lost(std::string_view words) {
  constexpr std::array<std::string_view, 5> kLost = {
      "server closed the connection", "could not receive data", "could not send",
      kExpired, "unexpected response"};
  return std::ranges::any_of(kLost, [&](std::string_view lost) {
    return words.find(lost) != std::string_view::npos;
  });
}

std::vector<const char*> keywords_of(
    const std::vector<std::pair<std::string, std::string>>& settings) {
  std::vector<const char*> keywords;
  for (const auto& [keyword, value] : settings) keywords.push_back(keyword.c_str());
  keywords.push_back(nullptr);
  return keywords;
}

std::vector<const char*> values_of(
    const std::vector<std::pair<std::string, std::string>>& settings) {
  std::vector<const char*> values;
  for (const auto& [keyword, value] : settings) values.push_back(value.c_str());
  values.push_back(nullptr);
  return values;
}

// libpq gives no SQLSTATE of a connection that was refused.
ErrorKind kind_of_refusal(std::string_view words) {
  const auto says = [&](std::string_view phrase) {
    return words.find(phrase) != std::string_view::npos;
  };
  if (says("does not exist")) return ErrorKind::kNotFound;
  // PostgreSQL 16 and newer; before.
  if (says("permission denied to start WAL sender") ||
      says("must be superuser or replication role")) {
    return ErrorKind::kPermissionDenied;
  }
  if (says("too many") || says("remaining connection slots") || says("max_wal_senders")) {
    return ErrorKind::kThrottled;
  }
  return ErrorKind::kUnauthenticated;
}

}  // namespace

std::string ResultRows::text(int row, int column) const {
  return {library_->getvalue(result_.get(), row, column),
          static_cast<size_t>(library_->getlength(result_.get(), row, column))};
}

int64_t ResultRows::number(int row, int column) const {
  return parse_number<int64_t>(text(row, column)).value_or(0);
}

int64_t ResultRows::num_touched() const {
  return parse_number<int64_t>(library_->cmdTuples(result_.get())).value_or(0);
}

std::vector<ResultColumn> ResultRows::columns() const {
  std::vector<ResultColumn> columns;
  for (int i = 0; i < library_->nfields(result_.get()); ++i) {
    columns.push_back({.name = library_->fname(result_.get(), i),
                       .type = library_->ftype(result_.get(), i),
                       .modifier = library_->fmod(result_.get(), i)});
  }
  return columns;
}

Result<std::unique_ptr<Connection>> Connection::open(const PostgresqlOptions& options,
                                                     const std::string& application_name,
                                                     const std::stop_token& stop) {
  auto settings = options.connection;
  settings.emplace_back("application_name", application_name);
  return connect(options.shown, std::move(settings), stop);
}

Result<std::unique_ptr<Connection>> Connection::open_replication(
    const PostgresqlOptions& options, const std::string& application_name) {
  auto settings = options.connection;
  settings.emplace_back("application_name", application_name);
  settings.emplace_back("replication", "database");
  settings.emplace_back("keepalives_idle", "60");
  ARROW_ASSIGN_OR_RAISE(auto connection, connect(options.shown, std::move(settings), {}));
  // While a snapshot is read it is idle, in a transaction, for as long as that takes.
  for (const char* timeout : {"statement_timeout", "idle_session_timeout",
                              "idle_in_transaction_session_timeout"}) {
    ARROW_RETURN_NOT_OK(connection->command(fmt::format("SET {} = 0", timeout)).status());
  }
  return connection;
}

Result<std::unique_ptr<Connection>> Connection::connect(const std::string& shown,
                                                        Settings settings,
                                                        const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const Libpq* library, libpq());
  settings.emplace_back("client_encoding", "UTF8");
  settings.emplace_back("connect_timeout", "2");  // for the ping below alone
  settings.emplace_back("tcp_user_timeout", "30000");
  PGconn* handle = nullptr;
  std::unique_ptr<Connection> connection;
  Connecting outcome = Connecting::kTimedOut;
  do {
    handle = library->connectStartParams(keywords_of(settings).data(),
                                         values_of(settings).data(), 0);
    connection.reset(new Connection(*library, handle, shown));
    outcome = await_connection(*library, handle, stop);
    ARROW_RETURN_NOT_OK(connection->check_stop(stop));
    // A server that is silent ends the whole attempt, to libpq.
  } while (outcome == Connecting::kTimedOut &&
           drop_hosts_through(settings, library->host(handle), library->port(handle)));
  if (outcome == Connecting::kConnected) {
    library->setnonblocking(handle, 1);
    library->setNoticeProcessor(
        handle, [](void*, const char*) {}, nullptr);
    return connection;
  }
  std::string words = words_of_libpq(library->errorMessage(handle));
  if (outcome == Connecting::kTimedOut) {
    words += words.empty() ? "" : words.ends_with(':') ? " " : "; ";
    words += kExpired;
  }
  ErrorKind kind = ErrorKind::kTransient;
  std::string advice;
  if (was_lost(words)) {
    advice = "; the connection was lost while it was made";
  } else if (library->pingParams(keywords_of(settings).data(), values_of(settings).data(),
                                 0) == PQPING_OK) {
    // libpq gives no SQLSTATE here.
    const bool by_password = library->connectionUsedPassword(handle) == 1 ||
                             library->connectionNeedsPassword(handle) == 1;
    kind = kind_of_refusal(words);
    if (kind == ErrorKind::kPermissionDenied) {
      advice = fmt::format("; a superuser may say ALTER ROLE {} REPLICATION",
                           quote_identifier(library->user(handle)));
    }
    if (by_password && kind == ErrorKind::kUnauthenticated) {
      advice = "; the password comes from the URI, PGPASSWORD or ~/.pgpass";
    }
  } else {
    advice = "; is the server there, and does it listen at this address?";
  }
  return make_error(kind, {.connector = "postgresql", .resource = shown},
                    fmt::format("cannot connect: {}{}", words, advice));
}

Connection::~Connection() { library_.finish(connection_); }

Status Connection::connection_error() const {
  return make_error(ErrorKind::kTransient,
                    {.connector = "postgresql", .resource = shown_},
                    fmt::format("the connection is lost: {}",
                                words_of_libpq(library_.errorMessage(connection_))));
}

Status Connection::check(const PGresult* result) const {
  switch (library_.resultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH:
    case PGRES_EMPTY_QUERY:
      return Status::OK();
    default:
      break;
  }
  const auto field = [&](int code) {
    const char* text = library_.resultErrorField(result, code);
    return std::string(text ? text : "");
  };
  const std::string code = field(PG_DIAG_SQLSTATE);
  if (code.empty() && library_.status(connection_) != CONNECTION_OK) {
    return connection_error();
  }
  std::string message = field(PG_DIAG_MESSAGE_PRIMARY);
  if (message.empty()) message = words_of_libpq(library_.errorMessage(connection_));
  for (const int more : {PG_DIAG_MESSAGE_DETAIL, PG_DIAG_MESSAGE_HINT, PG_DIAG_CONTEXT}) {
    if (!field(more).empty()) message += "; " + field(more);
  }
  return make_error(
      classify_sql_state(code),
      {.connector = "postgresql", .resource = shown_, .vendor_code = code},
      fmt::format("{} (SQLSTATE {}){}", message, code, advice_of_sql_state(code)));
}

// PQcancel waits for the server to hang up, for ever where that does not answer. It
// speaks plainly, without TLS: left alone at the end of the program it touches no
// OpenSSL, whose locks are gone by then.
void Connection::cancel() {
  if (std::exchange(is_cancelled_, true)) return;
  PGcancel* handle = library_.getCancel(connection_);
  if (handle == nullptr) return;
  (void)call_aside(
      [&library = library_, handle] {
        std::array<char, 256> words{};
        const int outcome = library.cancel(handle, words.data(), words.size());
        library.freeCancel(handle);
        return outcome;
      },
      kLongestCancel);
}

Status Connection::check_stop(const std::stop_token& stop) {
  if (!stop.stop_requested() && !stop_.stop_requested()) return Status::OK();
  return make_error(ErrorKind::kCancelled,
                    {.connector = "postgresql", .resource = shown_}, "stopped");
}

Status Connection::wait(bool for_writing, const std::stop_token& stop) {
  while (true) {
    const Status stopped = check_stop(stop);
    if (!stopped.ok()) {
      cancel();
      return stopped;
    }
    pollfd descriptor{
        .fd = library_.socket(connection_),
        .events = static_cast<short>(for_writing ? POLLIN | POLLOUT : POLLIN),
        .revents = 0};
    if (descriptor.fd < 0) return connection_error();
    const int ready = ::poll(&descriptor, 1, kPollMilliseconds);
    if (ready > 0) return Status::OK();
    if (ready < 0 && errno != EINTR) return errno_error(errno, "wait for it", shown_);
  }
}

Status Connection::flush(const std::stop_token& stop) {
  while (true) {
    const int outcome = library_.flush(connection_);
    if (outcome == 0) return Status::OK();
    if (outcome < 0) return connection_error();
    ARROW_RETURN_NOT_OK(wait(/*for_writing=*/true, stop));
    // The server may have to be rid of something before it reads on.
    if (library_.consumeInput(connection_) == 0) return connection_error();
  }
}

Result<PGresult*> Connection::next_result(const std::stop_token& stop) {
  ARROW_RETURN_NOT_OK(flush(stop));
  while (library_.isBusy(connection_) == 1) {
    ARROW_RETURN_NOT_OK(wait(/*for_writing=*/false, stop));
    if (library_.consumeInput(connection_) == 0) return connection_error();
  }
  return library_.getResult(connection_);
}

// The last of the results of a command; an error among them comes first.
Result<ResultRows> Connection::last_result(const std::stop_token& stop) {
  std::optional<ResultRows> last;
  Status failure;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(PGresult * result, next_result(stop));
    if (result == nullptr) break;
    ResultRows rows(library_, result);
    if (failure.ok()) failure = check(result);
    const ExecStatusType status = library_.resultStatus(result);
    last.emplace(std::move(rows));
    // In a COPY the same answer comes again and again, until it is ended.
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT ||
        status == PGRES_COPY_BOTH) {
      break;
    }
  }
  ARROW_RETURN_NOT_OK(failure);
  if (!last) return connection_error();
  return *std::move(last);
}

Result<ResultRows> Connection::execute(const std::string& sql,
                                       const Parameters& parameters,
                                       std::stop_token stop) {
  ARROW_RETURN_NOT_OK(check_stop(stop));
  std::vector<const char*> values;
  for (const auto& parameter : parameters) {
    values.push_back(parameter ? parameter->c_str() : nullptr);
  }
  if (library_.sendQueryParams(connection_, sql.c_str(), static_cast<int>(values.size()),
                               nullptr, values.data(), nullptr, nullptr, 0) == 0) {
    return connection_error();
  }
  return last_result(stop);
}

Result<ResultRows> Connection::command(const std::string& command, std::stop_token stop) {
  if (library_.sendQuery(connection_, command.c_str()) == 0) return connection_error();
  return last_result(stop);
}

Status Connection::send_query(const std::string& sql) {
  if (library_.sendQuery(connection_, sql.c_str()) == 0) return connection_error();
  return library_.flush(connection_) < 0 ? connection_error() : Status::OK();
}

Result<std::optional<ResultRows>> Connection::poll_rows() {
  if (library_.flush(connection_) < 0) return connection_error();
  if (library_.consumeInput(connection_) == 0) return connection_error();
  if (library_.isBusy(connection_) == 1) return std::nullopt;
  // The end of the answer comes with it.
  ARROW_ASSIGN_OR_RAISE(ResultRows rows, last_result({}));
  return rows;
}

Result<std::vector<ResultColumn>> Connection::describe(const std::string& query) {
  ARROW_RETURN_NOT_OK(check_stop({}));
  if (library_.sendPrepare(connection_, "", query.c_str(), 0, nullptr) == 0) {
    return connection_error();
  }
  ARROW_RETURN_NOT_OK(last_result({}).status());
  if (library_.sendDescribePrepared(connection_, "") == 0) return connection_error();
  ARROW_ASSIGN_OR_RAISE(const ResultRows rows, last_result({}));
  return rows.columns();
}

Status Connection::begin_copy(const std::string& sql, ExecStatusType expected,
                              const std::stop_token& stop) {
  if (library_.sendQueryParams(connection_, sql.c_str(), 0, nullptr, nullptr, nullptr,
                               nullptr, 0) == 0) {
    return connection_error();
  }
  return await_copy(expected, stop);
}

Status Connection::await_copy(ExecStatusType expected, const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(PGresult * result, next_result(stop));
  if (result == nullptr) return connection_error();
  const ResultRows rows(library_, result);
  if (library_.resultStatus(result) == expected) return Status::OK();
  const Status failure = check(result);
  const auto rest = last_result(stop);  // of one that has failed there is none
  return failure.ok() ? rest.status() : failure;
}

Status Connection::begin_copy_in(const std::string& sql, std::stop_token stop) {
  return begin_copy(sql, PGRES_COPY_IN, stop);
}

Status Connection::put_copy(std::string_view bytes, std::stop_token stop) {
  while (true) {
    const int outcome =
        library_.putCopyData(connection_, bytes.data(), static_cast<int>(bytes.size()));
    if (outcome == 1) break;
    if (outcome < 0) return connection_error();
    ARROW_RETURN_NOT_OK(wait(/*for_writing=*/true, stop));
  }
  return flush(stop);
}

Result<int64_t> Connection::end_copy_in(std::stop_token stop) {
  while (true) {
    const int outcome = library_.putCopyEnd(connection_, nullptr);
    if (outcome == 1) break;
    if (outcome < 0) return connection_error();
    ARROW_RETURN_NOT_OK(wait(/*for_writing=*/true, stop));
  }
  ARROW_ASSIGN_OR_RAISE(const ResultRows rows, last_result(stop));
  return rows.num_touched();
}

Status Connection::begin_copy_out(const std::string& sql, std::stop_token stop) {
  return begin_copy(sql, PGRES_COPY_OUT, stop);
}

Result<std::optional<std::string_view>> Connection::get_copy(std::stop_token stop) {
  while (true) {
    char* bytes = nullptr;
    const int size = library_.getCopyData(connection_, &bytes, /*async=*/1);
    if (size > 0) {
      copied_ = {bytes, FreeCopy{library_.freemem}};
      return std::string_view(bytes, static_cast<size_t>(size));
    }
    if (size == 0) {
      ARROW_RETURN_NOT_OK(wait(/*for_writing=*/false, stop));
      if (library_.consumeInput(connection_) == 0) return connection_error();
      continue;
    }
    if (size == -2) return connection_error();
    ARROW_RETURN_NOT_OK(last_result(stop).status());
    return std::nullopt;
  }
}

Status Connection::begin_copy_both(const std::string& command, std::stop_token stop) {
  if (library_.sendQuery(connection_, command.c_str()) == 0) return connection_error();
  return await_copy(PGRES_COPY_BOTH, stop);
}

// Not cancelled on the way: who stops has more to say on this connection.
Result<bool> Connection::wait_for_input(std::chrono::milliseconds max_wait) {
  pollfd descriptor{.fd = library_.socket(connection_), .events = POLLIN, .revents = 0};
  if (descriptor.fd < 0) return connection_error();
  const int ready = ::poll(&descriptor, 1, static_cast<int>(max_wait.count()));
  if (ready < 0 && errno != EINTR) return errno_error(errno, "wait for it", shown_);
  return ready > 0;
}

Result<std::optional<std::string_view>> Connection::poll_copy(
    std::chrono::milliseconds max_wait) {
  for (bool has_waited = false;; has_waited = true) {
    char* bytes = nullptr;
    const int size = library_.getCopyData(connection_, &bytes, /*async=*/1);
    if (size > 0) {
      copied_ = {bytes, FreeCopy{library_.freemem}};
      return std::string_view(bytes, static_cast<size_t>(size));
    }
    if (size == -2) return connection_error();
    if (size == -1) {
      ARROW_RETURN_NOT_OK(last_result({}).status());
      return make_error(ErrorKind::kTransient,
                        {.connector = "postgresql", .resource = shown_},
                        "the server has ended the stream of changes");
    }
    ARROW_ASSIGN_OR_RAISE(
        const bool ready,
        wait_for_input(has_waited ? std::chrono::milliseconds(0) : max_wait));
    if (!ready) return std::nullopt;
    if (library_.consumeInput(connection_) == 0) return connection_error();
  }
}

}  // namespace velo::postgresql
