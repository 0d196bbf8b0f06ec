#include "velo/formats/json/decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <limits>
#include <utility>

#include "velo/base/line_count.h"
#include "velo/columnar/change_columns.h"
#include "velo/columnar/common_type.h"
#include "velo/formats/json/block_sifter.h"
#include "velo/formats/json/block_walk.h"
#include "velo/formats/json/change_decoder.h"
#include "velo/formats/json/inference.h"
#include "velo/formats/json/object_decoder.h"
#include "velo/formats/json/record_walker.h"
#include "velo/formats/projection.h"
#include "velo/formats/record_limit.h"

namespace velo::formats::json {
namespace {

// A block that outlives the cutter's next one.
struct KeptBlock {
  std::vector<uint8_t> bytes;
  Block block;
};

KeptBlock keep(const Block& block) {
  KeptBlock kept{{block.text, block.text + block.size + kPadding}, block};
  kept.block.text = kept.bytes.data();
  return kept;
}

// As much of a record that is too large as is told of it.
Block beginning_of(Block record) {
  record.size = std::min(record.size, kKeptOfLargeRecord);
  return record;
}

std::string_view text_of(const Block& block) {
  return {reinterpret_cast<const char*>(block.text), static_cast<size_t>(block.size)};
}

// A block that is the beginning of a record that is too large, without what nobody will
// be told of.
Block shortened(Block block) {
  const size_t before = text_of(block).find_first_not_of(" \t\r\n[,");
  if (before == std::string_view::npos) return block;
  block.size = std::min(block.size, static_cast<int64_t>(before) + kKeptOfLargeRecord);
  return block;
}

// The block without as many bytes at its beginning.
Block behind(Block block, int64_t num_bytes) {
  block.line += count_lines(text_of(block).substr(0, static_cast<size_t>(num_bytes)));
  block.text += num_bytes;
  block.size -= num_bytes;
  block.offset += num_bytes;
  return block;
}

class JsonDecoder : public Decoder {
 public:
  JsonDecoder(FileFacts file, std::unique_ptr<RecordCutter> cutter,
              const DecodeOptions& options)
      : walk_(std::move(file)),
        keeps_bad_(options.keep_bad_records),
        are_changes_(options.envelope == Envelope::kDebezium),
        rules_{.origin = walk_.file().schema_was_given ? SchemaOrigin::kGiven
                                                       : SchemaOrigin::kInferred,
               .epoch = options.epoch,
               .takes_quoted_numbers = options.takes_quoted_numbers,
               .takes_last = options.takes_last_field},
        cutter_(std::move(cutter)),
        walker_(cutter_->framing()) {}

  /// Look at the first records to learn the columns of the file; of changes, those of
  /// their rows. What was looked at is kept where it is to be decoded.
  Result<std::shared_ptr<arrow::Schema>> infer_schema(const DecoderLimits& limits,
                                                      bool is_to_be_decoded);

  /// Make the columns: all of `file_schema`, or those asked for.
  Status bind(const std::shared_ptr<arrow::Schema>& file_schema,
              const std::optional<std::vector<std::string>>& columns);

  /// Where nothing is decoded.
  void set_schema(const arrow::Schema& file_schema) {
    const auto& fields = file_schema.fields();
    projection_.schema =
        arrow::schema(are_changes_ ? with_change_columns(fields) : fields);
  }

  const std::shared_ptr<arrow::Schema>& schema() const override {
    return projection_.schema;
  }
  Result<std::shared_ptr<arrow::RecordBatch>> next(std::stop_token stop) override;
  std::vector<PlacedBadRecord> take_bad_records() override {
    return std::exchange(bad_, {});
  }

 private:
  // Go over one block, calling on_record for each record. `restart` is called before a
  // block is read a second time, cut elsewhere; `block` is then that one.
  template <typename OnRecord, typename Restart>
  Status read(Block& block, RecordWalker& walker, OnRecord on_record, Restart restart);
  // The same, but what is bad goes to `bad`.
  template <typename OnRecord, typename Restart>
  Status read_good(const Block& block, RecordWalker& walker, OnRecord on_record,
                   Restart restart, std::vector<PlacedBadRecord>& bad);
  template <typename OnRecord>
  Status observe_good(const Block& block, RecordWalker& walker, OnRecord observe,
                      std::vector<PlacedBadRecord>& bad);
  Status finish_walk(const Block& block, RecordWalker& walker);
  bool is_large_record(const Block& block) const;
  Status take_large_record(const Block& block, RecordWalker& walker,
                           std::vector<PlacedBadRecord>& bad);

