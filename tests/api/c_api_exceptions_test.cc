// What throws on the other side of the C interface comes back as a code and a message:
// any allocation that fails, any exception of a host's own stream.
#include <velo/velo.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>

namespace {

// Smaller ones always succeed: Arrow copies a Status in functions that may not throw.
constexpr size_t kLeastBytes = 512;

// How many allocations of this thread still succeed; negative: all.
thread_local int64_t allocations_left = -1;

}  // namespace

void* operator new(size_t size) {
  if (size >= kLeastBytes && allocations_left >= 0) {
    if (allocations_left == 0) throw std::bad_alloc();
    --allocations_left;
  }
  if (void* place = std::malloc(size == 0 ? 1 : size)) return place;
  throw std::bad_alloc();
}
void operator delete(void* place) noexcept { std::free(place); }
void operator delete(void* place, size_t) noexcept { std::free(place); }

namespace {

void check(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what.c_str());
  std::exit(1);
}

// Runs a call with 0, 1, 2 … allocations until they are enough.
template <typename Call>
void check_every_allocation(const std::string& name, const Call& call) {
  for (int64_t allowed = 0;; ++allowed) {
    velo_error error;
    error.kind = -1;
    error.message[0] = '\0';
    allocations_left = allowed;
    const int code = call(&error);
    const bool were_enough = allocations_left > 0;
    allocations_left = -1;
    if (were_enough) {
      check(code == VELO_OK, name + ": " + error.message);
      std::printf("%s: %lld allocations\n", name.c_str(),
                  static_cast<long long>(allowed));
      return;
    }
    // Whoever made do without the memory has succeeded.
    if (code == VELO_OK) continue;
    check(code == error.kind && error.message[0] != '\0', name + ": no message");
  }
}

int read_all(ArrowArrayStream* stream) {
  int code = 0;
  while (code == 0) {
    ArrowArray rows;
    code = stream->get_next(stream, &rows);
    if (code != 0) check(stream->get_last_error(stream) != nullptr, "a message");
    if (code != 0 || rows.release == nullptr) break;
    rows.release(&rows);
  }
  stream->release(stream);
  return code;
}

int open_and_read(velo_error* error) {
  ArrowArrayStream stream;
  const int code = velo_open("few.csv", nullptr, &stream, error);
  if (code != VELO_OK) return code;
  if (read_all(&stream) == 0) return VELO_OK;
  error->kind = VELO_SYSTEM;
  std::strcpy(error->message, "told by the stream");
  return VELO_SYSTEM;
}

// A host's stream that throws whatever `thrown` says.
enum class Thrown { kException, kMemory, kNumber };

int throwing_schema(ArrowArrayStream* stream, ArrowSchema*) {
  switch (*static_cast<Thrown*>(stream->private_data)) {
    case Thrown::kException:
      throw std::runtime_error("the host has no rows");
    case Thrown::kMemory:
      throw std::bad_alloc();
    default:
      throw 42;
  }
}

void check_stream(Thrown thrown, int code, const std::string& message) {
  ArrowArrayStream stream{};
  stream.get_schema = throwing_schema;
  stream.get_next = [](ArrowArrayStream*, ArrowArray*) { return 5; };
  stream.get_last_error = [](ArrowArrayStream*) -> const char* { return nullptr; };
  stream.release = [](ArrowArrayStream* self) { self->release = nullptr; };
  stream.private_data = &thrown;
  velo_error error;
  check(velo_write(&stream, "x.csv", nullptr, nullptr, &error) == code, "the code");
  check(error.message == message, error.message);
  check(stream.release == nullptr, "released");
}

}  // namespace

int main() {
  check_stream(Thrown::kException, VELO_INTERNAL, "the host has no rows");
  check_stream(Thrown::kMemory, VELO_SYSTEM, "out of memory");
  check_stream(Thrown::kNumber, VELO_INTERNAL,
               "an exception that says nothing of itself");

  std::FILE* file = std::fopen("few.csv", "w");
  check(file != nullptr && std::fputs("id,name\n1,one\n2,two\n", file) >= 0, "written");
  std::fclose(file);
  check(velo_copy("few.csv", "once.csv", nullptr, nullptr, nullptr) == VELO_OK, "copied");
  check_every_allocation("velo_copy", [](velo_error* error) {
    return velo_copy("few.csv", "copied.csv", nullptr, nullptr, error);
  });
  check_every_allocation("velo_open", open_and_read);
  return 0;
}
