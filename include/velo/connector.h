#pragma once

/// A kind of system that rows come from or go to, and the set of those that are known.

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "velo/error.h"
#include "velo/options.h"
#include "velo/position.h"
#include "velo/sink.h"
#include "velo/source.h"
#include "velo/uri.h"

namespace velo {

struct StreamList;  // velo/streams.h

/// Describes one kind of system: what `velo help` prints and what create_source calls.
/// Immutable once registered, hence safe to read from any thread.
struct Connector {
  std::string_view scheme;   ///< the URI's scheme and the SQL function's name
  std::string_view summary;  ///< one line, no full stop
  std::vector<std::string_view> examples;  ///< whole URIs
  std::vector<OptionDescriptor> options;
  /// nullptr where the system cannot be a source (a sink).
  Result<std::unique_ptr<DataSource>> (*create_source)(const Uri& uri) = nullptr;
  Result<std::unique_ptr<DataSink>> (*create_sink)(const Uri& uri) = nullptr;
  /// The streams that a source's address names, each with the address of it alone.
  /// nullptr where an address is always one.
  Result<StreamList> (*list_streams)(const Uri& uri, std::stop_token stop) = nullptr;
  /// Whether what stands between the slashes of an address names files and folders.
  bool paths_name_files = false;
  /// Say a position of a source in words: "offset 1234". `source` is its identity. Empty
  /// where it is none of its positions; nullptr where there are none.
  std::string (*describe_position)(std::string_view source,
                                   const Position& position) = nullptr;
  /// Whether a source may keep something in its system for a reader that comes again, see
  /// SplitSource::forget.
  bool keeps_for_readers = false;
};

/// A set of connectors, by scheme. Fill it, then share it: reading is thread-safe.
class Registry {
 public:
  /// Add a connector. A scheme that is already there is a programmer's error and aborts.
  void add(Connector connector);

  /// The connector of a scheme, or nullptr. Lives as long as the registry.
  const Connector* find(std::string_view scheme) const;

  /// All of them, in the order added.
  const std::vector<Connector>& connectors() const { return connectors_; }

  /// Open a source or a sink: `-` is standard input or output, `${env:NAME}` and
  /// `${file:/path}` in a secret are read now.
  /// Errors: kInvalidArgument (unknown scheme, bad option), and those of the connector.
  Result<std::unique_ptr<DataSource>> create_source(const Uri& uri) const;
  Result<std::unique_ptr<DataSink>> create_sink(const Uri& uri) const;

  /// The streams that a source's address names: see velo/streams.h. References to secrets
  /// stay in their addresses. Errors: kInvalidArgument, kNotFound where there are none;
  /// those of asking the system.
  Result<StreamList> list_streams(const Uri& uri, std::stop_token stop = {}) const;

  /// The same connectors; the sources and sinks opened by them heed this stop
  /// (DataSource::set_stop).
  Registry with_stop(std::stop_token stop) const;

 private:
  std::vector<Connector> connectors_;
  std::stop_token stop_;
};

/// Every connector that is built in. Made on first use, immutable.
const Registry& builtin_registry();

/// Open the source, or the sink, that a URI names. See Registry::create_source.
Result<std::unique_ptr<DataSource>> create_source(
    std::string_view uri, const Registry& registry = builtin_registry());
Result<std::unique_ptr<DataSink>> create_sink(
    std::string_view uri, const Registry& registry = builtin_registry());

}  // namespace velo
