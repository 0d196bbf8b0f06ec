#include "pipeline_arguments.h"

namespace velo::cli {

std::vector<std::pair<std::string, std::string>> PipelineArguments::given() const {
  std::vector<std::pair<std::string, std::string>> options;
  if (!guarantee.empty()) options.emplace_back("guarantee", guarantee);
  if (!commit_every.empty()) options.emplace_back("commit_every", commit_every);
  if (!parallel.empty()) options.emplace_back("parallel", parallel);
  if (!limit.empty()) options.emplace_back("limit", limit);
  if (!retry_for.empty()) options.emplace_back("retry_for", retry_for);
  if (!on_error.empty()) options.emplace_back("on_error", on_error);
  if (!on_changed.empty()) options.emplace_back("on_changed", on_changed);
  if (!refresh.empty()) options.emplace_back("refresh", refresh);
  if (!on_schema_change.empty()) {
    options.emplace_back("on_schema_change", on_schema_change);
  }
  if (!memory.empty()) options.emplace_back("memory", memory);
  if (!max_record_bytes.empty()) {
    options.emplace_back("max_record_bytes", max_record_bytes);
  }
  if (!from.empty()) options.emplace_back("from", from);
  if (!until.empty()) options.emplace_back("until", until);
  if (once) options.emplace_back("once", "true");
  return options;
}

void add_pipeline_options(CLI::App& parser, PipelineArguments& arguments) {
  parser.add_option("--guarantee", arguments.guarantee,
                    "exactly_once or at_least_once (the best that source and sink can)");
  parser.add_option("--commit-every", arguments.commit_every,
                    "Time, size or both between commits (10s,128MiB)");
  parser.add_option("--parallel", arguments.parallel, "Readers and writers (1)");
  parser.add_option("--limit", arguments.limit, "The first rows alone, so many at most");
  parser.add_option("--retry-for", arguments.retry_for,
                    "How long to try again what may pass, a lost connection (5min)");
  parser.add_option("--on-error", arguments.on_error,
                    "Of records that do not parse or fit: fail, skip, or the URI of a "
                    "sink to keep them in (fail)");
  parser.add_option("--on-changed", arguments.on_changed,
                    "Of files that have changed since a named statement read them: fail, "
                    "reread, or ignore (fail)");
  parser.add_option("--refresh", arguments.refresh,
                    "How often to read again what a source that goes on is joined with "
                    "(10min); otherwise at the beginning alone");
  parser.add_option("--on-schema-change", arguments.on_schema_change,
                    "Of columns that change: evolve (the sink follows), freeze (what is "
                    "new is left out) or fail (fail)");
  parser.add_option("--max-record-bytes", arguments.max_record_bytes,
                    "The largest record of CSV, JSON, text, Protobuf and Kafka, where an "
                    "address does not say (64MiB)");
  parser.add_option("--from", arguments.from,
                    "Where to begin, unless an earlier run has got further: earliest, "
                    "latest, a time (2026-01-31T12:00:00Z) or a position of the source");
  parser.add_option("--until", arguments.until,
                    "Where to end: the same; what is there is not read");
  parser.add_flag("--once", arguments.once,
                  "End where the source is now, although it could go on");
}

void add_memory_option(CLI::App& parser, std::string& memory) {
  parser.add_option("--memory", memory, "Budget for all buffers (256MiB)");
}

}  // namespace velo::cli
