#include "velo/connectors/stdio/source.h"

#include <arrow/api.h>
#include <arrow/util/compression.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <thread>

#include "velo/connectors/stdio/connector.h"

namespace velo::stdio {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Standard input of a test: a pipe into which a thread writes `bytes`.
class Piped {
 public:
  explicit Piped(std::string bytes) {
    EXPECT_EQ(::pipe(ends_.data()), 0);
    writer_ = std::jthread([this, text = std::move(bytes)] {
      size_t at = 0;
      while (at < text.size()) {
        const ssize_t written = ::write(ends_[1], text.data() + at, text.size() - at);
        if (written <= 0) break;
        at += static_cast<size_t>(written);
      }
      ::close(ends_[1]);
    });
  }
  ~Piped() {
    writer_.join();
    ::close(ends_[0]);
  }
  int descriptor() const { return ends_[0]; }

 private:
  std::array<int, 2> ends_{};
  std::jthread writer_;
};

std::unique_ptr<DataSource> open(std::string_view uri, int descriptor) {
  return StdinSource::make(parse_uri(uri).ValueOrDie(), descriptor).ValueOrDie();
}

Result<std::shared_ptr<arrow::Table>> read_all(DataSource& source,
                                               const ReadOptions& options = {}) {
  ARROW_ASSIGN_OR_RAISE(auto reader, source.create_reader(options));
  arrow::RecordBatchVector batches;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader->read());
    if (!batch) return arrow::Table::FromRecordBatches(batches);
    batches.push_back(batch->rows);
  }
}

Result<std::shared_ptr<arrow::Table>> table_of(std::string_view uri, std::string bytes) {
  const Piped input(std::move(bytes));
  return read_all(*open(uri, input.descriptor()));
}

constexpr char kCsv[] = "id,name\n1,a\n2,b\n";

TEST(Stdin, ReadsCsv) {
  const auto table = table_of("stdin:?format=csv", kCsv).ValueOrDie();
  EXPECT_THAT(table->ColumnNames(), ElementsAre("id", "name"));
  EXPECT_EQ(table->num_rows(), 2);
  EXPECT_EQ(table->column(0)->type()->id(), arrow::Type::INT64);
}

TEST(Stdin, GuessesCsv) {
  EXPECT_EQ(table_of("stdin:", kCsv).ValueOrDie()->num_rows(), 2);
  EXPECT_EQ(
      table_of("stdin:", std::string("\xEF\xBB\xBF") + kCsv).ValueOrDie()->num_rows(), 2);
}

TEST(Stdin, TakesOptionsOfTheFormat) {
  const auto table =
      table_of("stdin:?header=false&delimiter=;", "1;a\n2;b\n").ValueOrDie();
  EXPECT_EQ(table->num_rows(), 2);
  EXPECT_EQ(table->num_columns(), 2);
}

TEST(Stdin, TakesASchema) {
  const auto table = table_of("stdin:?schema=id text, name text", kCsv).ValueOrDie();
  EXPECT_EQ(table->column(0)->type()->id(), arrow::Type::STRING);
}

std::string compressed(std::string_view text, arrow::Compression::type type) {
  auto codec = arrow::util::Codec::Create(type).ValueOrDie();
  std::string out(1000, '\0');
  const int64_t size = codec
                           ->Compress(static_cast<int64_t>(text.size()),
                                      reinterpret_cast<const uint8_t*>(text.data()),
                                      static_cast<int64_t>(out.size()),
                                      reinterpret_cast<uint8_t*>(out.data()))
                           .ValueOrDie();
  out.resize(static_cast<size_t>(size));
  return out;
}

TEST(Stdin, Decompresses) {
  const std::string gzip = compressed(kCsv, arrow::Compression::GZIP);
  const std::string zstd = compressed(kCsv, arrow::Compression::ZSTD);
  EXPECT_EQ(table_of("stdin:", gzip).ValueOrDie()->num_rows(), 2);
  EXPECT_EQ(table_of("stdin:", zstd).ValueOrDie()->num_rows(), 2);
  EXPECT_EQ(table_of("stdin:?compression=gzip", gzip).ValueOrDie()->num_rows(), 2);
  EXPECT_EQ(table_of("stdin:?compression=zstd", zstd).ValueOrDie()->num_rows(), 2);
}

