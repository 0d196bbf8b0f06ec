#include "velo/testing/conformance/reading.h"

#include <fmt/format.h>

#include <chrono>
#include <variant>

#include "velo/base/cut_source.h"

namespace velo::testing {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kLongestRead{30};

Status too_long(int64_t num_rows) {
  return make_error(ErrorKind::kInternal, {},
                    fmt::format("nothing more has come in {} s, after {} rows",
                                kLongestRead.count(), num_rows));
}

}  // namespace

Status put(const Connector& connector, const Place& place,
           const std::vector<Rows>& rows) {
  ARROW_ASSIGN_OR_RAISE(const auto sink, connector.create_sink(place.sink()));
  ARROW_RETURN_NOT_OK(sink->promise(std::nullopt));
  ARROW_ASSIGN_OR_RAISE(const auto writer, sink->create_writer({.all_at_once = true}));
  for (const Rows& batch : rows) ARROW_RETURN_NOT_OK(writer->write({.rows = batch}));
  ARROW_RETURN_NOT_OK(writer->finish());
  return place.settle();
}

Result<std::unique_ptr<DataSource>> open_source(
    const Connector& connector, const Place& place,
    const std::shared_ptr<arrow::Schema>& schema) {
  return connector.create_source(place.source(*schema));
}

Result<std::vector<Rows>> take_all(DataReader& reader) {
  std::vector<Rows> all;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const auto batch, reader.read());
    if (!batch) return all;
    ARROW_RETURN_NOT_OK(batch->rows->ValidateFull());
    all.push_back(batch->rows);
  }
}

Result<std::vector<Rows>> read_all(const Connector& connector, const Place& place,
                                   const std::shared_ptr<arrow::Schema>& schema) {
  ARROW_ASSIGN_OR_RAISE(const auto source, open_source(connector, place, schema));
  ARROW_ASSIGN_OR_RAISE(const auto reader, source->create_reader({.once = true}));
  return take_all(*reader);
}

Result<std::vector<Rows>> read_place(const Connector& connector, const Place& place,
                                     const std::shared_ptr<arrow::Schema>& schema) {
  auto rows = read_all(connector, place, schema);
  if (rows.ok() || kind_of(rows.status()) != ErrorKind::kNotFound) return rows;
  return std::vector<Rows>();
}

Result<std::unique_ptr<SplitReading>> SplitReading::start(DataSource& source,
                                                          const ReadOptions& options,
                                                          const Positions& from) {
  std::unique_ptr<SplitReading> reading(new SplitReading);
  go_on_from(*source.splits(), from);
  ARROW_ASSIGN_OR_RAISE(reading->discovery_, source.splits()->discover());
  ARROW_ASSIGN_OR_RAISE(reading->reader_, source.splits()->create_split_reader(options));
  reading->once_ = options.once;
  reading->from_ = from;
  ARROW_RETURN_NOT_OK(reading->look_for_splits(milliseconds(1000), {}));
  return reading;
}

Status SplitReading::look_for_splits(milliseconds max_wait, const std::stop_token& stop) {
  if (complete_) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(const NewSplits found, discovery_->poll(max_wait, stop));
  complete_ = found.complete || once_;
  if (found.added.empty()) return Status::OK();
  std::vector<SplitStart> starts;
  for (const SplitId& split : found.added) {
    const auto known = from_.find(split);
    splits_.push_back(split);
    starts.push_back(
        {split, known == from_.end() ? std::nullopt : std::optional(known->second)});
  }
  return reader_->assign(starts);
}

Result<Event> SplitReading::poll(const PollLimits& limits, const std::stop_token& stop) {
  ARROW_RETURN_NOT_OK(look_for_splits(milliseconds(0), stop));
  ARROW_ASSIGN_OR_RAISE(Event event, reader_->poll(limits, stop));
  if (auto* batch = std::get_if<Batch>(&event)) {
    ARROW_RETURN_NOT_OK(batch->rows->ValidateFull());
    num_rows_ += batch->rows->num_rows();
    batches_.push_back(*batch);
    if (!batch->position.bytes.empty()) positions_[batch->split] = {batch->position};
  } else if (const auto* ended = std::get_if<SplitEnded>(&event)) {
    positions_[ended->split] = {ended->position, /*ended=*/true};
  }
  return event;
}

Status SplitReading::read_rows(int64_t num_rows) {
  const auto deadline = std::chrono::steady_clock::now() + kLongestRead;
  while (num_rows_ < num_rows) {
    if (std::chrono::steady_clock::now() > deadline) return too_long(num_rows_);
    ARROW_RETURN_NOT_OK(poll({}).status());
  }
  return Status::OK();
}

Status SplitReading::read_to_end() {
  const auto deadline = std::chrono::steady_clock::now() + kLongestRead;
  while (std::chrono::steady_clock::now() < deadline) {
    ARROW_ASSIGN_OR_RAISE(const Event event, poll({}));
    if (std::holds_alternative<End>(event) && complete_) return Status::OK();
  }
  return too_long(num_rows_);
}

std::vector<Rows> SplitReading::rows() const {
  std::vector<Rows> all;
  for (const Batch& batch : batches_) all.push_back(batch.rows);
  return all;
}

}  // namespace velo::testing
