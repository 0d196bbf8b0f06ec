#include "velo/formats/json/last_fields.h"

#include <algorithm>
#include <utility>

namespace velo::formats::json {

bool LastFields::scan(Cursor& cursor) {
  const uint32_t* const begin = cursor.token();
  last_.clear();
  superseded_.clear();
  if (!cursor.enter()) return false;
  cursor.advance();
  if (!cursor.take('}')) {
    do {
      const uint32_t* const key = cursor.token();
      std::string_view name;
      if (!cursor.take_key(name, buffer_)) return false;
      const auto [known, is_new] = last_.emplace(name, key);
      if (!is_new) superseded_.push_back(std::exchange(known->second, key));
      if (!cursor.skip_value()) return false;
    } while (cursor.take(','));
    if (!cursor.take('}')) return cursor.fail_expected("',' or '}'");
  }
  std::ranges::sort(superseded_);
  cursor.leave();
  cursor.step_back_to(begin);
  return true;
}

bool LastFields::counts(const uint32_t* key) const {
  return !std::ranges::binary_search(superseded_, key);
}

}  // namespace velo::formats::json
