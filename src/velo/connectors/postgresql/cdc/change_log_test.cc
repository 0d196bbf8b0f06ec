#include "velo/connectors/postgresql/cdc/change_log.h"

#include <gtest/gtest.h>

#include "velo/testing/matchers.h"

namespace velo::postgresql {
namespace {

using Kind = TupleField::Kind;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

constexpr uint32_t kTable = 7;

CapturedTable table_of_texts() {
  CapturedTable table{.relation = kTable, .schema = "public", .name = "t"};
  for (const char* name : {"key", "value"}) {
    table.columns.push_back({.relation = {name, kText, -1},
                             .result = {name, kText, -1},
                             .is_key = table.columns.empty()});
  }
  return table;
}

RelationMessage relation_of(const CapturedTable& table) {
  RelationMessage relation{
      .relation = table.relation, .schema = table.schema, .table = table.name};
  for (const auto& column : table.columns) relation.columns.push_back(column.relation);
  return relation;
}

Tuple row(std::string_view key, std::string_view value) {
  return {{Kind::kBinary, key}, {Kind::kBinary, value}};
}

Tuple unchanged(std::string_view key) {
  return {{Kind::kBinary, key}, {Kind::kUnchanged}};
}

class ChangeLogs : public ::testing::Test {
 protected:
  void begin_at(const ChangePosition& from) {
    rows_ = ChangeRows::make(table_, std::nullopt).ValueOrDie();
    log_.emplace(table_, from, *rows_);
    ASSERT_THAT(log_->take(relation_of(table_)), IsOk());
  }

  void take(const ChangeMessage& message) { ASSERT_THAT(log_->take(message), IsOk()); }

  void transaction(uint64_t lsn, const std::vector<ChangeMessage>& changes) {
    take(BeginMessage{.final_lsn = lsn});
    for (const auto& change : changes) take(change);
    take(CommitMessage{.lsn = lsn, .end_lsn = lsn + 8});
  }

  // "c a=1" a row, ";" between them; what was not sent shows as a question mark.
  std::string rows() {
    const auto batch = rows_->take().ValueOrDie();
    std::string text;
    for (int64_t i = 0; i < batch->num_rows(); ++i) {
      const auto value = [&](const char* column) {
        const auto scalar = batch->GetColumnByName(column)->GetScalar(i).ValueOrDie();
        return scalar->is_valid ? scalar->ToString() : std::string("-");
      };
      if (i > 0) text += "; ";
      text += value("_op") + " " + value("key") + "=" + value("value");
      if (value("_unset") != "-") text += " without " + value("_unset");
      if (table_.with_before) text += " before " + value("_before");
    }
    return text;
  }

