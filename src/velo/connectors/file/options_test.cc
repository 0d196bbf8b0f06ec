#include "velo/connectors/file/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "velo/fileset/encoding.h"

namespace velo::file {
namespace {

using ::testing::HasSubstr;

Result<FileOptions> parse(const char* uri, OptionUse use) {
  ARROW_ASSIGN_OR_RAISE(const Uri parsed, parse_uri(uri));
  return FileOptions::from_uri(parsed, use);
}

TEST(FileOptions, TellsFormatAndCompressionByTheName) {
  const struct {
    const char* uri;
    const char* format;
    arrow::Compression::type compression;
  } cases[] = {
      {"a.csv", "csv", arrow::Compression::UNCOMPRESSED},
      {"a.tsv", "csv", arrow::Compression::UNCOMPRESSED},
      {"a.csv.gz", "csv", arrow::Compression::GZIP},
      {"a.ndjson.zst", "json", arrow::Compression::ZSTD},
      {"b.dir/a.parquet", "parquet", arrow::Compression::UNCOMPRESSED},
      {"a.parquet?compression=zstd", "parquet", arrow::Compression::UNCOMPRESSED},
      {"a.log?format=json", "json", arrow::Compression::UNCOMPRESSED},
      {"a.csv?compression=gzip", "csv", arrow::Compression::GZIP},
      {"a.csv.sz", "csv", arrow::Compression::SNAPPY},
      {"a.csv.lz4", "csv", arrow::Compression::LZ4_FRAME},
      {"a.json.bz2", "json", arrow::Compression::BZ2},
      {"a.orc", "orc", arrow::Compression::UNCOMPRESSED},
      {"a.feather?compression=lz4", "arrow", arrow::Compression::UNCOMPRESSED},
      {"a.arrows", "arrows", arrow::Compression::UNCOMPRESSED},
      {"a.csv.gz?compression=none", "csv", arrow::Compression::UNCOMPRESSED},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.uri);
    const auto options = parse(one.uri, OptionUse::kSource);
    ASSERT_TRUE(options.ok()) << options.status();
    const auto encoding = fileset::encoding_of(options->pattern, options->values);
    ASSERT_TRUE(encoding.ok()) << encoding.status();
    EXPECT_EQ(encoding->format->name, one.format);
    EXPECT_EQ(encoding->compression, one.compression);
  }
}

TEST(FileOptions, TellsOneFileFromADirectory) {
  const struct {
    const char* uri;
    bool is_directory;
    FileOptions::Mode mode;
  } cases[] = {
      {"out.csv", false, FileOptions::Mode::kOverwrite},
      {"out.csv?mode=error", false, FileOptions::Mode::kError},
      {"out/?format=csv", true, FileOptions::Mode::kAppend},
      {"out?format=csv&partition_by=a,b", true, FileOptions::Mode::kAppend},
      {"out/?format=csv&mode=overwrite", true, FileOptions::Mode::kOverwrite},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.uri);
    const auto options = parse(one.uri, OptionUse::kSink);
    ASSERT_TRUE(options.ok()) << options.status();
    EXPECT_EQ(options->is_directory, one.is_directory);
    EXPECT_EQ(options->mode, one.mode);
  }
}

TEST(FileOptions, RefusesWhatCannotBeMeant) {
  const struct {
    const char* uri;
    OptionUse use;
    ErrorKind kind;
    const char* message;
  } cases[] = {
      {"file://server/share/a.csv", OptionUse::kSource, ErrorKind::kInvalidArgument,
       "file:///data/x.csv"},
      {"a.csv?encoding=latin", OptionUse::kSource, ErrorKind::kInvalidArgument,
       "iconv -l"},
      {"a.csv?schema=id", OptionUse::kSource, ErrorKind::kInvalidArgument, "schema"},
      {"a.csv?partition_by=x", OptionUse::kSource, ErrorKind::kInvalidArgument,
       "partition_by"},
      {"*.csv", OptionUse::kSink, ErrorKind::kInvalidArgument, "end the path in /"},
      {"a.csv?mode=append", OptionUse::kSink, ErrorKind::kInvalidArgument,
       "end the path in /"},
      {"a.csv?mode=replace", OptionUse::kSink, ErrorKind::kInvalidArgument, "mode"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.uri);
    const auto options = parse(one.uri, one.use);
    ASSERT_FALSE(options.ok());
    EXPECT_EQ(kind_of(options.status()), one.kind);
    EXPECT_THAT(options.status().message(), HasSubstr(one.message));
  }
}

}  // namespace
}  // namespace velo::file
