#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "velo/formats/decoded_records.h"
#include "velo/formats/protobuf/bytes_for_test.h"
#include "velo/formats/protobuf/decoder.h"
#include "velo/formats/protobuf/descriptor.h"
#include "velo/formats/protobuf/encoder.h"
#include "velo/formats/protobuf/message_columns.h"
#include "velo/formats/protobuf/types.h"
#include "velo/formats/protobuf/wire.h"
#include "velo/formats/record_limit.h"
#include "velo/testing/matchers.h"

namespace velo::formats::protobuf {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

Result<MessageType> find_type(const std::string& name) {
  ARROW_ASSIGN_OR_RAISE(auto set, DescriptorSet::parse(read_file("shop.desc")));
  return MessageType::make(std::move(set), name);
}

Input input_of(const std::string& bytes) {
  return {"data",
          std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes)),
          nullptr};
}

struct Decoded {
  std::shared_ptr<arrow::Table> table;
  std::vector<PlacedBadRecord> bad;
};

Result<Decoded> decode(const std::string& bytes, const std::string& message,
                       const DecodeOptions& options = {},
                       const DecoderLimits& limits = {}) {
  ARROW_ASSIGN_OR_RAISE(const auto type, find_type(message));
  ARROW_ASSIGN_OR_RAISE(auto decoder,
                        make_decoder(input_of(bytes), type, options, limits));
  Decoded decoded;
  arrow::RecordBatchVector batches;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto batch, decode_next(*decoder, {}));
    if (!batch.rows) break;
    EXPECT_GT(batch.num_records(), 0);
    EXPECT_THAT(batch.rows->ValidateFull(), IsOk());
    batches.push_back(batch.rows);
    std::ranges::move(batch.bad, std::back_inserter(decoded.bad));
  }
  ARROW_ASSIGN_OR_RAISE(auto table,
                        arrow::Table::FromRecordBatches(decoder->schema(), batches));
  ARROW_ASSIGN_OR_RAISE(decoded.table, table->CombineChunks());
  return decoded;
}

std::string framed(const std::string& message) {
  std::string bytes;
  append_varint(message.size(), bytes);
  return bytes + message;
}

void expect_column(const arrow::Table& table, const std::string& name,
                   const std::string& json) {
  SCOPED_TRACE(name);
  const auto column = table.GetColumnByName(name);
  ASSERT_TRUE(column);
  const auto expected = arrow::json::ArrayFromJSONString(column->type(), json);
  ASSERT_THAT(expected, IsOk());
  EXPECT_TRUE(column->chunk(0)->Equals(**expected)) << column->ToString();
}

