#pragma once

/// The encoded rows of one epoch, until they are sent: in memory, and beyond a budget in
/// a file without a name.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "velo/error.h"
#include "velo/http/client.h"

namespace velo::clickhouse {

/// Threads: thread-compatible.
class EpochRows {
 public:
  /// `most_in_memory`: bytes, about.
  explicit EpochRows(int64_t most_in_memory) : most_in_memory_(most_in_memory) {}
  ~EpochRows();
  EpochRows(const EpochRows&) = delete;
  EpochRows& operator=(const EpochRows&) = delete;

  /// Where to append bytes; settle() is to be called then.
  std::string& bytes() { return bytes_; }

  /// Put what is in memory into the file, if it is more than may be there.
  /// Errors: kSystem, naming the directory (TMPDIR, else /tmp).
  Status settle();

  int64_t num_bytes() const { return in_file_ + static_cast<int64_t>(bytes_.size()); }

  void clear();

  /// All of the bytes, as a request sends them; `at_half` is called when half of them are
  /// on their way. The rows outlive it.
  std::unique_ptr<http::Body> body(std::function<void()> at_half) const;

 private:
  class RowsBody;

  Status open_file();

  const int64_t most_in_memory_;
  std::string bytes_;
  int file_ = -1;
  int64_t in_file_ = 0;
};

}  // namespace velo::clickhouse
