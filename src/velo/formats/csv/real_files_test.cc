// csv-spectrum (https://github.com/max-mapper/csv-spectrum), each file beside its meaning
// as JSON, and tables of FiveThirtyEight (CC BY 4.0, "Data by FiveThirtyEight"), beside
// what Python's csv module reads.

#include <arrow/io/memory.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "velo/formats/format.h"

namespace velo::formats {
namespace {

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

Result<std::shared_ptr<arrow::Table>> read(const char* name, const std::string& text,
                                           const std::shared_ptr<arrow::Schema>& schema,
                                           Uri uri = {.scheme = "file"}) {
  const Format& format = *find_format(name);
  ARROW_ASSIGN_OR_RAISE(const auto values,
                        OptionValues::parse(uri, format.options, OptionUse::kSource));
  auto file = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(text));
  ARROW_ASSIGN_OR_RAISE(auto decoder,
                        format.make_decoder({.name = "in", .stream = file, .file = file},
                                            values, {.schema = schema}));
  arrow::RecordBatchVector batches;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, decoder->next({}));
    if (!batch) return arrow::Table::FromRecordBatches(decoder->schema(), batches);
    batches.push_back(std::move(batch));
  }
}

std::shared_ptr<arrow::Schema> all_text(const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields())
    fields.push_back(field->WithType(arrow::utf8()));
  return arrow::schema(std::move(fields));
}

class RealCsv : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* data = std::getenv("VELO_TEST_DATA");
    if (data == nullptr)
      GTEST_SKIP() << "VELO_TEST_DATA does not say where the files are";
    data_ = data;
  }

  std::filesystem::path data_;
};

TEST_F(RealCsv, OfTheSpectrumMeansWhatItsJsonSays) {
  int num_files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(data_ / "csv-spectrum/csvs")) {
    const std::string name = entry.path().stem().string();
    SCOPED_TRACE(name);
    ++num_files;
    const std::string text = bytes_of(entry.path());
    const auto guessed = read("csv", text, nullptr);
    ASSERT_TRUE(guessed.ok()) << guessed.status();
    const auto schema = all_text(*(*guessed)->schema());
    const auto table = read("csv", text, schema);
    ASSERT_TRUE(table.ok()) << table.status();
    auto meaning =
        read("json", bytes_of(data_ / "csv-spectrum/json" / (name + ".json")), schema);
    ASSERT_TRUE(meaning.ok()) << meaning.status();
    auto expected = *meaning;
    if (name == "location_coordinates") {
      // Its JSON has another telephone number than the file.
      expected =
          expected->SetColumn(0, schema->field(0), (*table)->column(0)).ValueOrDie();
    }
    EXPECT_TRUE((*table)->Equals(*expected))
        << (*table)->ToString() << expected->ToString();
  }
  EXPECT_EQ(num_files, 12);
}

// FNV-1a of all values, each with a byte 0x1F behind.
uint64_t hash_of(const arrow::Table& table) {
  uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&](unsigned char byte) { hash = (hash ^ byte) * 0x100000001b3; };
  const auto combined = table.CombineChunks().ValueOrDie();
  for (int64_t row = 0; row < combined->num_rows(); ++row) {
    for (const auto& column : combined->columns()) {
      const auto& values = static_cast<const arrow::StringArray&>(*column->chunk(0));
      for (const char c : values.GetView(row)) add(static_cast<unsigned char>(c));
      add(0x1F);
    }
  }
  return hash;
}

TEST_F(RealCsv, OfFiveThirtyEightHasTheValuesThatPythonReads) {
  const struct {
    const char* path;
    int64_t num_rows;
    int num_columns;
    uint64_t hash;
    const char* types;  // with `null_values`
    const char* null_values;
  } files[] = {
      {"bechdel/movies.csv", 1794, 15, 0xf6cadcf735f7b3fc,
       "int64 string string string string string int64 int64 int64 string int64 int64 "
       "int64 int64 "
       "int64 ",
       "#N/A,"},
      {"comic-characters/marvel-wikia-data.csv", 16376, 13, 0x16ec8eb891ec66f7,
       "int64 string string string string string string string string string int64 "
       "string "
       "int64 ",
       ""},
      {"congress-demographics/data_aging_congress.csv", 29120, 13, 0x6bcd6a7ec886a341,
       "int64 date32[day] string string int64 string string date32[day] int64 int64 "
       "int64 "
       "double string ",
       ""},
  };
  for (const auto& file : files) {
    SCOPED_TRACE(file.path);
    const std::string text = bytes_of(data_ / "fivethirtyeight" / file.path);
    const auto guessed =
        read("csv", text, nullptr,
             {.scheme = "file", .options = {{"null_values", file.null_values}}});
    ASSERT_TRUE(guessed.ok()) << guessed.status();
    std::string types;
    for (const auto& field : (*guessed)->schema()->fields()) {
      types += field->type()->ToString() + " ";
    }
    EXPECT_EQ(types, file.types);
    EXPECT_EQ((*guessed)->num_rows(), file.num_rows);
    // All of it as text, where nothing stands for NULL.
    const auto table =
        read("csv", text, all_text(*(*guessed)->schema()),
             {.scheme = "file", .options = {{"null_values", "no such text"}}});
    ASSERT_TRUE(table.ok()) << table.status();
    EXPECT_EQ((*table)->num_columns(), file.num_columns);
    EXPECT_EQ((*table)->num_rows(), file.num_rows);
    EXPECT_EQ(hash_of(**table), file.hash);
  }
}

}  // namespace
}  // namespace velo::formats
