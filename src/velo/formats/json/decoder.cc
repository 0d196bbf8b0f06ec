#include "velo/formats/json/decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "velo/formats/json/failure_report.h"
#include "velo/formats/json/inference.h"
#include "velo/formats/json/object_decoder.h"
#include "velo/formats/json/record_walker.h"
#include "velo/formats/projection.h"

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

class JsonDecoder : public Decoder {
 public:
  JsonDecoder(FileFacts file, std::unique_ptr<RecordCutter> cutter)
      : file_(std::move(file)), cutter_(std::move(cutter)), walker_(cutter_->framing()) {}

  /// Look at the first records to learn the columns of the file.
  Result<std::shared_ptr<arrow::Schema>> infer_schema(const DecoderLimits& limits);

  /// Make the columns: all of `file_schema`, or those asked for.
  Status bind(const std::shared_ptr<arrow::Schema>& file_schema,
              const std::optional<std::vector<std::string>>& columns);

  const std::shared_ptr<arrow::Schema>& schema() const override {
    return projection_.schema;
  }
  Result<std::shared_ptr<arrow::RecordBatch>> next(std::stop_token stop) override;

 private:
  // Go over one block, calling on_record for each record. `restart` is called before a
  // block is read a second time, cut elsewhere; `block` is then that one.
  template <typename OnRecord, typename Restart>
  Status read(Block& block, RecordWalker& walker, OnRecord on_record, Restart restart);
  template <typename OnRecord>
  bool walk(RecordWalker& walker, OnRecord on_record);
  // Why the block was not accepted: the first thing wrong in it.
  template <typename OnRecord>
  Status explain_refusal(const Block& block, RecordWalker walker, OnRecord on_record);

  Result<std::shared_ptr<arrow::RecordBatch>> decode_next(std::stop_token stop);
  Result<std::shared_ptr<arrow::RecordBatch>> finish_batch();

  const FileFacts file_;
  const std::unique_ptr<RecordCutter> cutter_;
  std::deque<KeptBlock> sample_;  // read for the schema, to be decoded first
  RecordWalker walker_;
  Cursor cursor_;
  int64_t record_ =
      -1;  // where the record at hand begins in its block, -1 between records
  std::optional<ObjectDecoder> records_;
  Projection projection_;
  bool ended_ = false;
  Status error_;
};

template <typename OnRecord>
bool JsonDecoder::walk(RecordWalker& walker, OnRecord on_record) {
  for (;;) {
    record_ = -1;
    switch (walker.next(cursor_)) {
      case RecordWalker::Step::kEndOfBlock:
        return true;
      case RecordWalker::Step::kFailed:
        return false;
      case RecordWalker::Step::kRecord:
        record_ = cursor_.offset();
        if (!on_record(cursor_)) return false;
    }
  }
}

template <typename OnRecord>
Status JsonDecoder::explain_refusal(const Block& block, RecordWalker walker,
                                    OnRecord on_record) {
  const BadText bad = find_bad_text(block);
  // What stands before the bad text may be wrong, too, and is to be told of first.
  const uint8_t behind = std::exchange(block.text[bad.good_bytes], uint8_t{0});
  const Result<bool> accepted = cursor_.start(block.text, bad.good_bytes);
  const bool failed_before =
      accepted.ok() && *accepted && !walk(walker, on_record) && !cursor_.failure().at_end;
  block.text[bad.good_bytes] = behind;
  ARROW_RETURN_NOT_OK(accepted);
  return report(file_, block, failed_before ? cursor_.failure() : bad.failure, record_);
}

template <typename OnRecord, typename Restart>
Status JsonDecoder::read(Block& block, RecordWalker& walker, OnRecord on_record,
                         Restart restart) {
  const RecordWalker at_begin = walker;
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(const bool accepted, cursor_.start(block.text, block.size));
    if (!accepted) return explain_refusal(block, walker, on_record);
    if (walk(walker, on_record)) break;
    const bool is_kept = !sample_.empty() && block.text == sample_.front().block.text;
    if (!cursor_.failure().at_end || is_kept || !cutter_->can_recut()) {
      return report(file_, block, cursor_.failure(), record_);
    }
    ARROW_ASSIGN_OR_RAISE(block, cutter_->recut());
    walker = at_begin;
    restart();
  }
  if (block.last && !walker.finish(cursor_)) {
    return report(file_, block, cursor_.failure(), -1);
  }
  return Status::OK();
}

