#include "velo/sql/open_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "velo/sql/sql_types.h"

namespace velo::sql {
namespace {

class SqlTypesReader : public DataReader {
 public:
  SqlTypesReader(std::shared_ptr<OpenSource> source, std::unique_ptr<DataReader> reader,
                 std::shared_ptr<arrow::Schema> schema)
      : source_(std::move(source)),
        reader_(std::move(reader)),
        schema_(std::move(schema)) {}

  Result<std::optional<Batch>> read(std::stop_token stop) override {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader_->read(std::move(stop)));
    if (!batch) return batch;
    ARROW_ASSIGN_OR_RAISE(batch->rows,
                          to_sql_types(batch->rows, schema_, source_->address()));
    return batch;
  }

 private:
  const std::shared_ptr<OpenSource> source_;
  const std::unique_ptr<DataReader> reader_;
  const std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace

OpenSource::OpenSource(std::string address, std::unique_ptr<DataSource> source,
                       std::shared_ptr<arrow::Schema> schema,
                       const SourceOptions& options, bool can_go_on)
    : address_(std::move(address)),
      schema_(std::move(schema)),
      once_(options.once && source->supports_batch()),
      can_go_on_(can_go_on),
      goes_on_(source->supports_streaming() && !once_),
      reader_bytes_(options.reader_bytes),
      source_(std::move(source)) {}

OpenSource::OpenSource(const OpenSource& source, std::shared_ptr<HeldRows> rows)
    : address_(source.address_),
      schema_(source.schema_),
      once_(source.once_),
      can_go_on_(source.can_go_on_),
      goes_on_(source.goes_on_),
      reader_bytes_(source.reader_bytes_),
      held_(std::move(rows)),
      source_(source.source_) {}

std::shared_ptr<OpenSource> OpenSource::holding(std::shared_ptr<HeldRows> rows) const {
  return std::shared_ptr<OpenSource>(new OpenSource(*this, std::move(rows)));
}

Result<std::shared_ptr<OpenSource>> OpenSource::open(const Registry& registry,
                                                     const Uri& uri,
                                                     const SourceOptions& options) {
  std::string address = redact_uri(uri);
  RunOptions limit;
  limit.max_record_bytes = options.max_record_bytes;
  ARROW_ASSIGN_OR_RAISE(auto source,
                        registry.create_source(with_record_limit(uri, limit, registry)));
  if (options.keeps_bad) source->keep_bad_records();
  const bool can_go_on = source->supports_streaming();  // it ends at the range's end
  if (!options.range.is_whole()) ARROW_RETURN_NOT_OK(source->set_range(options.range));
  ARROW_ASSIGN_OR_RAISE(const auto columns, source->fetch_schema());
  ARROW_RETURN_NOT_OK(check_column_names(*columns, address, "rename one at the source"));
  ARROW_ASSIGN_OR_RAISE(auto schema, sql_schema(*columns, address));
  return std::shared_ptr<OpenSource>(new OpenSource(
      std::move(address), std::move(source), std::move(schema), options, can_go_on));
}

Result<std::unique_ptr<DataReader>> OpenSource::create_reader(
    const std::shared_ptr<OpenSource>& source, const ReadOptions& options) {
  auto schema = source->schema_of(options);
  if (source->held_) return read_held_rows(source->held_, schema->field_names());
  ReadOptions read = options;
  read.once = source->once_;
  read.memory_bytes = std::min(read.memory_bytes, source->reader_bytes_);
  std::lock_guard lock(source->mutex_);
  ARROW_ASSIGN_OR_RAISE(auto reader, source->source_->create_reader(read));
  return std::make_unique<SqlTypesReader>(source, std::move(reader), std::move(schema));
}

std::shared_ptr<arrow::Schema> OpenSource::schema_of(const ReadOptions& options) const {
  if (!options.columns) return schema_;
  arrow::FieldVector fields;
  for (const std::string& name : *options.columns) {
    fields.push_back(schema_->GetFieldByName(name));
  }
  return arrow::schema(std::move(fields));
}

Result<std::unique_ptr<SplitReader>> OpenSource::create_split_reader(
    const ReadOptions& options) {
  ReadOptions read = options;
  read.once = once_;
  return source_->splits()->create_split_reader(read);
}

void OpenSource::add_bad(const BadRecords& bad) {
  std::lock_guard lock(mutex_);
  bad_.insert(bad_.end(), bad.begin(), bad.end());
}

BadRecords OpenSource::take_bad() {
  std::lock_guard lock(mutex_);
  return std::exchange(bad_, {});
}

Result<std::shared_ptr<OpenSource>> StatementSources::open(const Uri& uri) {
  std::lock_guard lock(mutex_);
  const std::string address = print_uri(uri);
  std::shared_ptr<OpenSource> source = by_address_[address];
  if (!source) {
    const auto instead = options_.instead.find(address);
    const Uri& meant = instead == options_.instead.end() ? uri : instead->second;
    ARROW_ASSIGN_OR_RAISE(const Uri resolved, connections_.resolve(meant));
    ARROW_ASSIGN_OR_RAISE(source, OpenSource::open(registry_, resolved, options_));
    by_address_[address] = source;
    in_order_.push_back(source);
  }
  return source;
}

std::vector<std::shared_ptr<OpenSource>> StatementSources::all() const {
  std::lock_guard lock(mutex_);
  return in_order_;
}

std::shared_ptr<StatementSources> StatementSources::replaced(
    const std::function<std::shared_ptr<OpenSource>(const std::shared_ptr<OpenSource>&)>&
        by) const {
  auto others = std::make_shared<StatementSources>(registry_, connections_, options_);
  std::lock_guard lock(mutex_);
  std::map<std::shared_ptr<OpenSource>, std::shared_ptr<OpenSource>> new_of;
  for (const auto& source : in_order_) {
    others->in_order_.push_back(new_of[source] = by(source));
  }
  for (const auto& [address, source] : by_address_) {
    if (source) others->by_address_[address] = new_of.at(source);
  }
  return others;
}

}  // namespace velo::sql
