#include "velo/connections.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace velo {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

constexpr std::string_view kToml = R"(
# Comments are fine.
[connections.shop]
uri = "postgresql://reader:pass%2Fword@db.example.com/shop?schema=sales&ssl_mode=require"

[connections]
lake = {uri = "s3://data-lake/prod/"}
events = {uri = "kafka://broker1:9092,broker2:9092"}
here = {uri = "file:data"}
screen = {uri = "stdout:"}
catalog = {uri = "iceberg://catalog?catalog_uri=http://localhost:8181&branch=main"}

[pipeline]
commit_every = "5s"
parallel = 4
once = true
share = 0.5
columns = ["a", "b"]
)";

Connections read_connections() {
  return Connections::from_toml(kToml, "velo.toml").ValueOrDie();
}

TEST(Connections, ResolvesNames) {
  const Connections connections = read_connections();
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"@shop?table=orders",
       "postgresql://reader:pass%2Fword@db.example.com/"
       "shop?schema=sales&ssl_mode=require&"
       "table=orders"},
      {"@shop?schema=hr",
       "postgresql://reader:pass%2Fword@db.example.com/shop?ssl_mode=require&schema=hr"},
      {"@lake/raw/*.parquet?format=parquet",
       "s3://data-lake/prod/raw/*.parquet?format=parquet"},
      {"@lake", "s3://data-lake/prod/"},
      {"@lake/", "s3://data-lake/prod/"},
      {"@events/orders?group_id=a",
       "kafka://broker1:9092,broker2:9092/orders?group_id=a"},
      {"@here/x.csv", "file:data/x.csv"},
      {"@screen?format=csv", "stdout:?format=csv"},
      {"data/x.csv", "file:data/x.csv"},
  };
  for (const auto& [given, expected] : cases) {
    SCOPED_TRACE(given);
    const Result<Uri> resolved = connections.resolve(parse_uri(given).ValueOrDie());
    ASSERT_TRUE(resolved.ok()) << resolved.status();
    EXPECT_EQ(print_uri(*resolved), expected);
  }
}

TEST(Connections, CompletesAddressesOfTheirOwnName) {
  const Connections connections = read_connections();
  for (const auto& [given, expected] : {
           std::pair{"iceberg://catalog/a/b",
                     "iceberg://catalog/a/b?catalog_uri=http://localhost:8181&"
                     "branch=main"},
           {"iceberg://catalog/a/b?branch=x",
            "iceberg://catalog/a/b?branch=x&catalog_uri=http://localhost:8181"},
           {"iceberg://other/a/b", "iceberg://other/a/b"},
           {"kafka://catalog/a", "kafka://catalog/a"},
           {"s3://lake/a", "s3://lake/a"},
           {"data/a.csv", "file:data/a.csv"},
       }) {
    const Result<Uri> resolved = connections.resolve(parse_uri(given).ValueOrDie());
    ASSERT_TRUE(resolved.ok()) << resolved.status();
    EXPECT_EQ(print_uri(*resolved), expected);
  }
}

TEST(Connections, NamesTheNearest) {
  const Connections connections = read_connections();
  const auto message_for = [&](std::string_view text) {
    const Result<Uri> resolved = connections.resolve(parse_uri(text).ValueOrDie());
    EXPECT_EQ(kind_of(resolved.status()), ErrorKind::kInvalidArgument);
    return resolved.status().message();
  };
  EXPECT_EQ(message_for("@shpo?table=orders"),
            "@shpo: no connection has this name; did you mean '@shop'?");
  EXPECT_EQ(message_for("@warehouse"),
            "@warehouse: no connection has this name; velo.toml has catalog, events, "
            "here, lake, "
            "screen, shop");
  EXPECT_THAT(message_for("@screen/x"), HasSubstr("takes no path"));
  EXPECT_EQ(
      Connections().resolve(parse_uri("@shop").ValueOrDie()).status().message(),
      "@shop: no connection has this name; write [connections.shop] into velo.toml");
}

