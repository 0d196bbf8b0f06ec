#include <fmt/format.h>

#include <array>

#include "velo/connectors/generate/random.h"
#include "velo/connectors/generate/tables.h"
#include "velo/connectors/generate/words.h"

namespace velo::generate {
namespace {

constexpr int64_t kBegin = 1'735'689'600'000'000;  // 2025-01-01 00:00:00 UTC
constexpr int64_t kMicrosecondsPerRow = 100'000;
// The clock starts again after so many rows, long before it overflows.
constexpr int64_t kRowsOfClock = int64_t{1} << 36;
// A visitor's events among so many rows are one session.
constexpr int64_t kRowsOfSession = 4096;

constexpr std::array<std::string_view, 16> kNotes = {
    "all good",
    "naïve café",
    "Grüße aus Köln",
    "śledź, żółw",
    "добрый день",
    "καλημέρα",
    "こんにちは世界",
    "你好",
    "안녕하세요",
    "שלום",
    "مرحبا",
    "नमस्ते",
    "e\u0301 is é",
    "emoji \U0001F44D\U0001F3FD \U0001F680",
    "tab\\tand \\\"quotes\\\"",
    "",
};

ArrayResult make_id(uint64_t, RowRange rows) {
  return make_numbers<int64_t>(arrow::int64(), rows, [](int64_t row) { return row + 1; });
}

int64_t user_of(uint64_t bits) { return int64_t{1} + skewed_below(1'000'000, bits); }

ArrayResult make_user_id(uint64_t seed, RowRange rows) {
  const RandomColumn random(seed, "events.user_id");
  return make_numbers<int64_t>(arrow::int64(), rows,
                               [&](int64_t row) { return user_of(random.at(row)); });
}

size_t write_hex(uint64_t bits, char* out) {
  for (int i = 0; i < 16; ++i) out[i] = "0123456789abcdef"[(bits >> (60 - 4 * i)) & 15];
  return 16;
}

ArrayResult make_session_id(uint64_t seed, RowRange rows) {
  const RandomColumn user(seed, "events.user_id");
  const RandomColumn session(seed, "events.session_id");
  return make_texts(rows, 16, [&](int64_t row, char* out) {
    const auto visitor = static_cast<uint64_t>(user_of(user.at(row)));
    return write_hex(scramble(session.at(row / kRowsOfSession) + visitor), out);
  });
}

ArrayResult make_kind(uint64_t seed, RowRange rows) {
  static const Words<16> words = {"page_view", "page_view", "page_view",   "page_view",
                                  "page_view", "page_view", "click",       "click",
                                  "click",     "click",     "scroll",      "scroll",
                                  "search",    "login",     "add_to_cart", "checkout"};
  const RandomColumn random(seed, "events.kind");
  return make_words(rows, words, [&](int64_t row) {
    return static_cast<uint32_t>(random.at(row) >> 60);
  });
}

std::vector<std::string> make_urls() {
  constexpr std::array<std::string_view, 8> kPages = {"/",
                                                      "/cart",
                                                      "/search?q=tent",
                                                      "/account",
                                                      "/help#returns",
                                                      "/c/outdoor%20sports",
                                                      "/login?next=%2Fcart",
                                                      "/caf%C3%A9"};
  std::vector<std::string> urls;
  for (const std::string_view page : kPages) {
    urls.push_back(fmt::format("https://shop.example{}", page));
  }
  for (int number = 1; urls.size() < 256; ++number) {
    urls.push_back(fmt::format("https://shop.example/products/{}", number * 37));
  }
  return urls;
}

ArrayResult make_url(uint64_t seed, RowRange rows) {
  static const Words<48> words(make_urls());
  const RandomColumn random(seed, "events.url");
  return make_words(rows, words, [&](int64_t row) {
    return skewed_below(words.size(), random.at(row));
  });
}

ArrayResult make_duration(uint64_t seed, RowRange rows) {
  const RandomColumn random(seed, "events.duration_ms");
  ARROW_ASSIGN_OR_RAISE(
      auto array, make_numbers<double>(arrow::float64(), rows, [&](int64_t row) {
        // Whole microseconds, most of them few.
        const uint32_t microseconds = skewed_below(3'000'000, scramble(random.at(row)));
        return static_cast<double>(microseconds) / 1000;
      }));
  const auto is_there = [&](int64_t row) { return below(10, random.at(row)) != 0; };
  ARROW_ASSIGN_OR_RAISE(array->data()->buffers[0], make_bits(rows, is_there));
  array->data()->SetNullCount(arrow::kUnknownNullCount);
  return arrow::MakeArray(array->data());
}

ArrayResult make_ok(uint64_t seed, RowRange rows) {
  const RandomColumn random(seed, "events.ok");
  ARROW_ASSIGN_OR_RAISE(auto bits, make_bits(rows, [&](int64_t row) {
                          return below(100, random.at(row)) >= 3;
                        }));
  return std::make_shared<arrow::BooleanArray>(rows.num_rows, std::move(bits));
}

ArrayResult make_at(uint64_t seed, RowRange rows) {
  const RandomColumn random(seed, "events.at");
  const auto type = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  return make_numbers<int64_t>(type, rows, [&](int64_t row) {
    return kBegin + (row & (kRowsOfClock - 1)) * kMicrosecondsPerRow +
           below(kMicrosecondsPerRow, random.at(row));
  });
}

std::vector<std::string> make_payloads() {
  constexpr std::array<std::string_view, 4> kDevices = {"phone", "desktop", "tablet",
                                                        "tv"};
  std::vector<std::string> payloads;
  for (const std::string_view note : kNotes) {
    for (const std::string_view device : kDevices) {
      payloads.push_back(fmt::format(R"({{"device":"{}","note":"{}"}})", device, note));
    }
  }
  return payloads;
}

ArrayResult make_payload(uint64_t seed, RowRange rows) {
  static const Words<64> words(make_payloads());
  const RandomColumn random(seed, "events.payload");
  return make_words(rows, words,
                    [&](int64_t row) { return below(words.size(), random.at(row)); });
}

}  // namespace

const Table& events_table() {
  const auto field = [](const char* name, std::shared_ptr<arrow::DataType> type) {
    return arrow::field(name, std::move(type), /*nullable=*/false);
  };
  static const Table table = {
      "events",
      {
          {field("id", arrow::int64()), make_id},
          {field("user_id", arrow::int64()), make_user_id},
          {field("session_id", arrow::utf8()), make_session_id},
          {field("kind", arrow::utf8()), make_kind},
          {field("url", arrow::utf8()), make_url},
          {arrow::field("duration_ms", arrow::float64()), make_duration},
          {field("ok", arrow::boolean()), make_ok},
          {field("at", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")), make_at},
          {field("payload", arrow::utf8()), make_payload},
      }};
  return table;
}

}  // namespace velo::generate
