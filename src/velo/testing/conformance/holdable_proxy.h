#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "velo/error.h"
#include "velo/testing/conformance/place.h"

namespace velo::testing {

/// Passes connections on to a server, until they are held: then nothing moves any more.
/// Threads: safe, but for destruction.
class HoldableProxy {
 public:
  /// Listen on a port of its own of 127.0.0.1. Errors: kSystem.
  static Result<std::unique_ptr<HoldableProxy>> start(const std::string& address,
                                                      uint16_t port);
  ~HoldableProxy();

  uint16_t port() const { return port_; }
  void hold() { is_held_ = true; }
  void release() { is_held_ = false; }

 private:
  HoldableProxy() = default;
  void accept_all(const std::stop_token& stop);
  void pass_on(int client, const std::stop_token& stop) const;

  std::string address_;
  uint16_t server_port_ = 0;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> is_held_{false};
  std::list<std::jthread> connections_;  // of the thread that accepts
  std::jthread accepts_;
};

/// Holds a proxy until it is destroyed.
class HeldProxy : public Blockade {
 public:
  explicit HeldProxy(HoldableProxy& proxy) : proxy_(proxy) { proxy_.hold(); }
  ~HeldProxy() override { proxy_.release(); }

 private:
  HoldableProxy& proxy_;
};

}  // namespace velo::testing
