#include "velo/sql/select_planner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "velo/base/first_failure.h"
#include "velo/columnar/change_columns.h"
#include "velo/sql/carried_changes.h"
#include "velo/sql/mapped_split_reader.h"
#include "velo/sql/plan_tree.h"
#include "velo/sql/sql_types.h"
#include "velo/sql/stream_plan.h"

namespace velo::sql {
namespace {

class QueryReader : public DataReader {
 public:
  QueryReader(std::unique_ptr<DuckdbQuery> query,
              std::shared_ptr<StatementSources> sources)
      : query_(std::move(query)), sources_(std::move(sources)) {}

  Result<std::optional<Batch>> read(std::stop_token stop) override {
    return failure_.unless_failed([&] { return read_next(stop); });
  }

 private:
  Result<std::optional<Batch>> read_next(const std::stop_token& stop) {
    if (!query_) return std::nullopt;
    const auto schema = query_->schema();
    ARROW_ASSIGN_OR_RAISE(auto rows, query_->next(stop));
    if (!rows) query_.reset();
    auto bad = take_bad();
    if (!rows && (!has_read_ || bad)) {
      ARROW_ASSIGN_OR_RAISE(rows, arrow::RecordBatch::MakeEmpty(schema));
    }
    has_read_ = true;
    if (!rows) return std::nullopt;
    return Batch{.rows = std::move(rows), .bad = std::move(bad)};
  }

  // Those of all sources since the last time.
  std::shared_ptr<const BadRecords> take_bad() const {
    auto all = std::make_shared<BadRecords>();
    for (const auto& source : sources_->all()) {
      std::ranges::move(source->take_bad(), std::back_inserter(*all));
    }
    return all->empty() ? nullptr : all;
  }

  std::unique_ptr<DuckdbQuery> query_;
  const std::shared_ptr<StatementSources> sources_;
  bool has_read_ = false;
  FirstFailure failure_;
};

std::string folded(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return name;
}

// What a short cut does with the batches of one reader, whose columns may change.
class ShortCutRows {
 public:
  explicit ShortCutRows(const SelectPlan& plan)
      : source_(plan.source),
        select_(plan.simple),
        short_cut_(plan.short_cut),
        schema_(source_->schema_of(short_cut_.read)) {}

  Result<std::shared_ptr<arrow::RecordBatch>> rows(
      std::shared_ptr<arrow::RecordBatch> rows) const {
    ARROW_ASSIGN_OR_RAISE(rows, to_sql_types(rows, schema_, source_->address()));
    return apply_short_cut(short_cut_, std::move(rows));
  }

  Result<std::shared_ptr<arrow::Schema>> change(const arrow::Schema& now) {
    ARROW_ASSIGN_OR_RAISE(schema_, sql_schema(now, source_->address()));
    auto short_cut = plan_short_cut(select_, *schema_);
    if (!short_cut) {
      return make_error(ErrorKind::kSchemaMismatch, {.resource = source_->address()},
                        fmt::format("the columns have changed, and the SELECT does not "
                                    "hold for those that there are now: {}",
                                    fmt::join(schema_->field_names(), ", ")));
    }
    if (short_cut_.carries_changes) {
      ARROW_RETURN_NOT_OK(carry_changes(*short_cut, *schema_));
    }
    short_cut_ = *std::move(short_cut);
    return short_cut_.schema;
  }

