#include "log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "terminal_text.h"

namespace velo::cli {
namespace {

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    default:
      return "error";
  }
}

// RFC 3339, in UTC.
std::string now_in_utc() {
  using std::chrono::milliseconds;
  const auto now =
      std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
  const auto second = std::chrono::time_point_cast<std::chrono::seconds>(now);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(second)),
                     (now - second).count());
}

// Names may be of any bytes: what is no UTF-8 is replaced.
std::string quoted(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', /*ensure_ascii=*/false,
                                   nlohmann::json::error_handler_t::replace);
}

std::string json_of(const LogEvent& event) {
  std::string object = fmt::format(R"({{"ts":"{}","level":"{}","event":{})", now_in_utc(),
                                   name_of(event.level), quoted(event.name));
  const auto add = [&](const LogField& field) {
    object += fmt::format(",{}:{}", quoted(field.name), field.json);
  };
  if (!event.pipeline.empty()) add({"pipeline", event.pipeline});
  if (!event.message.empty()) add({"message", event.message});
  for (const LogField& field : event.fields) add(field);
  return object + "}";
}

}  // namespace

LogField::LogField(std::string_view field, int64_t value)
    : name(field), json(std::to_string(value)) {}
LogField::LogField(std::string_view field, double value)
    : name(field), json(nlohmann::json(value).dump()) {}
LogField::LogField(std::string_view field, bool value)
    : name(field), json(value ? "true" : "false") {}
LogField::LogField(std::string_view field, std::string_view value)
    : name(field), json(quoted(value)) {}

Log::Log(std::FILE* file) : file_(file), is_terminal_(::isatty(::fileno(file)) == 1) {}

void Log::set_format(LogFormat format) {
  std::lock_guard lock(mutex_);
  format_ = format;
}

LogFormat Log::format() const {
  std::lock_guard lock(mutex_);
  return format_;
}

void Log::write(const LogEvent& event) {
  std::lock_guard lock(mutex_);
  if (format_ == LogFormat::kJson) {
    put(json_of(event) + "\n");
  } else if (!event.message.empty()) {
    clear_line();
    put(fmt::format("{}{}\n", event.level == LogLevel::kInfo ? "" : "velo: ",
                    for_terminal(event.message)));
  }
}

bool Log::shows() const {
  std::lock_guard lock(mutex_);
  return is_terminal_ && format_ == LogFormat::kText;
}

void Log::show(std::string_view line) {
  if (!shows()) return;
  std::lock_guard lock(mutex_);
  has_line_ = true;
  put(fmt::format("\r\x1b[K{}", for_terminal(line)));
}

void Log::clear() {
  std::lock_guard lock(mutex_);
  clear_line();
}

void Log::clear_line() {
  if (!has_line_) return;
  has_line_ = false;
  put("\r\x1b[K");
}

// Whether anybody can read it is not what the program is about.
void Log::put(std::string_view text) {
  (void)std::fwrite(text.data(), 1, text.size(), file_);
  (void)std::fflush(file_);
}

Log& log() {
  static Log the_log(stderr);
  return the_log;
}

Result<LogFormat> parse_log_format(std::string_view name, std::string_view setting) {
  if (name == "text") return LogFormat::kText;
  if (name == "json") return LogFormat::kJson;
  return make_error(ErrorKind::kInvalidArgument, {},
                    fmt::format("{}={}: text or json is expected", setting, name));
}

LogEvent error_event(const Status& status) {
  const ErrorKind kind = kind_of(status);
  LogEvent event{.name = "error", .level = LogLevel::kError, .message = status.message()};
  event.fields.emplace_back("kind", to_string(kind));
  if (const ErrorContext* context = context_of(status)) {
    const std::pair<std::string_view, const std::string&> parts[] = {
        {"connector", context->connector},
        {"resource", context->resource},
        {"position", context->position},
        {"vendor_code", context->vendor_code}};
    for (const auto& [name, value] : parts) {
      if (!value.empty()) event.fields.emplace_back(name, std::string_view(value));
    }
  }
  return event;
}

}  // namespace velo::cli
