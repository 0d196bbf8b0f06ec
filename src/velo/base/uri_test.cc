#include "velo/uri.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "velo/base/glob.h"

namespace velo {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Options = std::vector<std::pair<std::string, std::string>>;

struct UriCase {
  std::string text;
  Uri uri;
  std::string canonical = {};  // where it is not `text`
};

void expect_parses(const UriCase& a_case, const Result<Uri>& parsed) {
  SCOPED_TRACE(a_case.text);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(*parsed, a_case.uri) << print_uri(*parsed);
  EXPECT_EQ(print_uri(*parsed),
            a_case.canonical.empty() ? a_case.text : a_case.canonical);
  EXPECT_EQ(*parse_uri(print_uri(*parsed)), a_case.uri);
}

// Every address of the specification.
TEST(ParseUri, TakesTheSpecifiedAddresses) {
  const std::vector<UriCase> cases = {
      {"postgresql://localhost/mydb?table=orders",
       {.scheme = "postgresql",
        .hosts = {{"localhost", {}}},
        .path = "/mydb",
        .options = {{"table", "orders"}}}},
      {"postgresql://user:pass@db.example.com:5432/prod?cdc=true&schema=sales",
       {.scheme = "postgresql",
        .user = "user",
        .password = "pass",
        .hosts = {{"db.example.com", 5432}},
        .path = "/prod",
        .options = {{"cdc", "true"}, {"schema", "sales"}}}},
      {"s3://data-lake/events/*.parquet?region=us-west-2",
       {.scheme = "s3",
        .hosts = {{"data-lake", {}}},
        .path = "/events/*.parquet",
        .options = {{"region", "us-west-2"}}}},
      {"s3://backup/logs/2024-01-*/*.json.gz?compression=gzip",
       {.scheme = "s3",
        .hosts = {{"backup", {}}},
        .path = "/logs/2024-01-*/*.json.gz",
        .options = {{"compression", "gzip"}}}},
      {"file:///data/input/*.csv?header=true",
       {.scheme = "file", .path = "/data/input/*.csv", .options = {{"header", "true"}}}},
      {"file:///logs/app.log?watch=true&format=json",
       {.scheme = "file",
        .path = "/logs/app.log",
        .options = {{"watch", "true"}, {"format", "json"}}}},
      {"iceberg://catalog/sales/orders",
       {.scheme = "iceberg", .hosts = {{"catalog", {}}}, .path = "/sales/orders"}},
      {"iceberg://rest-catalog/analytics/events?branch=staging",
       {.scheme = "iceberg",
        .hosts = {{"rest-catalog", {}}},
        .path = "/analytics/events",
        .options = {{"branch", "staging"}}}},
      {"clickhouse://localhost:8123/analytics?table=events",
       {.scheme = "clickhouse",
        .hosts = {{"localhost", 8123}},
        .path = "/analytics",
        .options = {{"table", "events"}}}},
      {"clickhouse://user:pass@ch.example.com:9000/"
       "warehouse?table=facts&compression=zstd",
       {.scheme = "clickhouse",
        .user = "user",
        .password = "pass",
        .hosts = {{"ch.example.com", 9000}},
        .path = "/warehouse",
        .options = {{"table", "facts"}, {"compression", "zstd"}}}},
      {"kafka://localhost:9092/events?group_id=processor-1",
       {.scheme = "kafka",
        .hosts = {{"localhost", 9092}},
        .path = "/events",
        .options = {{"group_id", "processor-1"}}}},
      {"kafka://broker1:9092,broker2:9092/orders?format=avro",
       {.scheme = "kafka",
        .hosts = {{"broker1", 9092}, {"broker2", 9092}},
        .path = "/orders",
        .options = {{"format", "avro"}}}},
      {"kafka://localhost:9092/events?group_id=analytics",
       {.scheme = "kafka",
        .hosts = {{"localhost", 9092}},
        .path = "/events",
        .options = {{"group_id", "analytics"}}}},
      {"clickhouse://localhost:8123/warehouse?table=events",
       {.scheme = "clickhouse",
        .hosts = {{"localhost", 8123}},
        .path = "/warehouse",
        .options = {{"table", "events"}}}},
  };
  for (const UriCase& a_case : cases) expect_parses(a_case, parse_uri(a_case.text));
}

// Every function call of the specification's SQL, and the other forms it takes.
TEST(ParseUri, TakesWhatStandsInSql) {
  struct SqlCase {
    std::string scheme;
    std::string rest;
    std::string canonical;
  };
  const std::vector<SqlCase> cases = {
      {"postgresql", "localhost/shop?table=orders&cdc=true",
       "postgresql://localhost/shop?table=orders&cdc=true"},
      {"kafka", "localhost:9092/orders-events", "kafka://localhost:9092/orders-events"},
      {"kafka", "localhost:9092/events?group_id=analytics",
       "kafka://localhost:9092/events?group_id=analytics"},
      {"clickhouse", "localhost:8123/warehouse?table=events",
       "clickhouse://localhost:8123/warehouse?table=events"},
      {"s3", "data-lake/raw/*.parquet", "s3://data-lake/raw/*.parquet"},
      {"iceberg", "catalog/analytics/processed_events",
       "iceberg://catalog/analytics/processed_events"},
      {"file", "/data/uploads/*.json?watch=true",
       "file:///data/uploads/*.json?watch=true"},
      {"clickhouse", "localhost:8123/warehouse?table=uploads",
       "clickhouse://localhost:8123/warehouse?table=uploads"},
      // A whole URI.
      {"kafka", "kafka://localhost:9092/x", "kafka://localhost:9092/x"},
      {"postgresql", "postgres://localhost/x", "postgresql://localhost/x"},
      {"postgres", "localhost/x", "postgresql://localhost/x"},
      {"file", "file:///x.csv", "file:///x.csv"},
      {"file", "file:x.csv", "file:x.csv"},
      {"stdout", "stdout:?format=csv", "stdout:?format=csv"},
      // A host may be called like the scheme.
      {"kafka", "kafka:9092/x", "kafka://kafka:9092/x"},
      {"file", "x.csv", "file:x.csv"},
      {"file", "//data/x.csv", "file:////data/x.csv"},
      {"file", "a b.csv", "file:a%20b.csv"},
      {"generate", "orders?rows=5", "generate://orders?rows=5"},
      {"stdout", "", "stdout:"},
      {"null", "", "null:"},
      {"stdin", "?format=json", "stdin:?format=json"},
      {"KAFKA", "h/x", "kafka://h/x"},
      {"postgresql", "@shop?table=orders", "@shop?table=orders"},
  };
  for (const SqlCase& a_case : cases) {
    SCOPED_TRACE(a_case.scheme + "('" + a_case.rest + "')");
    const Result<Uri> uri = parse_uri(a_case.scheme, a_case.rest);
    ASSERT_TRUE(uri.ok()) << uri.status();
    EXPECT_EQ(print_uri(*uri), a_case.canonical);
    EXPECT_EQ(*parse_uri(a_case.canonical), *uri);
  }
  EXPECT_EQ(parse_uri("kafka", "s3://bucket/x").status().message(),
            "s3://bucket/x: this is an address of 's3', and it stands in kafka('…')");
  EXPECT_FALSE(parse_uri("-", "x").ok());
  EXPECT_FALSE(parse_uri("", "x").ok());
  EXPECT_FALSE(parse_uri("@", "x").ok());
  EXPECT_FALSE(parse_uri("a b", "x").ok());
  EXPECT_THAT(parse_uri("kafka", "h:x/t").status().message(),
              HasSubstr("offset 2: a port is a number"));
  EXPECT_THAT(parse_uri("file", "").status().message(), HasSubstr("offset 0: a path is"));
}

TEST(ParseUri, TakesWhatElseIsMeant) {
  const std::vector<UriCase> cases = {
      // Files.
      {"data/x.csv", {.scheme = "file", .path = "data/x.csv"}, "file:data/x.csv"},
      {"/data/x.csv", {.scheme = "file", .path = "/data/x.csv"}, "file:///data/x.csv"},
      {"./@x", {.scheme = "file", .path = "./@x"}, "file:./@x"},
      {"file:/data/x", {.scheme = "file", .path = "/data/x"}, "file:///data/x"},
      {"file://localhost/x", {.scheme = "file", .path = "/x"}, "file:///x"},
      {"FILE:x", {.scheme = "file", .path = "x"}, "file:x"},
      {"C:\\data\\x.csv",
       {.scheme = "file", .path = "C:\\\\data\\\\x.csv"},
       "file:C:%5Cdata%5Cx.csv"},
      {"C:/data/x.csv",
       {.scheme = "file", .path = "C:/data/x.csv"},
       "file:C:/data/x.csv"},
      {"2024-01-01T12:00.csv",
       {.scheme = "file", .path = "2024-01-01T12:00.csv"},
       "file:2024-01-01T12:00.csv"},
      {"notes:today.csv",
       {.scheme = "file", .path = "notes:today.csv"},
       "file:notes:today.csv"},
      {"my file's \"x\".csv",
       {.scheme = "file", .path = "my file's \"x\".csv"},
       "file:my%20file%27s%20%22x%22.csv"},
      {"日本/東京.csv",
       {.scheme = "file", .path = "日本/東京.csv"},
       "file:日本/東京.csv"},
      {"%E6%97%A5.csv", {.scheme = "file", .path = "日.csv"}, "file:日.csv"},
      {"/out/{table}/",
       {.scheme = "file", .path = "/out/{table}/"},
       "file:///out/{table}/"},
      {"/", {.scheme = "file", .path = "/"}, "file:///"},
      {".", {.scheme = "file", .path = "."}, "file:."},
      // What percent-encoding keeps from meaning something stands for itself.
      {"file:100%25%3F%23.csv", {.scheme = "file", .path = "100%?#.csv"}},
      {"file:%2A%5Bx].csv", {.scheme = "file", .path = "\\*\\[x].csv"}},
      {"file:[a%2Db%5D%21]{a%2Cb,%7D}",
       {.scheme = "file", .path = "[a\\-b\\]\\!]{a\\,b,\\}}"}},
      {"a%2Db%2Cc%5D%7D%21", {.scheme = "file", .path = "a-b,c]}!"}, "file:a-b,c]}!"},
      {"postgresql://h/a%2Fb",
       {.scheme = "postgresql", .hosts = {{"h", {}}}, .path = "/a\\/b"}},
      // Hosts.
      {"kafka://[::1]:9092,[fe80::1%25eth0],10.0.0.1:1,h_1.x-y:65535/t",
       {.scheme = "kafka",
        .hosts =
            {{"::1", 9092}, {"fe80::1%eth0", {}}, {"10.0.0.1", 1}, {"h_1.x-y", 65535}},
        .path = "/t"}},
      {"kafka://h", {.scheme = "kafka", .hosts = {{"h", {}}}}},
      {"kafka://h?x=1",
       {.scheme = "kafka", .hosts = {{"h", {}}}, .options = {{"x", "1"}}}},
      {"postgresql:///db", {.scheme = "postgresql", .path = "/db"}},
      {"postgresql://", {.scheme = "postgresql"}},
      {"postgresql://:5433/db",
       {.scheme = "postgresql", .hosts = {{"", 5433}}, .path = "/db"}},
      {"postgresql://u@/db", {.scheme = "postgresql", .user = "u", .path = "/db"}},
      {"postgresql://%2Fvar%2Frun:5433/db",
       {.scheme = "postgresql", .hosts = {{"/var/run", 5433}}, .path = "/db"}},
      {"POSTGRES://h/d",
       {.scheme = "postgresql", .hosts = {{"h", {}}}, .path = "/d"},
       "postgresql://h/d"},
      {"kafka://h:09092/t",
       {.scheme = "kafka", .hosts = {{"h", 9092}}, .path = "/t"},
       "kafka://h:9092/t"},
      {"mysql://h/d", {.scheme = "mysql", .hosts = {{"h", {}}}, .path = "/d"}},
      // Users and passwords.
      {"postgresql://u%40x:p%3A%2F%3F%23%5B%40@h/d",
       {.scheme = "postgresql",
        .user = "u@x",
        .password = "p:/?#[@",
        .hosts = {{"h", {}}},
        .path = "/d"},
       "postgresql://u%40x:p%3A%2F%3F%23[%40@h/d"},
      {"postgresql://u:p@ss:word@h/d",
       {.scheme = "postgresql",
        .user = "u",
        .password = "p@ss:word",
        .hosts = {{"h", {}}},
        .path = "/d"},
       "postgresql://u:p%40ss%3Aword@h/d"},
      {"postgresql://u:@h/d",
       {.scheme = "postgresql",
        .user = "u",
        .password = "",
        .hosts = {{"h", {}}},
        .path = "/d"}},
      {"postgresql://:p@h/d",
       {.scheme = "postgresql", .password = "p", .hosts = {{"h", {}}}, .path = "/d"}},
      {"postgresql://${env:U}:${file:/run/p@w?%23}@h/d?token=${file:/A&B}&x=$$y",
       {.scheme = "postgresql",
        .user = "${env:U}",
        .password = "${file:/run/p@w?#}",
        .hosts = {{"h", {}}},
        .path = "/d",
        .options = {{"token", "${file:/A&B}"}, {"x", "$$y"}}}},
      // Options.
      {"postgresql://h/d?x=%24{env:A&y=}",
       {.scheme = "postgresql",
        .hosts = {{"h", {}}},
        .path = "/d",
        .options = {{"x", "${env:A"}, {"y", "}"}}}},
      {"x?watch&a=&b=1=2&c=x/y:z,{t}?&d=%26%25+%09",
       {.scheme = "file",
        .path = "x",
        .options = {{"watch", "true"},
                    {"a", ""},
                    {"b", "1=2"},
                    {"c", "x/y:z,{t}?"},
                    {"d", "&%+\t"}}},
       "file:x?watch=true&a=&b=1=2&c=x/y:z,{t}?&d=%26%25+%09"},
      {"x?client.id=1&batch-size=2",
       {.scheme = "file",
        .path = "x",
        .options = {{"client.id", "1"}, {"batch-size", "2"}}},
       "file:x?client.id=1&batch-size=2"},
      // The rest.
      {"-", {.scheme = "-"}},
      {"-?format=csv", {.scheme = "-", .options = {{"format", "csv"}}}},
      {"-x.csv", {.scheme = "file", .path = "-x.csv"}, "file:-x.csv"},
      {"stdout:", {.scheme = "stdout"}},
      {"stdout://?format=json",
       {.scheme = "stdout", .options = {{"format", "json"}}},
       "stdout:?format=json"},
      {"stdin:", {.scheme = "stdin"}},
      {"null:", {.scheme = "null"}},
      {"generate://orders?rows=1000000&seed=1",
       {.scheme = "generate",
        .path = "orders",
        .options = {{"rows", "1000000"}, {"seed", "1"}}}},
      {"generate:orders", {.scheme = "generate", .path = "orders"}, "generate://orders"},
      {"@shop", {.scheme = "@", .hosts = {{"shop", {}}}}},
      {"@my-shop_2.x/a/*.csv?table=orders",
       {.scheme = "@",
        .hosts = {{"my-shop_2.x", {}}},
        .path = "/a/*.csv",
        .options = {{"table", "orders"}}}},
  };
  for (const UriCase& a_case : cases) expect_parses(a_case, parse_uri(a_case.text));
}

TEST(ParseUri, SaysWhatIsWrongAndWhere) {
  struct ErrorCase {
    std::string text;
    std::string message;
  };
  const std::vector<ErrorCase> cases = {
      {"", "offset 0: an address is missing"},
      {"x%zz.csv",
       "x%zz.csv: offset 1: after '%' come two hexadecimal digits; a '%' itself "
       "is written %25"},
      {"100%", "offset 3: after '%'"},
      {"x?a=%1", "offset 4: after '%'"},
      {"x%00", "offset 1: a zero byte cannot stand in an address"},
      {std::string("x\0y", 3), "offset 1: a zero byte"},
      {"x\ty", "offset 1: a control character must be percent-encoded: %09"},
      {"x\n", "offset 1: a control character must be percent-encoded: %0A"},
      {"x\x7F", "percent-encoded: %7F"},
      {"x\xFFy", "offset 1: this is not UTF-8"},
      {"x\xED\xA0\x80", "offset 1: this is not UTF-8"},
      {"x\xC0\xAF", "offset 1: this is not UTF-8"},
      {"a/%FF", "offset 0: what is percent-encoded here is not UTF-8"},
      {"a#b", "offset 1: in a path '#' is written %23"},
      {"a?b=#", "offset 4: '#' is written %23"},
      {"a?",
       "offset 2: the name of an option is missing; '?' begins the options, and in a "
       "path it is written %3F"},
      {"a?b=1&", "offset 6: the name of an option is missing"},
      {"a?&b", "offset 2: the name of an option is missing"},
      {"a?=1", "offset 2: the name of an option is missing"},
      {"data-?.csv", "offset 6: the name of an option begins with a letter"},
      {"a?b c=1", "offset 3: the name of an option begins with a letter"},
      {"a?b%20=1", "offset 3: the name of an option"},
      {"a?b=1&c=2&b=3", "offset 10: the option 'b' stands twice"},
      {"kafka:h/t", "offset 6: after 'kafka:' comes '//', as in kafka://host/path"},
      {"stduot:", "'stduot' is not a scheme; did you mean 'stdout:'?"},
      {"postgresq:x", "did you mean 'postgresql:'?"},
      {"my kafka://h/t", "offset 8: what stands before '://' is not a scheme"},
      {"x://h", "offset 1: what stands before '://' is not a scheme"},
      {"://h", "is not a scheme"},
      {"kafka://h:0/t", "offset 10: a port is a number from 1 to 65535"},
      {"kafka://h:65536/t", "offset 10: a port"},
      {"kafka://h:/t", "offset 10: a port"},
      {"kafka://h:+1/t", "offset 10: a port"},
      {"kafka://::1/t", "an IPv6 address stands in brackets"},
      {"kafka://[::1/t", "offset 8: ']' is missing"},
      {"kafka://[::1]x/t", "offset 13: after ']' comes ':' and a port"},
      {"kafka://[::x]/t", "offset 9: this is not an IPv6 address"},
      {"kafka://[1.2.3.4]/t", "offset 9: this is not an IPv6 address"},
      {"kafka://a%3Ab/t", "offset 8: this is not an IPv6 address"},
      {"kafka://a,,b/t", "offset 10: a host is missing"},
      {"kafka://a,/t", "offset 10: a host is missing"},
      {"kafka://a b/t",
       "offset 9: ' ' cannot stand in the name of a host; percent-encoded "
       "it is %20"},
      {"s3://data-*/x", "offset 10: '*' cannot stand in the name of a host"},
      {"postgresql://@h/d", "offset 13: before '@' a user is missing"},
      {"file://data/x.csv", "offset 7: between 'file://' and the next '/'"},
      {"file:", "offset 5: a path is missing"},
      {"file://", "offset 7: a path is missing"},
      {"file://localhost", "a path is missing"},
      {"file:?x=1", "offset 5: a path is missing"},
      {"?x=1", "offset 0: a path is missing"},
      {"stdout:x", "offset 7: 'stdout:' takes no path"},
      {"null:///dev/null", "'null:' takes no path"},
      {"@", "offset 1: after '@' comes the name of a connection"},
      {"@a b", "offset 2: after '@' comes the name of a connection"},
      {"@shop:5432", "offset 5: after '@' comes"},
      {std::string((1 << 20) + 1, 'x'), "offset 1048576: an address has 1 MiB at most"},
  };
  for (const ErrorCase& a_case : cases) {
    SCOPED_TRACE(a_case.text.substr(0, 100));
    const Result<Uri> uri = parse_uri(a_case.text);
    ASSERT_FALSE(uri.ok()) << print_uri(*uri);
    EXPECT_EQ(kind_of(uri.status()), ErrorKind::kInvalidArgument);
    EXPECT_THAT(uri.status().message(), HasSubstr(a_case.message));
    EXPECT_LT(uri.status().message().size(), 600U);
  }
}

TEST(ParseUri, HidesSecretsOfWhatDoesNotParse) {
  for (const std::string text : {
           "postgresql://reader:hunter22@h:x/d",
           "postgresql://reader:hunter22/d",
           "postgresql://reader:hun/ter22@h/d?x=%",
           "postgresql://reader:hunter22@h/d?x=#",
           "postgresql://reader:hunter22#@h/d",
           "postgresql://reader:hunter22%@h/d",
           "kafka://h/t?sasl_password=hunter22&&",
           "kafka://h/t?sasl_password=x&hunter22&%",
           "kafka://h/t?sasl.password=hunter22%",
           "s3://b/x?secret_access_key=a+b/hunter22#",
           "kafka ://reader:hunter22@h/d",
           "kafka:reader:hunter22@h/d",
           "postgresql:/reader:hunter22@h/d",
           "posgresql:reader:hunter22@h/d",
           "file://reader:hunter22@h/d",
           "stdout://reader:hunter22@h/d",
           "x?password=hunter22&password=x",
       }) {
    SCOPED_TRACE(text);
    const Result<Uri> uri = parse_uri(text);
    ASSERT_FALSE(uri.ok()) << print_uri(*uri);
    EXPECT_THAT(uri.status().message(), Not(HasSubstr("hunter22")));
    EXPECT_THAT(uri.status().message(), Not(HasSubstr("ter22")));
  }
}

// The addresses in the tables of docs/design/uri.md.
TEST(ParseUri, TakesTheDocumentedAddresses) {
  const std::string folder = std::getenv("VELO_SOURCE_DIR");
  std::ifstream page(folder + "/docs/design/uri.md");
  int num_addresses = 0;
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("| `")) continue;
    const std::string cell = line.substr(0, line.find(" | "));
    for (size_t begin = cell.find('`'); begin != std::string::npos;) {
      const size_t end = cell.find('`', begin + 1);
      const std::string address = cell.substr(begin + 1, end - begin - 1);
      EXPECT_TRUE(parse_uri(address).ok()) << address;
      ++num_addresses;
      begin = cell.find('`', end + 1);
    }
  }
  EXPECT_GE(num_addresses, 12);
}

