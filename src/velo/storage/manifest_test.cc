#include "velo/storage/manifest.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "velo/testing/matchers.h"

namespace velo::storage {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsError;
using Json = nlohmann::ordered_json;

Manifest full() {
  Manifest manifest;
  manifest.record = {.pipeline = "orders",
                     .incarnation = "09af",
                     .fence = 2,
                     .epoch = 17,
                     .fingerprint = {.source = "file:/in/*.csv",
                                     .select = "SELECT '√\n'",
                                     .schema = "n"},
                     .positions = {{"/in/a.csv", {{std::string("\0\xff\x01", 3)}, true}},
                                   {"/in/b \"q\".csv", {{""}, false}}},
                     .num_rows = 1000,
                     .finished = true,
                     .written_at = "2026-11-22T10:00:00Z",
                     .velo_version = "0.1.0"};
  manifest.is_base = true;
  manifest.total_rows = 17'000;
  manifest.files = {{.staged = "f2-e17-0-0.part",
                     .path = "country=NL/part-1.csv",
                     .num_rows = 600,
                     .num_bytes = 6000},
                    {.staged = "f2-e17-1-0.part", .path = "part-2.csv"}};
  manifest.removes = {"old.csv", "country=NL/old.csv"};
  return manifest;
}

Status decode_changed(const std::function<void(Json&)>& change) {
  Json json = Json::parse(encode_manifest(full()));
  change(json);
  return decode_manifest("17.json", json.dump()).status();
}

auto IsFieldError(const std::string& field) {
  return IsError(ErrorKind::kCorruptData,
                 AllOf(HasSubstr("17.json"), HasSubstr("'" + field + "'")));
}

TEST(Manifest, ReadsWhatItHasWritten) {
  const Manifest given = full();
  const Result<Manifest> read = decode_manifest("17.json", encode_manifest(given));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->record.pipeline, given.record.pipeline);
  EXPECT_EQ(read->record.incarnation, given.record.incarnation);
  EXPECT_EQ(read->record.fence, given.record.fence);
  EXPECT_EQ(read->record.epoch, given.record.epoch);
  EXPECT_EQ(read->record.fingerprint, given.record.fingerprint);
  EXPECT_EQ(read->record.positions, given.record.positions);
  EXPECT_EQ(read->record.num_rows, given.record.num_rows);
  EXPECT_EQ(read->record.finished, given.record.finished);
  EXPECT_EQ(read->record.written_at, given.record.written_at);
  EXPECT_EQ(read->record.velo_version, given.record.velo_version);
  EXPECT_EQ(read->is_base, given.is_base);
  EXPECT_EQ(read->total_rows, given.total_rows);
  EXPECT_EQ(read->files, given.files);
  EXPECT_EQ(read->removes, given.removes);
}

TEST(Manifest, NamesTheFieldThatIsMissing) {
  const Json whole = Json::parse(encode_manifest(full()));
  for (const auto& [name, value] : whole.items()) {
    const std::string field = name;
    EXPECT_THAT(decode_changed([&](Json& json) { json.erase(field); }),
                IsFieldError(field));
  }
}

TEST(Manifest, NamesTheFieldOfAnotherType) {
  const Json whole = Json::parse(encode_manifest(full()));
  for (const auto& [name, value] : whole.items()) {
    const std::string field = name;
    for (const Json& other : {Json(nullptr), Json(1.5), Json("text"), Json::array({1}),
                              Json::object({{"a", 1}}), Json(true)}) {
      if (other.type() == value.type()) continue;
      EXPECT_THAT(decode_changed([&](Json& json) { json[field] = other; }),
                  IsFieldError(field))
          << other;
    }
  }
}

