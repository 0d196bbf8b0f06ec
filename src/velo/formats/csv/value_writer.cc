#include "velo/formats/csv/value_writer.h"

#include <arrow/compute/cast.h>

#include <charconv>
#include <string>
#include <utility>

namespace velo::formats {
namespace {

constexpr size_t kMostNumberBytes = 64;

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
  TextWriter(const CsvTextRules& rules, bool begins_record)
      : rules_(rules), begins_record_(begins_record) {}

  Status bind(const std::shared_ptr<arrow::Array>& array) override {
    const auto& text = static_cast<const arrow::StringArray&>(*array);
    is_plain_ = true;
    if (text.length() > 0 && text.value_data() != nullptr) {
      const auto begin = static_cast<size_t>(text.value_offset(0));
      const auto end = static_cast<size_t>(text.value_offset(text.length()));
      // One look at all values together spares looking at each.
      is_plain_ = rules_.are_plain(
          std::string_view(*text.value_data()).substr(begin, end - begin));
    }
    return ValueWriter::bind(array);
  }

 private:
  Status write(int64_t row, TextBuffer& out) override {
    const std::string_view text = array<arrow::StringArray>().GetView(row);
    if (!is_plain_ || text.empty()) return rules_.put_text(text, begins_record_, out);
    out.put(text);
    return Status::OK();
  }

  const CsvTextRules& rules_;
  const bool begins_record_;
  bool is_plain_ = false;
};

class BooleanWriter : public ValueWriter {
 public:
  explicit BooleanWriter(const CsvNotation& notation)
      : true_(notation.true_values.front()), false_(notation.false_values.front()) {}

 private:
  Status write(int64_t row, TextBuffer& out) override {
    out.put(array<arrow::BooleanArray>().Value(row) ? true_ : false_);
    return Status::OK();
  }

  const std::string true_;
  const std::string false_;
};

// Writes again what could be read as something else.
class CheckedWriter : public ValueWriter {
 public:
  CheckedWriter(const CsvTextRules& rules, bool begins_record,
                std::unique_ptr<ValueWriter> writer)
      : rules_(rules), begins_record_(begins_record), writer_(std::move(writer)) {}

  Status bind(const std::shared_ptr<arrow::Array>& array) override {
    ARROW_RETURN_NOT_OK(writer_->bind(array));
    return ValueWriter::bind(array);
  }

 private:
  Status write(int64_t row, TextBuffer& out) override {
    const size_t begin = out.size();
    ARROW_RETURN_NOT_OK(writer_->write(row, out));
    return rules_.check_value(begin, begins_record_, out);
  }

  const CsvTextRules& rules_;
  const bool begins_record_;
  const std::unique_ptr<ValueWriter> writer_;
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

// Of what is no text.
std::unique_ptr<ValueWriter> make_value_writer(const arrow::DataType& type,
                                               const CsvNotation& notation) {
  switch (type.id()) {
    case arrow::Type::DURATION:
      return nullptr;
    case arrow::Type::BOOL:
      return std::make_unique<BooleanWriter>(notation);
    case arrow::Type::FLOAT:
      return std::make_unique<FloatWriter<arrow::FloatArray>>();
    case arrow::Type::DOUBLE:
      return std::make_unique<FloatWriter<arrow::DoubleArray>>();
    default:
      break;
  }
  if (auto writer = make_plain_writer(type)) return writer;
  return make_time_writer(type, {.separator = ' '});
}

std::unique_ptr<ValueWriter> make_text_writer(const arrow::DataType& type,
                                              const CsvTextRules& rules,
                                              bool begins_record) {
  auto writer = std::make_unique<TextWriter>(rules, begins_record);
  switch (type.id()) {
    case arrow::Type::STRING:
      return writer;
    case arrow::Type::HALF_FLOAT:
    case arrow::Type::STRING_VIEW:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::NA:
      return std::make_unique<CastWriter>(arrow::utf8(), std::move(writer));
    default:
      return nullptr;
  }
}

}  // namespace

std::unique_ptr<ValueWriter> make_csv_writer(const arrow::DataType& type,
                                             const CsvNotation& notation,
                                             const CsvTextRules& rules,
                                             bool begins_record) {
  if (type.id() == arrow::Type::DICTIONARY) {
    const auto& values = static_cast<const arrow::DictionaryType&>(type).value_type();
    auto writer = make_csv_writer(*values, notation, rules, begins_record);
    if (!writer) return nullptr;
    return std::make_unique<CastWriter>(values, std::move(writer));
  }
  if (auto writer = make_text_writer(type, rules, begins_record)) return writer;
  auto writer = make_value_writer(type, notation);
  if (!writer || !rules.checks_other_values()) return writer;
  return std::make_unique<CheckedWriter>(rules, begins_record, std::move(writer));
}

}  // namespace velo::formats
