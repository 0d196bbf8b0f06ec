#include "velo/formats/protobuf/decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "velo/formats/block_reader.h"
#include "velo/formats/projection.h"
#include "velo/formats/protobuf/message_columns.h"
#include "velo/formats/protobuf/types.h"
#include "velo/formats/record_limit.h"

namespace velo::formats::protobuf {
namespace {

// Whose columns are made anew where a message has failed within them.
class ColumnMaker {
 public:
  ColumnMaker(MessageType type, arrow::FieldVector columns)
      : type_(std::move(type)), columns_(std::move(columns)) {}

  Status make_if_none(std::unique_ptr<MessageColumns>& made) const {
    if (made) return Status::OK();
    return MessageColumns::make(type_.message(), columns_).Value(&made);
  }

 private:
  const MessageType type_;
  const arrow::FieldVector columns_;
};

// Where a message stands in the bytes at hand.
struct Frame {
  size_t begin = 0;  // of its length
  std::string_view message;
};

class ProtobufDecoder : public Decoder {
 public:
  ProtobufDecoder(Input input, const DecoderLimits& limits, bool keeps_bad,
                  Projection projection, ColumnMaker maker)
      : reader_(std::move(input), limits.block_bytes,
                limits.max_record_bytes + int64_t{kMostVarintBytes}),
        max_record_bytes_(limits.max_record_bytes),
        keeps_bad_(keeps_bad),
        projection_(std::move(projection)),
        maker_(std::move(maker)) {}

  const std::shared_ptr<arrow::Schema>& schema() const override {
    return projection_.schema;
  }

  Result<std::shared_ptr<arrow::RecordBatch>> next(std::stop_token stop) override {
    ARROW_RETURN_NOT_OK(error_);
    auto batch = decode_next(stop);
    if (!batch.ok()) error_ = batch.status();
    return batch;
  }

  std::vector<PlacedBadRecord> take_bad_records() override {
    return std::exchange(bad_, {});
  }

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> decode_next(const std::stop_token& stop);
  Result<std::vector<Frame>> whole_frames();
  Status decode(const std::vector<Frame>& frames);
  Result<std::vector<Frame>> without_bad(const std::vector<Frame>& frames);
  Status skip_large(uint64_t num_bytes);
  Result<std::shared_ptr<arrow::RecordBatch>> finish_batch();

  Status failure(size_t begin, int64_t number, const std::string& problem) const {
    return make_error(
        ErrorKind::kCorruptData,
        {.resource = reader_.name(),
         .position = fmt::format("message {}, byte {}", number + 1,
                                 reader_.offset() + static_cast<int64_t>(begin))},
        problem);
  }
  static std::string problem_of(const DecodeRun& run) {
    return run.path.empty() ? run.problem
                            : fmt::format("field '{}': {}", run.path, run.problem);
  }

