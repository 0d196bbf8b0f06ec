#pragma once

/// What stands in the server so that changes can be read: a publication, which says of
/// which table, and a slot, which keeps what was not confirmed yet.

#include <cstdint>
#include <stop_token>
#include <string>

#include "velo/connectors/postgresql/cdc/captured_table.h"
#include "velo/connectors/postgresql/cdc/change_position.h"
#include "velo/connectors/postgresql/client.h"
#include "velo/connectors/postgresql/options.h"

namespace velo::postgresql {

/// The names of a reader's slot and publication. Those that are ours end in the number of
/// the process that made them, which read the snapshot: one that was overtaken, and wakes
/// up, finds nothing of a newer one's under its own name. Of all that are there, those of
/// the greatest number are in use: whoever makes new ones has seen that nothing was
/// committed by those before it, and by then they cannot commit any more.
struct SlotNames {
  std::string slot;
  std::string publication;
  std::string reader;     ///< part of the names, and of what connections are called
  uint64_t process = 0;   ///< whose connections these are
  bool owns_slot = true;  ///< whether the name is no user's
  bool owns_publication = true;
  bool is_temporary = false;  ///< whether nothing is to be left behind

  /// Those that this process would make. `reader` is empty for one that nothing is kept
  /// for.
  static SlotNames of(const PostgresqlOptions& options, const std::string& reader,
                      uint64_t process);

  /// The same, as another process has made them.
  SlotNames made_by(uint64_t other) const;

  /// What the connections are called: "velo:READER:PROCESS:cdc".
  std::string application() const;
};

/// Find the number of the process that has made what is in use for a reader that goes on;
/// where nothing is there, the process's own.
Result<uint64_t> find_maker_in_use(Connection& connection, const SlotNames& names);

/// Drop what is ours and was made for the reader by processes below this number, ending
/// those that hold it. Idempotent. Errors: kFenced where a newer process holds it.
Status drop_made_below(uint64_t process, Connection& connection,
                       const PostgresqlOptions& options, const SlotNames& names,
                       std::stop_token stop);

/// Check that no newer process has begun to read. Errors: kFenced.
Status check_is_newest(Connection& connection, const SlotNames& names);

/// Check that the server can be asked for changes of the table, and by us.
/// Errors: kInvalidArgument, kNotImplemented, saying what to set.
Status check_server(Connection& connection, const PostgresqlOptions& options,
                    const CapturedTable& table);

/// Make the publication where it is not there, and check it where it is. `from` is where
/// the changes were read up to, nullptr where they begin with a snapshot.
/// Errors: kPermissionDenied; kInvalidArgument for one that leaves changes out;
/// kPositionLost for one that the table was taken out of.
Status ensure_publication(Connection& connection, const PostgresqlOptions& options,
                          const CapturedTable& table, const SlotNames& names,
                          const ChangePosition* from);

/// A slot that was just made: it has all that is committed behind `begin`, and the
/// snapshot all before it. The snapshot lives until the connection's next command.
struct NewSlot {
  uint64_t begin = 0;
  std::string snapshot;
};

/// Make the slot. Errors: kAlreadyExists for one of a user's name; kPermissionDenied.
Result<NewSlot> create_slot(Connection& connection, Connection& replication,
                            const PostgresqlOptions& options, const SlotNames& names,
                            std::stop_token stop);

/// Check that the slot still has all from this position on, and that nobody holds it: an
/// earlier process of this reader is ended.
/// Errors: kPositionLost; kConflict naming who holds it; kFenced where a newer one does.
Status check_slot(Connection& connection, const PostgresqlOptions& options,
                  const SlotNames& names, const std::string& split,
                  const ChangePosition& from, std::stop_token stop);

/// Drop the slot, ending this or an earlier process of this reader that holds it.
/// Idempotent. Errors: kConflict naming who holds it; kFenced where a newer one does.
Status drop_slot(Connection& connection, const PostgresqlOptions& options,
                 const SlotNames& names, std::stop_token stop);

/// Drop the publication, where its name is ours. Idempotent.
Status drop_publication(Connection& connection, const SlotNames& names);

}  // namespace velo::postgresql
