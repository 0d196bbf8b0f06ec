#include "velo/connectors/iceberg/rest_catalog.h"

#include <fmt/format.h>

#include <utility>

#include "velo/http/client.h"
#include "velo/http/failure.h"

namespace velo::iceberg {
namespace {

constexpr size_t kMaxAnswerBytes = size_t{512} << 20;
constexpr char kDefaultSeparator[] = "\x1F";

// The words of {"error": {"message": …, "type": …}}, else the beginning of what came.
std::string words_of(const std::string& body) {
  const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (json.is_object()) {
    JsonMembers members(json);
    JsonMembers error(members.object_or_empty("error"));
    if (std::string words = error.text_or("message", ""); !words.empty()) return words;
  }
  return body.empty() ? "no reason was given" : body.substr(0, 300);
}

class RestCatalog : public Catalog {
 public:
  RestCatalog(const IcebergOptions& options, std::unique_ptr<http::Client> http)
      : options_(options), http_(std::move(http)), base_(options.catalog_uri) {
    while (base_.ends_with('/')) base_.pop_back();
    base_ += "/v1/";
  }

  void set_stop(const std::stop_token& stop) override { stop_ = stop; }

  Status ask_for_settings() {
    std::string url = base_ + "config";
    if (!options_.warehouse.empty()) {
      url += "?" + http::query_string({{"warehouse", options_.warehouse}});
    }
    ARROW_ASSIGN_OR_RAISE(const http::Answer answer, send("GET", url, ""));
    if (answer.status >= 400) return failure_of(answer);
    ARROW_ASSIGN_OR_RAISE(const Json json, parse_json(options_.catalog_uri, answer.body));
    JsonMembers members(json);
    for (const char* part : {"defaults", "overrides"}) {
      for (const auto& [key, value] : members.object_or_empty(part).items()) {
        if (value.is_string()) settings_[key] = value.get<std::string>();
      }
    }
    if (const std::string prefix = setting("prefix"); !prefix.empty()) {
      base_ += prefix + "/";
    }
    return members.status(options_.catalog_uri);
  }

  Result<std::optional<LoadedTable>> load(const TableName& name) override {
    ARROW_ASSIGN_OR_RAISE(const http::Answer answer, send("GET", url_of(name), ""));
    if (answer.status == 404) return std::nullopt;
    if (answer.status >= 400) return failure_of(answer);
    ARROW_ASSIGN_OR_RAISE(const Json json, parse_json(name.shown(), answer.body));
    JsonMembers members(json);
    LoadedTable table;
    table.metadata_location = members.text_or("metadata-location", "");
    const std::string metadata = text_of_json(members.object("metadata"));
    for (const auto& [key, value] : settings_) table.storage[key] = value;
    for (const auto& [key, value] : members.object_or_empty("config").items()) {
      if (value.is_string()) table.storage[key] = value.get<std::string>();
    }
    ARROW_RETURN_NOT_OK(members.status(name.shown()));
    ARROW_ASSIGN_OR_RAISE(table.metadata, parse_table_metadata(name.shown(), metadata));
    return table;
  }

  Result<bool> has_namespace(const TableName& name) override {
    ARROW_ASSIGN_OR_RAISE(const http::Answer answer,
                          send("GET", namespace_url(name), ""));
    if (answer.status == 404) return false;
    if (answer.status >= 400) return failure_of(answer);
    return true;
  }

  Status create_namespace(const TableName& name) override {
    const Json body = {{"namespace", name.levels}, {"properties", Json::object()}};
    ARROW_ASSIGN_OR_RAISE(const http::Answer answer,
                          send("POST", base_ + "namespaces", text_of_json(body)));
    return answer.status < 400 || answer.status == 409 ? Status::OK()
                                                       : failure_of(answer);
  }

