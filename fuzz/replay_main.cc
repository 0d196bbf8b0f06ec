// Runs a fuzz target without a fuzzer: every file of the folders given (the corpus, and
// the inputs that once failed), then random changes of them.
//
//   PROGRAM FOLDER-OR-FILE...
//
// VELO_FUZZ_RUNS     how many changed inputs (2000)
// VELO_FUZZ_SECONDS  how long at most (5)
// VELO_FUZZ_SEED     which changes (1)
// VELO_FUZZ_SAVE     where an input that fails is written (crash-PROGRAM)

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

// UBSan calls no death callback: it must abort for the handler below to be called.
extern "C" const char* __ubsan_default_options();
const char* __ubsan_default_options() { return "abort_on_error=1:print_stacktrace=1"; }

namespace {

using Bytes = std::string;

constexpr unsigned kMaxSecondsPerInput = 30;
constexpr size_t kMaxGrowth = 4096;

// What the handlers below need, which must not allocate.
const uint8_t* current_data = nullptr;
size_t current_size = 0;
std::array<char, 4096> save_path{};

void say(const char* text) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text, std::strlen(text));
}

void save_current_input() {
  if (current_data == nullptr) return;
  const int file = open(save_path.data(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0 || write(file, current_data, current_size) < 0) return;
  close(file);
  current_data = nullptr;
  say("\nThe input that failed is in ");
  say(save_path.data());
  say("\n");
}

void on_signal(int signal) {
  if (signal == SIGALRM) say("\nThis input takes too long.");
  save_current_input();
  std::signal(signal, SIG_DFL);
  raise(signal);
}

void install_handlers(const std::string& save_to) {
  save_to.copy(save_path.data(), save_path.size() - 1);
  std::signal(SIGABRT, on_signal);
  std::signal(SIGALRM, on_signal);
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(save_current_input);
    return;
  }
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    std::signal(signal, on_signal);
  }
}

// The copy has exactly the input's size, so that a sanitizer sees a read beyond it.
void run(const Bytes& input) {
  const auto copy = std::make_unique<uint8_t[]>(input.size());
  std::ranges::copy(input, copy.get());
  current_data = copy.get();
  current_size = input.size();
  alarm(kMaxSecondsPerInput);
  LLVMFuzzerTestOneInput(copy.get(), input.size());
  alarm(0);
  current_data = nullptr;
}

Bytes read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "%s: cannot be read\n", path.c_str());
    std::exit(2);
  }
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

// Sorted, so that the same seed makes the same changes everywhere.
std::vector<Bytes> read_inputs(int num_arguments, char** arguments) {
  std::vector<std::filesystem::path> paths;
  for (int i = 1; i < num_arguments; ++i) {
    if (!std::filesystem::is_directory(arguments[i])) {
      if (std::filesystem::exists(arguments[i])) paths.emplace_back(arguments[i]);
      continue;
    }
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(arguments[i])) {
      if (entry.is_regular_file()) paths.push_back(entry.path());
    }
  }
  std::ranges::sort(paths);
  std::vector<Bytes> inputs = {Bytes()};
  for (const auto& path : paths) inputs.push_back(read_file(path));
  return inputs;
}

class Mutator {
 public:
  Mutator(const std::vector<Bytes>& inputs, uint64_t seed)
      : inputs_(inputs), random_(seed) {}

  Bytes make() {
    Bytes input = inputs_[below(inputs_.size())];
    const size_t max_bytes = input.size() + kMaxGrowth;
    for (size_t change = 0, changes = 1 + below(6); change < changes; ++change) {
      change_once(input);
    }
    if (input.size() > max_bytes) input.resize(max_bytes);
    return input;
  }

 private:
  size_t below(size_t limit) { return limit == 0 ? 0 : random_() % limit; }
  char any_byte() { return static_cast<char>(below(256)); }

