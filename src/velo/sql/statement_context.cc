#include "velo/sql/statement_context.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/engine/memory_shares.h"
#include "velo/sql/pipeline_options.h"

namespace velo::sql {
namespace {

StatementKind kind_of_statement(const Statement& statement) {
  if (statement.explain) return StatementKind::kExplain;
  switch (statement.kind) {
    case Statement::Kind::kSelect:
      return StatementKind::kSelect;
    case Statement::Kind::kInsert:
      return StatementKind::kInsert;
    case Statement::Kind::kCreate:
      return StatementKind::kCreate;
    default:
      return StatementKind::kDescribe;
  }
}

}  // namespace

StatementContext::StatementContext(SessionOptions options)
    : options_(std::move(options)),
      ends_(*options_.registry, options_.connections, defaults_),
      planner_(*options_.registry, options_.connections,
               {.memory_bytes = kDefaultMemoryBytes / 2,
                .num_threads = options_.num_threads,
                .short_cut = options_.short_cut}) {}

Status StatementContext::read_defaults(const std::vector<Statement>& statements) {
  auto in_file = read_pipeline_defaults({}, connections().pipeline_options());
  ARROW_RETURN_NOT_OK(annotate(in_file.status(), "[pipeline]"));
  ARROW_ASSIGN_OR_RAISE(defaults_,
                        read_pipeline_defaults(*in_file, options_.pipeline_options));
  if (options_.memory_bytes) defaults_.memory_bytes = options_.memory_bytes;
  is_memory_given_ = defaults_.memory_bytes.has_value();
  defaults_.observer = options_.observer;
  limit_duckdb(statements);
  return Status::OK();
}

// The other half is for reading, the queues and writing.
void StatementContext::limit_duckdb(const std::vector<Statement>& statements) {
  int64_t least = engine::memory_of(defaults_);
  for (const Statement& statement : statements) {
    const auto options = options_of(statement);
    if (options.ok()) least = std::min(least, engine::memory_of(*options));
  }
  planner_.limit_memory(least / 2);
}

Result<RunOptions> StatementContext::options_of(const Statement& statement) const {
  return read_pipeline_options(statement, defaults_);
}

Status StatementContext::divide_memory(const std::vector<Statement>& statements,
                                       int64_t num_together) {
  if (num_together < 2) return Status::OK();
  const int64_t least = engine::least_memory_of(defaults_);
  const int64_t all = defaults_.memory_bytes.value_or(
      std::max(kDefaultMemoryBytes, least * num_together));
  if (all / num_together < least) {
    return make_error(
        ErrorKind::kInvalidArgument, {},
        fmt::format("memory: {}MiB are too few for {} pipelines at the same time, each "
                    "of which takes {}MiB at least: {}MiB",
                    all >> 20, num_together, least >> 20, (least * num_together) >> 20));
  }
  defaults_.memory_bytes = all / num_together;
  limit_duckdb(statements);
  return Status::OK();
}

bool StatementContext::is_memory_given(const Statement& statement) const {
  return is_memory_given_ ||
         std::ranges::any_of(statement.options, [](const PipelineOption& option) {
           return option.name == "memory";
         });
}

Result<bool> StatementContext::is_there(const Statement& statement) const {
  if (statement.or_replace || !planner_.has_name(statement.name)) return false;
  if (statement.if_not_exists) return true;
  return statement.text.error_at(
      0, ErrorKind::kAlreadyExists,
      fmt::format("there is a statement named {} already; CREATE OR REPLACE "
                  "takes its place",
                  statement.name));
}

Status StatementContext::only_name(const Statement& statement) {
  if (statement.kind != Statement::Kind::kCreate || statement.explain) {
    return Status::OK();
  }
  if (statement.sinks.empty()) return create_view(statement);
  ARROW_ASSIGN_OR_RAISE(Uri uri, ends_.reading_address(statement.sinks.front().uri));
  planner_.add_name(statement.name, std::move(uri));
  return Status::OK();
}

Status StatementContext::create_view(const Statement& statement) {
  ARROW_ASSIGN_OR_RAISE(const RunOptions options, options_of(statement));
  if (!options.range.is_whole()) {
    return statement.text.error_at(
        0, ErrorKind::kNotImplemented,
        "from = … and until = … of a statement without INSERT INTO do not "
        "work yet; give them to the statement that reads it");
  }
  if (options.limit) {
    return statement.text.error_at(
        0, ErrorKind::kNotImplemented,
        "limit = … of a statement without INSERT INTO does not work yet; end the "
        "SELECT with LIMIT");
  }
  return planner_.add_name(statement.name, statement.select);
}

StatementResult result_of(const Statement& statement) {
  return {.kind = kind_of_statement(statement),
          .name = statement.name,
          .place = statement.text.script->place_of(statement.text.begin),
          .stream = {},
          .pipeline = {},
          .sources = {},
          .sinks = {},
          .skipped = false,
          .progress = {}};
}

bool is_named_pipeline(const Statement& statement) {
  return statement.kind == Statement::Kind::kCreate && !statement.explain &&
         !statement.sinks.empty();
}

}  // namespace velo::sql
