#pragma once

/// Named connections, from velo.toml:
///
///     [connections.shop]
///     uri = "postgresql://reader:${env:SHOP_PASSWORD}@db.example.com/shop"
///
///     [pipeline]
///     commit_every = "5s"
///
/// Then "@shop?table=orders" stands for that address with the option added.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "velo/error.h"
#include "velo/uri.h"

namespace velo {

/// The connections of one velo.toml. Immutable, hence safe to read from any thread.
class Connections {
 public:
  /// No connections.
  Connections() = default;

  /// Read a file.
  /// Errors: kNotFound, kPermissionDenied, kSystem, and those of from_toml.
  static Result<Connections> from_toml_file(const std::string& path);

  /// Read the text of a file, whose name is for messages.
  /// Errors: kInvalidArgument with line and column: what is not TOML, an unknown table or
  /// key, an address that does not parse.
  static Result<Connections> from_toml(std::string_view text, std::string_view name);

  /// The address of a connection, or nullptr. Lives as long as this object.
  const Uri* find(std::string_view name) const;

  /// The address that "@name/path?options" stands for: the path is put after the
  /// connection's, an option given replaces the connection's of the same name. Where the
  /// host of another address is the name of a connection that goes to that same scheme
  /// and host (a catalog, "iceberg://lake/sales/orders"), the connection's options are
  /// added that it lacks; any other is returned as it is.
  /// Errors: kInvalidArgument: no connection has this name (the nearest one is named).
  Result<Uri> resolve(const Uri& uri) const;

  /// The keys of [pipeline] with their values as text, a list's joined by commas.
  const std::vector<std::pair<std::string, std::string>>& pipeline_options() const {
    return pipeline_options_;
  }

 private:
  friend class ConnectionsReader;

  std::string file_name_;
  std::vector<std::pair<std::string, Uri>> connections_;
  std::vector<std::pair<std::string, std::string>> pipeline_options_;
};

}  // namespace velo
