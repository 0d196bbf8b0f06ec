#pragma once

/// One end of what is read of a topic: `from` and `until`.

#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "velo/base/read_bound.h"
#include "velo/connectors/kafka/client.h"

namespace velo::kafka {

/// Where that is in each partition.
class OffsetBound {
 public:
  /// Read what a user writes: `earliest`, `latest`, a time, an offset for all partitions
  /// (1200), or one for each (0:1200,1:900). `option` is its name, for messages.
  /// Errors: kInvalidArgument.
  static Result<OffsetBound> parse(std::string_view option, std::string_view text);

  /// Check that the topic has the partitions that an offset was given for. `partitions`
  /// are those that it has. Errors: kInvalidArgument, naming the first that is not there.
  Status check_partitions(const std::string& topic,
                          const std::vector<int32_t>& partitions) const;

  /// As a user wrote it: "from = 1200".
  std::string shown() const;

  bool is_none() const { return bound_.kind == ReadBound::Kind::kNone; }

  /// The offset in a partition that now has `range`; nullopt where it is not bounded
  /// here: none was given, or none for this partition. A time is that of the first
  /// message that is as young, and behind the last one where none is. An offset is as it
  /// was given.
  Result<std::optional<int64_t>> find(Client& client, const std::string& topic,
                                      int32_t partition, const OffsetRange& range,
                                      const std::stop_token& stop = {}) const;

 private:
  std::string option_;
  ReadBound bound_;
  std::optional<int64_t> of_all_;
  std::map<int32_t, int64_t> of_each_;
};

}  // namespace velo::kafka
