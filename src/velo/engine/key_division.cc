#include "velo/engine/key_division.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/initialize.h>
#include <arrow/datum.h>
#include <arrow/type_traits.h>
#include <fmt/format.h>

#include <functional>
#include <span>
#include <string_view>
#include <utility>

namespace velo::engine {
namespace {

// Source: the finalizer of splitmix64.
uint64_t mix(uint64_t value) {
  value ^= value >> 30;
  value *= 0xBF58476D1CE4E5B9;
  value ^= value >> 27;
  value *= 0x94D049BB133111EB;
  return value ^ (value >> 31);
}

void add(uint64_t value, uint64_t& hash) {
  hash = mix(hash + 0x9E3779B97F4A7C15 + value);
}

template <typename Array, typename ValueOf>
void add_each(const arrow::Array& column, std::span<uint64_t> hashes, ValueOf value_of) {
  const auto& values = static_cast<const Array&>(column);
  for (int64_t row = 0; row < values.length(); ++row) {
    add(values.IsNull(row) ? 0 : value_of(values, row), hashes[static_cast<size_t>(row)]);
  }
}

uint64_t of_bytes(std::string_view bytes) { return std::hash<std::string_view>()(bytes); }

// Adds the values of a column to the hashes of its rows. Two that are equal in a sink
// have to be equal here: of floating point numbers 0 and -0 would not be.
class AddColumn : public arrow::TypeVisitor {
 public:
  AddColumn(const arrow::Array* column, std::span<uint64_t> hashes)
      : column_(column), hashes_(hashes) {}

  using arrow::TypeVisitor::Visit;
  arrow::Status Visit(const arrow::BooleanType&) override {
    return numbers<arrow::BooleanArray>();
  }
  arrow::Status Visit(const arrow::Int8Type&) override {
    return numbers<arrow::Int8Array>();
  }
  arrow::Status Visit(const arrow::Int16Type&) override {
    return numbers<arrow::Int16Array>();
  }
  arrow::Status Visit(const arrow::Int32Type&) override {
    return numbers<arrow::Int32Array>();
  }
  arrow::Status Visit(const arrow::Int64Type&) override {
    return numbers<arrow::Int64Array>();
  }
  arrow::Status Visit(const arrow::UInt8Type&) override {
    return numbers<arrow::UInt8Array>();
  }
  arrow::Status Visit(const arrow::UInt16Type&) override {
    return numbers<arrow::UInt16Array>();
  }
  arrow::Status Visit(const arrow::UInt32Type&) override {
    return numbers<arrow::UInt32Array>();
  }
  arrow::Status Visit(const arrow::UInt64Type&) override {
    return numbers<arrow::UInt64Array>();
  }
  arrow::Status Visit(const arrow::Date32Type&) override {
    return numbers<arrow::Date32Array>();
  }
  arrow::Status Visit(const arrow::TimestampType&) override {
    return numbers<arrow::TimestampArray>();
  }
  arrow::Status Visit(const arrow::StringType&) override {
    return bytes<arrow::StringArray>();
  }
  arrow::Status Visit(const arrow::LargeStringType&) override {
    return bytes<arrow::LargeStringArray>();
  }
  arrow::Status Visit(const arrow::BinaryType&) override {
    return bytes<arrow::BinaryArray>();
  }
  arrow::Status Visit(const arrow::LargeBinaryType&) override {
    return bytes<arrow::LargeBinaryArray>();
  }
  arrow::Status Visit(const arrow::Decimal128Type&) override {
    return bytes<arrow::Decimal128Array>();
  }

 private:
  template <typename Array>
  arrow::Status numbers() {
    if (!column_) return arrow::Status::OK();
    add_each<Array>(*column_, hashes_, [](const Array& values, int64_t row) {
      return static_cast<uint64_t>(values.Value(row));
    });
    return arrow::Status::OK();
  }

  template <typename Array>
  arrow::Status bytes() {
    if (!column_) return arrow::Status::OK();
    add_each<Array>(*column_, hashes_, [](const Array& values, int64_t row) {
      return of_bytes(values.GetView(row));
    });
    return arrow::Status::OK();
  }

  const arrow::Array* column_;  // nullptr to ask whether its type can be divided by
  const std::span<uint64_t> hashes_;
};

}  // namespace

Result<KeyDivision> KeyDivision::make(const arrow::Schema& schema,
                                      const std::vector<std::string>& key,
                                      size_t num_lanes) {
  std::vector<int> columns;
  for (const std::string& name : key) {
    const int index = schema.GetFieldIndex(name);
    if (index < 0) {
      return make_error(ErrorKind::kInvalidArgument, {},
                        fmt::format("the rows have no column '{}', or several", name));
    }
    AddColumn question(nullptr, {});
    const auto& type = schema.field(index)->type();
    if (!type->Accept(&question).ok()) {
      return make_error(ErrorKind::kNotImplemented, {},
                        fmt::format("rows cannot be divided by '{}', which is {}", name,
                                    type->ToString()));
    }
    columns.push_back(index);
  }
  return KeyDivision(std::move(columns), num_lanes);
}

Result<std::vector<std::shared_ptr<arrow::RecordBatch>>> KeyDivision::divide(
    const std::shared_ptr<arrow::RecordBatch>& rows) const {
  std::vector<uint64_t> hashes(static_cast<size_t>(rows->num_rows()));
  for (const int column : columns_) {
    AddColumn add_column(rows->column(column).get(), hashes);
    ARROW_RETURN_NOT_OK(rows->column(column)->type()->Accept(&add_column));
  }
  std::vector<std::vector<int64_t>> rows_of(num_lanes_);
  for (std::vector<int64_t>& chosen : rows_of) {
    chosen.reserve(hashes.size() / num_lanes_ * 5 / 4 + 16);
  }
  for (size_t row = 0; row < hashes.size(); ++row) {
    rows_of[((hashes[row] >> 32) * num_lanes_) >> 32].push_back(
        static_cast<int64_t>(row));
  }
  ARROW_RETURN_NOT_OK(arrow::compute::Initialize());
  std::vector<std::shared_ptr<arrow::RecordBatch>> parts(num_lanes_);
  for (size_t lane = 0; lane < num_lanes_; ++lane) {
    const std::vector<int64_t>& chosen = rows_of[lane];
    if (chosen.empty()) continue;
    if (chosen.size() == hashes.size()) {
      parts[lane] = rows;
      break;
    }
    const arrow::Int64Array selection(static_cast<int64_t>(chosen.size()),
                                      arrow::Buffer::Wrap(chosen));
    ARROW_ASSIGN_OR_RAISE(
        const arrow::Datum taken,
        arrow::compute::Take(rows, arrow::Datum(selection.data()),
                             arrow::compute::TakeOptions::NoBoundsCheck()));
    parts[lane] = taken.record_batch();
  }
  return parts;
}

}  // namespace velo::engine
