#include "velo/connectors/iceberg/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/base/glob.h"
#include "velo/connectors/iceberg/table_metadata.h"

namespace velo::iceberg {
namespace {

constexpr char kCatalogFile[] = "catalog.db";

Status invalid(const std::string& shown, std::string message) {
  return make_error(ErrorKind::kInvalidArgument,
                    {.connector = "iceberg", .resource = shown}, std::move(message));
}

Result<TableName> table_of(const Uri& uri, const std::string& shown) {
  TableName table;
  const std::string path = literal_path(uri.path);
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    if (end > begin) table.levels.push_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  if (table.levels.size() < 2) {
    return invalid(shown, "which table? iceberg://CATALOG/NAMESPACE/TABLE names it");
  }
  table.name = std::move(table.levels.back());
  table.levels.pop_back();
  return table;
}

// VELO_CATALOG_REST_CATALOG for "rest-catalog".
std::string variable_of(const std::string& catalog) {
  std::string name = "VELO_CATALOG_";
  for (const char c : catalog) {
    const bool stays = is_ascii_letter(c) || is_ascii_digit(c);
    name += !stays ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

std::string local_path(std::string_view location) {
  if (location.starts_with("file://")) location.remove_prefix(7);
  return std::string(location);
}

Result<std::string> catalog_uri_of(const IcebergOptions& options,
                                   const OptionValues& values) {
  if (values.has("catalog_uri")) return values.text("catalog_uri");
  const std::string variable = variable_of(options.catalog);
  const char* from_environment = std::getenv(variable.c_str());
  if (from_environment && *from_environment) return std::string(from_environment);
  const bool is_local =
      options.warehouse.starts_with('/') || options.warehouse.starts_with("file://");
  if (is_local) {
    return fmt::format("sqlite:///{}/{}", local_path(options.warehouse), kCatalogFile);
  }
  return invalid(
      options.shown,
      fmt::format("where is the catalog '{0}'? Say so by catalog_uri= (http://… of a "
                  "REST catalog, sqlite:////PATH), by a connection of velo.toml, "
                  "[connections.{0}] uri = \"iceberg://{0}?catalog_uri=…\", by the "
                  "environment's {1}, or give warehouse=/PATH alone: its catalog is a "
                  "file in it",
                  options.catalog, variable));
}

Status check_catalog_uri(const IcebergOptions& options) {
  const std::string& uri = options.catalog_uri;
  const size_t host = uri.find("://");
  if (host != std::string::npos &&
      uri.substr(0, uri.find('/', host + 3)).find('@') != std::string::npos) {
    return invalid(options.shown,
                   "catalog_uri is shown in messages, and takes no user or password; "
                   "token= is what the catalog is shown");
  }
  for (const char* known : {"http://", "https://", "sqlite:///"}) {
    if (uri.starts_with(known)) return Status::OK();
  }
  const std::string scheme = uri.substr(0, uri.find(':'));
  if (scheme == "thrift" || scheme == "glue" || scheme == "hive") {
    return make_error(ErrorKind::kNotImplemented,
                      {.connector = "iceberg", .resource = options.shown},
                      fmt::format("catalogs of {} do not work yet; REST ones (http://…) "
                                  "and files (sqlite:////PATH) do",
                                  scheme));
  }
  return invalid(options.shown,
                 "catalog_uri begins with http://, https:// or sqlite:///");
}

void read_storage(const OptionValues& values, StorageSettings& storage) {
  for (const auto& [option, setting] : {std::pair{"endpoint", "s3.endpoint"},
                                        {"region", "s3.region"},
                                        {"access_key_id", "s3.access-key-id"},
                                        {"secret_access_key", "s3.secret-access-key"},
                                        {"session_token", "s3.session-token"}}) {
    if (values.has(option)) storage[setting] = values.text(option);
  }
}

// Keys may be changed for others while a pipeline goes on.
std::string identity_of(Uri uri) {
  std::erase_if(uri.options, [](const auto& option) {
    return option.first == "access_key_id" || option.first == "secret_access_key" ||
           option.first == "session_token" || option.first == "token";
  });
  return redact_uri(uri);
}

Status read_snapshot_id(const OptionValues& values, IcebergOptions& options) {
  options.snapshot_id = values.integer("snapshot_id");
  if (options.snapshot_id && values.has("branch")) {
    return invalid(options.shown, "snapshot_id or branch, not both");
  }
  return Status::OK();
}

}  // namespace

std::string TableName::namespace_shown() const {
  return fmt::format("{}", fmt::join(levels, "."));
}

std::string TableName::shown() const { return namespace_shown() + "." + name; }

std::vector<OptionDescriptor> IcebergOptions::descriptors() {
  return {
      {.name = "catalog_uri",
       .doc = "The catalog: http://… of a REST catalog, or sqlite:////PATH of a file."},
      {.name = "warehouse",
       .doc =
           "Where the catalog puts tables; alone, /PATH, its catalog is a file in it."},
      {.name = "token",
       .doc = "Shown to a REST catalog as a bearer token.",
       .secret = true},
      {.name = "branch",
       .default_value = "main",
       .doc = "The branch to read or append to."},
      {.name = "snapshot_id",
       .type = OptionType::kInt,
       .doc = "Read this snapshot, instead of the newest.",
       .use = OptionUse::kSource},
      {.name = "create_namespace",
       .type = OptionType::kBool,
       .default_value = "false",
       .doc = "Make the namespace too, where it is not there.",
       .use = OptionUse::kSink},
      {.name = "format",
       .type = OptionType::kChoice,
       .default_value = "parquet",
       .doc = "Of data files; only parquet works yet.",
       .choices = {"parquet", "avro", "orc"}},
      {.name = "mode",
       .type = OptionType::kChoice,
       .default_value = "append",
       .doc = "What happens to rows that are there; only append works yet.",
       .use = OptionUse::kSink,
       .choices = {"append", "overwrite", "upsert"}},
      {.name = "endpoint",
       .doc = "Tables in S3: a server that is not Amazon's, http://host:port; else the "
              "catalog's, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL."},
      {.name = "region",
       .doc = "Tables in S3: the region; else the catalog's, AWS_REGION, us-east-1."},
      {.name = "access_key_id",
       .doc = "Tables in S3: who asks; else the catalog's, AWS_ACCESS_KEY_ID."},
      {.name = "secret_access_key",
       .doc = "The secret to it; else the catalog's, AWS_SECRET_ACCESS_KEY.",
       .secret = true},
      {.name = "session_token",
       .doc = "With keys that end: their token; else the catalog's, AWS_SESSION_TOKEN.",
       .secret = true},
      {.name = "credential",
       .doc = "CLIENT:SECRET, by which a REST catalog's token is asked for.",
       .secret = true,
       .not_yet = true},
      {.name = "key",
       .type = OptionType::kList,
       .doc = "The columns that rows are told apart by, for mode=upsert.",
       .use = OptionUse::kSink,
       .not_yet = true},
      {.name = "partition_by",
       .type = OptionType::kList,
       .doc = "Columns that a table that is made is partitioned by.",
       .use = OptionUse::kSink,
       .not_yet = true},
  };
}

Result<IcebergOptions> IcebergOptions::from_uri(const Uri& uri, OptionUse use) {
  IcebergOptions options;
  Uri place = uri;
  place.options.clear();
  options.shown = redact_uri(place);
  options.identity = identity_of(uri);
  ARROW_ASSIGN_OR_RAISE(const auto values, OptionValues::parse(uri, descriptors(), use));
  if (uri.hosts.size() != 1 || uri.hosts[0].name.empty()) {
    return invalid(options.shown, "iceberg://CATALOG/NAMESPACE/TABLE names a table");
  }
  options.catalog = uri.hosts[0].name;
  ARROW_ASSIGN_OR_RAISE(options.table, table_of(uri, options.shown));
  options.warehouse = values.text("warehouse");
  options.token = values.text("token");
  options.branch = values.text("branch");
  read_storage(values, options.storage);
  ARROW_ASSIGN_OR_RAISE(options.catalog_uri, catalog_uri_of(options, values));
  ARROW_RETURN_NOT_OK(check_catalog_uri(options));
  for (const auto& [name, works] : {std::pair{"format", "parquet"}, {"mode", "append"}}) {
    const bool is_of_sinks = std::string_view(name) == "mode";
    if (is_of_sinks && use == OptionUse::kSource) continue;
    if (values.text(name) == works) continue;
    return make_error(
        ErrorKind::kNotImplemented, {.connector = "iceberg", .resource = options.shown},
        fmt::format("{}={} does not work yet; {} does", name, values.text(name), works));
  }
  if (use == OptionUse::kSource) {
    ARROW_RETURN_NOT_OK(read_snapshot_id(values, options));
  } else {
    options.creates_namespace = values.boolean("create_namespace");
  }
  return options;
}

}  // namespace velo::iceberg
