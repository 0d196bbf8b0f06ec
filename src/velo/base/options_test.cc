#include "velo/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "velo/base/quantity.h"

namespace velo {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<OptionDescriptor> all_types() {
  return {
      {.name = "table", .doc = "Table to read."},
      {.name = "header", .type = OptionType::kBool, .default_value = "true"},
      {.name = "batch_size", .type = OptionType::kInt, .unit = "rows"},
      {.name = "buffer", .type = OptionType::kBytes, .default_value = "64KiB"},
      {.name = "poll_timeout", .type = OptionType::kDuration, .default_value = "10s"},
      {.name = "linger", .type = OptionType::kDuration},
      {.name = "format",
       .type = OptionType::kChoice,
       .choices = {"Native", "json", "csv"}},
      {.name = "partition_by", .type = OptionType::kList},
      {.name = "watch", .type = OptionType::kBool, .use = OptionUse::kSource},
      {.name = "mode",
       .type = OptionType::kChoice,
       .default_value = "append",
       .use = OptionUse::kSink,
       .choices = {"append", "overwrite"}},
      {.name = "pin", .type = OptionType::kInt, .secret = true},
      {.name = "password", .secret = true},
      {.name = "recursive", .type = OptionType::kBool, .not_yet = true},
  };
}

Result<OptionValues> parse(std::string_view text, OptionUse use = OptionUse::kSource) {
  ARROW_ASSIGN_OR_RAISE(const Uri uri, parse_uri(text));
  return OptionValues::parse(uri, all_types(), use);
}

TEST(OptionValues, GivesWhatTheUriSays) {
  const OptionValues values =
      parse(
          "kafka://u:p@h/t?table=orders&header=no&batch_size=10k&buffer=2MiB"
          "&poll_timeout=5min&format=NATIVE&partition_by=a, b,c&watch&password=x")
          .ValueOrDie();
  EXPECT_TRUE(values.has("table"));
  EXPECT_EQ(values.text("table"), "orders");
  EXPECT_FALSE(values.boolean("header"));
  EXPECT_EQ(values.integer("batch_size"), 10'000);
  EXPECT_EQ(values.integer("buffer"), 2 << 20);
  EXPECT_EQ(values.duration("poll_timeout"), std::chrono::minutes(5));
  EXPECT_EQ(values.text("format"), "Native");
  EXPECT_THAT(values.list("partition_by"), ElementsAre("a", "b", "c"));
  EXPECT_TRUE(values.boolean("watch"));
  EXPECT_EQ(values.text("password"), "x");
}

TEST(OptionValues, GivesDefaults) {
  const OptionValues values = parse("kafka://h/t").ValueOrDie();
  EXPECT_FALSE(values.has("header"));
  EXPECT_EQ(values.text("table"), "");
  EXPECT_TRUE(values.boolean("header"));
  EXPECT_EQ(values.integer("batch_size"), std::nullopt);
  EXPECT_EQ(values.integer("buffer"), 64 << 10);
  EXPECT_EQ(values.duration("poll_timeout"), milliseconds(10'000));
  EXPECT_EQ(values.duration("linger"), std::nullopt);
  EXPECT_EQ(values.text("format"), "");
  EXPECT_EQ(values.text("mode"), "append");
  EXPECT_THAT(values.list("partition_by"), IsEmpty());
  EXPECT_FALSE(values.boolean("watch"));
}

TEST(OptionValues, SaysWhatIsWrong) {
  struct ErrorCase {
    std::string options;
    std::string message;
    ErrorKind kind = ErrorKind::kInvalidArgument;
  };
  const std::vector<ErrorCase> cases = {
      {"headr=true",
       "unknown option 'headr'; did you mean 'header'? `velo help kafka` lists them all"},
      {"Header=true", "unknown option 'Header'; did you mean 'header'?"},
      {"batch-size=1", "did you mean 'batch_size'?"},
      {"partition=a", "did you mean 'partition_by'?"},
      {"zzz=1", "unknown option 'zzz'; `velo help kafka` lists them all"},
      {"mod=append", "unknown option 'mod'; `velo help"},
      {"header=maybe", "option 'header': 'maybe' is not what it takes: true or false"},
      {"header=", "option 'header': '' is not what it takes"},
      {"batch_size=many", "a whole number, such as 1000 or 10k"},
      {"batch_size=1.5", "a whole number"},
      {"batch_size=12x", "a whole number"},
      {"batch_size=9223372036854775808", "a whole number"},
      {"batch_size=9223372036854776k", "option 'batch_size'"},
      {"buffer=-1", "a number of bytes, such as 1048576 or 128MiB"},
      {"buffer=2XB", "a number of bytes"},
      {"poll_timeout=10", "a duration, such as 500ms, 10s, 5min, 1h or 7d"},
      {"poll_timeout=-1s", "a duration"},
      {"format=jsn",
       "option 'format': 'jsn' is not what it takes: one of Native, json, csv; "
       "did you mean 'json'?"},
      {"partition_by=a,,b", "names with commas between them"},
      {"mode=append", "option 'mode' is only for a sink, and this is a source"},
      {"pin=hunter22", "option 'pin': the value is not what it takes"},
      {"pasword=hunter22", "unknown option 'pasword'; did you mean 'password'?"},
      {"recursive", "option 'recursive' does not work yet; leave it out",
       ErrorKind::kNotImplemented},
  };
  for (const ErrorCase& a_case : cases) {
    SCOPED_TRACE(a_case.options);
    const Result<OptionValues> values = parse("kafka://u:hunter22@h/t?" + a_case.options);
    ASSERT_FALSE(values.ok());
    EXPECT_EQ(kind_of(values.status()), a_case.kind);
    EXPECT_THAT(values.status().message(), HasSubstr("kafka://u:***@h/t: "));
    EXPECT_THAT(values.status().message(), HasSubstr(a_case.message));
    EXPECT_THAT(values.status().message(), Not(HasSubstr("hunter22")));
    ASSERT_NE(context_of(values.status()), nullptr);
    EXPECT_EQ(context_of(values.status())->connector, "kafka");
  }
}

TEST(OptionValues, KnowsTheEnd) {
  EXPECT_TRUE(parse("kafka://h/t?mode=overwrite", OptionUse::kSink).ok());
  EXPECT_THAT(parse("kafka://h/t?watch", OptionUse::kSink).status().message(),
              HasSubstr("option 'watch' is only for a source, and this is a sink"));
  EXPECT_TRUE(parse("kafka://h/t?watch&mode=append", OptionUse::kBoth).ok());
}

TEST(OptionValuesDeathTest, AbortsWhereTheProgrammerErrs) {
  const OptionValues values = parse("kafka://h/t").ValueOrDie();
  EXPECT_DEATH(values.text("tabel"), "option 'tabel': no descriptor has this name");
  EXPECT_DEATH(values.boolean("table"), "option 'table': it is of another type");
  const std::vector<OptionDescriptor> wrong = {
      {.name = "n", .type = OptionType::kInt, .default_value = "few"}};
  const Uri uri = parse_uri("kafka://h/t").ValueOrDie();
  EXPECT_DEATH((void)OptionValues::parse(uri, wrong, OptionUse::kBoth), "option 'n'");
}

TEST(NearestName, FindsWhatWasMeant) {
  const std::vector<std::string_view> names = {"header",     "format",   "table",
                                               "batch_size", "group_id", "s3"};
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"headr", "header"},
      {"haeder", "header"},
      {"HEADER", "header"},
      {"fromat", "format"},
      {"tabel", "table"},
      {"tables", "table"},
      {"batchsize", "batch_size"},
      {"batch-size", "batch_size"},
      {"batch", "batch_size"},
      {"groupid", "group_id"},
      {"group", "group_id"},
      {"s4", ""},
      {"x", ""},
      {"", ""},
      {"compression", ""},
      {"hat", ""},
      {std::string(100'000, 'h'), ""},
  };
  for (const auto& [given, expected] : cases) {
    SCOPED_TRACE(given.substr(0, 20));
    EXPECT_EQ(nearest_name(given, names), expected);
  }
  EXPECT_EQ(nearest_name("header", {}), "");
}

TEST(Quantity, ReadsUnits) {
  EXPECT_EQ(parse_count("-7"), -7);
  EXPECT_EQ(parse_count("3M"), 3'000'000);
  EXPECT_EQ(parse_count("-9223372036854775808"), INT64_MIN);
  for (const std::string text :
       {"", "+1", " 1", "1 ", "k", "1kk", "0x10", "1e3", "-", "1m"}) {
    EXPECT_EQ(parse_count(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_bytes("0"), 0);
  EXPECT_EQ(parse_bytes("128 MiB"), 128 << 20);
  EXPECT_EQ(parse_bytes("128mib"), 128 << 20);
  EXPECT_EQ(parse_bytes("1GB"), 1'000'000'000);
  EXPECT_EQ(parse_bytes("8388607TiB"), 8388607 * (int64_t{1} << 40));
  for (const std::string text : {"", "8388608TiB", "-1", "1M", "1KiBB", "1  KB", "KiB"}) {
    EXPECT_EQ(parse_bytes(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_duration("0"), milliseconds(0));
  EXPECT_EQ(parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(parse_duration("7d"), std::chrono::days(7));
  for (const std::string text : {"", "10", "-1s", "1m", "1.5s", "106751991168d", "s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace velo
