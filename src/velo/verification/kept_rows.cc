#include "velo/verification/kept_rows.h"

#include <utility>

namespace velo::verification {
namespace {

// Of the rows of one side.
constexpr size_t kMostBytes = size_t{24} << 20;
constexpr size_t kBytesOfRow = 200;  // beside its values
constexpr size_t kBytesOfValue = 3 * sizeof(std::string);

size_t bytes_of(const std::string& key, const KeptRow& row) {
  size_t bytes = kBytesOfRow + key.size();
  for (const std::string& value : row.values) bytes += kBytesOfValue + value.size();
  for (const VerifiedValue& text : row.texts) {
    bytes += kBytesOfValue + text.column.size() + text.text.value_or("").size();
  }
  return bytes;
}

}  // namespace

void KeptRows::add(const CanonicalRows& rows, const Digest& key, const Digest& row) {
  if (!limit_.admits(key)) return;
  auto found = rows_.find(rows.key());
  if (found == rows_.end()) {
    found = rows_.emplace(std::string(rows.key()), KeptRow()).first;
    KeptRow& kept = found->second;
    for (size_t i = 0; i < columns_.pairs.size(); ++i) {
      kept.values.emplace_back(rows.value(i));
      kept.texts.push_back({columns_.pairs[i].of(side_).name(), rows.text(i)});
    }
    num_bytes_ += bytes_of(found->first, kept);
  }
  found->second.count.add(row);
  while (num_bytes_ > kMostBytes && rows_.size() > 1) {
    limit_.halve();
    keep_admitted();
  }
}

void KeptRows::keep_admitted() {
  num_bytes_ = 0;
  std::erase_if(rows_, [&](const auto& entry) {
    const bool goes = !limit_.admits(digest_of(entry.first));
    if (!goes) num_bytes_ += bytes_of(entry.first, entry.second);
    return goes;
  });
}

std::map<std::string, KeptRow, std::less<>> KeptRows::take() {
  keep_admitted();
  return std::exchange(rows_, {});
}

}  // namespace velo::verification
