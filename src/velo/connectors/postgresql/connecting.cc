#include "velo/connectors/postgresql/connecting.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>

namespace velo::postgresql {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kLongest{10};
// A stop is seen at the latest after so long.
constexpr int kPollMilliseconds = 50;

std::string address_of(const Libpq& library, const PGconn* handle) {
  std::string address;
  for (const char* part :
       {library.host(handle), library.hostaddr(handle), library.port(handle)}) {
    address.append(part != nullptr ? part : "").push_back('\n');
  }
  return address;
}

// Answers whether libpq has to look at its socket.
bool is_ready(int socket, bool for_writing) {
  pollfd descriptor{.fd = socket,
                    .events = static_cast<short>(for_writing ? POLLOUT : POLLIN),
                    .revents = 0};
  const int ready = ::poll(&descriptor, 1, kPollMilliseconds);
  return ready > 0 || (ready < 0 && errno != EINTR);
}

// The first of a list, which is taken off it.
std::string_view take_item(std::string_view& list) {
  const size_t comma = std::min(list.find(','), list.size());
  const std::string_view item = list.substr(0, comma);
  list.remove_prefix(std::min(comma + 1, list.size()));
  return item;
}

}  // namespace

Connecting await_connection(const Libpq& library, PGconn* handle,
                            const std::stop_token& stop) {
  if (library.status(handle) == CONNECTION_BAD) return Connecting::kRefused;
  PostgresPollingStatusType next = PGRES_POLLING_WRITING;
  std::string address = address_of(library, handle);
  auto end = Clock::now() + kLongest;
  while (true) {
    if (next == PGRES_POLLING_OK) return Connecting::kConnected;
    if (next == PGRES_POLLING_FAILED) return Connecting::kRefused;
    if (stop.stop_requested()) return Connecting::kStopped;
    const int socket = library.socket(handle);
    const bool is_late = Clock::now() >= end;
    if (is_late) {
      if (library.status(handle) != CONNECTION_STARTED) return Connecting::kTimedOut;
      // Ends the attempt with an error, at which libpq goes to the next address.
      ::shutdown(socket, SHUT_RDWR);
    } else if (!is_ready(socket, next == PGRES_POLLING_WRITING)) {
      continue;
    }
    next = library.connectPoll(handle);
    if (is_late && next == PGRES_POLLING_FAILED) return Connecting::kTimedOut;
    std::string now = address_of(library, handle);
    if (is_late || now != address) {
      address = std::move(now);
      end = Clock::now() + kLongest;
    }
  }
}

bool drop_hosts_through(std::vector<std::pair<std::string, std::string>>& settings,
                        std::string_view host, std::string_view port) {
  using Setting = std::pair<std::string, std::string>;
  const auto hosts = std::ranges::find(settings, "host", &Setting::first);
  const auto ports = std::ranges::find(settings, "port", &Setting::first);
  if (hosts == settings.end()) return false;
  const bool has_ports = ports != settings.end();
  std::string_view rest_of_hosts = hosts->second;
  std::string_view rest_of_ports = has_ports ? ports->second : std::string_view();
  while (rest_of_hosts.find(',') != std::string_view::npos) {
    const std::string_view a_host = take_item(rest_of_hosts);
    const std::string_view a_port = take_item(rest_of_ports);
    if (a_host != host || (!a_port.empty() && a_port != port)) continue;
    hosts->second = std::string(rest_of_hosts);
    if (has_ports) ports->second = std::string(rest_of_ports);
    return true;
  }
  return false;
}

}  // namespace velo::postgresql
