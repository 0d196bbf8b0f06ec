#include "velo/formats/avro/decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/formats/avro/arrow_types.h"
#include "velo/formats/avro/container_reader.h"
#include "velo/formats/avro/memory_limits.h"
#include "velo/formats/avro/program.h"
#include "velo/formats/avro/schema_of_arrow.h"
#include "velo/formats/projection.h"

namespace velo::formats::avro {
namespace {

constexpr int64_t kMostBatchRows = 16384;
constexpr int64_t kLeastBatchBytes = int64_t{64} << 10;

// Of a failure that names no resource: in this file.
Status located(const Status& status, const std::string& name) {
  const ErrorContext* context = context_of(status);
  if (status.ok() || (context && !context->resource.empty())) return status;
  return make_error(kind_of(status), {.resource = name}, status.message());
}

class AvroDecoder : public Decoder {
 public:
  AvroDecoder(std::unique_ptr<ContainerReader> blocks, int64_t max_block_bytes)
      : blocks_(std::move(blocks)),
        most_record_bytes_(most_memory_of_record(max_block_bytes)) {}

  Status compile(SchemaPtr wanted, const DecodeOptions& options) {
    if (options.columns && is_column_twice(*options.columns)) {
      return make_error(ErrorKind::kInvalidArgument, {.resource = blocks_->name()},
                        "a column is asked for twice");
    }
    return located(project_and_compile(std::move(wanted), options), blocks_->name());
  }

  void limit_memory(int64_t num_bytes) override {
    batch_bytes_ = std::clamp(num_bytes / 8, kLeastBatchBytes, kMostBatchBytes);
  }

  const std::shared_ptr<arrow::Schema>& schema() const override {
    return program_->schema();
  }

  Result<std::shared_ptr<arrow::RecordBatch>> next(std::stop_token stop) override {
    run_.num_bytes = 0;
    while (!is_batch_full()) {
      if (stop.stop_requested()) {
        return make_error(ErrorKind::kCancelled, {.resource = blocks_->name()},
                          "stopped");
      }
      if (num_left_ == 0) {
        ARROW_ASSIGN_OR_RAISE(const bool has_more, next_block());
        if (!has_more) break;
      }
      ARROW_RETURN_NOT_OK(decode_records());
    }
    if (program_->num_rows() == 0) return nullptr;
    return program_->finish();
  }

 private:
  static bool is_column_twice(std::vector<std::string> columns) {
    std::ranges::sort(columns);
    return std::ranges::adjacent_find(columns) != columns.end();
  }

  Status project_and_compile(SchemaPtr wanted, const DecodeOptions& options) {
    ARROW_ASSIGN_OR_RAISE(wanted, as_record(std::move(wanted)));
    std::vector<std::string> names;
    arrow::FieldVector fields;
    for (const Field& field : wanted->fields) {
      fields.push_back(arrow::field(field.name, arrow::null()));
    }
    const arrow::Schema whole(std::move(fields));
    auto columns = options.columns;
    if (options.is_inferred) columns = known_columns(whole, std::move(columns));
    ARROW_ASSIGN_OR_RAISE(const Projection projection,
                          project(whole, columns, blocks_->name()));
    ARROW_ASSIGN_OR_RAISE(wanted, with_fields(*wanted, projection.indices));
    return Program::compile(blocks_->schema(), std::move(wanted)).Value(&program_);
  }

  bool is_batch_full() const {
    return program_->num_rows() >= kMostBatchRows ||
           run_.num_bytes + program_->num_rows() * program_->row_bytes() >= batch_bytes_;
  }

  Result<bool> next_block() {
    ARROW_ASSIGN_OR_RAISE(const auto block, blocks_->next());
    if (!block) return false;
    block_ = *block;
    at_ = block_.begin;
    num_left_ = block_.num_records;
    run_.end = block_.end;
    run_.num_empty = 0;
    if (num_left_ == 0) ARROW_RETURN_NOT_OK(check_end());
    if (!program_->records_take_bytes() && !run_.add_empty(num_left_)) {
      run_.fail(at_, "too many records without bytes");
      return failure();
    }
    return true;
  }

