#pragma once

/// Scripts that complete the program's command lines, one for each shell, all made from
/// the same description.

#include <string>
#include <vector>

namespace velo::cli {

struct OptionDescription {
  std::vector<std::string> names;  ///< "-n", "--rows"
  std::string doc;
  bool takes_value = false;
};

struct VerbDescription {
  std::string name;
  std::string doc;
  std::vector<OptionDescription> options;
  /// The words that its first argument is chosen from; empty where it is a file, as all
  /// others are.
  std::vector<std::string> words;
};

std::string bash_script(const std::vector<VerbDescription>& verbs);
std::string zsh_script(const std::vector<VerbDescription>& verbs);
std::string fish_script(const std::vector<VerbDescription>& verbs);

}  // namespace velo::cli
