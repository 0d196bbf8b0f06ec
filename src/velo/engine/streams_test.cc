#include "velo/streams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "velo/run_group.h"
#include "velo/testing/matchers.h"
#include "velo/testing/memory_sink.h"
#include "velo/testing/scripted_source.h"

namespace velo {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

Result<std::unique_ptr<DataSource>> no_source(const Uri&) { return nullptr; }
Result<std::unique_ptr<DataSink>> no_sink(const Uri&) { return nullptr; }

// shop://h/a,b has two streams; their names are what the option `names` says.
Result<StreamList> list_shop(const Uri& uri, std::stop_token) {
  StreamList list;
  const std::string* secret = uri.find_option("token");
  std::string names = uri.path.substr(1);
  for (size_t begin = 0; begin <= names.size();) {
    const size_t end = std::min(names.find(',', begin), names.size());
    Stream stream{.name = names.substr(begin, end - begin), .fields = {}, .uri = uri};
    stream.fields = {{"table", stream.name}, {"schema", secret ? *secret : "public"}};
    stream.uri.path = "/" + stream.name;
    stream.uri.options.emplace_back("table", stream.name);
    list.streams.push_back(std::move(stream));
    begin = end + 1;
  }
  return list;
}

Registry some_connectors() {
  Registry registry;
  registry.add({.scheme = "shop",
                .create_source = no_source,
                .create_sink = no_sink,
                .list_streams = list_shop});
  registry.add({.scheme = "file",
                .create_source = no_source,
                .create_sink = no_sink,
                .paths_name_files = true});
  registry.add(
      {.scheme = "db",
       .options = {{.name = "table", .type = OptionType::kNames}, {.name = "engine"}},
       .create_sink = no_sink});
  return registry;
}

class Streams : public ::testing::Test {
 protected:
  Result<std::string> sink_of(const char* sink, const std::string& table) {
    ARROW_ASSIGN_OR_RAISE(const Uri uri, parse_uri(sink));
    ARROW_ASSIGN_OR_RAISE(
        const Uri one,
        sink_of_stream(uri,
                       {.name = "s." + table, .fields = {{"table", table}}, .uri = {}},
                       registry_));
    return print_uri(one);
  }
  Result<StreamRoutes> routes(const char* source, const char* sink) {
    ARROW_ASSIGN_OR_RAISE(const Uri from, parse_uri(source));
    ARROW_ASSIGN_OR_RAISE(const Uri to, parse_uri(sink));
    return route_streams(from, to, registry_);
  }

