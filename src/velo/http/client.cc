#include "velo/http/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "velo/base/ascii.h"
#include "velo/base/catch_to_status.h"
#include "velo/base/parse_number.h"
#include "velo/base/percent_encoding.h"
#include "velo/http/failure.h"
#include "velo/http/libcurl.h"

namespace velo::http {
namespace {

// A stop is seen at the latest after so long.
constexpr int kPollMilliseconds = 200;
constexpr long kReceiveBytes = 256 * 1024;
constexpr long kSendBytes = 512 * 1024;

class CurlClient : public Client {
 public:
  CurlClient(const Libcurl& library, ClientOptions options)
      : library_(library),
        options_(std::move(options)),
        multi_(library.multi_init(), library.multi_cleanup),
        easy_(library.easy_init(), library.easy_cleanup),
        lines_(nullptr, library.slist_free_all) {}

  ~CurlClient() override { drop(); }

  bool is_open() const { return multi_ && easy_; }

  Status start(const Request& request, std::stop_token stop) override {
    drop();
    request_ = request;
    failure_ = Status::OK();
    received_.clear();
    taken_ = 0;
    status_ = 0;
    headers_.clear();
    has_head_ = false;
    ended_ = false;
    set_options();
    const CURLMcode added = library_.multi_add_handle(multi_.get(), easy_.get());
    if (added != CURLM_OK) return broken(added);
    running_ = true;
    moved_at_ = Time::now();
    const Status status = wait([this] { return has_head_; }, stop);
    // What fails after the head is for read() to say, behind the bytes before it.
    return has_head_ ? Status::OK() : status;
  }

  int status() const override { return status_; }

  const std::string* header(std::string_view name) const override {
    const std::string lower = ascii_lower(name);
    const auto found = std::ranges::find(headers_, lower, &Headers::value_type::first);
    return found == headers_.end() ? nullptr : &found->second;
  }

  const Headers& headers() const override { return headers_; }

  Result<std::string_view> read(std::stop_token stop) override {
    received_.erase(0, std::exchange(taken_, 0));
    if (received_.empty()) {
      moved_at_ = Time::now();
      const Status status = wait([this] { return !received_.empty(); }, stop);
      // What came before a failure is read before it.
      if (received_.empty()) ARROW_RETURN_NOT_OK(status);
    }
    taken_ = received_.size();
    return std::string_view(received_);
  }

 private:
  using Time = std::chrono::steady_clock;

  template <typename Value>
  void set(CURLoption option, Value value) {
    library_.easy_setopt(easy_.get(), option, value);
  }

  void set_options() {
    library_.easy_reset(easy_.get());
    words_.fill(0);
    set(CURLOPT_ERRORBUFFER, words_.data());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
    set(CURLOPT_BUFFERSIZE, kReceiveBytes);
    set(CURLOPT_UPLOAD_BUFFERSIZE, kSendBytes);
    set(CURLOPT_URL, request_.url.c_str());
    set(CURLOPT_WRITEFUNCTION, &CurlClient::on_bytes);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_HEADERFUNCTION, &CurlClient::on_header);
    set(CURLOPT_HEADERDATA, this);
    set_method();
    set_lines();
  }

  void set_method() {
    if (request_.method == "HEAD") return set(CURLOPT_NOBODY, 1L);
    if (request_.method == "GET") return set(CURLOPT_HTTPGET, 1L);
    set(CURLOPT_POST, 1L);
    if (request_.method != "POST") set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    if (request_.body == nullptr) {
      const std::string_view text = request_.text.view();
      set(CURLOPT_POSTFIELDS, text.data());
      return set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(text.size()));
    }
    set(CURLOPT_READFUNCTION, &CurlClient::on_wanted);
    set(CURLOPT_READDATA, this);
    set(CURLOPT_POSTFIELDSIZE_LARGE,
        static_cast<curl_off_t>(request_.body->num_bytes().value_or(-1)));
    set(CURLOPT_FRESH_CONNECT, 1L);
  }

