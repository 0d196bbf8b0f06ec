#include "velo/http/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace velo::http {
namespace {

using testing::HasSubstr;

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
