#include <algorithm>
#include <array>
#include <numeric>

#include "velo/connectors/generate/random.h"
#include "velo/connectors/generate/tables.h"
#include "velo/connectors/generate/text_pool.h"
#include "velo/connectors/generate/words.h"

namespace velo::generate {
namespace {

// Scale factor 1.
constexpr uint32_t kNumParts = 200'000;
constexpr int64_t kNumSuppliers = 10'000;
constexpr int32_t kFirstOrderDate = 8035;  // 1992-01-01
constexpr uint32_t kNumOrderDates =
    2406;                         // to 1998-08-02: 151 days before the year's end
constexpr int32_t kToday = 9298;  // 1995-06-17

constexpr size_t kOrdersOfGroup = 7;
constexpr int64_t kLinesOfGroup = 28;  // 1 + 2 + … + 7

/// A line's place: the order it belongs to, from 0, and its number in it, from 1.
struct Line {
  int64_t order;
  int32_t number;
};

/// How many lines each order of a group has: the numbers 1 to 7, shuffled.
std::array<int32_t, kOrdersOfGroup> lines_of_orders(uint64_t bits) {
  std::array<int32_t, kOrdersOfGroup> lines{};
  std::iota(lines.begin(), lines.end(), 1);
  for (size_t i = kOrdersOfGroup - 1; i > 0; --i, bits >>= 8) {
    std::swap(lines[i], lines[((bits & 0xFF) * (i + 1)) >> 8]);
  }
  return lines;
}

/// Call `use(i, line)` for each row of `rows`, i counted from the first of them.
template <typename Use>
void for_each_line(uint64_t seed, RowRange rows, Use use) {
  const RandomColumn random(seed, "lineitem.lines");
  const int64_t end = rows.first + rows.num_rows;
  int64_t row = rows.first / kLinesOfGroup * kLinesOfGroup;
  for (int64_t order = row / kLinesOfGroup * int64_t{kOrdersOfGroup}; row < end;) {
    for (const int32_t num_lines : lines_of_orders(random.at(row))) {
      for (int32_t number = 1; number <= num_lines; ++number, ++row) {
        if (row >= rows.first && row < end) use(row - rows.first, Line{order, number});
      }
      ++order;
    }
  }
}

/// One value of type T a line: `value_of(row, line)`.
template <typename T, typename ValueOf>
ArrayResult make_of_lines(const std::shared_ptr<arrow::DataType>& type, uint64_t seed,
                          RowRange rows, ValueOf value_of) {
  return make_values<T>(type, rows.num_rows, [&](T* out) {
    for_each_line(seed, rows,
                  [&](int64_t i, Line line) { out[i] = value_of(rows.first + i, line); });
  });
}

int64_t part_of(uint64_t bits) { return int64_t{1} + below(kNumParts, bits); }
int64_t quantity_of(uint64_t bits) { return int64_t{1} + below(50, bits); }

/// P_RETAILPRICE, in cents.
int64_t retail_price_of(int64_t part) {
  return 90'000 + (part / 10) % 20'001 + 100 * (part % 1000);
}

/// The supplier of one of the four PARTSUPP rows of a part.
int64_t supplier_of(int64_t part, int64_t which) {
  return (part + which * (kNumSuppliers / 4 + (part - 1) / kNumSuppliers)) %
             kNumSuppliers +
         1;
}

/// The dates of lines, in days since 1970.
class Dates {
 public:
  explicit Dates(uint64_t seed)
      : order_(seed, "lineitem.order_date"),
        ship_(seed, "lineitem.l_shipdate"),
        commit_(seed, "lineitem.l_commitdate"),
        receipt_(seed, "lineitem.l_receiptdate") {}

