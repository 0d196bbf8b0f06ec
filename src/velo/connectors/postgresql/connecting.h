#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "velo/connectors/postgresql/libpq.h"

namespace velo::postgresql {

enum class Connecting { kConnected, kRefused, kTimedOut, kStopped };

/// Wait until a connection that PQconnectStartParams has begun is there, ten seconds for
/// each address. One that nobody answers at is left for the next; a server that took the
/// connection and is silent ends it. Ends soon after `stop` was requested.
Connecting await_connection(const Libpq& library, PGconn* handle,
                            const std::stop_token& stop);

/// Leave out of the lists `host` and `port` of a connection's settings, which are of one
/// length, all up to this one; false where none would be left, and nothing was left out.
bool drop_hosts_through(std::vector<std::pair<std::string, std::string>>& settings,
                        std::string_view host, std::string_view port);

}  // namespace velo::postgresql
