#include "velo/connectors/iceberg/table_metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "velo/connectors/iceberg/pipeline_tag.h"
#include "velo/connectors/iceberg/scan.h"
#include "velo/connectors/iceberg/table_commit.h"
#include "velo/testing/matchers.h"

namespace velo::iceberg {
namespace {

using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using velo::testing::IsError;
using velo::testing::IsOk;

TableMetadata new_table() {
  const TableSchema schema{.id = 0, .columns = {{.id = 1, .name = "id", .type = "long"}}};
  return *parse_table_metadata("new", new_table_metadata("file:///lake/t", schema));
}

// The table after a snapshot was added to main, which moves a tag along.
TableMetadata after(const TableMetadata& table, int64_t id, const std::string& tag = "") {
  Snapshot snapshot{.id = id,
                    .parent_id = table.ref("main"),
                    .sequence_number = table.last_sequence_number + 1,
                    .timestamp_ms = 1000 * id,
                    .manifest_list = "list.avro",
                    .summary = {{"operation", "append"}},
                    .schema_id = 0};
  TableCommit commit{.snapshot = snapshot,
                     .changed_refs = {{"main", {.snapshot_id = id, .is_branch = true}}}};
  if (!tag.empty()) commit.changed_refs.push_back({tag, {.snapshot_id = id}});
  return *parse_table_metadata("next", *apply(commit, table, "old.json"));
}

TEST(TableMetadata, OfANewTable) {
  const TableMetadata table = new_table();
  EXPECT_EQ(table.format_version, 2);
  EXPECT_EQ(table.uuid.size(), 36U);
  EXPECT_EQ(table.data_location(), "file:///lake/t/data");
  EXPECT_FALSE(table.is_partitioned);
  EXPECT_EQ(table.ref("main"), std::nullopt);
  EXPECT_EQ(table.schema().find("ID")->id, 1);
}

TEST(TableMetadata, OfOldTables) {
  const auto table = parse_table_metadata("old", R"({"format-version": 1,
      "location": "s3://b/t/", "current-snapshot-id": 7, "properties": {},
      "schema": {"type": "struct", "fields": [
        {"id": 3, "name": "a", "required": true, "type": "int"},
        {"id": 4, "name": "b", "required": false,
         "type": {"type": "list", "element-id": 5, "element": "int"}}]},
      "partition-spec": [{"source-id": 3, "field-id": 1000, "name": "a",
                          "transform": "identity"}],
      "snapshots": [{"snapshot-id": 7, "timestamp-ms": 5, "manifest-list": "l"}]})");
  ASSERT_THAT(table, IsOk());
  EXPECT_EQ(table->data_location(), "s3://b/t/data");
  EXPECT_EQ(table->ref("main"), 7);
  EXPECT_TRUE(table->is_partitioned);
  EXPECT_EQ(table->identity_partition_ids, std::vector<int>{3});
  EXPECT_THAT(arrow_schema_of(table->schema()),
              IsError(ErrorKind::kNotImplemented, HasSubstr("column 'b' is a list")));
}

TEST(TableMetadata, WhatIsNoneIsRefused) {
  for (const char* text : {"", "[]", "{}", R"({"format-version": 2})",
                           R"({"format-version": 2, "location": "x", "schemas": [],
                               "current-schema-id": 0})"}) {
    EXPECT_THAT(parse_table_metadata("bad.json", text),
                IsError(ErrorKind::kCorruptData, HasSubstr("bad.json")));
  }
  EXPECT_THAT(parse_table_metadata("bad.json", R"({"format-version": 9})"),
              IsError(ErrorKind::kNotImplemented, _));
}

TEST(TableCommit, ChangesWhatItSays) {
  const TableMetadata table = after(after(new_table(), 1), 2, "velo_p.main.f1");
  EXPECT_EQ(table.ref("main"), 2);
  EXPECT_EQ(table.ref("velo_p.main.f1"), 2);
  EXPECT_EQ(table.last_sequence_number, 2);
  EXPECT_EQ(table.find_snapshot(2)->parent_id, 1);
  EXPECT_THAT(table.text, HasSubstr(R"("metadata-file":"old.json")"));
  EXPECT_THAT(table.text, HasSubstr(R"("current-snapshot-id":2)"));
}

TEST(TableCommit, ChangesNothingWhereSomethingDoesNotHold) {
  const TableMetadata table = after(new_table(), 1);
  for (const RefRequirement& requirement :
       {RefRequirement{"main", 2}, RefRequirement{"main", std::nullopt},
        RefRequirement{"tag", 1}}) {
    EXPECT_THAT(apply({.requirements = {requirement}}, table, "t"),
                IsError(ErrorKind::kConflict, _));
  }
  EXPECT_THAT(apply({.requirements = {{"main", 1}, {"tag", std::nullopt}}}, table, "t"),
              IsOk());
}

TEST(TableCommit, AsARequest) {
  const std::string request =
      request_of({.requirements = {{"main", std::nullopt}, {"tag", 5}},
                  .removed_refs = {"old"},
                  .changed_refs = {{"tag", {.snapshot_id = 6}}}},
                 "the-uuid");
  EXPECT_EQ(request,
            R"({"requirements":[{"type":"assert-table-uuid","uuid":"the-uuid"},)"
            R"({"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":null},)"
            R"({"type":"assert-ref-snapshot-id","ref":"tag","snapshot-id":5}],)"
            R"("updates":[{"action":"remove-snapshot-ref","ref-name":"old"},)"
            R"({"action":"set-snapshot-ref","ref-name":"tag","type":"tag",)"
            R"("snapshot-id":6}]})");
}