  void change_once(Bytes& input) {
    const size_t at = below(input.size());
    const size_t length = std::min(1 + below(below(8) == 0 ? 256 : 8), input.size() - at);
    const auto begin = input.begin() + static_cast<ptrdiff_t>(at);
    switch (below(9)) {
      case 0:
        if (!input.empty()) *begin = static_cast<char>(*begin ^ (1 << below(8)));
        return;
      case 1:
        if (!input.empty()) *begin = any_byte();
        return;
      case 2:
        input.insert(begin, any_byte());
        return;
      case 3:
        input.erase(at, length);
        return;
      case 4:
        input.insert(below(input.size() + 1), Bytes(input, at, length));
        return;
      case 5:
        input.resize(at);
        return;
      case 6:
        input.insert(at, telling_text());
        return;
      case 7:
        return write_extreme_number(input, at);
      default: {
        const Bytes& other = inputs_[below(inputs_.size())];
        const size_t from = below(other.size());
        input.insert(at, other, from, 1 + below(64));
      }
    }
  }

  std::string_view telling_text() {
    static constexpr std::array<std::string_view, 32> kTexts = {"0",
                                                                "-1",
                                                                "9223372036854775808",
                                                                "1e999",
                                                                "null",
                                                                "true",
                                                                "\"",
                                                                "\\",
                                                                "'",
                                                                "\n",
                                                                "\r\n",
                                                                ",",
                                                                ":",
                                                                ";",
                                                                "/",
                                                                "//",
                                                                "?",
                                                                "&",
                                                                "=",
                                                                "@",
                                                                "%",
                                                                "%00",
                                                                "%2F",
                                                                "${",
                                                                "}",
                                                                "{",
                                                                "[",
                                                                "]",
                                                                "\xEF\xBB\xBF",
                                                                "\xFF",
                                                                "*",
                                                                "**"};
    return kTexts[below(kTexts.size())];
  }

  void write_extreme_number(Bytes& input, size_t at) {
    static constexpr std::array<uint64_t, 8> kNumbers = {
        0, 1, 0x7F, 0xFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF};
    const uint64_t number = kNumbers[below(kNumbers.size())];
    std::array<char, sizeof(number)> bytes{};
    std::memcpy(bytes.data(), &number, sizeof(number));
    if (below(2) == 0) std::ranges::reverse(bytes);
    const size_t width = std::min(size_t{1} << below(4), input.size() - at);
    std::copy_n(bytes.begin(), width, input.begin() + static_cast<ptrdiff_t>(at));
  }

  const std::vector<Bytes>& inputs_;
  std::mt19937_64 random_;
};

uint64_t number_from(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return otherwise;
  uint64_t number = 0;
  const char* end = text + std::strlen(text);
  const auto [parsed_to, error] = std::from_chars(text, end, number);
  if (error == std::errc() && parsed_to == end && end != text) return number;
  std::fprintf(stderr, "%s: '%s' is not a whole number\n", variable, text);
  std::exit(2);
}

}  // namespace

int main(int num_arguments, char** arguments) {
  const std::string program = std::filesystem::path(arguments[0]).filename();
  const char* save = std::getenv("VELO_FUZZ_SAVE");
  install_handlers(save != nullptr ? save : "crash-" + program);

  const std::vector<Bytes> inputs = read_inputs(num_arguments, arguments);
  for (const Bytes& input : inputs) run(input);

  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const auto end = begin + std::chrono::seconds(number_from("VELO_FUZZ_SECONDS", 5));
  const uint64_t most_runs = number_from("VELO_FUZZ_RUNS", 2000);
  Mutator mutator(inputs, number_from("VELO_FUZZ_SEED", 1));
  uint64_t runs = 0;
  for (; runs < most_runs && Clock::now() < end; ++runs) run(mutator.make());
  std::printf("%s: %zu inputs, %llu changed ones in %.1f s\n", program.c_str(),
              inputs.size(), static_cast<unsigned long long>(runs),
              std::chrono::duration<double>(Clock::now() - begin).count());
  return 0;
}
