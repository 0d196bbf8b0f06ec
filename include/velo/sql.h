#pragma once

/// SQL over sources and sinks: what `velo run` does (docs/guide/sql.md).

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "velo/connections.h"
#include "velo/connector.h"
#include "velo/pipeline.h"
#include "velo/sink.h"
#include "velo/source.h"

namespace velo {

struct SessionOptions {
  /// Lives longer than the session.
  const Registry* registry = &builtin_registry();
  /// What "@name…" stands for.
  Connections connections;
  /// RunOptions::memory_bytes, for all statements that do not say. Half of the least of a
  /// text is DuckDB's, and does not change once that was opened.
  std::optional<int64_t> memory_bytes;
  /// Threads of DuckDB; 0: as many as the machine has cores.
  int num_threads = 0;
  /// Whether a simple SELECT may go past DuckDB. The rows are the same either way.
  bool short_cut = true;
  /// Pipeline options for all statements, as a user writes them (RunOptions::set); they
  /// come before those of `connections`, and those of a statement before them.
  std::vector<std::pair<std::string, std::string>> pipeline_options;
  /// Hears of the steps of each commit; outlives the session.
  CommitObserver* observer = nullptr;
};

enum class StatementKind : int8_t { kSelect, kInsert, kCreate, kExplain, kDescribe };

/// What a statement has done.
struct StatementResult {
  StatementKind kind = StatementKind::kSelect;
  std::string name;                  ///< of kCreate
  std::string place;                 ///< "quickstart.sql:4:1"
  std::string stream;                ///< of a source of several: which of them this is
  std::string pipeline;              ///< PipelineIdentity::id, once rows are moved
  std::vector<std::string> sources;  ///< as `sinks`; known once rows are moved
  /// Addresses without secrets; none for a view. Of a statement with several sinks each
  /// is told of by itself.
  std::vector<std::string> sinks;
  /// CREATE … IF NOT EXISTS, and it does.
  bool skipped = false;
  Progress progress;
};

/// What is called is called from several threads where statements run beside each other.
struct ExecuteOptions {
  /// What messages call the text: a file's name.
  std::string name = "SQL";
  /// Where the rows of a SELECT, an EXPLAIN, a DESCRIBE go; nullptr refuses these. A
  /// writer of its own for each.
  DataSink* results = nullptr;
  /// Called when a statement is about to move rows.
  std::function<void(const StatementResult&)> on_start;
  /// See RunOptions::on_progress; what was done so far.
  std::function<void(const StatementResult&)> on_progress;
  /// Called before what has failed is tried again, see RunOptions::on_retry.
  std::function<void(const StatementResult&, const Retry&)> on_retry;
  /// See RunOptions::on_ddl.
  std::function<void(const StatementResult&, std::string_view)> on_ddl;
  bool measure_lag = false;  ///< see RunOptions
  /// Whether the first failure ends all; else only statements that read what has failed
  /// are not run.
  bool fail_fast = true;
  /// Called after a statement has failed, or one of its sinks, also by a stop.
  std::function<void(const StatementResult&, const Status&)> on_failure;
  /// Called with what a pattern of streams has met, and cannot be read, see StreamList.
  std::function<void(const StatementResult&, const std::string&)> on_left_out;
  /// Called where the records of several runs of one statement could not be removed at
  /// its end, with the reason (Progress::record_left).
  std::function<void(const std::string&)> on_record_left;
  /// Called before a statement waits for the first commit of another that it reads, whose
  /// name that is.
  std::function<void(const StatementResult&, const std::string&)> on_wait;
  /// Called after each statement; of one with several sinks, after each of them.
  std::function<void(const StatementResult&)> on_statement;
};

struct QueryOptions {
  /// What messages call the text: a file's name.
  std::string name = "SQL";
  /// Whether the rows go where changes are applied (DataSink::supports_upsert): then what
  /// says how a row came about, `_op` and `_unset`, follows the columns that were named,
  /// and a change that leaves its row outside of WHERE is a deletion.
  bool applies_changes = false;
};

/// What a statement would do with one of its sinks.
struct PlannedSink {
  std::string address;   ///< without secrets
  std::string stream;    ///< of a source of several: which of them it is for
  std::string pipeline;  ///< the id of what writes it; empty where there is no name
  RunPlan run;
};

/// What a statement would do.
struct StatementPlan {
  StatementKind kind = StatementKind::kSelect;
  std::string name;                  ///< of kCreate
  std::string place;                 ///< "quickstart.sql:4:1"
  std::vector<std::string> sources;  ///< addresses without secrets
  /// How its rows come about, and what is pushed down: "columns", "id, name".
  std::vector<std::pair<std::string, std::string>> steps;
  std::vector<PlannedColumn> columns;  ///< of its rows, where it has no sink
  std::vector<PlannedSink> sinks;
  std::vector<std::string> left_out;  ///< see StreamList
  /// Why it could not be planned; OK where it could.
  Status obstacle;
};

/// A statement that has a name and writes somewhere.
struct NamedStatement {
  struct Sink {
    Uri uri;                          ///< named connections resolved
    std::optional<Uri> dead_letters;  ///< where its bad records are kept, likewise
  };