TEST(Protobuf, ReadsWhatPythonHasWritten) {
  const auto decoded = decode(read_file("orders.protobuf"), "shop.Order");
  ASSERT_THAT(decoded, IsOk());
  const arrow::Table& orders = *decoded->table;
  ASSERT_EQ(orders.num_rows(), 4);
  const std::pair<const char*, const char*> columns[] = {
      {"a_int32", "[0, 2147483647, -2147483648, 0]"},
      {"a_int64", "[0, 9223372036854775807, -9223372036854775808, 0]"},
      {"a_uint32", "[0, 4294967295, 0, 0]"},
      {"a_uint64", "[0, 18446744073709551615, 0, 0]"},
      {"a_sint32", "[0, 2147483647, -2147483648, 0]"},
      {"a_sint64", "[0, 9223372036854775807, -9223372036854775808, 0]"},
      {"a_fixed32", "[0, 4294967295, 0, 0]"},
      {"a_fixed64", "[0, 18446744073709551615, 0, 0]"},
      {"a_sfixed32", "[0, 2147483647, -2147483648, 0]"},
      {"a_sfixed64", "[0, 9223372036854775807, -9223372036854775808, 0]"},
      {"a_float", "[0, 1.5, -Inf, 0]"},
      {"a_double", "[0, 3.141592653589793, 5e-324, 0]"},
      {"a_bool", "[false, true, false, false]"},
      {"a_string", "[\"\", \"grüße 日本\", \"\", \"\"]"},
      {"color", R"(["COLOR_UNKNOWN", "BLUE", "42", "COLOR_UNKNOWN"])"},
      {"maybe", "[null, 0, null, null]"},
      {"item", R"([null, {"name": "tea", "price": -1, "tags": ["a", ""],
                   "size": {"height": 2.5, "width": 0}}, null, null])"},
      {"numbers", "[[], [0, -1, 300], [], []]"},
      {"unpacked", "[[], [0, -1, 4611686018427387904], [], []]"},
      {"words", R"([[], ["", "x"], [], []])"},
      {"items", R"([[], [{"name": "", "price": 0, "tags": [], "size": null},
                    {"name": "pot", "price": 0, "tags": [],
                     "size": {"height": 0, "width": null}}], [], []])"},
      {"colors", R"([[], ["RED", "COLOR_UNKNOWN"], [], []])"},
      {"counts", R"([[], [["a", 1]], [], []])"},
      {"by_number", R"([[], [[7, {"name": "seven", "price": 0, "tags": [],
                        "size": null}]], [], []])"},
      {"left", R"([null, null, "l", null])"},
      {"right", R"([null, null, null, {"name": "", "price": 9, "tags": [],
                    "size": null}])"},
      {"middle", "[null, 0, null, null]"},
      {"at", "[null, -750000000, null, null]"},
      {"took", "[null, -1500000000, null, null]"},
      {"wrapped", "[null, 0, null, null]"},
      {"wrapped_text", "[null, \"text\", null, null]"},
      {"doubles", "[[], [Inf, -0.0], [], []]"},
  };
  for (const auto& [name, json] : columns) expect_column(orders, name, json);
  EXPECT_EQ(
      static_cast<const arrow::BinaryArray&>(*orders.GetColumnByName("a_bytes")->chunk(0))
          .GetString(1),
      std::string("\0\xFF", 2));
  EXPECT_EQ(orders.schema()->GetFieldByName("at")->type()->ToString(),
            "timestamp[ns, tz=UTC]");
}

TEST(Protobuf, KnowsTheDefaultsOfProto2) {
  const auto decoded = decode(read_file("orders.protobuf"), "shop.Order");
  ASSERT_THAT(decoded, IsOk());
  const auto& parts = static_cast<const arrow::StructArray&>(
      *decoded->table->GetColumnByName("part")->chunk(0));
  const auto part = [&](int64_t row, const char* field) {
    return parts.GetFieldByName(field)->GetScalar(row).ValueOrDie()->ToString();
  };
  EXPECT_TRUE(parts.IsNull(0));
  EXPECT_EQ(part(1, "number"), "0");
  EXPECT_EQ(part(1, "note"), "");
  EXPECT_EQ(part(1, "text"), "");
  EXPECT_EQ(part(1, "grade"), "BAD");
  EXPECT_EQ(part(2, "number"), "-1");
  EXPECT_EQ(part(2, "note"), "null");
  EXPECT_EQ(part(2, "text"), "none \"yet\"");
  EXPECT_EQ(
      static_cast<const arrow::BinaryArray&>(*parts.GetFieldByName("raw")).GetString(2),
      "\001\n\xFF\\");
  EXPECT_EQ(part(2, "ratio"), "-inf");
  EXPECT_EQ(part(2, "level"), "-3");
  EXPECT_EQ(part(2, "grade"), "null");
  EXPECT_EQ(part(2, "mark"), "BAD");
}

TEST(Protobuf, WritesWhatItReads) {
  const auto type = find_type("shop.Order").ValueOrDie();
  const std::string bytes = read_file("orders.protobuf");
  const auto first = decode(bytes, "shop.Order").ValueOrDie().table;
  const auto output = arrow::io::BufferOutputStream::Create().ValueOrDie();
  auto encoder = make_encoder(output, *first->schema(), type, 1 << 20);
  ASSERT_THAT(encoder, IsOk());
  arrow::TableBatchReader batches(*first);
  ASSERT_THAT((*encoder)->write(*batches.Next().ValueOrDie()), IsOk());
  ASSERT_THAT((*encoder)->finish(), IsOk());
  const std::string written = output->Finish().ValueOrDie()->ToString();
  EXPECT_TRUE(decode(written, "shop.Order").ValueOrDie().table->Equals(*first));
}

