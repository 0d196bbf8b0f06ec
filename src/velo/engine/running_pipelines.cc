#include "velo/running_pipelines.h"

#include <utility>

#include "velo/base/catch_to_status.h"

namespace velo {

RunningPipelines::RunningPipelines(bool fail_fast, const std::stop_token& stop)
    : fail_fast_(fail_fast), forward_(stop, [this] { halt_.request_stop(); }) {}

RunningPipelines::~RunningPipelines() { halt_.request_stop(); }

void RunningPipelines::start(const std::string& name,
                             std::function<Status(const std::stop_token&)> run) {
  {
    std::lock_guard lock(mutex_);
    if (!name.empty()) waited_for_.insert(name);
  }
  threads_.emplace_back([this, name, run = std::move(run)] {
    const Status status =
        catch_to_status("while running", [&] { return run(halt_.get_token()); });
    if (!status.ok()) failed(name, status);
    end(name);
  });
}

void RunningPipelines::committed(const std::string& name) { end(name); }

void RunningPipelines::end(const std::string& name) {
  std::lock_guard lock(mutex_);
  if (waited_for_.erase(name) > 0) changed_.notify_all();
}

bool RunningPipelines::is_to_be_waited_for(const std::string& name) const {
  std::lock_guard lock(mutex_);
  return waited_for_.contains(name);
}

void RunningPipelines::wait_for_commit(const std::string& name) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, halt_.get_token(), [&] { return !waited_for_.contains(name); });
}

void RunningPipelines::failed(const std::string& name, const Status& failure) {
  {
    std::lock_guard lock(mutex_);
    if (!name.empty()) failed_.insert(name);
    const bool is_stop = kind_of(failure) == ErrorKind::kCancelled;
    const bool was_stop = kind_of(failure_) == ErrorKind::kCancelled;
    if (failure_.ok() || (was_stop && !is_stop)) failure_ = failure;
  }
  if (fail_fast_) halt_.request_stop();
}

bool RunningPipelines::has_failed(const std::string& name) const {
  std::lock_guard lock(mutex_);
  return failed_.contains(name);
}

Status RunningPipelines::wait_for_all() {
  threads_.clear();  // which joins
  std::lock_guard lock(mutex_);
  return failure_;
}

}  // namespace velo
