// Decodes any bytes as JSON, with and without a schema, in small blocks and in large
// ones. Whatever they are, the outcome must not depend on the blocks. Where bad records
// are kept, every byte is in one of them or in a row.

#include <arrow/api.h>
#include <arrow/io/memory.h>

#include <cstdlib>
#include <optional>

#include "velo/formats/json/decoder.h"
#include "velo/formats/json/line_finder.h"

namespace {

using velo::formats::DecodeOptions;

struct Bad {
  int64_t num_rows_before;  // of all
  int64_t offset;
  std::string bytes;
  bool operator==(const Bad&) const = default;
};

velo::Result<std::shared_ptr<arrow::Table>> decode(
    const std::string& text, const DecodeOptions& options, int64_t block_bytes,
    std::vector<Bad>* bad = nullptr, std::optional<velo::formats::Part> part = {}) {
  velo::formats::json::DecoderLimits limits;
  limits.cutter.block_bytes = block_bytes;
  limits.cutter.max_record_bytes = 1 << 20;
  limits.sample_records = 1 << 30;  // what the sample holds depends on the blocks
  auto stream =
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(text));
  ARROW_ASSIGN_OR_RAISE(
      auto decoder,
      velo::formats::json::make_decoder(
          {"input", std::move(stream), nullptr, std::move(part)}, options, limits));
  arrow::RecordBatchVector batches;
  int64_t num_rows = 0;
  for (;;) {
    ARROW_ASSIGN_OR_RAISE(auto batch, decoder->next({}));
    if (batch == nullptr) break;
    if (!batch->ValidateFull().ok()) std::abort();
    for (const auto& one : decoder->take_bad_records()) {
      if (one.num_rows_before > batch->num_rows()) std::abort();
      bad->push_back({num_rows + one.num_rows_before, one.offset, one.record.bytes});
    }
    num_rows += batch->num_rows();
    batches.push_back(std::move(batch));
  }
  ARROW_ASSIGN_OR_RAISE(auto table,
                        arrow::Table::FromRecordBatches(decoder->schema(), batches));
  return table->CombineChunks();
}

void check(const std::string& text, const DecodeOptions& options) {
  const auto large = decode(text, options, 1 << 20);
  const auto small = decode(text, options, 32);
  if (large.ok() != small.ok()) std::abort();
  if (large.ok() && !(*large)->Equals(**small, arrow::EqualOptions().nans_equal(true))) {
    std::abort();
  }
}

void check_bad_records(std::string text, DecodeOptions options) {
  options.keep_bad_records = true;
  std::vector<Bad> bad;
  std::vector<Bad> bad_of_small;
  const auto large = decode(text, options, 1 << 20, &bad);
  const auto small = decode(text, options, 32, &bad_of_small);
  const auto equal = arrow::EqualOptions().nans_equal(true);
  if (large.ok() != small.ok()) std::abort();
  if (!large.ok()) return;
  if (!(*large)->Equals(**small, equal) || bad != bad_of_small) std::abort();
  // Without them the others are rows, and the same.
  size_t end = 0;
  for (const Bad& one : bad) {
    const auto begin = static_cast<size_t>(one.offset);
    if (begin < end || text.compare(begin, one.bytes.size(), one.bytes) != 0) {
      std::abort();
    }
    end = begin + one.bytes.size();
    for (size_t i = begin; i < end; ++i) text[i] = ' ';
  }
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos || text[first] == '[' || options.schema == nullptr)
    return;
  options.keep_bad_records = false;
  const auto rest = decode(text, options, 1 << 20);
  if (!rest.ok() || !(*large)->Equals(**rest, equal)) std::abort();
}

// All parts together are the whole, wherever it is cut.
void check_parts(const std::string& text, DecodeOptions options) {
  options.keep_bad_records = true;
  std::vector<Bad> bad;
  const auto whole = decode(text, options, 1 << 20, &bad);
  arrow::io::BufferReader file(arrow::Buffer::FromString(text));
  const auto finder = velo::formats::json::make_line_finder(file).ValueOrDie();
  if (!whole.ok() || !finder) return;
  const auto size = static_cast<int64_t>(text.size());
  const int64_t part_bytes = 1 + size / 3;
  std::vector<std::shared_ptr<arrow::Table>> tables;
  std::vector<Bad> bad_of_parts;
  int64_t num_rows = 0;
  for (int64_t from = 0; from < size; from += part_bytes) {
    const int64_t begin = finder->find(file, from).ValueOrDie();
    const int64_t end = finder->find(file, from + part_bytes).ValueOrDie();
    if (begin >= end) continue;
    std::vector<Bad> own;
    const auto table =
        decode(text.substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin)),
               options, 1 << 20, &own, velo::formats::Part{.offset = begin});
    if (!table.ok()) std::abort();
    for (Bad& one : own) {
      one.num_rows_before += num_rows;
      bad_of_parts.push_back(std::move(one));
    }
    num_rows += (*table)->num_rows();
    tables.push_back(*table);
  }
  if (bad != bad_of_parts || num_rows != (*whole)->num_rows()) std::abort();
  if (tables.empty()) return;
  const auto all = arrow::ConcatenateTables(tables).ValueOrDie();
  if (!all->Equals(**whole, arrow::EqualOptions().nans_equal(true))) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check(text, {});
  const auto schema = arrow::schema(
      {arrow::field("a", arrow::int32()), arrow::field("b", arrow::float64()),
       arrow::field("c", arrow::decimal128(20, 3)),
       arrow::field("d", arrow::timestamp(arrow::TimeUnit::MICRO)),
       arrow::field("e", arrow::map(arrow::utf8(), arrow::list(arrow::binary()))),
       arrow::field("f", arrow::utf8()),
       arrow::field("g", arrow::map(arrow::int32(), arrow::float64()))});
  check(text, {.schema = schema, .columns = std::nullopt});
  check(text, {.schema = schema, .columns = {{"f", "a"}}});
  check_bad_records(text, {});
  check_bad_records(text, {.schema = schema, .columns = std::nullopt});
  check_parts(text, {.schema = schema, .columns = std::nullopt});
  constexpr auto kChanges = velo::formats::Envelope::kDebezium;
  check(text, {.envelope = kChanges});
  check(text, {.schema = schema, .columns = {{"f", "_op", "c"}}, .envelope = kChanges});
  check_bad_records(text, {.envelope = kChanges});
  check_bad_records(text, {.schema = schema, .envelope = kChanges});
  return 0;
}
