#include "velo/formats/json/value_writer.h"

#include <fmt/format.h>

namespace velo::formats::json {

Result<std::unique_ptr<ValueWriter>> make_value_writer(
    const std::shared_ptr<arrow::DataType>& type) {
  for (const auto make : {make_number_writer, make_text_writer}) {
    if (auto writer = make(*type)) return writer;
  }
  ARROW_ASSIGN_OR_RAISE(auto writer, make_nested_writer(*type));
  if (writer != nullptr) return writer;
  return make_error(ErrorKind::kSchemaMismatch, {},
                    fmt::format("JSON cannot hold {}; cast it first", type->ToString()));
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
    const Status status = prefix.put_quoted(field->name());
    if (!status.ok()) return annotate(status, "the name of a column");
    prefix.put(':');
    object.members_.push_back(
        {field->name(), std::string(prefix.text()), *std::move(writer)});
  }
  return object;
}

void ObjectWriter::bind(const arrow::ArrayVector& columns) {
  for (size_t i = 0; i < members_.size(); ++i) members_[i].writer->bind(columns[i]);
}

Status ObjectWriter::write(int64_t row, TextBuffer& out) {
  if (members_.empty()) out.put('{');
  for (const Member& member : members_) {
    out.put(member.prefix);
    Status status = member.writer->write(row, out);
    if (!status.ok()) {
      return annotate(std::move(status), fmt::format("column '{}'", member.name));
    }
  }
  out.put('}');
  return Status::OK();
}

}  // namespace velo::formats::json
