#include "velo/connectors/iceberg/json_members.h"

#include <fmt/format.h>

#include <utility>

namespace velo::iceberg {
namespace {

Status corrupt(std::string_view name, std::string what) {
  return make_error(ErrorKind::kCorruptData,
                    {.connector = "iceberg", .resource = std::string(name)},
                    std::move(what));
}

const Json& empty_list() {
  static const Json the_list = Json::array();
  return the_list;
}

const Json& empty_object() {
  static const Json the_object = Json::object();
  return the_object;
}

}  // namespace

Result<Json> parse_json(std::string_view name, std::string_view text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_discarded()) return json;
  return corrupt(name, "it is not JSON");
}

std::string text_of_json(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool JsonMembers::has(const char* name) const {
  if (!object_.is_object()) return false;
  const auto found = object_.find(name);
  return found != object_.end() && !found->is_null();
}

const Json* JsonMembers::find(const char* name, Check is_right) {
  if (has(name)) {
    const Json& member = *object_.find(name);
    if ((member.*is_right)()) return &member;
  }
  if (failed_.empty()) failed_ = name;
  return nullptr;
}

std::string JsonMembers::text(const char* name) {
  const Json* member = find(name, &Json::is_string);
  return member ? member->get<std::string>() : std::string();
}

int64_t JsonMembers::number(const char* name) {
  const Json* member = find(name, &Json::is_number_integer);
  return member ? member->get<int64_t>() : 0;
}

bool JsonMembers::boolean(const char* name) {
  const Json* member = find(name, &Json::is_boolean);
  return member && member->get<bool>();
}

const Json& JsonMembers::list(const char* name) {
  const Json* member = find(name, &Json::is_array);
  return member ? *member : empty_list();
}

const Json& JsonMembers::object(const char* name) {
  const Json* member = find(name, &Json::is_object);
  return member ? *member : empty_object();
}

std::string JsonMembers::text_or(const char* name, std::string otherwise) {
  return has(name) ? text(name) : std::move(otherwise);
}

std::optional<int64_t> JsonMembers::number_if_there(const char* name) {
  return has(name) ? std::optional(number(name)) : std::nullopt;
}

const Json& JsonMembers::list_or_empty(const char* name) {
  return has(name) ? list(name) : empty_list();
}

const Json& JsonMembers::object_or_empty(const char* name) {
  return has(name) ? object(name) : empty_object();
}

Status JsonMembers::status(std::string_view name) const {
  if (failed_.empty()) return Status::OK();
  return corrupt(name, fmt::format("'{}' is missing, or cannot be meant", failed_));
}

}  // namespace velo::iceberg