Result<std::shared_ptr<arrow::Schema>> JsonDecoder::infer_schema(
    const DecoderLimits& limits) {
  RecordWalker walker = walker_;
  ValueSketch records;
  int64_t num_records = 0;
  int64_t num_bytes = 0;
  bool last = false;
  while (!last && num_records < limits.sample_records &&
         num_bytes < limits.sample_bytes) {
    ARROW_ASSIGN_OR_RAISE(Block block, cutter_->next());
    const auto observe = [&](Cursor& cursor) {
      ++num_records;
      return records.observe(cursor);
    };
    // What was seen of a block stays true when it is seen again.
    ARROW_RETURN_NOT_OK(read(block, walker, observe, [] {}));
    num_bytes += block.size;
    last = block.last;
    sample_.push_back(keep(block));
  }
  return arrow::schema(records.fields());
}

Status JsonDecoder::bind(const std::shared_ptr<arrow::Schema>& file_schema,
                         const std::optional<std::vector<std::string>>& columns) {
  ARROW_ASSIGN_OR_RAISE(projection_, project(*file_schema, columns, file_.name));
  std::vector<bool> wanted(static_cast<size_t>(file_schema->num_fields()), false);
  for (const int field : projection_.indices) wanted[static_cast<size_t>(field)] = true;
  const SchemaOrigin origin =
      file_.schema_was_given ? SchemaOrigin::kGiven : SchemaOrigin::kInferred;
  auto records = ObjectDecoder::make(file_schema->fields(), wanted, origin);
  if (!records.ok()) return annotate(records.status(), file_.name);
  records_ = *std::move(records);
  return Status::OK();
}

Result<std::shared_ptr<arrow::RecordBatch>> JsonDecoder::finish_batch() {
  const int64_t num_rows = records_->num_rows();
  std::map<int, std::shared_ptr<arrow::ArrayData>>
      finished;  // a column may be asked for twice
  arrow::ArrayDataVector columns;
  for (const int field : projection_.indices) {
    auto& column = finished[field];
    if (column == nullptr) {
      ARROW_ASSIGN_OR_RAISE(column,
                            records_->column(static_cast<size_t>(field)).finish());
    }
    columns.push_back(column);
  }
  records_->reset();
  return arrow::RecordBatch::Make(projection_.schema, num_rows, std::move(columns));
}

Result<std::shared_ptr<arrow::RecordBatch>> JsonDecoder::decode_next(
    std::stop_token stop) {
  while (!ended_) {
    if (stop.stop_requested()) {
      return make_error(ErrorKind::kCancelled, {.resource = file_.name}, "stopped");
    }
    const bool from_sample = !sample_.empty();
    Block block;
    if (from_sample) {
      block = sample_.front().block;
    } else {
      ARROW_ASSIGN_OR_RAISE(block, cutter_->next());
    }
    const auto decode = [this](Cursor& cursor) { return records_->decode(cursor); };
    ARROW_RETURN_NOT_OK(read(block, walker_, decode, [this] { records_->reset(); }));
    ended_ = block.last;
    if (from_sample) sample_.pop_front();
    if (records_->num_rows() > 0) return finish_batch();
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
                                              const DecoderLimits& limits) {
  FileFacts file{.name = input.name,
                 .schema_was_given = options.schema && !options.is_inferred,
                 .max_record_bytes = limits.cutter.max_record_bytes};
  ARROW_ASSIGN_OR_RAISE(auto cutter, RecordCutter::make(std::move(input), limits.cutter));
  auto decoder = std::make_unique<JsonDecoder>(std::move(file), std::move(cutter));
  std::shared_ptr<arrow::Schema> schema = std::move(options.schema);
  if (schema == nullptr) {
    ARROW_ASSIGN_OR_RAISE(schema, decoder->infer_schema(limits));
  }
  ARROW_RETURN_NOT_OK(decoder->bind(schema, options.columns));
  return decoder;
}

}  // namespace velo::formats::json
