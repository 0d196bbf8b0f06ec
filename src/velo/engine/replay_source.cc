#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "velo/base/first_failure.h"
#include "velo/base/sha256.h"
#include "velo/engine/kept_letters.h"
#include "velo/engine/letter_decoder.h"
#include "velo/engine/moved_places.h"
#include "velo/formats/format.h"
#include "velo/formats/projection.h"
#include "velo/letters.h"
#include "velo/replay.h"

namespace velo {
namespace {

using engine::KeptLetter;
using engine::KeptLetters;
using engine::LetterDecoder;
using engine::LetterReader;
using engine::MovedPlaces;

constexpr size_t kMostRows = 1024;
constexpr int64_t kLookBytes = int64_t{32} << 20;

// Where a sink writes, among all that its record could be beside: who signs in, by which
// name of the server or the database, and how rows are written there, does not matter. A
// table's record is in its schema.
std::string place_of(const TransactionalSink& sink) {
  const auto uri = parse_uri(sink.identity());
  if (!uri.ok()) return sink.identity();
  const std::string* const table = uri->find_option("table");
  if (!table) return uri->path;
  const std::string* const schema = uri->find_option("schema");
  return fmt::format("?{}?{}", schema ? *schema : "", *table);
}

// As a sink has it: options of reading alone are left out.
Uri writing_address(Uri uri, const Registry& registry) {
  const Connector* const connector = registry.find(uri.scheme);
  if (!connector) return uri;
  std::erase_if(uri.options, [&](const auto& option) {
    return std::ranges::any_of(connector->options, [&](const auto& known) {
      return known.name == option.first && known.use == OptionUse::kSource;
    });
  });
  return uri;
}

class Groups : public SplitDiscovery {
 public:
  explicit Groups(const std::set<SplitId>& groups)
      : groups_(groups.begin(), groups.end()) {}

  Result<NewSplits> poll(std::chrono::milliseconds, std::stop_token) override {
    return NewSplits{.added = std::exchange(groups_, {}), .complete = true};
  }

 private:
  std::vector<SplitId> groups_;
};

class ReplayReader : public SplitReader {
 public:
  ReplayReader(LetterReader letters, LetterDecoder decoder,
               std::shared_ptr<arrow::Schema> schema, bool keeps_bad)
      : letters_(std::move(letters)),
        decoder_(std::move(decoder)),
        schema_(std::move(schema)),
        keeps_bad_(keeps_bad) {}

  Status assign(std::span<const SplitStart> splits) override {
    for (const SplitStart& start : splits) {
      MovedPlaces moved;
      if (start.from) {
        ARROW_ASSIGN_OR_RAISE(moved, MovedPlaces::decode(start.from->position));
      }
      groups_.insert_or_assign(start.split, std::move(moved));
    }
    return Status::OK();
  }

  Result<Event> poll(const PollLimits& limits, std::stop_token stop) override {
    return failure_.unless_failed([&] { return next(limits, stop); });
  }

  Status acknowledge(const Positions&) override { return Status::OK(); }

 private:
  // Letters come in any order: where one has got to is known when all were seen.
  Result<Event> next(const PollLimits& limits, const std::stop_token& stop) {
    if (limits.max_bytes == 0) return Idle();
    while (!groups_.empty() && !has_seen_all_) {
      if (next_ == waiting_.size()) {
        if (is_full(limits)) return take_batch();
        ARROW_ASSIGN_OR_RAISE(auto letters, letters_.next(stop));
        has_seen_all_ = !letters;
        waiting_ = std::move(letters).value_or(std::vector<KeptLetter>());
        next_ = 0;
        continue;
      }
      const KeptLetter& letter = waiting_[next_];
      if (holds_any() && (letter.group != group_ || is_full(limits))) return take_batch();
      ARROW_RETURN_NOT_OK(take(letter));
      ++next_;
    }
    if (holds_any()) return take_batch();
    if (groups_.empty()) return End();
    const auto ended = groups_.begin();
    SplitEnded event{ended->first, ended->second.encode()};
    groups_.erase(ended);
    return event;
  }

