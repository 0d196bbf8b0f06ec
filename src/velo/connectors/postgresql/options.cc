#include "velo/connectors/postgresql/options.h"

#include <fmt/format.h>

#include "velo/base/glob.h"

namespace velo::postgresql {
namespace {

constexpr int64_t kDefaultBatchRows = 65536;
// NAMEDATALEN of the server is 64, unless it was built otherwise.
constexpr size_t kMostNameBytes = 63;

std::string quoted(std::string_view text, char quote) {
  std::string result(1, quote);
  for (const char c : text) {
    if (c == quote) result += quote;
    result += c;
  }
  return result + quote;
}

// libpq takes hosts and ports as two lists of one length.
void add_hosts(const Uri& uri, PostgresqlOptions& options) {
  std::string hosts;
  std::string ports;
  for (const Uri::Host& host : uri.hosts) {
    if (!hosts.empty()) {
      hosts += ',';
      ports += ',';
    }
    hosts += host.name;
    if (host.port) ports += std::to_string(*host.port);
  }
  if (hosts.empty()) return;
  options.connection.emplace_back("host", hosts);
  if (ports.find_first_not_of(',') != std::string::npos) {
    options.connection.emplace_back("port", ports);
  }
}

Status invalid(const std::string& shown, std::string message) {
  return make_error(ErrorKind::kInvalidArgument,
                    {.connector = "postgresql", .resource = shown}, std::move(message));
}

Status check_names(const PostgresqlOptions& options) {
  for (const auto& [what, names] :
       {std::pair("schema", &options.schemas), std::pair("table", &options.tables)}) {
    for (const NamePattern& name : *names) {
      if (!name.is_pattern) ARROW_RETURN_NOT_OK(check_name(what, name.text));
    }
  }
  for (const std::string& column : options.key) {
    ARROW_RETURN_NOT_OK(check_name("key", column));
  }
  return check_name("publication", options.publication);
}

Status read_cdc(const OptionValues& values, PostgresqlOptions& options) {
  options.cdc = values.boolean("cdc");
  options.before = values.boolean("before");
  options.slot = values.text("slot");
  options.publication = values.text("publication");
  if (!options.cdc) {
    if (options.slot.empty() && options.publication.empty() && !options.before) {
      return Status::OK();
    }
    return invalid(options.shown,
                   "slot, publication and before are of use with cdc=true only");
  }
  if (!options.query.empty()) {
    return invalid(options.shown, "cdc=true reads a table: table=NAME, without query=");
  }
  if (options.tables.empty()) {
    return invalid(options.shown,
                   "cdc=true of which table? table=NAME names one, table=* all of the "
                   "schema");
  }
  if (options.slot.size() > kMostNameBytes ||
      options.slot.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") !=
          std::string::npos) {
    return invalid(options.shown, "slot: at most 63 of the characters a-z, 0-9 and _");
  }
  return Status::OK();
}

// Whether it is one, whose name is known without asking.
bool is_one(const std::vector<NamePattern>& names) {
  return names.size() == 1 && !names.front().is_pattern;
}

// However its table is spelt, a sink is one place.
void name_place(const Uri& uri, PostgresqlOptions& options) {
  Uri place = uri;
  std::erase_if(place.options, [](const auto& option) {
    return option.first == "schema" || option.first == "table";
  });
  place.options.insert(place.options.begin(), {{"schema", print_name(options.schema)},
                                               {"table", print_name(options.table)}});
  options.identity = redact_uri(place);
}

Status choose_table(OptionUse use, PostgresqlOptions& options) {
  if (!is_one(options.schemas) || (!options.tables.empty() && !is_one(options.tables))) {
    return invalid(
        options.shown,
        use == OptionUse::kSink
            ? "rows are written to one table: a name with a comma or a star stands in "
              "double quotes (table=\"a,b\"), and {table} is the name of the source's"
            : "table and schema may name several tables here, each a stream of its own, "
              "and one is needed; velo copy and INSERT INTO move them all, into a sink "
              "with {table} in its address; a name with a comma or a star stands in "
              "double quotes: "
              "table=\"a,b\"");
  }
  options.schema = options.schemas.front().text;
  if (!options.tables.empty()) options.table = options.tables.front().text;
  return Status::OK();
}

}  // namespace

Status check_name(std::string_view what, std::string_view name) {
  if (name.size() <= kMostNameBytes) return Status::OK();
  return make_error(
      ErrorKind::kInvalidArgument, {.connector = "postgresql"},
      fmt::format("{}: the name {} has {} bytes, and PostgreSQL takes {}: it would leave "
                  "off the rest, and mean another; give it a shorter one",
                  what, name, name.size(), kMostNameBytes));
}

std::string quote_identifier(std::string_view name) { return quoted(name, '"'); }
std::string quote_literal(std::string_view text) { return quoted(text, '\''); }

std::string PostgresqlOptions::table_name() const {
  return quote_identifier(schema) + "." + quote_identifier(table);
}

std::vector<OptionDescriptor> PostgresqlOptions::descriptors() {
  return {
      {.name = "table",
       .type = OptionType::kNames,
       .doc = "The table to read or write. A source may be several, each a stream of its "
              "own: a,b or sales_* or *; a name with a comma or a star stands in double "
              "quotes: \"a,b\". A sink may have the name of the source's: {table}."},
      {.name = "schema",
       .type = OptionType::kNames,
       .default_value = "public",
       .doc = "The table's schema; of a source as many as of table."},
      {.name = "query",
       .doc = "A SELECT to read instead of a table.",
       .use = OptionUse::kSource},
      {.name = "key",
       .type = OptionType::kList,
       .doc = "Columns of a unique index: a row replaces the one of its key (upsert); "
              "changes (rows with _op) are applied.",
       .use = OptionUse::kSink},
      {.name = "ssl_mode",
       .type = OptionType::kChoice,
       .doc = "TLS to the server; without it, as libpq does (PGSSLMODE, else prefer).",
       .choices = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}},
      {.name = "batch_size",
       .type = OptionType::kInt,
       .unit = "rows",
       .default_value = "65536",
       .doc = "Most rows in one batch.",
       .use = OptionUse::kSource},
      {.name = "cdc",
       .type = OptionType::kBool,
       .default_value = "false",
       .doc = "Read the table, and go on with the changes to it.",
       .use = OptionUse::kSource},
      {.name = "before",
       .type = OptionType::kBool,
       .default_value = "false",
       .doc = "With cdc: have the row as it was, as _before; whole where the table has "
              "REPLICA IDENTITY FULL, else of deleted rows the key.",
       .use = OptionUse::kSource},
      {.name = "slot",
       .doc = "With cdc: the replication slot, which is made; without, it is named after "
              "the pipeline.",
       .use = OptionUse::kSource},
      {.name = "publication",
       .doc = "With cdc: the publication, which is made where it is not there; without, "
              "it is named after the pipeline.",
       .use = OptionUse::kSource},
  };
}

