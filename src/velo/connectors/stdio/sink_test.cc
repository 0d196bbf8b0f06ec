#include "velo/connectors/stdio/sink.h"

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>

#include "velo/connectors/stdio/connector.h"

namespace velo::stdio {
namespace {

using ::testing::HasSubstr;

/// Standard output of a test: a file that is read back.
class Captured {
 public:
  Captured() : file_(std::tmpfile()) {}
  ~Captured() { std::fclose(file_); }
  int descriptor() const { return ::fileno(file_); }
  std::string text() const {
    std::string bytes(100'000, '\0');
    const ssize_t size = ::pread(descriptor(), bytes.data(), bytes.size(), 0);
    bytes.resize(static_cast<size_t>(size));
    return bytes;
  }

 private:
  std::FILE* file_;
};

Batch batch_of(const std::vector<int64_t>& values) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  const auto schema = arrow::schema({arrow::field("id", arrow::int64())});
  return {arrow::RecordBatch::Make(schema, static_cast<int64_t>(values.size()),
                                   {builder.Finish().ValueOrDie()})};
}

std::unique_ptr<DataWriter> open(std::string_view uri, int descriptor) {
  auto sink = StdoutSink::make(parse_uri(uri).ValueOrDie(), descriptor).ValueOrDie();
  EXPECT_TRUE(sink->validate_schema(*batch_of({}).rows->schema()).ok());
  EXPECT_FALSE(sink->supports_transactions());
  EXPECT_FALSE(sink->supports_upsert());
  return sink->create_writer().ValueOrDie();
}

std::string output_of(std::string_view uri, const std::vector<Batch>& batches) {
  const Captured output;
  const auto writer = open(uri, output.descriptor());
  for (const Batch& batch : batches) EXPECT_TRUE(writer->write(batch).ok());
  EXPECT_TRUE(writer->finish().ok());
  EXPECT_TRUE(writer->finish().ok()) << "idempotent";
  writer->abort();
  EXPECT_EQ(writer->bytes_written(), static_cast<int64_t>(output.text().size()));
  return output.text();
}

constexpr char kTable[] = R"(┌───────┐
│    id │
│ int64 │
├───────┤
│     1 │
│     2 │
└───────┘
2 rows, 1 column
)";

TEST(Stdout, IsCsvUnlessATerminal) {
  EXPECT_EQ(output_of("stdout:", {batch_of({1}), batch_of({2, 3})}), "id\n1\n2\n3\n");
  EXPECT_EQ(output_of("stdout:?header=false", {batch_of({1})}), "1\n");
}

TEST(Stdout, Table) {
  EXPECT_EQ(output_of("stdout:?format=table", {batch_of({1}), batch_of({2})}), kTable);
  EXPECT_THAT(output_of("stdout:?format=table&rows=1", {batch_of({1, 2})}),
              HasSubstr("… 1 more row\n2 rows, 1 column\n"));
}

TEST(Stdout, OtherFormats) {
  EXPECT_EQ(output_of("stdout:?format=json", {batch_of({1, 2})}),
            "{\"id\":1}\n{\"id\":2}\n");
  EXPECT_THAT(output_of("stdout:?format=parquet", {batch_of({1})}), HasSubstr("PAR1"));
  EXPECT_TRUE(output_of("stdout:?format=csv&compression=gzip", {batch_of({1})})
                  .starts_with("\x1F\x8B"));
}

TEST(Stdout, NothingWritten) { EXPECT_EQ(output_of("stdout:", {}), ""); }

TEST(Stdout, RowsAppearBeforeTheEnd) {
  const Captured output;
  const auto writer = open("stdout:?format=csv", output.descriptor());
  EXPECT_TRUE(writer->write(batch_of(std::vector<int64_t>(200'000, 1))).ok());
  EXPECT_TRUE(output.text().starts_with("id\n1\n1\n"));
  const int64_t num_bytes = writer->bytes_written();
  EXPECT_GT(num_bytes, 200'000);
  writer->abort();
  EXPECT_TRUE(writer->finish().ok());
  EXPECT_EQ(writer->bytes_written(), num_bytes);
}

TEST(Stdout, AbortShowsNoTable) {
  const Captured output;
  const auto writer = open("stdout:?format=table", output.descriptor());
  EXPECT_TRUE(writer->write(batch_of({1})).ok());
  writer->abort();
  EXPECT_EQ(output.text(), "");
}

TEST(Stdout, RefusesAnotherSchema) {
  const Captured output;
  const auto writer = open("stdout:", output.descriptor());
  EXPECT_TRUE(writer->write(batch_of({1})).ok());
  const auto rows = batch_of({1}).rows->RenameColumns({"other"}).ValueOrDie();
  const Status status = writer->write(Batch{rows});
  EXPECT_EQ(kind_of(status), ErrorKind::kSchemaMismatch);
  EXPECT_EQ(status.message(),
            "standard output: a batch came with other columns than the first");
}

TEST(Stdout, ReaderThatHasGone) {
  const auto previous = std::signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ::close(ends[0]);
  const auto writer = open("stdout:", ends[1]);
  const Status status = writer->write(batch_of(std::vector<int64_t>(200'000, 1)));
  EXPECT_EQ(kind_of(status), ErrorKind::kCancelled);
  EXPECT_EQ(context_of(status)->vendor_code, "EPIPE");
  const auto table = open("stdout:?format=table", ends[1]);
  EXPECT_TRUE(table->write(batch_of({1})).ok());
  EXPECT_EQ(kind_of(table->finish()), ErrorKind::kCancelled);
  EXPECT_EQ(kind_of(table->finish()), ErrorKind::kCancelled) << "sticky";
  ::close(ends[1]);
  std::signal(SIGPIPE, previous);
}

/// A terminal of 30 columns.
class Terminal {
 public:
  Terminal() {
    struct winsize size {};
    size.ws_col = 30;
    size.ws_row = 10;
    EXPECT_EQ(::openpty(&leader_, &follower_, nullptr, nullptr, &size), 0);
  }
  ~Terminal() {
    ::close(leader_);
    ::close(follower_);
  }
  int descriptor() const { return follower_; }
  std::string text() const {
    std::array<char, 4096> block{};
    const ssize_t size = ::read(leader_, block.data(), block.size());
    std::string out(block.data(), static_cast<size_t>(std::max<ssize_t>(size, 0)));
    std::erase(out, '\r');  // the terminal's own
    return out;
  }

 private:
  int leader_ = -1;
  int follower_ = -1;
};

TEST(Stdout, IsATableOnATerminal) {
  const Terminal terminal;
  const auto writer = open("stdout:", terminal.descriptor());
  EXPECT_TRUE(writer->write(batch_of({1, 2})).ok());
  EXPECT_TRUE(writer->finish().ok());
  EXPECT_EQ(terminal.text(), kTable);
}

TEST(Stdout, FitsTheTerminal) {
  const Terminal terminal;
  const auto writer = open("stdout:", terminal.descriptor());
  arrow::StringBuilder builder;
  ASSERT_TRUE(builder.Append(std::string(100, 'x')).ok());
  const auto schema = arrow::schema({arrow::field("a", arrow::utf8())});
  const Batch batch{arrow::RecordBatch::Make(schema, 1, {builder.Finish().ValueOrDie()})};
  EXPECT_TRUE(writer->write(batch).ok());
  EXPECT_TRUE(writer->finish().ok());
  EXPECT_THAT(terminal.text(), HasSubstr("│ xxxxxxxxxxxxxxxxxxxxxxxxx… │\n"));
}

TEST(Stdout, SendsNoTerminalWhatIsNotText) {
  const Terminal terminal;
  const auto error_of = [&](std::string_view uri) {
    return StdoutSink::make(parse_uri(uri).ValueOrDie(), terminal.descriptor())
        .status()
        .message();
  };
  EXPECT_EQ(
      error_of("stdout:?format=parquet"),
      "stdout:: parquet is not for a terminal: redirect it into a file, or into another "
      "program");
  EXPECT_EQ(
      error_of("stdout:?format=csv&compression=zstd"),
      "stdout:: zstd is not for a terminal: redirect it into a file, or into another "
      "program");
}

TEST(Stdout, Errors) {
  const Captured output;
  const auto error_of = [&](std::string_view uri) {
    return StdoutSink::make(parse_uri(uri).ValueOrDie(), output.descriptor())
        .status()
        .message();
  };
  EXPECT_EQ(error_of("stdout:?rows=-1"),
            "stdout:: option 'rows': '-1' is not what it takes: 0 to 100000; format=csv "
            "writes all rows");
  EXPECT_EQ(
      error_of("stdout:?compression=lz5"),
      "stdout:: option 'compression': 'lz5' is not what it takes: one of auto, none, "
      "gzip, zstd, snappy, lz4, bzip2");
  EXPECT_THAT(error_of("stdout:?format=tabel"), HasSubstr("did you mean 'table'?"));
  EXPECT_THAT(error_of("stdout:?row=3"), HasSubstr("did you mean 'rows'?"));
  EXPECT_EQ(error_of("stdout:?format=arrows&encoding=latin1"),
            "stdout:: encoding=latin1 is of text, and this is arrows");
}

TEST(Stdout, Connector) {
  const Connector connector = stdout_connector();
  EXPECT_EQ(connector.scheme, "stdout");
  EXPECT_EQ(connector.create_source, nullptr);
  EXPECT_TRUE(connector.create_sink(parse_uri("stdout:").ValueOrDie()).ok());
}

}  // namespace
}  // namespace velo::stdio