TEST(Manifest, NamesTheFieldOfAFileOrAPosition) {
  for (const char* field : {"staged", "path", "rows", "bytes"}) {
    EXPECT_THAT(decode_changed([&](Json& json) { json["files"][1].erase(field); }),
                IsFieldError(std::string("files.") + field));
    EXPECT_THAT(decode_changed([&](Json& json) { json["files"][1][field] = nullptr; }),
                IsFieldError(std::string("files.") + field));
  }
  for (const char* field : {"at", "ended"}) {
    EXPECT_THAT(
        decode_changed([&](Json& json) { json["positions"]["/in/a.csv"].erase(field); }),
        IsFieldError(std::string("positions./in/a.csv.") + field));
  }
  EXPECT_THAT(
      decode_changed([](Json& json) { json["positions"]["/in/a.csv"]["at"] = "*"; }),
      IsFieldError("positions./in/a.csv.at"));
  EXPECT_THAT(decode_changed([](Json& json) { json["files"] = {1}; }),
              IsFieldError("files.staged"));
}

TEST(Manifest, RefusesPathsThatLeadOut) {
  for (const std::string path :
       {"", "/etc/passwd", "..", "../a", "a/..", "a/../../b", "a/..//b"}) {
    EXPECT_THAT(decode_changed([&](Json& json) { json["files"][0]["path"] = path; }),
                IsFieldError("files.path"));
    EXPECT_THAT(decode_changed([&](Json& json) { json["files"][0]["staged"] = path; }),
                IsFieldError("files.staged"));
    EXPECT_THAT(decode_changed([&](Json& json) { json["removes"][1] = path; }),
                IsFieldError("removes"));
    EXPECT_FALSE(decode_token(encode_token({{.staged = "a", .path = path}})).ok());
    EXPECT_FALSE(decode_token(encode_token({{.staged = path, .path = "a"}})).ok());
  }
  EXPECT_THAT(decode_changed(
                  [](Json& json) { json["files"][0]["path"] = std::string("a\0b", 3); }),
              IsFieldError("files.path"));
  EXPECT_TRUE(decode_changed([](Json& json) {
                json["removes"] = {"..a", "a..", "a/.b"};
              }).ok());
}

TEST(Manifest, RefusesNumbersThatCannotBe) {
  for (const char* field : {"fence", "epoch", "rows", "total_rows"}) {
    EXPECT_THAT(decode_changed([&](Json& json) { json[field] = -1; }),
                IsFieldError(field));
  }
  for (const char* field : {"rows", "total_rows"}) {
    EXPECT_THAT(decode_changed([&](Json& json) { json[field] = uint64_t{1} << 63; }),
                IsFieldError(field));
  }
}

TEST(Manifest, TellsANewerVersionFromANonsensicalOne) {
  for (const uint64_t newer : {uint64_t{2}, uint64_t{1} << 62}) {
    EXPECT_THAT(decode_changed([&](Json& json) {
                  json = {{"velo", newer}};  // whose fields may be others
                }),
                IsError(ErrorKind::kCorruptData, HasSubstr("use the newer velo")));
  }
  for (const int64_t never : {0, -1}) {
    EXPECT_THAT(decode_changed([&](Json& json) { json["velo"] = never; }),
                IsFieldError("velo"));
  }
  EXPECT_THAT(decode_changed([](Json& json) { json["velo"] = ~uint64_t{0}; }),
              IsFieldError("velo"));
}

TEST(Manifest, SaysThatTextIsNoManifest) {
  const std::string whole = encode_manifest(full());
  for (const std::string& text :
       {std::string(), std::string("{"), whole.substr(0, whole.size() / 2)}) {
    EXPECT_THAT(decode_manifest("17.json", text),
                IsError(ErrorKind::kCorruptData,
                        "17.json: this is not a manifest that velo has written: it is "
                        "not JSON"));
  }
  for (const char* text : {"[]", "1", "null", "{}"}) {
    EXPECT_THAT(decode_manifest("17.json", text), IsFieldError("velo"));
  }
}

TEST(Manifest, TokensKeepTheirFiles) {
  const Result<std::vector<ManifestFile>> files =
      decode_token(encode_token(full().files));
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ(*files, full().files);
  EXPECT_TRUE(decode_token(encode_token({}))->empty());
  for (const char* text : {"", "{}", "[1]", "[{}]"}) {
    EXPECT_THAT(decode_token({text}),
                IsError(ErrorKind::kCorruptData, HasSubstr("commit token")))
        << text;
  }
}

}  // namespace
}  // namespace velo::storage
