#include "velo/formats/csv/value_writer.h"

#include <arrow/compute/cast.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace velo::formats {
namespace {

constexpr size_t kMostNumberBytes = 64;
// At the front of a file it would be taken for what it is not, so it is quoted.
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool needs_quotes(std::string_view text, char delimiter) {
  if (text.starts_with(kByteOrderMark)) return true;
  return std::ranges::any_of(
      text, [&](char c) { return c == delimiter || c == '"' || c == '\n' || c == '\r'; });
}

template <typename Array>
class FloatWriter : public ValueWriter {
  Status write(int64_t row, TextBuffer& out) override {
    char* to = out.room(kMostNumberBytes);
    out.advance_to(
        std::to_chars(to, to + kMostNumberBytes, array<Array>().Value(row)).ptr);
    return Status::OK();
  }
};

class TextWriter : public ValueWriter {
 public:
  explicit TextWriter(char delimiter) : delimiter_(delimiter) {}

  Status bind(const std::shared_ptr<arrow::Array>& array) override {
    const auto& text = static_cast<const arrow::StringArray&>(*array);
    is_plain_ = true;
    if (text.length() > 0 && text.value_data() != nullptr) {
      const auto begin = static_cast<size_t>(text.value_offset(0));
      const auto end = static_cast<size_t>(text.value_offset(text.length()));
      const auto all = std::string_view(*text.value_data()).substr(begin, end - begin);
      // One look at all values together spares looking at each.
      is_plain_ = all.find(kByteOrderMark) == std::string_view::npos;
      for (const char c : {delimiter_, '"', '\n', '\r'}) {
        is_plain_ = is_plain_ && all.find(c) == std::string_view::npos;
      }
    }
    return ValueWriter::bind(array);
  }

 private:
  Status write(int64_t row, TextBuffer& out) override {
    const std::string_view text = array<arrow::StringArray>().GetView(row);
    if (is_plain_ && !text.empty()) {
      out.put(text);
    } else {
      put_csv_text(text, delimiter_, out);
    }
    return Status::OK();
  }

  const char delimiter_;
  bool is_plain_ = false;
};

// Prints what Arrow's cast to another type makes of the values.
class CastWriter : public ValueWriter {
 public:
  CastWriter(std::shared_ptr<arrow::DataType> type, std::unique_ptr<ValueWriter> writer)
      : type_(std::move(type)), writer_(std::move(writer)) {}

  Status bind(const std::shared_ptr<arrow::Array>& array) override {
    ARROW_ASSIGN_OR_RAISE(auto cast, arrow::compute::Cast(*array, type_));
    ARROW_RETURN_NOT_OK(writer_->bind(cast));
    return ValueWriter::bind(cast);
  }

 private:
  Status write(int64_t row, TextBuffer& out) override { return writer_->write(row, out); }

  const std::shared_ptr<arrow::DataType> type_;
  const std::unique_ptr<ValueWriter> writer_;
};

std::unique_ptr<ValueWriter> make_flat_writer(const arrow::DataType& type,
                                              char delimiter) {
  if (type.id() == arrow::Type::DURATION) return nullptr;
  if (auto writer = make_plain_writer(type)) return writer;
  if (auto writer = make_time_writer(type, {.separator = ' '})) return writer;
  switch (type.id()) {
    case arrow::Type::FLOAT:
      return std::make_unique<FloatWriter<arrow::FloatArray>>();
    case arrow::Type::DOUBLE:
      return std::make_unique<FloatWriter<arrow::DoubleArray>>();
    case arrow::Type::STRING:
      return std::make_unique<TextWriter>(delimiter);
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::STRING_VIEW:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::NA:
      return std::make_unique<CastWriter>(arrow::utf8(),
                                          std::make_unique<TextWriter>(delimiter));
    default:
      return nullptr;
  }
}

}  // namespace

std::unique_ptr<ValueWriter> make_csv_writer(const arrow::DataType& type,
                                             char delimiter) {
  if (type.id() != arrow::Type::DICTIONARY) return make_flat_writer(type, delimiter);
  const auto& values = static_cast<const arrow::DictionaryType&>(type).value_type();
  auto writer = make_csv_writer(*values, delimiter);
  if (!writer) return nullptr;
  return std::make_unique<CastWriter>(values, std::move(writer));
}

void put_csv_text(std::string_view text, char delimiter, TextBuffer& out) {
  if (!text.empty() && !needs_quotes(text, delimiter)) {
    out.put(text);
    return;
  }
  char* to = out.room(2 * text.size() + 2);
  *to++ = '"';
  for (const char c : text) {
    if (c == '"') *to++ = '"';
    *to++ = c;
  }
  *to++ = '"';
  out.advance_to(to);
}

}  // namespace velo::formats
