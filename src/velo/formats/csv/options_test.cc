#include "velo/formats/csv/options.h"

#include <arrow/io/memory.h>
#include <arrow/table.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "velo/formats/csv/format.h"

namespace velo::formats {
namespace {

using ::testing::HasSubstr;
using Options = std::vector<std::pair<std::string, std::string>>;

Result<OptionValues> values_of(const Options& options, OptionUse use) {
  return OptionValues::parse({.scheme = "file", .options = options}, csv_format().options,
                             use);
}

Result<std::shared_ptr<arrow::Table>> read(const std::string& text,
                                           const Options& options,
                                           DecodeOptions decode = {}) {
  ARROW_ASSIGN_OR_RAISE(const auto values, values_of(options, OptionUse::kSource));
  auto stream =
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(text));
  ARROW_ASSIGN_OR_RAISE(
      auto decoder,
      csv_format().make_decoder({.name = "in.csv", .stream = stream}, values, decode));
  arrow::RecordBatchVector batches;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, decoder->next({}));
    if (!batch) return arrow::Table::FromRecordBatches(decoder->schema(), batches);
    ARROW_RETURN_NOT_OK(batch->ValidateFull());
    batches.push_back(std::move(batch));
  }
}

Result<std::string> written(const arrow::Table& table, const Options& options) {
  ARROW_ASSIGN_OR_RAISE(const auto values, values_of(options, OptionUse::kSink));
  ARROW_ASSIGN_OR_RAISE(auto output, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(auto encoder,
                        csv_format().make_encoder(output, table.schema(), values));
  arrow::TableBatchReader reader(table);
  std::shared_ptr<arrow::RecordBatch> batch;
  while (true) {
    ARROW_RETURN_NOT_OK(reader.ReadNext(&batch));
    if (!batch) break;
    ARROW_RETURN_NOT_OK(encoder->write(*batch));
  }
  ARROW_RETURN_NOT_OK(encoder->finish());
  ARROW_ASSIGN_OR_RAISE(const auto bytes, output->Finish());
  return bytes->ToString();
}

// What was read, as plain CSV behind the types; or the error.
std::string meaning(const std::string& text, const Options& options,
                    const DecodeOptions& decode = {}) {
  const auto table = read(text, options, decode);
  if (!table.ok()) return table.status().message();
  std::string types;
  for (const auto& field : (*table)->schema()->fields()) {
    types += field->type()->ToString() + " ";
  }
  return types + "| " + written(**table, {}).ValueOrDie();
}

TEST(CsvOptions, SayHowTextIsRead) {
  const struct {
    Options options;
    const char* text;
    const char* meaning;
  } cases[] = {
      {{{"delimiter", "tab"}}, "a\tb\n1\t2\n", "int64 int64 | a,b\n1,2\n"},
      {{{"quote", "'"}}, "a,b\n'1,2',\"\n", "string string | a,b\n\"1,2\",\"\"\"\"\n"},
      {{{"quote", "none"}},
       "a,b\n\"1,2\"\n",
       "string string | a,b\n\"\"\"1\",\"2\"\"\"\n"},
      {{{"escape", "\\"}},
       "a,b\n\"x\\\"y\",\\,\n",
       "string string | a,b\n\"x\"\"y\",\",\"\n"},
      {{{"escape", "\""}}, "a,b\n\"x\"\"y\",1\n", "string int64 | a,b\n\"x\"\"y\",1\n"},
      {{{"comment", "#"}},
       "# a\n#\"\na,b\n1,#\n#2,3\n4,x\n# e",
       "int64 string | a,b\n1,#\n4,x\n"},
      {{{"skip_lines", "2"}},
       "made \"by\nsome, program\r\na,b\n1,2\n",
       "int64 int64 | a,b\n1,2\n"},
      {{{"trim", "true"}}, " a , b\n 1 ,\t\"x \" \n", "int64 string | a,b\n1,x \n"},
      {{{"ragged", "null"}},
       "a,b,c\n1,x\n2,y,z\n3\n",
       "int64 string string | a,b,c\n1,x,\n2,y,z\n3,,\n"},
      {{{"null_values", "NA,-"}},
       "a,b\nNA,x\n1,-\n2,\n3,\"NA\"\n",
       "int64 string | a,b\n,x\n1,\n2,\"\"\n3,NA\n"},
      {{{"null_values", "NA,"}}, "a,b\n1,\n2,x\n", "int64 string | a,b\n1,\n2,x\n"},
      {{{"true_values", "Y"}, {"false_values", "N"}},
       "a,b\nY,N\nN,\n",
       "bool bool | a,b\ntrue,false\nfalse,\n"},
      {{{"date_format", "%d.%m.%Y"}},
       "a,b\n31.01.2026,1.2.2026\n",
       "date32[day] date32[day] | a,b\n2026-01-31,2026-02-01\n"},
      {{{"timestamp_format", "%d/%b/%Y:%T %z"}},
       "a\n10/Oct/2000:13:55:36 -0700\n",
       "timestamp[us, tz=UTC] | a\n2000-10-10 20:55:36.000000Z\n"},
      {{{"decimal_separator", ","}, {"delimiter", ";"}},
       "a;b\n1,5;2\n",
       "double int64 | a,b\n1.5,2\n"},
      {{{"decimal_separator", ","}, {"thousands_separator", "."}, {"delimiter", ";"}},
       "a;b\n1.234,5;1.234\n",
       "double int64 | a,b\n1234.5,1234\n"},
      {{{"thousands_separator", ","}, {"delimiter", "|"}},
       "a|b\n1,234|12,34\n",
       "int64 string | a,b\n1234,\"12,34\"\n"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.text);
    EXPECT_EQ(meaning(one.text, one.options), one.meaning);
  }
}

TEST(CsvOptions, FindTheDelimiter) {
  const std::pair<const char*, const char*> cases[] = {
      {"a;b\n1,5;2\n", "string int64 | a,b\n\"1,5\",2\n"},
      {"a\tb,c\n1\t2\n", "int64 int64 | a,\"b,c\"\n1,2\n"},
      {"a|b|c\n1|2|\"3|4\"\n", "int64 int64 string | a,b,c\n1,2,3|4\n"},
      {"a,b;c\n1,2;3\n", "int64 string | a,b;c\n1,2;3\n"},
      {"a\n1\n", "int64 | a\n1\n"},
  };
  for (const auto& [text, expected] : cases) {
    SCOPED_TRACE(text);
    EXPECT_EQ(meaning(text, {{"delimiter", "auto"}}), expected);
  }
  EXPECT_THAT(meaning("a,b\n1\n", {{"delimiter", "auto"}}), HasSubstr("give delimiter="));
}

TEST(CsvOptions, FindTheHeader) {
  const std::pair<const char*, const char*> cases[] = {
      {"id,name\n1,x\n2,y\n", "int64 string | id,name\n1,x\n2,y\n"},
      {"1,x\n2,y\n", "int64 string | column0,column1\n1,x\n2,y\n"},
      {"a,b\nx,y\n", "string string | a,b\nx,y\n"},
      {"id,at\n,2026-01-31\n", "string date32[day] | id,at\n,2026-01-31\n"},
      {",2026-01-30\n,2026-01-31\n",
       "string date32[day] | column0,column1\n,2026-01-30\n,2026-01-31\n"},
      {"a,b\n", "string string | a,b\n"},
      {"a,1\n", "string int64 | column0,column1\na,1\n"},
  };
  for (const auto& [text, expected] : cases) {
    SCOPED_TRACE(text);
    EXPECT_EQ(meaning(text, {{"header", "auto"}}), expected);
  }
  const DecodeOptions typed = {.schema =
                                   arrow::schema({arrow::field("a", arrow::utf8()),
                                                  arrow::field("b", arrow::utf8())})};
  EXPECT_EQ(meaning("b,a\n1,2\n", {{"header", "auto"}}, typed),
            "string string | b,a\n1,2\n");
  EXPECT_EQ(meaning("x,y\n1,2\n", {{"header", "auto"}}, typed),
            "string string | a,b\nx,y\n1,2\n");
}

TEST(CsvOptions, SayHowTextIsWritten) {
  const auto table =
      read("i,t,b\n1,,true\n,NA,false\n-5,\"\",\n7,\"a,\"\"b\",true\n8, x ,false\n", {})
          .ValueOrDie();
  const std::pair<Options, const char*> cases[] = {
      {{}, "i,t,b\n1,,true\n,NA,false\n-5,\"\",\n7,\"a,\"\"b\",true\n8, x ,false\n"},
      {{{"null_values", "NA"}},
       "i,t,b\n1,NA,true\nNA,\"NA\",false\n-5,,NA\n7,\"a,\"\"b\",true\n8, x ,false\n"},
      {{{"quote_style", "all"}},
       "\"i\",\"t\",\"b\"\n\"1\",,\"true\"\n,\"NA\",\"false\"\n\"-5\",\"\",\n\"7\",\"a,"
       "\"\"b\",\"true\"\n\"8\",\" x \",\"false\"\n"},
      {{{"quote_style", "text"}},
       "\"i\",\"t\",\"b\"\n1,,true\n,\"NA\",false\n-5,\"\",\n7,\"a,\"\"b\",true\n8,\" x "
       "\",false\n"},
      {{{"line_end", "crlf"}},
       "i,t,b\r\n1,,true\r\n,NA,false\r\n-5,\"\",\r\n7,\"a,\"\"b\",true\r\n8, x "
       ",false\r\n"},
      {{{"escape", "\\"}, {"quote", "none"}, {"null_values", "\\N"}},
       "i,t,b\n1,\\N,true\n\\N,NA,false\n-5,,\\N\n7,\\a\\,\"\\b,true\n8, x ,false\n"},
      {{{"trim", "true"}, {"comment", "-"}},
       "i,t,b\n1,,true\n,NA,false\n\"-5\",\"\",\n7,\"a,\"\"b\",true\n8,\" x \",false\n"},
      {{{"quote", "'"}, {"delimiter", ";"}},
       "i;t;b\n1;;true\n;NA;false\n-5;'';\n7;a,\"b;true\n8; x ;false\n"},
      {{{"true_values", "1"}, {"false_values", "0"}, {"header", "false"}},
       "1,,1\n,NA,0\n-5,\"\",\n7,\"a,\"\"b\",1\n8, x ,0\n"},
      {{{"delimiter", "-"}},
       "i-t-b\n1--true\n-NA-false\n\"-5\"-\"\"-\n7-\"a,\"\"b\"-true\n8- x -false\n"},
  };
  for (const auto& [options, expected] : cases) {
    const auto text = written(*table, options);
    ASSERT_TRUE(text.ok()) << text.status();
    EXPECT_EQ(*text, expected);
    Options of_source = options;
    std::erase_if(of_source, [](const auto& option) {
      return option.first == "quote_style" || option.first == "line_end";
    });
    const auto again = read(*text, of_source, {.schema = table->schema()});
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_TRUE((*again)->Equals(*table)) << *text;
  }
  EXPECT_THAT(written(*table, {{"quote", "none"}}).status().message(),
              HasSubstr("an empty text cannot be told from NULL"));
  EXPECT_THAT(
      written(*table, {{"quote", "none"}, {"null_values", "NULL"}}).status().message(),
      HasSubstr("column 't': a text would be read as something else"));
}

TEST(CsvOptions, AreRefusedWhereTheyMakeNoSense) {
  const std::pair<Options, const char*> cases[] = {
      {{{"header", "perhaps"}}, "header='perhaps' is not one of true, false, auto"},
      {{{"delimiter", "||"}}, "delimiter='||' is not one character"},
      {{{"delimiter", "§"}}, "delimiter='§' is not one character"},
      {{{"delimiter", "\n"}}, "is not one character"},
      {{{"delimiter", "\""}}, "is what values are quoted with"},
      {{{"quote", "''"}}, "quote='''' is not one character"},
      {{{"quote", ","}}, "quote=',' is the delimiter too"},
      {{{"escape", ","}}, "escape=',' is the delimiter too"},
      {{{"escape", "no"}}, "escape='no' is not one character"},
      {{{"true_values", ""}}, "true_values='' has no word"},
      {{{"false_values", ""}}, "false_values='' has no word"},
      {{{"comment", "\"x"}}, "comment='\"x' has a delimiter"},
      {{{"skip_lines", "many"}}, "option 'skip_lines'"},
      {{{"null_values", "a\"b,\"c"}}, "null_values='\"c' has a delimiter, a quote"},
      {{{"null_values", "#N/A"}, {"comment", "#"}},
       "null_values='#N/A' begins a comment"},
      {{{"true_values", "x"}, {"false_values", "x"}},
       "true_values='x' is among false_values="},
      {{{"decimal_separator", ";"}}, "option 'decimal_separator'"},
      {{{"thousands_separator", "x"}}, "thousands_separator='x' is none of"},
      {{{"thousands_separator", "."}}, "is the decimal separator too"},
      {{{"date_format", "%Y"}}, "date_format='%Y' does not say which day"},
      {{{"date_format", "%F %T"}}, "has a time"},
      {{{"timestamp_format", "%F %Q"}}, "%Q is not known"},
      {{{"trim", "true"}, {"delimiter", " "}}, "trim='true' would take away"},
      {{{"ragged", "pad"}}, "option 'ragged'"},
      {{{"quote_style", "all"}}, "only for a sink"},
      {{{"line_end", "crlf"}}, "only for a sink"},
  };
  for (const auto& [options, message] : cases) {
    SCOPED_TRACE(message);
    const auto table = read("a,b\n1,2\n", options);
    EXPECT_EQ(kind_of(table.status()), ErrorKind::kInvalidArgument);
    EXPECT_THAT(table.status().message(), HasSubstr(message));
  }
}

TEST(CsvOptions, AreTheDefaultsOfTheDialect) {
  const auto dialect =
      csv_dialect_of(values_of({}, OptionUse::kBoth).ValueOrDie()).ValueOrDie();
  const CsvDialect defaults;
  EXPECT_EQ(dialect.delimiter, defaults.delimiter);
  EXPECT_EQ(dialect.quote, defaults.quote);
  EXPECT_EQ(dialect.escape, defaults.escape);
  EXPECT_EQ(dialect.notation.null_values, defaults.notation.null_values);
  EXPECT_EQ(dialect.notation.true_values, defaults.notation.true_values);
  EXPECT_EQ(dialect.notation.false_values, defaults.notation.false_values);
  EXPECT_EQ(dialect.max_record_bytes, defaults.max_record_bytes);
}

TEST(CsvDecoder, TellsTextBehindAQuote) {
  EXPECT_THAT(meaning("a,b\n1,2\n\"x\"y,3\n", {}),
              HasSubstr("in.csv: line 3, byte 8: text stands behind a closing quote"));
}

TEST(CsvDecoder, ReadsManyColumns) {
  constexpr int kColumns = 100'000;
  std::string names;
  std::string values;
  for (int i = 0; i < kColumns; ++i) {
    names += (i > 0 ? ",c" : "c") + std::to_string(i);
    values += (i > 0 ? "," : "") + std::to_string(i);
  }
  const auto table = read(names + "\n" + values + "\n" + values + "\n", {});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->num_columns(), kColumns);
  EXPECT_EQ((*table)->num_rows(), 2);
  EXPECT_EQ((*table)->column(kColumns - 1)->GetScalar(1).ValueOrDie()->ToString(),
            std::to_string(kColumns - 1));
}

