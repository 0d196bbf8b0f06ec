#include "help.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "command.h"
#include "verb.h"

namespace velo::cli {
namespace {

constexpr size_t kTextWidth = 88;

std::string_view ends_of(const Connector& connector) {
  if (!connector.create_sink) return "source";
  if (!connector.create_source) return "sink";
  return "source, sink";
}

std::string type_of(const OptionDescriptor& option) {
  switch (option.type) {
    case OptionType::kText:
      return "text";
    case OptionType::kBool:
      return "true|false";
    case OptionType::kInt:
      return option.unit.empty() ? "number" : std::string(option.unit);
    case OptionType::kBytes:
      return "bytes";
    case OptionType::kDuration:
      return "duration";
    case OptionType::kChoice:
      return fmt::format("{}", fmt::join(option.choices, "|"));
    case OptionType::kList:
    case OptionType::kNames:
      return "names";
  }
  return "";
}

// Formats have options for both ends, of which a connector may have one.
bool has_use_for(const Connector& connector, const OptionDescriptor& option) {
  if (option.use == OptionUse::kSource) return connector.create_source != nullptr;
  if (option.use == OptionUse::kSink) return connector.create_sink != nullptr;
  return true;
}

std::string remarks_of(const Connector& connector, const OptionDescriptor& option) {
  std::vector<std::string> remarks;
  if (!option.default_value.empty()) {
    remarks.push_back(fmt::format("default {}", option.default_value));
  }
  const bool has_both = connector.create_source && connector.create_sink;
  if (has_both && option.use == OptionUse::kSource) remarks.emplace_back("source only");
  if (has_both && option.use == OptionUse::kSink) remarks.emplace_back("sink only");
  if (option.not_yet) remarks.emplace_back("not yet");
  return remarks.empty() ? "" : fmt::format(" [{}]", fmt::join(remarks, ", "));
}

// Breaks text at spaces into lines that begin with `indent` spaces.
std::string wrapped(std::string_view text, size_t indent) {
  std::string lines;
  while (!text.empty()) {
    size_t size = std::min(text.size(), kTextWidth - indent);
    if (size < text.size()) {
      const size_t space = text.rfind(' ', size);
      if (space != std::string_view::npos && space > 0) size = space;
    }
    lines += fmt::format("{:{}}{}\n", "", indent, text.substr(0, size));
    text.remove_prefix(size);
    if (text.starts_with(' ')) text.remove_prefix(1);
  }
  return lines;
}

Status no_connector(std::string_view name, const Registry& registry) {
  std::vector<std::string_view> schemes;
  for (const Connector& one : registry.connectors()) schemes.push_back(one.scheme);
  const std::string_view nearest = nearest_name(name, schemes);
  return make_error(
      ErrorKind::kInvalidArgument, {},
      fmt::format("there is no connector and no command '{}'{}; there are the connectors "
                  "{}; velo --help lists the commands",
                  name,
                  nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest),
                  fmt::join(schemes, ", ")));
}

// What `velo NAME --help` prints, where it is a command; else of the connector.
Result<std::string> help_of_word(const std::string& name, const CLI::App& program) {
  for (const CLI::App* command : program.get_subcommands({})) {
    if (command->get_name() == name) return command->help(program.get_name());
  }
  return help_of(name, builtin_registry());
}

}  // namespace

std::string help_of_all(const Registry& registry) {
  std::string text =
      "Sources and sinks are addressed by one kind of URI:\n\n"
      "  scheme://[user[:password]@]host[:port]/path[?option=value&…]\n\n"
      "A path without a scheme is a file; - is standard input or output.\n\n";
  for (const Connector& connector : registry.connectors()) {
    text += fmt::format("  {:<12} {:<13} {}\n", connector.scheme, ends_of(connector),
                        connector.summary);
  }
  return text +
         "\nvelo help CONNECTOR lists the options of one, velo help COMMAND those of a "
         "command; velo --help lists the commands.\n";
}

Result<std::string> help_of(std::string_view scheme, const Registry& registry) {
  if (scheme == "-") {
    ARROW_ASSIGN_OR_RAISE(const std::string in, help_of("stdin", registry));
    ARROW_ASSIGN_OR_RAISE(const std::string out, help_of("stdout", registry));
    return in + "\n" + out;
  }
  const Connector* connector = registry.find(scheme);
  if (!connector) return no_connector(scheme, registry);
  std::string text = fmt::format("{} ({}): {}\n\nExamples:\n", connector->scheme,
                                 ends_of(*connector), connector->summary);
  for (const std::string_view example : connector->examples) {
    text += fmt::format("  {}\n", example);
  }
  if (connector->options.empty()) return text;
  text += "\nOptions:\n";
  for (const OptionDescriptor& option : connector->options) {
    if (!has_use_for(*connector, option)) continue;
    text += fmt::format("  {}={}{}\n", option.name, type_of(option),
                        remarks_of(*connector, option));
    text += wrapped(option.doc, 6);
  }
  return text;
}

Verb add_help_verb(CLI::App& program) {
  const auto name = std::make_shared<std::string>();
  CLI::App* parser = program.add_subcommand(
      "help", "List the connectors, or the options of one, or of a command");
  parser->add_option("NAME", *name, "A connector (file) or a command (copy)");
  return {parser, [name, &program] {
            const auto text = name->empty()
                                  ? Result<std::string>(help_of_all(builtin_registry()))
                                  : help_of_word(*name, program);
            if (!text.ok()) return report(text.status());
            fmt::print("{}", *text);
            return static_cast<int>(kDone);
          }};
}

}  // namespace velo::cli
