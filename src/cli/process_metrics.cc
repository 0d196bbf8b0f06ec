#include "process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

namespace velo::cli {
namespace {

// The numbers of /proc/self/stat behind the name, which may hold blanks: the first is the
// third field of proc(5).
std::optional<std::array<double, 22>> read_stat() {
  std::ifstream file("/proc/self/stat");
  const std::string line(std::istreambuf_iterator<char>(file), {});
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(name_end + 1));
  std::string state;
  std::array<double, 22> numbers{};
  fields >> state;
  for (size_t i = 1; i < numbers.size(); ++i) fields >> numbers.at(i);
  if (!fields) return std::nullopt;
  return numbers;
}

// Seconds since 1970.
std::optional<double> read_boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return std::nullopt;
}

void write(PrometheusText& text, std::string_view name, std::string_view type,
           std::string_view help, double value) {
  text.family(name, type, help);
  text.sample(name, {}, value);
}

void write_open_files(PrometheusText& text) {
  std::error_code error;
  const std::filesystem::directory_iterator files("/proc/self/fd", error);
  if (error) return;
  write(text, "process_open_fds", "gauge", "Open file descriptors.",
        static_cast<double>(std::distance(begin(files), end(files))));
}

}  // namespace

void write_process_metrics(PrometheusText& text) {
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  if (const auto stat = read_stat()) {
    constexpr size_t kFirst = 3;  // of the fields of proc(5)
    const auto field = [&](size_t number) { return stat->at(number - kFirst); };
    write(text, "process_cpu_seconds_total", "counter",
          "Processor time, user and system.", (field(14) + field(15)) / ticks);
    write(text, "process_virtual_memory_bytes", "gauge", "Address space.", field(23));
    write(text, "process_resident_memory_bytes", "gauge", "Memory in use.",
          field(24) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
    if (const auto boot = read_boot_time()) {
      write(text, "process_start_time_seconds", "gauge", "When it began, since 1970.",
            *boot + field(22) / ticks);
    }
  }
  write_open_files(text);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    write(text, "process_max_fds", "gauge", "Most file descriptors that may be open.",
          static_cast<double>(limit.rlim_cur));
  }
}

}  // namespace velo::cli
