#include "velo/connectors/iceberg/table_hold.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "velo/connectors/iceberg/attempts.h"
#include "velo/connectors/iceberg/epoch_writer.h"
#include "velo/connectors/iceberg/record.h"

namespace velo::iceberg {
namespace {

Status error_at(ErrorKind kind, const std::string& resource, std::string message) {
  return make_error(kind, {.connector = "iceberg", .resource = resource},
                    std::move(message));
}

RefChange to_tag(std::string name, int64_t snapshot_id) {
  return {std::move(name), {.snapshot_id = snapshot_id}};
}

RefChange to_branch(std::string name, int64_t snapshot_id) {
  return {std::move(name), {.snapshot_id = snapshot_id, .is_branch = true}};
}

}  // namespace

std::string TableHold::prefix() const {
  return name_prefix_of(pipeline_.id, uuid_, options_.branch);
}

Status TableHold::fenced() const {
  return error_at(ErrorKind::kFenced, pipeline_.id,
                  "a newer run of this pipeline has taken over; this one has stopped and "
                  "committed nothing more");
}

void TableHold::set_stop(const std::stop_token& stop) {
  stop_ = stop;
  if (catalog_) catalog_->set_stop(stop);
  if (files_) files_->set_stop(stop);
}

Status TableHold::open(bool creates) {
  if (catalog_) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(catalog_, open_catalog(options_, creates, stop_));
  return Status::OK();
}

Result<std::optional<TableHold::Found>> TableHold::look() {
  const Status opened = open(/*creates=*/false);
  // It may be made; recover() says where not.
  if (kind_of(opened) == ErrorKind::kNotFound) return std::nullopt;
  ARROW_RETURN_NOT_OK(opened);
  ARROW_ASSIGN_OR_RAISE(auto table, catalog_->load(options_.table));
  if (!table) return std::nullopt;
  ARROW_RETURN_NOT_OK(check_writable(options_, table->metadata));
  const auto tag = find_tag(table->metadata, pipeline_.id, options_.branch);
  if (!tag) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(auto files, open_file_io(table->metadata.location,
                                                 options_.storage, table->storage));
  files->set_stop(stop_);
  return Found{.table = *std::move(table), .files = std::move(files), .tag = *tag};
}

// Until a fence is ours for certain: one whose winning is in doubt is passed by.
Status TableHold::take(
    const std::function<std::map<std::string, std::string>(uint64_t)>& first_summary) {
  ARROW_RETURN_NOT_OK(open(options_.creates_namespace));
  for (Attempts attempts;;) {
    ARROW_ASSIGN_OR_RAISE(const auto table, catalog_->load(options_.table));
    if (!table) return Status::OK();
    ARROW_RETURN_NOT_OK(check_writable(options_, table->metadata));
    ARROW_ASSIGN_OR_RAISE(
        files_, open_file_io(table->metadata.location, options_.storage, table->storage));
    files_->set_stop(stop_);
    uuid_ = table->metadata.uuid;
    const auto before = find_tag(table->metadata, pipeline_.id, options_.branch);
    const auto taken = before ? raise(*table, *before)
                              : begin(*table, first_summary(1), attempts.number());
    if (taken.ok()) {
      tag_ = *taken;
      return Status::OK();
    }
    if (!attempts.again(taken.status())) return taken.status();
  }
}

Result<PipelineTag> TableHold::raise(const LoadedTable& table,
                                     const PipelineTag& before) {
  const PipelineTag taken{.fence = before.fence + 1, .snapshot_id = before.snapshot_id};
  const std::string old_name = tag_name(pipeline_.id, options_.branch, before.fence);
  const std::string new_name = tag_name(pipeline_.id, options_.branch, taken.fence);
  ARROW_RETURN_NOT_OK(catalog_->commit(
      options_.table, table,
      {.requirements = {{old_name, before.snapshot_id}, {new_name, std::nullopt}},
       .snapshot = {},
       .removed_refs = {old_name},
       .changed_refs = {to_tag(new_name, taken.snapshot_id)}}));
  return taken;
}

// By an empty snapshot, which keeps the record's incarnation: what a source makes for a
// process that is killed before its first commit is found again by that.
Result<PipelineTag> TableHold::begin(const LoadedTable& table,
                                     std::map<std::string, std::string> summary,
                                     int attempt) {
  ARROW_RETURN_NOT_OK(check_history(table.metadata));
  const auto head = table.metadata.ref(options_.branch);
  PipelineTag taken{.fence = 1};
  const std::string name = tag_name(pipeline_.id, options_.branch, taken.fence);
  const std::string first =
      fmt::format("{}/{}f{}-e0-{}", table.metadata.metadata_location(), prefix(),
                  taken.fence, random_uuid());
  ARROW_ASSIGN_OR_RAISE(
      const Append append,
      prepare_append(*files_, table.metadata, first, {}, std::move(summary)));
  ARROW_ASSIGN_OR_RAISE(
      const Snapshot snapshot,
      write_snapshot(*files_, table.metadata, options_.branch, append, attempt));
  taken.snapshot_id = snapshot.id;
  ARROW_RETURN_NOT_OK(
      catalog_->commit(options_.table, table,
                       {.requirements = {{options_.branch, head}, {name, std::nullopt}},
                        .snapshot = snapshot,
                        .removed_refs = {},
                        .changed_refs = {to_branch(options_.branch, snapshot.id),
                                         to_tag(name, snapshot.id)}}));
  return taken;
}

// Without a tag, rows of this pipeline in the branch are those of a run that has
// finished, or its record was taken away.
Status TableHold::check_history(const TableMetadata& metadata) const {
  for (const Snapshot* snapshot : metadata.history(metadata.ref(options_.branch))) {
    const Summary& summary = snapshot->summary;
    if (pipeline_of(summary) != pipeline_.id || branch_of(summary) != options_.branch) {
      continue;
    }
    const bool has_begun = snapshot->summary_text("velo.epoch") != "0";
    const bool has_ended =
        is_forgotten(summary) || (pipeline_.is_run && is_finished(summary));
    if (!has_begun || has_ended) break;
    return error_at(
        ErrorKind::kCommitLost, options_.table.shown(),
        fmt::format("snapshot {} is of pipeline {}, whose record, the tag {}, somebody "
                    "has removed: what it has read is not known any more. Put the tag "
                    "back, or begin anew under another name",
                    snapshot->id, pipeline_.id,
                    tag_name(pipeline_.id, options_.branch, 1)));
  }
  return Status::OK();
}

Status TableHold::make_table(const TableSchema& schema) {
  if (options_.creates_namespace) {
    ARROW_RETURN_NOT_OK(catalog_->create_namespace(options_.table));
  }
  return catalog_->create(options_.table, schema);
}

Result<LoadedTable> TableHold::load() {
  ARROW_ASSIGN_OR_RAISE(auto table, catalog_->load(options_.table));
  if (table && table->metadata.uuid == uuid_) return *std::move(table);
  return error_at(ErrorKind::kCommitLost, options_.table.shown(),
                  table ? "the table was dropped and made anew since this run began"
                        : "the table was dropped since this run began");
}

Status TableHold::publish(const Append& append) {
  for (Attempts attempts;;) {
    const Status status = try_to_publish(append, attempts.number());
    if (status.ok()) {
      tag_.snapshot_id = append.snapshot_id;
      return status;
    }
    if (attempts.again(status)) continue;
    const ErrorKind kind = kind_of(status);
    const bool is_known = !attempts.was_unknown() || kind == ErrorKind::kFenced ||
                          kind == ErrorKind::kCommitLost;
    if (is_known) return status;
    return error_at(ErrorKind::kCommitStateUnknown, options_.table.shown(),
                    fmt::format("whether the commit has succeeded is not known: {}. "
                                "That is found out when the pipeline goes on",
                                status.message()));
  }
}

// Where the tag is tells what became of an earlier attempt.
Status TableHold::try_to_publish(const Append& append, int attempt) {
  ARROW_ASSIGN_OR_RAISE(const LoadedTable table, load());
  const auto now = table.metadata.ref(name());
  if (now == append.snapshot_id) return Status::OK();
  if (now != tag_.snapshot_id) return fenced();
  ARROW_ASSIGN_OR_RAISE(
      const Snapshot snapshot,
      write_snapshot(*files_, table.metadata, options_.branch, append, attempt));
  return catalog_->commit(options_.table, table,
                          {.requirements = {{options_.branch, snapshot.parent_id},
                                            {name(), tag_.snapshot_id}},
                           .snapshot = snapshot,
                           .removed_refs = {},
                           .changed_refs = {to_branch(options_.branch, snapshot.id),
                                            to_tag(name(), snapshot.id)}});
}

Status TableHold::release(const std::map<std::string, std::string>& last_summary) {
  if (!has_table() || tag_.fence == 0) return Status::OK();
  for (Attempts attempts;;) {
    ARROW_ASSIGN_OR_RAISE(const auto table, catalog_->load(options_.table));
    // Where it has another, the record is somebody's who goes on.
    if (!table || table->metadata.ref(name()) != tag_.snapshot_id) return Status::OK();
    TableCommit commit{.requirements = {{name(), tag_.snapshot_id}},
                       .snapshot = {},
                       .removed_refs = {name()},
                       .changed_refs = {}};
    if (!pipeline_.is_run) {
      ARROW_RETURN_NOT_OK(add_end(*table, last_summary, attempts.number(), commit));
    }
    const Status status = catalog_->commit(options_.table, *table, commit);
    if (status.ok() || !attempts.again(status)) return status;
  }
}

Status TableHold::add_end(const LoadedTable& table,
                          const std::map<std::string, std::string>& summary, int attempt,
                          TableCommit& commit) {
  const std::string last =
      fmt::format("{}/{}f{}-e0-{}", table.metadata.metadata_location(), prefix(),
                  tag_.fence, random_uuid());
  ARROW_ASSIGN_OR_RAISE(const Append append,
                        prepare_append(*files_, table.metadata, last, {}, summary));
  ARROW_ASSIGN_OR_RAISE(
      commit.snapshot,
      write_snapshot(*files_, table.metadata, options_.branch, append, attempt));
  commit.requirements.push_back({options_.branch, table.metadata.ref(options_.branch)});
  commit.changed_refs.push_back(to_branch(options_.branch, append.snapshot_id));
  return Status::OK();
}

Status check_writable(const IcebergOptions& options, const TableMetadata& metadata) {
  const std::string table = options.table.shown();
  if (metadata.format_version != 2) {
    return error_at(ErrorKind::kNotImplemented, table,
                    fmt::format("it is of format version {}, and only 2 is written yet",
                                metadata.format_version));
  }
  if (metadata.is_partitioned) {
    return error_at(ErrorKind::kNotImplemented, table,
                    "it is partitioned, and such tables are not written yet");
  }
  if (options.branch == kMainBranch) return Status::OK();
  const auto ref = metadata.refs.find(options.branch);
  if (ref != metadata.refs.end() && ref->second.is_branch) return Status::OK();
  return error_at(ErrorKind::kNotFound, table,
                  fmt::format("it has no branch '{}'; make it first", options.branch));
}

}  // namespace velo::iceberg