TEST(Protobuf, StepsOverFieldsThatItDoesNotKnow) {
  const auto decoded = decode(read_file("newer_orders.protobuf"), "shop.Order");
  ASSERT_THAT(decoded, IsOk());
  expect_column(*decoded->table, "a_int32", "[1]");
  expect_column(*decoded->table, "a_string", "[\"s\"]");

  const auto type = find_type("shop.Order").ValueOrDie();
  const auto columns =
      MessageColumns::make(type.message(), schema_of(type.message())->get()->fields())
          .ValueOrDie();
  // A number that is text, and one that is no varint; a group, and one in it.
  const std::string group = "\xFB\x7D" + varint_field(1, 5) + "\x0B\x0C" + "\xFC\x7D";
  EXPECT_TRUE(columns->append(bytes_field(1, "x") + varint_field(14, 3) + group));
  EXPECT_EQ(columns->run().num_unknown, 3);
}

TEST(Protobuf, TakesTheLastOfTwo) {
  const std::string twice =
      varint_field(1, 5) + varint_field(1, 6) + bytes_field(18, bytes_field(1, "tea")) +
      bytes_field(18, varint_field(2, 7)) + bytes_field(18, bytes_field(3, "t")) +
      bytes_field(24, bytes_field(1, "a") + varint_field(2, 1)) +
      bytes_field(24, varint_field(2, 2) + bytes_field(1, "b")) +
      bytes_field(24, bytes_field(1, "a")) + bytes_field(26, "l") + varint_field(28, 1);
  const auto decoded = decode(framed(twice), "shop.Order");
  ASSERT_THAT(decoded, IsOk());
  expect_column(*decoded->table, "a_int32", "[6]");
  expect_column(*decoded->table, "item",
                R"([{"name": "tea", "price": 7, "tags": ["t"], "size": null}])");
  expect_column(*decoded->table, "counts", R"([[["a", 0], ["b", 2]]])");
  expect_column(*decoded->table, "left", "[null]");
  expect_column(*decoded->table, "middle", "[1]");
}

// Also where the last member is not wanted; what is no value of it changes nothing.
TEST(Protobuf, KnowsWhichMemberOfAOneofIsThere) {
  const std::string replaced = bytes_field(26, "l") + varint_field(28, 1);
  const std::string kept = bytes_field(26, "l") + bytes_field(28, "no number");
  DecodeOptions options;
  for (const bool has_columns : {false, true}) {
    if (has_columns) options.columns = {"left"};
    const auto decoded = decode(framed(replaced), "shop.Order", options);
    ASSERT_THAT(decoded, IsOk());
    expect_column(*decoded->table, "left", "[null]");
  }
  const auto decoded = decode(framed(kept), "shop.Order");
  ASSERT_THAT(decoded, IsOk());
  expect_column(*decoded->table, "left", "[\"l\"]");
  expect_column(*decoded->table, "middle", "[null]");
}

// One key may be on the wire in several ways.
TEST(Protobuf, KnowsKeysByTheirValues) {
  const std::string minus_one = varint_field(1, std::numeric_limits<uint64_t>::max());
  const std::string same = varint_field(1, std::numeric_limits<uint32_t>::max());
  const auto decoded =
      decode(framed(bytes_field(25, minus_one) +
                    bytes_field(25, same + bytes_field(2, bytes_field(1, "last")))),
             "shop.Order");
  ASSERT_THAT(decoded, IsOk());
  expect_column(*decoded->table, "by_number",
                R"([[[-1, {"name": "last", "price": 0, "tags": [], "size": null}]]])");
}

TEST(Protobuf, PutsTheMessagesOfAnEntryTogether) {
  const std::string entry = varint_field(1, 7) + bytes_field(2, bytes_field(1, "tea")) +
                            bytes_field(2, varint_field(2, 5)) +
                            bytes_field(2, bytes_field(3, "hot"));
  const auto decoded = decode(framed(bytes_field(25, entry)), "shop.Order");
  ASSERT_THAT(decoded, IsOk());
  expect_column(*decoded->table, "by_number",
                R"([[[7, {"name": "tea", "price": 5, "tags": ["hot"], "size": null}]]])");
}

