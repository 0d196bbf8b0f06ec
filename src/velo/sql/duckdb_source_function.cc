#include "velo/sql/duckdb_source_function.h"

#include <arrow/c/bridge.h>
#include <arrow/util/bit_util.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "velo/sql/duckdb_types.h"
#include "velo/sql/sql_types.h"
#include "velo/sql/stream_plan.h"

namespace velo::sql {
namespace {

// What a function knows of itself. Made once, freed by DuckDB.
struct Function {
  DuckdbDatabase& database;
  std::string scheme;
};

// One mention of a source in a statement.
struct Mention {
  DuckdbConnection& connection;
  std::shared_ptr<OpenSource> source;
};

// One scan: what DuckDB's threads share.
struct Scan {
  explicit Scan(DuckdbConnection& of)
      : connection(of), converted(of.library().destroy_arrow_converted_schema) {}

  DuckdbConnection& connection;
  std::shared_ptr<OpenSource> source;
  std::vector<std::string> columns;
  // Which of DuckDB's vectors take the columns, in their order. None where DuckDB only
  // counts rows: one column is read for that.
  std::vector<idx_t> outputs;
  DuckdbHandle<duckdb_arrow_converted_schema> converted;
  std::mutex mutex;
  std::unique_ptr<DataReader> reader;  // guarded by mutex; null at the end
};

// Where one thread of a scan is.
struct Cursor {
  explicit Cursor(const DuckdbLibrary& library) : chunk(library.destroy_data_chunk) {}
  std::shared_ptr<arrow::RecordBatch> rows;
  int64_t next_row = 0;
  DuckdbHandle<duckdb_data_chunk> chunk;
};

// What calls us is loaded.
const DuckdbLibrary& loaded_library() {
  static const DuckdbLibrary& library = **DuckdbLibrary::get();
  return library;
}

template <typename T>
void destroy(void* pointer) {
  delete static_cast<T*>(pointer);
}

Status convert_schema(DuckdbConnection& connection, const arrow::Schema& schema,
                      DuckdbHandle<duckdb_arrow_converted_schema>& converted) {
  ArrowSchema exported;
  ARROW_RETURN_NOT_OK(arrow::ExportSchema(schema, &exported));
  const Status status = check_conversion(
      connection.library(), connection.library().schema_from_arrow(
                                connection.conversion(), &exported, converted.out()));
  if (exported.release != nullptr) exported.release(&exported);
  return status;
}

Status convert_rows(DuckdbConnection& connection, const arrow::RecordBatch& rows,
                    duckdb_arrow_converted_schema converted,
                    DuckdbHandle<duckdb_data_chunk>& chunk) {
  ArrowArray exported;
  ARROW_RETURN_NOT_OK(arrow::ExportRecordBatch(rows, &exported));
  const Status status =
      check_conversion(connection.library(),
                       connection.library().data_chunk_from_arrow(
                           connection.conversion(), &exported, converted, chunk.out()));
  if (exported.release != nullptr) exported.release(&exported);
  return status;
}

// --- bind: which columns are there? ---

Result<DuckdbConnection*> connection_of(const Function& function, duckdb_bind_info info) {
  const DuckdbLibrary& library = function.database.library();
  DuckdbHandle<duckdb_client_context> context(library.destroy_client_context);
  library.table_function_get_client_context(info, context.out());
  const uint64_t id = library.client_context_get_connection_id(context.get());
  if (DuckdbConnection* connection = function.database.find(id)) return connection;
  return make_error(ErrorKind::kInternal, {}, "a source is read by nobody's connection");
}

Result<Uri> uri_of(const Function& function, duckdb_bind_info info) {
  const DuckdbLibrary& library = function.database.library();
  DuckdbHandle<duckdb_value> value(library.destroy_value,
                                   library.bind_get_parameter(info, 0));
  char* text = library.get_varchar(value.get());
  const std::string rest = text ? text : "";
  library.free(text);
  return function.scheme.empty() ? parse_uri(rest) : parse_uri(function.scheme, rest);
}

// DuckDB's own types for the columns: those that its conversion of no rows gives.
Status add_columns(DuckdbConnection& connection,
                   const std::shared_ptr<arrow::Schema>& schema, duckdb_bind_info info) {
  const DuckdbLibrary& library = connection.library();
  DuckdbHandle<duckdb_arrow_converted_schema> converted(
      library.destroy_arrow_converted_schema);
  ARROW_RETURN_NOT_OK(convert_schema(connection, *schema, converted));
  ARROW_ASSIGN_OR_RAISE(const auto no_rows, arrow::RecordBatch::MakeEmpty(schema));
  DuckdbHandle<duckdb_data_chunk> chunk(library.destroy_data_chunk);
  ARROW_RETURN_NOT_OK(convert_rows(connection, *no_rows, converted.get(), chunk));
  for (int i = 0; i < schema->num_fields(); ++i) {
    DuckdbHandle<duckdb_logical_type> type(
        library.destroy_logical_type,
        library.vector_get_column_type(
            library.data_chunk_get_vector(chunk.get(), static_cast<idx_t>(i))));
    library.bind_add_result_column(info, schema->field(i)->name().c_str(), type.get());
  }
  return Status::OK();
}

Status bind_source(const Function& function, DuckdbConnection& connection,
                   duckdb_bind_info info) {
  ARROW_ASSIGN_OR_RAISE(const Uri uri, uri_of(function, info));
  ARROW_ASSIGN_OR_RAISE(auto source, connection.sources().open(uri));
  ARROW_RETURN_NOT_OK(add_columns(connection, source->schema(), info));
  // How many rows there are is not known; "one", DuckDB's guess, makes bad plans.
  function.database.library().bind_set_cardinality(
      info, source->can_go_on() ? kRowsOfStream : kRowsOfOthers, false);
  function.database.library().bind_set_bind_data(
      info, new Mention{connection, std::move(source)}, destroy<Mention>);
  return Status::OK();
}

// Exceptions (memory) must not pass through DuckDB's frames.
template <typename Body>
Status guarded(Body body) noexcept {
  try {
    return body();
  } catch (const std::exception& error) {
    return make_error(ErrorKind::kSystem, {}, error.what());
  }
}

void bind(duckdb_bind_info info) {
  const DuckdbLibrary& library = loaded_library();
  const auto& function = *static_cast<Function*>(library.bind_get_extra_info(info));
  const Status status = guarded([&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(DuckdbConnection * connection, connection_of(function, info));
    const Status bound =
        guarded([&] { return bind_source(function, *connection, info); });
    if (!bound.ok()) connection->fail(bound);
    return bound;
  });
  if (!status.ok()) library.bind_set_error(info, status.message().c_str());
}

// --- init: which of them are wanted? ---

// The cheapest column to read where only rows are counted.
int narrowest_column(const arrow::Schema& schema) {
  const auto width = [&](int i) {
    const arrow::DataType& type = *schema.field(i)->type();
    const int bits = arrow::is_fixed_width(type) ? type.bit_width() : -1;
    return bits < 0 ? 1'000'000 : bits;
  };
  int narrowest = 0;
  for (int i = 1; i < schema.num_fields(); ++i) {
    if (width(i) < width(narrowest)) narrowest = i;
  }
  return narrowest;
}

void choose_columns(const DuckdbLibrary& library, duckdb_init_info info,
                    const arrow::Schema& schema, Scan& scan) {
  const idx_t count = library.init_get_column_count(info);
  for (idx_t i = 0; i < count; ++i) {
    const idx_t index = library.init_get_column_index(info, i);
    if (index >= static_cast<idx_t>(schema.num_fields())) continue;  // a row's number
    scan.columns.push_back(schema.field(static_cast<int>(index))->name());
    scan.outputs.push_back(i);
  }
  if (scan.columns.empty())
    scan.columns = {schema.field(narrowest_column(schema))->name()};
}

Status init_scan(const DuckdbLibrary& library, duckdb_init_info info) {
  const auto& mention = *static_cast<Mention*>(library.init_get_bind_data(info));
  DuckdbConnection& connection = mention.connection;
  const Status status = guarded([&]() -> Status {
    auto scan = std::make_unique<Scan>(connection);
    scan->source = mention.source;
    choose_columns(library, info, *mention.source->schema(), *scan);
    ReadOptions options;
    options.columns = scan->columns;
    ARROW_ASSIGN_OR_RAISE(scan->reader,
                          OpenSource::create_reader(mention.source, options));
    arrow::FieldVector fields;
    for (const std::string& name : scan->columns) {
      fields.push_back(mention.source->schema()->GetFieldByName(name));
    }
    ARROW_RETURN_NOT_OK(
        convert_schema(connection, *arrow::schema(std::move(fields)), scan->converted));
    library.init_set_init_data(info, scan.release(), destroy<Scan>);
    return Status::OK();
  });
  if (!status.ok()) connection.fail(status);
  return status;
}

void init(duckdb_init_info info) {
  const DuckdbLibrary& library = loaded_library();
  // A few: the source is read by one at a time, what is done with its rows is not.
  constexpr idx_t kMostThreads = 8;
  library.init_set_max_threads(info, kMostThreads);
  const Status status = init_scan(library, info);
  if (!status.ok()) library.init_set_error(info, status.message().c_str());
}

void init_thread(duckdb_init_info info) {
  const DuckdbLibrary& library = loaded_library();
  library.init_set_init_data(info, new Cursor(library), destroy<Cursor>);
}

// --- the rows ---

// Make the cursor stand at a row; false at the end.
Result<bool> advance(Scan& scan, Cursor& cursor) {
  while (!cursor.rows || cursor.next_row >= cursor.rows->num_rows()) {
    std::lock_guard lock(scan.mutex);
    if (!scan.reader) return false;
    ARROW_ASSIGN_OR_RAISE(auto batch, scan.reader->read(scan.connection.stop_token()));
    if (batch && batch->bad) scan.source->add_bad(*batch->bad);
    cursor.rows = batch ? std::move(batch->rows) : nullptr;
    cursor.next_row = 0;
    if (!cursor.rows) scan.reader.reset();
  }
  return true;
}

Status fill(Scan& scan, Cursor& cursor, duckdb_data_chunk output) {
  const DuckdbLibrary& library = scan.connection.library();
  ARROW_ASSIGN_OR_RAISE(const bool has_rows, advance(scan, cursor));
  if (!has_rows) {
    library.data_chunk_set_size(output, 0);
    return Status::OK();
  }
  const int64_t count = std::min(static_cast<int64_t>(library.vector_size()),
                                 cursor.rows->num_rows() - cursor.next_row);
  if (!scan.outputs.empty()) {
    const auto rows = cursor.rows->Slice(cursor.next_row, count);
    ARROW_RETURN_NOT_OK(
        convert_rows(scan.connection, *rows, scan.converted.get(), cursor.chunk));
    for (size_t i = 0; i < scan.outputs.size(); ++i) {
      library.vector_reference_vector(
          library.data_chunk_get_vector(output, scan.outputs[i]),
          library.data_chunk_get_vector(cursor.chunk.get(), i));
    }
  }
  cursor.next_row += count;
  library.data_chunk_set_size(output, static_cast<idx_t>(count));
  return Status::OK();
}

void read(duckdb_function_info info, duckdb_data_chunk output) {
  const DuckdbLibrary& library = loaded_library();
  auto& scan = *static_cast<Scan*>(library.function_get_init_data(info));
  auto& cursor = *static_cast<Cursor*>(library.function_get_local_init_data(info));
  const Status status = guarded([&] { return fill(scan, cursor, output); });
  if (status.ok()) return;
  scan.connection.fail(status);
  library.function_set_error(info, status.message().c_str());
}

}  // namespace

Status register_source_function(DuckdbDatabase& database, const std::string& scheme) {
  const DuckdbLibrary& library = database.library();
  ARROW_ASSIGN_OR_RAISE(const auto connection, DuckdbConnection::open(database, nullptr));
  DuckdbHandle<duckdb_table_function> function(library.destroy_table_function,
                                               library.create_table_function());
  DuckdbHandle<duckdb_logical_type> text(
      library.destroy_logical_type, library.create_logical_type(DUCKDB_TYPE_VARCHAR));
  library.table_function_set_name(function.get(),
                                  scheme.empty() ? kSourceFunction : scheme.c_str());
  library.table_function_add_parameter(function.get(), text.get());
  library.table_function_set_extra_info(function.get(), new Function{database, scheme},
                                        destroy<Function>);
  library.table_function_set_bind(function.get(), bind);
  library.table_function_set_init(function.get(), init);
  library.table_function_set_local_init(function.get(), init_thread);
  library.table_function_set_function(function.get(), read);
  library.table_function_supports_projection_pushdown(function.get(), true);
  if (library.register_table_function(connection->get(), function.get()) ==
      DuckDBSuccess) {
    return Status::OK();
  }
  return make_error(ErrorKind::kInternal, {},
                    fmt::format("DuckDB does not take a function named {}", scheme));
}

}  // namespace velo::sql