  Status take(const KeptLetter& letter) {
    const auto group = groups_.find(letter.group);
    const bool is_known = group != groups_.end();
    if (!letter.damage.ok() && (!is_known || !keeps_bad_)) return letter.damage;
    // One that has come up meanwhile is for the next time.
    if (!is_known || group->second.contains(letter.place)) return Status::OK();
    group_ = letter.group;
    auto row = decode(letter);
    if (row.ok()) {
      num_bytes_ += std::ssize(letter.record);
      rows_.push_back(*std::move(row));
      group->second.add(letter.place);
      return Status::OK();
    }
    const bool is_bad = !letter.damage.ok() || formats::is_fault_of_record(row.status());
    if (!keeps_bad_ || !is_bad) return row.status();
    num_bytes_ += std::ssize(letter.record);
    bad_.push_back({row.status(), letter.record});
    return Status::OK();
  }

  Result<std::shared_ptr<arrow::RecordBatch>> decode(const KeptLetter& letter) const {
    ARROW_RETURN_NOT_OK(letter.damage);
    return decoder_.decode(letter);
  }

  bool holds_any() const { return !rows_.empty() || !bad_.empty(); }

  bool is_full(const PollLimits& limits) const {
    return rows_.size() + bad_.size() >= kMostRows || num_bytes_ >= limits.max_bytes;
  }

  // Without a position, so that all is one epoch.
  Result<Event> take_batch() {
    Batch batch{.rows = nullptr, .split = group_};
    if (rows_.empty()) {
      ARROW_ASSIGN_OR_RAISE(batch.rows, arrow::RecordBatch::MakeEmpty(schema_));
    } else {
      ARROW_ASSIGN_OR_RAISE(const auto rows,
                            arrow::ConcatenateRecordBatches(std::exchange(rows_, {})));
      arrow::ArrayVector columns;
      for (const auto& field : schema_->fields()) {
        columns.push_back(rows->GetColumnByName(field->name()));
      }
      batch.rows =
          arrow::RecordBatch::Make(schema_, rows->num_rows(), std::move(columns));
    }
    if (!bad_.empty()) {
      batch.bad = std::make_shared<const BadRecords>(std::exchange(bad_, {}));
    }
    num_bytes_ = 0;
    return batch;
  }

  LetterReader letters_;
  const LetterDecoder decoder_;
  const std::shared_ptr<arrow::Schema> schema_;  // of the columns asked for
  const bool keeps_bad_;
  std::map<SplitId, MovedPlaces> groups_;  // that have not ended
  std::vector<KeptLetter> waiting_;
  size_t next_ = 0;  // of waiting_
  bool has_seen_all_ = false;
  // Of the next batch, all of one group.
  SplitId group_;
  arrow::RecordBatchVector rows_;
  BadRecords bad_;
  int64_t num_bytes_ = 0;
  FirstFailure failure_;
};

class ReplaySource : public DataSource, public SplitSource {
 public:
  ReplaySource(KeptLetters letters, ReplayOptions options)
      : letters_(std::move(letters)), options_(std::move(options)) {}

  Result<std::shared_ptr<arrow::Schema>> fetch_schema() override {
    ARROW_RETURN_NOT_OK(look());
    return decoder_->schema();
  }

  void keep_bad_records() override { keeps_bad_ = true; }

  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions& read) override {
    ARROW_ASSIGN_OR_RAISE(auto discovery, discover());
    ARROW_ASSIGN_OR_RAISE(auto reader, create_split_reader(read));
    ARROW_ASSIGN_OR_RAISE(auto schema, schema_of(read));
    return read_all_splits(std::move(discovery), std::move(reader), std::move(schema),
                           read);
  }

  bool supports_streaming() const override { return false; }
  bool supports_batch() const override { return true; }
  SplitSource* splits() override { return this; }

  std::string identity() const override { return std::string(engine::kReplayedSource); }

  Result<std::unique_ptr<SplitDiscovery>> discover() override {
    ARROW_RETURN_NOT_OK(look());
    return std::make_unique<Groups>(groups_);
  }

  Result<std::unique_ptr<SplitReader>> create_split_reader(
      const ReadOptions& read) override {
    ARROW_ASSIGN_OR_RAISE(auto schema, schema_of(read));
    ARROW_ASSIGN_OR_RAISE(auto letters,
                          letters_.read(/*with_records=*/true, read.memory_bytes));
    return std::make_unique<ReplayReader>(std::move(letters), *decoder_,
                                          std::move(schema), keeps_bad_);
  }

