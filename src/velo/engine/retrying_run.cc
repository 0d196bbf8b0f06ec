#include "velo/engine/retrying_run.h"

#include <utility>

#include "velo/engine/pipeline_run.h"
#include "velo/engine/retries.h"

namespace velo::engine {
Result<Progress> run_with_retries(DataSource& source, TransactionalSink& sink,
                                  const PipelineIdentity& pipeline,
                                  const RunOptions& options,
                                  std::shared_ptr<arrow::Schema> schema, Clock& clock,
                                  const std::stop_token& stop) {
  const bool can_reread = source.can_reread();
  Retries retries(clock, options.retry_for, options.on_retry);
  auto attempt = std::make_unique<PipelineRun>(source, sink, pipeline, options, retries);
  while (true) {
    const auto begin = clock.now();
    auto done = attempt->run(schema, stop);
    if (done.ok()) return done;
    if (attempt->wants_one_lane()) {
      attempt->let_go();
      attempt = attempt->next();
      continue;
    }
    const Status& failure = done.status();
    const bool may_help = may_pass(failure) || attempt->lanes_have_met();
    if (!can_reread || !attempt->can_go_on() || !may_help) {
      attempt->forget_what_never_began(failure);
      return done;
    }
    attempt->let_go();
    if (attempt->has_committed() ||
        (attempt->is_idle() && clock.now() - begin >= options.retry_for)) {
      retries.succeeded();
    }
    const Status waited = retries.wait(failure, stop);
    if (!waited.ok() && stop.stop_requested()) return attempt->stop_in_pause();
    if (!waited.ok()) {
      attempt->forget_what_never_began(waited);
      return waited;
    }
    attempt = attempt->next();
  }
}

}  // namespace velo::engine
