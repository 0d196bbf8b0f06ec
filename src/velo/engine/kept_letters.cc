#include "velo/engine/kept_letters.h"

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/util/base64.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/base/big_endian.h"
#include "velo/base/hex.h"
#include "velo/columnar/columns_by_name.h"
#include "velo/columnar/schema_text.h"
#include "velo/formats/format.h"
#include "velo/formats/record_limit.h"
#include "velo/letters.h"
#include "velo/pipeline.h"

namespace velo::engine {
namespace {

constexpr int64_t kMostLetterBytes = int64_t{1} << 30;
constexpr size_t kPlaceBytes = 8;  // of a position; what follows is the file's version
constexpr int kPlaceBits = 16;
constexpr std::array kNeeded = {"pipeline", "split", "position", "record",
                                "record_encoding"};

// Empty for NULL.
std::string text_at(const arrow::RecordBatch& rows, const char* column, int64_t row) {
  const auto& texts =
      static_cast<const arrow::StringArray&>(*rows.GetColumnByName(column));
  return texts.IsNull(row) ? std::string() : texts.GetString(row);
}

// Whether it is what formats::too_large() says, whatever the limit was.
bool says_too_large(std::string_view message) {
  const std::string words = formats::too_large(formats::kMaxRecordBytes);
  return message.find(words.substr(words.find(';'))) != std::string_view::npos;
}

// Whether the letters are of a format that says its types.
bool says_types(const Uri& uri) {
  if (const std::string* name = uri.find_option("format")) {
    const formats::Format* format = formats::find_format(*name);
    return format && format->has_types;
  }
  return std::ranges::any_of(formats::all_formats(), [&](const auto* format) {
    return format->has_types &&
           std::ranges::any_of(format->extensions, [&](std::string_view extension) {
             return uri.path.find(fmt::format(".{}", extension)) != std::string::npos;
           });
  });
}

// Text is what it was written as; nothing is to be guessed of it.
void say_columns(const Registry& registry, Uri& uri) {
  const Connector* const connector = registry.find(uri.scheme);
  const bool has_types = says_types(uri);
  if (!connector || has_types || uri.find_option("schema")) return;
  const bool takes_schema =
      std::ranges::any_of(connector->options, [](const auto& option) {
        return option.name == "schema" && option.use != OptionUse::kSink;
      });
  if (takes_schema) {
    uri.options.emplace_back("schema", schema_text(*dead_letter_schema()));
  }
}

}  // namespace
}  // namespace velo::engine

namespace velo {

Uri with_letter_limit(Uri letters, const Registry& registry) {
  RunOptions options;
  options.max_record_bytes = engine::kMostLetterBytes;
  return with_record_limit(std::move(letters), options, registry);
}

}  // namespace velo

