#include "command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <optional>
#include <thread>

#include "log.h"

namespace velo::cli {
namespace {

struct InterruptState {
  std::stop_source stop;
  std::atomic<int> signal{0};
  std::optional<std::jthread> waiting;
};

InterruptState& state() {
  static InterruptState the_state;
  return the_state;
}

// Wakes the waiting thread when the program is done; nobody else sends it.
constexpr int kWake = SIGUSR1;

sigset_t awaited_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, kWake}) sigaddset(&signals, signal);
  return signals;
}

void wait_for_signals(const std::stop_token& ended) {
  const sigset_t signals = awaited_signals();
  std::stop_callback wake(ended,
                          [self = ::pthread_self()] { ::pthread_kill(self, kWake); });
  while (!ended.stop_requested()) {
    int signal = 0;
    if (::sigwait(&signals, &signal) != 0 || signal == kWake) continue;
    if (state().signal.exchange(signal) != 0) ::_exit(128 + signal);
    log().write({.name = "stop",
                 .fields = {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}}});
    state().stop.request_stop();
  }
}

bool reader_has_gone(const Status& status) {
  const ErrorContext* context = context_of(status);
  return context != nullptr && context->vendor_code == "EPIPE";
}

}  // namespace

int exit_code_of(const Status& status) {
  if (reader_has_gone(status)) return kDone;  // `velo show … | head` has what it wanted
  switch (kind_of(status)) {
    case ErrorKind::kInvalidArgument:
    case ErrorKind::kNotFound:
    case ErrorKind::kAlreadyExists:
    case ErrorKind::kUnauthenticated:
    case ErrorKind::kPermissionDenied:
    case ErrorKind::kCorruptData:
    case ErrorKind::kSchemaMismatch:
    case ErrorKind::kNotImplemented:
      return kCannotAsAsked;
    case ErrorKind::kInternal:
      return kBug;
    case ErrorKind::kCancelled:
      return state().signal == SIGINT ? kInterrupted : kSystemFailed;
    default:
      return kSystemFailed;
  }
}

Status explain_stop(const Status& status, std::string_view what,
                    std::string_view outcome) {
  const int signal = state().signal;
  if (signal == 0 || status.ok() || kind_of(status) != ErrorKind::kCancelled) {
    return status;
  }
  return status.WithMessage(fmt::format(
      "{}: stopped by {}{}", what, signal == SIGINT ? "Ctrl-C" : "SIGTERM", outcome));
}

int report(const Status& status, const std::string& pipeline) {
  const int code = exit_code_of(status);
  if (reader_has_gone(status)) {
    log().clear();
    return code;
  }
  LogEvent event = error_event(status);
  event.fields.emplace_back("exit_code", int64_t{code});
  event.pipeline = pipeline;
  log().write(event);
  return code;
}

Interrupts::Interrupts() {
  const sigset_t signals = awaited_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // Both come back as errors of write(2), which say more.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  state().waiting.emplace(wait_for_signals);
}

Interrupts::~Interrupts() { state().waiting.reset(); }

std::stop_token Interrupts::token() const { return state().stop.get_token(); }

const Registry& registry() {
  static const Registry heeding = builtin_registry().with_stop(state().stop.get_token());
  return heeding;
}

int Interrupts::signal() const { return state().signal; }

int Interrupts::exit_code() const { return signal() == SIGINT ? kInterrupted : kDone; }

}  // namespace velo::cli
