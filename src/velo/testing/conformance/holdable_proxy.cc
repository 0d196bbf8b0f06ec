#include "velo/testing/conformance/holdable_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "velo/base/clock.h"

namespace velo::testing {
namespace {

constexpr int kLookEvery = 20;  // milliseconds
constexpr int kBacklog = 64;

sockaddr_in address_of(const std::string& address, uint16_t port) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  ::inet_pton(AF_INET, address.c_str(), &to.sin_addr);
  return to;
}

Status failed(const char* what) {
  return make_error(ErrorKind::kSystem, {.resource = what}, std::strerror(errno));
}

// Whether all that came was sent on; false at an end.
bool copy_some(int from, int to) {
  std::array<char, 65536> bytes{};
  const ssize_t size = ::recv(from, bytes.data(), bytes.size(), 0);
  for (ssize_t sent = 0; sent < size;) {
    const ssize_t now =
        ::send(to, bytes.data() + sent, static_cast<size_t>(size - sent), MSG_NOSIGNAL);
    if (now <= 0) return false;
    sent += now;
  }
  return size > 0;
}

}  // namespace

Result<std::unique_ptr<HoldableProxy>> HoldableProxy::start(const std::string& address,
                                                            uint16_t port) {
  std::unique_ptr<HoldableProxy> proxy(new HoldableProxy);
  proxy->address_ = address;
  proxy->server_port_ = port;
  proxy->listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (proxy->listener_ < 0) return failed("socket");
  sockaddr_in here = address_of("127.0.0.1", 0);
  socklen_t size = sizeof here;
  auto* any = reinterpret_cast<sockaddr*>(&here);
  if (::bind(proxy->listener_, any, size) != 0) return failed("bind");
  if (::listen(proxy->listener_, kBacklog) != 0) return failed("listen");
  if (::getsockname(proxy->listener_, any, &size) != 0) return failed("getsockname");
  proxy->port_ = ntohs(here.sin_port);
  proxy->accepts_ = std::jthread(
      [self = proxy.get()](const std::stop_token& stop) { self->accept_all(stop); });
  return proxy;
}

HoldableProxy::~HoldableProxy() {
  accepts_ = {};
  connections_.clear();
  if (listener_ >= 0) ::close(listener_);
}

void HoldableProxy::accept_all(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd ready{.fd = listener_, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, kLookEvery) <= 0) continue;
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    connections_.emplace_back(
        [this, client](const std::stop_token& ended) { pass_on(client, ended); });
  }
}

void HoldableProxy::pass_on(int client, const std::stop_token& stop) const {
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in to = address_of(address_, server_port_);
  bool is_open =
      ::connect(server, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  const int now = 1;
  for (const int end : {client, server}) {
    ::setsockopt(end, IPPROTO_TCP, TCP_NODELAY, &now, sizeof now);
  }
  while (is_open && !stop.stop_requested()) {
    if (is_held_) {
      velo::steady_clock().wait_for(std::chrono::milliseconds(kLookEvery), stop);
      continue;
    }
    std::array<pollfd, 2> ready{pollfd{.fd = client, .events = POLLIN, .revents = 0},
                                pollfd{.fd = server, .events = POLLIN, .revents = 0}};
    if (::poll(ready.data(), ready.size(), kLookEvery) <= 0 || is_held_) continue;
    if (ready[0].revents != 0) is_open = copy_some(client, server);
    if (is_open && ready[1].revents != 0) is_open = copy_some(server, client);
  }
  ::close(client);
  ::close(server);
}

}  // namespace velo::testing
