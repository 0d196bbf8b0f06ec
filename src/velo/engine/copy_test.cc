#include <arrow/array/builder_primitive.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "velo/pipeline.h"

namespace velo {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<arrow::RecordBatch> numbers(int64_t first, int64_t count) {
  arrow::Int64Builder builder;
  for (int64_t i = 0; i < count; ++i) EXPECT_TRUE(builder.Append(first + i).ok());
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("n", arrow::int64())}),
                                  count, {builder.Finish().ValueOrDie()});
}

// Yields `num_batches` batches of ten rows, then ends or fails.
class CountingSource : public DataSource {
 public:
  CountingSource(int num_batches, Status end) : num_batches_(num_batches), end_(end) {}

  Result<std::shared_ptr<arrow::Schema>> fetch_schema() override {
    return numbers(0, 0)->schema();
  }
  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions&) override {
    struct Reader : DataReader {
      Result<std::optional<Batch>> read(std::stop_token stop) override {
        if (stop.stop_requested()) return Status::Cancelled("stopped");
        if (next < num_batches) return Batch{numbers(10 * next++, 10)};
        ARROW_RETURN_NOT_OK(end);
        return std::nullopt;
      }
      int next = 0;
      int num_batches = 0;
      Status end;
    };
    auto reader = std::make_unique<Reader>();
    reader->num_batches = num_batches_;
    reader->end = end_;
    return reader;
  }
  bool supports_streaming() const override { return false; }
  bool supports_batch() const override { return true; }

 private:
  int num_batches_;
  Status end_;
};

struct Written {
  int64_t num_rows = 0;
  int64_t sum = 0;
  bool finished = false;
  bool aborted = false;
};

class SummingSink : public DataSink {
 public:
  SummingSink(Written& written, std::function<Status()> on_write)
      : written_(written), on_write_(std::move(on_write)) {}

  Status validate_schema(const arrow::Schema&) override { return Status::OK(); }
  Result<std::unique_ptr<DataWriter>> create_writer(const WriteOptions&) override {
    struct Writer : DataWriter {
      Writer(Written& to, std::function<Status()> on) : written(to), on_write(on) {}
      ~Writer() override { abort(); }
      Status write(const Batch& batch, std::stop_token) override {
        ARROW_RETURN_NOT_OK(on_write());
        const auto& values =
            static_cast<const arrow::Int64Array&>(*batch.rows->column(0));
        for (int64_t i = 0; i < values.length(); ++i) written.sum += values.Value(i);
        written.num_rows += values.length();
        return Status::OK();
      }
      Status finish() override {
        written.finished = true;
        return Status::OK();
      }
      void abort() noexcept override { written.aborted = !written.finished; }
      int64_t bytes_written() const override { return 8 * written.num_rows; }
      Written& written;
      std::function<Status()> on_write;
    };
    return std::make_unique<Writer>(written_, on_write_);
  }
  bool supports_transactions() const override { return true; }
  bool supports_upsert() const override { return false; }

 private:
  Written& written_;
  std::function<Status()> on_write_;
};

Status ok() { return Status::OK(); }

TEST(Copy, MovesEveryRowOnce) {
  Written written;
  CountingSource source(1000, Status::OK());
  SummingSink sink(written, ok);
  CopyOptions options;
  options.queue_bytes = 100;  // room for one batch at a time
  const auto progress = copy(source, sink, options, {});
  ASSERT_TRUE(progress.ok()) << progress.status();
  EXPECT_EQ(progress->num_rows, 10000);
  EXPECT_EQ(written.sum, 9999 * 10000 / 2);
  EXPECT_TRUE(written.finished);
}

TEST(Copy, FailsWithTheReadersErrorAndFinishesNothing) {
  Written written;
  CountingSource source(3, make_error(ErrorKind::kCorruptData, {}, "row 31 is bad"));
  SummingSink sink(written, ok);
  const auto progress = copy(source, sink, {}, {});
  EXPECT_EQ(kind_of(progress.status()), ErrorKind::kCorruptData);
  EXPECT_THAT(progress.status().message(), HasSubstr("row 31 is bad"));
  EXPECT_TRUE(written.aborted);
}

TEST(Copy, FailsWithTheWritersErrorWhileTheReaderIsBlocked) {
  Written written;
  CountingSource source(1'000'000, Status::OK());
  SummingSink sink(written, [&] {
    return written.num_rows < 50 ? Status::OK()
                                 : make_error(ErrorKind::kSystem, {}, "disk full");
  });
  CopyOptions options;
  options.queue_bytes = 100;
  const auto progress = copy(source, sink, options, {});
  EXPECT_EQ(kind_of(progress.status()), ErrorKind::kSystem);
  EXPECT_TRUE(written.aborted);
}

TEST(Copy, StopsWhenAsked) {
  Written written;
  std::stop_source stop;
  CountingSource source(1'000'000, Status::OK());
  SummingSink sink(written, [&] {
    if (written.num_rows >= 50) stop.request_stop();
    return Status::OK();
  });
  const auto progress = copy(source, sink, {}, stop.get_token());
  EXPECT_EQ(kind_of(progress.status()), ErrorKind::kCancelled);
  EXPECT_TRUE(written.aborted);
}

}  // namespace
}  // namespace velo
