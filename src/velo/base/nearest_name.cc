#include <algorithm>
#include <string>
#include <vector>

#include "velo/base/ascii.h"
#include "velo/options.h"

namespace velo {
namespace {

// Longer names are nobody's slip of the finger; the work grows with their square.
constexpr size_t kMaxNameBytes = 64;
constexpr size_t kMinPrefixBytes = 4;

std::string folded(std::string_view name) {
  std::string out = ascii_lower(name);
  std::ranges::replace(out, '-', '_');
  return out;
}

// The least number of characters inserted, removed, replaced, or swapped with their
// neighbour that turns one name into the other (Damerau and Levenshtein).
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before_previous;
  std::vector<size_t> previous(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    std::vector<size_t> current(b.size() + 1);
    current[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        current[j] = std::min(current[j], before_previous[j - 2] + 1);
      }
    }
    before_previous = std::move(previous);
    previous = std::move(current);
  }
  return previous.back();
}

size_t most_edits(size_t length) {
  if (length < 3) return 0;
  if (length < 6) return 1;
  return length < 9 ? 2 : 3;
}

bool begins_the_other(std::string_view a, std::string_view b) {
  const std::string_view shorter = a.size() < b.size() ? a : b;
  const std::string_view longer = a.size() < b.size() ? b : a;
  return shorter.size() >= kMinPrefixBytes && longer.starts_with(shorter);
}

}  // namespace

std::string_view nearest_name(std::string_view given,
                              std::span<const std::string_view> candidates) {
  if (given.size() > kMaxNameBytes) return "";
  const std::string wanted = folded(given);
  std::string_view nearest;
  size_t least = most_edits(wanted.size()) + 1;
  for (const std::string_view candidate : candidates) {
    const std::string name = folded(candidate);
    size_t edits = edit_distance(wanted, name);
    // Part of a name is as good as its worst misspelling.
    if (begins_the_other(wanted, name))
      edits = std::min(edits, most_edits(wanted.size()));
    if (edits < least) {
      least = edits;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace velo
