#include "velo/connectors/generate/tables.h"

#include <arrow/api.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>
#include <string>
#include <vector>

namespace velo::generate {
namespace {

using ::testing::ElementsAre;

std::shared_ptr<arrow::RecordBatch> rows_of(const Table& table, RowRange rows,
                                            uint64_t seed = 1) {
  return make_rows(table.columns, seed, rows).ValueOrDie();
}

std::string line_of(const arrow::RecordBatch& rows, int64_t row) {
  std::string line;
  for (const auto& column : rows.columns()) {
    if (!line.empty()) line += '|';
    line += column->GetScalar(row).ValueOrDie()->ToString();
  }
  return line;
}

std::vector<std::string> lines_of(const arrow::RecordBatch& rows) {
  std::vector<std::string> lines;
  for (int64_t row = 0; row < rows.num_rows(); ++row) lines.push_back(line_of(rows, row));
  return lines;
}

uint64_t fingerprint_of(const Table& table, RowRange range) {
  uint64_t bits = 0xCBF29CE484222325;
  for (const std::string& line : lines_of(*rows_of(table, range))) {
    for (const char c : line)
      bits = (bits ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  }
  return bits;
}

// What these tests pin must never change: a seed means the same rows in every version.
TEST(Tables, OrdersOfSeedOne) {
  EXPECT_THAT(
      lines_of(*rows_of(orders_table(), {0, 5})),
      ElementsAre(
          "1|1223|head torch|1|32.77|32.77|cancelled|GB|2025-01-01 00:00:01.515293Z",
          "2|11036|mouse|2|39.90|79.80|shipped|GB|2025-01-01 00:00:17.042639Z",
          "3|15753|coffee beans 1 kg|1|18.90|18.90|delivered|AT|2025-01-01 "
          "00:00:27.630657Z",
          "4|45517|water bottle|1|14.50|14.50|delivered|FR|2025-01-01 00:00:32.494976Z",
          "5|634|running shoes|1|119.90|119.90|shipped|GB|2025-01-01 00:00:49.158044Z"));
  EXPECT_EQ(fingerprint_of(orders_table(), {0, 10'000}), 1973301280277581354U);
}

TEST(Tables, EventsOfSeedOne) {
  EXPECT_THAT(
      lines_of(*rows_of(events_table(), {0, 5})),
      ElementsAre(
          "1|58911|5aad3fc0514b3c74|page_view|https://shop.example/products/2997|"
          R"(1816.569|true|2025-01-01 00:00:00.016817Z|{"device":"desktop",)"
          R"("note":"안녕하세요"})",
          "2|517002|97f2f36a2c803152|page_view|https://shop.example/search?q=tent|"
          R"(232.951|true|2025-01-01 00:00:00.130463Z|{"device":"tv","note":"tab\tand )"
          R"(\"quotes\""})",
          "3|7206|5ad639afb86b7053|page_view|https://shop.example/products/4440|"
          R"(517.186|true|2025-01-01 00:00:00.282828Z|{"device":"phone","note":"é )"
          R"(is é"})",
          "4|270091|5fc1dfbdf7eada6f|login|https://shop.example/products/4144|"
          R"(212.5|true|2025-01-01 00:00:00.337981Z|{"device":"tablet",)"
          R"("note":"नमस्ते"})",
          "5|387223|877ac22a1b17b4c1|page_view|https://shop.example/products/2368|"
          R"(2368.076|true|2025-01-01 00:00:00.410556Z|{"device":"desktop",)"
          R"("note":"śledź, żółw"})"));
  EXPECT_EQ(fingerprint_of(events_table(), {0, 10'000}), 10404986924609466654U);
}

TEST(Tables, LineitemOfSeedOne) {
  EXPECT_THAT(
      lines_of(*rows_of(lineitem_table(), {0, 5})),
      ElementsAre(
          "1|73076|8091|1|12.00|12588.84|0.00|0.00|N|O|1995-09-22|1995-10-05|"
          "1995-10-13|DELIVER IN PERSON|TRUCK|telets. ironic foxes wake qui",
          "1|21846|6851|2|23.00|40660.32|0.01|0.05|N|O|1995-09-04|1995-11-10|"
          "1995-10-01|NONE|FOB| sly packages. slow pinto b",
          "2|94186|9205|1|1.00|1180.18|0.04|0.04|N|O|1995-09-06|1995-08-27|1995-09-24|"
          "COLLECT COD|FOB|arefully according to the unu",
          "2|2348|2349|2|32.00|40010.88|0.06|0.01|N|O|1995-07-10|1995-09-06|1995-07-20|"
          "COLLECT COD|FOB|atelets. bold exc",
          "2|178722|3757|3|45.00|81032.40|0.09|0.07|N|O|1995-06-27|1995-08-21|"
          "1995-07-19|DELIVER IN PERSON|TRUCK|ely around the even instructions. s"));
  EXPECT_EQ(fingerprint_of(lineitem_table(), {0, 10'000}), 9053946826041820458U);
}

class EveryTable : public ::testing::TestWithParam<const Table*> {};

INSTANTIATE_TEST_SUITE_P(Tables, EveryTable, ::testing::ValuesIn(all_tables()),
                         [](const auto& table) {
                           return std::string(table.param->name);
                         });

TEST_P(EveryTable, IsValidArrow) {
  for (const int64_t num_rows : {0, 1, 7, 8, 9, 1000}) {
    SCOPED_TRACE(num_rows);
    const auto rows = rows_of(*GetParam(), {3, num_rows});
    EXPECT_EQ(rows->num_rows(), num_rows);
    const arrow::Status valid = rows->ValidateFull();
    EXPECT_TRUE(valid.ok()) << valid;
    for (int i = 0; i < rows->num_columns(); ++i) {
      EXPECT_TRUE(rows->schema()->field(i)->nullable() ||
                  rows->column(i)->null_count() == 0);
    }
  }
}

TEST_P(EveryTable, RangesAreMadeAlone) {
  const auto whole = rows_of(*GetParam(), {0, 3000});
  for (const RowRange range :
       {RowRange{0, 1}, RowRange{1, 27}, RowRange{27, 2}, RowRange{28, 28},
        RowRange{999, 1001}, RowRange{2999, 1}}) {
    SCOPED_TRACE(fmt::format("{} rows from {}", range.num_rows, range.first));
    const auto part = rows_of(*GetParam(), range);
    EXPECT_TRUE(part->Equals(*whole->Slice(range.first, range.num_rows)));
  }
}

TEST_P(EveryTable, ColumnsAreMadeAlone) {
  const auto whole = rows_of(*GetParam(), {100, 50});
  for (size_t i = 0; i < GetParam()->columns.size(); ++i) {
    const auto alone = make_rows({&GetParam()->columns[i], 1}, 1, {100, 50}).ValueOrDie();
    EXPECT_TRUE(alone->column(0)->Equals(whole->column(static_cast<int>(i))))
        << alone->column_name(0);
  }
}

TEST_P(EveryTable, RowsFarAway) {
  const auto rows = rows_of(*GetParam(), {int64_t{1} << 60, 100});
  EXPECT_TRUE(rows->ValidateFull().ok());
}

TEST_P(EveryTable, SeedsDiffer) {
  EXPECT_FALSE(
      rows_of(*GetParam(), {0, 10}, 1)->Equals(*rows_of(*GetParam(), {0, 10}, 2)));
}

/// Count the rows of each text of a column.
std::map<std::string, int64_t> counts_of(const arrow::RecordBatch& rows,
                                         const std::string& column) {
  const auto& texts =
      static_cast<const arrow::StringArray&>(*rows.GetColumnByName(column));
  std::map<std::string, int64_t> counts;
  for (int64_t row = 0; row < texts.length(); ++row) ++counts[texts.GetString(row)];
  return counts;
}

template <typename Array>
const Array& column_of(const arrow::RecordBatch& rows, const std::string& name) {
  return static_cast<const Array&>(*rows.GetColumnByName(name));
}

TEST(Tables, OrdersAddUp) {
  const auto rows = rows_of(orders_table(), {0, 10'000});
  const auto& quantity = column_of<arrow::Int32Array>(*rows, "quantity");
  const auto& price = column_of<arrow::Decimal128Array>(*rows, "price");
  const auto& total = column_of<arrow::Decimal128Array>(*rows, "total");
  const auto& ordered_at = column_of<arrow::TimestampArray>(*rows, "ordered_at");
  for (int64_t row = 0; row < rows->num_rows(); ++row) {
    EXPECT_EQ(
        arrow::Decimal128(total.GetValue(row)),
        arrow::Decimal128(price.GetValue(row)) * arrow::Decimal128(quantity.Value(row)));
    if (row == 0) continue;
    EXPECT_LT(ordered_at.Value(row - 1), ordered_at.Value(row));
  }
  EXPECT_EQ(counts_of(*rows, "product").size(), 32);
  EXPECT_EQ(counts_of(*rows, "country").size(), 16);
  EXPECT_EQ(counts_of(*rows, "status").size(), 6);
}

TEST(Tables, EventsHaveNullsAndSessions) {
  const auto rows = rows_of(events_table(), {0, 100'000});
  EXPECT_NEAR(static_cast<double>(rows->GetColumnByName("duration_ms")->null_count()),
              10'000, 500);
  const auto& ok = column_of<arrow::BooleanArray>(*rows, "ok");
  EXPECT_NEAR(static_cast<double>(ok.true_count()), 97'000, 500);
  const size_t num_sessions = counts_of(*rows, "session_id").size();
  EXPECT_LT(num_sessions, 100'000);
  EXPECT_GT(num_sessions, 90'000);
  EXPECT_EQ(counts_of(*rows, "payload").size(), 64);
}

// The shares are those of the answer to TPC-H's query 1 at scale factor 1, by whose
// predicate 5,916,591 of 6,001,215 rows pass.
TEST(Tables, LineitemIsLikeTpch) {
  constexpr int64_t kNumRows = 280'000;
  const auto rows = rows_of(lineitem_table(), {0, kNumRows});
  const auto& flag = column_of<arrow::StringArray>(*rows, "l_returnflag");
  const auto& status = column_of<arrow::StringArray>(*rows, "l_linestatus");
  const auto& shipped = column_of<arrow::Date32Array>(*rows, "l_shipdate");
  constexpr int32_t kLatest = 10471;  // 1998-09-02
  std::map<std::string, double> shares;
  for (int64_t row = 0; row < kNumRows; ++row) {
    if (shipped.Value(row) > kLatest) continue;
    shares[flag.GetString(row) + status.GetString(row)] += 1.0 / kNumRows;
  }
  EXPECT_EQ(shares.size(), 4);
  EXPECT_NEAR(shares["AF"], 1478493.0 / 6001215, 0.005);
  EXPECT_NEAR(shares["NF"], 38854.0 / 6001215, 0.001);
  EXPECT_NEAR(shares["NO"], 2920374.0 / 6001215, 0.005);
  EXPECT_NEAR(shares["RF"], 1478870.0 / 6001215, 0.005);
}

TEST(Tables, LineitemMeans) {
  constexpr int64_t kNumRows = 280'000;
  const auto rows = rows_of(lineitem_table(), {0, kNumRows});
  const auto mean = [&](const std::string& name) {
    const auto& column = column_of<arrow::Decimal128Array>(*rows, name);
    double sum = 0;
    for (int64_t row = 0; row < kNumRows; ++row) {
      sum += arrow::Decimal128(column.GetValue(row)).ToDouble(2);
    }
    return sum / kNumRows;
  };
  EXPECT_NEAR(mean("l_quantity"), 25.5, 0.1);
  EXPECT_NEAR(mean("l_extendedprice"), 38'255, 200);
  EXPECT_NEAR(mean("l_discount"), 0.05, 0.001);
  EXPECT_NEAR(mean("l_tax"), 0.04, 0.001);
}

TEST(Tables, LineitemNumbersTheLinesOfAnOrder) {
  const auto rows = rows_of(lineitem_table(), {0, 2800});
  const auto& key = column_of<arrow::Int64Array>(*rows, "l_orderkey");
  const auto& number = column_of<arrow::Int32Array>(*rows, "l_linenumber");
  std::map<int32_t, int> orders_of_length;
  for (int64_t row = 1; row < rows->num_rows(); ++row) {
    if (key.Value(row) == key.Value(row - 1)) {
      EXPECT_EQ(number.Value(row), number.Value(row - 1) + 1);
    } else {
      EXPECT_LT(key.Value(row - 1), key.Value(row));
      EXPECT_EQ(number.Value(row), 1);
      ++orders_of_length[number.Value(row - 1)];
    }
    EXPECT_LT(key.Value(row) % 32, 8);
  }
  EXPECT_EQ(orders_of_length.size(), 7);
  EXPECT_EQ(key.Value(2799), (700 / 8 * 32) + 700 % 8);
}

}  // namespace
}  // namespace velo::generate
