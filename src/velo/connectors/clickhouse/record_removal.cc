#include <fmt/format.h>
#include <fmt/ranges.h>

#include "velo/base/parse_number.h"
#include "velo/connectors/clickhouse/record_table.h"
#include "velo/connectors/clickhouse/server_error.h"

namespace velo::clickhouse {

Status RecordTable::drop_fence_tables(Client& client, uint64_t below) const {
  const std::string prefix = fmt::format("velo_fence_{}_", pipeline_);
  ARROW_ASSIGN_OR_RAISE(
      const Rows rows,
      client.query(
          {.sql = fmt::format("SELECT name FROM system.tables WHERE database = {} "
                              "AND startsWith(name, {})",
                              quote_literal(options_.database), quote_literal(prefix))}));
  for (int64_t row = 0; row < rows.num_rows(); ++row) {
    const std::string name = rows.text(row, 0);
    // The tables of a pipeline whose id begins with ours have another form.
    const auto fence = parse_number<uint64_t>(name.substr(prefix.size()));
    if (!fence || *fence >= below) continue;
    ARROW_RETURN_NOT_OK(
        client.execute({.sql = "DROP TABLE IF EXISTS " + options_.name_of(name)}));
  }
  return Status::OK();
}

// All who have held the record, the newest first.
Result<std::vector<std::string>> RecordTable::holders(Client& client) const {
  const auto rows =
      client.query({.sql = fmt::format("SELECT holder FROM {} WHERE pipeline = {} AND "
                                       "state = 'fence' ORDER BY fence DESC",
                                       checkpoints_, id_)});
  std::vector<std::string> holders;
  if (is_fenced(rows.status())) return holders;
  ARROW_RETURN_NOT_OK(rows.status());
  for (int64_t row = 0; row < rows->num_rows(); ++row) {
    holders.push_back(rows->text(row, 0));
  }
  return holders;
}

Result<bool> RecordTable::is_newest(Client& client, const Hold& hold) const {
  ARROW_ASSIGN_OR_RAISE(const auto known, holders(client));
  return !known.empty() && known.front() == hold.holder;
}

Status RecordTable::forget(Client& client, const Hold& hold, bool has_target) const {
  ARROW_ASSIGN_OR_RAISE(const auto known, holders(client));
  if (known.empty() || known.front() != hold.holder) return Status::OK();
  if (has_target) {
    const Status removed = remove_undone_rows(client, hold, {hold.mark});
    if (is_fenced(removed)) return Status::OK();
    ARROW_RETURN_NOT_OK(removed);
  }
  ARROW_RETURN_NOT_OK(drop_fence_tables(client, hold.fence + 1));
  // By their holders, so that the rows of a later run stay whenever this is carried out.
  for (const std::string& table : {splits_, checkpoints_}) {
    for (const std::string& sql :
         {fmt::format("ALTER TABLE {} DELETE WHERE pipeline = {} AND holder IN ('{}') "
                      "SETTINGS mutations_sync = 2",
                      table, id_, fmt::join(known, "', '")),
          fmt::format("DROP TABLE IF EMPTY {}", table)}) {
      const Status status = client.execute({.sql = sql});
      // Others keep their records there, or have taken the empty table away.
      const int code = status.ok() ? 0 : code_of(status);
      if (code == kTableNotEmpty || code == kUnknownTable) continue;
      ARROW_RETURN_NOT_OK(status);
    }
  }
  return Status::OK();
}

}  // namespace velo::clickhouse
