#include "velo/verification/tally.h"

#include <algorithm>
#include <iterator>

namespace velo::verification {
namespace {

constexpr size_t kMostRanges = 64;

}  // namespace

void Sample::add(const CanonicalRows& rows) {
  ++num_seen_;
  size_t place = values_.size();
  if (place == kMostValues) place = random_() % num_seen_;
  if (place >= kMostValues) return;
  if (place == values_.size()) values_.emplace_back();
  values_[place] = {std::string(rows.first()), rows.text(0).value_or("NULL")};
}

std::vector<FirstValue> bounds_of(std::vector<FirstValue> sample,
                                  std::vector<FirstValue> other) {
  std::ranges::move(other, std::back_inserter(sample));
  std::ranges::sort(sample, {}, &FirstValue::bytes);
  const auto same = std::ranges::unique(sample, {}, &FirstValue::bytes);
  sample.erase(same.begin(), same.end());
  std::vector<FirstValue> bounds;
  const size_t num_ranges = std::min(kMostRanges, sample.size());
  for (size_t i = 1; i < num_ranges; ++i) {
    bounds.push_back(sample[i * sample.size() / num_ranges]);
  }
  return bounds;
}

size_t range_of(const std::vector<FirstValue>& bounds, std::string_view first) {
  const auto above = std::ranges::upper_bound(
      bounds, first, {}, [](const auto& bound) { return std::string_view(bound.bytes); });
  return static_cast<size_t>(above - bounds.begin());
}

}  // namespace velo::verification
