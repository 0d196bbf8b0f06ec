#pragma once

/// A field's default, which a schema says in JSON, as the bytes of a value.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "velo/formats/avro/schema.h"

namespace velo::formats::avro {

/// Encode what `json` says by this type; of a union by the first branch that it is a
/// value of. nullopt where it is none. Source: Avro specification 1.12, "Complex Types".
std::optional<std::string> encode_default(const nlohmann::json& json,
                                          const Schema& schema);

}  // namespace velo::formats::avro
