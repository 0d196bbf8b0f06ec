#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "command.h"
#include "completion_scripts.h"
#include "dlq.h"
#include "state.h"
#include "velo/connector.h"
#include "verb.h"

namespace velo::cli {
namespace {

struct Shell {
  const char* name;
  std::string (*script)(const std::vector<VerbDescription>& verbs);
};

constexpr Shell kShells[] = {
    {"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};

std::vector<std::string> shell_names() {
  std::vector<std::string> names;
  for (const Shell& shell : kShells) names.emplace_back(shell.name);
  return names;
}

std::vector<std::string> connector_names() {
  std::vector<std::string> names;
  for (const Connector& connector : builtin_registry().connectors()) {
    names.emplace_back(connector.scheme);
  }
  return names;
}

OptionDescription description_of(const CLI::Option& option) {
  OptionDescription description;
  for (const std::string& name : option.get_snames()) {
    description.names.push_back("-" + name);
  }
  for (const std::string& name : option.get_lnames()) {
    description.names.push_back("--" + name);
  }
  description.doc = option.get_description();
  description.takes_value = option.get_items_expected_max() > 0;
  return description;
}

std::vector<std::string> names_to_ask_about(const CLI::App& program) {
  std::vector<std::string> names = connector_names();
  for (const CLI::App* verb : program.get_subcommands({})) {
    names.push_back(verb->get_name());
  }
  return names;
}

VerbDescription description_of(const CLI::App& verb, const CLI::App& program) {
  VerbDescription description{
      .name = verb.get_name(), .doc = verb.get_description(), .options = {}, .words = {}};
  for (const CLI::Option* option : verb.get_options()) {
    const bool is_shown = !option->get_group().empty();
    if (!option->nonpositional() || !is_shown) continue;
    description.options.push_back(description_of(*option));
  }
  if (description.name == "help") description.words = names_to_ask_about(program);
  if (description.name == "completion") description.words = shell_names();
  if (description.name == "state") description.words = state_actions();
  if (description.name == "dlq") description.words = dlq_actions();
  return description;
}

std::string script_for(const std::string& name, const CLI::App& program) {
  std::vector<VerbDescription> verbs;
  for (const CLI::App* verb : program.get_subcommands({})) {
    verbs.push_back(description_of(*verb, program));
  }
  for (const Shell& shell : kShells) {
    if (shell.name == name) return shell.script(verbs);
  }
  return "";
}

}  // namespace

Verb add_completion_verb(CLI::App& program) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* parser = program.add_subcommand(
      "completion", "Print a script that completes commands in a shell");
  parser->add_option("SHELL", *shell, "bash, zsh: eval \"$(velo completion bash)\"; fish")
      ->required()
      ->check(CLI::IsMember(shell_names()));
  return {parser, [shell, &program] {
            fmt::print("{}", script_for(*shell, program));
            return static_cast<int>(kDone);
          }};
}

}  // namespace velo::cli