  // Those of the block that the batch has room for.
  Status decode_records() {
    for (; num_left_ > 0 && !is_batch_full(); --num_left_) {
      run_.most_bytes = run_.num_bytes + most_record_bytes_;
      const uint8_t* next = program_->decode(at_, run_);
      if (next == nullptr) return failure();
      at_ = next;
      ++num_records_;
    }
    return num_left_ == 0 ? check_end() : Status::OK();
  }

  Status check_end() {
    if (at_ == block_.end) return Status::OK();
    run_.fail(at_, fmt::format("the block has {} bytes more than its {} records",
                               block_.end - at_, block_.num_records));
    return failure();
  }

  Status failure() {
    if (!run_.status.ok()) return run_.status;
    std::string where = fmt::format("block {}, byte {}", block_.number, block_.offset);
    if (!block_.is_compressed) {
      where = fmt::format("block {}, byte {}", block_.number,
                          block_.offset + (run_.failed_at - block_.begin));
    } else {
      where += fmt::format(" and {} decompressed", run_.failed_at - block_.begin);
    }
    where += fmt::format(", record {}", num_records_ + 1);
    std::string message = run_.message;
    if (!run_.path.empty()) message = fmt::format("field '{}': {}", run_.path, message);
    return make_error(ErrorKind::kCorruptData,
                      {.resource = blocks_->name(), .position = std::move(where)},
                      std::move(message));
  }

  const std::unique_ptr<ContainerReader> blocks_;
  const int64_t most_record_bytes_;
  int64_t batch_bytes_ = kMostBatchBytes;
  std::unique_ptr<Program> program_;
  Run run_;
  Block block_;
  const uint8_t* at_ = nullptr;  // within the block
  int64_t num_left_ = 0;         // of its records
  int64_t num_records_ = 0;      // decoded so far
};

}  // namespace

Result<SchemaPtr> wanted_of_given(const arrow::Schema& given) {
  ARROW_ASSIGN_OR_RAISE(SchemaPtr wanted, schema_of_arrow(given, TypeNames::kNone));
  ARROW_ASSIGN_OR_RAISE(const auto read_as, arrow_schema_of(*wanted));
  for (int i = 0; i < given.num_fields(); ++i) {
    const auto& asked = given.field(i);
    if (asked->type()->Equals(*read_as->field(i)->type())) continue;
    return make_error(
        ErrorKind::kSchemaMismatch, {},
        fmt::format("column '{}': Avro is not read as {}; say {}, and CAST it in the "
                    "SELECT",
                    asked->name(), asked->type()->ToString(),
                    read_as->field(i)->type()->ToString()));
  }
  return wanted;
}

Result<std::unique_ptr<Decoder>> make_resolving_decoder(Input input,
                                                        const WantedOf& wanted_of,
                                                        const DecodeOptions& options,
                                                        int64_t max_block_bytes) {
  ARROW_ASSIGN_OR_RAISE(auto blocks,
                        ContainerReader::open(std::move(input), max_block_bytes));
  auto wanted = wanted_of(blocks->schema());
  if (!wanted.ok()) return located(wanted.status(), blocks->name());
  auto decoder = std::make_unique<AvroDecoder>(std::move(blocks), max_block_bytes);
  ARROW_RETURN_NOT_OK(decoder->compile(*std::move(wanted), options));
  return decoder;
}

Result<std::unique_ptr<Decoder>> make_resolving_decoder(Input input, SchemaPtr wanted,
                                                        const DecodeOptions& options,
                                                        int64_t max_block_bytes) {
  return make_resolving_decoder(
      std::move(input), [&](const SchemaPtr&) -> Result<SchemaPtr> { return wanted; },
      options, max_block_bytes);
}

Result<std::unique_ptr<Decoder>> make_decoder(Input input, const DecodeOptions& options,
                                              int64_t max_block_bytes) {
  const bool is_given = options.schema && !options.is_inferred;
  return make_resolving_decoder(
      std::move(input),
      [&](const SchemaPtr& written) -> Result<SchemaPtr> {
        return is_given ? wanted_of_given(*options.schema) : written;
      },
      options, max_block_bytes);
}

}  // namespace velo::formats::avro
