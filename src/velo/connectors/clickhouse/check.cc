#include "velo/connectors/clickhouse/check.h"

#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "velo/connectors/clickhouse/client.h"
#include "velo/connectors/clickhouse/native_block.h"
#include "velo/connectors/clickhouse/server_error.h"
#include "velo/connectors/clickhouse/target_table.h"

namespace velo::clickhouse {
namespace {

using Outcome = Result<std::string>;

constexpr int kSyntaxError = 62;

// nullptr where there is no way in, which was told.
std::unique_ptr<Client> sign_in(const ClickhouseOptions& options, CheckReport& report,
                                const std::stop_token& stop, std::string* user) {
  auto client = Client::make(options);
  const auto ask = [&]() -> Outcome {
    ARROW_RETURN_NOT_OK(client.status());
    (*client)->set_stop(stop);
    ARROW_ASSIGN_OR_RAISE(
        const Rows rows,
        (*client)->query({.sql = "SELECT version(), currentUser(), currentDatabase()"}));
    *user = rows.text(0, 1);
    return fmt::format("ClickHouse {}, as {}, database {}", rows.text(0, 0),
                       rows.text(0, 1), rows.text(0, 2));
  };
  if (!report.tried("sign in", ask()).ok()) return nullptr;
  return *std::move(client);
}

Outcome may_read(Client& client, const ClickhouseOptions& options) {
  const std::string from =
      options.query.empty() ? options.table_name() : "(" + options.query + ")";
  ARROW_RETURN_NOT_OK(
      client
          .query({.sql = fmt::format(
                      "SELECT toString(count()) FROM (SELECT * FROM {} LIMIT 0)", from)})
          .status());
  return "SELECT is granted";
}

// Whether a privilege is held; kNotImplemented where the server cannot be asked.
Result<bool> is_granted(Client& client, const std::string& privilege) {
  ARROW_RETURN_NOT_OK(client.start({.sql = "CHECK GRANT " + privilege}, {}));
  BlockDecoder decoder(client);
  bool granted = false;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const auto block, decoder.next());
    if (!block) return granted;
    const auto values = std::dynamic_pointer_cast<arrow::UInt8Array>(block->column(0));
    granted = values && values->length() > 0 && values->Value(0) == 1;
  }
}

Outcome are_granted(Client& client, const ClickhouseOptions& options,
                    const std::string& user, const std::vector<std::string>& privileges) {
  std::vector<std::string> missing;
  for (const std::string& privilege : privileges) {
    const auto granted = is_granted(client, privilege);
    if (code_of(granted.status()) == kSyntaxError) {
      return "not asked: this server has no CHECK GRANT";
    }
    ARROW_RETURN_NOT_OK(granted.status());
    if (!*granted) missing.push_back(privilege);
  }
  if (missing.empty()) return "granted";
  return make_error(
      ErrorKind::kPermissionDenied,
      {.connector = "clickhouse", .resource = options.shown},
      fmt::format("GRANT {} TO {}", fmt::join(missing, ", "), quote_identifier(user)));
}

void check_record(Client& client, const ClickhouseOptions& options,
                  const std::string& user, bool adds_marks, CheckReport& report) {
  std::vector<std::string> of_records = {"SELECT ON system.tables", "KILL QUERY ON *.*"};
  for (const char* name : {"velo_checkpoint", "velo_split"}) {
    for (const char* privilege :
         {"SELECT", "INSERT", "ALTER DELETE", "CREATE TABLE", "DROP TABLE"}) {
      of_records.push_back(fmt::format("{} ON {}", privilege, options.name_of(name)));
    }
  }
  for (const char* privilege : {"CREATE TABLE", "DROP TABLE"}) {
    of_records.push_back(
        fmt::format("{} ON {}.*", privilege, quote_identifier(options.database)));
  }
  (void)report.tried("keep the record", are_granted(client, options, user, of_records));
  std::vector<std::string> of_rows = {"SELECT ON " + options.table_name(),
                                      "ALTER DELETE ON " + options.table_name()};
  if (adds_marks) {
    of_rows.push_back("ALTER ADD COLUMN ON " + options.table_name());
    of_rows.push_back("ALTER ADD INDEX ON " + options.table_name());
  }
  (void)report.tried("count and take back rows",
                     are_granted(client, options, user, of_rows));
}

}  // namespace

void check_reading(const ClickhouseOptions& options, CheckReport& report,
                   const std::stop_token& stop) {
  std::string user;
  const auto client = sign_in(options, report, stop, &user);
  if (!client) return;
  (void)report.tried(
      options.query.empty() ? "read " + options.table_name() : "read the query's rows",
      may_read(*client, options));
}

void check_writing(const ClickhouseOptions& options, CheckReport& report,
                   const std::stop_token& stop) {
  std::string user;
  const auto client = sign_in(options, report, stop, &user);
  if (!client) return;
  const auto target = find_target(*client, options);
  const auto found = [&]() -> Outcome {
    ARROW_RETURN_NOT_OK(target.status());
    if (!target->exists) return "it is not there, and will be made";
    return fmt::format("{}, {} columns", target->engine, target->columns.size());
  };
  if (!report.tried("look for " + options.table_name(), found()).ok()) return;
  std::vector<std::string> needed = {"INSERT ON " + options.table_name()};
  if (!target->exists) needed.push_back("CREATE TABLE ON " + options.table_name());
  (void)report.tried("write " + options.table_name(),
                     are_granted(*client, options, user, needed));
  const std::string obstacle = target->obstacle();
  if (!obstacle.empty()) {
    report.lacks("exactly once", obstacle + ": rows are written at least once");
    return;
  }
  if (target->exists && !target->has_marks) {
    report.lacks("exactly once",
                 "the table lacks two hidden columns, which guarantee = exactly_once "
                 "adds; without that rows are written at least once");
  }
  check_record(*client, options, user, target->exists && !target->has_marks, report);
}

}  // namespace velo::clickhouse