 private:
  const std::shared_ptr<OpenSource> source_;
  const SimpleSelect select_;
  ShortCut short_cut_;
  std::shared_ptr<arrow::Schema> schema_;  // of what is read, in SQL types
};

// A query is planned for the columns that there are; it knows of no others.
Result<std::shared_ptr<arrow::Schema>> end_of_query(const std::string& address,
                                                    const arrow::Schema& now) {
  return make_error(
      ErrorKind::kSchemaMismatch, {.resource = address},
      fmt::format("the columns have changed, to {}, and a SELECT with expressions or "
                  "joins ends there; run it again to go on with these",
                  fmt::join(now.field_names(), ", ")));
}

// Whether a name in quotes, where a table stands, is meant as an address.
bool looks_like_address(std::string_view name) {
  return name.find_first_of("/.@:*") != std::string_view::npos;
}

}  // namespace

Result<std::unique_ptr<DataReader>> SelectPlan::create_reader(const ReadOptions& who) {
  if (query) return std::make_unique<QueryReader>(std::move(query), sources);
  ReadOptions read = stream ? stream->read() : short_cut.read;
  read.memory_bytes = who.memory_bytes;
  if (stream) {
    ARROW_ASSIGN_OR_RAISE(auto reader, OpenSource::create_reader(stream->stream(), read));
    ARROW_ASSIGN_OR_RAISE(auto function, stream->prepare());
    return map_batches(std::move(reader), std::move(function));
  }
  ARROW_ASSIGN_OR_RAISE(auto reader, OpenSource::create_reader(source, read));
  return make_short_cut_reader(std::move(reader), short_cut);
}

SplitSource* SelectPlan::splits() const {
  if (stream) return stream->stream()->splits();
  return source && !short_cut.limit ? source->splits() : nullptr;
}

bool SelectPlan::goes_on() const {
  if (stream) return stream->stream()->goes_on();
  return source && source->goes_on() && !short_cut.limit;
}

Result<std::unique_ptr<SplitReader>> SelectPlan::create_split_reader(
    const ReadOptions& who) const {
  ReadOptions read = stream ? stream->read() : short_cut.read;
  read.reader = who.reader;
  read.process = who.process;
  read.memory_bytes = who.memory_bytes;
  read.on_changed = who.on_changed;
  read.tells_schema_changes = who.tells_schema_changes;
  read.tells_beginnings = who.tells_beginnings;
  if (stream) {
    ARROW_ASSIGN_OR_RAISE(auto function, stream->prepare());
    ARROW_ASSIGN_OR_RAISE(auto reader, stream->stream()->create_split_reader(read));
    return map_batches(std::move(reader), std::move(function),
                       [address = stream->stream()->address()](const auto& now) {
                         return end_of_query(address, *now);
                       });
  }
  ARROW_ASSIGN_OR_RAISE(auto split_reader, source->create_split_reader(read));
  const auto mapped = std::make_shared<ShortCutRows>(*this);
  return map_batches(
      std::move(split_reader),
      [mapped](std::shared_ptr<arrow::RecordBatch> rows, const std::stop_token&) {
        return mapped->rows(std::move(rows));
      },
      [mapped](const std::shared_ptr<arrow::Schema>& now) {
        return mapped->change(*now);
      });
}

Result<DuckdbEngine*> SelectPlanner::engine() {
  if (!engine_) {
    ARROW_ASSIGN_OR_RAISE(engine_,
                          DuckdbEngine::open({.memory_bytes = options_.memory_bytes,
                                              .num_threads = options_.num_threads},
                                             registry_));
  }
  return engine_.get();
}

std::shared_ptr<StatementSources> SelectPlanner::new_sources(
    const PlanOptions& options) const {
  return std::make_shared<StatementSources>(registry_, connections_, options.sources);
}

const SelectPlanner::Named* SelectPlanner::find(const std::string& name) const {
  const auto found = names_.find(folded(name));
  return found == names_.end() ? nullptr : &found->second;
}

Result<std::vector<std::string>> SelectPlanner::names_in(const SqlText& select) {
  std::vector<std::string> names;
  std::vector<SqlText> to_look_at = {select};
  while (!to_look_at.empty()) {
    ARROW_ASSIGN_OR_RAISE(const SelectTree tree, parse(to_look_at.back()));
    to_look_at.pop_back();
    for (const std::string& table : tree.tables) {
      std::string name = folded(table);
      if (std::ranges::count(names, name) > 0) continue;
      names.push_back(std::move(name));
      const Named* named = find(table);
      const SqlText* view = named ? std::get_if<SqlText>(&named->meaning) : nullptr;
      if (view) to_look_at.push_back(*view);
    }
  }
  return names;
}

bool SelectPlanner::has_name(const std::string& name) const {
  return find(name) != nullptr;
}

Status SelectPlanner::add_name(const std::string& name, const SqlText& select) {
  ARROW_ASSIGN_OR_RAISE(const SelectTree tree, parse(select));
  const auto sources = new_sources({});
  ARROW_RETURN_NOT_OK(create_views(tree, sources));
  ARROW_ASSIGN_OR_RAISE(DuckdbEngine * duckdb, engine());
  ARROW_RETURN_NOT_OK(duckdb->create_view(name, select, sources));
  names_[folded(name)] = {name, select};
  return Status::OK();
}

void SelectPlanner::add_name(const std::string& name, Uri uri) {
  names_[folded(name)] = {name, std::move(uri)};
}

Result<SelectTree> SelectPlanner::parse(const SqlText& select) {
  ARROW_ASSIGN_OR_RAISE(DuckdbEngine * duckdb, engine());
  ARROW_ASSIGN_OR_RAISE(const std::string json, duckdb->parse(select));
  auto tree = read_select_tree(json);
  if (tree.ok()) return tree;
  return select.error_at(0, kind_of(tree.status()), tree.status().message());
}

std::optional<Uri> SelectPlanner::address_of(const SimpleSelect& select) const {
  if (!select.scheme.empty()) {
    const Connector* connector = registry_.find(folded(select.scheme));
    if (!connector || !connector->create_source) return {};
    auto uri = parse_uri(connector->scheme, select.address);
    return uri.ok() ? std::optional(*std::move(uri)) : std::nullopt;
  }
  if (const Named* named = find(select.address)) {
    const Uri* sink = std::get_if<Uri>(&named->meaning);
    return sink ? std::optional(*sink) : std::nullopt;
  }
  if (!looks_like_address(select.address)) return {};
  auto uri = parse_uri(select.address);
  return uri.ok() ? std::optional(*std::move(uri)) : std::nullopt;
}

Status SelectPlanner::create_views(const SelectTree& tree,
                                   const std::shared_ptr<StatementSources>& sources) {
  ARROW_ASSIGN_OR_RAISE(DuckdbEngine * duckdb, engine());
  for (const std::string& table : tree.tables) {
    if (const Named* named = find(table)) {
      // A view is there since add_name().
      const Uri* sink = std::get_if<Uri>(&named->meaning);
      if (sink) ARROW_RETURN_NOT_OK(duckdb->create_view(named->name, *sink, sources));
    } else if (looks_like_address(table)) {
      ARROW_ASSIGN_OR_RAISE(const Uri uri, parse_uri(table));
      ARROW_RETURN_NOT_OK(duckdb->create_view(table, uri, sources));
    }
  }
  return Status::OK();
}

// Where one source could go on, and each of its batches has an answer of its own; nullptr
// where none goes on, and the SELECT is run on all rows. What needs all rows has no
// answer where they never end.
Result<std::unique_ptr<StreamQuery>> SelectPlanner::plan_stream(
    const SqlText& select, const SelectTree& tree, const PlanOptions& options,
    const std::shared_ptr<StatementSources>& sources) {
  const auto all = sources->all();
  const auto stream =
      std::ranges::find_if(all, [](const auto& source) { return source->can_go_on(); });
  if (stream == all.end()) return nullptr;
  const bool goes_on =
      std::ranges::any_of(all, [](const auto& source) { return source->goes_on(); });
  if (std::any_of(stream + 1, all.end(),
                  [](const auto& source) { return source->can_go_on(); })) {
    if (!goes_on) return nullptr;
    return select.error_at(
        0, ErrorKind::kNotImplemented,
        fmt::format("{} and another source of this SELECT go on for ever, and only one "
                    "may; WITH (once = true), or --once, reads what is there now",
                    (*stream)->address()));
  }
  ARROW_ASSIGN_OR_RAISE(DuckdbEngine * duckdb, engine());
  ARROW_ASSIGN_OR_RAISE(const std::string json, duckdb->explain(select, sources));
  auto columns = columns_of_stream(json);
  if (columns.ok()) {
    // A column that comes up is one of those that a star stands for.
    if (tree.has_star) columns->clear();
    return std::make_unique<StreamQuery>(
        *duckdb, select, *sources, *stream, *std::move(columns),
        HoldOptions{.memory_bytes = held_bytes(), .refresh = options.refresh});
  }
  if (!goes_on) return nullptr;
  return select.error_at(
      0, ErrorKind::kNotImplemented,
      fmt::format("{} goes on for ever, and a SELECT from such a source can have "
                  "expressions, WHERE, and joins with sources that end, but not {}; WITH "
                  "(once = true), or --once, reads what is there now",
                  (*stream)->address(), columns.status().message()));
}

// What is not simple may yield rows in another order, or one row of several.
Status SelectPlanner::check_has_no_changes(const SqlText& select,
                                           const StatementSources& sources) {
  for (const auto& source : sources.all()) {
    if (!are_changes(*source->schema())) continue;
    return select.error_at(
        0, ErrorKind::kNotImplemented,
        fmt::format("{} yields changes, and those can go into a table with a key, as "
                    "yet, by a SELECT of its columns that compares them with constants "
                    "in WHERE, and no other",
                    source->address()));
  }
  return Status::OK();
}

Result<SelectPlan> SelectPlanner::plan(const SqlText& select,
                                       const PlanOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const SelectTree tree, parse(select));
  has_plans_ = true;
  SelectPlan plan;
  plan.sources = new_sources(options);
  if (tree.simple && options_.short_cut) {
    if (const std::optional<Uri> uri = address_of(*tree.simple)) {
      ARROW_ASSIGN_OR_RAISE(auto source, plan.sources->open(*uri));
      if (auto short_cut = plan_short_cut(*tree.simple, *source->schema())) {
        plan.source = std::move(source);
        plan.simple = *tree.simple;
        plan.short_cut = *std::move(short_cut);
        if (options.applies_changes && are_changes(*plan.source->schema())) {
          const Status carried = carry_changes(plan.short_cut, *plan.source->schema());
          if (!carried.ok()) {
            return select.error_at(0, kind_of(carried), carried.message());
          }
        }
        plan.schema = plan.short_cut.schema;
        return plan;
      }
    }
  }
  ARROW_RETURN_NOT_OK(create_views(tree, plan.sources));
  ARROW_ASSIGN_OR_RAISE(DuckdbEngine * duckdb, engine());
  ARROW_ASSIGN_OR_RAISE(plan.query, duckdb->prepare(select, plan.sources));
  if (options.applies_changes) {
    ARROW_RETURN_NOT_OK(check_has_no_changes(select, *plan.sources));
  }
  plan.schema = plan.query->schema();
  ARROW_ASSIGN_OR_RAISE(plan.stream, plan_stream(select, tree, options, plan.sources));
  if (plan.stream) plan.query.reset();
  return plan;
}