TEST(RedactUri, HidesSecrets) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"postgresql://u:p@h/d?table=x", "postgresql://u:***@h/d?table=x"},
      {"postgresql://:p@h/d", "postgresql://:***@h/d"},
      {"postgresql://u:@h/d", "postgresql://u:***@h/d"},
      {"postgresql://u:${env:P}@h/d", "postgresql://u:***@h/d"},
      {"postgresql://u@h/d", "postgresql://u@h/d"},
      {"s3://b/x?access_key_id=AK&secret_access_key=SK",
       "s3://b/x?access_key_id=AK&secret_access_key=***"},
      {"kafka://h/t?sasl_username=u&sasl_password=p",
       "kafka://h/t?sasl_username=u&sasl_password=***"},
      {"kafka://h/t?sasl.password=p&ssl.key.password=p",
       "kafka://h/t?sasl.password=***&ssl.key.password=***"},
      {"kafka://h/t?SESSION_TOKEN=t&api-key=k&apikey=k",
       "kafka://h/t?SESSION_TOKEN=***&api-key=***&apikey=***"},
      {"kafka://h/t?schema_registry=http://u:p@r:8081/x",
       "kafka://h/t?schema_registry=http://***@r:8081/x"},
      {"iceberg://c/n/t?catalog_uri=http://h:8181&credential=x:y&key=id",
       "iceberg://c/n/t?catalog_uri=http://h:8181&credential=***&key=id"},
      {"@shop?password=p", "@shop?password=***"},
  };
  for (const auto& [text, shown] : cases) {
    SCOPED_TRACE(text);
    EXPECT_EQ(redact_uri(parse_uri(text).ValueOrDie()), shown);
  }
}

TEST(Uri, FindsOptions) {
  const Uri uri = parse_uri("x?a=1&b=2").ValueOrDie();
  ASSERT_NE(uri.find_option("b"), nullptr);
  EXPECT_EQ(*uri.find_option("b"), "2");
  EXPECT_EQ(uri.find_option("c"), nullptr);
}

TEST(Uri, PathIsAGlobPattern) {
  const Uri uri = parse_uri("/data/%5B*%5D/{a,b%2C}.csv").ValueOrDie();
  EXPECT_TRUE(has_glob(uri.path));
  const Glob glob = Glob::parse(uri.path).ValueOrDie();
  EXPECT_TRUE(glob.matches("/data/[x]/a.csv"));
  EXPECT_TRUE(glob.matches("/data/[x]/b,.csv"));
  EXPECT_FALSE(glob.matches("/data/x/a.csv"));
}

}  // namespace
}  // namespace velo
