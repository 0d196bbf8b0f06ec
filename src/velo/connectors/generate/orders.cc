#include <algorithm>
#include <array>

#include "velo/connectors/generate/random.h"
#include "velo/connectors/generate/tables.h"
#include "velo/connectors/generate/words.h"

namespace velo::generate {
namespace {

struct Product {
  std::string_view name;
  int32_t cents;
};

constexpr std::array<Product, 32> kProducts = {{
    {"espresso cup", 890},
    {"coffee beans 1 kg", 1890},
    {"green tea", 650},
    {"water bottle", 1450},
    {"notebook", 495},
    {"fountain pen", 2990},
    {"desk lamp", 3990},
    {"wool socks", 1290},
    {"running shoes", 11990},
    {"rain jacket", 8900},
    {"backpack", 6495},
    {"bicycle bell", 995},
    {"bicycle light", 2495},
    {"head torch", 3450},
    {"tent", 24900},
    {"sleeping bag", 12950},
    {"chef's knife", 7490},
    {"cutting board", 2790},
    {"cast iron pan", 5490},
    {"crème brûlée torch", 3290},
    {"mixing bowl", 1790},
    {"chess set", 4590},
    {"jigsaw, 1000 pieces", 1999},
    {"board game", 3799},
    {"headphones", 14900},
    {"keyboard", 9990},
    {"mouse", 3990},
    {"monitor, 27\"", 29900},
    {"USB cable, 2 m", 799},
    {"phone case", 1599},
    {"e-reader", 13900},
    {"espresso machine", 64900},
}};

// One in so many entries is how often a value comes.
constexpr std::array<int32_t, 16> kQuantities = {1, 1, 1, 1, 1, 1, 1, 2,
                                                 2, 2, 2, 3, 3, 4, 6, 12};
constexpr std::array<int32_t, 8> kPercentOfPrice = {100, 100, 100, 100, 100, 95, 90, 75};

constexpr int64_t kBegin = 1'735'689'600'000'000;  // 2025-01-01 00:00:00 UTC
constexpr int64_t kMicrosecondsPerRow = 10'000'000;
// The clock starts again after so many rows, long before it overflows.
constexpr int64_t kRowsOfClock = int64_t{1} << 36;

uint32_t product_of(uint64_t bits) {
  return std::min(below(kProducts.size(), bits), below_too(kProducts.size(), bits));
}

int32_t quantity_of(uint64_t bits) { return kQuantities[bits >> 60]; }

int64_t price_of(uint64_t product_bits, uint64_t price_bits) {
  const int32_t cents = kProducts[product_of(product_bits)].cents;
  return int64_t{cents} * kPercentOfPrice[price_bits >> 61] / 100;
}

ArrayResult make_id(uint64_t, RowRange rows) {
  return make_numbers<int64_t>(arrow::int64(), rows, [](int64_t row) { return row + 1; });
}

ArrayResult make_customer_id(uint64_t seed, RowRange rows) {
  const RandomColumn random(seed, "orders.customer_id");
  return make_numbers<int64_t>(arrow::int64(), rows, [&](int64_t row) {
    return int64_t{1} + skewed_below(100'000, random.at(row));
  });
}

ArrayResult make_product(uint64_t seed, RowRange rows) {
  static const Words<32> words = [] {
    std::array<std::string_view, kProducts.size()> names;
    std::ranges::transform(kProducts, names.begin(), &Product::name);
    return Words<32>(names);
  }();
  const RandomColumn random(seed, "orders.product");
  return make_words(rows, words, [&](int64_t row) { return product_of(random.at(row)); });
}

ArrayResult make_quantity(uint64_t seed, RowRange rows) {
  const RandomColumn random(seed, "orders.quantity");
  return make_numbers<int32_t>(arrow::int32(), rows,
                               [&](int64_t row) { return quantity_of(random.at(row)); });
}

ArrayResult make_price(uint64_t seed, RowRange rows) {
  const RandomColumn product(seed, "orders.product");
  const RandomColumn price(seed, "orders.price");
  return make_decimals(arrow::decimal128(12, 2), rows, [&](int64_t row) {
    return price_of(product.at(row), price.at(row));
  });
}

ArrayResult make_total(uint64_t seed, RowRange rows) {
  const RandomColumn product(seed, "orders.product");
  const RandomColumn price(seed, "orders.price");
  const RandomColumn quantity(seed, "orders.quantity");
  return make_decimals(arrow::decimal128(14, 2), rows, [&](int64_t row) {
    return quantity_of(quantity.at(row)) * price_of(product.at(row), price.at(row));
  });
}

ArrayResult make_status(uint64_t seed, RowRange rows) {
  static const Words<16> words = {"delivered", "delivered", "delivered", "delivered",
                                  "delivered", "delivered", "delivered", "delivered",
                                  "delivered", "shipped",   "shipped",   "shipped",
                                  "paid",      "pending",   "cancelled", "returned"};
  const RandomColumn random(seed, "orders.status");
  return make_words(rows, words, [&](int64_t row) {
    return static_cast<uint32_t>(random.at(row) >> 60);
  });
}

ArrayResult make_country(uint64_t seed, RowRange rows) {
  static const Words<8> words = {"DE", "US", "FR", "GB", "NL", "ES", "IT", "PL",
                                 "SE", "AT", "CH", "JP", "BR", "IN", "CA", "AU"};
  const RandomColumn random(seed, "orders.country");
  return make_words(rows, words, [&](int64_t row) {
    return skewed_below(words.size(), random.at(row));
  });
}

ArrayResult make_ordered_at(uint64_t seed, RowRange rows) {
  const RandomColumn random(seed, "orders.ordered_at");
  const auto type = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  return make_numbers<int64_t>(type, rows, [&](int64_t row) {
    return kBegin + (row & (kRowsOfClock - 1)) * kMicrosecondsPerRow +
           below(kMicrosecondsPerRow, random.at(row));
  });
}

}  // namespace

const Table& orders_table() {
  const auto field = [](const char* name, std::shared_ptr<arrow::DataType> type) {
    return arrow::field(name, std::move(type), /*nullable=*/false);
  };
  static const Table table = {
      "orders",
      {
          {field("id", arrow::int64()), make_id},
          {field("customer_id", arrow::int64()), make_customer_id},
          {field("product", arrow::utf8()), make_product},
          {field("quantity", arrow::int32()), make_quantity},
          {field("price", arrow::decimal128(12, 2)), make_price},
          {field("total", arrow::decimal128(14, 2)), make_total},
          {field("status", arrow::utf8()), make_status},
          {field("country", arrow::utf8()), make_country},
          {field("ordered_at", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
           make_ordered_at},
      }};
  return table;
}

}  // namespace velo::generate