TEST(Protobuf, ReadsRepeatedNumbersBothWays) {
  std::string packed;
  append_varint(1, packed);
  append_varint(300, packed);
  const std::string message = bytes_field(19, packed) + varint_field(19, 5) +
                              bytes_field(19, "") +
                              bytes_field(20, std::string("\x01\x02", 2));
  const auto decoded = decode(framed(message), "shop.Order");
  ASSERT_THAT(decoded, IsOk());
  expect_column(*decoded->table, "numbers", "[[1, 300, 5]]");
  expect_column(*decoded->table, "unpacked", "[[-1, 1]]");
}

// A value that a closed enum does not name is an unknown field.
TEST(Protobuf, KnowsClosedEnums) {
  const std::string message = varint_field(1, 1) + varint_field(7, 99) +
                              bytes_field(9, std::string("\x07\x63\x02", 3));
  const auto decoded = decode(framed(message), "legacy.Part");
  ASSERT_THAT(decoded, IsOk());
  expect_column(*decoded->table, "grade", "[null]");
  expect_column(*decoded->table, "marks", R"([["GOOD", "BAD"]])");
}

// proto2: then its entry is an unknown field, and no entry of another value.
TEST(Protobuf, LeavesOutEntriesWithUnknownValues) {
  const std::string color = bytes_field(1, "Color") +
                            bytes_field(2, bytes_field(1, "RED") + varint_field(2, 1));
  const std::string entry =
      bytes_field(1, "Entry") + bytes_field(2, declared("key", 1, FieldType::kBool)) +
      bytes_field(2, declared("value", 2, FieldType::kEnum, ".Color")) +
      bytes_field(7, varint_field(7, 1));
  const std::string message =
      bytes_field(1, "M") +
      bytes_field(2, declared("colors", 1, FieldType::kMessage, ".Entry", true));
  auto set = DescriptorSet::parse(
      file_of(bytes_field(5, color) + bytes_field(4, entry) + bytes_field(4, message)));
  ASSERT_THAT(set, IsOk());
  const auto type = MessageType::make(*std::move(set), "M").ValueOrDie();
  const auto columns =
      MessageColumns::make(type.message(), schema_of(type.message())->get()->fields())
          .ValueOrDie();
  EXPECT_TRUE(columns->append(bytes_field(1, varint_field(1, 1) + varint_field(2, 99)) +
                              bytes_field(1, varint_field(1, 0) + varint_field(2, 1))));
  EXPECT_EQ(columns->run().num_unknown, 1);
  const auto found = columns->finish().ValueOrDie();
  const auto expected =
      arrow::json::ArrayFromJSONString(found[0]->type(), R"([[[false, "RED"]]])");
  EXPECT_TRUE(found[0]->Equals(**expected)) << found[0]->ToString();
}

TEST(Protobuf, ReadsTheColumnsThatAreWanted) {
  DecodeOptions options;
  options.columns = {"items", "a_int32", "items"};
  const auto decoded = decode(read_file("orders.protobuf"), "shop.Order", options);
  ASSERT_THAT(decoded, IsOk());
  EXPECT_EQ(decoded->table->num_columns(), 3);
  EXPECT_EQ(decoded->table->field(1)->name(), "a_int32");
  EXPECT_TRUE(decoded->table->column(0)->Equals(decoded->table->column(2)));
  options.columns = {"nothing"};
  EXPECT_THAT(decode("", "shop.Order", options).status(),
              IsError(ErrorKind::kInvalidArgument, HasSubstr("nothing")));
}

TEST(Protobuf, DoesNotDependOnBlocks) {
  std::string bytes;
  for (int i = 0; i < 20; ++i) bytes += read_file("orders.protobuf");
  const auto whole = decode(bytes, "shop.Order").ValueOrDie().table;
  EXPECT_EQ(whole->num_rows(), 80);
  for (const int64_t block_bytes : {1, 3, 7, 100, 1000}) {
    const auto decoded = decode(bytes, "shop.Order", {}, {.block_bytes = block_bytes});
    ASSERT_THAT(decoded, IsOk());
    EXPECT_TRUE(decoded->table->Equals(*whole)) << block_bytes;
  }
}