  Result<std::shared_ptr<arrow::RecordBatch>> decode_next(std::stop_token stop);
  Result<std::shared_ptr<arrow::RecordBatch>> finish_batch();
  Result<arrow::ArrayDataVector> finish_rows();
  bool decode_record(Cursor& cursor) {
    const int64_t begin = cursor.offset();
    const bool is_good = changes_ ? changes_->decode(cursor) : rows_->decode(cursor);
    return is_good && (cursor.previous_offset() - begin < walk_.file().max_record_bytes ||
                       cursor.fail_at(begin, ErrorKind::kCorruptData,
                                      too_large(walk_.file().max_record_bytes)));
  }
  // None while nothing is known but a sample.
  int64_t num_rows() const {
    if (changes_) return changes_->num_rows();
    return rows_ ? rows_->num_rows() : 0;
  }
  void forget_rows() { changes_ ? changes_->reset() : rows_->reset(); }

  BlockWalk walk_;
  BlockSifter sifter_{walk_};
  const bool keeps_bad_;
  const bool are_changes_;
  const ColumnRules rules_;
  const std::unique_ptr<RecordCutter> cutter_;
  std::deque<KeptBlock> sample_;  // read for the schema, to be decoded first
  RecordWalker walker_;
  std::optional<ObjectDecoder> rows_;  // of records that are no changes
  std::optional<ChangeDecoder> changes_;
  Projection projection_;
  std::vector<PlacedBadRecord> bad_;  // beside the rows of the next batch
  bool ended_ = false;
  Status error_;
};

template <typename OnRecord, typename Restart>
Status JsonDecoder::read(Block& block, RecordWalker& walker, OnRecord on_record,
                         Restart restart) {
  const RecordWalker at_begin = walker;
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const bool accepted, walk_.start(block));
    if (!accepted) return walk_.explain_refusal(block, walker, on_record);
    if (walk_.walk(walker, on_record)) break;
    const bool is_kept = !sample_.empty() && block.text == sample_.front().block.text;
    if (!walk_.failed_at_end() || is_kept || !cutter_->can_recut()) {
      return walk_.failure(block);
    }
    ARROW_ASSIGN_OR_RAISE(block, cutter_->recut());
    walker = at_begin;
    restart();
  }
  return finish_walk(block, walker);
}

Status JsonDecoder::finish_walk(const Block& block, RecordWalker& walker) {
  if (!block.last || walker.finish(walk_.cursor())) return Status::OK();
  return report(walk_.file(), block, walk_.cursor().failure(), -1);
}

template <typename OnRecord, typename Restart>
Status JsonDecoder::read_good(const Block& block, RecordWalker& walker,
                              OnRecord on_record, Restart restart,
                              std::vector<PlacedBadRecord>& bad) {
  const bool by_lines = cutter_->cuts_at_lines();
  if (by_lines) ARROW_RETURN_NOT_OK(sifter_.check_begin(block));
  const RecordWalker at_begin = walker;
  const auto accept = [&](Cursor& cursor) {
    if (!on_record(cursor)) return false;
    const auto size = static_cast<size_t>(cursor.previous_offset() - walk_.record());
    return !by_lines || !std::memchr(block.text + walk_.record(), '\n', size);
  };
  ARROW_ASSIGN_OR_RAISE(const bool accepted, walk_.start(block));
  if (accepted && walk_.walk(walker, accept)) return finish_walk(block, walker);
  restart();
  walker = at_begin;
  const RecordCheck check{on_record, restart, [this] { return num_rows(); }};
  if (by_lines) {
    ARROW_RETURN_NOT_OK(sifter_.sift_lines(block, check, bad));
    ARROW_RETURN_NOT_OK(walk_.start(block));
    return walk_.walk(walker, accept) ? Status::OK() : walk_.failure(block);
  }
  ARROW_ASSIGN_OR_RAISE(const auto unfit, sifter_.sift_values(block, walker, check, bad));
  ARROW_RETURN_NOT_OK(walk_.start(block));
  auto next_unfit = unfit.begin();
  const bool all_read = walk_.walk(walker, [&](Cursor& cursor) {
    if (next_unfit == unfit.end() || *next_unfit != walk_.record()) {
      return on_record(cursor);
    }
    ++next_unfit;
    return cursor.skip_value();
  });
  return all_read ? finish_walk(block, walker) : walk_.failure(block);
}

