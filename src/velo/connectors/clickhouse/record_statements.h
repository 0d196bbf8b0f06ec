#pragma once

/// The statements of the record's tables (record_table.h). Names and ids come quoted.

#include <string>
#include <vector>

#include "velo/commit.h"
#include "velo/connectors/clickhouse/client.h"
#include "velo/connectors/clickhouse/record_table.h"

namespace velo::clickhouse {

/// CREATE TABLE of both tables.
std::vector<std::string> create_statements(const std::string& checkpoints,
                                           const std::string& splits);

/// A row of the record: of a fence, an intent or a done epoch.
struct RecordRow {
  const char* state;
  const Hold& hold;
  const CommitRecord& record;
  std::string target;
  std::string guard = "1";
};

/// INSERT … SELECT of a row, where its guard holds.
std::string insert_statement(const std::string& checkpoints, const RecordRow& row);

/// SELECT of the newest done row and the newest intent.
std::string last_statement(const std::string& checkpoints, const std::string& id);

/// One of them.
struct LastRow {
  bool is_done = false;
  CommitRecord record;
  uint64_t first_epoch = 0;
  std::string target;
};
LastRow read_last(const Rows& rows, int64_t row);

/// How an INSERT into the record is run: durable when it is answered.
http::Headers record_settings();

}  // namespace velo::clickhouse
