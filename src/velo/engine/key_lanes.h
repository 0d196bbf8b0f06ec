#pragma once

/// Which lanes write the rows of an epoch, where each may have the rows of some keys
/// (docs/adr/0018-lanes-by-key.md).

#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "velo/engine/key_division.h"
#include "velo/event.h"
#include "velo/position.h"

namespace velo::engine {

/// The rows of an epoch are divided among all lanes, or the first has all of them: rows
/// of a split that could not be read again, if only some lanes committed, or that say
/// something about more than their key. Threads: thread-compatible.
class KeyLanes {
 public:
  /// Errors: those of KeyDivision::make.
  static Result<KeyLanes> make(const arrow::Schema& schema, std::vector<std::string> key,
                               size_t num_lanes);

  /// Divide rows of other columns from now on, where they can be divided. To be called
  /// when the epoch is empty, or not divided.
  void change_schema(const arrow::Schema& schema);

  /// Take a batch into the epoch. `committed` are the positions before the epoch. False
  /// where that needs one lane, and the epoch is divided: it has to end first.
  bool take(const Batch& batch, const Positions& committed);

  /// Have the first lane take the epoch, which is empty.
  void give_to_one_lane() { form_ = Form::kOneLane; }

  bool is_divided() const { return form_ == Form::kDivided; }

  /// The rows of each lane, of a divided epoch; nullptr where it has none.
  Result<std::vector<std::shared_ptr<arrow::RecordBatch>>> divide(
      const std::shared_ptr<arrow::RecordBatch>& rows) const {
    return division_->divide(rows);
  }

  /// Where splits begin that had no position before the epoch.
  const Positions& begins() const { return begins_; }

  /// The epoch was committed.
  void begin_epoch();

 private:
  enum class Form : int8_t { kEmpty, kOneLane, kDivided };

  KeyLanes(std::vector<std::string> key, size_t num_lanes)
      : key_(std::move(key)), num_lanes_(num_lanes) {}

  bool can_be_divided(const Batch& batch, const Positions& committed) const;

  std::vector<std::string> key_;
  size_t num_lanes_;
  std::optional<KeyDivision> division_;  // where the rows can be divided
  Form form_ = Form::kEmpty;
  Positions begins_;
};

}  // namespace velo::engine
