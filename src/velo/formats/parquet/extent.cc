#include "velo/formats/parquet/extent.h"

#include <parquet/column_page.h>
#include <parquet/column_reader.h>
#include <parquet/file_reader.h>
#include <parquet/size_statistics.h>

#include <algorithm>
#include <cstring>

namespace velo::formats {
namespace {

constexpr int64_t kPieceBytes = int64_t{64} << 10;

// What a broken footer says is not to overflow a sum.
int64_t plausible(int64_t number) {
  return std::clamp<int64_t>(number, 0, int64_t{1} << 40);
}

// What a value takes, or the offset of a text.
int64_t width_of(const parquet::ColumnDescriptor& column) {
  switch (column.physical_type()) {
    case parquet::Type::BOOLEAN:
      return 1;
    case parquet::Type::INT64:
    case parquet::Type::DOUBLE:
    case parquet::Type::INT96:
      return 8;
    case parquet::Type::FIXED_LEN_BYTE_ARRAY:
      return std::max(column.type_length(), 0);
    default:
      return 4;
  }
}

// Of values one behind the other, each behind its number of bytes.
int64_t longest_value(const parquet::Page& dictionary) {
  const uint8_t* next = dictionary.data();
  const uint8_t* const end = next + dictionary.size();
  int64_t longest = 0;
  uint32_t size = 0;
  while (end - next >= static_cast<int64_t>(sizeof(size))) {
    std::memcpy(&size, next, sizeof(size));
    next += sizeof(size);
    if (size > end - next) break;
    longest = std::max<int64_t>(longest, size);
    next += size;
  }
  return longest;
}

// Measures one leaf column. Threads: thread-compatible.
class Leaf {
 public:
  Leaf(const std::shared_ptr<arrow::io::RandomAccessFile>& file,
       const std::shared_ptr<parquet::FileMetaData>& metadata, int index,
       const BatchLimits& limits)
      : file_(file),
        metadata_(metadata),
        index_(index),
        limits_(limits),
        column_(*metadata->schema()->Column(index)) {}

  // Of all rows of a row group, decoded.
  double decoded_bytes(int row_group) {
    const auto group = metadata_->RowGroup(row_group);
    const auto chunk = group->ColumnChunk(index_);
    const auto encoded = static_cast<double>(plausible(chunk->total_uncompressed_size()));
    const auto num_values = static_cast<double>(plausible(chunk->num_values()));
    double decoded = num_values * static_cast<double>(width_of(column_));
    if (column_.physical_type() == parquet::Type::BYTE_ARRAY) {
      const auto sizes = chunk->size_statistics();
      if (sizes && sizes->unencoded_byte_array_data_bytes) {
        decoded +=
            static_cast<double>(plausible(*sizes->unencoded_byte_array_data_bytes));
      } else if (chunk->has_dictionary_page() && may_matter(*chunk, group->num_rows())) {
        decoded += num_values * static_cast<double>(longest_in_dictionary(row_group));
      }
    }
    return std::max(decoded, encoded);
  }

 private:
  // Whether a batch would be too large if all its values were as long as the dictionary
  // can be.
  bool may_matter(const parquet::ColumnChunkMetaData& chunk, int64_t num_rows) const {
    const int64_t batch_rows = std::clamp<int64_t>(num_rows, 1, limits_.num_rows);
    return plausible(chunk.total_uncompressed_size()) > limits_.num_bytes / batch_rows;
  }

  int64_t longest_in_dictionary(int row_group) {
    if (longest_ >= 0) return longest_;
    longest_ = 0;
    parquet::ReaderProperties pieces;
    pieces.enable_buffered_stream();
    pieces.set_buffer_size(kPieceBytes);
    const auto reader = parquet::ParquetFileReader::Open(file_, pieces, metadata_);
    const auto group = reader->RowGroup(row_group);
    const auto pages = group->GetColumnPageReader(index_);
    const auto first = pages->NextPage();
    if (first && first->type() == parquet::PageType::DICTIONARY_PAGE) {
      longest_ = longest_value(*first);
    }
    return longest_;
  }

  const std::shared_ptr<arrow::io::RandomAccessFile> file_;
  const std::shared_ptr<parquet::FileMetaData> metadata_;
  const int index_;
  const BatchLimits limits_;
  const parquet::ColumnDescriptor& column_;
  int64_t longest_ = -1;  // not looked at yet
};

}  // namespace

Extent extent_of(const std::shared_ptr<arrow::io::RandomAccessFile>& file,
                 const std::shared_ptr<parquet::FileMetaData>& metadata,
                 const std::vector<int>& leaves, const BatchLimits& limits) {
  std::vector<int64_t> num_bytes(static_cast<size_t>(metadata->num_row_groups()));
  std::vector<double> decoded_bytes(num_bytes.size());
  for (const int index : leaves) {
    Leaf leaf(file, metadata, index, limits);
    for (size_t i = 0; i < num_bytes.size(); ++i) {
      const auto chunk = metadata->RowGroup(static_cast<int>(i))->ColumnChunk(index);
      num_bytes[i] += plausible(chunk->total_compressed_size());
      decoded_bytes[i] += leaf.decoded_bytes(static_cast<int>(i));
    }
  }
  Extent extent;
  for (size_t i = 0; i < num_bytes.size(); ++i) {
    const int64_t num_rows = metadata->RowGroup(static_cast<int>(i))->num_rows();
    extent.num_bytes = std::max(extent.num_bytes, num_bytes[i]);
    extent.row_bytes =
        std::max(extent.row_bytes,
                 decoded_bytes[i] / static_cast<double>(std::max<int64_t>(num_rows, 1)));
  }
  return extent;
}

}  // namespace velo::formats
