#include "velo/connectors/clickhouse/client.h"

#include <arrow/array.h>
#include <fmt/format.h>

#include <utility>

#include "velo/base/parse_number.h"
#include "velo/connectors/clickhouse/server_error.h"
#include "velo/http/failure.h"

namespace velo::clickhouse {
namespace {

constexpr size_t kMaxErrorBytes = size_t{1} << 20;

Status error_of(const ServerError& error, const std::string& shown) {
  std::string words = error.words;
  if (classify_server_error(error.code) == ErrorKind::kUnauthenticated) {
    words +=
        "; user and password come from the URI, or CLICKHOUSE_USER and "
        "CLICKHOUSE_PASSWORD";
  }
  return make_error(classify_server_error(error.code),
                    {.connector = "clickhouse",
                     .resource = shown,
                     .vendor_code = std::to_string(error.code)},
                    fmt::format("{} (code {})", words, error.code));
}

}  // namespace

bool is_answer(const Status& failure) {
  const ErrorContext* context = context_of(failure);
  return context && !context->vendor_code.empty();
}

int code_of(const Status& failure) {
  const ErrorContext* context = context_of(failure);
  return context ? parse_number<int>(context->vendor_code).value_or(0) : 0;
}

Rows::Rows(std::vector<std::shared_ptr<arrow::RecordBatch>> blocks)
    : blocks_(std::move(blocks)) {
  for (const auto& block : blocks_) num_rows_ += block->num_rows();
}

std::string Rows::text(int64_t row, int column) const {
  for (const auto& block : blocks_) {
    if (row < block->num_rows()) {
      return static_cast<const arrow::StringArray&>(*block->column(column))
          .GetString(row);
    }
    row -= block->num_rows();
  }
  return {};
}

uint64_t Rows::number(int64_t row, int column) const {
  return parse_number<uint64_t>(text(row, column)).value_or(0);
}

Result<std::unique_ptr<Client>> Client::make(const ClickhouseOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto http,
                        http::Client::make({.context = {.connector = "clickhouse",
                                                        .resource = options.shown}}));
  return std::unique_ptr<Client>(new Client(options, std::move(http)));
}

http::Request Client::request_of(const Query& query, http::Body* rows) const {
  http::Headers parameters = query.settings;
  parameters.emplace_back("database", options_.database);
  if (!query.id.empty()) parameters.emplace_back("query_id", query.id);
  if (rows) parameters.emplace_back("query", query.sql);
  http::Request request{.method = "POST",
                        .url = options_.address + "?" + http::query_string(parameters),
                        .headers = {{"Content-Type", "application/octet-stream"}},
                        .text = rows ? std::string() : query.sql,
                        .body = rows};
  if (!options_.user.empty()) {
    request.headers.emplace_back("X-ClickHouse-User", options_.user);
    request.headers.emplace_back("X-ClickHouse-Key", options_.password);
  }
  return request;
}

Status Client::send(const Query& query, http::Body* rows, const std::stop_token& stop) {
  stop_ = stop.stop_possible() ? stop : usual_stop_;
  ARROW_RETURN_NOT_OK(http_->start(request_of(query, rows), stop_));
  return check_status();
}

Status Client::check_status() {
  const int status = http_->status();
  if (status < 400) return Status::OK();
  ServerError error = parse_server_error(read_words());
  if (error.code != 0) return error_of(error, options_.shown);
  if (error.words.empty()) error.words = "no reason was given";
  return make_error(
      http::classify_status(status),
      {.connector = "clickhouse",
       .resource = options_.shown,
       .retry_after = http_->retry_after()},
      fmt::format("the answer was HTTP status {}: {}", status, error.words));
}

// Where the connection ends with the words, they count.
std::string Client::read_words() {
  std::string words;
  while (words.size() < kMaxErrorBytes) {
    const auto bytes = next();
    if (!bytes.ok() || bytes->empty()) break;
    words += *bytes;
  }
  return words;
}

Status Client::read_to_the_end() {
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const std::string_view bytes, next());
    if (bytes.empty()) return Status::OK();
  }
}

// The whole answer is made before it is sent, so that its status tells how it went.
Status Client::execute(const Query& query, std::stop_token stop) {
  Query whole = query;
  whole.settings.emplace_back("wait_end_of_query", "1");
  ARROW_RETURN_NOT_OK(send(whole, nullptr, stop));
  return read_to_the_end();
}

Result<Rows> Client::query(const Query& query, std::stop_token stop) {
  Query whole = query;
  whole.settings.emplace_back("wait_end_of_query", "1");
  ARROW_RETURN_NOT_OK(start(whole, std::move(stop)));
  BlockDecoder decoder(*this);
  std::vector<std::shared_ptr<arrow::RecordBatch>> blocks;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto block, decoder.next());
    if (!block) return Rows(std::move(blocks));
    for (const auto& field : block->schema()->fields()) {
      if (field->type()->id() == arrow::Type::STRING) continue;
      return make_error(ErrorKind::kInternal, {.connector = "clickhouse"},
                        fmt::format("column '{}' is {}, and not text", field->name(),
                                    field->type()->ToString()));
    }
    blocks.push_back(std::move(block));
  }
}

Status Client::insert(const Query& query, http::Body& rows, std::stop_token stop) {
  Query whole = query;
  whole.settings.emplace_back("wait_end_of_query", "1");
  ARROW_RETURN_NOT_OK(send(whole, &rows, stop));
  return read_to_the_end();
}

Status Client::start(const Query& query, std::stop_token stop) {
  Query native = query;
  native.settings.emplace_back("default_format", "Native");
  return send(native, nullptr, stop);
}

Status Client::explain(const Status& failure, std::string_view last_bytes) {
  if (kind_of(failure) == ErrorKind::kCancelled) return failure;
  const std::string* tag = http_->header("X-ClickHouse-Exception-Tag");
  if (!tag) return failure;
  const ServerError error =
      find_server_error(std::string(last_bytes) + read_words(), *tag);
  return error.code == 0 ? failure : error_of(error, options_.shown);
}

}  // namespace velo::clickhouse
