#pragma once

#include <chrono>
#include <future>
#include <optional>
#include <thread>
#include <utility>

namespace velo {

/// Make a call of a library that nothing can end, and wait for it until `longest` is
/// over: then it goes on alone, and what it returns is dropped. It must own what it uses.
template <typename Call>
auto call_aside(Call call, std::chrono::milliseconds longest)
    -> std::optional<decltype(call())> {
  std::packaged_task<decltype(call())()> task(std::move(call));
  auto answer = task.get_future();
  std::thread(std::move(task)).detach();
  if (answer.wait_for(longest) != std::future_status::ready) return {};
  return answer.get();
}

}  // namespace velo
