#pragma once

/// What the output plugin pgoutput says of changes, version 1 of its protocol:
///
///     message  := 'B' final_lsn:int64 at:int64 xid:int32
///               | 'C' flags:byte lsn:int64 end_lsn:int64 at:int64
///               | 'R' relation:int32 schema:text name:text identity:byte
///                 num_columns:int16 column …
///               | 'I' relation:int32 'N' tuple
///               | 'U' relation:int32 ['K' tuple | 'O' tuple] 'N' tuple
///               | 'D' relation:int32 ('K' tuple | 'O' tuple)
///               | 'T' num_relations:int32 flags:byte relation:int32 …
///               | 'O' …, 'Y' …, 'M' …        origins, types and messages: not needed
///     column   := flags:byte name:text type:int32 modifier:int32
///     tuple    := num_fields:int16 field …
///     field    := 'n' | 'u' | ('t' | 'b') size:int32 bytes
///
/// Numbers are big-endian, texts end with a zero byte; times are microseconds since
/// 2000-01-01. Source: PostgreSQL manual, Logical Replication Message Formats.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "velo/error.h"

namespace velo::postgresql {

/// A transaction begins, whose COMMIT is at `final_lsn`.
struct BeginMessage {
  uint64_t final_lsn = 0;
  int64_t committed_at = 0;  ///< microseconds since 1970-01-01
};

struct CommitMessage {
  uint64_t lsn = 0;
  uint64_t end_lsn = 0;  ///< where what follows begins
};

struct RelationColumn {
  std::string name;
  uint32_t type = 0;
  int32_t modifier = -1;
  bool operator==(const RelationColumn&) const = default;
};

/// What the rows of a table that follow look like.
struct RelationMessage {
  uint32_t relation = 0;
  std::string schema;
  std::string table;
  std::vector<RelationColumn> columns;
};

/// A value; its bytes live as long as the message.
struct TupleField {
  enum class Kind : char { kNull = 'n', kUnchanged = 'u', kText = 't', kBinary = 'b' };
  Kind kind = Kind::kNull;
  std::string_view bytes;
};
using Tuple = std::vector<TupleField>;

struct InsertMessage {
  uint32_t relation = 0;
  Tuple row;
};

struct UpdateMessage {
  uint32_t relation = 0;
  std::optional<Tuple> old_key;  ///< where the key has changed; else NULL but for it
  std::optional<Tuple> old_row;  ///< REPLICA IDENTITY FULL
  Tuple row;
};

struct DeleteMessage {
  uint32_t relation = 0;
  Tuple old;  ///< the key, or with REPLICA IDENTITY FULL the row
};

struct TruncateMessage {
  std::vector<uint32_t> relations;
};

/// One that says nothing of rows.
struct OtherMessage {};

using ChangeMessage =
    std::variant<BeginMessage, CommitMessage, RelationMessage, InsertMessage,
                 UpdateMessage, DeleteMessage, TruncateMessage, OtherMessage>;

/// Errors: kCorruptData.
Result<ChangeMessage> decode_change_message(std::string_view bytes);

}  // namespace velo::postgresql