Result<PostgresqlOptions> PostgresqlOptions::from_uri(const Uri& uri, OptionUse use) {
  ARROW_ASSIGN_OR_RAISE(PostgresqlOptions options, read(uri, use));
  ARROW_RETURN_NOT_OK(choose_table(use, options));
  if (use == OptionUse::kSink) name_place(uri, options);
  return options;
}

Result<PostgresqlOptions> PostgresqlOptions::of_tables(const Uri& uri) {
  ARROW_ASSIGN_OR_RAISE(PostgresqlOptions options, read(uri, OptionUse::kSource));
  const bool is_several = !is_one(options.schemas) || !is_one(options.tables);
  if (!is_several || options.tables.empty() || options.slot.empty()) return options;
  return invalid(options.shown,
                 "slot names the replication slot of one table: without it, each has one "
                 "of its own");
}

Result<PostgresqlOptions> PostgresqlOptions::read(const Uri& uri, OptionUse use) {
  PostgresqlOptions options;
  Uri place = uri;
  place.options.clear();
  options.shown = redact_uri(place);
  options.identity = redact_uri(uri);
  ARROW_ASSIGN_OR_RAISE(const auto values, OptionValues::parse(uri, descriptors(), use));
  ARROW_ASSIGN_OR_RAISE(options.schemas, parse_names(values.text("schema")));
  ARROW_ASSIGN_OR_RAISE(options.tables, parse_names(values.text("table")));
  if (options.schemas.empty()) return invalid(options.shown, "schema: a name is missing");
  options.query = use == OptionUse::kSource ? values.text("query") : std::string();
  if (use == OptionUse::kSink) options.key = values.list("key");
  options.batch_rows = values.integer("batch_size").value_or(kDefaultBatchRows);
  if (options.batch_rows < 1) return invalid(options.shown, "batch_size: at least 1");
  if (use == OptionUse::kSource) {
    ARROW_RETURN_NOT_OK(read_cdc(values, options));
  }
  if (options.tables.empty() == options.query.empty()) {
    return invalid(options.shown,
                   use == OptionUse::kSink
                       ? "which table? Add ?table=NAME"
                       : "which rows? Add ?table=NAME, or ?query=SELECT …, not both");
  }
  ARROW_RETURN_NOT_OK(check_names(options));
  add_hosts(uri, options);
  if (uri.user) options.connection.emplace_back("user", *uri.user);
  if (uri.password) options.connection.emplace_back("password", *uri.password);
  std::string database = literal_path(uri.path);
  if (database.starts_with('/')) database.erase(0, 1);
  if (!database.empty()) options.connection.emplace_back("dbname", database);
  if (values.has("ssl_mode")) {
    options.connection.emplace_back("sslmode", values.text("ssl_mode"));
  }
  return options;
}

}  // namespace velo::postgresql
