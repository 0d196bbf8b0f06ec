#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "velo/connectors/stdio/options.h"
#include "velo/source.h"
#include "velo/storage/descriptor_input.h"
#include "velo/storage/replay_input.h"
#include "velo/uri.h"

namespace velo::stdio {

/// Standard input, through a format. It can be read once: the second reader is refused.
/// Threads: thread-compatible, together with its reader.
class StdinSource : public DataSource {
 public:
  /// `descriptor` stays open and belongs to the caller.
  static Result<std::unique_ptr<DataSource>> make(const Uri& uri, int descriptor);

  /// Reads as many bytes as the columns need; a reader gets them again.
  Result<std::shared_ptr<arrow::Schema>> fetch_schema() override;

  /// Reads nothing yet, so that the waiting is done in the reader's read(), which a stop
  /// ends: its first call has the errors that elsewhere create_reader() has.
  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions& read) override;

  void set_stop(std::stop_token stop) override { stop_ = std::move(stop); }
  void keep_bad_records() override { keeps_bad_ = true; }

  bool supports_streaming() const override { return false; }
  bool supports_batch() const override { return true; }
  bool can_reread() const override { return false; }

 private:
  StdinSource(StdinOptions options, int descriptor)
      : options_(std::move(options)),
        descriptor_(descriptor),
        bytes_(std::make_shared<storage::DescriptorInput>(descriptor, "standard input")),
        input_(std::make_shared<storage::ReplayInput>(bytes_)) {}

  const StdinOptions options_;
  const int descriptor_;
  const std::shared_ptr<storage::DescriptorInput> bytes_;
  const std::shared_ptr<storage::ReplayInput> input_;  // over bytes_
  std::stop_token stop_;
  bool keeps_bad_ = false;
  bool was_read_ = false;
};

}  // namespace velo::stdio
