#include "velo/formats/csv/float_converter.h"

#include <arrow/array.h>
#include <arrow/csv/parser.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "velo/error.h"

namespace velo::formats {
namespace {

template <typename ArrayType>
bool has_infinity(const arrow::Array& array) {
  const auto& numbers = static_cast<const ArrayType&>(array);
  const auto* values = numbers.raw_values();
  return std::any_of(values, values + numbers.length(),
                     [](auto value) { return std::isinf(value); });
}

class FloatConverter : public arrow::csv::Converter {
 public:
  FloatConverter(const arrow::csv::ConvertOptions& options,
                 std::shared_ptr<arrow::csv::Converter> general)
      : Converter(general->type(), options, arrow::default_memory_pool()),
        general_(std::move(general)) {}

  Result<std::shared_ptr<arrow::Array>> Convert(const arrow::csv::BlockParser& parser,
                                                int32_t column) override {
    ARROW_ASSIGN_OR_RAISE(auto array, general_->Convert(parser, column));
    const bool may_be_beyond = type_->id() == arrow::Type::DOUBLE
                                   ? has_infinity<arrow::DoubleArray>(*array)
                                   : has_infinity<arrow::FloatArray>(*array);
    if (may_be_beyond) ARROW_RETURN_NOT_OK(check_texts(parser, column, *array));
    return array;
  }

 protected:
  Status Initialize() override { return Status::OK(); }

 private:
  // The text of every infinity must say so.
  Status check_texts(const arrow::csv::BlockParser& parser, int32_t column,
                     const arrow::Array& array) const {
    int64_t row = 0;
    return parser.VisitColumn(
        column, [&](const uint8_t* data, uint32_t size, bool, bool) {
          const std::string_view text(reinterpret_cast<const char*>(data), size);
          const bool says_so = text.find_first_of("iI") != std::string_view::npos;
          const int64_t index = row++;
          if (array.IsNull(index) || says_so || !is_infinite(array, index)) {
            return Status::OK();
          }
          return Status::Invalid("the number is beyond the range of the type");
        });
  }

  static bool is_infinite(const arrow::Array& array, int64_t row) {
    return array.type_id() == arrow::Type::DOUBLE
               ? std::isinf(static_cast<const arrow::DoubleArray&>(array).Value(row))
               : std::isinf(static_cast<const arrow::FloatArray&>(array).Value(row));
  }

  const std::shared_ptr<arrow::csv::Converter> general_;
};

}  // namespace

std::shared_ptr<arrow::csv::Converter> make_float_converter(
    const arrow::csv::ConvertOptions& options,
    std::shared_ptr<arrow::csv::Converter> general) {
  return std::make_shared<FloatConverter>(options, std::move(general));
}

}  // namespace velo::formats
