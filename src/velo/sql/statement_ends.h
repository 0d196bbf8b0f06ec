#pragma once

/// The sinks that statements name.

#include <memory>
#include <string>

#include "velo/connections.h"
#include "velo/connector.h"
#include "velo/pipeline.h"
#include "velo/sql/statement.h"

namespace velo::sql {

/// Opens them. Threads: thread-compatible.
class StatementEnds {
 public:
  /// All outlive it. `defaults`: what holds where a statement does not say.
  StatementEnds(const Registry& registry, const Connections& connections,
                const RunOptions& defaults)
      : registry_(registry), connections_(connections), defaults_(defaults) {}

  /// Open a sink that a statement names at `named`, by its address. Errors, with the line
  /// and a caret: those of the registry.
  Result<std::unique_ptr<DataSink>> open_sink(const Statement& statement,
                                              const Address& named, const Uri& uri) const;

  /// Where bad records are to be kept (OnError::kKeep).
  Result<Uri> address_of_dead_letters(const RunOptions& options) const;
  Result<std::shared_ptr<DataSink>> open_dead_letters(const Uri& uri) const;

  /// Where to read what was written to `sink`: without the options that only a sink has.
  Result<Uri> reading_address(const Uri& sink) const;

 private:
  const Registry& registry_;
  const Connections& connections_;
  const RunOptions& defaults_;
};

}  // namespace velo::sql
