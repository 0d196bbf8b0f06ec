#include "velo/http/client.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "velo/testing/closing_server.h"

namespace velo::http {
namespace {

using ::testing::HasSubstr;
using velo::testing::ClosingServer;

TEST(HttpClient, QueryStringsAreEncoded) {
  EXPECT_EQ(query_string({}), "");
  EXPECT_EQ(query_string({{"a", "1"}, {"b c", "x&y=z%+ñ~"}}),
            "a=1&b%20c=x%26y%3Dz%25%2B%C3%B1~");
}

TEST(HttpClient, SaysThatNobodyListens) {
  const auto client =
      Client::make({.context = {.connector = "test", .resource = "there"}}).ValueOrDie();
  // Port 9, discard, is nobody's.
  const auto answer = client->send({.url = "http://127.0.0.1:9/"}, 100, {});
  EXPECT_EQ(kind_of(answer.status()), ErrorKind::kTransient);
  EXPECT_THAT(answer.status().message(), HasSubstr("there: cannot connect: "));
  EXPECT_THAT(answer.status().message(), HasSubstr("is the server there"));
}

TEST(HttpClient, APartOfAnAnswerIsNone) {
  const auto client = Client::make({}).ValueOrDie();
  for (const std::string whole :
       {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n0\r\n\r\n"}) {
    for (size_t size = 1; size <= whole.size(); ++size) {
      if (size == whole.size() - 1) continue;  // a last line feed ends nothing more
      SCOPED_TRACE(whole.substr(0, size));
      const ClosingServer server(whole.substr(0, size));
      const auto answer = client->send({.url = server.endpoint() + "/"}, 100, {});
      if (size == whole.size()) {
        ASSERT_TRUE(answer.ok()) << answer.status();
        EXPECT_EQ(answer->body, "four");
      } else {
        EXPECT_FALSE(answer.ok()) << answer->status << " " << answer->body;
      }
    }
  }
}

TEST(HttpClient, TellsHowLongTheServerAsksToBeLeftAlone) {
  const std::pair<const char*, std::optional<std::chrono::milliseconds>> cases[] = {
      {"Retry-After: 7\r\n", std::chrono::seconds(7)},
      {"retry-after: 0\r\n", std::chrono::seconds(0)},
      {"Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n", std::chrono::seconds(0)},
      {"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
       "Retry-After: Sun, 06 Nov 1994 08:50:00 GMT\r\n",
       std::chrono::seconds(23)},
      {"Retry-After: soon\r\n", std::nullopt},
      {"Retry-After: -1\r\n", std::nullopt},
      {"", std::nullopt},
  };
  for (const auto& [header, expected] : cases) {
    SCOPED_TRACE(header);
    const ClosingServer server(
        fmt::format("HTTP/1.1 503 Busy\r\n{}Content-Length: 0\r\n\r\n", header));
    const auto client = Client::make({}).ValueOrDie();
    ASSERT_TRUE(client->send({.url = server.endpoint() + "/"}, 100, {}).ok());
    EXPECT_EQ(client->retry_after(), expected);
  }
}

TEST(HttpClient, StopsBeforeItBegins) {
  const auto client = Client::make({}).ValueOrDie();
  std::stop_source stop;
  stop.request_stop();
  const auto answer = client->send({.url = "http://127.0.0.1:9/"}, 100, stop.get_token());
  EXPECT_EQ(kind_of(answer.status()), ErrorKind::kCancelled);
}

TEST(HttpClient, RefusesWhatIsNoHttp) {
  const auto client = Client::make({}).ValueOrDie();
  const auto answer = client->send({.url = "file:///etc/passwd"}, 100, {});
  EXPECT_EQ(kind_of(answer.status()), ErrorKind::kInvalidArgument);
}

}  // namespace
}  // namespace velo::http