  int32_t order(Line line) const {
    return kFirstOrderDate +
           static_cast<int32_t>(below(kNumOrderDates, order_.at(line.order)));
  }
  int32_t ship(int64_t row, Line line) const {
    return order(line) + 1 + static_cast<int32_t>(below(121, ship_.at(row)));
  }
  int32_t commit(int64_t row, Line line) const {
    return order(line) + 30 + static_cast<int32_t>(below(61, commit_.at(row)));
  }
  int32_t receipt(int64_t row, Line line) const {
    return ship(row, line) + 1 + static_cast<int32_t>(below(30, receipt_.at(row)));
  }

 private:
  RandomColumn order_;
  RandomColumn ship_;
  RandomColumn commit_;
  RandomColumn receipt_;
};

ArrayResult make_order_key(uint64_t seed, RowRange rows) {
  return make_of_lines<int64_t>(arrow::int64(), seed, rows, [](int64_t, Line line) {
    // Of each 32 keys the first 8 are used.
    const int64_t order = line.order + 1;
    return (order >> 3 << 5) | (order & 7);
  });
}

ArrayResult make_part_key(uint64_t seed, RowRange rows) {
  const RandomColumn part(seed, "lineitem.l_partkey");
  return make_numbers<int64_t>(arrow::int64(), rows,
                               [&](int64_t row) { return part_of(part.at(row)); });
}

ArrayResult make_supplier_key(uint64_t seed, RowRange rows) {
  const RandomColumn part(seed, "lineitem.l_partkey");
  const RandomColumn which(seed, "lineitem.l_suppkey");
  return make_numbers<int64_t>(arrow::int64(), rows, [&](int64_t row) {
    return supplier_of(part_of(part.at(row)), below(4, which.at(row)));
  });
}

ArrayResult make_line_number(uint64_t seed, RowRange rows) {
  return make_of_lines<int32_t>(arrow::int32(), seed, rows,
                                [](int64_t, Line line) { return line.number; });
}

ArrayResult make_quantity(uint64_t seed, RowRange rows) {
  const RandomColumn quantity(seed, "lineitem.l_quantity");
  return make_decimals(arrow::decimal128(15, 2), rows,
                       [&](int64_t row) { return 100 * quantity_of(quantity.at(row)); });
}

ArrayResult make_extended_price(uint64_t seed, RowRange rows) {
  const RandomColumn quantity(seed, "lineitem.l_quantity");
  const RandomColumn part(seed, "lineitem.l_partkey");
  return make_decimals(arrow::decimal128(15, 2), rows, [&](int64_t row) {
    return quantity_of(quantity.at(row)) * retail_price_of(part_of(part.at(row)));
  });
}

ArrayResult make_discount(uint64_t seed, RowRange rows) {
  const RandomColumn random(seed, "lineitem.l_discount");
  return make_decimals(arrow::decimal128(15, 2), rows,
                       [&](int64_t row) { return below(11, random.at(row)); });
}

ArrayResult make_tax(uint64_t seed, RowRange rows) {
  const RandomColumn random(seed, "lineitem.l_tax");
  return make_decimals(arrow::decimal128(15, 2), rows,
                       [&](int64_t row) { return below(9, random.at(row)); });
}

/// One character a line: `character_of(row, line)`.
template <typename CharacterOf>
ArrayResult make_characters(uint64_t seed, RowRange rows, CharacterOf character_of) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bytes,
                        arrow::AllocateBuffer(rows.num_rows));
  for_each_line(seed, rows, [&, out = bytes->mutable_data()](int64_t i, Line line) {
    out[i] = static_cast<uint8_t>(character_of(rows.first + i, line));
  });
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> offsets,
                        arrow::AllocateBuffer((rows.num_rows + 1) * 4));
  auto* offset = reinterpret_cast<int32_t*>(offsets->mutable_data());
  std::iota(offset, offset + rows.num_rows + 1, 0);
  return std::make_shared<arrow::StringArray>(rows.num_rows, std::move(offsets),
                                              std::move(bytes));
}

