#pragma once

/// What the verbs of the command line share.

#include <stop_token>
#include <string>
#include <string_view>

#include "velo/api.h"

namespace velo::cli {

/// Exit codes (docs/guide/command-line.md).
enum ExitCode : int {
  kDone = 0,
  kSystemFailed = 1,
  kCannotAsAsked = 2,
  kBug = 70,
  kInterrupted = 130,
};

/// The exit code of a failed status, by its kind.
int exit_code_of(const Status& status);

/// Say of a stop what was stopped, by which signal and with what outcome; any other
/// status passes unchanged.
Status explain_stop(const Status& status, std::string_view what,
                    std::string_view outcome);

/// Tell of a failed status, "velo: MESSAGE", and return the exit code. `pipeline` is the
/// id of the one that has failed, if one has.
int report(const Status& status, const std::string& pipeline = {});

/// Turns SIGINT and SIGTERM into a stop request; a second one ends the process at once.
/// One per process, made before any other thread.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  std::stop_token token() const;
  /// The signal that came, or 0.
  int signal() const;
  /// The exit code of a success: that of Ctrl-C where it ended what could have gone on.
  int exit_code() const;
};

/// The connectors that are built in; what is opened by them heeds Ctrl-C and SIGTERM
/// (Registry::with_stop).
const Registry& registry();

}  // namespace velo::cli
