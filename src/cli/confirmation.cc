#include "confirmation.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <iostream>

namespace velo::cli {

Result<bool> is_confirmed(const std::string& question, const std::string& resource) {
  if (::isatty(STDIN_FILENO) == 0) {
    return make_error(ErrorKind::kInvalidArgument, {.resource = resource},
                      "nothing was changed: nobody is here to be asked; --yes does it");
  }
  fmt::print(stderr, "{}? [y/N] ", question);
  std::string answer;
  std::getline(std::cin, answer);
  std::ranges::transform(answer, answer.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return answer == "y" || answer == "yes";
}

}  // namespace velo::cli
