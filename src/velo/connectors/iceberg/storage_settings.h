#pragma once

/// How the files of tables are reached: by Iceberg's names for it ("s3.endpoint",
/// "s3.access-key-id", "s3.secret-access-key", "s3.session-token", "client.region").

#include <map>
#include <string>

namespace velo::iceberg {

using StorageSettings = std::map<std::string, std::string>;

}  // namespace velo::iceberg
