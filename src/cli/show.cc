#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "command.h"
#include "sql_arguments.h"
#include "velo/api.h"
#include "verb.h"

namespace velo::cli {
namespace {

// What CLI11 asks of a check: nothing, or what is wrong.
std::string is_count(const std::string& text) {
  int64_t number = 0;
  if (CLI::detail::lexical_cast(text, number) && number > 0) return "";
  return fmt::format("'{}' is not a whole number from 1", text);
}

struct ShowArguments {
  SqlArguments sql;
  int64_t num_rows = 20;
};

class FirstRowsReader : public DataReader {
 public:
  FirstRowsReader(std::unique_ptr<DataReader> reader, int64_t num_rows)
      : reader_(std::move(reader)), rows_left_(num_rows) {}

  Result<std::optional<Batch>> read(std::stop_token stop) override {
    if (has_read_ && rows_left_ == 0) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(auto batch, reader_->read(std::move(stop)));
    if (!batch) return batch;
    has_read_ = true;
    batch->rows = batch->rows->Slice(0, std::min(rows_left_, batch->rows->num_rows()));
    rows_left_ -= batch->rows->num_rows();
    return batch;
  }

 private:
  const std::unique_ptr<DataReader> reader_;
  int64_t rows_left_;
  bool has_read_ = false;
};

class FirstRowsSource : public DataSource {
 public:
  FirstRowsSource(std::unique_ptr<DataSource> source, int64_t num_rows)
      : source_(std::move(source)), num_rows_(num_rows) {}

  Result<std::shared_ptr<arrow::Schema>> fetch_schema() override {
    return source_->fetch_schema();
  }
  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions& options) override {
    ReadOptions first = options;
    first.limit = num_rows_;
    first.once = source_->supports_batch();
    ARROW_ASSIGN_OR_RAISE(auto reader, source_->create_reader(first));
    return std::make_unique<FirstRowsReader>(std::move(reader), num_rows_);
  }
  bool supports_streaming() const override { return source_->supports_streaming(); }
  bool supports_batch() const override { return true; }

 private:
  const std::unique_ptr<DataSource> source_;
  const int64_t num_rows_;
};

Status show_rows(const ShowArguments& arguments, const Interrupts& interrupts) {
  ARROW_ASSIGN_OR_RAISE(SessionOptions options, session_options_of(arguments.sql));
  ARROW_ASSIGN_OR_RAISE(
      const auto sink,
      create_sink(fmt::format("stdout:?format=table&rows={}", arguments.num_rows)));
  options.pipeline_options.emplace_back("once", "true");
  Session session(options);
  ARROW_ASSIGN_OR_RAISE(auto source, source_of(arguments.sql, options.connections,
                                               session, interrupts.token()));
  FirstRowsSource first(std::move(source), arguments.num_rows);
  return explain_stop(copy(first, *sink, {}, interrupts.token()).status(),
                      name_of(arguments.sql), " before its first rows were there");
}

}  // namespace

Verb add_show_verb(CLI::App& program) {
  const auto arguments = std::make_shared<ShowArguments>();
  CLI::App* parser =
      program.add_subcommand("show", "Show the first rows of URI, or of what SQL yields");
  add_sql_options(*parser, arguments->sql, "URI", "URI or path to look at");
  add_stream_option(*parser, arguments->sql);
  parser->add_option("-n,--rows", arguments->num_rows, "Rows to show (20)")
      ->check(is_count);
  return {parser, [arguments] {
            const Interrupts interrupts;
            const Status status = show_rows(*arguments, interrupts);
            return status.ok() ? static_cast<int>(kDone) : report(status);
          }};
}

}  // namespace velo::cli
