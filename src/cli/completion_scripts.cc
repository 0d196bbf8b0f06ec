#include "completion_scripts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>

namespace velo::cli {
namespace {

// Each character of `special` with `before` in front of it.
std::string escaped(std::string_view text, std::string_view special,
                    std::string_view before) {
  std::string result;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) result += before;
    result += c;
  }
  return result;
}

std::string in_quotes(std::string_view text) {
  return "'" + escaped(text, "'", R"('\')") + "'";
}

// In a specification of zsh's _arguments.
std::string zsh_doc(const std::string& doc) { return escaped(doc, R"(\[]:)", R"(\)"); }

std::string zsh_arguments(const VerbDescription& verb) {
  std::string specifications;
  for (const OptionDescription& option : verb.options) {
    for (const std::string& name : option.names) {
      const bool is_long = name.starts_with("--");
      specifications +=
          " " + in_quotes(fmt::format(
                    "{}{}[{}]{}", name, option.takes_value && is_long ? "=" : "",
                    zsh_doc(option.doc), option.takes_value ? ":value:_files" : ""));
    }
  }
  if (!verb.words.empty()) {
    specifications +=
        " " + in_quotes(fmt::format("1:word:({})", fmt::join(verb.words, " ")));
  }
  return specifications + " " + in_quotes("*:file:_files");
}

std::string fish_quotes(std::string_view text) {
  return "'" + escaped(text, R"(\')", R"(\)") + "'";
}

std::string fish_option(const VerbDescription& verb, const OptionDescription& option) {
  std::string line =
      fmt::format("complete -c velo -n '__fish_seen_subcommand_from {}'", verb.name);
  for (const std::string& name : option.names) {
    const bool is_long = name.starts_with("--");
    line += fmt::format(" {} {}", is_long ? "-l" : "-s", name.substr(is_long ? 2 : 1));
  }
  return fmt::format("{}{} -d {}\n", line, option.takes_value ? " -r -F" : "",
                     fish_quotes(option.doc));
}

}  // namespace

std::string bash_script(const std::vector<VerbDescription>& verbs) {
  std::string names;
  std::string cases;
  for (const VerbDescription& verb : verbs) {
    names += verb.name + " ";
    std::vector<std::string> options;
    for (const OptionDescription& option : verb.options) {
      options.insert(options.end(), option.names.begin(), option.names.end());
    }
    cases +=
        fmt::format("    *:{}:-*) words='{}' ;;\n", verb.name, fmt::join(options, " "));
    if (!verb.words.empty()) {
      cases += fmt::format("    2:{}:*) words='{}' ;;\n", verb.name,
                           fmt::join(verb.words, " "));
    }
  }
  return fmt::format(R"(_velo() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} words=
  case "$COMP_CWORD:${{COMP_WORDS[1]}}:$word" in
    1:*) words='{}--version --help' ;;
{}  esac
  if [ -n "$words" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$word"))
  else
    local IFS=$'\n'
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}}
complete -o filenames -F _velo velo
)",
                     names, cases);
}

std::string zsh_script(const std::vector<VerbDescription>& verbs) {
  std::string names;
  std::string cases;
  for (const VerbDescription& verb : verbs) {
    names += fmt::format("    {}\n", in_quotes(verb.name + ":" + verb.doc));
    cases += fmt::format("    {}) _arguments{} ;;\n", verb.name, zsh_arguments(verb));
  }
  return fmt::format(R"(#compdef velo
_velo() {{
  local -a verbs
  verbs=(
{}  )
  if (( CURRENT == 2 )); then
    _describe verb verbs
    return
  fi
  local verb=$words[2]
  shift words
  (( CURRENT-- ))
  case $verb in
{}  esac
}}
compdef _velo velo
)",
                     names, cases);
}

std::string fish_script(const std::vector<VerbDescription>& verbs) {
  std::string script =
      "complete -c velo -n __fish_use_subcommand -l version\n"
      "complete -c velo -n __fish_use_subcommand -l help\n";
  for (const VerbDescription& verb : verbs) {
    script += fmt::format("complete -c velo -n __fish_use_subcommand -f -a {} -d {}\n",
                          verb.name, fish_quotes(verb.doc));
    for (const OptionDescription& option : verb.options) {
      script += fish_option(verb, option);
    }
    if (verb.words.empty()) continue;
    script +=
        fmt::format("complete -c velo -n '__fish_seen_subcommand_from {}' -f -a '{}'\n",
                    verb.name, fmt::join(verb.words, " "));
  }
  return script;
}

}  // namespace velo::cli