TEST(CsvDecoder, KeepsNulBytes) {
  const std::string text("a,b\nx\0y,1\n", 10);
  const auto table = read(text, {});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ((*table)->column(0)->GetScalar(0).ValueOrDie()->ToString(),
            std::string("x\0y", 3));
}

TEST(CsvOptions, MoreLinesMayBeSkippedThanThereAre) {
  EXPECT_THAT(meaning("a,b\n1,2\n", {{"skip_lines", "9223372036854775807"}}),
              HasSubstr("the file is empty"));
}

TEST(CsvOptions, ATabIsBetweenTheValuesOfTsvFiles) {
  const Format& format = *find_format_of_files("tsv");
  EXPECT_EQ(format.name, "csv");
  for (const auto& [options, names] :
       {std::pair(Options{}, "a b,c"),
        std::pair(Options{{"delimiter", ","}}, "a\tb c")}) {
    auto stream = std::make_shared<arrow::io::BufferReader>(
        arrow::Buffer::FromString("a\tb,c\n1\t2,3\n"));
    auto decoder = format.make_decoder(
        {.name = "in.tsv", .stream = stream},
        values_of(options, OptionUse::kSource).ValueOrDie(), {.only_schema = true});
    ASSERT_TRUE(decoder.ok()) << decoder.status();
    std::string found;
    for (const std::string& name : (*decoder)->schema()->field_names()) {
      found += (found.empty() ? "" : " ") + name;
    }
    EXPECT_EQ(found, names);
  }
  EXPECT_EQ(find_format_of_files("csv"), &csv_format());
  EXPECT_EQ(find_format_of_files("xls"), nullptr);
}

}  // namespace
}  // namespace velo::formats
