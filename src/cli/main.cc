#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>

#include "command.h"
#include "help.h"
#include "progress.h"
#include "velo/api.h"

namespace velo::cli {
namespace {

Status copy_verb(const std::string& from, const std::string& to,
                 const Interrupts& interrupts) {
  ARROW_ASSIGN_OR_RAISE(auto source, create_source(from));
  ARROW_ASSIGN_OR_RAISE(auto sink, create_sink(to));
  ProgressLine line;
  CopyOptions options;
  options.on_progress = [&](const Progress& progress) { line.show(progress); };
  ARROW_ASSIGN_OR_RAISE(const Progress progress,
                        copy(*source, *sink, options, interrupts.token()));
  line.clear();
  fmt::print(stderr, "{}\n", summary_of(progress));
  return Status::OK();
}

int help_verb(const std::string& scheme) {
  const auto text = scheme.empty() ? Result<std::string>(help_of_all(builtin_registry()))
                                   : help_of(scheme, builtin_registry());
  if (!text.ok()) return report(text.status());
  fmt::print("{}", *text);
  return kDone;
}

int run(int argc, char** argv) {
  CLI::App app("VeloStream moves data between systems, exactly once.", "velo");
  app.set_version_flag("--version", std::string("velo ") + std::string(version()));
  app.require_subcommand(1);
  std::string from;
  std::string to;
  CLI::App* copy = app.add_subcommand("copy", "Copy all rows of SRC into DST");
  copy->add_option("SRC", from, "URI or path to read; - is standard input")->required();
  copy->add_option("DST", to, "URI or path to write; - is standard output")->required();
  std::string scheme;
  CLI::App* help = app.add_subcommand("help", "List the connectors, or one's options");
  help->add_option("CONNECTOR", scheme, "A scheme: file");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? kDone : kCannotAsAsked;
  }
  if (help->parsed()) return help_verb(scheme);
  const Interrupts interrupts;
  const Status status = copy_verb(from, to, interrupts);
  return status.ok() ? kDone : report(status);
}

}  // namespace
}  // namespace velo::cli

int main(int argc, char** argv) { return velo::cli::run(argc, argv); }
