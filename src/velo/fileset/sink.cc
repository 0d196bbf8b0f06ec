#include "velo/fileset/sink.h"

#include <arrow/io/memory.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/columnar/change_columns.h"
#include "velo/fileset/directory_sink.h"
#include "velo/fileset/encoded_file.h"
#include "velo/fileset/encoding.h"

namespace velo::fileset {
namespace {

class SingleFileWriter : public DataWriter {
 public:
  SingleFileWriter(std::shared_ptr<SingleFile> place, FilesetOptions options)
      : place_(std::move(place)), options_(std::move(options)) {}

  ~SingleFileWriter() override { abort(); }

  Status write(const Batch& batch, std::stop_token stop) override {
    if (!file_) {
      schema_ = batch.rows->schema();
      ARROW_ASSIGN_OR_RAISE(output_, place_->create());
      ARROW_ASSIGN_OR_RAISE(
          file_, EncodedFile::create(place_->shown(), options_.connector,
                                     output_->bytes(), schema_, options_.values));
    } else if (!batch.rows->schema()->Equals(*schema_, /*check_metadata=*/false)) {
      return make_error(ErrorKind::kSchemaMismatch, context(),
                        "a batch came with other columns than the first");
    }
    if (batch.rows->num_rows() == 0) return Status::OK();
    output_->set_stop(stop);
    ARROW_RETURN_NOT_OK(file_->write(*batch.rows));
    const bool holds_enough = file_->held_bytes() >= options_.writer_bytes / 2;
    return holds_enough ? file_->write_held() : Status::OK();
  }

  Status finish() override {
    if (finished_) return outcome_;
    finished_ = true;
    outcome_ = publish();
    if (!outcome_.ok() && output_) output_->discard();
    return outcome_;
  }

  void abort() noexcept override {
    if (finished_) return;
    if (output_) output_->discard();
    finished_ = true;
    outcome_ = make_error(ErrorKind::kCancelled, context(), "the writer was aborted");
  }

  int64_t bytes_written() const override { return file_ ? file_->bytes_written() : 0; }

 private:
  Status publish() {
    if (!file_) {
      return make_error(ErrorKind::kInvalidArgument, context(),
                        "nothing was written: not even an empty batch, which would have "
                        "told the columns");
    }
    ARROW_RETURN_NOT_OK(file_->finish());
    return output_->publish();
  }

  ErrorContext context() const {
    return {.connector = options_.connector, .resource = place_->shown()};
  }

  const std::shared_ptr<SingleFile> place_;
  const FilesetOptions options_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<PublishedOutput> output_;
  std::unique_ptr<EncodedFile> file_;
  bool finished_ = false;
  Status outcome_;  // of finish(), for those who call it again
};

// Whether a file of this name holds rows of these columns.
Status try_encoder(const FileEncoding& encoding, const FilesetOptions& options,
                   arrow::FieldVector fields) {
  ARROW_ASSIGN_OR_RAISE(auto nowhere, arrow::io::BufferOutputStream::Create(0));
  return encoding.format
      ->make_encoder(std::move(nowhere), arrow::schema(std::move(fields)), options.values)
      .status();
}

// Of changes in an envelope the columns are checked together: one of them says what
// became of the others.
Status check_changes(const std::string& path, const FilesetOptions& options,
                     const arrow::Schema& schema) {
  if (formats::envelope_of(options.values) == formats::Envelope::kNone) {
    return Status::OK();
  }
  ARROW_ASSIGN_OR_RAISE(const auto encoding, encoding_of(path, options.values));
  for (const std::string& name : options.partition_by) {
    if (!is_change_column(name)) continue;
    return make_error(ErrorKind::kInvalidArgument,
                      {.connector = options.connector, .resource = path},
                      fmt::format("partition_by takes '{}' out of the rows, and "
                                  "envelope=debezium needs it",
                                  name));
  }
  const Status status = try_encoder(encoding, options, schema.fields());
  if (status.ok()) return status;
  return make_error(kind_of(status), {.connector = options.connector, .resource = path},
                    status.message());
}

// One column by itself; in an envelope, beside what makes it one of a change.
arrow::FieldVector alone(const FilesetOptions& options, const arrow::Schema& schema,
                         const std::shared_ptr<arrow::Field>& field) {
  arrow::FieldVector fields = {field};
  const bool is_bare = formats::envelope_of(options.values) == formats::Envelope::kNone;
  if (is_bare || field->name() == kOperationColumn) return fields;
  fields.push_back(schema.GetFieldByName(kOperationColumn));
  return fields;
}

// What a file of this name would hold of the columns, and what it cannot.
Result<SinkPlan> plan_file(const std::string& path, const FilesetOptions& options,
                           const arrow::Schema& schema) {
  ARROW_ASSIGN_OR_RAISE(const auto encoding, encoding_of(path, options.values));
  ARROW_RETURN_NOT_OK(check_changes(path, options, schema));
  SinkPlan plan;
  for (const auto& field : schema.fields()) {
    PlannedColumn planned{.name = field->name(), .target = field->name()};
    planned.target_type = encoding.format->name;
    const bool is_directory = std::ranges::count(options.partition_by, field->name()) > 0;
    if (is_directory) planned.target_type = "directory";
    const Status status =
        is_directory ? Status::OK()
                     : try_encoder(encoding, options, alone(options, schema, field));
    if (!status.ok()) planned.refusal = status.message();
    plan.columns.push_back(std::move(planned));
  }
  return plan;
}

class SingleFileSink : public DataSink {
 public:
  SingleFileSink(FilesetOptions options, std::shared_ptr<SingleFile> place)
      : options_(std::move(options)), place_(std::move(place)) {}

