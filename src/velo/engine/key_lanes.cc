#include "velo/engine/key_lanes.h"

#include <arrow/array.h>

#include <string_view>
#include <utility>

#include "velo/columnar/change_columns.h"

namespace velo::engine {
namespace {

bool has_place(const Positions& positions, const SplitId& split) {
  const auto found = positions.find(split);
  return found != positions.end() && !found->second.position.bytes.empty();
}

bool has_truncate(const arrow::RecordBatch& rows) {
  if (!are_changes(*rows.schema())) return false;
  const auto& operations =
      static_cast<const arrow::StringArray&>(*rows.GetColumnByName(kOperationColumn));
  for (int64_t row = 0; row < operations.length(); ++row) {
    if (operations.IsValid(row) && operations.GetView(row) == "t") return true;
  }
  return false;
}

}  // namespace

Result<KeyLanes> KeyLanes::make(const arrow::Schema& schema, std::vector<std::string> key,
                                size_t num_lanes) {
  KeyLanes lanes(std::move(key), num_lanes);
  ARROW_ASSIGN_OR_RAISE(lanes.division_,
                        KeyDivision::make(schema, lanes.key_, num_lanes));
  return lanes;
}

void KeyLanes::change_schema(const arrow::Schema& schema) {
  auto division = KeyDivision::make(schema, key_, num_lanes_);
  division_ = division.ok() ? std::optional(*std::move(division)) : std::nullopt;
}

bool KeyLanes::can_be_divided(const Batch& batch, const Positions& committed) const {
  if (!division_) return false;
  const bool can_be_read_again =
      has_place(committed, batch.split) || has_place(begins_, batch.split);
  return can_be_read_again && !has_truncate(*batch.rows);
}

bool KeyLanes::take(const Batch& batch, const Positions& committed) {
  if (batch.rows->num_rows() == 0) {
    const bool is_known = has_place(committed, batch.split);
    if (!is_known && !batch.position.bytes.empty()) {
      begins_.try_emplace(batch.split, SplitProgress{batch.position});
    }
    return true;
  }
  if (form_ == Form::kOneLane) return true;
  const bool can_divide = can_be_divided(batch, committed);
  if (form_ == Form::kDivided && !can_divide) return false;
  form_ = can_divide ? Form::kDivided : Form::kOneLane;
  return true;
}

void KeyLanes::begin_epoch() {
  form_ = Form::kEmpty;
  begins_.clear();
}

}  // namespace velo::engine