// What stands in a bad record is not to be seen: the good ones are told apart before.
template <typename OnRecord>
Status JsonDecoder::observe_good(const Block& block, RecordWalker& walker,
                                 OnRecord observe, std::vector<PlacedBadRecord>& bad) {
  if (is_large_record(block)) {
    ARROW_RETURN_NOT_OK(take_large_record(block, walker, bad));
    return cutter_->skip_large_record();
  }
  RecordWalker again = walker;
  const auto skip = [this](Cursor& cursor) {
    return are_changes_ ? ChangeSketch().observe(cursor) : cursor.skip_value();
  };
  ARROW_RETURN_NOT_OK(read_good(
      block, walker, skip, [] {}, bad));
  ARROW_RETURN_NOT_OK(walk_.start(block));
  return walk_.walk(again, observe) ? Status::OK() : walk_.failure(block);
}

// Whether the block is the beginning of a record that is too large to be held.
bool JsonDecoder::is_large_record(const Block& block) const {
  return keeps_bad_ && block.too_large;
}

Status JsonDecoder::take_large_record(const Block& block, RecordWalker& walker,
                                      std::vector<PlacedBadRecord>& bad) {
  const Failure failure{.kind = ErrorKind::kCorruptData, .at_end = true};
  const int64_t begin = cutter_->cuts_at_lines() ? 0 : walker.skip_record(text_of(block));
  if (begin < 0) return report(walk_.file(), block, failure, /*record=*/-1);
  const Block record = behind(block, begin);
  bad.push_back({.record = {report(walk_.file(), record, failure, /*record=*/0),
                            std::string(text_of(beginning_of(record)))},
                 .num_rows_before = num_rows(),
                 .offset = record.offset});
  return Status::OK();
}

Result<std::shared_ptr<arrow::Schema>> JsonDecoder::infer_schema(
    const DecoderLimits& limits, bool is_to_be_decoded) {
  RecordWalker walker = walker_;
  ValueSketch records;
  ChangeSketch changes;
  Status first_fault;  // they are found once more when the sample is decoded
  int64_t num_records = 0;
  int64_t num_bytes = 0;
  bool last = false;
  const auto observe = [&](Cursor& cursor) {
    ++num_records;
    return are_changes_ ? changes.observe(cursor) : records.observe(cursor);
  };
  while (!last && num_records < limits.sample_records &&
         num_bytes < limits.sample_bytes) {
    ARROW_ASSIGN_OR_RAISE(Block block, cutter_->next());
    if (keeps_bad_) {
      if (is_to_be_decoded) {
        sample_.push_back(keep(is_large_record(block) ? shortened(block) : block));
      }
      std::vector<PlacedBadRecord> bad;
      ARROW_RETURN_NOT_OK(observe_good(block, walker, observe, bad));
      if (first_fault.ok() && !bad.empty()) first_fault = bad.front().record.error;
    } else {
      // What was seen of a block stays true when it is seen again.
      ARROW_RETURN_NOT_OK(read(block, walker, observe, [] {}));
      if (is_to_be_decoded) sample_.push_back(keep(block));
    }
    num_bytes += block.size;
    last = block.last;
  }
  sifter_.reset();
  if (num_records == 0) ARROW_RETURN_NOT_OK(first_fault);
  return arrow::schema(are_changes_ ? changes.fields() : records.fields());
}

Status JsonDecoder::bind(const std::shared_ptr<arrow::Schema>& file_schema,
                         const std::optional<std::vector<std::string>>& columns) {
  const auto& fields = file_schema->fields();
  const auto all =
      are_changes_ ? arrow::schema(with_change_columns(fields)) : file_schema;
  ARROW_ASSIGN_OR_RAISE(projection_, project(*all, columns, walk_.file().name));
  std::vector<bool> wanted(fields.size(), false);
  for (const int field : projection_.indices) {
    if (field < file_schema->num_fields()) wanted[static_cast<size_t>(field)] = true;
  }
  const Status made =
      are_changes_
          ? ChangeDecoder::make(fields, std::move(wanted), rules_).Value(&changes_)
          : ObjectDecoder::make(fields, wanted, rules_).Value(&rows_);
  return made.ok() ? made : annotate(made, walk_.file().name);
}

