#include "velo/formats/json/inference.h"

#include <algorithm>
#include <numeric>

#include "velo/base/parse_number.h"

namespace velo::formats::json {
namespace {

template <typename T>
bool fits(std::string_view number) {
  return parse_number<T>(number).has_value();
}

}  // namespace

bool ValueSketch::observe(Cursor& cursor) {
  switch (cursor.peek()) {
    case '{':
      return observe_object(cursor);
    case '[':
      return observe_list(cursor);
    case '"': {
      ++counts_[kText];
      std::string_view text;
      return cursor.take_text(text, buffer_);
    }
    case 't':
    case 'f':
      ++counts_[kBool];
      return cursor.skip_value();
    case 'n':
      return cursor.take_null();
    default:
      return observe_number(cursor);
  }
}

bool ValueSketch::observe_number(Cursor& cursor) {
  std::string_view number;
  if (!cursor.take_number(number)) return false;
  ++counts_[kNumber];
  lossy_as_double_ |= !double_keeps(number);
  decimals_.add(number);
  if (number.find_first_of(".eE") != std::string_view::npos) {
    fraction_ = true;
    return true;
  }
  const bool negative = number[0] == '-';
  negative_ |= negative;
  if (fits<int64_t>(number)) return true;
  beyond_int64_ = true;
  beyond_uint64_ |= negative || !fits<uint64_t>(number);
  return true;
}

ValueSketch::Member& ValueSketch::find_member(std::string_view name) {
  if (next_member_ < members_.size() && members_[next_member_]->name == name) {
    return *members_[next_member_++];
  }
  const auto [found, is_new] = member_numbers_.emplace(name, members_.size());
  if (is_new) {
    members_.push_back(std::make_unique<Member>());
    members_.back()->name = name;
  }
  next_member_ = found->second + 1;
  return *members_[found->second];
}

bool ValueSketch::observe_object(Cursor& cursor) {
  ++counts_[kObject];
  if (!cursor.enter()) return false;
  cursor.advance();
  next_member_ = 0;
  if (!cursor.take('}')) {
    do {
      std::string_view name;
      if (!cursor.take_key(name, buffer_)) return false;
      Member& member = find_member(name);
      if (!member.sketch.observe(cursor)) return cursor.fail_inside(member.name);
    } while (cursor.take(','));
    if (!cursor.take('}')) return cursor.fail_expected("',' or '}'");
  }
  cursor.leave();
  return true;
}

bool ValueSketch::observe_list(Cursor& cursor) {
  ++counts_[kList];
  if (elements_ == nullptr) elements_ = std::make_unique<ValueSketch>();
  if (!cursor.enter()) return false;
  cursor.advance();
  if (!cursor.take(']')) {
    do {
      if (!elements_->observe(cursor)) return cursor.fail_inside("[]");
    } while (cursor.take(','));
    if (!cursor.take(']')) return cursor.fail_expected("',' or ']'");
  }
  cursor.leave();
  return true;
}

std::shared_ptr<arrow::DataType> ValueSketch::number_type() const {
  if (fraction_ && !lossy_as_double_) return arrow::float64();
  if (!fraction_ && !beyond_int64_) return arrow::int64();
  if (!fraction_ && !beyond_uint64_ && !negative_) return arrow::uint64();
  const auto decimal = decimals_.type();
  return decimal ? decimal : arrow::utf8();
}

std::shared_ptr<arrow::DataType> ValueSketch::type() const {
  constexpr int64_t kMostFaults = 10;  // percent
  const int64_t total = std::accumulate(counts_.begin(), counts_.end(), int64_t{0});
  const auto most = std::ranges::max_element(counts_);
  if (total == 0) return arrow::null();
  if ((total - *most) * 100 > total * kMostFaults) return arrow::utf8();
  switch (most - counts_.begin()) {
    case kBool:
      return arrow::boolean();
    case kNumber:
      return number_type();
    case kObject:
      return arrow::struct_(fields());
    case kList:
      return arrow::list(elements_->type());
    default:
      return arrow::utf8();
  }
}

arrow::FieldVector ValueSketch::fields() const {
  arrow::FieldVector fields;
  for (const auto& member : members_) {
    fields.push_back(arrow::field(member->name, member->sketch.type()));
  }
  return fields;
}

}  // namespace velo::formats::json