namespace velo::engine {

Result<KeptLetters> KeptLetters::open(const Uri& uri, const ReplayOptions& options,
                                      const Registry& registry) {
  KeptLetters letters;
  letters.address_ = redact_uri(uri);
  if (options.pipeline) {
    letters.pipeline_ = named_pipeline(ascii_lower(*options.pipeline)).id;
  }
  if (options.since) {
    letters.since_ = parse_time(*options.since);
    if (!letters.since_) {
      return make_error(ErrorKind::kInvalidArgument, {},
                        fmt::format("since = {}: a time (2026-01-31T12:00:00Z) is "
                                    "expected",
                                    *options.since));
    }
  }
  Uri address = with_letter_limit(uri, registry);
  say_columns(registry, address);
  ARROW_ASSIGN_OR_RAISE(letters.source_, registry.create_source(address));
  letters.source_->keep_bad_records();
  if (!letters.source_->can_reread() || !letters.source_->supports_batch()) {
    return make_error(ErrorKind::kInvalidArgument, {.resource = letters.address_},
                      "dead letters are read twice, and this can be read once");
  }
  ARROW_ASSIGN_OR_RAISE(const auto schema, letters.source_->fetch_schema());
  for (const auto& field : dead_letter_schema()->fields()) {
    if (schema->GetFieldIndex(field->name()) >= 0) {
      letters.columns_.push_back(field->name());
    }
  }
  for (const char* const column : kNeeded) {
    if (std::ranges::find(letters.columns_, column) != letters.columns_.end()) continue;
    return make_error(
        ErrorKind::kSchemaMismatch, {.resource = letters.address_},
        fmt::format("these are no dead letters: there is no column '{}'", column));
  }
  return letters;
}

Result<LetterReader> KeptLetters::read(bool with_records, int64_t memory_bytes) const {
  std::vector<std::string> columns = columns_;
  if (!with_records) std::erase(columns, "record");
  ARROW_ASSIGN_OR_RAISE(
      auto reader, source_->create_reader(
                       {.columns = columns, .once = true, .memory_bytes = memory_bytes}));
  return LetterReader(address_, std::move(reader), pipeline_, since_);
}

Result<std::optional<std::vector<KeptLetter>>> LetterReader::next(std::stop_token stop) {
  ARROW_ASSIGN_OR_RAISE(const auto batch, reader_->read(std::move(stop)));
  if (!batch) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(const auto rows,
                        columns_by_name(batch->rows, dead_letter_schema(), address_));
  if (std::exchange(split_, batch->split) != batch->split) num_read_ = 0;
  std::vector<KeptLetter> letters;
  for (int64_t row = 0; row < rows->num_rows(); ++row) {
    ++num_read_;
    if (is_wanted(*rows, row)) letters.push_back(letter_of(*rows, row));
  }
  for (const BadRecord& bad : batch->bad ? *batch->bad : BadRecords()) {
    letters.push_back({.group = kDamaged, .record = bad.bytes, .damage = bad.error});
  }
  return letters;
}

bool LetterReader::is_wanted(const arrow::RecordBatch& rows, int64_t row) const {
  if (pipeline_ && text_at(rows, "pipeline", row) != *pipeline_) return false;
  if (!since_) return true;
  const auto& at = static_cast<const arrow::TimestampArray&>(*rows.GetColumnByName("at"));
  const auto micros = std::chrono::microseconds(at.IsValid(row) ? at.Value(row) : 0);
  return at.IsValid(row) &&
         std::chrono::sys_time<std::chrono::microseconds>(micros) >= *since_;
}

KeptLetter LetterReader::letter_of(const arrow::RecordBatch& rows, int64_t row) const {
  KeptLetter letter{.group = kDamaged,
                    .pipeline = text_at(rows, "pipeline", row),
                    .split = text_at(rows, "split", row),
                    .schema = text_at(rows, "schema", row),
                    .record = text_at(rows, "record", row)};
  const auto corrupt = [&](std::string_view what) {
    letter.damage = make_error(
        ErrorKind::kCorruptData, {.resource = split_.empty() ? address_ : split_},
        fmt::format("row {} is no dead letter of a pipeline ('{}', of '{}'): its {}",
                    num_read_, letter.pipeline, letter.split, what));
    return letter;
  };
  const std::string position = text_at(rows, "position", row);
  const auto bytes = hex_decode(position);
  if (!bytes || bytes->size() < kPlaceBytes) {
    return corrupt(fmt::format("position is '{}'", position));
  }
  const auto place = read_big_endian<uint64_t>(bytes->data());
  letter.place = static_cast<uint16_t>(place);
  letter.group = fmt::format("{}/{}/{}#{:x}", letter.pipeline, text_at(rows, "life", row),
                             letter.split, place >> kPlaceBits);
  if (bytes->size() > kPlaceBytes) {
    letter.group += "@" + position.substr(2 * kPlaceBytes);
  }
  const std::string encoding = text_at(rows, "record_encoding", row);
  if (encoding != "text" && encoding != "base64") {
    return corrupt(fmt::format("record_encoding is '{}'", encoding));
  }
  if (encoding == "base64") {
    auto decoded = arrow::util::base64_decode(letter.record);
    if (!decoded.ok()) return corrupt("record is not base64");
    letter.record = *std::move(decoded);
  }
  // A whole one may be just as long.
  const bool has_message = !rows.GetColumnByName("message")->IsNull(row);
  letter.is_cut = std::ssize(letter.record) == formats::kKeptOfLargeRecord &&
                  (!has_message || says_too_large(text_at(rows, "message", row)));
  return letter;
}

}  // namespace velo::engine
