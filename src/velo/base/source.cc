#include "velo/source.h"

#include <fmt/format.h>

#include <utility>
#include <variant>

#include "velo/base/first_failure.h"

namespace velo {
namespace {

using std::chrono::milliseconds;

// How long one look for new splits may take while others are being read.
constexpr milliseconds kNoWait{0};
// How long a poll may take while splits can still come.
constexpr milliseconds kPollWait{200};
constexpr milliseconds kLongestWait{1000};

class AllSplitsReader : public DataReader {
 public:
  AllSplitsReader(std::unique_ptr<SplitDiscovery> discovery,
                  std::unique_ptr<SplitReader> reader,
                  std::shared_ptr<arrow::Schema> schema, int64_t most_bytes_at_once)
      : discovery_(std::move(discovery)),
        reader_(std::move(reader)),
        schema_(std::move(schema)),
        most_bytes_at_once_(most_bytes_at_once) {}

  Result<std::optional<Batch>> read(std::stop_token stop) override {
    return failure_.unless_failed([&] { return read_next(stop); });
  }

 private:
  Result<std::optional<Batch>> read_next(const std::stop_token& stop) {
    while (true) {
      if (!complete_) ARROW_RETURN_NOT_OK(look_for_splits(stop));
      if (ended_ && complete_) break;
      if (ended_) continue;
      ARROW_ASSIGN_OR_RAISE(
          Event event, reader_->poll({.max_bytes = most_bytes_at_once_,
                                      .max_wait = complete_ ? kLongestWait : kPollWait},
                                     stop));
      if (auto* batch = std::get_if<Batch>(&event)) {
        has_read_ = true;
        return std::move(*batch);
      }
      ended_ = std::holds_alternative<End>(event);
    }
    if (std::exchange(has_read_, true)) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(auto rows, arrow::RecordBatch::MakeEmpty(schema_));
    return Batch{std::move(rows)};
  }

  Status look_for_splits(const std::stop_token& stop) {
    ARROW_ASSIGN_OR_RAISE(const NewSplits found,
                          discovery_->poll(ended_ ? kLongestWait : kNoWait, stop));
    complete_ = found.complete;
    if (found.added.empty()) return Status::OK();
    std::vector<SplitStart> starts;
    for (const SplitId& split : found.added) {
      starts.push_back({.split = split, .from = {}, .came_later = has_begun_});
    }
    has_begun_ = true;
    ended_ = false;
    return reader_->assign(starts);
  }

  const std::unique_ptr<SplitDiscovery> discovery_;
  const std::unique_ptr<SplitReader> reader_;
  const std::shared_ptr<arrow::Schema> schema_;
  const int64_t most_bytes_at_once_;
  bool complete_ = false;   // all splits are known
  bool has_begun_ = false;  // some are
  bool ended_ = true;       // those that are assigned have
  bool has_read_ = false;
  FirstFailure failure_;
};

}  // namespace

std::vector<std::string> SplitSource::kept_for(const std::string&) const { return {}; }

Status SplitSource::forget(const std::string&) { return Status::OK(); }

Status SplitSource::withdraw(const std::string&, uint64_t) { return Status::OK(); }

std::string to_string(const ReadRange& range) {
  std::string text;
  if (!range.from.empty()) text = "from " + range.from;
  if (range.until.empty()) return text;
  return text + (text.empty() ? "until " : " until ") + range.until;
}

int64_t most_bytes_at_once(const ReadOptions& options) {
  return options.memory_bytes / 4;
}

Status DataSource::set_range(const ReadRange& range) {
  return make_error(ErrorKind::kInvalidArgument, {},
                    fmt::format("{} = {}: this source has no places to begin or to end "
                                "at; leave it out",
                                range.from.empty() ? "until" : "from",
                                range.from.empty() ? range.until : range.from));
}

void DataSource::check(CheckReport& report, std::stop_token) {
  const auto schema = fetch_schema();
  const auto outcome =
      schema.ok()
          ? Result<std::string>(fmt::format("{} columns", (*schema)->num_fields()))
          : schema.status();
  (void)report.tried("read its columns", outcome);
}

std::unique_ptr<DataReader> read_all_splits(std::unique_ptr<SplitDiscovery> discovery,
                                            std::unique_ptr<SplitReader> reader,
                                            std::shared_ptr<arrow::Schema> schema,
                                            const ReadOptions& options) {
  return std::make_unique<AllSplitsReader>(std::move(discovery), std::move(reader),
                                           std::move(schema),
                                           most_bytes_at_once(options));
}

}  // namespace velo
