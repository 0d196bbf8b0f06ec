#include "velo/formats/text/decoder.h"

#include <arrow/array/builder_binary.h>
#include <arrow/util/utf8.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "velo/formats/block_reader.h"
#include "velo/formats/projection.h"
#include "velo/formats/text/line_pattern.h"

namespace velo::formats {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

struct Line {
  std::string_view text;        // without its line break
  const char* fault = nullptr;  // what makes it a bad record
};

class TextDecoder : public Decoder {
 public:
  TextDecoder(Input input, const TextLayout& layout)
      : blocks_(std::move(input), layout.block_bytes, layout.max_record_bytes),
        max_record_bytes_(layout.max_record_bytes) {}

  Status open(const TextLayout& layout, DecodeOptions options) {
    arrow::util::InitializeUTF8();
    keeps_bad_ = options.keep_bad_records;
    auto whole = arrow::schema({arrow::field("line", arrow::utf8())});
    if (!layout.pattern.empty()) {
      ARROW_ASSIGN_OR_RAISE(pattern_, LinePattern::parse(layout.pattern));
      whole = pattern_->schema();
    }
    if (options.schema) {
      ARROW_RETURN_NOT_OK(check_schema(*options.schema, *whole));
      whole = options.schema;
    }
    ARROW_ASSIGN_OR_RAISE(projection_, project(*whole, options.columns, blocks_.name()));
    if (options.only_schema) return Status::OK();
    while (!blocks_.at_end() && blocks_.bytes().size() < kByteOrderMark.size()) {
      ARROW_RETURN_NOT_OK(blocks_.fill());
    }
    if (blocks_.bytes().starts_with(kByteOrderMark)) {
      blocks_.consume(kByteOrderMark.size());
    }
    return Status::OK();
  }

  const std::shared_ptr<arrow::Schema>& schema() const override {
    return projection_.schema;
  }

  Result<std::shared_ptr<arrow::RecordBatch>> next(std::stop_token stop) override {
    while (!stop.stop_requested()) {
      ARROW_RETURN_NOT_OK(take_large_line());
      if (!bad_.empty()) return arrow::RecordBatch::MakeEmpty(projection_.schema);
      const std::string_view text = whole_lines();
      if (!text.empty()) {
        ARROW_ASSIGN_OR_RAISE(auto batch, decode(text));
        blocks_.consume(text.size());
        return batch;
      }
      if (blocks_.at_end()) return nullptr;
      ARROW_RETURN_NOT_OK(blocks_.fill());
    }
    return make_error(ErrorKind::kCancelled, {.resource = blocks_.name()}, "stopped");
  }

  std::vector<PlacedBadRecord> take_bad_records() override {
    return std::exchange(bad_, {});
  }

 private:
  Status check_schema(const arrow::Schema& given, const arrow::Schema& own) const {
    const bool fits = given.num_fields() == own.num_fields() &&
                      std::ranges::all_of(given.fields(), [](const auto& field) {
                        return field->type()->id() == arrow::Type::STRING;
                      });
    if (fits) return Status::OK();
    return make_error(
        ErrorKind::kSchemaMismatch, {.resource = blocks_.name()},
        fmt::format("lines of text have {} columns of type text, which schema= may name; "
                    "CAST them to other types in a SELECT",
                    own.num_fields()));
  }

  // The lines at the front of what is held, of which no part is missing.
  std::string_view whole_lines() const {
    const std::string_view held = blocks_.bytes();
    if (blocks_.at_end()) return held;
    return held.substr(0, held.rfind('\n') + 1);  // npos + 1 is 0
  }

  Status take_large_line() {
    if (!blocks_.is_full()) return Status::OK();
    const std::string_view held = blocks_.bytes();
    const std::string_view line = held.substr(0, held.find('\n'));
    if (static_cast<int64_t>(line.size()) <= max_record_bytes_) return Status::OK();
    Status error =
        error_at(blocks_.line(), blocks_.offset(), too_large(max_record_bytes_).c_str());
    if (!keeps_bad_) return error;
    bad_.push_back(
        {.record = {std::move(error), std::string(line.substr(0, kKeptOfLargeRecord))},
         .offset = blocks_.offset()});
    while (true) {
      const size_t end = blocks_.bytes().find('\n');
      if (end != std::string_view::npos) {
        blocks_.consume(end + 1);
        return Status::OK();
      }
      ARROW_RETURN_NOT_OK(blocks_.replace());
      if (blocks_.at_end() && blocks_.bytes().empty()) return Status::OK();
    }
  }

