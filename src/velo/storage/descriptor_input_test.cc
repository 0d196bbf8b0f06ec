#include "velo/storage/descriptor_input.h"

#include <arrow/buffer.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string>
#include <thread>

namespace velo::storage {
namespace {

constexpr char kName[] = "standard input";

TEST(DescriptorInput, WaitsForAllThatIsAskedFor) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const std::jthread writer([&] {
    for (const char c : std::string("abcdef")) EXPECT_EQ(::write(ends[1], &c, 1), 1);
    ::close(ends[1]);
  });
  DescriptorInput input(ends[0], kName);
  EXPECT_EQ(input.Read(4).ValueOrDie()->ToString(), "abcd");
  EXPECT_EQ(input.Tell().ValueOrDie(), 4);
  EXPECT_EQ(input.Read(4).ValueOrDie()->ToString(), "ef");
  EXPECT_EQ(input.Read(4).ValueOrDie()->ToString(), "");
  ::close(ends[0]);
}

TEST(DescriptorInput, StopEndsTheWait) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  DescriptorInput input(ends[0], kName);
  std::stop_source stop;
  input.set_stop(stop.get_token());
  const std::jthread stopper([&] { stop.request_stop(); });
  const auto bytes = input.Read(1);
  EXPECT_EQ(kind_of(bytes.status()), ErrorKind::kCancelled);
  EXPECT_EQ(bytes.status().message(), "standard input: stopped");
  for (const int end : ends) ::close(end);
}

TEST(DescriptorInput, NotReadable) {
  const int write_only = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(write_only, 0);
  DescriptorInput input(write_only, kName);
  const Status status = input.Read(1).status();
  EXPECT_EQ(kind_of(status), ErrorKind::kSystem);
  EXPECT_EQ(status.message(), "standard input: cannot read it: Bad file descriptor");
  ::close(write_only);
}

class NamedPipe : public testing::Test {
 protected:
  NamedPipe() { EXPECT_EQ(::mkfifo(path_.c_str(), 0600), 0); }
  ~NamedPipe() override { std::filesystem::remove(path_); }
  const std::string path_ = testing::TempDir() + "pipe." + std::to_string(::getpid());
};

TEST_F(NamedPipe, IsReadToTheEndOfItsWriter) {
  const auto input = DescriptorInput::open(path_).ValueOrDie();
  const std::jthread writer([&] {
    const int end = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    for (int i = 0; i < 100'000; ++i) EXPECT_EQ(::write(end, "abcd", 4), 4);
    ::close(end);
  });
  EXPECT_EQ(input->Read(300'000).ValueOrDie()->size(), 300'000);
  EXPECT_EQ(input->Read(300'000).ValueOrDie()->size(), 100'000);
  EXPECT_EQ(input->Read(1).ValueOrDie()->size(), 0);
}

TEST_F(NamedPipe, WithoutWriterIsWaitedForUntilTheStop) {
  const auto input = DescriptorInput::open(path_).ValueOrDie();
  std::stop_source stop;
  input->set_stop(stop.get_token());
  const std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_EQ(input->Read(1).status().message(), path_ + ": stopped");
}

TEST(DescriptorInput, NothingToOpen) {
  const Status status = DescriptorInput::open("/nowhere/pipe").status();
  EXPECT_EQ(kind_of(status), ErrorKind::kNotFound);
}

}  // namespace
}  // namespace velo::storage
