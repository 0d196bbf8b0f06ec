#include "velo/verification/differences.h"

#include <algorithm>
#include <utility>

namespace velo::verification {
namespace {

// A key that one side lacks has no rows there.
const KeptRow& row_of(const RowsByKey& rows, const std::string& key) {
  static const KeptRow kNone;
  const auto found = rows.find(key);
  return found == rows.end() ? kNone : found->second;
}

void count(const Count& source, const Count& sink, Differences& differences) {
  if (sink.num_rows == 0) {
    differences.only_in_source += source.num_rows;
  } else if (source.num_rows == 0) {
    differences.only_in_sink += sink.num_rows;
  } else if (source.num_rows == 1 && sink.num_rows == 1) {
    ++differences.changed;
  } else {
    ++differences.repeated;
  }
}

// Where both sides have a row, its columns that are not equal; else all but the key's.
void add_values(size_t num_keys, const KeptRow& row, const KeptRow& other,
                std::vector<VerifiedValue>& values) {
  if (row.values.empty()) return;
  for (size_t i = num_keys; i < row.values.size(); ++i) {
    if (!other.values.empty() && row.values[i] == other.values[i]) continue;
    values.push_back(row.texts[i]);
  }
}

DifferingRow describe(size_t num_keys, const KeptRow& source, const KeptRow& sink) {
  DifferingRow row{.source_rows = source.count.num_rows,
                   .sink_rows = sink.count.num_rows,
                   .key = {},
                   .source = {},
                   .sink = {}};
  const auto& texts = source.texts.empty() ? sink.texts : source.texts;
  row.key.assign(texts.begin(), texts.begin() + static_cast<ptrdiff_t>(num_keys));
  add_values(num_keys, source, num_keys > 0 ? sink : KeptRow(), row.source);
  add_values(num_keys, sink, num_keys > 0 ? source : KeptRow(), row.sink);
  return row;
}

}  // namespace

void tell_rows(const ComparedColumns& columns, const RowsByKey& source,
               const RowsByKey& sink, int64_t num_examples, Verification& verification) {
  const auto tell = [&](const KeptRow& left, const KeptRow& right) {
    if (left.count == right.count) return;
    count(left.count, right.count, verification.differences);
    if (std::ssize(verification.rows) >= num_examples) return;
    verification.rows.push_back(describe(columns.num_keys, left, right));
  };
  auto left = source.begin();
  auto right = sink.begin();
  while (left != source.end() || right != sink.end()) {  // in the order of the keys
    const bool is_of_left =
        right == sink.end() || (left != source.end() && left->first <= right->first);
    const std::string& key = is_of_left ? left->first : right->first;
    tell(row_of(source, key), row_of(sink, key));
    if (right != sink.end() && right->first == key) ++right;
    if (is_of_left) ++left;
  }
}

std::vector<DifferingRange> ranges_that_differ(const std::vector<FirstValue>& bounds,
                                               const std::vector<Count>& source,
                                               const std::vector<Count>& sink) {
  std::vector<DifferingRange> ranges;
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == sink[i]) continue;
    DifferingRange range{.from = {},
                         .to = {},
                         .source_rows = source[i].num_rows,
                         .sink_rows = sink[i].num_rows};
    if (i > 0) range.from = bounds[i - 1].text;
    if (i < bounds.size()) range.to = bounds[i].text;
    ranges.push_back(std::move(range));
  }
  return ranges;
}

}  // namespace velo::verification
