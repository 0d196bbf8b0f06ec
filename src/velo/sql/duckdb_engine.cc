#include "velo/sql/duckdb_engine.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <thread>
#include <utility>

#include "velo/sql/duckdb_query.h"
#include "velo/sql/duckdb_source_function.h"

namespace velo::sql {
namespace {

std::string in_quotes(std::string_view text, char quote) {
  std::string result(1, quote);
  for (const char c : text) {
    if (c == quote) result += quote;
    result += c;
  }
  return result + quote;
}

// A folder of this process alone that DuckDB may spill to; without one it does not spill.
class SpillFolder {
 public:
  SpillFolder() {
    std::error_code error;
    auto parent = std::filesystem::temp_directory_path(error);
    if (error) return;
    std::string path = parent / "velo-sql-XXXXXX";
    if (::mkdtemp(path.data()) != nullptr) path_ = path;
  }
  ~SpillFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  SpillFolder(const SpillFolder&) = delete;
  SpillFolder& operator=(const SpillFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The text in the last column of a result's rows.
class TextResult {
 public:
  explicit TextResult(const DuckdbLibrary& library) : library_(library) {}
  ~TextResult() { library_.destroy_result(&result_); }
  duckdb_result* get() { return &result_; }

  std::string last_column() {
    std::string text;
    const idx_t column = library_.column_count(&result_) - 1;
    while (true) {
      DuckdbHandle<duckdb_data_chunk> chunk(library_.destroy_data_chunk,
                                            library_.fetch_chunk(result_));
      if (!chunk) return text;
      auto* values = static_cast<duckdb_string_t*>(
          library_.vector_get_data(library_.data_chunk_get_vector(chunk.get(), column)));
      for (idx_t i = 0; i < library_.data_chunk_get_size(chunk.get()); ++i) {
        text.append(library_.string_t_data(&values[i]),
                    library_.string_t_length(values[i]));
      }
    }
  }

 private:
  const DuckdbLibrary& library_;
  duckdb_result result_{};
};

class Engine : public DuckdbEngine {
 public:
  Engine(const DuckdbLibrary& library, const Registry& registry)
      : database_(library, registry) {}

  Status open(const Options& options) {
    const int num_threads =
        options.num_threads > 0
            ? options.num_threads
            : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    ARROW_RETURN_NOT_OK(
        database_.open(options.memory_bytes, num_threads, spill_folder_.path()));
    ARROW_ASSIGN_OR_RAISE(const auto connection,
                          DuckdbConnection::open(database_, nullptr));
    ARROW_RETURN_NOT_OK(connection->run("SET GLOBAL TimeZone = 'UTC'"));
    // Not when it is opened: only now does the folder for spilling stay within reach.
    ARROW_RETURN_NOT_OK(connection->run("SET GLOBAL enable_external_access = false"));
    ARROW_RETURN_NOT_OK(connection->run("SET GLOBAL lock_configuration = true"));
    ARROW_RETURN_NOT_OK(register_source_function(database_, ""));
    for (const Connector& connector : database_.registry().connectors()) {
      if (!connector.create_source) continue;
      ARROW_RETURN_NOT_OK(
          register_source_function(database_, std::string(connector.scheme)));
    }
    return Status::OK();
  }

  Result<std::string> parse(const SqlText& select) override {
    ARROW_ASSIGN_OR_RAISE(const auto connection,
                          DuckdbConnection::open(database_, nullptr));
    const DuckdbLibrary& library = database_.library();
    DuckdbHandle<duckdb_prepared_statement> statement(library.destroy_prepare);
    if (library.prepare(connection->get(), "SELECT json_serialize_sql($1::VARCHAR)",
                        statement.out()) != DuckDBSuccess) {
      return connection->error_of(library.prepare_error(statement.get()), select);
    }
    const std::string_view text = select.text();
    if (library.bind_varchar_length(statement.get(), 1, text.data(), text.size()) !=
        DuckDBSuccess) {
      return select.error_at(0, ErrorKind::kInvalidArgument, "this is not UTF-8");
    }
    TextResult result(library);
    if (library.execute_prepared(statement.get(), result.get()) != DuckDBSuccess) {
      return connection->error_of(library.result_error(result.get()), select);
    }
    std::string tree = result.last_column();
    if (tree.starts_with(R"({"error":true)"))
      return connection->error_of(tree.c_str(), select);
    return tree;
  }

  Status create_view(const std::string& name, const SqlText& select,
                     std::shared_ptr<StatementSources> sources) override {
    ARROW_ASSIGN_OR_RAISE(const auto connection,
                          DuckdbConnection::open(database_, std::move(sources)));
    const std::string begin =
        fmt::format("CREATE OR REPLACE VIEW {} AS ", in_quotes(name, '"'));
    return connection->run(begin + std::string(select.text()), select, begin.size());
  }

  Status create_view(const std::string& name, const Uri& uri,
                     std::shared_ptr<StatementSources> sources) override {
    std::string text = fmt::format("SELECT * FROM {}({})", kSourceFunction,
                                   in_quotes(print_uri(uri), '\''));
    const size_t size = text.size();
    const auto script = std::make_shared<const Script>(name, std::move(text));
    return create_view(name, SqlText{script, 0, size}, std::move(sources));
  }

  Result<std::unique_ptr<DuckdbQuery>> prepare(
      const SqlText& select, std::shared_ptr<StatementSources> sources) override {
    return prepare_query(database_, select, std::move(sources));
  }

  Result<std::string> explain(const SqlText& select,
                              std::shared_ptr<StatementSources> sources) override {
    ARROW_ASSIGN_OR_RAISE(const auto connection,
                          DuckdbConnection::open(database_, std::move(sources)));
    const std::string text = "EXPLAIN (FORMAT JSON) " + std::string(select.text());
    TextResult result(database_.library());
    if (database_.library().query(connection->get(), text.c_str(), result.get()) !=
        DuckDBSuccess) {
      return connection->error_of(database_.library().result_error(result.get()), select,
                                  text.size() - select.text().size());
    }
    return result.last_column();
  }

 private:
  const SpillFolder spill_folder_;
  DuckdbDatabase database_;
};

}  // namespace

Result<std::unique_ptr<DuckdbEngine>> DuckdbEngine::open(const Options& options,
                                                         const Registry& registry) {
  ARROW_ASSIGN_OR_RAISE(const DuckdbLibrary* library, DuckdbLibrary::get());
  auto engine = std::make_unique<Engine>(*library, registry);
  ARROW_RETURN_NOT_OK(engine->open(options));
  return engine;
}

}  // namespace velo::sql
