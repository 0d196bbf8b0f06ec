#pragma once

/// Pipelines of changes into a sink whose lanes have rows by their key.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <stop_token>

#include "velo/engine/changes_for_test.h"
#include "velo/engine/keyed_table_for_test.h"
#include "velo/pipeline.h"

namespace velo::engine {

class KeyLanesTest : public ::testing::Test {
 protected:
  KeyLanesTest() {
    options_.commit_interval = std::chrono::hours(1);
    options_.retry_for = std::chrono::seconds(0);
    options_.num_lanes = 3;
  }

  Result<Progress> run() {
    TableSink sink(table_);
    return velo::run(source_, sink, {.id = "orders"}, options_, stop_.get_token());
  }

  // Each commit has a few batches.
  void commit_often() {
    options_.commit_bytes = 16;
    options_.queue_bytes = 16;
  }

  // The next process ends when a lane has committed.
  void kill_after(int lane) {
    table_.on_commit = [lane](int now, bool is_done) {
      return now == lane && is_done ? make_error(ErrorKind::kSystem, {}, "killed")
                                    : Status::OK();
    };
  }
  void kill_no_more() {
    table_.on_commit = [](int, bool) { return Status::OK(); };
  }

  // Inserts rows of so many keys, in transactions of a few.
  Transactions inserts(int64_t first_key, int64_t num_keys, size_t rows_each = 4) {
    Transactions all;
    for (int64_t key = first_key; key < first_key + num_keys; ++key) {
      if (all.empty() || all.back().size() == rows_each) all.emplace_back();
      all.back().push_back({'u', key, ++number_});
    }
    return all;
  }

  void expect_all_is_there() {
    Table wanted;
    int64_t num_changes = 0;
    for (const auto& [split, transactions] : source_.splits_) {
      for (const Transaction& transaction : transactions) {
        wanted.apply(transaction);
        num_changes += std::ranges::count_if(
            transaction, [](const Change& change) { return change.operation != 's'; });
      }
    }
    for (const auto& [key, row] : table_.rows) {
      EXPECT_EQ(row, wanted.rows[key]) << "key " << key;
    }
    for (const auto& [key, row] : wanted.rows) {
      EXPECT_EQ(row, table_.rows[key]) << "key " << key;
    }
    EXPECT_EQ(table_.record.num_rows, num_changes);
    EXPECT_TRUE(table_.record.finished);
    EXPECT_THAT(table_.record.ahead, ::testing::IsEmpty());
  }

  std::mt19937 random_{1};
  int64_t number_ = 0;
  ChangeSource source_{random_};
  Table table_;
  RunOptions options_;
  std::stop_source stop_;
};

}  // namespace velo::engine
