#include <fmt/format.h>

#include <utility>

#include "velo/connectors/postgresql/cdc/message_reader.h"
#include "velo/connectors/postgresql/cdc/pgoutput.h"
#include "velo/connectors/postgresql/epoch.h"

namespace velo::postgresql {
namespace {

Status corrupt(std::string message) {
  return make_error(ErrorKind::kCorruptData, {.connector = "postgresql"},
                    "pgoutput: " + std::move(message));
}

int64_t read_time(MessageReader& reader) {
  // Unsigned, so that no time that a server may send overflows.
  return static_cast<int64_t>(reader.number<uint64_t>() +
                              static_cast<uint64_t>(kEpochMicros));
}

Result<Tuple> read_tuple(MessageReader& reader) {
  const auto num_fields = reader.number<uint16_t>();
  Tuple tuple;
  for (uint16_t i = 0; i < num_fields && reader.ok(); ++i) {
    TupleField field{.kind = static_cast<TupleField::Kind>(reader.letter())};
    switch (field.kind) {
      case TupleField::Kind::kNull:
      case TupleField::Kind::kUnchanged:
        break;
      case TupleField::Kind::kText:
      case TupleField::Kind::kBinary:
        field.bytes = reader.take(reader.number<uint32_t>());
        break;
      default:
        return corrupt("a value of an unknown kind");
    }
    tuple.push_back(field);
  }
  return tuple;
}

// One that must be of this kind.
Result<Tuple> read_tuple(MessageReader& reader, char kind) {
  if (reader.letter() != kind) return corrupt("another row was expected");
  return read_tuple(reader);
}

ChangeMessage read_begin(MessageReader& reader) {
  BeginMessage begin{.final_lsn = reader.number<uint64_t>()};
  begin.committed_at = read_time(reader);
  reader.number<uint32_t>();
  return begin;
}

ChangeMessage read_commit(MessageReader& reader) {
  reader.letter();
  CommitMessage commit{.lsn = reader.number<uint64_t>()};
  commit.end_lsn = reader.number<uint64_t>();
  read_time(reader);
  return commit;
}

ChangeMessage read_relation(MessageReader& reader) {
  RelationMessage relation{.relation = reader.number<uint32_t>()};
  relation.schema = reader.text();
  relation.table = reader.text();
  reader.letter();
  const auto num_columns = reader.number<uint16_t>();
  for (uint16_t i = 0; i < num_columns && reader.ok(); ++i) {
    reader.letter();
    RelationColumn column{.name = std::string(reader.text())};
    column.type = reader.number<uint32_t>();
    column.modifier = static_cast<int32_t>(reader.number<uint32_t>());
    relation.columns.push_back(std::move(column));
  }
  return relation;
}

Result<ChangeMessage> read_insert(MessageReader& reader) {
  InsertMessage insert{.relation = reader.number<uint32_t>()};
  ARROW_ASSIGN_OR_RAISE(insert.row, read_tuple(reader, 'N'));
  return insert;
}

Result<ChangeMessage> read_update(MessageReader& reader) {
  UpdateMessage update{.relation = reader.number<uint32_t>()};
  const char kind = reader.letter();
  if (kind == 'K') {
    ARROW_ASSIGN_OR_RAISE(update.old_key, read_tuple(reader));
  } else if (kind == 'O') {
    ARROW_ASSIGN_OR_RAISE(update.old_row, read_tuple(reader));
  }
  if (kind == 'N') {
    ARROW_ASSIGN_OR_RAISE(update.row, read_tuple(reader));
  } else {
    ARROW_ASSIGN_OR_RAISE(update.row, read_tuple(reader, 'N'));
  }
  return update;
}

Result<ChangeMessage> read_delete(MessageReader& reader) {
  DeleteMessage deleted{.relation = reader.number<uint32_t>()};
  const char kind = reader.letter();
  if (kind != 'K' && kind != 'O') return corrupt("a deleted row was expected");
  ARROW_ASSIGN_OR_RAISE(deleted.old, read_tuple(reader));
  return deleted;
}

ChangeMessage read_truncate(MessageReader& reader) {
  TruncateMessage truncate;
  const auto num_relations = reader.number<uint32_t>();
  reader.letter();
  for (uint32_t i = 0; i < num_relations && reader.ok(); ++i) {
    truncate.relations.push_back(reader.number<uint32_t>());
  }
  return truncate;
}

Result<ChangeMessage> read_message(char kind, MessageReader& reader) {
  switch (kind) {
    case 'B':
      return read_begin(reader);
    case 'C':
      return read_commit(reader);
    case 'R':
      return read_relation(reader);
    case 'I':
      return read_insert(reader);
    case 'U':
      return read_update(reader);
    case 'D':
      return read_delete(reader);
    case 'T':
      return read_truncate(reader);
    case 'O':
    case 'Y':
    case 'M':
      return OtherMessage();
    default:
      return corrupt(fmt::format("a message of an unknown kind ({})",
                                 static_cast<unsigned char>(kind)));
  }
}

}  // namespace

Result<ChangeMessage> decode_change_message(std::string_view bytes) {
  MessageReader reader(bytes);
  const char kind = reader.letter();
  ARROW_ASSIGN_OR_RAISE(auto message, read_message(kind, reader));
  if (!reader.ok()) return corrupt("a message ends too early");
  return message;
}

}  // namespace velo::postgresql