TEST(Connections, KeepsPipelineOptions) {
  EXPECT_THAT(read_connections().pipeline_options(),
              testing::UnorderedElementsAre(
                  Pair("commit_every", "5s"), Pair("parallel", "4"), Pair("once", "true"),
                  Pair("share", "0.5"), Pair("columns", "a,b")));
}

TEST(Connections, FindsByName) {
  const Connections connections = read_connections();
  ASSERT_NE(connections.find("lake"), nullptr);
  EXPECT_EQ(print_uri(*connections.find("lake")), "s3://data-lake/prod/");
  EXPECT_EQ(connections.find("lakes"), nullptr);
}

TEST(Connections, SaysWhereTheFileIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[connections.shop]\nuri = postgresql://reader:hunter22@h/d",
       "velo.toml: line 2, column "},
      {"[connections.shop\n", "this is not TOML"},
      {"[conections.shop]\nuri = 'x.csv'",
       "velo.toml: line 1, column 2: unknown table 'conections'; did you mean "
       "'connections'?"},
      {"[logging]\n", "unknown table 'logging'; known: connections, pipeline"},
      {"[connections.shop]\nurl = 'x.csv'",
       "velo.toml: line 2, column 1: unknown key 'url'; did you mean 'uri'?"},
      {"[connections.shop]\nuri = 'x.csv'\nzebra = 1",
       "line 3, column 1: unknown key 'zebra'"},
      {"[connections.shop]\n", "line 1, column 14: connection 'shop' lacks its uri"},
      {"[connections.shop]\nuri = 7", "line 2, column 7: 'uri' must be a string"},
      {"[connections.shop]\nuri = 'kafka://b:99999/t'",
       "velo.toml: line 2, column 7: connection 'shop': kafka://b:99999/t: offset 10: a "
       "port"},
      {"[connections.shop]\nuri = 'postgresql://reader:hunter22@h:x/d'",
       "postgresql://***@h:x/d: offset 31"},
      {"[connections.shop]\nuri = '@other'",
       "a connection's address has a scheme of its own"},
      {"[connections.\"a b\"]\nuri = 'x.csv'", "the name of a connection has letters"},
      {"[connections.\"a/b\"]\nuri = 'x.csv'", "the name of a connection has letters"},
      {"[=", "this is not TOML"},
      {std::string("[\0a]", 4), "this is not TOML"},
      {"connections = 3", "'connections' must be a table"},
      {"[connections]\nshop = 'x.csv'", "line 2, column 1: 'shop' must be a table"},
      {"[pipeline]\nx = {a = 1}", "'x' must be text, a number, true or false, or a list"},
      {"[pipeline]\nx = [[1]]", "'x' must be a list of text"},
      {"a = '\xFF'", "this is not TOML"},
  };
  for (const auto& [text, message] : cases) {
    SCOPED_TRACE(text);
    const Result<Connections> connections = Connections::from_toml(text, "velo.toml");
    ASSERT_FALSE(connections.ok());
    EXPECT_EQ(kind_of(connections.status()), ErrorKind::kInvalidArgument);
    EXPECT_THAT(connections.status().message(),
                AllOf(HasSubstr(message), HasSubstr("velo.toml: line "),
                      Not(HasSubstr("hunter22"))));
  }
}

TEST(Connections, ReadsFiles) {
  const std::filesystem::path path =
      std::filesystem::path(testing::TempDir()) / "connections_test.toml";
  std::ofstream(path) << kToml;
  EXPECT_NE(Connections::from_toml_file(path).ValueOrDie().find("shop"), nullptr);
  std::filesystem::remove(path);
  const Status missing = Connections::from_toml_file(path).status();
  EXPECT_EQ(kind_of(missing), ErrorKind::kNotFound);
  EXPECT_THAT(missing.message(), HasSubstr("connections_test.toml: cannot read"));
}

}  // namespace
}  // namespace velo
