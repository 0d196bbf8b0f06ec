#include "velo/engine/dead_letters.h"

#include <arrow/builder.h>
#include <arrow/util/base64.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>

#include "velo/base/hex.h"
#include "velo/base/sha256.h"
#include "velo/base/utf8.h"
#include "velo/pipeline.h"

namespace velo::engine {
namespace {

constexpr char kContext[] = "on_error: the sink for bad records";

// What follows the place in a position: in another version of a file, the record at the
// same place is another one.
std::string_view version_of(const Position& position) {
  constexpr size_t kPlaceBytes = 8;
  const std::string_view bytes = position.bytes;
  return bytes.substr(std::min(bytes.size(), kPlaceBytes));
}

// Not every sink takes a NUL for a character.
bool is_text(std::string_view bytes) {
  return bytes.find('\0') == std::string_view::npos &&
         find_invalid_utf8(bytes) == std::string_view::npos;
}

std::string as_text(std::string_view message) {
  std::string text;
  while (!message.empty()) {
    const CodePoint point = decode_code_point(message);
    const std::string_view bytes = message.substr(0, point.num_bytes);
    text += point.valid && point.value != 0 ? bytes : "?";
    message.remove_prefix(point.num_bytes);
  }
  return text;
}

// The rows of dead_letter_schema().
class RowsBuilder {
 public:
  explicit RowsBuilder(const DeadLetterPlace& place) : place_(place) {}

  Status add(const SplitId& split, const BadRecord& bad) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const bool is_plain = is_text(bad.bytes);
    ARROW_RETURN_NOT_OK(pipeline_.Append(place_.pipeline.id));
    ARROW_RETURN_NOT_OK(split_.Append(as_text(split)));
    ARROW_RETURN_NOT_OK(position_.Append(hex_encode(bad.position.bytes)));
    ARROW_RETURN_NOT_OK(
        at_.Append(std::chrono::floor<std::chrono::microseconds>(now).count()));
    ARROW_RETURN_NOT_OK(error_.Append(to_string(kind_of(bad.error))));
    ARROW_RETURN_NOT_OK(message_.Append(as_text(bad.error.message())));
    ARROW_RETURN_NOT_OK(
        record_.Append(is_plain ? bad.bytes : arrow::util::base64_encode(bad.bytes)));
    ARROW_RETURN_NOT_OK(encoding_.Append(is_plain ? "text" : "base64"));
    ARROW_RETURN_NOT_OK(schema_.Append(place_.schema));
    return life_.Append(place_.life);
  }

  int64_t num_rows() const { return pipeline_.length(); }

  Result<std::shared_ptr<arrow::RecordBatch>> finish() {
    const int64_t rows = num_rows();
    arrow::ArrayVector columns;
    for (arrow::ArrayBuilder* column : std::initializer_list<arrow::ArrayBuilder*>{
             &pipeline_, &split_, &position_, &at_, &error_, &message_, &record_,
             &encoding_, &schema_, &life_}) {
      ARROW_ASSIGN_OR_RAISE(columns.emplace_back(), column->Finish());
    }
    return arrow::RecordBatch::Make(dead_letter_schema(), rows, std::move(columns));
  }

 private:
  const DeadLetterPlace& place_;
  arrow::StringBuilder pipeline_, split_, position_;
  arrow::TimestampBuilder at_{arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
                              arrow::default_memory_pool()};
  arrow::StringBuilder error_, message_, record_, encoding_, schema_, life_;
};

}  // namespace

PipelineIdentity identity_of(const DeadLetterPlace& place) {
  constexpr size_t kNameBytes = 18;
  constexpr size_t kDigits = 8;
  const std::string hash = sha256_hex(place.pipeline.id + "/" + place.life);
  return {.id = fmt::format("{}_{}_dead", place.pipeline.id.substr(0, kNameBytes),
                            hash.substr(0, kDigits)),
          .is_run = place.pipeline.is_run};
}

std::string life_of(const CommitRecord& record, bool commits_once) {
  return commits_once ? fmt::format("{}/{}", record.incarnation, record.num_rows)
                      : record.incarnation;
}

Status DeadLetters::check(DataSink& sink, CommitObserver& observer) {
  const auto refuse = [](std::string_view why) {
    return make_error(
        ErrorKind::kInvalidArgument, {},
        fmt::format("{}, so that a bad record could be there twice or not "
                    "at all; a directory (bad/?format=json) is one that can",
                    why));
  };
  auto promise = sink.promise(Guarantee::kExactlyOnce);
  if (!promise.ok()) return annotate(promise.status(), kContext);
  TransactionalSink* transactions = sink.transactions();
  if (!transactions || promise->guarantee != Guarantee::kExactlyOnce) {
    return annotate(
        refuse(promise->reason.empty() ? "it keeps no record of what it was given"
                                       : promise->reason),
        kContext);
  }
  const auto committer = transactions->create_committer({.id = "check"}, observer);
  if (!committer.ok()) return annotate(committer.status(), kContext);
  if ((*committer)->commits_once()) {
    return annotate(refuse("it takes all rows at once, at the end"), kContext);
  }
  return annotate(sink.validate_schema(*dead_letter_schema()), kContext);
}

