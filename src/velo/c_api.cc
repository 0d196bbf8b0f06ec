#include <cerrno>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "velo/connector.h"
#include "velo/pipeline.h"
#include "velo/sql.h"
#include "velo/stream.h"
#include "velo/velo.h"
#include "velo/version.h"

struct velo_stop {
  std::stop_source source;
};

namespace velo {
namespace {

static_assert(VELO_INVALID_ARGUMENT == static_cast<int>(ErrorKind::kInvalidArgument) + 1);
static_assert(VELO_SYSTEM == static_cast<int>(ErrorKind::kSystem) + 1);

constexpr std::string_view kOutOfMemory = "out of memory";
constexpr std::string_view kUnknownException = "an exception that says nothing of itself";

// Cuts before a character that does not fit whole.
void put_message(std::string_view text, char* place, size_t size) {
  constexpr std::string_view kMore = "...";
  std::string_view end;
  if (text.size() >= size) {
    end = kMore;
    size_t length = size - 1 - end.size();
    while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
      --length;
    text = text.substr(0, length);
  }
  text.copy(place, text.size());
  end.copy(place + text.size(), end.size());
  place[text.size() + end.size()] = '\0';
}

int fail(ErrorKind kind, std::string_view message, velo_error* error) {
  const int code = static_cast<int>(kind) + 1;
  if (error != nullptr) {
    error->kind = code;
    put_message(message, error->message, sizeof(error->message));
  }
  return code;
}

int answer(const Status& status, velo_error* error) {
  if (!status.ok()) return fail(kind_of(status), status.message(), error);
  if (error != nullptr) {
    error->kind = VELO_OK;
    error->message[0] = '\0';
  }
  return VELO_OK;
}

// Runs what returns a Status; nothing that is thrown gets past it.
template <typename Function>
int guarded(velo_error* error, Function&& function) noexcept {
  static_assert(std::is_same_v<std::invoke_result_t<Function>, Status>);
  try {
    return answer(function(), error);
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::kSystem, kOutOfMemory, error);
  } catch (const std::exception& exception) {
    return fail(ErrorKind::kInternal, exception.what(), error);
  } catch (...) {
    return fail(ErrorKind::kInternal, kUnknownException, error);
  }
}

std::stop_token token_of(const velo_stop* stop) {
  return stop != nullptr ? stop->source.get_token() : std::stop_token();
}

// What the caller must point to.
Status check_given(const void* pointer, std::string_view name) {
  if (pointer != nullptr) return Status::OK();
  return make_error(ErrorKind::kInvalidArgument, {},
                    std::string(name) + " is NULL; it must be given");
}

Status check_readable(const ArrowArrayStream* stream) {
  ARROW_RETURN_NOT_OK(check_given(stream, "stream"));
  if (stream->release != nullptr) return Status::OK();
  return make_error(ErrorKind::kInvalidArgument, {},
                    "stream was released already; it must be one that can be read");
}

// A stream whose callbacks let no exception pass. After one the stream is finished.
struct GuardedStream {
  GuardedStream() = default;
  GuardedStream(const GuardedStream&) = delete;
  GuardedStream& operator=(const GuardedStream&) = delete;
  ~GuardedStream() {
    if (stream.release != nullptr) stream.release(&stream);
  }

  static GuardedStream& of(ArrowArrayStream* guarded) {
    return *static_cast<GuardedStream*>(guarded->private_data);
  }

  int fail(int number, std::string_view text) {
    put_message(text, message, sizeof(message));
    return failure = number;
  }

  template <typename Function>
  int call(Function&& function) noexcept {
    if (failure != 0) return failure;
    try {
      return function();
    } catch (const std::bad_alloc&) {
      return fail(ENOMEM, kOutOfMemory);
    } catch (const std::exception& exception) {
      return fail(EIO, exception.what());
    } catch (...) {
      return fail(EIO, kUnknownException);
    }
  }