  CapturedTable table_ = table_of_texts();
  std::unique_ptr<ChangeRows> rows_;
  std::optional<ChangeLog> log_;
};

TEST_F(ChangeLogs, EveryKindOfChange) {
  begin_at({100, 0});
  transaction(100, {InsertMessage{kTable, row("a", "1")},
                    UpdateMessage{.relation = kTable, .row = row("a", "2")},
                    DeleteMessage{kTable, {{Kind::kBinary, "a"}, {Kind::kNull}}},
                    TruncateMessage{{5, kTable}}, OtherMessage()});
  EXPECT_EQ(rows(), "c a=1; u a=2; d a=-; t -=-");
  EXPECT_EQ(log_->end(), (ChangePosition{108, 0}));
}

TEST_F(ChangeLogs, ANewKeyIsAnotherRow) {
  begin_at({100, 0});
  transaction(
      100,
      {UpdateMessage{.relation = kTable,
                     .old_key = Tuple{{Kind::kBinary, "a"}, {Kind::kNull}},
                     .row = row("b", "1")},
       UpdateMessage{.relation = kTable, .old_row = row("b", "1"), .row = unchanged("c")},
       UpdateMessage{
           .relation = kTable, .old_row = row("c", "1"), .row = row("c", "2")}});
  EXPECT_EQ(rows(), "d a=-; c b=1; d b=1; c c=1; u c=2");
}

TEST_F(ChangeLogs, ALargeKeyIsSentAsAnOldOne) {
  begin_at({100, 0});
  transaction(100, {UpdateMessage{.relation = kTable,
                                  .old_key = Tuple{{Kind::kBinary, "a"}, {Kind::kNull}},
                                  .row = {{Kind::kUnchanged}, {Kind::kBinary, "1"}}}});
  EXPECT_EQ(rows(), "u a=1");
}

TEST_F(ChangeLogs, WhatWasNotSentIsNamed) {
  begin_at({100, 0});
  transaction(
      100, {UpdateMessage{.relation = kTable, .row = unchanged("a")},
            UpdateMessage{
                .relation = kTable, .old_row = row("a", "old"), .row = unchanged("a")}});
  EXPECT_EQ(rows(), "u a=- without value; u a=old");
}

TEST_F(ChangeLogs, WhatTheRowWasIsToldWhereItWasSent) {
  table_.with_before = true;
  begin_at({100, 0});
  transaction(
      100,
      {InsertMessage{kTable, row("a", "1")},
       UpdateMessage{.relation = kTable, .row = row("a", "2")},
       UpdateMessage{.relation = kTable, .old_row = row("a", "2"), .row = row("a", "3")},
       UpdateMessage{.relation = kTable, .old_row = row("a", "3"), .row = row("b", "3")},
       DeleteMessage{kTable, {{Kind::kBinary, "b"}, {Kind::kNull}}},
       TruncateMessage{{kTable}}});
  const std::string of_a = "{key:string = a, value:string = ";
  EXPECT_EQ(rows(), "c a=1 before -; u a=2 before -; u a=3 before " + of_a +
                        "2}; d a=3 " + "before " + of_a +
                        "3}; c b=3 before -; d b=- before " +
                        "{key:string = b, value:string = null}; t -=- before -");
}

TEST_F(ChangeLogs, WhatTheRowWasMayBeLeftOut) {
  table_.with_before = true;
  rows_ = ChangeRows::make(table_, {{"_op", "value"}}).ValueOrDie();
  log_.emplace(table_, ChangePosition{100, 0}, *rows_);
  transaction(100,
              {UpdateMessage{
                  .relation = kTable, .old_row = row("a", "1"), .row = row("a", "2")}});
  const auto batch = rows_->take().ValueOrDie();
  EXPECT_EQ(batch->schema()->field_names(), (std::vector<std::string>{"_op", "value"}));
  EXPECT_EQ(batch->num_rows(), 1);
}

TEST_F(ChangeLogs, WhatWasReadBeforeIsLeftOut) {
  const std::vector<ChangeMessage> two = {InsertMessage{kTable, row("a", "1")},
                                          InsertMessage{kTable, row("b", "1")}};
  begin_at({100, 1});
  transaction(90, two);
  transaction(100, two);
  EXPECT_EQ(rows(), "c b=1");
  begin_at({100, 2});
  transaction(100, two);
  EXPECT_EQ(rows(), "");
  EXPECT_EQ(log_->end(), (ChangePosition{108, 0}));
  transaction(108, two);
  EXPECT_EQ(rows(), "c a=1; c b=1");
}

TEST_F(ChangeLogs, ThePlaceInsideATransaction) {
  begin_at({100, 0});
  take(BeginMessage{.final_lsn = 200});
  take(InsertMessage{kTable, row("a", "1")});
  log_->pass(500);
  EXPECT_TRUE(log_->in_transaction());
  EXPECT_EQ(log_->end(), (ChangePosition{100, 0}));
  EXPECT_EQ(log_->inside(), (ChangePosition{200, 1}));
  take(CommitMessage{.lsn = 200, .end_lsn = 208});
  log_->pass(500);
  log_->pass(400);
  EXPECT_EQ(log_->end(), (ChangePosition{500, 0}));
}

TEST_F(ChangeLogs, OtherTablesAreNoConcern) {
  begin_at({100, 0});
  transaction(100, {InsertMessage{3, row("a", "1")}, DeleteMessage{4, row("a", "1")}});
  EXPECT_EQ(rows(), "");
}

TEST_F(ChangeLogs, OtherColumnsEndIt) {
  begin_at({100, 0});
  RelationMessage relation = relation_of(table_);
  relation.columns[1].type = kInt8;
  take(relation);
  take(relation_of(table_));
  transaction(100, {InsertMessage{kTable, row("a", "1")}});
  take(relation);
  transaction(200, {InsertMessage{3, row("a", "1")}});
  EXPECT_THAT(log_->take(InsertMessage{kTable, row("a", "1")}),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("other columns")));
}

TEST_F(ChangeLogs, AnotherTableOfTheNameEndsIt) {
  begin_at({100, 0});
  RelationMessage relation = relation_of(table_);
  relation.relation = 8;
  take(relation);
  EXPECT_THAT(log_->take(InsertMessage{8, row("a", "1")}),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("made anew")));
}

}  // namespace
}  // namespace velo::postgresql