  std::string name;
  std::string place;        ///< "quickstart.sql:4:1"
  std::vector<Sink> sinks;  ///< of each of its streams
};

/// What a statement that has a name is at one of its sinks, opened and not run: what
/// velo::run() would be given.
struct OpenPipeline {
  std::unique_ptr<DataSource> source;
  std::shared_ptr<DataSink> sink;
  PipelineIdentity pipeline;
  RunOptions options;
  std::string address;  ///< of the sink, without secrets
};

/// Runs statements, and remembers those that were named. Threads: thread-compatible.
class Session {
 public:
  explicit Session(SessionOptions options = {});
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  /// Run the statements of `text` in order. All are parsed before the first runs. One
  /// whose rows end is run to its end before the next one starts; one whose rows never
  /// end runs beside those that follow, until a stop. A statement that reads the name of
  /// one that runs waits until that has committed something. Returns when all have ended,
  /// the first failure that was not a stop.
  ///
  /// Errors: kInvalidArgument for what is not SQL, with the line and a caret;
  /// kNotImplemented for a pipeline option that does not work yet; those of velo::run;
  /// kCancelled. A statement that a stop has ended after it had committed what it read
  /// (Progress::stopped) is the last that runs, and no error.
  Status execute(std::string_view text, const ExecuteOptions& options,
                 std::stop_token stop = {});

  /// The rows that the last statement of `text` yields, or would write; those before it
  /// must be CREATE without INSERT INTO. Nothing is written. The source must not outlive
  /// the session. Errors: as execute().
  Result<std::unique_ptr<DataSource>> query(std::string_view text,
                                            const QueryOptions& options = {});

  /// Say what each statement of `text` would do; nothing of it is done, and sources and
  /// sinks are looked at only. `name` is what messages call the text. Errors: as of
  /// parsing in execute(); those of reaching the systems.
  Result<std::vector<StatementPlan>> plan(std::string_view text, std::string_view name,
                                          std::stop_token stop = {});

  /// The statements of `text` that have names and sinks; nothing is run, and a system is
  /// asked only for the streams of a pattern. `name` is what messages call the text.
  /// Errors: as of parsing in execute(); those of route_streams().
  Result<std::vector<NamedStatement>> named_statements(std::string_view text,
                                                       std::string_view name,
                                                       std::stop_token stop = {});

  /// Open what runs under this name in `text`, one for each of its sinks, which are asked
  /// for its records; or, of several, the one whose id this is. Their sources must not
  /// outlive the session. Errors: kNotFound; kInvalidArgument where no record is kept of
  /// several; those of opening.
  Result<std::vector<OpenPipeline>> open_pipelines(std::string_view text,
                                                   const std::string& name,
                                                   std::stop_token stop = {});

 private:
  class State;
  std::unique_ptr<State> state_;
};

/// The columns of a schema as rows: name, type, nullable. What DESCRIBE and `velo schema`
/// show.
Result<std::unique_ptr<DataSource>> describe(const arrow::Schema& schema);

}  // namespace velo