  ArrowArrayStream stream{};
  int failure = 0;  // of an exception
  char message[256]{};
};

Status export_guarded(std::unique_ptr<DataSource> source, const velo_stop* stop,
                      ArrowArrayStream* place) {
  auto guarded = std::make_unique<GuardedStream>();
  ARROW_RETURN_NOT_OK(
      export_stream(std::move(source), {}, token_of(stop), &guarded->stream));
  place->get_schema = [](ArrowArrayStream* self, ArrowSchema* out) {
    GuardedStream& under = GuardedStream::of(self);
    return under.call([&] { return under.stream.get_schema(&under.stream, out); });
  };
  place->get_next = [](ArrowArrayStream* self, ArrowArray* out) {
    GuardedStream& under = GuardedStream::of(self);
    return under.call([&] { return under.stream.get_next(&under.stream, out); });
  };
  place->get_last_error = [](ArrowArrayStream* self) {
    GuardedStream& under = GuardedStream::of(self);
    return under.failure != 0 ? under.message
                              : under.stream.get_last_error(&under.stream);
  };
  place->release = [](ArrowArrayStream* self) {
    delete static_cast<GuardedStream*>(self->private_data);
    self->release = nullptr;
  };
  place->private_data = guarded.release();
  return Status::OK();
}

void put_progress(const Progress& progress, velo_progress* place) {
  if (place == nullptr) return;
  *place = {.num_rows = progress.num_rows,
            .bytes_written = progress.bytes_written,
            .elapsed_nanoseconds = progress.elapsed.count()};
}

Status copy_between(const char* from, const char* to, const velo_stop* stop,
                    velo_progress* progress) {
  ARROW_RETURN_NOT_OK(check_given(from, "from"));
  ARROW_RETURN_NOT_OK(check_given(to, "to"));
  ARROW_ASSIGN_OR_RAISE(const auto source, create_source(from));
  ARROW_ASSIGN_OR_RAISE(const auto sink, create_sink(to));
  ARROW_ASSIGN_OR_RAISE(const Progress done, copy(*source, *sink, {}, token_of(stop)));
  put_progress(done, progress);
  return Status::OK();
}

Status write_all(ArrowArrayStream* stream, const char* uri, const velo_stop* stop,
                 velo_progress* progress) {
  ARROW_RETURN_NOT_OK(check_readable(stream));
  ARROW_RETURN_NOT_OK(check_given(uri, "uri"));
  ARROW_ASSIGN_OR_RAISE(const auto sink, create_sink(uri));
  ARROW_ASSIGN_OR_RAISE(const Progress done, write_stream(stream, *sink, token_of(stop)));
  put_progress(done, progress);
  return Status::OK();
}

// The rows of a query, with the session that they need.
class QuerySource : public DataSource {
 public:
  static Result<std::unique_ptr<DataSource>> make(std::string_view sql) {
    auto query = std::make_unique<QuerySource>();
    ARROW_ASSIGN_OR_RAISE(query->rows_, query->session_.query(sql));
    return query;
  }

  Result<std::shared_ptr<arrow::Schema>> fetch_schema() override {
    return rows_->fetch_schema();
  }
  Result<std::unique_ptr<DataReader>> create_reader(const ReadOptions& options) override {
    return rows_->create_reader(options);
  }
  bool supports_streaming() const override { return rows_->supports_streaming(); }
  bool supports_batch() const override { return rows_->supports_batch(); }
  bool can_reread() const override { return rows_->can_reread(); }

 private:
  Session session_;
  std::unique_ptr<DataSource> rows_;
};

Status run_statements(const char* sql, const velo_stop* stop, velo_progress* progress) {
  ARROW_RETURN_NOT_OK(check_given(sql, "sql"));
  Progress sum;
  ExecuteOptions options;
  options.on_statement = [&](const StatementResult& result) {
    sum.num_rows += result.progress.num_rows;
    sum.bytes_written += result.progress.bytes_written;
    sum.elapsed += result.progress.elapsed;
  };
  ARROW_RETURN_NOT_OK(Session().execute(sql, options, token_of(stop)));
  put_progress(sum, progress);
  return Status::OK();
}

}  // namespace
}  // namespace velo

extern "C" {

const char* velo_version() { return velo::version().data(); }

const char* velo_kind_name(int kind) {
  if (kind == VELO_OK) return "ok";
  if (kind < VELO_OK || kind > VELO_SYSTEM) return "unknown";
  return velo::to_string(static_cast<velo::ErrorKind>(kind - 1)).data();
}

velo_stop* velo_stop_new() {
  try {
    return new velo_stop;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void velo_stop_request(velo_stop* stop) {
  if (stop != nullptr) stop->source.request_stop();
}

void velo_stop_free(velo_stop* stop) { delete stop; }

int velo_open(const char* uri, const velo_stop* stop, ArrowArrayStream* stream,
              velo_error* error) {
  return velo::guarded(error, [&]() -> velo::Status {
    ARROW_RETURN_NOT_OK(velo::check_given(uri, "uri"));
    ARROW_RETURN_NOT_OK(velo::check_given(stream, "stream"));
    ARROW_ASSIGN_OR_RAISE(auto source, velo::create_source(uri));
    return velo::export_guarded(std::move(source), stop, stream);
  });
}

int velo_write(ArrowArrayStream* stream, const char* uri, const velo_stop* stop,
               velo_progress* progress, velo_error* error) {
  const int code =
      velo::guarded(error, [&] { return velo::write_all(stream, uri, stop, progress); });
  velo::guarded(nullptr, [&] {
    if (stream != nullptr && stream->release != nullptr) stream->release(stream);
    return velo::Status::OK();
  });
  return code;
}

int velo_copy(const char* from, const char* to, const velo_stop* stop,
              velo_progress* progress, velo_error* error) {
  return velo::guarded(error,
                       [&] { return velo::copy_between(from, to, stop, progress); });
}

int velo_query(const char* sql, const velo_stop* stop, ArrowArrayStream* stream,
               velo_error* error) {
  return velo::guarded(error, [&]() -> velo::Status {
    ARROW_RETURN_NOT_OK(velo::check_given(sql, "sql"));
    ARROW_RETURN_NOT_OK(velo::check_given(stream, "stream"));
    ARROW_ASSIGN_OR_RAISE(auto source, velo::QuerySource::make(sql));
    return velo::export_guarded(std::move(source), stop, stream);
  });
}

int velo_run(const char* sql, const velo_stop* stop, velo_progress* progress,
             velo_error* error) {
  return velo::guarded(error, [&] { return velo::run_statements(sql, stop, progress); });
}

}  // extern "C"