Result<std::vector<Uri>> SelectPlanner::addresses_in(const SqlText& select) {
  ARROW_ASSIGN_OR_RAISE(const SelectTree tree, parse(select));
  std::vector<Uri> addresses;
  for (const SelectAddress& one : tree.addresses) {
    const Connector* connector = registry_.find(folded(one.scheme));
    if (!connector) continue;  // a function of DuckDB's
    auto uri = parse_uri(connector->scheme, one.address);
    if (uri.ok()) addresses.push_back(*std::move(uri));
  }
  for (const std::string& table : tree.tables) {
    if (find(table) || !looks_like_address(table)) continue;
    auto uri = parse_uri(table);
    if (uri.ok()) addresses.push_back(*std::move(uri));
  }
  return addresses;
}

Result<std::vector<std::string>> SelectPlanner::explain(const SqlText& select,
                                                        const PlanOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const SelectTree tree, parse(select));
  const auto sources = new_sources(options);
  ARROW_RETURN_NOT_OK(create_views(tree, sources));
  ARROW_ASSIGN_OR_RAISE(DuckdbEngine * duckdb, engine());
  ARROW_ASSIGN_OR_RAISE(const std::string json, duckdb->explain(select, sources));
  return plan_lines(json);
}

}  // namespace velo::sql