  Status create(const TableName& name, const TableSchema& schema) override {
    const Json body = {{"name", name.name},
                       {"schema", json_of(schema)},
                       {"stage-create", false},
                       {"properties", {{"format-version", "2"}}}};
    ARROW_ASSIGN_OR_RAISE(
        const http::Answer answer,
        send("POST", namespace_url(name) + "/tables", text_of_json(body)));
    return answer.status < 400 || answer.status == 409 ? Status::OK()
                                                       : failure_of(answer);
  }

  Status commit(const TableName& name, const LoadedTable& table,
                const TableCommit& commit) override {
    const auto answer =
        send("POST", url_of(name), request_of(commit, table.metadata.uuid));
    if (!answer.ok() && kind_of(answer.status()) == ErrorKind::kCancelled) {
      return answer.status();
    }
    if (!answer.ok()) return unknown(name, answer.status().message());
    if (answer->status < 400) return Status::OK();
    const Status failure = failure_of(*answer);
    if (answer->status >= 500) return unknown(name, failure.message());
    return failure;
  }

 private:
  std::string setting(const std::string& name) const {
    const auto found = settings_.find(name);
    return found == settings_.end() ? std::string() : found->second;
  }

  std::string namespace_url(const TableName& name) const {
    // What it is set to stands in the URL as it is.
    const std::string separator = setting("namespace-separator").empty()
                                      ? http::encode_component(kDefaultSeparator)
                                      : setting("namespace-separator");
    std::string text;
    for (const std::string& level : name.levels) {
      if (!text.empty()) text += separator;
      text += http::encode_component(level);
    }
    return base_ + "namespaces/" + text;
  }

  std::string url_of(const TableName& name) const {
    return namespace_url(name) + "/tables/" + http::encode_component(name.name);
  }

  Result<http::Answer> send(const char* method, const std::string& url,
                            std::string body) {
    http::Request request{
        .method = method,
        .url = url,
        .headers = {{"X-Iceberg-Access-Delegation", "vended-credentials"}},
        .text = std::move(body)};
    if (!request.text.view().empty()) {
      request.headers.emplace_back("Content-Type", "application/json");
    }
    if (!options_.token.empty()) {
      request.headers.emplace_back("Authorization", "Bearer " + options_.token);
    }
    return http_->send(request, kMaxAnswerBytes, stop_);
  }

  Status failure_of(const http::Answer& answer) const {
    const ErrorKind kind = http::classify_status(answer.status);
    std::string words = words_of(answer.body);
    if (kind == ErrorKind::kUnauthenticated) {
      words += "; token= is what the catalog is shown";
    }
    return make_error(kind,
                      {.connector = "iceberg",
                       .resource = options_.shown,
                       .vendor_code = std::to_string(answer.status),
                       .retry_after = http_->retry_after()},
                      fmt::format("the catalog at {} answers {}: {}",
                                  options_.catalog_uri, answer.status, words));
  }

  static Status unknown(const TableName& name, const std::string& words) {
    return make_error(ErrorKind::kCommitStateUnknown,
                      {.connector = "iceberg", .resource = name.shown()}, words);
  }

  const IcebergOptions options_;
  const std::unique_ptr<http::Client> http_;
  std::stop_token stop_;
  std::string base_;  // of all URLs but the first's
  std::map<std::string, std::string> settings_;
};

}  // namespace

Result<std::unique_ptr<Catalog>> open_rest_catalog(const IcebergOptions& options,
                                                   const std::stop_token& stop) {
  ARROW_ASSIGN_OR_RAISE(
      auto http, http::Client::make({.context = {.connector = "iceberg",
                                                 .resource = options.shown + " at " +
                                                             options.catalog_uri},
                                     .idle_timeout = std::chrono::milliseconds(60'000)}));
  auto catalog = std::make_unique<RestCatalog>(options, std::move(http));
  catalog->set_stop(stop);
  ARROW_RETURN_NOT_OK(catalog->ask_for_settings());
  return catalog;
}

}  // namespace velo::iceberg