TEST(PipelineTag, IsTheOneOfTheHighestFence) {
  TableMetadata table = new_table();
  table.refs = {{"velo_p.main.f2", {.snapshot_id = 2}},
                {"velo_p.main.f10", {.snapshot_id = 10}},
                {"velo_p.main.f11", {.snapshot_id = 11, .is_branch = true}},
                {"velo_p.main.f12x", {.snapshot_id = 12}},
                {"velo_p.other.f13", {.snapshot_id = 13}},
                {"velo_p_q.main.f14", {.snapshot_id = 14}}};
  const auto tag = find_tag(table, "p", "main");
  ASSERT_TRUE(tag);
  EXPECT_EQ(tag->fence, 10U);
  EXPECT_EQ(tag->snapshot_id, 10);
  EXPECT_FALSE(find_tag(table, "q", "main"));
}

TEST(IsAncestor, FollowsParents) {
  const TableMetadata table = after(after(after(new_table(), 1), 2), 3);
  EXPECT_TRUE(is_ancestor(table, 1, 3));
  EXPECT_TRUE(is_ancestor(table, 3, 3));
  EXPECT_FALSE(is_ancestor(table, 3, 1));  // rolled back
  EXPECT_FALSE(is_ancestor(table, 9, 3));
}

TEST(IsAncestor, GoesByTheOrderWhereSnapshotsWereExpired) {
  TableMetadata table = after(after(after(new_table(), 1), 2), 3);
  table.snapshots.erase(2);
  EXPECT_TRUE(is_ancestor(table, 1, 3));
  table.snapshots.at(1).parent_id = 3;  // of whoever means harm
  table.snapshots.at(3).parent_id = 1;
  EXPECT_FALSE(is_ancestor(table, 9, 3));
}

TEST(ScanPosition, GoesToBytesAndBack) {
  const ScanPosition position{.order = 3,
                              .file = 1,
                              .row = 500,
                              .range = {.after = 5, .snapshot = 7},
                              .table_uuid = "a uuid"};
  const auto back = ScanPosition::decode(position.encode());
  ASSERT_THAT(back, IsOk());
  EXPECT_EQ(back->encode(), position.encode());
  EXPECT_EQ(back->range, position.range);
  EXPECT_EQ(back->table_uuid, position.table_uuid);
  ScanPosition later = position;
  later.row = 501;
  EXPECT_LT(position.encode(), later.encode());
  later = {.order = 4, .range = {.after = 7, .snapshot = 2}};
  EXPECT_LT(position.encode(), later.encode());
  EXPECT_THAT(ScanPosition::decode({"short"}), IsError(ErrorKind::kCorruptData, _));
}

TEST(ScanPosition, IsOfOneTable) {
  const TableMetadata table = after(new_table(), 1);
  ScanPosition position{.table_uuid = table.uuid};
  EXPECT_THAT(check_is_of(table, position, "t"), IsOk());
  position.table_uuid = "";  // it had none then
  EXPECT_THAT(check_is_of(table, position, "t"), IsOk());
  position.table_uuid = "another";
  EXPECT_THAT(check_is_of(table, position, "t"),
              IsError(ErrorKind::kPositionLost, HasSubstr("another")));
}

TEST(PlanFiles, WhatWasReadCannotBeGone) {
  const auto files = open_file_io("file:///lake/t", {}, {});
  ASSERT_THAT(files, IsOk());
  EXPECT_THAT(plan_files(**files, new_table(), {}, "t"), IsOk());
  EXPECT_THAT(plan_files(**files, new_table(), {.after = 5}, "t"),
              IsError(ErrorKind::kPositionLost, HasSubstr("has none now")));
}

TEST(ScanPositions, AreSaidInWords) {
  ScanPosition position{.order = 7, .file = 3, .row = 12};
  EXPECT_EQ(describe_position("", position.encode()), "a table without snapshots");
  position.range.snapshot = 99;
  EXPECT_EQ(describe_position("", position.encode()), "file 3, row 12 of snapshot 99");
  position.range.after = 98;
  EXPECT_EQ(describe_position("", position.encode()),
            "file 3, row 12 of snapshot 99, after snapshot 98");
  EXPECT_EQ(describe_position("", {"short"}), "");
}

TEST(PipelineTags, TellWhichPipelinesThereAre) {
  TableMetadata table = new_table();
  const Ref tag{.snapshot_id = 1};
  table.refs = {{"main", {.snapshot_id = 1, .is_branch = true}},
                {tag_name("orders", "main", 3), tag},
                {tag_name("orders", "main", 2), tag},
                {tag_name("a_b", "main", 1), tag},
                {tag_name("other", "staging", 1), tag},
                {"velo_words.main.fine", tag},
                {"velo_none", tag},
                {"orders.main.f1", tag}};
  EXPECT_THAT(pipelines_with_tags(table, "main"), ElementsAre("a_b", "orders"));
  EXPECT_THAT(pipelines_with_tags(table, "staging"), ElementsAre("other"));
  EXPECT_THAT(pipelines_with_tags(table, "elsewhere"), IsEmpty());
}

}  // namespace
}  // namespace velo::iceberg