// nullptr for what is not wanted.
Result<arrow::ArrayDataVector> JsonDecoder::finish_rows() {
  if (changes_) return changes_->finish();
  arrow::ArrayDataVector columns;
  for (const int field : projection_.indices) {
    const auto number = static_cast<size_t>(field);
    if (columns.size() <= number) columns.resize(number + 1);
    if (columns[number] != nullptr) continue;  // a column may be asked for twice
    ARROW_ASSIGN_OR_RAISE(columns[number], rows_->column(number).finish());
  }
  rows_->reset();
  return columns;
}

Result<std::shared_ptr<arrow::RecordBatch>> JsonDecoder::finish_batch() {
  const int64_t num_rows = this->num_rows();
  ARROW_ASSIGN_OR_RAISE(const auto finished, finish_rows());
  arrow::ArrayDataVector columns;
  for (const int field : projection_.indices) {
    columns.push_back(finished[static_cast<size_t>(field)]);
  }
  return arrow::RecordBatch::Make(projection_.schema, num_rows, std::move(columns));
}

Result<std::shared_ptr<arrow::RecordBatch>> JsonDecoder::decode_next(
    std::stop_token stop) {
  while (!ended_) {
    if (stop.stop_requested()) {
      return make_error(ErrorKind::kCancelled, {.resource = walk_.file().name},
                        "stopped");
    }
    const bool from_sample = !sample_.empty();
    Block block;
    if (from_sample) {
      block = sample_.front().block;
    } else {
      ARROW_ASSIGN_OR_RAISE(block, cutter_->next());
    }
    if (is_large_record(block)) {
      ARROW_RETURN_NOT_OK(take_large_record(block, walker_, bad_));
      if (!from_sample) ARROW_RETURN_NOT_OK(cutter_->skip_large_record());
    } else {
      const auto decode = [this](Cursor& cursor) { return decode_record(cursor); };
      const auto restart = [this] { forget_rows(); };
      ARROW_RETURN_NOT_OK(keeps_bad_ ? read_good(block, walker_, decode, restart, bad_)
                                     : read(block, walker_, decode, restart));
      ended_ = block.last;
    }
    if (from_sample) sample_.pop_front();
    if (num_rows() > 0 || !bad_.empty()) return finish_batch();
  }
  return std::shared_ptr<arrow::RecordBatch>();
}

Result<std::shared_ptr<arrow::RecordBatch>> JsonDecoder::next(std::stop_token stop) {
  ARROW_RETURN_NOT_OK(error_);
  auto batch = decode_next(std::move(stop));
  if (!batch.ok()) error_ = batch.status();
  return batch;
}

}  // namespace

Result<std::unique_ptr<Decoder>> make_decoder(Input input, DecodeOptions options,
                                              const DecoderLimits& given) {
  constexpr auto kAll = std::numeric_limits<int64_t>::max();
  DecoderLimits limits = given;
  if (options.infers_from_all) limits.sample_records = limits.sample_bytes = kAll;
  FileFacts file{.name = input.name,
                 .schema_was_given = options.schema && !options.is_inferred,
                 .max_record_bytes = limits.cutter.max_record_bytes,
                 .part = input.part};
  CutterOptions cutting = limits.cutter;
  cutting.keeps_to_lines = options.keep_bad_records;
  ARROW_ASSIGN_OR_RAISE(auto cutter, RecordCutter::make(std::move(input), cutting));
  auto decoder =
      std::make_unique<JsonDecoder>(std::move(file), std::move(cutter), options);
  std::shared_ptr<arrow::Schema> schema = std::move(options.schema);
  if (schema == nullptr) {
    ARROW_ASSIGN_OR_RAISE(schema, decoder->infer_schema(limits, !options.only_schema));
    if (!options.only_schema) schema = text_for_nothing(*schema);
  } else if (options.envelope == Envelope::kDebezium) {
    schema = columns_of_changed_rows(*schema);
  }
  if (options.only_schema) {
    decoder->set_schema(*schema);
  } else {
    ARROW_RETURN_NOT_OK(decoder->bind(schema, options.columns));
  }
  return decoder;
}

}  // namespace velo::formats::json
