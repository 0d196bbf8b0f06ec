#include "velo/engine/lane.h"

#include <arrow/util/byte_size.h>

#include <chrono>
#include <utility>

#include "velo/base/catch_to_status.h"

namespace velo::engine {
namespace {

constexpr std::chrono::seconds kTellEvery{1};

}  // namespace

Lane::Lane(std::unique_ptr<EpochWriter> writer, int64_t queue_bytes,
           CommitObserver& observer, std::stop_source halt)
    : writer_(std::move(writer)), observer_(observer), queue_(queue_bytes) {
  thread_ = std::jthread([this, halt](const std::stop_token& stop) mutable {
    Status status = catch_to_status("while writing", [&] { return work(stop); });
    if (status.ok()) status = make_error(ErrorKind::kCancelled, {}, "stopped");
    queue_.close(status);
    halt.request_stop();
    refuse_queued(status);
  });
}

Lane::~Lane() = default;

Status Lane::write(Batch batch, const std::stop_token& stop,
                   const std::function<void()>& waiting) {
  const int64_t num_bytes = arrow::util::TotalBufferSize(*batch.rows);
  Work work = std::move(batch);
  while (!queue_.push_for(work, num_bytes, kTellEvery, stop)) {
    if (queue_.is_closed()) return queue_.error();
    if (stop.stop_requested()) return make_error(ErrorKind::kCancelled, {}, "stopped");
    waiting();
  }
  return Status::OK();
}

std::future<Result<CommitToken>> Lane::prepare(CommitRecord record) {
  Prepare prepare{std::move(record), {}};
  auto answer = prepare.answer.get_future();
  if (queue_.push(std::move(prepare), 0, {})) return answer;
  std::promise<Result<CommitToken>> failed;
  failed.set_value(queue_.error());
  return failed.get_future();
}

std::future<Status> Lane::change_schema(std::shared_ptr<arrow::Schema> schema) {
  Change change{std::move(schema), {}};
  auto answer = change.answer.get_future();
  if (queue_.push(std::move(change), 0, {})) return answer;
  std::promise<Status> failed;
  failed.set_value(queue_.error());
  return failed.get_future();
}

Status Lane::work(const std::stop_token& stop) {
  while (true) {
    ARROW_ASSIGN_OR_RAISE(std::optional<Work> next, queue_.pop(stop));
    if (!next) return Status::OK();
    ARROW_RETURN_NOT_OK(take(*std::move(next), stop));
  }
}

// Nobody is to wait for an answer that cannot come.
void Lane::refuse_queued(const Status& status) {
  while (true) {
    auto left = queue_.pop({});
    if (!left.ok() || !*left) return;
    if (auto* prepare = std::get_if<Prepare>(&**left)) prepare->answer.set_value(status);
    if (auto* change = std::get_if<Change>(&**left)) change->answer.set_value(status);
  }
}

Status Lane::take(Work work, const std::stop_token& stop) {
  if (auto* batch = std::get_if<Batch>(&work)) {
    ARROW_RETURN_NOT_OK(writer_->write(*batch, stop));
    bytes_written_.store(writer_->bytes_written(), std::memory_order_relaxed);
    observer_.reached(CommitStep::kInWrite);
    return Status::OK();
  }
  if (auto* change = std::get_if<Change>(&work)) {
    const Status status = catch_to_status("while the columns change", [&] {
      return writer_->change_schema(change->schema, stop);
    });
    bytes_written_.store(writer_->bytes_written(), std::memory_order_relaxed);
    change->answer.set_value(status);
    return status;
  }
  return prepare(std::get<Prepare>(work));
}

Status Lane::prepare(Prepare& prepare) {
  Result<CommitToken> token = Status::UnknownError("not prepared");
  const Status status = catch_to_status("while preparing", [&] {
    token = writer_->prepare(prepare.record);
    return token.status();
  });
  bytes_written_.store(writer_->bytes_written(), std::memory_order_relaxed);
  if (!status.ok()) token = status;
  prepare.answer.set_value(std::move(token));
  return status;
}

}  // namespace velo::engine
