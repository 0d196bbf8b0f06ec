// Object container files: their codecs, and what may be wrong with them.

#include <fmt/format.h>

#include <algorithm>

#include "velo/formats/avro/avro_for_test.h"
#include "velo/formats/avro/container_reader.h"
#include "velo/formats/avro/container_writer.h"

namespace velo::formats::avro {
namespace {

using ::testing::_;
using ::testing::HasSubstr;
using velo::testing::IsError;
using velo::testing::IsOk;

constexpr const char* kCodecs[] = {"null", "deflate", "snappy", "zstandard", "bzip2"};

std::shared_ptr<arrow::Table> rows(int64_t num_rows) {
  arrow::Int64Builder numbers;
  arrow::StringBuilder texts;
  for (int64_t i = 0; i < num_rows; ++i) {
    EXPECT_TRUE(numbers.Append(i * 1000).ok());
    const bool is_null = i % 7 == 0;
    EXPECT_TRUE(
        (is_null ? texts.AppendNull() : texts.Append("text " + std::to_string(i))).ok());
  }
  return arrow::Table::Make(arrow::schema({arrow::field("n", arrow::int64()),
                                           arrow::field("t", arrow::utf8())}),
                            {*numbers.Finish(), *texts.Finish()});
}

TEST(AvroContainer, IsReadAsItWasWrittenByEveryCodec) {
  for (const char* codec : kCodecs) {
    SCOPED_TRACE(codec);
    for (const int64_t num_rows : {0, 1, 30'000}) {
      const auto table = rows(num_rows);
      const auto file = encode(*table, {.codec = codec});
      ASSERT_THAT(file, IsOk());
      EXPECT_THAT(*file, HasSubstr(codec));
      const auto again = decode(*file);
      ASSERT_THAT(again, IsOk());
      EXPECT_TRUE((*again)->Equals(*table));
    }
  }
}

TEST(AvroContainer, HasBlocksOfAbout64KiB) {
  const auto file = encode(*rows(30'000), {.codec = "null"}).ValueOrDie();
  auto blocks = ContainerReader::open(input_of(file), 1 << 20).ValueOrDie();
  int64_t num_records = 0;
  int64_t num_blocks = 0;
  while (const auto block = blocks->next().ValueOrDie()) {
    EXPECT_LT(block->end - block->begin, (64 << 10) + 32);
    num_records += block->num_records;
    ++num_blocks;
  }
  EXPECT_EQ(num_records, 30'000);
  EXPECT_GT(num_blocks, 5);
}

// A file of two blocks; where each begins.
struct TwoBlocks {
  std::string file;
  size_t first = 0;
  size_t second = 0;
};

TwoBlocks two_blocks(const char* codec) {
  const auto output = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto size = [&] { return static_cast<size_t>(*output->Tell()); };
  TwoBlocks made;
  auto writer = ContainerWriter::open(
                    output,
                    R"({"type":"record","name":"r","fields":[{"name":"a","type":"long"},
                        {"name":"b","type":["null","string"]}]})",
                    codec)
                    .ValueOrDie();
  made.first = size();
  EXPECT_THAT(
      writer.write(2, Bytes().number(1).number(1).string("one").number(2).number(0).text),
      IsOk());
  made.second = size();
  EXPECT_THAT(writer.write(1, Bytes().number(300).number(1).string("three").text),
              IsOk());
  made.file = output->Finish().ValueOrDie()->ToString();
  return made;
}

TEST(AvroContainer, CutOffAnywhereIsAnErrorOrWholeBlocks) {
  for (const char* codec : kCodecs) {
    SCOPED_TRACE(codec);
    const TwoBlocks whole = two_blocks(codec);
    for (size_t size = 0; size < whole.file.size(); ++size) {
      const auto table = decode(whole.file.substr(0, size));
      if (size == whole.first || size == whole.second) {
        ASSERT_THAT(table, IsOk());
        EXPECT_EQ((*table)->num_rows(), size == whole.first ? 0 : 2);
      } else {
        EXPECT_THAT(table, IsError(ErrorKind::kCorruptData, HasSubstr("data.avro: ")));
      }
    }
  }
}

// Whatever a changed byte makes of a file: no crash, and codecs with checksums notice.
TEST(AvroContainer, AChangedByteIsNoticedOrMeansSomethingElse) {
  for (const char* codec : kCodecs) {
    SCOPED_TRACE(codec);
    const TwoBlocks whole = two_blocks(codec);
    for (size_t at = 0; at < whole.file.size(); ++at) {
      for (const int change : {1, 0x80, 0xFF}) {
        std::string file = whole.file;
        file[at] = static_cast<char>(file[at] ^ change);
        const auto table = decode(file);
        if (table.ok()) {
          EXPECT_THAT((*table)->ValidateFull(), IsOk());
        }
      }
    }
  }
}

TEST(AvroContainer, SaysWhatIsWrong) {
  const TwoBlocks whole = two_blocks("null");
  EXPECT_THAT(decode(""), IsError(ErrorKind::kCorruptData,
                                  HasSubstr("data.avro: head: not an Avro file")));
  EXPECT_THAT(decode("id,name\n1,a\n"),
              IsError(ErrorKind::kCorruptData, HasSubstr("not an Avro file")));
  EXPECT_THAT(decode(whole.file.substr(0, whole.second + 5)),
              IsError(ErrorKind::kCorruptData,
                      fmt::format("data.avro: block 2, byte {}: the file ends within it; "
                                  "was it cut off while it was copied or written?",
                                  whole.second)));
  std::string file = whole.file;
  file[whole.second - 1] = static_cast<char>(file[whole.second - 1] ^ 1);
  EXPECT_THAT(decode(file), IsError(ErrorKind::kCorruptData,
                                    HasSubstr("is not followed by the file's marker")));
  file = whole.file;
  file[whole.first] = '\1';
  EXPECT_THAT(decode(file), IsError(ErrorKind::kCorruptData,
                                    HasSubstr("a negative number of records")));
  const TwoBlocks snappy = two_blocks("snappy");
  file = snappy.file;
  file[snappy.second - 17] = static_cast<char>(file[snappy.second - 17] ^ 1);
  EXPECT_THAT(decode(file), IsError(ErrorKind::kCorruptData,
                                    HasSubstr("the block's checksum is another")));
  file = whole.file;
  file.replace(file.find("null", file.find("avro.codec")), 4, "lzma");
  EXPECT_THAT(decode(file),
              IsError(ErrorKind::kNotImplemented,
                      "data.avro: head: its codec is lzma; null, deflate, snappy, "
                      "zstandard and bzip2 are read"));
}

TEST(AvroContainer, ALargeBlockIsReadWhereItMayBe) {
  const std::string text(200'000, 'x');
  const auto table = table_of(arrow::schema({arrow::field("t", arrow::utf8())}),
                              fmt::format(R"([{{"t": "{}"}}])", text));
  for (const char* codec : kCodecs) {
    SCOPED_TRACE(codec);
    const auto file = encode(*table, {.codec = codec}).ValueOrDie();
    EXPECT_THAT(all_of(make_decoder(input_of(file), {}, 300'000)), IsOk());
    EXPECT_THAT(all_of(make_decoder(input_of(file), {}, 100'000)),
                IsError(ErrorKind::kCorruptData, HasSubstr("max_record_bytes=")));
  }
  EXPECT_THAT(encode(*table, {.max_record_bytes = 100'000}),
              IsError(ErrorKind::kSchemaMismatch, HasSubstr("row 1: the record has")));
}

// What is written can be read by the same limit, however rows meet in blocks.
TEST(AvroContainer, BlocksAreNotLargerThanRecordsMayBe) {
  std::string json;
  for (int i = 0; i < 6; ++i) {
    json += fmt::format(R"({}{{"t": "{}"}})", i ? "," : "",
                        std::string(i % 2 ? 65'000 : 60'000, 'x'));
  }
  const auto table =
      table_of(arrow::schema({arrow::field("t", arrow::utf8())}), "[" + json + "]");
  constexpr int64_t kMost = 66'000;
  const auto file =
      encode(*table, {.codec = "null", .max_record_bytes = kMost}).ValueOrDie();
  const auto again = all_of(make_decoder(input_of(file), {}, kMost));
  ASSERT_THAT(again, IsOk());
  EXPECT_TRUE((*again)->Equals(*table));
}

// A megabyte of zeros takes a few bytes: the limit holds, whatever the ratio.
TEST(AvroContainer, ABombIsNotUnpacked) {
  const std::string zeros(64 << 20, '\0');
  for (const char* codec : {"deflate", "snappy", "zstandard", "bzip2"}) {
    const auto output = arrow::io::BufferOutputStream::Create().ValueOrDie();
    auto writer = ContainerWriter::open(output, R"("long")", codec).ValueOrDie();
    EXPECT_THAT(writer.write(int64_t{64} << 20, zeros), IsOk());
    const std::string file = output->Finish().ValueOrDie()->ToString();
    EXPECT_THAT(all_of(make_decoder(input_of(file), {}, 1 << 20)),
                IsError(ErrorKind::kCorruptData, HasSubstr("max_record_bytes=")));
  }
}

// Streams may give fewer bytes than were asked for.
class SlowStream : public arrow::io::InputStream {
 public:
  explicit SlowStream(const std::string& bytes)
      : bytes_(arrow::Buffer::FromString(bytes)) {}
  Result<int64_t> Read(int64_t num_bytes, void* out) override {
    return bytes_.Read(std::min<int64_t>(num_bytes, 3), out);
  }
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t num_bytes) override {
    return bytes_.Read(std::min<int64_t>(num_bytes, 3));
  }
  Result<int64_t> Tell() const override { return bytes_.Tell(); }
  Status Close() override { return bytes_.Close(); }
  bool closed() const override { return bytes_.closed(); }

 private:
  arrow::io::BufferReader bytes_;
};

TEST(AvroContainer, IsReadFromStreamsThatGiveFewBytes) {
  const auto table = rows(20'000);
  const auto file = encode(*table, {.codec = "null"}).ValueOrDie();
  const auto again =
      all_of(make_decoder({kTestName, std::make_shared<SlowStream>(file), nullptr}, {}));
  ASSERT_THAT(again, IsOk());
  EXPECT_TRUE((*again)->Equals(*table));
}

}  // namespace
}  // namespace velo::formats::avro
