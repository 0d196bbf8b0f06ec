#include "velo/base/glob.h"

#include <algorithm>

#include "velo/base/utf8.h"

namespace velo {
namespace {

constexpr std::string_view kSpecial = "*[{";

bool is_special(char c) { return kSpecial.find(c) != std::string_view::npos; }

bool is_escape(std::string_view pattern, size_t at) {
  return pattern[at] == '\\' && at + 1 < pattern.size();
}

// The first special character of a pattern, or its end.
size_t find_special(std::string_view pattern) {
  size_t at = 0;
  while (at < pattern.size() && !is_special(pattern[at])) {
    at += is_escape(pattern, at) ? 2 : 1;
  }
  return at;
}

}  // namespace

bool has_glob(std::string_view pattern) { return find_special(pattern) < pattern.size(); }

std::string literal_path(std::string_view pattern) {
  std::string path;
  for (size_t at = 0; at < pattern.size(); ++at) {
    if (is_escape(pattern, at)) ++at;
    path += pattern[at];
  }
  return path;
}

std::string literal_prefix(std::string_view pattern) {
  return literal_path(pattern.substr(0, find_special(pattern)));
}

std::string escape_glob(std::string_view literal) {
  std::string pattern;
  for (const char c : literal) {
    if (is_special(c) || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern;
}

// A set of states, each entered at most once.
class Glob::States {
 public:
  explicit States(size_t num_steps) : is_member_(2 * num_steps, false) {}

  bool insert(State state) {
    const size_t index = 2 * state.step + (state.after_empty_name ? 1 : 0);
    if (is_member_[index]) return false;
    is_member_[index] = true;
    members_.push_back(state);
    return true;
  }
  void clear() {
    is_member_.assign(is_member_.size(), false);
    members_.clear();
  }
  const std::vector<State>& members() const { return members_; }

 private:
  std::vector<bool> is_member_;
  std::vector<State> members_;
};

bool Glob::matches(std::string_view path) const {
  return std::ranges::any_of(run(path).members(), [&](const State& state) {
    return steps_[state.step].kind == StepKind::kEnd;
  });
}

bool Glob::may_match_below(std::string_view directory) const {
  if (directory.empty()) return true;
  std::string path(directory);
  if (!path.ends_with('/')) path += '/';
  return std::ranges::any_of(run(path).members(), [&](const State& state) {
    return steps_[state.step].kind != StepKind::kEnd;
  });
}

std::string Glob::literal_prefix_directory() const {
  const size_t slash = literal_prefix_.rfind('/');
  if (slash == std::string::npos) return "";
  return slash == 0 ? "/" : literal_prefix_.substr(0, slash);
}

Glob::States Glob::run(std::string_view path) const {
  States current(steps_.size());
  States next(steps_.size());
  enter(0, current);
  bool begins_name = true;
  for (size_t at = 0; at < path.size() && !current.members().empty();) {
    const CodePoint c = decode_code_point(path.substr(at));
    for (const State& state : current.members()) {
      advance(state, c.value, begins_name, next);
    }
    begins_name = c.value == '/';
    at += c.num_bytes;
    std::swap(current, next);
    next.clear();
  }
  return current;
}

void Glob::advance(State state, char32_t c, bool begins_name, States& next) const {
  const Step& step = steps_[state.step];
  const bool hides_name = begins_name && c == '.';
  const bool may_be_any = c != '/' && !hides_name;
  switch (step.kind) {
    case StepKind::kCharacter:
      if (c != step.value || (hides_name && state.after_empty_name)) return;
      return enter(state.step + 1, next);
    case StepKind::kClass:
      if (!may_be_any || !has_character(classes_[step.value], c)) return;
      return enter(state.step + 1, next);
    case StepKind::kName:
      if (may_be_any) enter(state.step, next);
      return;
    case StepKind::kDirectory:
      if (may_be_any) enter(state.step + 1, next);
      return;
    case StepKind::kInsideDirectory:
      return enter(c == '/' ? state.step - 1 : state.step, next);
    default:
      return;
  }
}

bool Glob::has_character(const Class& characters, char32_t c) {
  const bool is_in_range = std::ranges::any_of(characters.ranges, [c](const auto& range) {
    return range.first <= c && c <= range.second;
  });
  return is_in_range != characters.negated;
}

void Glob::enter(uint32_t step, States& states) const {
  std::vector<State> waiting = {{step, false}};
  while (!waiting.empty()) {
    const State entered = waiting.back();
    waiting.pop_back();
    if (!states.insert(entered)) continue;
    const auto follow = [&](uint32_t next) {
      waiting.push_back({next, entered.after_empty_name});
    };
    const Step& now = steps_[entered.step];
    switch (now.kind) {
      case StepKind::kDirectory:
        if (now.may_skip) follow(entered.step + 2);
        break;
      case StepKind::kInsideDirectory:
        if (now.may_skip) follow(entered.step + 1);
        break;
      case StepKind::kName:
        waiting.push_back({entered.step + 1, true});
        break;
      case StepKind::kFork:
        follow(now.value);
        follow(entered.step + 1);
        break;
      case StepKind::kJump:
        follow(now.value);
        break;
      default:
        break;
    }
  }
}

}  // namespace velo
