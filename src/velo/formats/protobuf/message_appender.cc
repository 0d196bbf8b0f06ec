#include "velo/formats/protobuf/message_appender.h"

#include <algorithm>
#include <utility>

namespace velo::formats::protobuf {

Result<std::unique_ptr<MessageAppender>> MessageAppender::make(
    const MessageDescriptor& message, arrow::ArrayBuilder* builder) {
  auto* structs = static_cast<arrow::StructBuilder*>(builder);
  const auto type = std::static_pointer_cast<arrow::StructType>(structs->type());
  std::unique_ptr<MessageAppender> made(new MessageAppender(structs));
  for (const FieldDescriptor& field : message.fields) {
    const int column = type->GetFieldIndex(field.name);
    const bool is_wanted = column >= 0;
    made->places_.push_back({field.number,
                             is_wanted ? static_cast<int32_t>(made->fields_.size()) : -1,
                             field.oneof});
    if (!is_wanted) continue;
    ARROW_ASSIGN_OR_RAISE(auto appender,
                          make_field_appender(field, structs->field_builder(column)));
    made->fields_.push_back(std::move(appender));
  }
  made->oneofs_.resize(static_cast<size_t>(message.num_oneofs), -1);
  std::ranges::sort(made->places_, {}, &Place::number);
  return made;
}

const MessageAppender::Place* MessageAppender::find(uint32_t number) {
  if (next_ < places_.size() && places_[next_].number == number) return &places_[next_];
  const auto found = std::ranges::lower_bound(places_, number, {}, &Place::number);
  if (found == places_.end() || found->number != number) return nullptr;
  next_ = static_cast<size_t>(found - places_.begin());
  return &*found;
}

// Of a oneof the last member counts, also where that one is not wanted.
void MessageAppender::begin_member(const Place& place) {
  int32_t& there = oneofs_[static_cast<size_t>(*place.oneof)];
  if (there >= 0 && there != place.field) fields_[static_cast<size_t>(there)]->forget();
  there = place.field;
}

bool MessageAppender::take_fields(std::string_view message, DecodeRun& run) {
  WireReader reader(message);
  WireField value;
  next_ = 0;
  while (reader.next(&value)) {
    const Place* const place = find(value.number);
    if (place == nullptr) {
      ++run.num_unknown;
      continue;
    }
    const bool is_wanted = place->field >= 0;
    if (is_wanted && !fields_[static_cast<size_t>(place->field)]->is_value(value)) {
      ++run.num_unknown;
      continue;
    }
    if (place->oneof) begin_member(*place);
    if (!is_wanted) continue;
    FieldAppender& field = *fields_[static_cast<size_t>(place->field)];
    if (!field.take(value, run)) return run.fail_inside(field.name());
    // A repeated field comes again, another is followed by the next.
    const size_t at = static_cast<size_t>(place - places_.data());
    next_ = at + 1 < places_.size() ? at + 1 : 0;
  }
  return !reader.problem() || run.fail(reader.problem());
}

bool MessageAppender::append(const WireField& value, DecodeRun& run) {
  std::ranges::fill(oneofs_, -1);
  if (!take_fields(value.bytes, run)) return false;
  for (const auto& field : fields_) {
    if (!field->finish_row(run)) return run.fail_inside(field->name());
  }
  return run.check(builder_->Append());
}

}  // namespace velo::formats::protobuf
