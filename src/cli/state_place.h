#pragma once

/// `velo state rewind` and `velo state fork`: where a pipeline goes on, set by hand.

#include <stop_token>
#include <string>

#include "sql_arguments.h"
#include "velo/api.h"

namespace velo::cli {

struct PlaceArguments {
  std::string name;
  std::string new_name;  ///< of fork
  std::string to;        ///< of rewind: "earliest", a number, or a time
  std::string split;     ///< of rewind; empty for all
  bool yes = false;
};

/// Set the pipeline of a statement back.
Status rewind_statement(const SqlScript& script, const Connections& connections,
                        const PlaceArguments& arguments, std::stop_token stop);

/// Begin the pipeline of a statement where that of another one is.
Status fork_statement(const SqlScript& script, const Connections& connections,
                      const PlaceArguments& arguments, std::stop_token stop);

}  // namespace velo::cli
