#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include "velo/connectors/stdio/descriptor_output.h"

namespace velo::stdio {
namespace {

class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe(ends_.data()), 0); }
  ~Pipe() {
    close_reader();
    close_writer();
  }
  int reader() const { return ends_[0]; }
  int writer() const { return ends_[1]; }
  void close_reader() { close(ends_[0]); }
  void close_writer() { close(ends_[1]); }

 private:
  static void close(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
  std::array<int, 2> ends_{};
};

std::string read_to_end(int descriptor) {
  std::string text;
  std::array<char, 4096> block{};
  while (true) {
    const ssize_t num_read = ::read(descriptor, block.data(), block.size());
    if (num_read <= 0) return text;
    text.append(block.data(), static_cast<size_t>(num_read));
  }
}

TEST(DescriptorOutput, GathersSmallWrites) {
  Pipe pipe;
  DescriptorOutput output(pipe.writer());
  EXPECT_TRUE(output.Write("abc").ok());
  EXPECT_EQ(output.bytes_written(), 0);
  EXPECT_EQ(output.Tell().ValueOrDie(), 3);
  EXPECT_TRUE(output.Flush().ok());
  EXPECT_EQ(output.bytes_written(), 3);
  EXPECT_TRUE(output.Close().ok());
  pipe.close_writer();
  EXPECT_EQ(read_to_end(pipe.reader()), "abc");
}

TEST(DescriptorOutput, WritesMoreThanAPipeHolds) {
  Pipe pipe;
  std::string expected;
  for (int i = 0; i < 300'000; ++i) expected += static_cast<char>('a' + i % 26);
  std::string text;
  std::jthread reader([&] { text = read_to_end(pipe.reader()); });
  DescriptorOutput output(pipe.writer());
  EXPECT_TRUE(output.Write("begin").ok());
  EXPECT_TRUE(output.Write(expected).ok());
  EXPECT_TRUE(output.Close().ok());
  pipe.close_writer();
  reader.join();
  EXPECT_EQ(text, "begin" + expected);
}

TEST(DescriptorOutput, StopEndsTheWait) {
  Pipe pipe;
  DescriptorOutput output(pipe.writer());
  std::stop_source stop;
  output.set_stop(stop.get_token());
  const std::jthread stopper([&] { stop.request_stop(); });
  const Status status = output.Write(std::string(1'000'000, 'x'));
  EXPECT_EQ(kind_of(status), ErrorKind::kCancelled);
  EXPECT_EQ(status.message(), "standard output: stopped");
}

TEST(DescriptorOutput, ReaderThatHasGone) {
  const auto previous = std::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  DescriptorOutput output(pipe.writer());
  pipe.close_reader();
  EXPECT_TRUE(output.Write("abc").ok());
  const Status status = output.Flush();
  EXPECT_EQ(kind_of(status), ErrorKind::kCancelled);
  ASSERT_NE(context_of(status), nullptr);
  EXPECT_EQ(context_of(status)->vendor_code, "EPIPE");
  EXPECT_EQ(status.message(), "standard output: its reader has gone");
  EXPECT_EQ(output.Write("more"), status) << "sticky";
  std::signal(SIGPIPE, previous);
}

TEST(DescriptorOutput, DiskFull) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  DescriptorOutput output(full);
  EXPECT_TRUE(output.Write("abc").ok());
  const Status status = output.Close();
  EXPECT_EQ(kind_of(status), ErrorKind::kSystem);
  EXPECT_TRUE(status.message().starts_with(
      "standard output: cannot write it: No space left on device"));
  ::close(full);
}

TEST(DescriptorOutput, DiscardDropsWhatIsGathered) {
  Pipe pipe;
  DescriptorOutput output(pipe.writer());
  EXPECT_TRUE(output.Write("abc").ok());
  output.discard();
  pipe.close_writer();
  EXPECT_EQ(read_to_end(pipe.reader()), "");
}

}  // namespace
}  // namespace velo::stdio
