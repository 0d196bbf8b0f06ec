#include "velo/connector.h"
#include "velo/connectors/file/connector.h"

namespace velo {

const Registry& builtin_registry() {
  static const Registry registry = [] {
    Registry all;
    all.add(file::file_connector());
    return all;
  }();
  return registry;
}

}  // namespace velo