  Status error_at(int64_t line, int64_t offset, const char* fault) const {
    return make_error(ErrorKind::kCorruptData,
                      {.resource = blocks_.name(),
                       .position = fmt::format("line {}, byte {}", line, offset)},
                      fault);
  }

  static std::vector<Line> cut(std::string_view text) {
    std::vector<Line> lines;
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      std::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (line.ends_with('\r') && line.data() + line.size() != text.data()) {
        line.remove_suffix(1);
      }
      lines.push_back({line});
    }
    return lines;
  }

  Result<std::shared_ptr<arrow::RecordBatch>> decode(std::string_view text) {
    std::vector<Line> lines = cut(text);
    if (!arrow::util::ValidateUTF8(text)) {
      for (Line& line : lines) {
        if (!arrow::util::ValidateUTF8(line.text)) {
          line.fault =
              "the line is not UTF-8, or not of the encoding= that was given; "
              "encoding=latin1, say, reads another";
        }
      }
    }
    ARROW_ASSIGN_OR_RAISE(auto columns, columns_of(lines));
    if (std::ranges::any_of(lines, [](const Line& line) { return line.fault; })) {
      std::vector<PlacedBadRecord> bad = place_bad_records(lines, text);
      if (!keeps_bad_) return bad.front().record.error;
      bad_ = std::move(bad);
      // Those that do not match are known now.
      ARROW_ASSIGN_OR_RAISE(columns, columns_of(lines));
    }
    arrow::ArrayVector projected;
    for (const int index : projection_.indices) {
      projected.push_back(columns[static_cast<size_t>(index)]);
    }
    const auto num_rows = std::ranges::count(lines, nullptr, &Line::fault);
    return arrow::RecordBatch::Make(projection_.schema, num_rows, std::move(projected));
  }

  // The columns of the lines without a fault; a line that does not match gets one.
  Result<arrow::ArrayVector> columns_of(std::vector<Line>& lines) const {
    arrow::StringBuilder builder;
    ARROW_RETURN_NOT_OK(builder.Reserve(static_cast<int64_t>(lines.size())));
    for (const Line& line : lines) {
      if (!line.fault) ARROW_RETURN_NOT_OK(builder.Append(line.text));
    }
    ARROW_ASSIGN_OR_RAISE(const auto array, builder.Finish());
    if (!pattern_) return arrow::ArrayVector{array};
    ARROW_ASSIGN_OR_RAISE(const auto groups, pattern_->match(array));
    int64_t row = 0;
    for (Line& line : lines) {
      if (line.fault) continue;
      if (groups->IsNull(row++)) line.fault = "the line does not match pattern=";
    }
    return groups->fields();
  }

  std::vector<PlacedBadRecord> place_bad_records(const std::vector<Line>& lines,
                                                 std::string_view text) const {
    std::vector<PlacedBadRecord> bad;
    int64_t num_good = 0;
    for (size_t i = 0; i < lines.size(); ++i) {
      if (!lines[i].fault) {
        ++num_good;
        continue;
      }
      const int64_t offset = blocks_.offset() + (lines[i].text.data() - text.data());
      bad.push_back({.record = {error_at(blocks_.line() + static_cast<int64_t>(i), offset,
                                         lines[i].fault),
                                std::string(lines[i].text)},
                     .num_rows_before = num_good,
                     .offset = offset});
    }
    return bad;
  }

  BlockReader blocks_;
  const int64_t max_record_bytes_;
  std::optional<LinePattern> pattern_;
  Projection projection_;
  bool keeps_bad_ = false;
  std::vector<PlacedBadRecord> bad_;  // beside the rows of the next batch
};

}  // namespace

Result<std::unique_ptr<Decoder>> make_text_decoder(Input input, const TextLayout& layout,
                                                   DecodeOptions options) {
  auto decoder = std::make_unique<TextDecoder>(std::move(input), layout);
  ARROW_RETURN_NOT_OK(decoder->open(layout, std::move(options)));
  return decoder;
}

}  // namespace velo::formats