  void set_lines() {
    curl_slist* lines = library_.slist_append(nullptr, "Expect:");
    if (request_.body && !request_.body->num_bytes()) {
      lines = library_.slist_append(lines, "Transfer-Encoding: chunked");
    }
    for (const auto& [name, value] : request_.headers) {
      // "Name;" is how libcurl is told of a header without a value.
      const std::string line = value.empty() ? name + ";" : name + ": " + value;
      lines = library_.slist_append(lines, line.c_str());
    }
    lines_.reset(lines);
    set(CURLOPT_HTTPHEADER, lines_.get());
  }

  static size_t on_bytes(char* bytes, size_t, size_t size, void* client) {
    auto& self = *static_cast<CurlClient*>(client);
    self.moved_at_ = Time::now();
    self.received_.append(bytes, size);
    return size;
  }

  static size_t on_header(char* bytes, size_t, size_t size, void* client) {
    static_cast<CurlClient*>(client)->take_header({bytes, size});
    return size;
  }

  static size_t on_wanted(char* bytes, size_t, size_t size, void* client) {
    auto& self = *static_cast<CurlClient*>(client);
    self.moved_at_ = Time::now();
    Result<size_t> read = size_t{0};
    self.failure_ = catch_to_status("while sending", [&] {
      read = self.request_.body->read({bytes, size});
      return read.status();
    });
    return self.failure_.ok() ? *read : CURL_READFUNC_ABORT;
  }

  void take_header(std::string_view line) {
    moved_at_ = Time::now();
    line = trim(line);
    if (line.starts_with("HTTP/")) {
      headers_.clear();  // those before were of an interim answer
    } else if (line.empty()) {
      long status = 0;
      library_.easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
      status_ = static_cast<int>(status);
      has_head_ = status_ >= 200;
    } else if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
      headers_.emplace_back(ascii_lower(line.substr(0, colon)),
                            trim(line.substr(colon + 1)));
    }
  }

  // Until `condition` holds or the answer has ended.
  template <typename Condition>
  Status wait(Condition condition, const std::stop_token& stop) {
    while (!condition() && !ended_) {
      if (stop.stop_requested()) return fail(ErrorKind::kCancelled, "stopped");
      int num_running = 0;
      const CURLMcode performed = library_.multi_perform(multi_.get(), &num_running);
      if (performed != CURLM_OK) return broken(performed);
      ARROW_RETURN_NOT_OK(look_for_the_end());
      if (condition() || ended_) break;
      if (Time::now() - moved_at_ > options_.idle_timeout) {
        return fail(ErrorKind::kTransient,
                    fmt::format("nothing has come for {} s",
                                options_.idle_timeout.count() / 1000));
      }
      library_.multi_poll(multi_.get(), nullptr, 0, kPollMilliseconds, nullptr);
    }
    return failure_;
  }

  Status look_for_the_end() {
    int num_left = 0;
    while (const CURLMsg* message = library_.multi_info_read(multi_.get(), &num_left)) {
      if (message->msg != CURLMSG_DONE) continue;
      ended_ = true;
      const CURLcode code = message->data.result;
      drop();
      if (failure_.ok() && code != CURLE_OK) failure_ = failure_of(code);
      // libcurl 7.88 takes a head that was cut for a whole answer.
      if (failure_.ok() && !has_head_) {
        return fail(ErrorKind::kTransient,
                    "the connection is lost: it ended in the head of the answer");
      }
      return failure_;
    }
    return Status::OK();
  }

  Status failure_of(CURLcode code) const {
    const ErrorKind kind = classify_curl_code(code);
    std::string words = words_.data();
    if (words.empty()) words = library_.easy_strerror(code);
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST) {
      words = fmt::format(
          "cannot connect: {}; is the server there, and does it listen at this address?",
          words);
    } else {
      words = fmt::format(
          "{}: {}",
          kind == ErrorKind::kTransient ? "the connection is lost" : "cannot connect",
          words);
    }
    return make_error(kind, context(), std::move(words));
  }

  Status broken(CURLMcode code) {
    return fail(ErrorKind::kSystem, library_.multi_strerror(code));
  }

  Status fail(ErrorKind kind, std::string message) {
    drop();
    ended_ = true;
    return failure_ = make_error(kind, context(), std::move(message));
  }

  const ErrorContext& context() const {
    return request_.context ? *request_.context : options_.context;
  }

  // The connection is kept where the answer was read to its end.
  void drop() {
    if (std::exchange(running_, false)) {
      library_.multi_remove_handle(multi_.get(), easy_.get());
      request_.text = {};
    }
  }

  const Libcurl& library_;
  const ClientOptions options_;
  const std::unique_ptr<CURLM, decltype(&::curl_multi_cleanup)> multi_;
  const std::unique_ptr<CURL, decltype(&::curl_easy_cleanup)> easy_;
  std::unique_ptr<curl_slist, decltype(&::curl_slist_free_all)> lines_;
  std::array<char, CURL_ERROR_SIZE> words_{};

  Request request_;
  Status failure_;
  bool running_ = false;
  bool has_head_ = false;
  bool ended_ = true;
  int status_ = 0;
  Headers headers_;  // names in lower case
  std::string received_;
  size_t taken_ = 0;  // of received_, by the last read()
  Time::time_point moved_at_;
};

