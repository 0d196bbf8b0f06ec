#pragma once

/// A sink that keeps rows and records in memory, and can be told to fail or to block.

#include <arrow/array.h>
#include <fmt/format.h>

#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "velo/sink.h"
#include "velo/testing/scripted_source.h"

namespace velo::testing {

/// What outlives a process. Threads: safe.
class Memory {
 public:
  explicit Memory(CallLog& log) : log_(log) {}

  /// Asked at every call ("look", "recover", "write LANE", "prepare LANE", "commit",
  /// "committed", "forget", "forgotten", "removed"); an error fails the call, "committed"
  /// being after everything is there, "forgotten" when the positions are gone and the
  /// rest is not, and "removed" when all of the record is.
  std::function<Status(const std::string& call, const std::stop_token& stop)> on_call =
      [](const std::string&, const std::stop_token&) { return Status::OK(); };
  bool commits_once = false;
  CommitKind kind = CommitKind::kDurable;
  CommitPace pace;
  int max_lanes = std::numeric_limits<int>::max();

  Status called(const std::string& call, const std::stop_token& stop = {}) {
    log_.add(call);
    return on_call(call, stop);
  }

  Result<CommitRecord> look(const std::string& pipeline, const std::stop_token& stop) {
    ARROW_RETURN_NOT_OK(called("look", stop));
    std::lock_guard lock(mutex_);
    const auto found = records_.find(pipeline);
    return found == records_.end() ? CommitRecord() : found->second;
  }

  Result<CommitRecord> recover(const std::string& pipeline, const std::stop_token& stop) {
    ARROW_RETURN_NOT_OK(called("recover", stop));
    std::lock_guard lock(mutex_);
    CommitRecord& record = records_[pipeline];
    record.pipeline = pipeline;
    if (record.incarnation.empty()) {
      record.incarnation = fmt::format("{:04x}", kFirstIncarnation + num_incarnations_++);
    }
    ++record.fence;
    ++record.epoch;
    staged_.clear();
    return record;
  }

  CommitToken stage(std::vector<int64_t> rows) {
    std::lock_guard lock(mutex_);
    const std::string name = fmt::format("token{}", num_staged_++);
    staged_[name] = std::move(rows);
    return {name};
  }

  Status commit(const CommitRecord& next, std::span<const CommitToken> tokens) {
    ARROW_RETURN_NOT_OK(
        called(fmt::format("commit {} rows of {} lanes{}", next.num_rows, tokens.size(),
                           next.finished ? ", last" : "")));
    {
      std::lock_guard lock(mutex_);
      CommitRecord& record = records_[next.pipeline];
      if (record.fence != next.fence) return make_error(ErrorKind::kFenced, {}, "fenced");
      Positions positions = next.positions;
      positions.merge(record.positions);
      const int64_t num_rows = record.num_rows + next.num_rows;
      record = next;
      record.positions = std::move(positions);
      record.num_rows = num_rows;
      for (const CommitToken& token : tokens) {
        const auto& rows = staged_.at(token.bytes);
        rows_.insert(rows_.end(), rows.begin(), rows.end());
      }
    }
    return called("committed");
  }

  Status forget(const std::string& pipeline) {
    ARROW_RETURN_NOT_OK(called("forget"));
    {
      std::lock_guard lock(mutex_);
      records_[pipeline].positions.clear();
    }
    ARROW_RETURN_NOT_OK(on_call("forgotten", {}));
    {
      std::lock_guard lock(mutex_);
      records_.erase(pipeline);
    }
    return on_call("removed", {});
  }

  /// What is visible, in order of values.
  std::vector<int64_t> rows() const {
    std::lock_guard lock(mutex_);
    auto rows = rows_;
    std::ranges::sort(rows);
    return rows;
  }
  std::map<std::string, CommitRecord> records() const {
    std::lock_guard lock(mutex_);
    return records_;
  }

 private:
  CallLog& log_;
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::map<std::string, CommitRecord> records_;
  std::map<std::string, std::vector<int64_t>> staged_;
  std::vector<int64_t> rows_;
  int num_staged_ = 0;
  static constexpr int kFirstIncarnation = 0x09af;
  int num_incarnations_ = 0;
};

class MemoryWriter : public EpochWriter {
 public:
  static constexpr int64_t kBytesPerRow = 8;

  MemoryWriter(Memory& memory, int lane) : memory_(memory), lane_(lane) {}

  Status write(const Batch& batch, std::stop_token stop) override {
    ARROW_RETURN_NOT_OK(memory_.called(fmt::format("write {}", lane_), stop));
    const auto& values = static_cast<const arrow::Int64Array&>(*batch.rows->column(0));
    for (int64_t i = 0; i < values.length(); ++i) rows_.push_back(values.Value(i));
    num_rows_ += values.length();
    return Status::OK();
  }
  Result<CommitToken> prepare(const CommitRecord&) override {
    ARROW_RETURN_NOT_OK(memory_.called(fmt::format("prepare {}", lane_)));
    return memory_.stage(std::exchange(rows_, {}));
  }
  int64_t bytes_written() const override { return num_rows_ * kBytesPerRow; }

 private:
  Memory& memory_;
  const int lane_;
  std::vector<int64_t> rows_;
  int64_t num_rows_ = 0;
};

class MemoryCommitter : public Committer {
 public:
  MemoryCommitter(Memory& memory, std::string pipeline)
      : memory_(memory), pipeline_(std::move(pipeline)) {}

  Result<CommitRecord> look(std::stop_token stop) override {
    return memory_.look(pipeline_, stop);
  }
  Result<CommitRecord> recover(std::stop_token stop) override {
    return memory_.recover(pipeline_, stop);
  }
  bool commits_once() const override { return memory_.commits_once; }
  Result<std::unique_ptr<EpochWriter>> create_writer(
      int lane, const std::shared_ptr<arrow::Schema>&, std::stop_token) override {
    return std::make_unique<MemoryWriter>(memory_, lane);
  }
  Status commit(const CommitRecord& record,
                std::span<const CommitToken> tokens) override {
    return memory_.commit(record, tokens);
  }
  Status forget() override { return memory_.forget(pipeline_); }

 private:
  Memory& memory_;
  const std::string pipeline_;
};

class MemorySink : public DataSink, public TransactionalSink {
 public:
  using DataSink::create_writer;
  explicit MemorySink(Memory& memory) : memory_(memory) {}

  Status validate_schema(const arrow::Schema&) override { return Status::OK(); }
  Result<std::unique_ptr<DataWriter>> create_writer(
      const WriteOptions& options) override {
    return write_epochs(*this, options);
  }
  bool supports_transactions() const override { return true; }
  bool supports_upsert() const override { return false; }
  TransactionalSink* transactions() override { return this; }

  CommitKind commit_kind() const override { return memory_.kind; }
  CommitPace commit_pace() const override { return memory_.pace; }
  int max_lanes() const override { return memory_.max_lanes; }
  std::string identity() const override { return "memory"; }
  Result<std::vector<std::string>> list_pipelines(const std::string& prefix,
                                                  std::stop_token) override {
    std::vector<std::string> ids;
    for (const auto& [id, record] : memory_.records()) {
      if (id.starts_with(prefix)) ids.push_back(id);
    }
    return ids;
  }
  Result<std::unique_ptr<Committer>> create_committer(const PipelineIdentity& pipeline,
                                                      CommitObserver&) override {
    return std::make_unique<MemoryCommitter>(memory_, pipeline.id);
  }

 private:
  Memory& memory_;
};

}  // namespace velo::testing
