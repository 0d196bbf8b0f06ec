#include "velo/storage/compression.h"

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "velo/storage/crc32c.h"

namespace velo::storage {
namespace {

using ::testing::HasSubstr;

constexpr Compression kAll[] = {Compression::GZIP, Compression::ZSTD, Compression::SNAPPY,
                                Compression::LZ4_FRAME, Compression::BZ2};

std::string compressed(Compression compression, std::string_view content,
                       std::optional<int64_t> level = std::nullopt) {
  auto bytes = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto output = compress(bytes, compression, level).ValueOrDie();
  EXPECT_TRUE(output->Write(content.data(), static_cast<int64_t>(content.size())).ok());
  EXPECT_TRUE(output->Close().ok());
  return bytes->Finish().ValueOrDie()->ToString();
}

std::shared_ptr<arrow::io::InputStream> stream_of(std::string bytes) {
  return std::make_shared<arrow::io::BufferReader>(
      arrow::Buffer::FromString(std::move(bytes)));
}

// The content, read in pieces of so many bytes.
Result<std::string> content_of(arrow::io::InputStream& stream, int64_t piece_bytes) {
  std::string content;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const auto piece, stream.Read(piece_bytes));
    if (piece->size() == 0) return content;
    content += piece->ToString();
  }
}

Result<std::string> decompressed(Compression compression, std::string bytes,
                                 int64_t piece_bytes = 100'000) {
  ARROW_ASSIGN_OR_RAISE(const auto stream,
                        decompress(stream_of(std::move(bytes)),
                                   {.compression = compression, .name = "rows.csv"}));
  return content_of(*stream, piece_bytes);
}

Result<std::string> unchecked(std::string bytes) {
  return content_of(*check_uncompressed(stream_of(std::move(bytes)), "rows.csv"), 7);
}

std::string text_of(int num_lines) {
  std::string text;
  for (int i = 0; i < num_lines; ++i)
    text += std::to_string(int64_t{i} * 7919) + ",a name\n";
  return text;
}

std::string noise_of(size_t num_bytes) {
  std::mt19937 random(7);
  std::string noise(num_bytes, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  return noise;
}

class EachCompression : public ::testing::TestWithParam<Compression> {};

TEST_P(EachCompression, GivesBackWhatItWasGiven) {
  for (const std::string& content : {std::string(), std::string("x"), text_of(300'000),
                                     noise_of(2'000'000), std::string(5'000'000, '\0')}) {
    SCOPED_TRACE(content.size());
    const std::string bytes = compressed(GetParam(), content);
    EXPECT_TRUE(begins_as(GetParam(), bytes));
    EXPECT_EQ(compression_of_bytes(bytes), GetParam());
    EXPECT_TRUE(decompressed(GetParam(), bytes).ValueOrDie() == content);
  }
}

TEST_P(EachCompression, IsReadInPiecesOfAnySize) {
  const std::string content = text_of(2000);
  const std::string bytes = compressed(GetParam(), content);
  for (const int64_t piece : {1, 2, 13, 4096}) {
    EXPECT_EQ(decompressed(GetParam(), bytes, piece).ValueOrDie(), content);
  }
}

TEST_P(EachCompression, SeveralMembersAreOneContent) {
  const std::string bytes = compressed(GetParam(), "a\n") + compressed(GetParam(), "") +
                            compressed(GetParam(), "b\n");
  EXPECT_EQ(decompressed(GetParam(), bytes).ValueOrDie(), "a\nb\n");
}

// Where it is cut between two chunks nobody can tell; velo's and others' files of snappy
// have one chunk for each 64 KiB.
TEST_P(EachCompression, IsTruncatedAtNoByteWithoutAnError) {
  const std::string content = text_of(3000);
  const std::string bytes = compressed(GetParam(), content);
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto read = decompressed(GetParam(), bytes.substr(0, size));
    if (GetParam() == Compression::SNAPPY && size == 10) continue;
    ASSERT_FALSE(read.ok()) << size;
    ASSERT_EQ(kind_of(read.status()), ErrorKind::kCorruptData) << size;
    ASSERT_THAT(read.status().message(), HasSubstr("cut off")) << size;
  }
}

TEST_P(EachCompression, NoChangedByteGoesUnseen) {
  const std::string content = text_of(500);
  const std::string bytes = compressed(GetParam(), content);
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x20);
    const auto read = decompressed(GetParam(), changed);
    if (!read.ok()) {
      ASSERT_EQ(kind_of(read.status()), ErrorKind::kCorruptData) << at;
    } else if (GetParam() != Compression::LZ4_FRAME) {
      ASSERT_EQ(*read, content) << at;  // a byte of the header that says nothing
    }
  }
}

TEST_P(EachCompression, NamesWhatFollows) {
  if (GetParam() == Compression::SNAPPY) GTEST_SKIP() << "has chunks, not an end";
  const std::string bytes = compressed(GetParam(), "a\nb\n");
  const Status status = decompressed(GetParam(), bytes + "and more of it").status();
  EXPECT_EQ(kind_of(status), ErrorKind::kCorruptData);
  EXPECT_THAT(status.message(),
              HasSubstr("ends at byte " + std::to_string(bytes.size())));
}

TEST_P(EachCompression, TellsWhatElseItIs) {
  for (const Compression other : kAll) {
    if (other == GetParam()) continue;
    const Status status = decompressed(GetParam(), compressed(other, "a\n")).status();
    EXPECT_THAT(status.message(),
                HasSubstr("compression=" + std::string(name_of(other))));
  }
  EXPECT_THAT(decompressed(GetParam(), "id,name\n").status().message(),
              HasSubstr("compression=none reads it as it is"));
  EXPECT_THAT(unchecked(compressed(GetParam(), "a\n")).status().message(),
              HasSubstr("compression=" + std::string(name_of(GetParam()))));
}