// A date as HTTP writes it, in seconds since 1970.
std::optional<time_t> date_of(const std::string& text) {
  const auto library = libcurl();
  if (!library.ok()) return std::nullopt;
  const time_t date = (*library)->getdate(text.c_str(), nullptr);
  return date < 0 ? std::nullopt : std::optional(date);
}

}  // namespace

Result<std::unique_ptr<Client>> Client::make(ClientOptions options) {
  ARROW_ASSIGN_OR_RAISE(const Libcurl* library, libcurl());
  auto client = std::make_unique<CurlClient>(*library, std::move(options));
  if (client->is_open()) return client;
  return make_error(ErrorKind::kSystem, {}, "the HTTP library has no memory left");
}

Result<Answer> Client::send(const Request& request, size_t max_bytes,
                            std::stop_token stop) {
  ARROW_RETURN_NOT_OK(start(request, stop));
  Answer answer{.status = status(), .body = {}};
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const std::string_view bytes, read(stop));
    if (bytes.empty()) return answer;
    answer.body += bytes;
    if (answer.body.size() > max_bytes) {
      return make_error(ErrorKind::kCorruptData, {},
                        fmt::format("the answer has more than {} bytes", max_bytes));
    }
  }
}

std::optional<std::chrono::milliseconds> Client::retry_after() const {
  const std::string* text = header("retry-after");
  if (!text) return std::nullopt;
  if (const auto seconds = parse_number<uint32_t>(*text)) {
    return std::chrono::seconds(*seconds);
  }
  const auto then = date_of(*text);
  if (!then) return std::nullopt;
  const std::string* date = header("date");
  const auto now = date ? date_of(*date) : std::nullopt;
  const std::chrono::seconds wait(*then - now.value_or(std::time(nullptr)));
  return std::max(wait, std::chrono::seconds(0));
}

std::string encode_component(std::string_view text, std::string_view allowed) {
  std::string encoded;
  for (const char c : text) {
    if (is_ascii_letter(c) || is_ascii_digit(c) || is_one_of(c, "-_.~") ||
        is_one_of(c, allowed)) {
      encoded += c;
    } else {
      encoded += escape_of(c);
    }
  }
  return encoded;
}

std::string query_string(const Headers& parameters) {
  std::string text;
  for (const auto& [name, value] : parameters) {
    if (!text.empty()) text += '&';
    text += encode_component(name) + '=' + encode_component(value);
  }
  return text;
}

}  // namespace velo::http
