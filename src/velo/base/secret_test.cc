#include "velo/base/secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace velo {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class SecretTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::path(testing::TempDir()) /
                 ("velo secret test " + std::to_string(::getpid()));
    std::filesystem::create_directories(directory_);
    setenv("VELO_SECRET_TEST", "hunter22", 1);
  }
  void TearDown() override {
    std::filesystem::remove_all(directory_);
    unsetenv("VELO_SECRET_TEST");
  }

  std::string write_file(const std::string& name, const std::string& content) {
    const std::filesystem::path path = directory_ / name;
    std::ofstream(path, std::ios::binary) << content;
    return path.string();
  }

  static Result<Uri> expand(std::string_view text) {
    ARROW_ASSIGN_OR_RAISE(Uri uri, parse_uri(text));
    return expand_secrets(std::move(uri));
  }

  std::filesystem::path directory_;
};

TEST_F(SecretTest, ReadsTheEnvironmentAndFiles) {
  write_file("password", "of/a:file\n");
  const Result<Uri> uri =
      expand("postgresql://${env:VELO_SECRET_TEST}:a${file:" +
             (directory_ / "password").string() +
             "}b@h/d?token=${env:VELO_SECRET_TEST}&table=$orders&x=$$$${env:Y}");
  ASSERT_TRUE(uri.ok()) << uri.status();
  EXPECT_EQ(uri->user, "hunter22");
  EXPECT_EQ(uri->password, "aof/a:fileb");
  EXPECT_EQ(*uri->find_option("token"), "hunter22");
  EXPECT_EQ(*uri->find_option("table"), "$orders");
  EXPECT_EQ(*uri->find_option("x"), "$$${env:Y}");
  EXPECT_EQ(uri->hosts.front().name, "h");
}

TEST_F(SecretTest, LeavesOutATrailingNewline) {
  for (const auto& [content, value] : std::vector<std::pair<std::string, std::string>>{
           {"", ""},
           {"a", "a"},
           {"a\n", "a"},
           {"a\r\n", "a"},
           {"a\n\n", "a\n"},
           {" a ", " a "},
           {"${env:VELO_SECRET_TEST}", "${env:VELO_SECRET_TEST}"}}) {
    const std::string path = write_file("password", content);
    EXPECT_EQ(expand("postgresql://u:${file:" + path + "}@h/d")->password, value);
  }
}

TEST_F(SecretTest, NamesTheReferenceThatFails) {
  const std::string large = write_file("large", std::string(100'000, 'x'));
  struct ErrorCase {
    std::string password;
    ErrorKind kind;
    std::string message;
  };
  const std::vector<ErrorCase> cases = {
      {"${env:VELO_NOT_SET}", ErrorKind::kInvalidArgument,
       "${env:VELO_NOT_SET}: this environment variable is not set"},
      {"${file:/does/not/exist}", ErrorKind::kNotFound, "${file:/does/not/exist}: "},
      {"${file:" + large + "}", ErrorKind::kInvalidArgument, "has more than 64 KiB"},
      {"hunter22${password}", ErrorKind::kInvalidArgument,
       "password: after '${' comes neither"},
      {"hunter22${env:A", ErrorKind::kInvalidArgument, "a literal '${' is written '$${'"},
  };
  for (const ErrorCase& a_case : cases) {
    SCOPED_TRACE(a_case.password);
    const Result<Uri> uri = expand("postgresql://u:" + a_case.password +
                                   "@h/d?token=${env:VELO_SECRET_TEST}");
    ASSERT_FALSE(uri.ok());
    EXPECT_EQ(kind_of(uri.status()), a_case.kind);
    EXPECT_THAT(uri.status().message(),
                AllOf(HasSubstr(a_case.message), HasSubstr("postgresql://u:***@h/d"),
                      Not(HasSubstr("hunter22"))));
  }
}

TEST_F(SecretTest, HidesTheRestOfAnUnknownReference) {
  const Result<Uri> uri = expand("kafka://h/t?sasl_password=a${hunter22}");
  EXPECT_THAT(uri.status().message(), Not(HasSubstr("hunter22")));
  EXPECT_THAT(uri.status().message(), HasSubstr("option 'sasl_password'"));
}

}  // namespace
}  // namespace velo
