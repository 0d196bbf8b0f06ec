#include "velo/formats/json/value_writer.h"

#include <fmt/format.h>

#include "velo/formats/json/quoted_text.h"

namespace velo::formats::json {

Result<std::unique_ptr<ValueWriter>> make_value_writer(
    const std::shared_ptr<arrow::DataType>& type) {
  if (auto writer = make_plain_writer(*type)) return writer;
  if (auto writer = make_time_writer(*type, {.quoted = true})) return writer;
  for (const auto make : {make_number_writer, make_text_writer}) {
    if (auto writer = make(*type)) return writer;
  }
  ARROW_ASSIGN_OR_RAISE(auto writer, make_nested_writer(*type));
  if (writer != nullptr) return writer;
  return make_error(ErrorKind::kSchemaMismatch, {},
                    fmt::format("JSON cannot hold {}; cast it first", type->ToString()));
}

Status ObjectWriter::Member::locate(Status status) const {
  return annotate(std::move(status), fmt::format("column '{}'", name));
}

Result<ObjectWriter> ObjectWriter::make(const arrow::FieldVector& fields) {
  ObjectWriter object;
  for (const auto& field : fields) {
    const std::string place = fmt::format("column '{}'", field->name());
    for (const Member& other : object.members_) {
      if (other.name == field->name()) {
        return make_error(ErrorKind::kSchemaMismatch, {},
                          fmt::format("two columns are named '{}'", field->name()));
      }
    }
    Result<std::unique_ptr<ValueWriter>> writer = make_value_writer(field->type());
    if (!writer.ok()) return annotate(writer.status(), place);
    TextBuffer prefix;
    prefix.put(object.members_.empty() ? '{' : ',');
    const Status status = put_quoted(field->name(), prefix);
    if (!status.ok()) return annotate(status, "the name of a column");
    prefix.put(':');
    object.members_.push_back(
        {field->name(), std::string(prefix.text()), *std::move(writer)});
  }
  return object;
}

Status ObjectWriter::bind(const arrow::ArrayVector& columns) {
  for (size_t i = 0; i < members_.size(); ++i) {
    Status status = members_[i].writer->bind(columns[i]);
    if (!status.ok()) return members_[i].locate(std::move(status));
  }
  return Status::OK();
}

Status ObjectWriter::write(int64_t row, TextBuffer& out) {
  if (members_.empty()) out.put('{');
  for (const Member& member : members_) {
    out.put(member.prefix);
    Status status = put_value(*member.writer, row, out);
    if (!status.ok()) return member.locate(std::move(status));
  }
  out.put('}');
  return Status::OK();
}

}  // namespace velo::formats::json
