#pragma once

/// The records of dead letters, decoded again.

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "velo/engine/kept_letters.h"
#include "velo/formats/format.h"
#include "velo/replay.h"

namespace velo::engine {

/// Decodes one record at a time. Threads: thread-compatible.
class LetterDecoder {
 public:
  /// `letters`: one of each schema that there is, of one pipeline at least. Errors:
  /// kInvalidArgument for options that cannot be meant, and where they do not say enough.
  static Result<LetterDecoder> make(const ReplayOptions& options,
                                    const std::vector<KeptLetter>& letters);

  /// The columns that are written.
  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }

  /// The one row of a record. Errors: kCorruptData, kSchemaMismatch where it is bad.
  Result<std::shared_ptr<arrow::RecordBatch>> decode(const KeptLetter& letter) const;

 private:
  LetterDecoder() = default;

  Result<const formats::Format*> format_of(const KeptLetter& letter) const;
  Status find_columns(const ReplayOptions& options,
                      const std::vector<KeptLetter>& letters);

  const formats::Format* format_ = nullptr;  // of all; nullptr: it is that of the split
  std::optional<std::string> delimiter_;     // nullopt: it is that of the split
  bool is_given_ = false;                    // the user says what the columns are
  std::shared_ptr<arrow::Schema> record_;    // of a record
  std::shared_ptr<arrow::Schema> schema_;    // of a row
};

}  // namespace velo::engine
