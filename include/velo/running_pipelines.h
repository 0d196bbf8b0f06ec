#pragma once

/// Pipelines beside each other: those whose rows never end.

#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <thread>

#include "velo/error.h"

namespace velo {

/// Each is on a thread of its own. One may have a name, by which others ask whether there
/// is something to read of what it writes. Threads: failed() and
/// committed() by any, all else by one.
class RunningPipelines {
 public:
  /// `stop` ends them all; with `fail_fast` so does the first failure.
  RunningPipelines(bool fail_fast, const std::stop_token& stop);
  /// Ends them, and waits.
  ~RunningPipelines();

  /// What ends them, and whatever else is run beside them.
  std::stop_token stop() const { return halt_.get_token(); }

  /// Run `run` on a thread of its own; its name may be empty.
  void start(const std::string& name, std::function<Status(const std::stop_token&)> run);

  /// That of this name has committed something, now or ever. Threads: any.
  void committed(const std::string& name);

  /// Whether it runs and has not committed anything, so that there may be nothing to read
  /// of what it writes.
  bool is_to_be_waited_for(const std::string& name) const;

  /// Wait until that is no longer so, or all are stopped.
  void wait_for_commit(const std::string& name);

  /// Take note of a failure, of those that run here or of another; `name` as in start().
  void failed(const std::string& name, const Status& failure);

  /// Whether that of this name has failed.
  bool has_failed(const std::string& name) const;

  /// Wait until all have ended. Returns the first failure that was not a stop, else that.
  Status wait_for_all();

 private:
  void end(const std::string& name);

  const bool fail_fast_;
  std::stop_source halt_;
  const std::stop_callback<std::function<void()>> forward_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  // Guarded by mutex_.
  std::set<std::string> waited_for_;  // run, and have not committed
  std::set<std::string> failed_;
  Status failure_;
  // Of the thread that starts them.
  std::list<std::jthread> threads_;
};

}  // namespace velo
