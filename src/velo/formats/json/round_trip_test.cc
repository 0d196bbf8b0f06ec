// What was encoded decodes to the same rows, whatever they are.

#include <bit>
#include <random>

#include "velo/formats/json/decode_for_test.h"

namespace velo::formats::json {
namespace {

using Random = std::mt19937_64;

int64_t pick(Random& random, int64_t least, int64_t most) {
  return std::uniform_int_distribution<int64_t>(least, most)(random);
}

std::string random_text(Random& random) {
  static const char* const kPieces[] = {"a", "bc", "\"", "\\",        "\n", "\x01",
                                        "é", "€",  "😀",  " ",         "{",  "}",
                                        ",", ":",  "/",  "0123456789"};
  std::string text;
  for (int64_t i = pick(random, 0, 12); i > 0; --i) {
    text += kPieces[pick(random, 0, std::size(kPieces) - 1)];
  }
  return text;
}

double random_double(Random& random) {
  for (;;) {
    const auto value = std::bit_cast<double>(random());
    if (std::isfinite(value)) return value;
  }
}

std::shared_ptr<arrow::Scalar> random_scalar(
    Random& random, const std::shared_ptr<arrow::DataType>& type) {
  using arrow::Type;
  if (pick(random, 0, 5) == 0) return arrow::MakeNullScalar(type);
  const auto bits = static_cast<int64_t>(random()) >> pick(random, 0, 63);
  const auto cast = [&](int64_t value) {
    return arrow::MakeScalar(value)->CastTo(type).ValueOrDie();
  };
  switch (type->id()) {
    case Type::BOOL:
      return arrow::MakeScalar(bits % 2 == 0);
    case Type::INT8:
      return arrow::MakeScalar(static_cast<int8_t>(bits));
    case Type::UINT32:
      return arrow::MakeScalar(static_cast<uint32_t>(bits));
    case Type::INT64:
      return arrow::MakeScalar(bits);
    case Type::UINT64:
      return arrow::MakeScalar(static_cast<uint64_t>(bits));
    case Type::DOUBLE:
      return arrow::MakeScalar(random_double(random));
    case Type::FLOAT: {
      const auto value = std::bit_cast<float>(static_cast<uint32_t>(random()));
      return arrow::MakeScalar(std::isfinite(value) ? value : 0.0F);
    }
    case Type::DECIMAL128: {
      arrow::Decimal128 value(bits);
      if (pick(random, 0, 1)) value *= arrow::Decimal128(1'000'000'007);
      return std::make_shared<arrow::Decimal128Scalar>(value, type);
    }
    case Type::STRING:
      return arrow::MakeScalar(random_text(random));
    case Type::BINARY:
      return std::make_shared<arrow::BinaryScalar>(random_text(random) + '\xFF');
    case Type::DATE32:
      return std::make_shared<arrow::Date32Scalar>(
          static_cast<int32_t>(pick(random, -719'528, 2'932'896)));
    case Type::TIME64:
      return std::make_shared<arrow::Time64Scalar>(pick(random, 0, 86'399'999'999), type);
    case Type::TIMESTAMP: {
      const auto unit = static_cast<const arrow::TimestampType&>(*type).unit();
      const int64_t most = unit == arrow::TimeUnit::NANO
                               ? std::numeric_limits<int64_t>::max()
                               : 253'402'300'799'999;
      return std::make_shared<arrow::TimestampScalar>(
          pick(random, unit == arrow::TimeUnit::NANO ? -most - 1 : -62'167'219'200'000,
               most),
          type);
    }
    default:
      return cast(0);
  }
}

std::shared_ptr<arrow::Array> random_array(Random& random,
                                           const std::shared_ptr<arrow::DataType>& type,
                                           int64_t length) {
  auto builder = arrow::MakeBuilder(type).ValueOrDie();
  for (int64_t i = 0; i < length; ++i) {
    EXPECT_TRUE(builder->AppendScalar(*random_scalar(random, type)).ok());
  }
  return builder->Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> random_list(Random& random, int64_t length) {
  arrow::Int32Builder offsets;
  int32_t end = 0;
  for (int64_t i = 0; i <= length; ++i) {
    EXPECT_TRUE(offsets.Append(end).ok());
    if (i < length) end += static_cast<int32_t>(pick(random, 0, 3));
  }
  const auto values = random_array(random, arrow::utf8(), end);
  return arrow::ListArray::FromArrays(*offsets.Finish().ValueOrDie(), *values)
      .ValueOrDie();
}

std::shared_ptr<arrow::Table> random_table(Random& random, int64_t num_rows) {
  const std::shared_ptr<arrow::DataType> types[] = {
      arrow::boolean(),
      arrow::int8(),
      arrow::uint32(),
      arrow::int64(),
      arrow::uint64(),
      arrow::float64(),
      arrow::float32(),
      arrow::decimal128(38, 5),
      arrow::utf8(),
      arrow::binary(),
      arrow::date32(),
      arrow::time64(arrow::TimeUnit::MICRO),
      arrow::timestamp(arrow::TimeUnit::MILLI),
      arrow::timestamp(arrow::TimeUnit::NANO, "UTC"),
  };
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  const auto add = [&](const std::shared_ptr<arrow::Array>& column) {
    fields.push_back(
        arrow::field("column " + std::to_string(fields.size()), column->type()));
    columns.push_back(column);
  };
  for (const auto& type : types) add(random_array(random, type, num_rows));
  add(random_list(random, num_rows));
  const auto inner = arrow::StructArray::Make({columns[3], columns.back()},
                                              std::vector<std::string>{"n", "l"})
                         .ValueOrDie();
  add(inner);
  return arrow::Table::Make(arrow::schema(fields), columns);
}

TEST(JsonRoundTrip, GivesTheSameRows) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const auto table = random_table(random, pick(random, 1, 200));
    const auto lines = encode(*table);
    ASSERT_TRUE(lines.ok()) << lines.status().ToString();
    const DecodeOptions options{.schema = table->schema(), .columns = std::nullopt};
    for (const int64_t block_bytes : {64, 4096, 1 << 20}) {
      const auto again = decode(*lines, options, tiny_blocks(block_bytes));
      ASSERT_TRUE(again.ok()) << again.status().ToString();
      ASSERT_TRUE((*again)->ValidateFull().ok());
      for (int i = 0; i < table->num_columns(); ++i) {
        EXPECT_TRUE((*again)->column(i)->Equals(*table->column(i)))
            << table->schema()->field(i)->ToString();
      }
    }
  }
}

TEST(JsonRoundTrip, GivesTheSameMapsWhateverTheirKeys) {
  const auto schema = arrow::schema(
      {arrow::field("n", arrow::map(arrow::int64(), arrow::utf8())),
       arrow::field("d", arrow::map(arrow::date32(), arrow::list(arrow::int8()))),
       arrow::field("t", arrow::map(arrow::utf8(), arrow::float64()))});
  const auto table = table_of(schema, R"([
      {"n": [[1, "a"], [-2, null], [1, "again"]], "d": [[0, [1, null]]], "t": [["k", 1]]},
      {"n": null, "d": [], "t": null},
      {"n": [], "d": [[7, null], [8, []]], "t": []}])");
  const auto lines = encode(*table).ValueOrDie();
  for (const int64_t block_bytes : {16, 1 << 20}) {
    const auto again = decode(lines, {.schema = schema, .columns = std::nullopt},
                              tiny_blocks(block_bytes));
    ASSERT_TRUE(again.ok()) << again.status().ToString();
    EXPECT_TRUE((*again)->Equals(*table)) << (*again)->ToString();
  }
}

TEST(JsonRoundTrip, InferredTypesAreThoseThatWereWritten) {
  const auto schema = arrow::schema(
      {arrow::field("b", arrow::boolean()), arrow::field("i", arrow::int64()),
       arrow::field("d", arrow::float64()), arrow::field("t", arrow::utf8()),
       arrow::field("l", arrow::list(arrow::int64())),
       arrow::field("o", arrow::struct_({arrow::field("x", arrow::float64())}))});
  const auto table = table_of(schema, R"([
      {"b": true, "i": 1, "d": 2.0, "t": "x", "l": [1, 2], "o": {"x": 3.0}},
      {"b": null, "i": null, "d": null, "t": null, "l": null, "o": null}])");
  const auto again = decode(encode(*table).ValueOrDie());
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_TRUE((*again)->Equals(*table)) << (*again)->ToString();
}

}  // namespace
}  // namespace velo::formats::json
