#include "velo/stream.h"

#include <arrow/array/builder_primitive.h>
#include <arrow/c/bridge.h>
#include <arrow/table.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace velo {
namespace {

using ::testing::HasSubstr;
using Rows = std::shared_ptr<arrow::RecordBatch>;

Rows numbers(int64_t first, int64_t count) {
  arrow::Int64Builder builder;
  for (int64_t i = 0; i < count; ++i) EXPECT_TRUE(builder.Append(first + i).ok());
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("n", arrow::int64())}),
                                  count, {builder.Finish().ValueOrDie()});
}

// Yields the given batches, then `end`.
class GivenReader : public DataReader, public arrow::RecordBatchReader {
 public:
  GivenReader(std::vector<Rows> batches, Status end)
      : batches_(std::move(batches)), end_(std::move(end)) {}

  std::shared_ptr<arrow::Schema> schema() const override {
    return numbers(0, 0)->schema();
  }
  Status ReadNext(Rows* rows) override {
    *rows = next_ < batches_.size() ? batches_[next_++] : nullptr;
    return *rows ? Status::OK() : end_;
  }
  Result<std::optional<Batch>> read(std::stop_token stop) override {
    if (stop.stop_requested()) return make_error(ErrorKind::kCancelled, {}, "stopped");
    Rows rows;
    ARROW_RETURN_NOT_OK(ReadNext(&rows));
    if (!rows) return std::nullopt;
    return Batch{std::move(rows)};
  }

 private:
  std::vector<Rows> batches_;
  Status end_;
  size_t next_ = 0;
};

class GivenSource : public DataSource {
 public:
  GivenSource(std::vector<Rows> batches, Status end)
      : batches_(std::move(batches)), end_(std::move(end)) {}

  Result<std::shared_ptr<arrow::Schema>> fetch_schema() override {
    return numbers(0, 0)->schema();
  }
  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions&) override {
    return std::make_unique<GivenReader>(batches_, end_);
  }
  bool supports_streaming() const override { return false; }
  bool supports_batch() const override { return true; }

 private:
  std::vector<Rows> batches_;
  Status end_;
};

struct Written {
  std::vector<Rows> batches = {};
  bool finished = false;
};

class KeepingSink : public DataSink {
 public:
  explicit KeepingSink(Written& written) : written_(written) {}

  Status validate_schema(const arrow::Schema& schema) override {
    if (schema.num_fields() == 1) return Status::OK();
    return make_error(ErrorKind::kSchemaMismatch, {}, "one column is wanted");
  }
  Result<std::unique_ptr<DataWriter>> create_writer(const WriteOptions&) override {
    struct Writer : DataWriter {
      explicit Writer(Written& to) : written(to) {}
      Status write(const Batch& batch, std::stop_token) override {
        written.batches.push_back(batch.rows);
        return Status::OK();
      }
      Status finish() override {
        written.finished = true;
        return Status::OK();
      }
      void abort() noexcept override {}
      int64_t bytes_written() const override { return 80; }
      Written& written;
    };
    return std::make_unique<Writer>(written_);
  }
  bool supports_transactions() const override { return true; }
  bool supports_upsert() const override { return false; }

 private:
  Written& written_;
};

Status disk_full() { return make_error(ErrorKind::kSystem, {}, "the disk is full"); }

ArrowArrayStream stream_of(std::vector<Rows> batches, Status end) {
  ArrowArrayStream stream;
  const auto reader = std::make_shared<GivenReader>(std::move(batches), std::move(end));
  EXPECT_TRUE(arrow::ExportRecordBatchReader(reader, &stream).ok());
  return stream;
}

TEST(ExportStream, YieldsEveryBatch) {
  ArrowArrayStream stream;
  auto source = std::make_unique<GivenSource>(
      std::vector<Rows>{numbers(0, 10), numbers(10, 5)}, Status::OK());
  ASSERT_TRUE(export_stream(std::move(source), {}, {}, &stream).ok());
  const auto reader = arrow::ImportRecordBatchReader(&stream).ValueOrDie();
  const auto table = reader->ToTable().ValueOrDie();
  const auto expected = arrow::Table::FromRecordBatches({numbers(0, 15)}).ValueOrDie();
  EXPECT_TRUE(table->Equals(*expected)) << table->ToString();
}

