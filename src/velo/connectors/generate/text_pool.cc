#include "velo/connectors/generate/text_pool.h"

#include <array>
#include <string_view>

#include "velo/connectors/generate/random.h"

namespace velo::generate {
namespace {

using Vocabulary = std::array<std::string_view, 16>;

constexpr Vocabulary kAdverbs = {"sometimes", "always",    "never",    "furiously",
                                 "slyly",     "carefully", "blithely", "quickly",
                                 "fluffily",  "slowly",    "quietly",  "ruthlessly",
                                 "thinly",    "closely",   "daringly", "evenly"};
constexpr Vocabulary kAdjectives = {
    "special", "pending", "unusual", "express", "furious", "sly",  "careful", "blithe",
    "quick",   "final",   "ironic",  "even",    "bold",    "slow", "regular", "silent"};
constexpr Vocabulary kNouns = {
    "packages",    "requests",    "accounts",     "deposits",     "foxes",   "ideas",
    "theodolites", "pinto beans", "instructions", "dependencies", "excuses", "platelets",
    "asymptotes",  "courts",      "dolphins",     "warhorses"};
constexpr Vocabulary kVerbs = {"sleep", "wake",   "are",    "cajole", "haggle",    "nag",
                               "use",   "boost",  "affix",  "detect", "integrate", "doze",
                               "wake",  "snooze", "engage", "believe"};
constexpr Vocabulary kPrepositions = {"about",  "above",   "according to", "across",
                                      "after",  "against", "along",        "among",
                                      "around", "at",      "before",       "between",
                                      "beside", "inside",  "throughout",   "under"};

}  // namespace

TextPool::TextPool() {
  const RandomColumn random(0, "text");
  text_.reserve(kNumStarts + 256);
  for (int64_t row = 0; text_.size() < kNumStarts + kSlotBytes; ++row) {
    uint64_t bits = random.at(row);
    const auto say = [&](const Vocabulary& words, std::string_view after) {
      text_.append(words[bits & 15]).append(after);
      bits >>= 4;
    };
    say(kAdjectives, " ");
    say(kNouns, " ");
    say(kVerbs, " ");
    say(kAdverbs, " ");
    say(kPrepositions, " the ");
    say(kAdjectives, " ");
    say(kNouns, ". ");
  }
}

const TextPool& text_pool() {
  static const TextPool pool;
  return pool;
}

}  // namespace velo::generate
