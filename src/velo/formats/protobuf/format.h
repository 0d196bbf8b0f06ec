#pragma once

#include "velo/formats/format.h"

namespace velo::formats {

/// Protobuf: messages of one type, each behind its length. `schema=@shop.desc` names the
/// descriptor file, `message=` the message.
const Format& protobuf_format();

}  // namespace velo::formats
