#pragma once

/// What the verbs that take an address or SQL share.

#include <CLI/CLI.hpp>
#include <memory>
#include <stop_token>
#include <string>

#include "velo/api.h"

namespace velo::cli {

struct SqlArguments {
  std::string target_name;  ///< what the help calls it
  std::string target;       ///< a file of statements, or an address
  std::string sql;          ///< of -e
  std::string memory;
  std::string config;
  std::string stream;  ///< of an address that names several; empty: it is to name one
  int num_threads = 0;
  bool no_short_cut = false;
};

/// Add the target, -e, --memory, --threads, --config and --no-short-cut to a verb.
void add_sql_options(CLI::App& parser, SqlArguments& arguments, const std::string& target,
                     const std::string& target_doc);

/// Add --stream to a verb that looks at one.
void add_stream_option(CLI::App& parser, SqlArguments& arguments);

/// What main() puts before an argument that begins with "-?".
constexpr char kAddressMark = ' ';

/// Add an argument that is an address or a path, also "-?format=csv".
CLI::Option* add_address(CLI::App& parser, const std::string& name, std::string& address,
                         const std::string& doc);

/// Add --config to a verb.
void add_config_option(CLI::App& parser, std::string& config);

/// The connections of a velo.toml: the one given, else the one in this folder, else none.
Result<Connections> load_connections(const std::string& config);

/// The address that a person wrote, named connections resolved.
Result<Uri> address_of(const std::string& text, const Connections& connections);

/// A text of statements and what messages call it.
struct SqlScript {
  std::string name;
  std::string text;
};

/// The statements of -e, or of the file that the target names.
/// Errors: kInvalidArgument where there are both or neither; kNotFound, kSystem.
Result<SqlScript> read_script(const SqlArguments& arguments);

/// What messages call that which the target or -e names.
std::string name_of(const SqlArguments& arguments);

Result<SessionOptions> session_options_of(const SqlArguments& arguments);

/// What the target, an address, or the SQL of -e yields.
Result<std::unique_ptr<DataSource>> source_of(const SqlArguments& arguments,
                                              const Connections& connections,
                                              Session& session, std::stop_token stop);

}  // namespace velo::cli
