#include "log_arguments.h"

#include <cstdlib>
#include <string>
#include <string_view>

#include "log.h"

namespace velo::cli {
namespace {

constexpr std::string_view kOption = "--log-format";
constexpr std::string_view kGiven = "--log-format=";
constexpr char kVariable[] = "VELO_LOG_FORMAT";

Status set_format(std::string_view name, std::string_view setting) {
  ARROW_ASSIGN_OR_RAISE(const LogFormat format, parse_log_format(name, setting));
  log().set_format(format);
  return Status::OK();
}

}  // namespace

void add_log_options(CLI::App& parser) {
  parser
      .add_option(std::string(kOption),
                  "text, or json: an object on each line of standard error (text)")
      ->expected(1);
}

Status begin_log(int argc, char** argv) {
  const char* variable = std::getenv(kVariable);
  if (variable && *variable) ARROW_RETURN_NOT_OK(set_format(variable, kVariable));
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == kOption && i + 1 < argc) {
      ARROW_RETURN_NOT_OK(set_format(argv[i + 1], kOption));
    } else if (argument.starts_with(kGiven)) {
      ARROW_RETURN_NOT_OK(set_format(argument.substr(kGiven.size()), kOption));
    }
  }
  return Status::OK();
}

}  // namespace velo::cli
