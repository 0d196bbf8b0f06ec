#pragma once

/// Objects with several fields of one name, of which the last counts.

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "velo/formats/json/cursor.h"

namespace velo::formats::json {

/// Threads: thread-compatible.
class LastFields {
 public:
  /// Look at the object that the cursor's next token begins; the cursor stays there.
  bool scan(Cursor& cursor);

  /// Whether none of the same name comes behind this field of the object, given by the
  /// token of its key.
  bool counts(const uint32_t* key) const;

 private:
  std::unordered_map<std::string, const uint32_t*> last_;
  std::vector<const uint32_t*> superseded_;  // in order
  std::vector<uint8_t> buffer_;
};

}  // namespace velo::formats::json
