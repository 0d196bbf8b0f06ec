#include "velo/connectors/iceberg/check.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "velo/connectors/iceberg/catalog.h"
#include "velo/connectors/iceberg/file_io.h"
#include "velo/connectors/iceberg/scan.h"
#include "velo/connectors/iceberg/table_hold.h"

namespace velo::iceberg {
namespace {

using Outcome = Result<std::string>;
using MaybeTable = std::optional<LoadedTable>;

// The catalog, and the table in it where it is there; nullptr where the one is not
// reached, which was told.
std::unique_ptr<Catalog> look_for_table(const IcebergOptions& options,
                                        CheckReport& report, const std::stop_token& stop,
                                        MaybeTable* table) {
  auto catalog = open_catalog(options, /*creates=*/false, stop);
  const auto open = [&]() -> Outcome {
    ARROW_RETURN_NOT_OK(catalog.status());
    ARROW_ASSIGN_OR_RAISE(*table, (*catalog)->load(options.table));
    return options.catalog_uri;
  };
  if (!report.tried("reach the catalog", open()).ok()) return nullptr;
  return *std::move(catalog);
}

Result<std::unique_ptr<FileIo>> files_of(const IcebergOptions& options,
                                         const LoadedTable& table,
                                         const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(
      auto files, open_file_io(table.metadata.location, options.storage, table.storage));
  files->set_stop(stop);
  return files;
}

Outcome read_manifests(const IcebergOptions& options, const LoadedTable& table,
                       const std::stop_token& stop) {
  const auto snapshot = table.metadata.ref(options.branch);
  if (!snapshot) return "it has no snapshot yet";
  const Snapshot* newest = table.metadata.find_snapshot(*snapshot);
  if (!newest) return "it has no snapshot yet";
  ARROW_ASSIGN_OR_RAISE(const auto files, files_of(options, table, stop));
  ARROW_ASSIGN_OR_RAISE(const auto manifests, read_manifest_list(*files, *newest));
  return fmt::format("snapshot {}, {} manifests", newest->id, manifests.size());
}

Outcome write_and_remove(const IcebergOptions& options, const LoadedTable& table,
                         const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(const auto files, files_of(options, table, stop));
  const std::string trial =
      fmt::format("{}/velo-check-{}", table.metadata.data_location(), random_uuid());
  ARROW_RETURN_NOT_OK(write_file(*files, trial, "velo check"));
  ARROW_RETURN_NOT_OK(files->remove(trial));
  return table.metadata.data_location();
}

Outcome has_namespace(const IcebergOptions& options, Catalog& catalog) {
  ARROW_ASSIGN_OR_RAISE(const bool there, catalog.has_namespace(options.table));
  const std::string name = options.table.namespace_shown();
  if (there) return name + " is there; the table will be made in it";
  if (options.creates_namespace) return name + " will be made, and the table in it";
  return make_error(
      ErrorKind::kNotFound, {.connector = "iceberg", .resource = options.shown},
      fmt::format("there is no namespace {}; create_namespace=true makes it", name));
}

std::string shape_of(const LoadedTable& table) {
  return fmt::format("format version {}, {} columns", table.metadata.format_version,
                     table.metadata.schema().columns.size());
}

}  // namespace

void check_reading(const IcebergOptions& options, CheckReport& report,
                   const std::stop_token& stop) {
  MaybeTable table;
  const auto catalog = look_for_table(options, report, stop, &table);
  if (!catalog) return;
  const auto find = [&]() -> Outcome {
    ARROW_RETURN_NOT_OK(load_table(*catalog, options).status());
    return shape_of(*table);
  };
  if (!report.tried("find the table", find()).ok()) return;
  (void)report.tried("read its manifests", read_manifests(options, *table, stop));
}

void check_writing(const IcebergOptions& options, CheckReport& report,
                   const std::stop_token& stop) {
  MaybeTable table;
  const auto catalog = look_for_table(options, report, stop, &table);
  if (!catalog) return;
  if (!table) {
    (void)report.tried("find the namespace", has_namespace(options, *catalog));
    return;
  }
  const auto find = [&]() -> Outcome {
    ARROW_RETURN_NOT_OK(check_writable(options, table->metadata));
    return shape_of(*table);
  };
  if (!report.tried("find the table", find()).ok()) return;
  (void)report.tried("write and remove a file", write_and_remove(options, *table, stop));
}

}  // namespace velo::iceberg