  BlockReader reader_;
  const int64_t max_record_bytes_;
  const bool keeps_bad_;
  const Projection projection_;
  const ColumnMaker maker_;
  std::unique_ptr<MessageColumns> columns_;
  std::optional<uint64_t> large_;  // the length of a message that is not held whole
  int64_t num_messages_ = 0;       // before the bytes at hand
  std::vector<PlacedBadRecord> bad_;
  Status error_;
};

// Those that the bytes at hand have to their ends. What cannot be one is told of once
// those before it are decoded.
Result<std::vector<Frame>> ProtobufDecoder::whole_frames() {
  std::vector<Frame> frames;
  const std::string_view bytes = reader_.bytes();
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const size_t begin = bytes.size() - rest.size();
    const auto number = num_messages_ + static_cast<int64_t>(frames.size());
    uint64_t size = 0;
    if (!take_varint(rest, &size)) {
      const bool goes_on = rest.size() < kMostVarintBytes && !reader_.at_end();
      if (goes_on || !frames.empty()) break;
      return failure(begin, number,
                     rest.size() < kMostVarintBytes
                         ? "the file ends within a message's length"
                         : "a message's length is expected; are the messages of the file "
                           "not behind their lengths?");
    }
    if (std::cmp_greater(size, max_record_bytes_)) {
      if (!frames.empty()) break;
      if (!keeps_bad_) return failure(begin, number, too_large(max_record_bytes_));
      large_ = size;
      break;
    }
    if (size > rest.size()) {
      if (!reader_.at_end() || !frames.empty()) break;
      return failure(begin, number,
                     fmt::format("the file ends within this message: {} bytes of {}",
                                 rest.size(), size));
    }
    frames.push_back({begin, rest.substr(0, static_cast<size_t>(size))});
    rest.remove_prefix(static_cast<size_t>(size));
  }
  return frames;
}

Result<std::shared_ptr<arrow::RecordBatch>> ProtobufDecoder::decode_next(
    const std::stop_token& stop) {
  while (true) {
    if (stop.stop_requested()) {
      return make_error(ErrorKind::kCancelled, {.resource = reader_.name()}, "stopped");
    }
    ARROW_ASSIGN_OR_RAISE(const auto frames, whole_frames());
    if (large_) {
      ARROW_RETURN_NOT_OK(skip_large(*std::exchange(large_, std::nullopt)));
      return finish_batch();
    }
    if (!frames.empty()) {
      ARROW_RETURN_NOT_OK(decode(frames));
      const Frame& last = frames.back();
      num_messages_ += static_cast<int64_t>(frames.size());
      reader_.consume(static_cast<size_t>(last.message.data() + last.message.size() -
                                          reader_.bytes().data()));
      return finish_batch();
    }
    if (reader_.at_end()) return std::shared_ptr<arrow::RecordBatch>();
    ARROW_RETURN_NOT_OK(reader_.fill());
  }
}

Status ProtobufDecoder::decode(const std::vector<Frame>& frames) {
  ARROW_RETURN_NOT_OK(maker_.make_if_none(columns_));
  for (size_t i = 0; i < frames.size(); ++i) {
    if (columns_->append(frames[i].message)) continue;
    ARROW_RETURN_NOT_OK(columns_->run().status);
    if (!keeps_bad_) {
      return failure(frames[i].begin, num_messages_ + static_cast<int64_t>(i),
                     problem_of(columns_->run()));
    }
    columns_.reset();
    ARROW_ASSIGN_OR_RAISE(const auto good, without_bad(frames));
    return decode(good);
  }
  return Status::OK();
}

// Each is looked at alone.
Result<std::vector<Frame>> ProtobufDecoder::without_bad(
    const std::vector<Frame>& frames) {
  std::vector<Frame> good;
  std::unique_ptr<MessageColumns> columns;
  for (size_t i = 0; i < frames.size(); ++i) {
    ARROW_RETURN_NOT_OK(maker_.make_if_none(columns));
    const Frame& frame = frames[i];
    if (columns->append(frame.message)) {
      good.push_back(frame);
      continue;
    }
    ARROW_RETURN_NOT_OK(columns->run().status);
    bad_.push_back(
        {.record = {failure(frame.begin, num_messages_ + static_cast<int64_t>(i),
                            problem_of(columns->run())),
                    std::string(frame.message)},
         .num_rows_before = static_cast<int64_t>(good.size()),
         .offset = reader_.offset() + static_cast<int64_t>(frame.begin)});
    columns.reset();
  }
  return good;
}

// The message that the bytes at hand begin with, of which the beginning is kept.
Status ProtobufDecoder::skip_large(uint64_t num_bytes) {
  const auto kept = static_cast<size_t>(kKeptOfLargeRecord);
  while (reader_.bytes().size() < kMostVarintBytes + kept && !reader_.at_end()) {
    ARROW_RETURN_NOT_OK(reader_.fill());
  }
  std::string_view message = reader_.bytes();
  uint64_t size = 0;
  take_varint(message, &size);
  const Status error = failure(0, num_messages_, too_large(max_record_bytes_));
  bad_.push_back({.record = {error, std::string(message.substr(0, kept))},
                  .num_rows_before = 0,
                  .offset = reader_.offset()});
  const Status cut_off = failure(0, num_messages_, "the file ends within this message");
  ++num_messages_;
  reader_.consume(reader_.bytes().size() - message.size());
  while (num_bytes > 0) {
    if (reader_.bytes().empty()) {
      if (reader_.at_end()) return cut_off;
      ARROW_RETURN_NOT_OK(reader_.replace());
      continue;
    }
    const auto here =
        static_cast<size_t>(std::min<uint64_t>(num_bytes, reader_.bytes().size()));
    reader_.consume(here);
    num_bytes -= here;
  }
  return Status::OK();
}

Result<std::shared_ptr<arrow::RecordBatch>> ProtobufDecoder::finish_batch() {
  ARROW_RETURN_NOT_OK(maker_.make_if_none(columns_));
  const int64_t num_rows = columns_->num_rows();
  ARROW_ASSIGN_OR_RAISE(const auto found, columns_->finish());
  arrow::ArrayVector columns;
  for (const int index : projection_.indices) {
    columns.push_back(found[static_cast<size_t>(index)]);
  }
  return arrow::RecordBatch::Make(projection_.schema, num_rows, std::move(columns));
}

// The columns that are wanted, each once, and where they are among these.
arrow::FieldVector take_columns(const arrow::Schema& all, Projection& projection) {
  arrow::FieldVector columns;
  std::vector<int> places(static_cast<size_t>(all.num_fields()), -1);
  for (int& index : projection.indices) {
    int& place = places[static_cast<size_t>(index)];
    if (place < 0) {
      place = static_cast<int>(columns.size());
      columns.push_back(all.field(index));
    }
    index = place;
  }
  return columns;
}

}  // namespace

Result<std::unique_ptr<Decoder>> make_decoder(Input input, const MessageType& type,
                                              const DecodeOptions& options,
                                              const DecoderLimits& limits) {
  ARROW_ASSIGN_OR_RAISE(const auto all, schema_of(type.message()));
  ARROW_ASSIGN_OR_RAISE(Projection projection,
                        project(*all,
                                options.is_inferred ? known_columns(*all, options.columns)
                                                    : options.columns,
                                input.name));
  auto columns = take_columns(*all, projection);
  return std::make_unique<ProtobufDecoder>(
      std::move(input), limits, options.keep_bad_records, std::move(projection),
      ColumnMaker(type, std::move(columns)));
}

}  // namespace velo::formats::protobuf
