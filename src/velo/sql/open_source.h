#pragma once

/// The sources that a statement reads.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "velo/connections.h"
#include "velo/connector.h"
#include "velo/pipeline.h"
#include "velo/source.h"
#include "velo/sql/held_rows.h"
#include "velo/uri.h"

namespace velo::sql {

/// How the sources of a statement are read.
struct SourceOptions {
  bool once = false;       ///< those that could go on end where they are now
  bool keeps_bad = false;  ///< see DataSource::keep_bad_records
  ReadRange range = {};    ///< see DataSource::set_range
  std::optional<int64_t> max_record_bytes = {};  ///< see RunOptions
  /// What is opened in the place of an address that is written, by print_uri() of that.
  std::map<std::string, Uri> instead = {};
  /// About the most that a reader may hold, see ReadOptions.
  int64_t reader_bytes = kDefaultMemoryBytes / 8;
};

/// One source, opened once however often a statement names it; its columns have their SQL
/// types. Threads: safe.
class OpenSource {
 public:
  /// Open the source and fetch its schema. Errors: those of the registry and the source;
  /// kSchemaMismatch for a type that SQL cannot carry.
  static Result<std::shared_ptr<OpenSource>> open(const Registry& registry,
                                                  const Uri& uri,
                                                  const SourceOptions& options);

  /// Its address without secrets.
  const std::string& address() const { return address_; }

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }

  /// Whether its rows never end; and whether they would not, without `once` and a range.
  bool goes_on() const { return goes_on_; }
  bool can_go_on() const { return can_go_on_; }

  /// One of the same address and columns, whose readers read these rows.
  std::shared_ptr<OpenSource> holding(std::shared_ptr<HeldRows> rows) const;

  /// Open a reader; its batches come in their SQL types. The reader keeps the source.
  static Result<std::unique_ptr<DataReader>> create_reader(
      const std::shared_ptr<OpenSource>& source, const ReadOptions& options);

  /// See DataSource::splits; its batches come as the source has them. Not to be used
  /// while another thread opens readers.
  SplitSource* splits() { return source_->splits(); }
  Result<std::unique_ptr<SplitReader>> create_split_reader(const ReadOptions& options);

  /// Keep bad records that came with rows which lose sight of them, and have them back.
  void add_bad(const BadRecords& bad);
  BadRecords take_bad();

  /// See DataSource::can_reread.
  bool can_reread() const { return source_->can_reread(); }

  /// The columns of a reader of these, in their SQL types.
  std::shared_ptr<arrow::Schema> schema_of(const ReadOptions& options) const;

 private:
  OpenSource(std::string address, std::unique_ptr<DataSource> source,
             std::shared_ptr<arrow::Schema> schema, const SourceOptions& options,
             bool can_go_on);
  OpenSource(const OpenSource& source, std::shared_ptr<HeldRows> rows);

  const std::string address_;
  const std::shared_ptr<arrow::Schema> schema_;
  const bool once_;
  const bool can_go_on_;
  const bool goes_on_;
  const int64_t reader_bytes_;
  const std::shared_ptr<HeldRows> held_;  // in the place of the source's, or nullptr
  std::mutex mutex_;
  // Guarded by mutex_.
  const std::shared_ptr<DataSource> source_;
  BadRecords bad_;
};

/// All sources of one statement, by address. Threads: safe.
class StatementSources {
 public:
  StatementSources(const Registry& registry, const Connections& connections,
                   SourceOptions options)
      : registry_(registry), connections_(connections), options_(std::move(options)) {}

  /// The source of an address, opened by the first call; "@name…" is a named connection.
  Result<std::shared_ptr<OpenSource>> open(const Uri& uri);

  /// Those opened so far, in that order.
  std::vector<std::shared_ptr<OpenSource>> all() const;

  /// The same with others in the places of those opened so far.
  std::shared_ptr<StatementSources> replaced(
      const std::function<
          std::shared_ptr<OpenSource>(const std::shared_ptr<OpenSource>&)>& by) const;

 private:
  const Registry& registry_;
  const Connections& connections_;
  const SourceOptions options_;
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::map<std::string, std::shared_ptr<OpenSource>> by_address_;
  std::vector<std::shared_ptr<OpenSource>> in_order_;
};

}  // namespace velo::sql
