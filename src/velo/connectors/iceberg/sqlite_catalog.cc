#include "velo/connectors/iceberg/sqlite_catalog.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "velo/connectors/iceberg/sqlite.h"
#include "velo/storage/local_directory.h"

namespace velo::iceberg {
namespace {

constexpr char kPrefix[] = "sqlite:///";
constexpr int64_t kMaxMetadataBytes = int64_t{512} << 20;

constexpr char kMakeTables[] =
    "CREATE TABLE IF NOT EXISTS iceberg_tables (catalog_name VARCHAR(255) NOT NULL, "
    "table_namespace VARCHAR(255) NOT NULL, table_name VARCHAR(255) NOT NULL, "
    "metadata_location VARCHAR(1000), previous_metadata_location VARCHAR(1000), "
    "iceberg_type VARCHAR(5), PRIMARY KEY (catalog_name, table_namespace, table_name))";
constexpr char kMakeProperties[] =
    "CREATE TABLE IF NOT EXISTS iceberg_namespace_properties (catalog_name VARCHAR(255) "
    "NOT NULL, namespace VARCHAR(255) NOT NULL, property_key VARCHAR(255) NOT NULL, "
    "property_value VARCHAR(1000) NOT NULL, PRIMARY KEY (catalog_name, namespace, "
    "property_key))";

// "…/metadata/00012-UUID.metadata.json" -> 12; 0 for names of another form.
int number_of(const std::string& metadata_location) {
  const std::string name = metadata_location.substr(metadata_location.rfind('/') + 1);
  int number = 0;
  std::from_chars(name.data(), name.data() + name.size(), number);
  return number;
}

std::string metadata_file(const TableMetadata& metadata, int number) {
  return fmt::format("{}/{:05}-{}.metadata.json", metadata.metadata_location(), number,
                     random_uuid());
}

class SqliteCatalog : public Catalog {
 public:
  SqliteCatalog(IcebergOptions options, std::unique_ptr<SqliteDatabase> database)
      : options_(std::move(options)), database_(std::move(database)) {}

  void set_stop(const std::stop_token&) override {}  // it waits for no server

  Result<std::optional<LoadedTable>> load(const TableName& name) override {
    ARROW_ASSIGN_OR_RAISE(
        const auto rows,
        database_->query("SELECT metadata_location FROM iceberg_tables WHERE "
                         "catalog_name = ? AND table_namespace = ? AND table_name = ?",
                         key_of(name)));
    if (rows.empty()) return std::nullopt;
    LoadedTable table;
    table.metadata_location = rows[0][0];
    ARROW_ASSIGN_OR_RAISE(const auto files,
                          open_file_io(table.metadata_location, options_.storage, {}));
    ARROW_ASSIGN_OR_RAISE(std::string text,
                          read_file(*files, table.metadata_location, kMaxMetadataBytes));
    ARROW_ASSIGN_OR_RAISE(table.metadata,
                          parse_table_metadata(table.metadata_location, std::move(text)));
    return table;
  }

  Result<bool> has_namespace(const TableName& name) override {
    const std::string space = name.namespace_shown();
    ARROW_ASSIGN_OR_RAISE(
        const auto rows,
        database_->query("SELECT 1 FROM iceberg_tables WHERE catalog_name = ? AND "
                         "table_namespace = ? UNION ALL SELECT 1 FROM "
                         "iceberg_namespace_properties WHERE catalog_name = ? AND "
                         "namespace = ? LIMIT 1",
                         {options_.catalog, space, options_.catalog, space}));
    return !rows.empty();
  }

  Status create_namespace(const TableName& name) override {
    return database_
        ->change(
            "INSERT OR IGNORE INTO iceberg_namespace_properties VALUES (?, ?, "
            "'exists', 'true')",
            {options_.catalog, name.namespace_shown()})
        .status();
  }

  Status create(const TableName& name, const TableSchema& schema) override {
    ARROW_ASSIGN_OR_RAISE(const std::string location, location_for(name));
    ARROW_ASSIGN_OR_RAISE(
        const TableMetadata metadata,
        parse_table_metadata(location, new_table_metadata(location, schema)));
    ARROW_ASSIGN_OR_RAISE(const auto files, open_file_io(location, options_.storage, {}));
    const std::string file = metadata_file(metadata, 0);
    ARROW_RETURN_NOT_OK(write_file(*files, file, metadata.text));
    std::vector<std::string> values = key_of(name);
    values.push_back(file);
    const auto made = database_->change(
        "INSERT INTO iceberg_tables (catalog_name, table_namespace, "
        "table_name, metadata_location) VALUES (?, ?, ?, ?)",
        values);
    if (made.ok()) return mark_as_table(name);
    ARROW_RETURN_NOT_OK(files->remove(file));
    return kind_of(made.status()) == ErrorKind::kAlreadyExists ? Status::OK()
                                                               : made.status();
  }

