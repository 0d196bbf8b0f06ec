// Avro's own files for interoperability (https://github.com/apache/avro, share/test):
// each is read right, or refused with a reason.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "velo/formats/avro/avro_for_test.h"
#include "velo/formats/avro/datum.h"

namespace velo::formats::avro {
namespace {

using ::testing::HasSubstr;
using velo::testing::IsError;
using velo::testing::IsOk;

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

class AvroSuite : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* data = std::getenv("VELO_TEST_DATA");
    if (data == nullptr)
      GTEST_SKIP() << "VELO_TEST_DATA does not say where the files are";
    folder_ = fs::path(data) / "avro";
  }

  fs::path folder_;
};

constexpr char kWeather[] = R"([
    {"station": "011990-99999", "time": -619524000000, "temp": 0},
    {"station": "011990-99999", "time": -619506000000, "temp": 22},
    {"station": "011990-99999", "time": -619484400000, "temp": -11},
    {"station": "012650-99999", "time": -655531200000, "temp": 111},
    {"station": "012650-99999", "time": -655509600000, "temp": 78}])";
constexpr char kSorted[] = R"([
    {"station": "012650-99999", "time": -655531200000, "temp": 111},
    {"station": "012650-99999", "time": -655509600000, "temp": 78},
    {"station": "011990-99999", "time": -619524000000, "temp": 0},
    {"station": "011990-99999", "time": -619506000000, "temp": 22},
    {"station": "011990-99999", "time": -619484400000, "temp": -11}])";
constexpr char kSimple[] = R"([{"text": "hello"}, {"text": "bonjour"},
                               {"text": "guten tag"}])";
constexpr char kUnion[] = R"([
    {"data1": {"string": "textValue", "int": null}, "data2": null},
    {"data1": {"string": null, "int": 123},
     "data2": {"d1": {"string": null, "int": null, "boolean": false}}},
    {"data1": {"string": null, "int": 3},
     "data2": {"d1": {"string": "text value", "int": null, "boolean": null}}}])";

// What each file holds: rows as Arrow's JSON, only how many, or why it is refused.
struct Expected {
  const char* rows = nullptr;
  int64_t num_rows = 0;
  const char* error = nullptr;
};

const std::map<std::string, Expected> kFiles = {
    {"data/weather.avro", {.rows = kWeather}},
    {"data/weather-deflate.avro", {.rows = kWeather}},
    {"data/weather-snappy.avro", {.rows = kWeather}},
    {"data/weather-zstd.avro", {.rows = kWeather}},
    {"data/weather-sorted.avro", {.rows = kSorted}},
    {"data/syncInMeta.avro", {.num_rows = 6001}},
    {"data/schemas/simple/data.avro", {.rows = kSimple}},
    {"data/schemas/withUnion/data.avro", {.rows = kUnion}},
    {"data/test.avro12", {.error = "a file of Avro before 1.3"}},
};

TEST_F(AvroSuite, FilesAreReadOrRefused) {
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
    if (!entry.is_regular_file()) continue;
    const std::string bytes = bytes_of(entry.path());
    if (!bytes.starts_with("Obj")) continue;
    const std::string name = fs::relative(entry.path(), folder_).string();
    SCOPED_TRACE(name);
    ASSERT_TRUE(kFiles.contains(name));
    const Expected& expected = kFiles.at(name);
    const auto table = decode(bytes);
    if (expected.error) {
      EXPECT_THAT(table, IsError(ErrorKind::kNotImplemented, HasSubstr(expected.error)));
      continue;
    }
    ASSERT_THAT(table, IsOk());
    if (expected.rows) {
      EXPECT_TRUE((*table)->Equals(*table_of((*table)->schema(), expected.rows)))
          << (*table)->ToString();
    } else {
      EXPECT_EQ((*table)->num_rows(), expected.num_rows);
    }
  }
  for (const auto& [name, expected] : kFiles)
    EXPECT_TRUE(fs::exists(folder_ / name)) << name;
}

TEST_F(AvroSuite, SchemasAreReadOrRefused) {
  for (const auto& entry : fs::directory_iterator(folder_ / "schemas")) {
    const std::string name = entry.path().filename().string();
    SCOPED_TRACE(name);
    const auto parsed = parse_schema(bytes_of(entry.path()));
    if (name == "interop.avsc") {
      EXPECT_THAT(parsed, IsError(ErrorKind::kNotImplemented,
                                  HasSubstr("the Avro type 'org.apache.avro.Node' holds "
                                            "itself")));
    } else {
      ASSERT_THAT(parsed, IsOk());
      EXPECT_THAT(Program::compile(*parsed, *parsed), IsOk());
    }
  }
}

// Of the file with schemas and their canonical forms: each is a schema, and so is its
// form.
TEST_F(AvroSuite, SchemasOfTheTableAreRead) {
  std::ifstream file(folder_ / "data/schema-tests.txt");
  std::string line;
  int num_schemas = 0;
  std::string end;
  std::string text;
  const auto check = [&](const std::string& json) {
    const auto parsed = parse_schema(json);
    const bool is_recursive =
        !parsed.ok() && kind_of(parsed.status()) == ErrorKind::kNotImplemented;
    const bool is_empty_union = json == "[]" || json == "[  ]";
    EXPECT_TRUE(parsed.ok() || is_recursive || is_empty_union)
        << json << parsed.status().ToString();
    ++num_schemas;
  };
  while (std::getline(file, line)) {
    if (!end.empty()) {
      if (line == end) {
        check(text);
        end.clear();
      } else {
        text += line + "\n";
      }
    } else if (line.starts_with("<<INPUT ") || line.starts_with("<<canonical ")) {
      check(line.substr(line.find(' ') + 1));
    } else if (line == "<<INPUT" || line == "<<canonical") {
      end = line.substr(2);
      text.clear();
    }
  }
  EXPECT_GT(num_schemas, 50);
}

// A message of Java's: two bytes and a fingerprint of eight, and the datum.
TEST_F(AvroSuite, AMessageIsRead) {
  const auto type =
      parse_schema(bytes_of(folder_ / "data/messageV1/test_schema.avsc")).ValueOrDie();
  const std::string message = bytes_of(folder_ / "data/messageV1/test_message.bin");
  ASSERT_TRUE(message.starts_with("\xC3\x01"));
  auto decoder = DatumDecoder::make(type, type).ValueOrDie();
  ASSERT_THAT(decoder->append(std::string_view(message).substr(10)), IsOk());
  const auto rows = decoder->finish().ValueOrDie();
  EXPECT_TRUE(arrow::Table::FromRecordBatches({rows}).ValueOrDie()->Equals(
      *table_of(rows->schema(),
                R"([{"id": 42, "name": "Bill", "tags": ["dog_lover", "cat_hater"]}])")));
}

}  // namespace
}  // namespace velo::formats::avro