  void limit_memory(int64_t bytes_per_writer) override {
    options_.writer_bytes = bytes_per_writer;
    place_->limit_memory(bytes_per_writer / 2);
  }

  Status validate_schema(const arrow::Schema& schema) override {
    return check_changes(place_->shown(), options_, schema);
  }

  Result<std::unique_ptr<DataWriter>> create_writer(const WriteOptions&) override {
    // Said now, not after the source was read.
    ARROW_RETURN_NOT_OK(encoding_of(place_->shown(), options_.values).status());
    ARROW_ASSIGN_OR_RAISE(const auto trial, place_->create());
    trial->discard();
    ARROW_RETURN_NOT_OK(check_mode());
    return std::make_unique<SingleFileWriter>(place_, options_);
  }

  bool supports_transactions() const override { return true; }
  bool supports_upsert() const override { return false; }

  void check(CheckReport& report, std::stop_token) override {
    const auto known = [&]() -> Result<std::string> {
      ARROW_ASSIGN_OR_RAISE(const auto encoding,
                            encoding_of(place_->shown(), options_.values));
      return std::string(encoding.format->name);
    };
    if (!report.tried("know the format", known()).ok()) return;
    const auto begun = [&]() -> Result<std::string> {
      ARROW_ASSIGN_OR_RAISE(const auto trial, place_->create());
      trial->discard();
      return "begun, and dropped again";
    };
    (void)report.tried("write " + place_->shown(), begun());
  }

  Result<SinkPlan> plan(const arrow::Schema& schema, const PipelineIdentity&,
                        std::stop_token) override {
    ARROW_RETURN_NOT_OK(check_mode());
    ARROW_ASSIGN_OR_RAISE(SinkPlan plan, plan_file(place_->shown(), options_, schema));
    ARROW_ASSIGN_OR_RAISE(const bool exists, place_->exists());
    if (!exists) plan.makes.push_back("file " + place_->shown());
    return plan;
  }

 private:
  Status check_mode() const {
    if (options_.mode != FilesetOptions::Mode::kError) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const bool exists, place_->exists());
    if (!exists) return Status::OK();
    return make_error(ErrorKind::kAlreadyExists,
                      {.connector = options_.connector, .resource = place_->shown()},
                      "the file exists, and mode=error");
  }

  FilesetOptions options_;
  const std::shared_ptr<SingleFile> place_;
};

class DirectoryDataSink : public DataSink {
 public:
  DirectoryDataSink(FilesetOptions options, std::shared_ptr<Directory> directory)
      : options_(std::move(options)),
        shown_(directory->shown()),
        transactions_(options_, std::move(directory)) {}

  void limit_memory(int64_t bytes_per_writer) override {
    transactions_.limit_memory(bytes_per_writer);
  }

  Status validate_schema(const arrow::Schema& schema) override {
    ARROW_RETURN_NOT_OK(transactions_.check_format());
    for (const std::string& name : options_.partition_by) {
      if (schema.GetFieldIndex(name) < 0) {
        return make_error(ErrorKind::kSchemaMismatch,
                          {.connector = options_.connector, .resource = shown_},
                          fmt::format("partition_by names a column '{}' that the rows do "
                                      "not have",
                                      name));
      }
    }
    return check_changes("part." + extension_of(options_.values), options_, schema);
  }

  Result<std::unique_ptr<DataWriter>> create_writer(
      const WriteOptions& options) override {
    ARROW_RETURN_NOT_OK(transactions_.check_format());
    return write_epochs(transactions_, options);
  }

  bool supports_transactions() const override { return true; }
  bool supports_upsert() const override { return false; }
  bool supports_schema_change() const override { return true; }
  TransactionalSink* transactions() override { return &transactions_; }

  void check(CheckReport& report, std::stop_token stop) override {
    transactions_.check(report, stop);
  }

  Result<SinkPlan> plan(const arrow::Schema& schema, const PipelineIdentity& pipeline,
                        std::stop_token) override {
    ARROW_RETURN_NOT_OK(validate_schema(schema));
    const std::string extension = extension_of(options_.values);
    ARROW_ASSIGN_OR_RAISE(SinkPlan plan,
                          plan_file("part." + extension, options_, schema));
    plan.makes = {fmt::format("files {}part-….{}", shown_, extension),
                  fmt::format("{}_velo/{}/, for the record", shown_, pipeline.id)};
    return plan;
  }

 private:
  const FilesetOptions options_;
  const std::string shown_;
  DirectorySink transactions_;
};

}  // namespace

std::unique_ptr<DataSink> make_single_file_sink(FilesetOptions options,
                                                std::shared_ptr<SingleFile> file) {
  return std::make_unique<SingleFileSink>(std::move(options), std::move(file));
}

std::unique_ptr<DataSink> make_directory_sink(FilesetOptions options,
                                              std::shared_ptr<Directory> directory) {
  return std::make_unique<DirectoryDataSink>(std::move(options), std::move(directory));
}

}  // namespace velo::fileset