  // The row is changed in a transaction of its own, whose outcome is known, but where the
  // disk fails.
  Status commit(const TableName& name, const LoadedTable& table,
                const TableCommit& commit) override {
    const std::string& before = table.metadata_location;
    ARROW_ASSIGN_OR_RAISE(const std::string text, apply(commit, table.metadata, before));
    ARROW_ASSIGN_OR_RAISE(const auto files, open_file_io(before, options_.storage, {}));
    const std::string after = metadata_file(table.metadata, number_of(before) + 1);
    ARROW_RETURN_NOT_OK(write_file(*files, after, text));
    std::vector<std::string> values = {after, before};
    for (std::string& part : key_of(name)) values.push_back(std::move(part));
    values.push_back(before);
    const auto changed = database_->change(
        "UPDATE iceberg_tables SET metadata_location = ?, previous_metadata_location = ? "
        "WHERE catalog_name = ? AND table_namespace = ? AND table_name = ? AND "
        "metadata_location = ?",
        values);
    if (changed.ok() && *changed == 1) return Status::OK();
    if (!changed.ok() && kind_of(changed.status()) != ErrorKind::kTransient) {
      return make_error(ErrorKind::kCommitStateUnknown,
                        {.connector = "iceberg", .resource = name.shown()},
                        changed.status().message());
    }
    ARROW_RETURN_NOT_OK(files->remove(after));
    ARROW_RETURN_NOT_OK(changed);
    return make_error(ErrorKind::kConflict,
                      {.connector = "iceberg", .resource = name.shown()},
                      "somebody else has changed the table meanwhile");
  }

 private:
  std::vector<std::string> key_of(const TableName& name) const {
    return {options_.catalog, name.namespace_shown(), name.name};
  }

  Result<std::string> location_for(const TableName& name) const {
    std::string warehouse = options_.warehouse;
    while (warehouse.ends_with('/')) warehouse.pop_back();
    if (warehouse.empty()) {
      return make_error(ErrorKind::kInvalidArgument,
                        {.connector = "iceberg", .resource = name.shown()},
                        "the table is not there, and the catalog does not say where to "
                        "put a new one; add warehouse=/PATH");
    }
    if (warehouse.starts_with('/')) warehouse = "file://" + warehouse;
    return fmt::format("{}/{}/{}", warehouse, name.namespace_shown(), name.name);
  }

  // Files that others made before there were views lack the column.
  Status mark_as_table(const TableName& name) {
    ARROW_ASSIGN_OR_RAISE(const auto columns,
                          database_->query("SELECT 1 FROM pragma_table_info("
                                           "'iceberg_tables') WHERE name = "
                                           "'iceberg_type'"));
    if (columns.empty()) return Status::OK();
    return database_
        ->change(
            "UPDATE iceberg_tables SET iceberg_type = 'TABLE' WHERE catalog_name = "
            "? AND table_namespace = ? AND table_name = ?",
            key_of(name))
        .status();
  }

  const IcebergOptions options_;
  const std::unique_ptr<SqliteDatabase> database_;
};

}  // namespace

Result<std::unique_ptr<Catalog>> open_sqlite_catalog(const IcebergOptions& options,
                                                     bool creates) {
  const std::string path = options.catalog_uri.substr(sizeof(kPrefix) - 1);
  if (creates) {
    ARROW_RETURN_NOT_OK(
        storage::make_directories(storage::parent_directory(path)).status());
  }
  auto opened = SqliteDatabase::open(path, creates);
  if (!opened.ok() && kind_of(opened.status()) == ErrorKind::kNotFound && !creates) {
    return make_error(ErrorKind::kNotFound, {.connector = "iceberg", .resource = path},
                      "the catalog's file cannot be opened; a sink with "
                      "create_namespace=true makes it");
  }
  ARROW_ASSIGN_OR_RAISE(auto database, std::move(opened));
  if (creates) {
    ARROW_RETURN_NOT_OK(database->change(kMakeTables).status());
    ARROW_RETURN_NOT_OK(database->change(kMakeProperties).status());
  }
  return std::make_unique<SqliteCatalog>(options, std::move(database));
}

}  // namespace velo::iceberg
