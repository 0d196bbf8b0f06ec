// Columns of bytes, which JSON holds as base64 (RFC 4648, with padding).

#include <arrow/util/base64.h>
#include <fmt/format.h>

#include "velo/formats/json/column_decoder.h"

namespace velo::formats::json {
namespace {

// Append-only bytes with where each value ends; base64 is decoded value by value.
class BinaryColumn : public ColumnDecoder {
 public:
  using ColumnDecoder::ColumnDecoder;

  bool decode(Cursor& cursor) override {
    if (cursor.peek() == 'n') return cursor.take_null() && append_null(cursor);
    if (cursor.peek() != '"') return cursor.fail_type(*type_);
    const int64_t offset = cursor.offset();
    std::string_view text;
    if (!cursor.take_text(text, buffer_)) return false;
    const Result<std::string> bytes = arrow::util::base64_decode(text);
    if (!bytes.ok() || arrow::util::base64_encode(*bytes) != text) {
      return cursor.fail_type_at(offset, *type_, "is not base64");
    }
    return append(cursor, offset, *bytes) && (++num_rows_, true);
  }

 protected:
  virtual bool append(Cursor& cursor, int64_t offset, const std::string& bytes) = 0;

  bool append_bytes(Cursor& cursor, std::string_view bytes) {
    const auto size = static_cast<int64_t>(bytes.size());
    const Status status = bytes_.grow(size_ + size);
    if (!status.ok()) return cursor.fail_status(status);
    if (size > 0) std::memcpy(bytes_.data() + size_, bytes.data(), bytes.size());
    size_ += size;
    return true;
  }

  void reset() override {
    ColumnDecoder::reset();
    size_ = 0;
  }

  ColumnBuffer bytes_;
  int64_t size_ = 0;

 private:
  std::vector<uint8_t> buffer_;
};

template <typename Offset>
class VariableBinaryColumn : public BinaryColumn {
 public:
  using BinaryColumn::BinaryColumn;

  bool append_null(Cursor& cursor) override {
    return append(cursor, cursor.offset(), {}) && add_null(cursor);
  }

  Result<std::shared_ptr<arrow::ArrayData>> finish() override {
    ARROW_RETURN_NOT_OK(offsets_.grow((num_rows_ + 1) * kWidth));
    offsets()[num_rows_] = static_cast<Offset>(size_);
    ARROW_ASSIGN_OR_RAISE(auto ends, offsets_.finish((num_rows_ + 1) * kWidth));
    ARROW_ASSIGN_OR_RAISE(auto bytes, bytes_.finish(std::exchange(size_, 0)));
    return finish_array({std::move(ends), std::move(bytes)});
  }

 private:
  static constexpr auto kWidth = static_cast<int64_t>(sizeof(Offset));

  bool append(Cursor& cursor, int64_t, const std::string& bytes) override {
    const Status status = offsets_.grow((num_rows_ + 1) * kWidth);
    if (!status.ok()) return cursor.fail_status(status);
    offsets()[num_rows_] = static_cast<Offset>(size_);
    return append_bytes(cursor, bytes);
  }

  Offset* offsets() { return reinterpret_cast<Offset*>(offsets_.data()); }

  ColumnBuffer offsets_;
};

class FixedBinaryColumn : public BinaryColumn {
 public:
  explicit FixedBinaryColumn(const std::shared_ptr<arrow::DataType>& type)
      : BinaryColumn(type),
        width_(static_cast<const arrow::FixedSizeBinaryType&>(*type).byte_width()) {}

  bool append_null(Cursor& cursor) override {
    return append_bytes(cursor, std::string(static_cast<size_t>(width_), '\0')) &&
           add_null(cursor);
  }

  Result<std::shared_ptr<arrow::ArrayData>> finish() override {
    ARROW_ASSIGN_OR_RAISE(auto bytes, bytes_.finish(std::exchange(size_, 0)));
    return finish_array({std::move(bytes)});
  }

 private:
  bool append(Cursor& cursor, int64_t offset, const std::string& bytes) override {
    if (std::cmp_not_equal(bytes.size(), width_)) {
      return cursor.fail_type_at(offset, *type_,
                                 fmt::format("is {} bytes", bytes.size()));
    }
    return append_bytes(cursor, bytes);
  }

  const int32_t width_;
};

}  // namespace

std::unique_ptr<ColumnDecoder> make_binary_column(
    const std::shared_ptr<arrow::DataType>& type) {
  switch (type->id()) {
    case arrow::Type::BINARY:
      return std::make_unique<VariableBinaryColumn<int32_t>>(type);
    case arrow::Type::LARGE_BINARY:
      return std::make_unique<VariableBinaryColumn<int64_t>>(type);
    case arrow::Type::FIXED_SIZE_BINARY:
      return std::make_unique<FixedBinaryColumn>(type);
    default:
      return nullptr;
  }
}

}  // namespace velo::formats::json
