#pragma once

/// Sources of several streams (tables, topics), and the sinks that each of them has by a
/// template in one address: `{table}`, `{topic}`.

#include <cstddef>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "velo/connector.h"
#include "velo/error.h"
#include "velo/uri.h"

namespace velo {

/// One of those that an address names.
struct Stream {
  std::string name;  ///< no two of an address have the same; empty for one without a name
  /// What a sink's address may say in braces, beside `{stream}`, the name:
  /// {"topic", "orders"}.
  std::map<std::string, std::string> fields;
  Uri uri;  ///< of it alone
};

struct StreamList {
  std::vector<Stream> streams;
  /// What a pattern has met, and cannot be read: "sales.secret: SELECT is not granted".
  std::vector<std::string> left_out;
};

/// The most that one address may name.
inline constexpr size_t kMostStreams = 1000;
/// The most that may go on beside each other, in one process.
inline constexpr size_t kMostStreamsBeside = 200;

/// Where one of them goes.
struct StreamRoute {
  Stream stream;
  Uri sink;
};

struct StreamRoutes {
  std::vector<StreamRoute> routes;  ///< one at least
  std::vector<std::string> left_out;
};

/// Whether a sink's address is a template: has a word in braces in its path, or in an
/// option that names tables.
bool has_template(const Uri& sink, const Registry& registry = builtin_registry());

/// A sink's address for one stream: `{word}` is replaced by the stream's field of that
/// name. In an option that names tables `{{` stands for a brace, and names are quoted
/// where they need it; in a path a brace is written %7B, and a name that could not be one
/// file's or one folder's is percent-encoded.
/// Errors: kInvalidArgument for a word that the stream does not have.
Result<Uri> sink_of_stream(const Uri& sink, const Stream& stream,
                           const Registry& registry = builtin_registry());

/// The streams of a source, each with its sink. Asks the source's system only where the
/// address has a pattern. Errors: those of list_streams() and sink_of_stream();
/// kInvalidArgument for several streams and one sink, for two streams of one sink, and
/// for more than kMostStreams.
Result<StreamRoutes> route_streams(const Uri& source, const Uri& sink,
                                   const Registry& registry = builtin_registry(),
                                   std::stop_token stop = {});

}  // namespace velo
