#include "velo/formats/protobuf/descriptor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "velo/formats/protobuf/bytes_for_test.h"
#include "velo/testing/matchers.h"

namespace velo::formats::protobuf {
namespace {

using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

// Whatever a descriptor file is cut off at, or has in it.
TEST(Protobuf, ReadsDescriptorsWithCare) {
  const std::string bytes = read_file("shop.desc");
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto set = DescriptorSet::parse(std::string_view(bytes).substr(0, size));
    EXPECT_FALSE(set.ok() && set->find("shop.Order").ok());
  }
}

TEST(Protobuf, RefusesDescriptorsThatContradictThemselves) {
  const std::string x = declared("x", 1, FieldType::kInt32);
  const std::pair<std::string, const char*> cases[] = {
      {bytes_field(2, x + varint_field(9, 0)), "a oneof that there is not"},
      {bytes_field(2, x + varint_field(9, 1'000'000'000)), "a oneof that there is not"},
      {bytes_field(2, x + varint_field(9, std::numeric_limits<uint64_t>::max())),
       "a oneof that there is not"},
      {bytes_field(2, x) + bytes_field(2, x), "field 'x' of 'M' has the name"},
      {bytes_field(2, x) + bytes_field(2, declared("y", 1, FieldType::kInt32)),
       "field 'y' of 'M' has the name or the number of another"},
      {bytes_field(2, declared("\xff", 1, FieldType::kInt32)), "is not UTF-8"},
  };
  for (const auto& [fields, problem] : cases) {
    const auto set =
        DescriptorSet::parse(file_of(bytes_field(4, bytes_field(1, "M") + fields)));
    EXPECT_THAT(set.status(), IsError(ErrorKind::kCorruptData, HasSubstr(problem)));
  }
  const auto good = DescriptorSet::parse(file_of(
      bytes_field(4, bytes_field(1, "M") + bytes_field(2, x + varint_field(9, 0)) +
                         bytes_field(8, bytes_field(1, "choice")))));
  EXPECT_THAT(good, IsOk());
}

}  // namespace
}  // namespace velo::formats::protobuf
