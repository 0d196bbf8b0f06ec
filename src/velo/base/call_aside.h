#pragma once

#include <chrono>
#include <future>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

namespace velo {

/// Make a call of a library that nothing can end, and wait for it until `longest` is over
/// or a stop was requested: then it goes on alone, and what it returns is dropped. It
/// must own what it uses.
template <typename Call>
auto call_aside(Call call, std::chrono::milliseconds longest, const std::stop_token& stop)
    -> std::optional<decltype(call())> {
  constexpr std::chrono::milliseconds kLookAround{20};
  std::packaged_task<decltype(call())()> task(std::move(call));
  auto answer = task.get_future();
  std::thread(std::move(task)).detach();
  const auto end = std::chrono::steady_clock::now() + longest;
  while (answer.wait_for(kLookAround) != std::future_status::ready) {
    if (stop.stop_requested() || std::chrono::steady_clock::now() >= end) return {};
  }
  return answer.get();
}

}  // namespace velo