  const Registry registry_ = some_connectors();
};

TEST_F(Streams, FillTheSinksPath) {
  EXPECT_EQ(sink_of("out/{table}/x-{table}.csv", "orders").ValueOrDie(),
            "file:out/orders/x-orders.csv");
  EXPECT_EQ(sink_of("out/{stream}/", "a.b").ValueOrDie(), "file:out/s.a.b/");
  EXPECT_EQ(sink_of("shop://h/copy.{table}", "a.b").ValueOrDie(), "shop://h/copy.a.b");
  EXPECT_EQ(sink_of("out/{a,b}/", "x").ValueOrDie(), "file:out/{a,b}/");
  EXPECT_EQ(sink_of("out/%7Btable%7D/", "x").ValueOrDie(), "file:out/%7Btable}/");
}

TEST_F(Streams, AreFilesThatStayBelowTheFolder) {
  const auto file = [&](const char* table) {
    Uri uri = parse_uri(sink_of("out/{table}/", table).ValueOrDie()).ValueOrDie();
    return uri.path;
  };
  EXPECT_EQ(file("a b ☃"), "out/a b ☃/");
  EXPECT_EQ(file(".."), "out/%2E./");
  EXPECT_EQ(file("../../etc"), "out/%2E.%2F..%2Fetc/");
  EXPECT_EQ(file("a/b"), "out/a%2Fb/");
  EXPECT_EQ(file("a%2Fb"), "out/a%252Fb/");
  EXPECT_EQ(file("_velo"), "out/%5Fvelo/");
  EXPECT_EQ(file("a*[{"), "out/a\\*\\[\\{/");
  EXPECT_EQ(file("a\\b"), "out/a%5Cb/");
  EXPECT_EQ(sink_of("shop://h/{table}", "a/b").ValueOrDie(), "shop://h/a%2Fb");
}

TEST_F(Streams, FillTheNamesOfTables) {
  const auto table = [&](const char* sink, const char* name) {
    const Uri uri = parse_uri(sink_of(sink, name).ValueOrDie()).ValueOrDie();
    return *uri.find_option("table");
  };
  EXPECT_EQ(table("db://h/x?table={table}", "orders"), "orders");
  EXPECT_EQ(table("db://h/x?table=copy of {table}", "or\"ders"), "copy of or\"ders");
  EXPECT_EQ(table("db://h/x?table={table}", "a,b*"), "\"a,b*\"");
  EXPECT_EQ(table("db://h/x?table=copy_{table}", "a,b"), "\"copy_a,b\"");
  EXPECT_EQ(table("db://h/x?table=\"x,{table}\"", "\"a\""), "\"x,\"\"a\"\"\"");
  EXPECT_EQ(table("db://h/x?table={{table}", "orders"), "{table}");
  EXPECT_EQ(table("db://h/x?table={table}", "${env:HOME}"), "$${env:HOME}");
  EXPECT_EQ(table("db://h/x?table=${env:HOME}_{table}", "a"), "${env:HOME}_a");
  EXPECT_EQ(sink_of("db://h/x?table=t&engine={table}", "a").ValueOrDie(),
            "db://h/x?table=t&engine={table}");
}

TEST_F(Streams, HaveNoOtherWords) {
  EXPECT_THAT(sink_of("out/{topic}/", "orders").status().ToString(),
              HasSubstr("{topic} is no name that this source has; it has {stream}, "
                        "{table}"));
  EXPECT_THAT(routes("file:x.csv", "db://h/x?table={table}").status().ToString(),
              HasSubstr("{table} stands for a name of the source, and this source has "
                        "none"));
}

TEST_F(Streams, HaveASinkEach) {
  const auto found = routes("shop://h/a,b", "out/{table}/");
  ASSERT_THAT(found.status(), IsOk());
  std::vector<std::string> ways;
  for (const StreamRoute& route : found->routes) {
    ways.push_back(print_uri(route.stream.uri) + " " + print_uri(route.sink));
  }
  EXPECT_THAT(ways, ElementsAre("shop://h/a?table=a file:out/a/",
                                "shop://h/b?table=b file:out/b/"));
  EXPECT_THAT(routes("x.csv", "out.csv").status(), IsOk());
}

TEST_F(Streams, NeedATemplate) {
  EXPECT_THAT(routes("shop://h/a,b", "out/all/").status().ToString(),
              HasSubstr("is 2 streams (a, b), and each needs a place of its own here: "
                        "file:out/all/{table}/"));
  EXPECT_THAT(routes("shop://h/a,b", "db://h/x?table=t").status().ToString(),
              HasSubstr("db://h/x?table={table}"));
  EXPECT_THAT(routes("shop://h/a,b,c,d,e,f", "shop://h/x").status().ToString(),
              HasSubstr("(a, b, c, d, e, …), and each needs a place of its own here: "
                        "shop://h/x.{table}"));
  EXPECT_THAT(routes("shop://h/a,b", "out/{schema}/").status().ToString(),
              HasSubstr("a and b would both be written to file:out/public/"));
}

TEST_F(Streams, KeepReferencesToSecrets) {
  ASSERT_EQ(::setenv("VELO_STREAMS_TEST", "hidden", 1), 0);
  const Uri uri =
      parse_uri(
          "shop://u:${env:VELO_STREAMS_TEST}@h/a,$%7Bx}?token=${env:VELO_STREAMS_TEST}")
          .ValueOrDie();
  const auto list = registry_.list_streams(uri);
  ASSERT_THAT(list.status(), IsOk());
  ASSERT_EQ(list->streams.size(), 2);
  EXPECT_EQ(list->streams[0].fields.at("schema"), "hidden");
  for (const Stream& stream : list->streams) {
    EXPECT_EQ(stream.uri.password, "${env:VELO_STREAMS_TEST}");
    EXPECT_EQ(*stream.uri.find_option("token"), "${env:VELO_STREAMS_TEST}");
  }
}

}  // namespace
}  // namespace velo
