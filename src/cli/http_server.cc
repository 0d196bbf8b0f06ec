#include "http_server.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <type_traits>
#include <utility>

namespace velo::cli {
namespace {

constexpr char kLibrary[] = "libcivetweb.so.1";

struct Civetweb {
  decltype(&::mg_start) start;
  decltype(&::mg_set_request_handler) set_request_handler;
  decltype(&::mg_get_server_ports) get_server_ports;
  decltype(&::mg_get_request_info) get_request_info;
  decltype(&::mg_write) write;
};

Result<Civetweb> load_civetweb() {
  void* handle = ::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    return make_error(ErrorKind::kNotFound, {},
                      fmt::format("CivetWeb, which serves metrics, is not there ({}); "
                                  "install it (Debian: apt install libcivetweb1)",
                                  ::dlerror()));
  }
  Civetweb library{};
  bool has_all = true;
  const auto load = [&](const char* name, auto& function) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(
        ::dlsym(handle, name));
    has_all = has_all && function != nullptr;
  };
  load("mg_start", library.start);
  load("mg_set_request_handler", library.set_request_handler);
  load("mg_get_server_ports", library.get_server_ports);
  load("mg_get_request_info", library.get_request_info);
  load("mg_write", library.write);
  if (has_all) return library;
  return make_error(
      ErrorKind::kNotFound, {},
      fmt::format("{} lacks what is needed; CivetWeb 1.15 or newer is", kLibrary));
}

struct Server {
  Civetweb library;
  HttpHandler handler;
};

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 503:
      return "Service Unavailable";
    default:
      return "Internal Server Error";
  }
}

HttpAnswer answer_of(const Server& server, std::string_view method,
                     std::string_view path) {
  if (method != "GET" && method != "HEAD") {
    return {.status = 405, .body = "GET is what is answered here\n"};
  }
  return server.handler(path);
}

int answer(mg_connection* connection, void* data) noexcept {
  const Server& server = *static_cast<const Server*>(data);
  try {
    const mg_request_info* request = server.library.get_request_info(connection);
    const std::string_view method =
        request->request_method ? request->request_method : "";
    const HttpAnswer answer =
        answer_of(server, method, request->local_uri ? request->local_uri : "");
    std::string text = fmt::format(
        "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n"
        "Cache-Control: no-store\r\nConnection: close\r\n\r\n",
        answer.status, reason_of(answer.status), answer.content_type, answer.body.size());
    if (method != "HEAD") text += answer.body;
    (void)server.library.write(connection, text.data(), text.size());
    return answer.status;
  } catch (const std::exception&) {
    return 500;  // out of memory: the connection is closed
  }
}

// CivetWeb does not say why it could not listen.
Status check_can_listen(const std::string& shown, const sockaddr_in& address) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  const bool can =
      descriptor >= 0 &&
      ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
      ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
          0 &&
      ::listen(descriptor, 1) == 0;
  const int code = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (can) return Status::OK();
  ErrorKind kind = ErrorKind::kInvalidArgument;
  std::string advice;
  if (code == EADDRINUSE) {
    kind = ErrorKind::kAlreadyExists;
    advice = "; another program has this port: --metrics-port=0 takes one that is free";
  } else if (code == EACCES) {
    kind = ErrorKind::kPermissionDenied;
    advice = "; a port from 1024 on needs no right";
  }
  return make_error(
      kind, {.resource = shown, .vendor_code = ::strerrorname_np(code)},
      fmt::format("metrics cannot be served here: {}{}", std::strerror(code), advice));
}

// "127.0.0.1:9464", where it can be listened at.
Result<std::string> listening_port(const std::string& address, int port) {
  sockaddr_in parsed{};
  parsed.sin_family = AF_INET;
  parsed.sin_port = htons(static_cast<uint16_t>(port));
  if (::inet_pton(AF_INET, address.c_str(), &parsed.sin_addr) != 1) {
    return make_error(
        ErrorKind::kInvalidArgument, {},
        fmt::format("--metrics-address={}: an IPv4 address of this machine is expected, "
                    "as a number: 127.0.0.1, or 0.0.0.0 for all",
                    address));
  }
  std::string shown = fmt::format("{}:{}", address, port);
  ARROW_RETURN_NOT_OK(check_can_listen(shown, parsed));
  return shown;
}

}  // namespace

Result<int> serve_http(const std::string& address, int port, HttpHandler handler) {
  ARROW_ASSIGN_OR_RAISE(const Civetweb library, load_civetweb());
  ARROW_ASSIGN_OR_RAISE(const std::string listening, listening_port(address, port));
  // Who does not send or take what is due in two seconds is hung up on.
  const std::array options = {"listening_ports",
                              listening.c_str(),
                              "num_threads",
                              "4",
                              "request_timeout_ms",
                              "2000",
                              "enable_keep_alive",
                              "no",
                              static_cast<const char*>(nullptr)};
  mg_context* context =
      library.start(nullptr, nullptr, const_cast<const char**>(options.data()));
  mg_server_port listened{};
  if (context == nullptr || library.get_server_ports(context, 1, &listened) != 1) {
    return make_error(ErrorKind::kSystem, {.resource = listening},
                      "CivetWeb could not be started to serve metrics");
  }
  // Stopping CivetWeb waits for who is being served, and what serves must outlive it:
  // both end with the process.
  static Server* server = nullptr;
  server = new Server{library, std::move(handler)};
  library.set_request_handler(context, "**", answer, server);
  return listened.port;
}

}  // namespace velo::cli
