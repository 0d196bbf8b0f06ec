#include "usage_error.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "velo/options.h"

namespace velo::cli {
namespace {

// As CLI11 keeps names: without the dashes.
std::vector<std::string_view> flags_of(const CLI::App& parser) {
  std::vector<std::string_view> flags;
  for (const CLI::Option* option : parser.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back(name);
  }
  return flags;
}

std::vector<std::string> verbs_of(const CLI::App& program) {
  std::vector<std::string> names;
  for (const CLI::App* verb : program.get_subcommands({})) {
    names.push_back(verb->get_name());
  }
  return names;
}

std::string explain_verb(const CLI::App& program, const std::string& given) {
  const std::vector<std::string> verbs = verbs_of(program);
  const std::vector<std::string_view> candidates(verbs.begin(), verbs.end());
  const std::string_view near = nearest_name(given, candidates);
  return fmt::format("there is no command '{}'{}; `velo --help` lists them", given,
                     near.empty() ? "" : fmt::format("; did you mean '{}'?", near));
}

std::string explain_flag(const CLI::App& verb, const std::string& given) {
  const std::string name = given.substr(2, given.find('=') - 2);
  const std::string_view near = nearest_name(name, flags_of(verb));
  return fmt::format(
      "velo {} has no {}{}; `velo {} --help` lists what it has", verb.get_name(), given,
      near.empty() ? "" : fmt::format("; did you mean --{}?", near), verb.get_name());
}

}  // namespace

std::string explain_usage(const CLI::App& program, const CLI::Error& error) {
  const std::vector<CLI::App*> given = program.get_subcommands();
  if (given.empty()) {
    const std::vector<std::string> words = program.remaining();
    if (words.empty() && dynamic_cast<const CLI::RequiredError*>(&error)) {
      return "a command is missing; `velo --help` lists them";
    }
    if (words.empty() || words.front().starts_with('-')) {
      return fmt::format("{}; `velo --help` says what there is", error.what());
    }
    return explain_verb(program, words.front());
  }
  const CLI::App& verb = *given.front();
  for (const std::string& word : program.remaining(/*recurse=*/true)) {
    if (word.starts_with("--") && word.size() > 2) return explain_flag(verb, word);
  }
  return fmt::format("{}; `velo {} --help` says how it is used", error.what(),
                     verb.get_name());
}

}  // namespace velo::cli
