#include "velo/check.h"

namespace velo {

Status CheckReport::tried(std::string what, const Result<std::string>& outcome) {
  tell_({.what = std::move(what),
         .found = outcome.ok() ? *outcome : std::string(),
         .status = outcome.status()});
  if (failure_.ok()) failure_ = outcome.status();
  return outcome.status();
}

void CheckReport::lacks(std::string what, std::string found) {
  tell_(
      {.what = std::move(what), .found = std::move(found), .status = {}, .lacks = true});
}

}  // namespace velo
