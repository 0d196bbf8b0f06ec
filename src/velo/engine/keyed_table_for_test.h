#pragma once

/// A sink in memory whose lanes have rows by their key, each with a commit of its own.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "velo/commit.h"
#include "velo/engine/changes_for_test.h"
#include "velo/pipeline.h"
#include "velo/sink.h"

namespace velo::engine {

/// A row of the table, or where one was.
struct Row {
  bool is_there = false;
  int64_t a = 0;
  int64_t b = 0;
  int64_t number = 0;  // of the last change
  bool lacks_b = false;
};

inline bool operator==(const Row& one, const Row& other) {
  if (!one.is_there && !other.is_there) return true;
  return one.is_there == other.is_there && one.a == other.a && one.b == other.b;
}

/// What outlives a process.
struct Table {
  std::map<int64_t, Row> rows;
  CommitRecord record;
  std::string key = "key";
  std::string obstacle;
  /// Asked before and after each lane's commit; an error ends the process there.
  std::function<Status(int lane, bool is_done)> on_commit = [](int, bool) {
    return Status::OK();
  };
  std::function<void()> on_write = [] {};  // on the lanes' threads
  int num_divided = 0;                     // commits
  int num_of_one = 0;  // commits of one lane with rows, where there were several

  void apply(const std::vector<Change>& changes) {
    for (const Change& change : changes) {
      if (change.operation == 's') continue;
      if (change.operation == 't') {
        for (auto& [gone, row] : rows)
          row = {.number = std::max(row.number, change.number)};
        continue;
      }
      Row& row = rows[change.key];
      if (change.operation == 'd') {
        row = {.number = change.number};
      } else if (change.operation == 'u') {
        row = {.is_there = true, .a = change.number, .b = change.number};
      } else {
        row.lacks_b = row.lacks_b || !row.is_there;
        row.is_there = true;
        row.a = change.number;
      }
      row.number = change.number;
    }
  }
};

struct Prepared {
  CommitRecord record;
  std::vector<Change> changes;
};

class TableWriter : public EpochWriter {
 public:
  TableWriter(Table& table, Prepared& prepared) : table_(table), prepared_(prepared) {}
  Status write(const Batch& batch, std::stop_token) override {
    table_.on_write();
    const auto changes = changes_of(*batch.rows);
    changes_.insert(changes_.end(), changes.begin(), changes.end());
    num_bytes_ += batch.rows->num_rows() * 8;
    return Status::OK();
  }
  Result<CommitToken> prepare(const CommitRecord& record) override {
    prepared_ = {record, std::exchange(changes_, {})};
    return CommitToken();
  }
  Status change_schema(const std::shared_ptr<arrow::Schema>&, std::stop_token) override {
    return Status::OK();
  }
  int64_t bytes_written() const override { return num_bytes_; }

 private:
  Table& table_;
  Prepared& prepared_;
  std::vector<Change> changes_;
  int64_t num_bytes_ = 0;
};

class TableCommitter : public Committer {
 public:
  explicit TableCommitter(Table& table) : table_(table) {}

  Result<CommitRecord> look(std::stop_token) override { return table_.record; }
  Result<CommitRecord> recover(std::stop_token) override {
    lanes_.clear();
    table_.record.pipeline = "orders";
    table_.record.incarnation = "09af";
    ++table_.record.fence;
    return table_.record;
  }
  bool commits_once() const override { return false; }
  Result<LaneKey> find_lane_key(const arrow::Schema&, std::stop_token) override {
    if (!table_.obstacle.empty()) return LaneKey{{}, table_.obstacle};
    return LaneKey{{table_.key}, {}};
  }
  Result<std::unique_ptr<EpochWriter>> create_writer(
      int, const std::shared_ptr<arrow::Schema>&, std::stop_token) override {
    return std::make_unique<TableWriter>(table_, lanes_.emplace_back());
  }

  Status commit(const CommitRecord& record,
                std::span<const CommitToken> tokens) override {
    EXPECT_EQ(tokens.size(), record.divided ? lanes_.size() : size_t{1});
    if (record.divided) {
      ++table_.num_divided;
    } else if (lanes_.size() > 1 && record.num_rows > 0) {
      ++table_.num_of_one;
    }
    std::map<int64_t, size_t> lane_of;
    for (size_t lane = 0; lane < tokens.size(); ++lane) {
      ARROW_RETURN_NOT_OK(table_.on_commit(static_cast<int>(lane), false));
      const Prepared prepared = std::move(lanes_[lane]);
      for (const Change& change : prepared.changes) {
        EXPECT_EQ(lane_of.try_emplace(change.key, lane).first->second, lane);
        EXPECT_FALSE(record.divided && change.operation == 't');
      }
      commit(prepared, lane == 0, lane + 1 == tokens.size());
      ARROW_RETURN_NOT_OK(table_.on_commit(static_cast<int>(lane), true));
    }
    return Status::OK();
  }

  Status forget() override { return Status::OK(); }

 private:
  // As a transaction does.
  void commit(const Prepared& prepared, bool is_first, bool is_last) {
    const auto before = table_.rows;
    table_.apply(prepared.changes);
    for (auto& [key, row] : table_.rows) {
      EXPECT_FALSE(row.is_there && row.lacks_b) << "key " << key << " in part";
      const auto was = before.find(key);
      if (was == before.end()) continue;
      EXPECT_GE(row.number, was->second.number) << "key " << key << " goes back";
    }
    CommitRecord& record = table_.record;
    const CommitRecord& next = prepared.record;
    record.epoch = next.epoch;
    record.fingerprint = next.fingerprint;
    if (is_first && next.divided) {
      for (const auto& [split, begin] : next.begins) {
        record.positions.try_emplace(split, begin);
      }
      for (const auto& [split, end] : next.positions) record.ahead[split] = end;
    }
    if (!is_last) return;
    for (const auto& [split, end] : next.positions) record.positions[split] = end;
    record.num_rows += next.num_rows;
    record.finished = next.finished;
    std::erase_if(record.ahead, [&](const auto& ahead) {
      return record.positions.at(ahead.first).position >= ahead.second.position;
    });
  }

  Table& table_;
  std::deque<Prepared> lanes_;
};

class TableSink : public DataSink, public TransactionalSink {
 public:
  explicit TableSink(Table& table) : table_(table) {}
  Status validate_schema(const arrow::Schema&) override { return Status::OK(); }
  Result<std::unique_ptr<DataWriter>> create_writer(const WriteOptions& how) override {
    return write_epochs(*this, how);
  }
  bool supports_transactions() const override { return true; }
  bool supports_upsert() const override { return true; }
  bool supports_schema_change() const override { return true; }
  TransactionalSink* transactions() override { return this; }
  CommitKind commit_kind() const override { return CommitKind::kSession; }
  int max_lanes() const override { return 1; }
  bool divides_by_key() const override { return true; }
  std::string identity() const override { return "table"; }
  Result<std::vector<std::string>> list_pipelines(const std::string&,
                                                  std::stop_token) override {
    return std::vector<std::string>();
  }
  Result<std::unique_ptr<Committer>> create_committer(const PipelineIdentity&,
                                                      CommitObserver&) override {
    return std::make_unique<TableCommitter>(table_);
  }

 private:
  Table& table_;
};

}  // namespace velo::engine