TEST(ExportStream, FailsAtOnceWhereTheFirstBatchDoes) {
  ArrowArrayStream stream;
  stream.release = nullptr;
  const Status status = export_stream(
      std::make_unique<GivenSource>(std::vector<Rows>{}, disk_full()), {}, {}, &stream);
  EXPECT_EQ(kind_of(status), ErrorKind::kSystem);
  EXPECT_EQ(stream.release, nullptr);
}

TEST(ExportStream, TellsALaterFailureByTheStream) {
  ArrowArrayStream stream;
  auto source =
      std::make_unique<GivenSource>(std::vector<Rows>{numbers(0, 1)}, disk_full());
  ASSERT_TRUE(export_stream(std::move(source), {}, {}, &stream).ok());
  ArrowArray rows;
  ASSERT_EQ(stream.get_next(&stream, &rows), 0);
  rows.release(&rows);
  EXPECT_EQ(stream.get_next(&stream, &rows), EIO);
  EXPECT_THAT(stream.get_last_error(&stream), HasSubstr("the disk is full"));
  stream.release(&stream);
}

TEST(ExportStream, EndsWhenAskedTo) {
  ArrowArrayStream stream;
  std::stop_source stop;
  auto source = std::make_unique<GivenSource>(
      std::vector<Rows>{numbers(0, 1), numbers(1, 1)}, Status::OK());
  ASSERT_TRUE(export_stream(std::move(source), {}, stop.get_token(), &stream).ok());
  ArrowArray rows;
  ASSERT_EQ(stream.get_next(&stream, &rows), 0);
  rows.release(&rows);
  stop.request_stop();
  EXPECT_NE(stream.get_next(&stream, &rows), 0);
  stream.release(&stream);
}

TEST(WriteStream, WritesEveryBatch) {
  Written written;
  KeepingSink sink(written);
  ArrowArrayStream stream = stream_of({numbers(0, 10), numbers(10, 5)}, Status::OK());
  const auto progress = write_stream(&stream, sink);
  ASSERT_TRUE(progress.ok()) << progress.status();
  EXPECT_EQ(progress->num_rows, 15);
  EXPECT_EQ(progress->bytes_written, 80);
  EXPECT_EQ(stream.release, nullptr);
  EXPECT_TRUE(written.finished);
  const auto table = arrow::Table::FromRecordBatches(written.batches).ValueOrDie();
  EXPECT_TRUE(
      table->Equals(*arrow::Table::FromRecordBatches({numbers(0, 15)}).ValueOrDie()));
}

TEST(WriteStream, WritesTheColumnsOfAStreamWithoutRows) {
  Written written;
  KeepingSink sink(written);
  ArrowArrayStream stream = stream_of({}, Status::OK());
  ASSERT_TRUE(write_stream(&stream, sink).ok());
  ASSERT_EQ(written.batches.size(), 1);
  EXPECT_TRUE(written.batches[0]->schema()->Equals(*numbers(0, 0)->schema()));
}

TEST(WriteStream, FinishesNothingWhenTheStreamFails) {
  Written written;
  KeepingSink sink(written);
  ArrowArrayStream stream = stream_of({numbers(0, 1)}, disk_full());
  const auto progress = write_stream(&stream, sink);
  EXPECT_EQ(kind_of(progress.status()), ErrorKind::kSystem);
  EXPECT_THAT(progress.status().message(), HasSubstr("the disk is full"));
  EXPECT_FALSE(written.finished);
  EXPECT_EQ(stream.release, nullptr);
}

TEST(WriteStream, FinishesNothingAfterAStop) {
  Written written;
  KeepingSink sink(written);
  std::stop_source stop;
  stop.request_stop();
  ArrowArrayStream stream = stream_of({numbers(0, 1)}, Status::OK());
  const auto progress = write_stream(&stream, sink, stop.get_token());
  EXPECT_EQ(kind_of(progress.status()), ErrorKind::kCancelled);
  EXPECT_FALSE(written.finished);
  EXPECT_EQ(stream.release, nullptr);
}

}  // namespace
}  // namespace velo
