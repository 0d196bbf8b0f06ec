#include "velo/storage/s3_client.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>

#include "velo/testing/matchers.h"

namespace velo::storage {
namespace {

using testing::IsError;
using ::testing::StartsWith;

// Reads a request, and closes the connection behind the bytes that are to be its answer.
class ClosingStore {
 public:
  explicit ClosingStore(std::string answer)
      : answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* place = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_, place, size), 0);
    EXPECT_EQ(::listen(listener_, 4), 0);
    EXPECT_EQ(::getsockname(listener_, place, &size), 0);
    endpoint_ = fmt::format("http://127.0.0.1:{}", ntohs(address.sin_port));
    thread_ = std::thread([this] { serve(); });
  }
  ClosingStore(const ClosingStore&) = delete;
  ClosingStore& operator=(const ClosingStore&) = delete;
  ~ClosingStore() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  const std::string& endpoint() const { return endpoint_; }

 private:
  void serve() const {
    while (true) {
      const int client = ::accept(listener_, nullptr, nullptr);
      if (client < 0) return;
      std::array<char, 4096> request{};
      EXPECT_GT(::recv(client, request.data(), request.size(), 0), 0);
      EXPECT_EQ(::send(client, answer_.data(), answer_.size(), 0),
                static_cast<ssize_t>(answer_.size()));
      ::close(client);
    }
  }

  const std::string answer_;
  const int listener_;
  std::string endpoint_;
  std::thread thread_;
};

TEST(S3Client, SaysOfALostConnectionWhatWasAskedForAndWhere) {
  const ClosingStore store("");
  const auto client =
      S3Client::make({.bucket = "lake", .endpoint = store.endpoint()}).ValueOrDie();
  const std::string at = " at " + store.endpoint() + ": the connection is lost: ";
  EXPECT_THAT(client->send({.key = "shop/orders/data/1.parquet", .max_attempts = 1}),
              IsError(ErrorKind::kTransient,
                      StartsWith("s3://lake/shop/orders/data/1.parquet" + at)));
  EXPECT_THAT(client->send({.query = {{"list-type", "2"}, {"prefix", "shop/orders/"}},
                            .max_attempts = 1}),
              IsError(ErrorKind::kTransient, StartsWith("s3://lake/shop/orders/" + at)));
  EXPECT_THAT(client->send({.max_attempts = 1}),
              IsError(ErrorKind::kTransient, StartsWith("s3://lake/" + at)));
}

TEST(S3Client, SaysSoOfOneThatIsLostInTheMiddleOfAnObject) {
  const ClosingStore store("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
  const auto client =
      S3Client::make({.bucket = "lake", .endpoint = store.endpoint()}).ValueOrDie();
  const auto object = client->start({.key = "a.csv", .max_attempts = 1}, {}).ValueOrDie();
  EXPECT_EQ(object->read({}).ValueOrDie(), "half");
  EXPECT_THAT(object->read({}),
              IsError(ErrorKind::kTransient,
                      StartsWith("s3://lake/a.csv at " + store.endpoint() + ": the ")));
}

}  // namespace
}  // namespace velo::storage
