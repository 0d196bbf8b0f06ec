#include "velo/connectors/stdio/table.h"

#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <utility>

#include "velo/columnar/schema_text.h"
#include "velo/connectors/stdio/value_text.h"

namespace velo::stdio {
namespace {

// A column is left out rather than made narrower than this.
constexpr int kLeastWidth = 8;
// A column's line and the blank at each side of its text; the last line comes on top.
constexpr int kFrameWidth = 3;
// A column of nothing but "…", where others were left out.
constexpr int kEllipsisColumnWidth = kFrameWidth + 1;

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

std::string padded(const Printable& cell, int width, bool to_the_right) {
  Printable cut;
  const Printable* shown = &cell;
  if (cell.width > width) shown = &(cut = printable(cell.text, width));
  const std::string blanks(static_cast<size_t>(width - shown->width), ' ');
  return to_the_right ? blanks + shown->text : shown->text + blanks;
}

std::string with_separators(int64_t number) {
  std::string digits = std::to_string(number);
  for (size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string counted(int64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", with_separators(number), noun, number == 1 ? "" : "s");
}

int frame_width(std::span<const int> widths, int cap) {
  int total = 1;
  for (const int width : widths) total += std::min(width, cap) + kFrameWidth;
  return total;
}

/// The most columns may be wide so that all of them fit; kLeastWidth even if they do not.
int widest_that_fits(std::span<const int> widths, int max_width) {
  int cap = std::max(kLeastWidth, widths.empty() ? 0 : *std::ranges::max_element(widths));
  while (cap > kLeastWidth && frame_width(widths, cap) > max_width) --cap;
  return cap;
}

}  // namespace

TableEncoder::TableEncoder(std::shared_ptr<arrow::io::OutputStream> output,
                           const arrow::Schema& schema, TableOptions options)
    : output_(std::move(output)), options_(options) {
  for (const auto& field : schema.fields()) {
    Column& column = columns_.emplace_back();
    column.name = printable(field->name(), options_.max_cell_width);
    column.type = printable(type_name(*field->type()), options_.max_cell_width);
    column.is_number = is_number(*field->type());
    column.width = std::max({column.name.width, column.type.width, 1});
  }
}

Status TableEncoder::write(const arrow::RecordBatch& rows) {
  const int64_t num_wanted = std::min(rows.num_rows(), options_.max_rows - num_shown_);
  for (size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    const auto array = rows.column(static_cast<int>(i));
    for (int64_t row = 0; row < num_wanted; ++row) {
      column.cells.push_back(cell_of(*array, row));
      column.width = std::max(column.width, column.cells.back().width);
    }
  }
  num_shown_ += num_wanted;
  num_rows_ += rows.num_rows();
  return Status::OK();
}

Printable TableEncoder::cell_of(const arrow::Array& column, int64_t row) const {
  const int width = options_.max_cell_width;
  return printable(value_text(column, row, max_printable_bytes(width)), width);
}

size_t TableEncoder::fit_columns() {
  if (!options_.max_width) return columns_.size();
  int space = *options_.max_width;
  std::vector<int> widths;
  for (const Column& column : columns_) widths.push_back(column.width);
  if (frame_width(widths, kLeastWidth) > space) {
    space -= kEllipsisColumnWidth;
    while (widths.size() > 1 && frame_width(widths, kLeastWidth) > space)
      widths.pop_back();
  }
  const int cap = widest_that_fits(widths, space);
  for (Column& column : columns_) column.width = std::min(column.width, cap);
  return widths.size();
}

std::string TableEncoder::footer(size_t num_columns) const {
  std::vector<std::string> hidden;
  if (num_rows_ > num_shown_) {
    hidden.push_back(counted(num_rows_ - num_shown_, "more row"));
  }
  if (num_columns < columns_.size()) {
    const auto num_hidden = static_cast<int64_t>(columns_.size() - num_columns);
    hidden.push_back(counted(num_hidden, "more column"));
  }
  std::string text;
  if (!hidden.empty()) text = fmt::format("… {}\n", fmt::join(hidden, ", "));
  return text + fmt::format("{}, {}\n", counted(num_rows_, "row"),
                            counted(static_cast<int64_t>(columns_.size()), "column"));
}

Status TableEncoder::finish() {
  if (std::exchange(finished_, true)) return Status::OK();
  const size_t num_columns = fit_columns();
  const bool is_cut = num_columns < columns_.size();
  const std::span<const Column> shown(columns_.data(), num_columns);
  const auto rule = [&](std::string_view left, std::string_view cross,
                        std::string_view right) {
    std::vector<std::string> parts;
    for (const Column& column : shown) parts.push_back(repeated("─", column.width + 2));
    if (is_cut) parts.push_back(repeated("─", kEllipsisColumnWidth - 1));
    return fmt::format("{}{}{}\n", left, fmt::join(parts, cross), right);
  };
  const auto line = [&](auto cell_of_column) {
    std::string text;
    for (const Column& column : shown) {
      const Printable& cell = cell_of_column(column);
      text += "│ " + padded(cell, column.width, column.is_number) + ' ';
    }
    return text + (is_cut ? "│ … │\n" : "│\n");
  };
  if (!columns_.empty()) {
    std::string head = rule("┌", "┬", "┐");
    head += line([](const Column& column) -> const auto& { return column.name; });
    head += line([](const Column& column) -> const auto& { return column.type; });
    ARROW_RETURN_NOT_OK(output_->Write(head + rule("├", "┼", "┤")));
    for (size_t row = 0; row < static_cast<size_t>(num_shown_); ++row) {
      ARROW_RETURN_NOT_OK(output_->Write(
          line([&](const Column& column) -> const auto& { return column.cells[row]; })));
    }
    ARROW_RETURN_NOT_OK(output_->Write(rule("└", "┴", "┘")));
  }
  return output_->Write(footer(num_columns));
}

}  // namespace velo::stdio