TEST(Stdin, SchemaIsFetchedFromBytesThatAreReadAgain) {
  std::string csv = "id,name\n";
  for (int i = 0; i < 300'000; ++i) csv += std::to_string(i) + ",name\n";
  const Piped input(std::move(csv));
  const auto source = open("stdin:", input.descriptor());
  const auto schema = source->fetch_schema().ValueOrDie();
  EXPECT_EQ(schema->ToString(), source->fetch_schema().ValueOrDie()->ToString());
  const auto table = read_all(*source).ValueOrDie();
  EXPECT_EQ(table->num_rows(), 300'000);
  EXPECT_TRUE(table->schema()->Equals(*schema));
}

TEST(Stdin, Projects) {
  const Piped input(kCsv);
  ReadOptions options;
  options.columns = {"name"};
  const auto table = read_all(*open("stdin:", input.descriptor()), options).ValueOrDie();
  EXPECT_THAT(table->ColumnNames(), ElementsAre("name"));
}

TEST(Stdin, NoRowsTellTheirColumns) {
  const auto table = table_of("stdin:", "id,name\n").ValueOrDie();
  EXPECT_EQ(table->num_rows(), 0);
  EXPECT_EQ(table->num_columns(), 2);
}

TEST(Stdin, CanBeReadOnce) {
  const Piped input(kCsv);
  const auto source = open("stdin:", input.descriptor());
  EXPECT_TRUE(source->create_reader().ok());
  const Status again = source->create_reader().status();
  EXPECT_EQ(kind_of(again), ErrorKind::kInvalidArgument);
  EXPECT_EQ(again.message(),
            "standard input: it can be read once: save it to a file to read it again");
  EXPECT_EQ(source->fetch_schema().status().message(),
            "standard input: it was read already, and can be read once");
}

TEST(Stdin, StopEndsTheWaitForBytes) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const auto source = open("stdin:", ends[0]);
  const auto reader = source->create_reader().ValueOrDie();
  std::stop_source stop;
  {
    const std::jthread stopper([&] { stop.request_stop(); });
    EXPECT_EQ(kind_of(reader->read(stop.get_token()).status()), ErrorKind::kCancelled);
  }
  EXPECT_EQ(kind_of(reader->read().status()), ErrorKind::kCancelled) << "sticky";
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Stdin, StopIsNotBrokenData) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const std::string half = compressed(kCsv, arrow::Compression::GZIP).substr(0, 12);
  ASSERT_EQ(::write(ends[1], half.data(), half.size()), 12);
  const auto source = open("stdin:?compression=gzip", ends[0]);
  const auto reader = source->create_reader().ValueOrDie();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(kind_of(reader->read(stop.get_token()).status()), ErrorKind::kCancelled);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Stdin, ReadsJson) {
  for (const std::string_view json :
       {"{\"id\": 1}\n{\"id\": 2}\n", " \n[{\"id\": 1}, {\"id\": 2}]"}) {
    SCOPED_TRACE(json);
    for (const std::string_view uri : {"stdin:", "stdin:?format=json"}) {
      const auto table = table_of(uri, std::string(json)).ValueOrDie();
      EXPECT_EQ(table->num_rows(), 2);
      EXPECT_THAT(table->ColumnNames(), ElementsAre("id"));
    }
  }
}

TEST(Stdin, ParquetNeedsAFile) {
  const auto table = table_of("stdin:?format=parquet", "PAR1");
  EXPECT_EQ(kind_of(table.status()), ErrorKind::kInvalidArgument);
  EXPECT_EQ(
      table.status().message(),
      "standard input: parquet is not read in order, and a pipe is: redirect a file "
      "into it (< FILE), or name the file instead of -");
  EXPECT_EQ(table_of("stdin:", "PAR1").status().message(), table.status().message());
}

TEST(Stdin, ReadsAFileThatWasRedirected) {
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  ASSERT_GT(std::fputs(kCsv, file), 0);
  std::rewind(file);
  EXPECT_EQ(read_all(*open("stdin:", ::fileno(file))).ValueOrDie()->num_rows(), 2);
  std::fclose(file);
}

TEST(Stdin, Errors) {
  const auto error_of = [](std::string_view uri) {
    return StdinSource::make(parse_uri(uri).ValueOrDie(), 0).status().message();
  };
  EXPECT_THAT(error_of("stdin:?formt=csv"),
              HasSubstr("unknown option 'formt'; did you mean 'format'?"));
  EXPECT_THAT(error_of("stdin:?format=cvs"), HasSubstr("did you mean 'csv'?"));
  EXPECT_THAT(error_of("stdin:?compression=lz5"),
              HasSubstr("one of auto, none, gzip, zstd, snappy, lz4, bzip2"));
  EXPECT_THAT(table_of("stdin:", "a,b\n1,2\n3\n").status().message(),
              HasSubstr("standard input: line 3"));
  EXPECT_THAT(table_of("stdin:", "").status().message(), HasSubstr("standard input: "));
  std::string broken = compressed(kCsv, arrow::Compression::GZIP);
  broken.resize(broken.size() / 2);
  EXPECT_THAT(table_of("stdin:", broken).status().message(),
              HasSubstr("standard input: "));
}

TEST(Stdin, Connector) {
  const Connector connector = stdin_connector();
  EXPECT_EQ(connector.scheme, "stdin");
  EXPECT_EQ(connector.create_sink, nullptr);
  EXPECT_TRUE(connector.create_source(parse_uri("stdin:").ValueOrDie()).ok());
}

}  // namespace
}  // namespace velo::stdio
