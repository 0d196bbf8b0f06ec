// Which pipeline a statement is in one of its sinks.

#include <string>
#include <utility>

#include "velo/base/sha256.h"
#include "velo/state.h"

namespace velo {
namespace {

// With `_to_` and the hash an id is 32 characters at most.
constexpr size_t kKeptOfId = 20;
constexpr size_t kHashSize = 8;

Result<bool> knows(TransactionalSink& sink, const PipelineIdentity& pipeline,
                   const std::stop_token& stop) {
  CommitObserver nobody;
  ARROW_ASSIGN_OR_RAISE(const auto committer, sink.create_committer(pipeline, nobody));
  const auto record = committer->read_record(stop);
  if (record.ok()) return record->fence > 0;
  // It is of another table or topic of the same system.
  if (kind_of(record.status()) == ErrorKind::kInvalidArgument) return false;
  return record.status();
}

}  // namespace

PipelineIdentity pipeline_of_sink(std::string_view name, DataSink& sink,
                                  std::string_view address) {
  TransactionalSink* transactions = sink.transactions();
  std::string where = std::string(name) + "\n";
  where += transactions ? transactions->identity() : std::string(address);
  return {.id = named_pipeline(name).id.substr(0, kKeptOfId) + "_to_" +
                sha256_hex(where).substr(0, kHashSize)};
}

Result<PipelineIdentity> find_pipeline_of_sink(std::string_view name, DataSink& sink,
                                               std::string_view address,
                                               bool is_one_of_several,
                                               std::stop_token stop) {
  PipelineIdentity by_name = named_pipeline(name);
  PipelineIdentity by_sink = pipeline_of_sink(name, sink, address);
  TransactionalSink* transactions = sink.transactions();
  if (!transactions) return is_one_of_several ? by_sink : by_name;
  if (!is_one_of_several) {  // mostly it was the only one before, too
    ARROW_ASSIGN_OR_RAISE(const bool was_of_several, knows(*transactions, by_sink, stop));
    if (!was_of_several) return by_name;
  }
  ARROW_ASSIGN_OR_RAISE(const bool is_known, knows(*transactions, by_name, stop));
  return is_known ? by_name : by_sink;
}

}  // namespace velo