 private:
  // What letters there are, and what their pipelines' rows were.
  Status look() {
    if (decoder_) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto letters,
                          letters_.read(/*with_records=*/false, kLookBytes));
    std::map<std::string, KeptLetter> of_kinds;
    Status damage;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(auto some, letters.next({}));
      if (!some) break;
      for (KeptLetter& letter : *some) {
        groups_.insert(letter.group);
        if (damage.ok()) damage = letter.damage;
        if (!letter.damage.ok()) continue;
        auto kind =
            fmt::format("{}\n{}\n{}", letter.pipeline, letter.split, letter.schema);
        of_kinds.try_emplace(std::move(kind), std::move(letter));
      }
    }
    if (groups_.empty()) {
      return make_error(ErrorKind::kNotFound, {.resource = letters_.address()},
                        options_.pipeline || options_.since
                            ? "there are no such dead letters"
                            : "there are no dead letters");
    }
    if (of_kinds.empty()) return damage;
    std::vector<KeptLetter> kinds;
    for (auto& [kind, letter] : of_kinds) kinds.push_back(std::move(letter));
    return LetterDecoder::make(options_, kinds).Value(&decoder_);
  }

  Result<std::shared_ptr<arrow::Schema>> schema_of(const ReadOptions& read) {
    ARROW_RETURN_NOT_OK(look());
    ARROW_ASSIGN_OR_RAISE(
        auto projection,
        formats::project(*decoder_->schema(), read.columns, letters_.address()));
    return std::move(projection.schema);
  }

  const KeptLetters letters_;
  const ReplayOptions options_;
  bool keeps_bad_ = false;
  std::set<SplitId> groups_;
  std::optional<LetterDecoder> decoder_;  // once looked at
};

}  // namespace

Result<std::unique_ptr<DataSource>> replay_source(const Uri& dead_letters,
                                                  ReplayOptions options,
                                                  const Registry& registry) {
  ARROW_ASSIGN_OR_RAISE(auto letters, KeptLetters::open(dead_letters, options, registry));
  return std::make_unique<ReplaySource>(std::move(letters), std::move(options));
}

Status check_is_elsewhere(const Uri& letters, DataSink& sink, const Registry& registry) {
  const auto kept = registry.create_sink(writing_address(letters, registry));
  if (!kept.ok() || !(*kept)->transactions() || !sink.transactions()) {
    return Status::OK();
  }
  const TransactionalSink& from = *(*kept)->transactions();
  const TransactionalSink& to = *sink.transactions();
  ARROW_ASSIGN_OR_RAISE(const Uri one, parse_uri(from.identity()));
  ARROW_ASSIGN_OR_RAISE(const Uri other, parse_uri(to.identity()));
  const bool is_one_server = one.scheme == other.scheme && one.hosts == other.hosts;
  if (!is_one_server || one.path != other.path || place_of(from) != place_of(to)) {
    return Status::OK();
  }
  return make_error(
      ErrorKind::kInvalidArgument, {.resource = redact_uri(letters)},
      "the dead letters are kept here; their rows go elsewhere, to the sink "
      "that they are for");
}

Result<PipelineIdentity> replay_pipeline(DataSink& sink) {
  const auto refuse = [](std::string_view why) {
    return make_error(ErrorKind::kInvalidArgument, {},
                      fmt::format("dead letters are moved once each, and the sink {}; a "
                                  "directory (good/), a table or a topic can be given "
                                  "them",
                                  why));
  };
  ARROW_ASSIGN_OR_RAISE(const Promise promise, sink.promise(std::nullopt));
  TransactionalSink* const transactions = sink.transactions();
  if (!transactions || promise.guarantee != Guarantee::kExactlyOnce) {
    return refuse(promise.reason.empty() ? "keeps no record of what it was given"
                                         : promise.reason);
  }
  CommitObserver nobody;
  PipelineIdentity pipeline{.id = "dlq_" +
                                  sha256_hex(place_of(*transactions)).substr(0, 16)};
  ARROW_ASSIGN_OR_RAISE(const auto committer,
                        transactions->create_committer(pipeline, nobody));
  if (committer->commits_once()) return refuse("replaces what is there");
  if (sink.supports_upsert()) {
    return make_error(
        ErrorKind::kInvalidArgument, {},
        "dead letters are old, and this sink replaces rows by key=: what has "
        "come since of the same keys would be undone by them; without key= "
        "they are added, to this table or to one of their own, from where "
        "INSERT … ON CONFLICT moves those that are wanted");
  }
  return pipeline;
}

}  // namespace velo