// Where the older process of this pipeline was fenced in its own sink already.
Status DeadLetters::open(const std::stop_token& stop) {
  if (writer_) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(committer_,
                        sink_.create_committer(identity_of(place_), observer_));
  ARROW_RETURN_NOT_OK(committer_->look(stop));
  ARROW_ASSIGN_OR_RAISE(record_, committer_->recover(stop));
  ARROW_ASSIGN_OR_RAISE(writer_,
                        committer_->create_writer(0, dead_letter_schema(), stop));
  return Status::OK();
}

bool DeadLetters::is_known(const SplitId& split, const BadRecord& bad) const {
  const auto known = record_.positions.find(split);
  if (known == record_.positions.end()) return false;
  const Position& there = known->second.position;
  return version_of(bad.position) == version_of(there) && bad.position <= there;
}

Status DeadLetters::write(const Batch& batch, const std::stop_token& stop) {
  ARROW_RETURN_NOT_OK(annotate(open(stop), kContext));
  RowsBuilder rows(place_);
  for (const BadRecord& bad : *batch.bad) {
    if (is_known(batch.split, bad)) continue;
    ARROW_RETURN_NOT_OK(rows.add(batch.split, bad));
    moved_[batch.split] = {bad.position, /*ended=*/false};
  }
  if (rows.num_rows() == 0) return Status::OK();
  num_rows_ += rows.num_rows();
  ARROW_ASSIGN_OR_RAISE(auto written, rows.finish());
  // As in a lane, a stop does not break off what was begun.
  return annotate(writer_->write({.rows = std::move(written), .split = batch.split}, {}),
                  kContext);
}

Status DeadLetters::commit() {
  if (num_rows_ == 0) return Status::OK();
  Positions whole = std::exchange(record_.positions, {});
  CommitRecord record = record_;
  record.epoch += 1;
  record.fingerprint = {.source = "bad records of pipeline " + place_.pipeline.id,
                        .select = {},
                        .schema = dead_letter_schema()->ToString()};
  std::ranges::replace(record.fingerprint.schema, '\n', ' ');
  record.positions = moved_;
  record.num_rows = num_rows_;
  const auto token = writer_->prepare(record);
  if (!token.ok()) return annotate(token.status(), kContext);
  ARROW_RETURN_NOT_OK(
      annotate(committer_->commit(record, std::span(&*token, 1)), kContext));
  observer_.reached(CommitStep::kAfterCommit);
  for (auto& [split, progress] : std::exchange(moved_, {})) {
    whole.insert_or_assign(split, progress);
  }
  record.positions = std::move(whole);
  record.num_rows = record_.num_rows + std::exchange(num_rows_, 0);
  record_ = std::move(record);
  return Status::OK();
}

Result<bool> DeadLetters::is_empty(const std::stop_token& stop) const {
  if (writer_) return record_.num_rows == 0;
  ARROW_ASSIGN_OR_RAISE(const auto committer,
                        sink_.create_committer(identity_of(place_), observer_));
  ARROW_ASSIGN_OR_RAISE(const CommitRecord record, committer->look(stop));
  return record.num_rows == 0;
}

Status DeadLetters::forget(const std::stop_token& stop) {
  // One that has not recovered may not forget.
  if (!writer_) committer_.reset();
  writer_.reset();
  if (!committer_) {
    ARROW_ASSIGN_OR_RAISE(auto committer,
                          sink_.create_committer(identity_of(place_), observer_));
    ARROW_ASSIGN_OR_RAISE(const CommitRecord record, committer->look(stop));
    if (record.incarnation.empty()) return Status::OK();
    ARROW_RETURN_NOT_OK(committer->recover(stop));
    committer_ = std::move(committer);
  }
  return annotate(committer_->forget(), kContext);
}

}  // namespace velo::engine

namespace velo {

std::shared_ptr<arrow::Schema> dead_letter_schema() {
  static const auto schema = arrow::schema({
      arrow::field("pipeline", arrow::utf8()),
      arrow::field("split", arrow::utf8()),
      arrow::field("position", arrow::utf8()),
      arrow::field("at", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
      arrow::field("error", arrow::utf8()),
      arrow::field("message", arrow::utf8()),
      arrow::field("record", arrow::utf8()),
      arrow::field("record_encoding", arrow::utf8()),
      arrow::field("schema", arrow::utf8()),
      arrow::field("life", arrow::utf8()),
  });
  return schema;
}

}  // namespace velo
