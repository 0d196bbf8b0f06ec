#pragma once

#include <librdkafka/rdkafka.h>

#include "velo/error.h"

namespace velo::kafka {

/// The kind of an error of librdkafka or of a broker.
ErrorKind classify_kafka_error(rd_kafka_resp_err_t code);

}  // namespace velo::kafka
