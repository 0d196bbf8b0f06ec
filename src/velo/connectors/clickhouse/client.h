#pragma once

/// Queries to ClickHouse by its HTTP interface.

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "velo/connectors/clickhouse/native_block.h"
#include "velo/connectors/clickhouse/options.h"
#include "velo/error.h"
#include "velo/http/client.h"

namespace velo::clickhouse {

/// A statement, and how it is to be run.
struct Query {
  std::string sql;
  http::Headers settings = {};
  std::string id = {};  ///< query_id; empty: the server's choice
};

/// A few rows, all of whose columns are String.
class Rows {
 public:
  explicit Rows(std::vector<std::shared_ptr<arrow::RecordBatch>> blocks);

  int64_t num_rows() const { return num_rows_; }
  std::string text(int64_t row, int column) const;
  uint64_t number(int64_t row, int column) const;

 private:
  std::vector<std::shared_ptr<arrow::RecordBatch>> blocks_;
  int64_t num_rows_ = 0;
};

/// Runs one query at a time. Threads: thread-compatible. Every call ends soon after
/// `stop` was requested, with kCancelled. Errors: by the server's code, with its words;
/// by classify_curl_code where no answer came, and then without a vendor code.
class Client : public ByteInput {
 public:
  static Result<std::unique_ptr<Client>> make(const ClickhouseOptions& options);

  /// Run a statement without rows.
  Status execute(const Query& query, std::stop_token stop = {});

  /// Run a query with a few rows, whose columns are all String.
  Result<Rows> query(const Query& query, std::stop_token stop = {});

  /// Run INSERT … FORMAT Native with these rows; they are sent once, see http::Request.
  Status insert(const Query& query, http::Body& rows, std::stop_token stop = {});

  /// Run a query; next() then gives its answer, until the stop that was set last.
  Status start(const Query& query, std::stop_token stop);
  /// Let next(), and calls that are given no stop, end by this one.
  void set_stop(std::stop_token stop) { stop_ = usual_stop_ = std::move(stop); }
  Result<std::string_view> next() override { return http_->read(stop_); }

  /// What is wrong with an answer whose decoding has failed: the server's own words,
  /// where it has ended the rows by them, else `failure`. `last_bytes` are those read
  /// last.
  Status explain(const Status& failure, std::string_view last_bytes);

 private:
  Client(const ClickhouseOptions& options, std::unique_ptr<http::Client> http)
      : options_(options), http_(std::move(http)) {}

  http::Request request_of(const Query& query, http::Body* rows) const;
  Status send(const Query& query, http::Body* rows, const std::stop_token& stop);
  std::string read_words();
  Status read_to_the_end();
  Status check_status();

  const ClickhouseOptions options_;
  const std::unique_ptr<http::Client> http_;
  std::stop_token stop_;        // of the query that runs
  std::stop_token usual_stop_;  // where a query is given none
};

/// Whether the server itself has said no, so that it is not at work on the query any
/// more.
bool is_answer(const Status& failure);

/// The server's code of a failure; 0 where it has none.
int code_of(const Status& failure);

}  // namespace velo::clickhouse
