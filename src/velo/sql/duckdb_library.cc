#include "velo/sql/duckdb_library.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "velo/base/function_loader.h"

namespace velo::sql {
namespace {

constexpr char kFileName[] = "libduckdb.so";

void load_functions(FunctionLoader& loader, DuckdbLibrary& library) {
  loader.load("duckdb_open_ext", library.open_ext);
  loader.load("duckdb_close", library.close);
  loader.load("duckdb_create_config", library.create_config);
  loader.load("duckdb_set_config", library.set_config);
  loader.load("duckdb_destroy_config", library.destroy_config);
  loader.load("duckdb_connect", library.connect);
  loader.load("duckdb_disconnect", library.disconnect);
  loader.load("duckdb_interrupt", library.interrupt);
  loader.load("duckdb_library_version", library.library_version);
  loader.load("duckdb_free", library.free);
  loader.load("duckdb_query", library.query);
  loader.load("duckdb_prepare", library.prepare);
  loader.load("duckdb_destroy_prepare", library.destroy_prepare);
  loader.load("duckdb_prepare_error", library.prepare_error);
  loader.load("duckdb_execute_prepared", library.execute_prepared);
  loader.load("duckdb_bind_varchar_length", library.bind_varchar_length);
  loader.load("duckdb_pending_prepared_streaming", library.pending_prepared_streaming);
  loader.load("duckdb_execute_pending", library.execute_pending);
  loader.load("duckdb_pending_error", library.pending_error);
  loader.load("duckdb_destroy_pending", library.destroy_pending);
  loader.load("duckdb_destroy_result", library.destroy_result);
  loader.load("duckdb_result_error", library.result_error);
  loader.load("duckdb_result_error_type", library.result_error_type);
  loader.load("duckdb_result_statement_type", library.result_statement_type);
  loader.load("duckdb_column_count", library.column_count);
  loader.load("duckdb_column_name", library.column_name);
  loader.load("duckdb_column_logical_type", library.column_logical_type);
  loader.load("duckdb_destroy_logical_type", library.destroy_logical_type);
  loader.load("duckdb_fetch_chunk", library.fetch_chunk);
  loader.load("duckdb_result_get_arrow_options", library.result_get_arrow_options);
  loader.load("duckdb_destroy_arrow_options", library.destroy_arrow_options);
  loader.load("duckdb_connection_get_arrow_options",
              library.connection_get_arrow_options);
  loader.load("duckdb_to_arrow_schema", library.to_arrow_schema);
  loader.load("duckdb_data_chunk_to_arrow", library.data_chunk_to_arrow);
  loader.load("duckdb_schema_from_arrow", library.schema_from_arrow);
  loader.load("duckdb_destroy_arrow_converted_schema",
              library.destroy_arrow_converted_schema);
  loader.load("duckdb_data_chunk_from_arrow", library.data_chunk_from_arrow);
  loader.load("duckdb_prepared_statement_column_count",
              library.prepared_statement_column_count);
  loader.load("duckdb_prepared_statement_column_name",
              library.prepared_statement_column_name);
  loader.load("duckdb_prepared_statement_column_logical_type",
              library.prepared_statement_column_logical_type);
  loader.load("duckdb_error_data_has_error", library.error_data_has_error);
  loader.load("duckdb_error_data_message", library.error_data_message);
  loader.load("duckdb_destroy_error_data", library.destroy_error_data);
  loader.load("duckdb_data_chunk_get_size", library.data_chunk_get_size);
  loader.load("duckdb_data_chunk_set_size", library.data_chunk_set_size);
  loader.load("duckdb_data_chunk_get_vector", library.data_chunk_get_vector);
  loader.load("duckdb_destroy_data_chunk", library.destroy_data_chunk);
  loader.load("duckdb_data_chunk_get_column_count", library.data_chunk_get_column_count);
  loader.load("duckdb_vector_get_column_type", library.vector_get_column_type);
  loader.load("duckdb_vector_get_data", library.vector_get_data);
  loader.load("duckdb_vector_size", library.vector_size);
  loader.load("duckdb_vector_reference_vector", library.vector_reference_vector);
  loader.load("duckdb_string_t_length", library.string_t_length);
  loader.load("duckdb_string_t_data", library.string_t_data);
  loader.load("duckdb_create_logical_type", library.create_logical_type);
  loader.load("duckdb_get_type_id", library.get_type_id);
  loader.load("duckdb_list_type_child_type", library.list_type_child_type);
  loader.load("duckdb_array_type_child_type", library.array_type_child_type);
  loader.load("duckdb_map_type_key_type", library.map_type_key_type);
  loader.load("duckdb_map_type_value_type", library.map_type_value_type);
  loader.load("duckdb_struct_type_child_count", library.struct_type_child_count);
  loader.load("duckdb_struct_type_child_type", library.struct_type_child_type);
  loader.load("duckdb_get_varchar", library.get_varchar);
  loader.load("duckdb_destroy_value", library.destroy_value);
  loader.load("duckdb_create_table_function", library.create_table_function);
  loader.load("duckdb_destroy_table_function", library.destroy_table_function);
  loader.load("duckdb_table_function_set_name", library.table_function_set_name);
  loader.load("duckdb_table_function_add_parameter",
              library.table_function_add_parameter);
  loader.load("duckdb_table_function_set_extra_info",
              library.table_function_set_extra_info);
  loader.load("duckdb_table_function_set_bind", library.table_function_set_bind);
  loader.load("duckdb_table_function_set_init", library.table_function_set_init);
  loader.load("duckdb_table_function_set_local_init",
              library.table_function_set_local_init);
  loader.load("duckdb_table_function_set_function", library.table_function_set_function);
  loader.load("duckdb_table_function_supports_projection_pushdown",
              library.table_function_supports_projection_pushdown);
  loader.load("duckdb_table_function_get_client_context",
              library.table_function_get_client_context);
  loader.load("duckdb_register_table_function", library.register_table_function);
  loader.load("duckdb_bind_get_extra_info", library.bind_get_extra_info);
  loader.load("duckdb_bind_get_parameter", library.bind_get_parameter);
  loader.load("duckdb_bind_add_result_column", library.bind_add_result_column);
  loader.load("duckdb_bind_set_bind_data", library.bind_set_bind_data);
  loader.load("duckdb_bind_set_error", library.bind_set_error);
  loader.load("duckdb_bind_set_cardinality", library.bind_set_cardinality);
  loader.load("duckdb_init_get_bind_data", library.init_get_bind_data);
  loader.load("duckdb_init_get_column_count", library.init_get_column_count);
  loader.load("duckdb_init_get_column_index", library.init_get_column_index);
  loader.load("duckdb_init_set_init_data", library.init_set_init_data);
  loader.load("duckdb_init_set_max_threads", library.init_set_max_threads);
  loader.load("duckdb_init_set_error", library.init_set_error);
  loader.load("duckdb_function_get_bind_data", library.function_get_bind_data);
  loader.load("duckdb_function_get_init_data", library.function_get_init_data);
  loader.load("duckdb_function_get_local_init_data",
              library.function_get_local_init_data);
  loader.load("duckdb_function_set_error", library.function_set_error);
  loader.load("duckdb_connection_get_client_context",
              library.connection_get_client_context);
  loader.load("duckdb_client_context_get_connection_id",
              library.client_context_get_connection_id);
  loader.load("duckdb_destroy_client_context", library.destroy_client_context);
}

// The folder of the library, or the program, that this code is in.
std::filesystem::path own_folder() {
  Dl_info info;
  if (::dladdr(reinterpret_cast<void*>(&own_folder), &info) == 0) return {};
  return std::filesystem::path(info.dli_fname).parent_path();
}

std::vector<std::string> candidates() {
  if (const char* given = std::getenv("VELO_DUCKDB_LIBRARY")) return {given};
  std::vector<std::string> paths;
  const std::filesystem::path folder = own_folder();
  if (!folder.empty()) paths.push_back((folder / kFileName).string());
  if (const std::string built = VELO_DUCKDB_BUILD_PATH; !built.empty())
    paths.push_back(built);
  paths.emplace_back(kFileName);
  return paths;
}

Result<void*> open_library() {
  const std::vector<std::string> paths = candidates();
  for (const std::string& path : paths) {
    if (void* library = ::dlopen(path.c_str(), RTLD_LOCAL | RTLD_NOW)) return library;
    // A file that is there and cannot be loaded explains itself.
    std::error_code ignored;
    if (path.find('/') != std::string::npos && std::filesystem::exists(path, ignored)) {
      return make_error(ErrorKind::kSystem, {.resource = path}, ::dlerror());
    }
  }
  return make_error(
      ErrorKind::kNotFound, {},
      fmt::format(
          "SQL needs DuckDB, which is not there: looked for {}; install {}, or name it "
          "in VELO_DUCKDB_LIBRARY",
          fmt::join(paths, ", "), kFileName));
}

Result<DuckdbLibrary> load() {
  ARROW_ASSIGN_OR_RAISE(void* handle, open_library());
  DuckdbLibrary library;
  FunctionLoader loader(handle);
  load_functions(loader, library);
  if (!loader.missing().empty()) {
    return make_error(ErrorKind::kSystem, {.resource = kFileName},
                      fmt::format("this DuckDB has no {}: one of version {} is needed",
                                  loader.missing(), VELO_DUCKDB_VERSION));
  }
  return library;
}

}  // namespace

Result<const DuckdbLibrary*> DuckdbLibrary::get() {
  static const Result<DuckdbLibrary> library = load();
  ARROW_RETURN_NOT_OK(library);
  return &*library;
}

}  // namespace velo::sql
