#pragma once

/// The writing end of a pipeline.

#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "velo/check.h"
#include "velo/commit.h"
#include "velo/error.h"
#include "velo/event.h"
#include "velo/plan.h"

namespace velo {

/// What rows are promised.
enum class Guarantee : int8_t { kAtLeastOnce, kExactlyOnce };

/// What a sink answers to what was asked of it.
struct Promise {
  Guarantee guarantee = Guarantee::kAtLeastOnce;
  /// Why it is no more, and what to do; empty where a sink of its kind has no more.
  std::string reason = {};
};

/// What a writer is opened for.
struct WriteOptions {
  /// Whether nothing may be visible before finish(): all rows are one epoch, which a sink
  /// keeps, or keeps open, until then. Without it a sink that has epochs shows each when
  /// it is as old as its CommitPace and more is written, so that a writer may be used for
  /// ever.
  bool all_at_once = false;
};

/// Writes batches to one sink. What was written is visible when finish() has returned OK,
/// and before that as WriteOptions says. Threads: thread-compatible; one thread at a
/// time, which may change between calls. Destruction without finish() is abort().
class DataWriter {
 public:
  virtual ~DataWriter() = default;

  /// Write all rows of a batch, blocking while the sink is behind. The first batch (it
  /// may be empty) fixes the schema. Errors: any kind; kSchemaMismatch for a batch of
  /// another schema. After an error only abort() is useful.
  virtual Status write(const Batch& batch, std::stop_token stop) = 0;

  Status write(const Batch& batch) { return write(batch, std::stop_token()); }

  /// Flush, make everything durable and then visible: at least once. Idempotent.
  /// Errors: any kind; what is visible after an error is what the sink's README says.
  virtual Status finish() = 0;

  /// Drop what has not been made visible. Idempotent; does nothing after finish().
  virtual void abort() noexcept = 0;

  /// Bytes handed to the system below so far (a file's bytes, after compression).
  virtual int64_t bytes_written() const = 0;
};

/// Something that rows go to: it is opened by a URI and holds no resource until asked.
/// Threads: thread-compatible.
class DataSink {
 public:
  virtual ~DataSink() = default;

  /// Settle what rows are promised: what was asked for, or without that the best that
  /// takes no change to what users have made. To be called first, once; what
  /// transactions() answers is settled by it. May look at the system, changes nothing.
  /// Errors: those of reaching it.
  virtual Result<Promise> promise(std::optional<Guarantee> wanted);

  /// Have each writer that is made from now on hold about so many bytes at most, beside
  /// the batch that it is given: rows that wait to be encoded, parts that wait to be
  /// sent, buffers of the system's client.
  virtual void limit_memory(int64_t bytes_per_writer) { (void)bytes_per_writer; }

  /// Have the calls that take no stop of their own end soon after this one was requested,
  /// with kCancelled: promise() and validate_schema(). To be called before all else.
  virtual void set_stop(std::stop_token stop) { (void)stop; }

  /// Check that rows of this schema can be written, without writing any.
  /// Errors: kSchemaMismatch naming the column, kPermissionDenied, kNotFound …
  virtual Status validate_schema(const arrow::Schema& schema) = 0;

  /// Open a writer.
  virtual Result<std::unique_ptr<DataWriter>> create_writer(
      const WriteOptions& options) = 0;

  Result<std::unique_ptr<DataWriter>> create_writer() {
    return create_writer(WriteOptions());
  }

  /// Whether rows become visible all together, at a commit.
  virtual bool supports_transactions() const = 0;
  /// Whether rows can replace those of the same key.
  virtual bool supports_upsert() const = 0;

  /// Whether the columns can change while rows are written: EpochWriter::change_schema.
  virtual bool supports_schema_change() const { return false; }
  /// Have columns that the sink lacks made, and types widened (on_schema_change =
  /// evolve): by validate_schema(), plan() and the writers, which refuse them else. To be
  /// called before these, and only where supports_schema_change().
  virtual void allow_schema_change() {}

  /// The way to keep a pipeline's record together with its rows; nullptr where there is
  /// none. Lives as long as the sink.
  virtual TransactionalSink* transactions() { return nullptr; }

  /// Find out, step by step, whether it can be written, as DataSource::check; what a step
  /// has to make for that is removed again.
  virtual void check(CheckReport& report, std::stop_token stop);

  /// Say what would be done for rows of this schema: where each column goes, the DDL that
  /// runs, what is made. Looks at the system, changes nothing. A column that cannot be
  /// written is told, and no error. Errors: those of reaching the sink; kSchemaMismatch
  /// where the rows as a whole do not fit.
  virtual Result<SinkPlan> plan(const arrow::Schema& schema,
                                const PipelineIdentity& pipeline, std::stop_token stop);
};

/// Write epochs and leave no record behind: what DataSink::create_writer does where there
/// are transactions. The sink outlives the writer. Errors: those of opening it.
Result<std::unique_ptr<DataWriter>> write_epochs(TransactionalSink& sink,
                                                 const WriteOptions& options);

}  // namespace velo
