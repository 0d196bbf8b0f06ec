#include "velo/state.h"

#include <fmt/format.h>

#include <utility>

#include "velo/base/hex.h"
#include "velo/engine/moved_places.h"
#include "velo/engine/removal.h"

namespace velo {
namespace {

// Whether a pipeline cannot go on, and not only cannot be asked now.
bool is_obstacle(const Status& status) {
  return engine::is_loss(status) || kind_of(status) == ErrorKind::kInvalidArgument;
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
  return engine::remove_pipeline(sink, {.pipeline = pipeline, .kept = kept}, stop);
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