ArrayResult make_return_flag(uint64_t seed, RowRange rows) {
  const RandomColumn random(seed, "lineitem.l_returnflag");
  const Dates dates(seed);
  return make_characters(seed, rows, [&](int64_t row, Line line) {
    if (dates.receipt(row, line) > kToday) return 'N';
    return random.at(row) >> 63 ? 'R' : 'A';
  });
}

ArrayResult make_line_status(uint64_t seed, RowRange rows) {
  const Dates dates(seed);
  return make_characters(seed, rows, [&](int64_t row, Line line) {
    return dates.ship(row, line) > kToday ? 'O' : 'F';
  });
}

ArrayResult make_ship_date(uint64_t seed, RowRange rows) {
  const Dates dates(seed);
  return make_of_lines<int32_t>(arrow::date32(), seed, rows, [&](int64_t row, Line line) {
    return dates.ship(row, line);
  });
}

ArrayResult make_commit_date(uint64_t seed, RowRange rows) {
  const Dates dates(seed);
  return make_of_lines<int32_t>(arrow::date32(), seed, rows, [&](int64_t row, Line line) {
    return dates.commit(row, line);
  });
}

ArrayResult make_receipt_date(uint64_t seed, RowRange rows) {
  const Dates dates(seed);
  return make_of_lines<int32_t>(arrow::date32(), seed, rows, [&](int64_t row, Line line) {
    return dates.receipt(row, line);
  });
}

ArrayResult make_ship_instruction(uint64_t seed, RowRange rows) {
  static const Words<32> words = {"DELIVER IN PERSON", "COLLECT COD", "NONE",
                                  "TAKE BACK RETURN"};
  const RandomColumn random(seed, "lineitem.l_shipinstruct");
  return make_words(rows, words,
                    [&](int64_t row) { return below(words.size(), random.at(row)); });
}

ArrayResult make_ship_mode(uint64_t seed, RowRange rows) {
  static const Words<8> words = {"REG AIR", "AIR",  "RAIL", "SHIP",
                                 "TRUCK",   "MAIL", "FOB"};
  const RandomColumn random(seed, "lineitem.l_shipmode");
  return make_words(rows, words,
                    [&](int64_t row) { return below(words.size(), random.at(row)); });
}

ArrayResult make_comment(uint64_t seed, RowRange rows) {
  const TextPool& pool = text_pool();
  const RandomColumn random(seed, "lineitem.l_comment");
  return make_texts(rows, TextPool::kSlotBytes, [&](int64_t row, char* out) {
    const uint64_t bits = random.at(row);
    pool.copy(below(TextPool::kNumStarts, bits), out);
    return size_t{10} + below_too(34, bits);
  });
}

}  // namespace

const Table& lineitem_table() {
  const auto field = [](const char* name, std::shared_ptr<arrow::DataType> type) {
    return arrow::field(name, std::move(type), /*nullable=*/false);
  };
  static const auto kMoney = arrow::decimal128(15, 2);
  static const Table table = {
      "lineitem",
      {
          {field("l_orderkey", arrow::int64()), make_order_key},
          {field("l_partkey", arrow::int64()), make_part_key},
          {field("l_suppkey", arrow::int64()), make_supplier_key},
          {field("l_linenumber", arrow::int32()), make_line_number},
          {field("l_quantity", kMoney), make_quantity},
          {field("l_extendedprice", kMoney), make_extended_price},
          {field("l_discount", kMoney), make_discount},
          {field("l_tax", kMoney), make_tax},
          {field("l_returnflag", arrow::utf8()), make_return_flag},
          {field("l_linestatus", arrow::utf8()), make_line_status},
          {field("l_shipdate", arrow::date32()), make_ship_date},
          {field("l_commitdate", arrow::date32()), make_commit_date},
          {field("l_receiptdate", arrow::date32()), make_receipt_date},
          {field("l_shipinstruct", arrow::utf8()), make_ship_instruction},
          {field("l_shipmode", arrow::utf8()), make_ship_mode},
          {field("l_comment", arrow::utf8()), make_comment},
      }};
  return table;
}

}  // namespace velo::generate
