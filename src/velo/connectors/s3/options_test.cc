#include "velo/connectors/s3/options.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "velo/testing/matchers.h"

namespace velo::s3 {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using ::testing::Not;

constexpr const char* kVariables[] = {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL",
                                      "AWS_REGION",          "AWS_DEFAULT_REGION",
                                      "AWS_ACCESS_KEY_ID",   "AWS_SECRET_ACCESS_KEY",
                                      "AWS_SESSION_TOKEN"};

class S3OptionsTest : public ::testing::Test {
 protected:
  S3OptionsTest() {
    for (const char* name : kVariables) ::unsetenv(name);
  }
  ~S3OptionsTest() override {
    for (const char* name : kVariables) ::unsetenv(name);
  }

  static Result<S3Options> parse(const std::string& uri,
                                 OptionUse use = OptionUse::kSource) {
    ARROW_ASSIGN_OR_RAISE(const Uri parsed, parse_uri(uri));
    return S3Options::from_uri(parsed, use);
  }
};

TEST_F(S3OptionsTest, TellObjectsFromPrefixes) {
  const struct {
    const char* uri;
    const char* pattern;
    bool is_directory;
  } cases[] = {
      {"s3://b/a/x.csv?anonymous=true", "a/x.csv", false},
      {"s3://b/a/?anonymous=true", "a/", true},
      {"s3://b?anonymous=true", "", true},
      {"s3://b/?anonymous=true", "", true},
      {"s3://b/a?anonymous=true&partition_by=k", "a", true},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.uri);
    const auto options = parse(one.uri, OptionUse::kSink);
    ASSERT_THAT(options, IsOk());
    EXPECT_EQ(options->address.bucket, "b");
    EXPECT_EQ(options->pattern, one.pattern);
    EXPECT_EQ(options->is_directory, one.is_directory);
  }
}

TEST_F(S3OptionsTest, TakeKeysOfOnePlace) {
  EXPECT_THAT(parse("s3://b/x.csv"),
              IsError(ErrorKind::kUnauthenticated, HasSubstr("no keys to ask with")));
  ::setenv("AWS_ACCESS_KEY_ID", "env", 1);
  ::setenv("AWS_SECRET_ACCESS_KEY", "env secret", 1);
  ::setenv("AWS_SESSION_TOKEN", "env token", 1);
  auto options = parse("s3://b/x.csv");
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->address.credentials->access_key_id, "env");
  EXPECT_EQ(options->address.credentials->session_token, "env token");
  options = parse("s3://b/x.csv?access_key_id=id&secret_access_key=secret");
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->address.credentials->secret_access_key, "secret");
  EXPECT_EQ(options->address.credentials->session_token, "");
  options = parse("s3://id:secret@b/x.csv");
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->address.credentials->access_key_id, "id");
  EXPECT_EQ(options->address.credentials->secret_access_key, "secret");
  EXPECT_THAT(parse("s3://b/x.csv?access_key_id=id"),
              IsError(ErrorKind::kUnauthenticated, HasSubstr("without its secret")));
  options = parse("s3://b/x.csv?anonymous=true");
  ASSERT_THAT(options, IsOk());
  EXPECT_FALSE(options->address.credentials.has_value());
}

TEST_F(S3OptionsTest, TakeTheRestFromTheEnvironment) {
  auto options = parse("s3://b/x.csv?anonymous=true");
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->address.region, "us-east-1");
  EXPECT_EQ(options->address.endpoint, "");
  ::setenv("AWS_DEFAULT_REGION", "eu-west-1", 1);
  ::setenv("AWS_ENDPOINT_URL", "http://one:1", 1);
  options = parse("s3://b/x.csv?anonymous=true");
  EXPECT_EQ(options->address.region, "eu-west-1");
  EXPECT_EQ(options->address.endpoint, "http://one:1");
  ::setenv("AWS_REGION", "eu-west-2", 1);
  ::setenv("AWS_ENDPOINT_URL_S3", "http://two:2", 1);
  options = parse("s3://b/x.csv?anonymous=true");
  EXPECT_EQ(options->address.region, "eu-west-2");
  EXPECT_EQ(options->address.endpoint, "http://two:2");
  options = parse("s3://b/x.csv?anonymous=true&region=r&endpoint=https://three");
  EXPECT_EQ(options->address.region, "r");
  EXPECT_EQ(options->address.endpoint, "https://three");
}

TEST_F(S3OptionsTest, IdentitiesDoNotSayWhoAsks) {
  const auto options =
      parse("s3://id:hidden@b/a/*.csv?region=r&session_token=hidden&header=true");
  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->identity, "s3://b/a/*.csv?region=r&header=true");
}

TEST_F(S3OptionsTest, RefuseWhatCannotBeMeant) {
  const struct {
    const char* uri;
    ErrorKind kind;
    const char* words;
  } cases[] = {
      {"s3://127.0.0.1:9000/b/x.csv", ErrorKind::kInvalidArgument,
       "s3://BUCKET/KEY?endpoint=http://127.0.0.1:9000"},
      {"s3://b,c/x.csv", ErrorKind::kInvalidArgument, "one bucket"},
      {"s3://b/x.csv?endpoint=localhost:9000", ErrorKind::kInvalidArgument,
       "endpoint=localhost:9000: http://HOST:PORT"},
      {"s3://b/x.csv?profile=me", ErrorKind::kNotImplemented, "profile"},
      {"s3://b/x.csv?regoin=x", ErrorKind::kInvalidArgument, "did you mean 'region'"},
      {"s3://b/x.csv?anonymous=true&encoding=latin", ErrorKind::kInvalidArgument,
       "encoding=latin is none"},
      {"s3://id:hidden@b:1/x.csv?secret_access_key=hidden", ErrorKind::kInvalidArgument,
       "has a port"},
  };
  for (const auto& one : cases) {
    EXPECT_THAT(parse(one.uri),
                IsError(one.kind, AllOf(HasSubstr(one.words), Not(HasSubstr("hidden")))))
        << one.uri;
  }
}

}  // namespace
}  // namespace velo::s3
