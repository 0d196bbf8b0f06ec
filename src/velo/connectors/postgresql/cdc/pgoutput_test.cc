#include "velo/connectors/postgresql/cdc/pgoutput.h"

#include <gtest/gtest.h>

#include "velo/base/hex.h"
#include "velo/connectors/postgresql/cdc/stream_message.h"
#include "velo/testing/matchers.h"

namespace velo::postgresql {
namespace {

using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using Kind = TupleField::Kind;

std::string bytes_of(std::string_view digits) { return hex_decode(digits).value(); }

// What PostgreSQL 15.18 sent, read by pg_logical_slot_peek_binary_changes(…,
// 'proto_version', '1', 'binary', 'true') of a table t (id bigint PRIMARY KEY, name text
// STORAGE EXTERNAL, uid uuid, doc jsonb, fixed char(4)) in a schema "cdcg".
constexpr char kBegin[] = "42000000004aefba48000303e19e719127000030e0";
constexpr char kCommit[] = "4300000000004aefba48000000004aefba78000303e19e719127";
constexpr char kRelation[] =
    "520000739f636463670074006400050169640000000014ffffffff006e616d650000000019ffffffff"
    "007569640000000b86ffffffff00646f630000000edaffffffff006669786564000000041200000008";
constexpr char kInsert[] =
    "490000739f4e00056200000008000000000000000762000000016e6200000010a0eebc999c0b4ef8bb6d"
    "6bb9bd380a116200000009017b2261223a20317d620000000461622020";
// A name of 3000 characters was not touched.
constexpr char kUpdate[] =
    "550000739f4e000562000000080000000000000009756e6e620000000463202020";
constexpr char kNewKey[] =
    "550000739f4b0005620000000800000000000000076e6e6e6e4e00056200000008000000000000000862"
    "000000016e6200000010a0eebc999c0b4ef8bb6d6bb9bd380a116200000009017b2261223a20317d6200"
    "00000461622020";
constexpr char kDelete[] = "440000739f4b0005620000000800000000000000086e6e6e6e";
constexpr char kTruncate[] = "5400000001000000739f";
constexpr uint32_t kTable = 0x739F;

template <typename Message>
Message decoded(const std::string& bytes) {
  const auto message = decode_change_message(bytes);
  EXPECT_THAT(message, IsOk());
  return std::get<Message>(*message);
}

TEST(Pgoutput, BeginAndCommit) {
  const auto begin = decoded<BeginMessage>(bytes_of(kBegin));
  EXPECT_EQ(begin.final_lsn, 0x4AEFBA48);
  EXPECT_EQ(begin.committed_at, 0x000303E19E719127 + 946'684'800'000'000);
  const auto commit = decoded<CommitMessage>(bytes_of(kCommit));
  EXPECT_EQ(commit.lsn, 0x4AEFBA48);
  EXPECT_EQ(commit.end_lsn, 0x4AEFBA78);
}

TEST(Pgoutput, Relation) {
  const auto relation = decoded<RelationMessage>(bytes_of(kRelation));
  EXPECT_EQ(relation.relation, kTable);
  EXPECT_EQ(relation.schema, "cdcg");
  EXPECT_EQ(relation.table, "t");
  ASSERT_EQ(relation.columns.size(), 5);
  EXPECT_EQ(relation.columns[0], (RelationColumn{"id", 20, -1}));
  EXPECT_EQ(relation.columns[4], (RelationColumn{"fixed", 1042, 8}));
}

TEST(Pgoutput, Rows) {
  const std::string insert = bytes_of(kInsert);
  const auto inserted = decoded<InsertMessage>(insert);
  EXPECT_EQ(inserted.relation, kTable);
  ASSERT_EQ(inserted.row.size(), 5);
  EXPECT_EQ(inserted.row[0].kind, Kind::kBinary);
  EXPECT_EQ(inserted.row[0].bytes, std::string_view("\0\0\0\0\0\0\0\7", 8));
  EXPECT_EQ(inserted.row[1].bytes, "n");
  EXPECT_EQ(inserted.row[3].bytes, "\1{\"a\": 1}");
  EXPECT_EQ(inserted.row[4].bytes, "ab  ");

  const std::string update = bytes_of(kUpdate);
  const auto updated = decoded<UpdateMessage>(update);
  EXPECT_FALSE(updated.old_key || updated.old_row);
  EXPECT_EQ(updated.row.at(1).kind, Kind::kUnchanged);
  EXPECT_EQ(updated.row.at(2).kind, Kind::kNull);

  const auto moved = decoded<UpdateMessage>(bytes_of(kNewKey));
  ASSERT_TRUE(moved.old_key);
  EXPECT_EQ(moved.old_key->at(1).kind, Kind::kNull);
  EXPECT_EQ(moved.row.size(), 5);

  EXPECT_EQ(decoded<DeleteMessage>(bytes_of(kDelete)).old.size(), 5);
  EXPECT_EQ(decoded<TruncateMessage>(bytes_of(kTruncate)).relations,
            std::vector<uint32_t>{kTable});
}

TEST(Pgoutput, WhatIsOfNoUseIsPassedOver) {
  for (const char* kind : {"O", "Y", "M"}) {
    decoded<OtherMessage>(std::string(kind) + "anything");
  }
}

TEST(Pgoutput, NoMessageThatEndsTooEarly) {
  for (const char* digits :
       {kBegin, kCommit, kRelation, kInsert, kUpdate, kNewKey, kDelete, kTruncate}) {
    const std::string whole = bytes_of(digits);
    for (size_t size = 0; size < whole.size(); ++size) {
      EXPECT_THAT(decode_change_message(whole.substr(0, size)),
                  IsError(ErrorKind::kCorruptData, HasSubstr("pgoutput: ")))
          << digits << ", " << size << " bytes";
    }
  }
}

TEST(Pgoutput, NothingUnknown) {
  EXPECT_THAT(decode_change_message("S123"),
              IsError(ErrorKind::kCorruptData, HasSubstr("unknown kind (83)")));
  EXPECT_THAT(decode_change_message(bytes_of("49000040014e000178")),
              IsError(ErrorKind::kCorruptData, HasSubstr("a value of an unknown kind")));
  EXPECT_THAT(decode_change_message(bytes_of("49000040014b000178")),
              IsError(ErrorKind::kCorruptData, HasSubstr("another row was expected")));
}

TEST(StreamMessages, FromTheServer) {
  const std::string data =
      "w" + bytes_of("0000000028ff0102") + std::string(8 * 2, '\1') + "change";
  const auto change = decode_stream_message(data);
  ASSERT_THAT(change, IsOk());
  EXPECT_EQ(std::get<StreamData>(*change).place, 0x28ff0102);
  EXPECT_EQ(std::get<StreamData>(*change).bytes, "change");
  const auto alive =
      decode_stream_message(bytes_of("6b00000000290000000002fcb2f19c0a5c01"));
  ASSERT_THAT(alive, IsOk());
  EXPECT_EQ(std::get<KeepAlive>(*alive).end, 0x29000000);
  EXPECT_TRUE(std::get<KeepAlive>(*alive).answer_now);
  for (const char* bytes : {"", "k", "w123", "x"}) {
    EXPECT_THAT(decode_stream_message(bytes),
                IsError(ErrorKind::kCorruptData, HasSubstr("no message")));
  }
}

TEST(StreamMessages, FromTheClient) {
  const std::string bytes = encode_standby_status(
      {.written = 0x30, .flushed = 0x20, .at = 946'684'800'000'001, .answer_now = true});
  EXPECT_EQ(hex_encode(bytes),
            "72000000000000003000000000000000200000000000000020000000000000000101");
}

}  // namespace
}  // namespace velo::postgresql
