#include "velo/state.h"

#include <fmt/format.h>

#include <utility>

#include "velo/base/hex.h"
#include "velo/engine/dead_letters.h"
#include "velo/engine/moved_places.h"

namespace velo {
namespace {

// Whether the sink has lost rows, or a part of the record: that is no reason to keep the
// rest of it.
bool is_loss(const Status& status) {
  return !status.ok() && kind_of(status) == ErrorKind::kCommitLost;
}

// Whether a pipeline cannot go on, and not only cannot be asked now.
bool is_obstacle(const Status& status) {
  return is_loss(status) || kind_of(status) == ErrorKind::kInvalidArgument;
}

}  // namespace

Result<std::optional<PipelineState>> look_at_pipeline(TransactionalSink& sink,
                                                      const PipelineIdentity& pipeline,
                                                      std::stop_token stop) {
  CommitObserver nobody;
  ARROW_ASSIGN_OR_RAISE(const auto committer, sink.create_committer(pipeline, nobody));
  PipelineState state;
  ARROW_ASSIGN_OR_RAISE(state.record, committer->read_record(stop));
  if (state.record.fence == 0) return std::nullopt;
  const auto looked = committer->look(stop);
  if (!looked.ok() && !is_obstacle(looked.status())) return looked.status();
  state.obstacle = looked.status();
  return state;
}

Result<bool> reset_pipeline(TransactionalSink& sink, const KeptElsewhere& kept,
                            const PipelineIdentity& pipeline, std::stop_token stop) {
  CommitObserver nobody;
  ARROW_ASSIGN_OR_RAISE(const auto committer, sink.create_committer(pipeline, nobody));
  ARROW_ASSIGN_OR_RAISE(const CommitRecord before, committer->read_record(stop));
  if (before.fence == 0) return false;  // recover() would begin one
  const auto recovered = committer->recover(stop);
  if (!recovered.ok() && !is_loss(recovered.status())) return recovered.status();
  // The record last: by it alone the rest is known.
  const CommitRecord& known = recovered.ok() ? *recovered : before;
  if (kept.source) {
    ARROW_RETURN_NOT_OK(kept.source->forget(reader_of(pipeline, known)));
  }
  if (kept.dead_letters) {
    const std::string life = engine::life_of(known, committer->commits_once());
    engine::DeadLetters dead(*kept.dead_letters, {pipeline, life, {}}, nobody);
    ARROW_RETURN_NOT_OK(dead.forget(stop));
  }
  ARROW_RETURN_NOT_OK(committer->forget());
  if (recovered.ok()) return true;
  // What was lost may have been a part of the record, without which it is not ours.
  ARROW_ASSIGN_OR_RAISE(const CommitRecord after, committer->read_record(stop));
  return after.fence == 0 ? Result<bool>(true) : recovered.status();
}

const Connector* connector_of_source(std::string_view source, const Registry& registry) {
  const size_t colon = source.find(':');
  return colon == std::string_view::npos ? nullptr
                                         : registry.find(source.substr(0, colon));
}

std::string describe_position(std::string_view source, const Position& position,
                              const Registry& registry) {
  if (position.bytes.empty()) return "the beginning";
  if (source == engine::kReplayedSource) {
    const auto moved = engine::MovedPlaces::decode(position);
    if (moved.ok()) return fmt::format("{} moved", moved->size());
  }
  const Connector* connector = connector_of_source(source, registry);
  if (connector && connector->describe_position) {
    std::string words = connector->describe_position(source, position);
    if (!words.empty()) return words;
  }
  return "0x" + hex_encode(position.bytes);
}

}  // namespace velo
