#pragma once

/// The columns that messages are read as.

#include <arrow/type.h>

#include <memory>

#include "velo/error.h"
#include "velo/formats/protobuf/descriptor.h"

namespace velo::formats::protobuf {

/// Messages that stand for a value.
enum class WellKnown : int8_t {
  kNone,
  kTimestamp,  ///< google.protobuf.Timestamp
  kDuration,   ///< google.protobuf.Duration
  kWrapper     ///< google.protobuf.Int64Value and its like: `value`, or NULL
};

WellKnown well_known(const MessageDescriptor& message);

/// Of what is no message: of an enum, text.
std::shared_ptr<arrow::DataType> type_of_plain(FieldType type);

/// The columns of a message, one for each field, in their order:
///
///   int32, sint32, sfixed32     int32
///   uint32, fixed32             uint32
///   int64, …; uint64, …         int64; uint64
///   float, double, bool         the same
///   string, bytes               utf8, binary
///   an enum                     utf8: the value's name
///   a message                   struct of its fields
///   repeated                    list; never NULL
///   map                         map; never NULL
///   Timestamp, Duration         timestamp[ns, UTC], duration[ns]
///   wrappers                    what they wrap
///
/// Errors: kNotImplemented for a message that is within itself, for a group, and for more
/// columns than 100,000, naming the way there.
Result<std::shared_ptr<arrow::Schema>> schema_of(const MessageDescriptor& message);

}  // namespace velo::formats::protobuf
