#pragma once

/// Dead letters, read back.

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "velo/base/read_bound.h"
#include "velo/connector.h"
#include "velo/replay.h"
#include "velo/source.h"

namespace velo::engine {

/// A bad record that was kept.
struct KeptLetter {
  /// What it is known by: some of the places of one file or partition, as one life of one
  /// pipeline has read it, and the number of its place among them.
  SplitId group;
  uint16_t place = 0;
  std::string pipeline;
  std::string split;    ///< that it was read from
  std::string schema;   ///< of its pipeline's rows
  std::string record;   ///< its bytes; empty where they were not asked for
  bool is_cut = false;  ///< it was too large, and `record` is its beginning
  /// Where it is no letter, or cannot be read: why, and where it stands. What it does not
  /// say is empty then; without a place it is of the group kDamaged.
  Status damage = {};
};

/// Of letters that do not say of which they are.
inline constexpr char kDamaged[] = "damaged";

/// Reads letters in whatever order they are kept. Threads: thread-compatible.
class LetterReader {
 public:
  LetterReader(std::string address, std::unique_ptr<DataReader> reader,
               std::optional<std::string> pipeline, std::optional<WallTime> since)
      : address_(std::move(address)),
        reader_(std::move(reader)),
        pipeline_(std::move(pipeline)),
        since_(since) {}

  /// Those of the next batch; nullopt at the end. Errors: those of the source.
  Result<std::optional<std::vector<KeptLetter>>> next(std::stop_token stop);

 private:
  KeptLetter letter_of(const arrow::RecordBatch& rows, int64_t row) const;
  bool is_wanted(const arrow::RecordBatch& rows, int64_t row) const;

  std::string address_;
  std::unique_ptr<DataReader> reader_;
  std::optional<std::string> pipeline_;
  std::optional<WallTime> since_;
  SplitId split_;         // that is being read
  int64_t num_read_ = 0;  // rows of it
};

/// Where letters are kept. Threads: thread-compatible.
class KeptLetters {
 public:
  /// Open the address that a sink for bad records has, or another of the same rows.
  /// Errors: those of the source; kSchemaMismatch where these are no dead letters.
  static Result<KeptLetters> open(const Uri& uri, const ReplayOptions& options,
                                  const Registry& registry);

  /// Without secrets.
  const std::string& address() const { return address_; }

  /// Read them from the beginning, with or without the records themselves.
  Result<LetterReader> read(bool with_records, int64_t memory_bytes) const;

 private:
  KeptLetters() = default;

  std::string address_;
  std::unique_ptr<DataSource> source_;
  std::vector<std::string> columns_;  // that it has
  std::optional<std::string> pipeline_;
  std::optional<WallTime> since_;
};

}  // namespace velo::engine
