#pragma once

/// What is asked of a topic before its rows are read.

#include <cstdint>
#include <memory>
#include <vector>

#include <arrow/type.h>

#include "velo/connectors/kafka/client.h"
#include "velo/connectors/kafka/options.h"

namespace velo::kafka {

/// The topic's partitions. Errors: kNotFound where there is no such topic.
Result<std::vector<int32_t>> partitions_of(Client& client, const KafkaOptions& options,
                                           const std::stop_token& stop = {});

/// The columns that the first 1,000 messages of each partition ask for (the last ones,
/// where it is read from its end). Errors: kInvalidArgument where there are none yet;
/// kCorruptData, with the offset of what is no JSON object; where bad messages are kept,
/// only if there is no other.
Result<std::shared_ptr<arrow::Schema>> infer_schema(const KafkaOptions& options,
                                                    bool keeps_bad,
                                                    const std::stop_token& stop);

}  // namespace velo::kafka
