#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <thread>
#include <utility>

namespace velo::testing {

/// A server of this machine that reads a request, sends the bytes that are to be its
/// answer, whatever they are, and closes the connection.
class ClosingServer {
 public:
  explicit ClosingServer(std::string answer)
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
  ClosingServer(const ClosingServer&) = delete;
  ClosingServer& operator=(const ClosingServer&) = delete;
  ~ClosingServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  /// "http://127.0.0.1:40000"
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

}  // namespace velo::testing