// An error, or the messages that are whole.
TEST(Protobuf, IsCutOffAnywhere) {
  const std::string bytes = read_file("orders.protobuf");
  const auto whole = decode(bytes, "shop.Order").ValueOrDie().table;
  int num_exact = 0;
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto decoded = decode(bytes.substr(0, size), "shop.Order");
    if (!decoded.ok()) {
      EXPECT_THAT(decoded.status(), IsError(ErrorKind::kCorruptData, HasSubstr("ends")));
      continue;
    }
    ++num_exact;
    EXPECT_TRUE(decoded->table->Equals(*whole->Slice(0, decoded->table->num_rows())));
  }
  EXPECT_EQ(num_exact, 4);
}

TEST(Protobuf, SaysWhatIsWrong) {
  const std::string good = framed("");
  const std::pair<std::string, const char*> cases[] = {
      {framed(bytes_field(14, "\xFF")), "field 'a_string': the text is not UTF-8"},
      {framed(bytes_field(18, bytes_field(4, "\x09"))),
       "field 'item.size': it ends within a field"},
      {framed("\x08"), "a number cannot be read"},
      {framed(std::string("\0", 1)), "a number that none may have"},
      {framed("\x0F"), "a wire type that there is not"},
      {framed("\x0C"), "a group ends"},
      {framed("\x0B"), "a group does not end"},
      {framed(bytes_field(19, "\x80")), "field 'numbers': a number of a packed field"},
      {framed(bytes_field(1000, "")), "field 'part.number': a required field"},
      {framed(bytes_field(29, varint_field(2, 2'000'000'000))), "are no time"},
      {framed(bytes_field(29, varint_field(1, uint64_t{1} << 40))), "beyond"},
      {std::string("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"), "length is expected"},
  };
  for (const auto& [bytes, problem] : cases) {
    EXPECT_THAT(decode(good + bytes, "shop.Order").status(),
                IsError(ErrorKind::kCorruptData,
                        AllOf(HasSubstr("data: message 2, byte 1"), HasSubstr(problem))));
  }
}

TEST(Protobuf, KeepsBadMessages) {
  DecodeOptions options;
  options.keep_bad_records = true;
  const std::string bad = bytes_field(14, "\xFF");
  const std::string large = bytes_field(14, std::string(100'000, 'x'));
  const std::string bytes = framed(varint_field(1, 1)) + framed(bad) +
                            framed(varint_field(1, 2)) + framed(large) +
                            framed(varint_field(1, 3)) + framed(bad);
  for (const int64_t block_bytes : {5, 1 << 20}) {
    const auto decoded = decode(bytes, "shop.Order", options,
                                {.block_bytes = block_bytes, .max_record_bytes = 90'000});
    ASSERT_THAT(decoded, IsOk());
    expect_column(*decoded->table, "a_int32", "[1, 2, 3]");
    ASSERT_EQ(decoded->bad.size(), 3U);
    EXPECT_EQ(decoded->bad[0].record.bytes, bad);
    EXPECT_THAT(decoded->bad[0].record.error.message(), HasSubstr("message 2, byte 3"));
    EXPECT_EQ(decoded->bad[1].record.bytes.size(),
              static_cast<size_t>(kKeptOfLargeRecord));
    EXPECT_THAT(decoded->bad[1].record.error.message(), HasSubstr("larger than"));
    EXPECT_EQ(decoded->bad[2].record.bytes, bad);
    EXPECT_THAT(decoded->bad[2].record.error.message(), HasSubstr("message 6"));
  }
  EXPECT_THAT(decode(bytes, "shop.Order", {}, {.max_record_bytes = 90'000}).status(),
              IsError(ErrorKind::kCorruptData, HasSubstr("message 2")));
  EXPECT_THAT(decode(framed(large).substr(0, 95'000), "shop.Order", options,
                     {.max_record_bytes = 90'000})
                  .status(),
              IsError(ErrorKind::kCorruptData, HasSubstr("ends within this message")));
}

TEST(Protobuf, RefusesByName) {
  const auto node = find_type("shop.Node").ValueOrDie();
  EXPECT_THAT(schema_of(node.message()),
              IsError(ErrorKind::kNotImplemented,
                      AllOf(HasSubstr("shop.Node"), HasSubstr("children"))));
  EXPECT_THAT(find_type("shop.Nothing").status(),
              IsError(ErrorKind::kNotFound,
                      AllOf(HasSubstr("shop.Nothing"), HasSubstr("shop.Order"))));
  EXPECT_THAT(DescriptorSet::parse(read_file("shop.proto")).status(),
              IsError(ErrorKind::kCorruptData, HasSubstr("protoc")));
  const auto group = find_type("legacy.WithGroup").ValueOrDie();
  EXPECT_THAT(schema_of(group.message()),
              IsError(ErrorKind::kNotImplemented,
                      AllOf(HasSubstr("a group"), HasSubstr("entry"),
                            HasSubstr("A descriptor without the field"))));
}

// One column of one row into a message of shop.Order.
Status write_one(const std::string& name, const std::shared_ptr<arrow::DataType>& type,
                 const std::string& json) {
  ARROW_ASSIGN_OR_RAISE(const auto message, find_type("shop.Order"));
  ARROW_ASSIGN_OR_RAISE(auto array, arrow::json::ArrayFromJSONString(type, json));
  const auto schema = arrow::schema({arrow::field(name, type)});
  ARROW_ASSIGN_OR_RAISE(auto output, arrow::io::BufferOutputStream::Create());
  ARROW_ASSIGN_OR_RAISE(auto encoder, make_encoder(output, *schema, message, 1 << 20));
  return encoder->write(*arrow::RecordBatch::Make(schema, 1, {array}));
}

TEST(Protobuf, WritesWhatLosesNothing) {
  EXPECT_THAT(write_one("a_int64", arrow::int16(), "[7]"), IsOk());
  EXPECT_THAT(
      write_one("at", arrow::timestamp(arrow::TimeUnit::MICRO, "Europe/Paris"), "[7]"),
      IsOk());
  EXPECT_THAT(
      write_one("color", arrow::dictionary(arrow::int8(), arrow::utf8()), "[\"RED\"]"),
      IsOk());
  EXPECT_THAT(write_one("a_string", arrow::large_utf8(), "[\"x\"]"), IsOk());
  EXPECT_THAT(write_one("color", arrow::utf8(), "[\"77\"]"), IsOk());

  const std::tuple<const char*, std::shared_ptr<arrow::DataType>, const char*,
                   const char*>
      refused[] = {
          {"a_int32", arrow::int64(), "[7]", "int64 cannot be written"},
          {"a_string", arrow::int64(), "[7]", "int64 cannot be written"},
          {"a_int64", arrow::utf8(), "[\"7\"]", "text cannot be written"},
          {"at", arrow::timestamp(arrow::TimeUnit::NANO), "[7]", "cannot be written"},
          {"nothing", arrow::int64(), "[7]", "no field 'nothing'"},
          {"a_int32", arrow::int32(), "[null]", "NULL cannot be written"},
          {"color", arrow::utf8(), "[\"GREEN\"]", "'GREEN' is no value of shop.Color"},
          {"numbers", arrow::list(arrow::int32()), "[null]", "NULL"},
          {"numbers", arrow::list(arrow::int32()), "[[1, null]]", "NULL"},
          {"numbers", arrow::int32(), "[1]", "a list can"},
          {"counts", arrow::int32(), "[1]", "a map can"},
          {"item", arrow::int32(), "[1]", "a struct can"},
      };
  for (const auto& [name, type, json, problem] : refused) {
    EXPECT_THAT(write_one(name, type, json),
                IsError(ErrorKind::kSchemaMismatch, HasSubstr(problem)));
  }
}

TEST(Protobuf, WritesOneOfAOneof) {
  const auto type = find_type("shop.Order").ValueOrDie();
  const auto schema = arrow::schema(
      {arrow::field("left", arrow::utf8()), arrow::field("middle", arrow::int64())});
  const auto output = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto encoder = make_encoder(output, *schema, type, 1 << 20).ValueOrDie();
  const auto left = arrow::json::ArrayFromJSONString(arrow::utf8(), "[\"\"]");
  const auto middle = arrow::json::ArrayFromJSONString(arrow::int64(), "[0]");
  EXPECT_THAT(encoder->write(*arrow::RecordBatch::Make(schema, 1, {*left, *middle})),
              IsError(ErrorKind::kSchemaMismatch,
                      AllOf(HasSubstr("'left'"), HasSubstr("'middle'"))));
}

}  // namespace
}  // namespace velo::formats::protobuf
