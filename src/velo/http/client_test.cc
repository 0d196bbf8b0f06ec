#include "velo/http/client.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

namespace velo::http {
namespace {

using testing::HasSubstr;

// Gives one answer to the first request, and closes the connection.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer)
      : answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* place = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_, place, size), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    EXPECT_EQ(::getsockname(listener_, place, &size), 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
    thread_ = std::thread([this] { serve(); });
  }
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;
  ~OneAnswer() {
    thread_.join();
    ::close(listener_);
  }

  const std::string& url() const { return url_; }

 private:
  void serve() const {
    const int client = ::accept(listener_, nullptr, nullptr);
    std::array<char, 4096> request{};
    EXPECT_GT(::recv(client, request.data(), request.size(), 0), 0);
    EXPECT_EQ(::send(client, answer_.data(), answer_.size(), 0),
              static_cast<ssize_t>(answer_.size()));
    ::close(client);
  }

  const std::string answer_;
  const int listener_;
  std::string url_;
  std::thread thread_;
};

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
      const OneAnswer server(whole.substr(0, size));
      const auto answer = client->send({.url = server.url()}, 100, {});
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
    const OneAnswer server(
        fmt::format("HTTP/1.1 503 Busy\r\n{}Content-Length: 0\r\n\r\n", header));
    const auto client = Client::make({}).ValueOrDie();
    ASSERT_TRUE(client->send({.url = server.url()}, 100, {}).ok());
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
