#include <fmt/format.h>

#include <memory>
#include <string>

#include "command.h"
#include "velo/connector.h"
#include "verb.h"

namespace velo::cli {
namespace {

// Completes verbs, connectors after `help`, else files.
std::string bash_script(const CLI::App& program) {
  std::string verbs;
  for (const CLI::App* verb : program.get_subcommands({})) {
    verbs += " " + verb->get_name();
  }
  std::string schemes;
  for (const Connector& connector : builtin_registry().connectors()) {
    schemes += fmt::format(" {}", connector.scheme);
  }
  return fmt::format(R"(_velo() {{
  local word=${{COMP_WORDS[COMP_CWORD]}}
  if [ "$COMP_CWORD" = 1 ]; then
    COMPREPLY=($(compgen -W "{} --version --help" -- "$word"))
  elif [ "${{COMP_WORDS[1]}}" = help ]; then
    COMPREPLY=($(compgen -W "{}" -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}}
complete -o filenames -F _velo velo
)",
                     verbs.substr(1), schemes.substr(1));
}

}  // namespace

Verb add_completion_verb(CLI::App& program) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* parser = program.add_subcommand(
      "completion", "Print a script that completes commands in a shell");
  parser->add_option("SHELL", *shell, "bash: eval \"$(velo completion bash)\"")
      ->required()
      ->check(CLI::IsMember({"bash"}));
  return {parser, [shell, &program] {
            fmt::print("{}", bash_script(program));
            return static_cast<int>(kDone);
          }};
}

}  // namespace velo::cli