INSTANTIATE_TEST_SUITE_P(, EachCompression, ::testing::ValuesIn(kAll),
                         [](const auto& one) { return std::string(name_of(one.param)); });

TEST(Compression, ZerosAfterGzipArePadding) {
  const std::string bytes = compressed(Compression::GZIP, "a\n");
  const std::string zeros(600'000, '\0');
  EXPECT_EQ(decompressed(Compression::GZIP, bytes + zeros).ValueOrDie(), "a\n");
  const Status status = decompressed(Compression::GZIP, bytes + zeros + "x").status();
  EXPECT_THAT(status.message(),
              HasSubstr("ends at byte " + std::to_string(bytes.size())));
}

TEST(Compression, SkippableFramesHaveNoContent) {
  const std::string skippable("\x53\x2A\x4D\x18\x03\0\0\0abc", 11);
  for (const Compression compression : {Compression::ZSTD, Compression::LZ4_FRAME}) {
    const std::string frame = compressed(compression, "a\n");
    EXPECT_EQ(
        decompressed(compression, skippable + frame + skippable + frame).ValueOrDie(),
        "a\na\n");
  }
}

// A frame of one byte, whose window is of 2^27 and of 2^28 bytes.
TEST(Compression, ALargeWindowIsNotTakenForBrokenData) {
  const auto frame = [](char window) {
    return std::string("\x28\xB5\x2F\xFD\0", 5) + window + std::string("\x09\0\0a", 4);
  };
  EXPECT_EQ(decompressed(Compression::ZSTD, frame('\x88')).ValueOrDie(), "a");
  const Status status = decompressed(Compression::ZSTD, frame('\x90')).status();
  EXPECT_EQ(kind_of(status), ErrorKind::kNotImplemented);
  EXPECT_THAT(status.message(), HasSubstr("a window of more than 128 MiB"));
}

TEST(Compression, ExpandsWithinBounds) {
  const auto read = [](int64_t num_bytes, int64_t max_ratio) {
    const std::string zeros(size_t{32} << 20, '\0');
    const std::string frame = compressed(Compression::ZSTD, zeros);
    std::string bytes;
    for (int64_t size = 0; size < num_bytes; size += int64_t{32} << 20) bytes += frame;
    const auto stream =
        decompress(stream_of(std::move(bytes)), {.compression = Compression::ZSTD,
                                                 .name = "rows.csv",
                                                 .max_ratio = max_ratio})
            .ValueOrDie();
    std::string piece(size_t{1} << 20, '\0');
    while (true) {
      const auto num_read =
          stream->Read(static_cast<int64_t>(piece.size()), piece.data());
      if (!num_read.ok() || *num_read == 0) return num_read.status();
    }
  };
  EXPECT_TRUE(read(kUnlimitedContentBytes / 2, 1000).ok());
  EXPECT_THAT(read(kUnlimitedContentBytes + 1, 1000).message(), HasSubstr("max_ratio"));
  EXPECT_TRUE(read(kUnlimitedContentBytes + 1, 0).ok());
}

TEST(Compression, HasLevels) {
  const std::string content = text_of(100'000);
  EXPECT_LT(compressed(Compression::ZSTD, content, 19).size(),
            compressed(Compression::ZSTD, content, 1).size());
  EXPECT_TRUE(check_level(Compression::GZIP, 9).ok());
  EXPECT_THAT(check_level(Compression::GZIP, 10).message(), HasSubstr("1 to 9"));
  EXPECT_THAT(check_level(Compression::SNAPPY, 1).message(), HasSubstr("has no levels"));
}

TEST(Compression, TextIsNotTakenForCompressed) {
  for (const char* text : {"", "B", "BZh91,Ay,b\n1,2,3\n", "id\n1\n", "{\"a\":1}\n"}) {
    EXPECT_EQ(unchecked(text).ValueOrDie(), text);
  }
}

TEST(SnappyFrames, RefusesWhatTheFormatDoesNotKnow) {
  const std::string begin = compressed(Compression::SNAPPY, "a\n");
  const auto message = [&](std::string_view chunk) {
    return decompressed(Compression::SNAPPY, begin + std::string(chunk))
        .status()
        .message();
  };
  EXPECT_THAT(message({"\x02\x01\0\0x", 5}), HasSubstr("unknown type 0x02"));
  EXPECT_THAT(message({"\x01\xFF\xFF\xFF", 4}), HasSubstr("a chunk of 16777215 bytes"));
  EXPECT_THAT(message({"\x01\x01\0\0x", 5}), HasSubstr("without checksum"));
  EXPECT_THAT(message({"\x01\x05\0\0\0\0\0\0x", 9}), HasSubstr("checksum is another"));
  const std::string_view padding("\xFE\x02\0\0\0\0", 6);
  EXPECT_EQ(decompressed(Compression::SNAPPY, begin + std::string(padding)).ValueOrDie(),
            "a\n");
}

// Source: RFC 3720, B.4; and the check value of the catalogue of CRCs.
TEST(Crc32c, IsThatOfTheStandard) {
  for (const auto& checksum : {crc32c, crc32c_by_table}) {
    EXPECT_EQ(checksum("123456789"), 0xE3069283);
    EXPECT_EQ(checksum(std::string(32, '\0')), 0x8A9136AA);
    EXPECT_EQ(checksum(""), 0u);
  }
  const std::string noise = noise_of(100'003);
  EXPECT_EQ(crc32c(noise), crc32c_by_table(noise));
}

}  // namespace
}  // namespace velo::storage
