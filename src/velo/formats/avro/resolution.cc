#include "velo/formats/avro/resolution.h"

#include <fmt/format.h>

#include <algorithm>

#include "velo/formats/avro/arrow_types.h"

namespace velo::formats::avro {
namespace {

Status mismatch(const Schema& written, const Schema& wanted) {
  return make_error(ErrorKind::kSchemaMismatch, {},
                    fmt::format("what was written as {} cannot be read as {}",
                                to_string(written), to_string(wanted)));
}

bool is_same_name(const Schema& written, const Schema& wanted) {
  const auto is_called = [&](const std::string& name) {
    return short_name(name) == short_name(written.name);
  };
  return wanted.name.empty() || is_called(wanted.name) ||
         std::ranges::any_of(wanted.aliases, is_called);
}

std::optional<size_t> index_of(const Schema& record, const Field& wanted) {
  const auto find = [&](const std::string& name) {
    return std::ranges::find(record.fields, name, &Field::name) - record.fields.begin();
  };
  auto index = find(wanted.name);
  for (const std::string& alias : wanted.aliases) {
    if (index < std::ssize(record.fields)) break;
    index = find(alias);
  }
  if (index == std::ssize(record.fields)) return std::nullopt;
  return static_cast<size_t>(index);
}

Result<StepPtr> in_field(Result<StepPtr> step, const std::string& name) {
  if (step.ok()) return step;
  return annotate(step.status(), fmt::format("field '{}'", name));
}

Result<StepPtr> resolve_record(const Schema& written, const Schema& wanted,
                               StructColumn& column) {
  std::vector<FieldStep> steps(written.fields.size());
  std::vector<FieldStep> defaults;
  for (size_t i = 0; i < wanted.fields.size(); ++i) {
    const Field& field = wanted.fields[i];
    Column& child = *column.fields()[i];
    const auto index = index_of(written, field);
    if (index && !steps[*index].step) {
      ARROW_ASSIGN_OR_RAISE(
          steps[*index].step,
          in_field(resolve(*written.fields[*index].type, *field.type, child),
                   field.name));
    } else if (field.default_value) {
      ARROW_ASSIGN_OR_RAISE(
          StepPtr step, in_field(resolve(*field.type, *field.type, child), field.name));
      defaults.push_back(
          {field.name, make_default_step(*field.default_value, std::move(step))});
    } else {
      return make_error(
          ErrorKind::kSchemaMismatch, {},
          fmt::format("field '{}' was not written, and has no default", field.name));
    }
  }
  for (size_t i = 0; i < steps.size(); ++i) {
    const Field& field = written.fields[i];
    steps[i].field = field.name;
    if (!steps[i].step) steps[i].step = make_skip(*field.type);
  }
  std::ranges::move(defaults, std::back_inserter(steps));
  return make_record_step(column, std::move(steps));
}

// Of a type that is no union, as the one that a column holds.
Result<StepPtr> resolve_value(const Schema& written, const Schema& wanted, Column& column,
                              std::optional<int64_t> null_branch) {
  if (!written.name.empty() && written.kind == wanted.kind &&
      !is_same_name(written, wanted)) {
    return mismatch(written, wanted);
  }
  if (wanted.kind == Kind::kArray || wanted.kind == Kind::kMap ||
      wanted.kind == Kind::kRecord) {
    if (written.kind != wanted.kind) return mismatch(written, wanted);
  }
  switch (wanted.kind) {
    case Kind::kRecord:
      return resolve_record(written, wanted, static_cast<StructColumn&>(column));
    case Kind::kArray: {
      auto& list = static_cast<ListColumn&>(column);
      const Schema& items = *written.parts[0];
      ARROW_ASSIGN_OR_RAISE(StepPtr item, resolve(items, *wanted.parts[0], list.items()));
      return make_list_step(list, std::move(item), items.takes_bytes);
    }
    case Kind::kMap: {
      auto& map = static_cast<ListColumn&>(column);
      auto& entries = static_cast<StructColumn&>(map.items());
      ARROW_ASSIGN_OR_RAISE(StepPtr value, resolve(*written.parts[0], *wanted.parts[0],
                                                   *entries.fields()[1]));
      return make_map_step(map, std::move(value));
    }
    default:
      return make_value_step(written, wanted, column, null_branch);
  }
}

// As one of the branches that are fields of a struct.
Result<StepPtr> resolve_member(const Schema& written, const Content& wanted,
                               StructColumn& column) {
  const auto& fields = column.fields();
  const auto member = [&](size_t i) -> Result<StepPtr> {
    ARROW_ASSIGN_OR_RAISE(StepPtr value, resolve_value(written, *wanted.members[i],
                                                       *fields[i], std::nullopt));
    return make_member_step(column, i, std::move(value));
  };
  for (size_t i = 0; i < wanted.members.size(); ++i) {
    const Schema& branch = *wanted.members[i];
    if (branch.kind == written.kind && branch.name == written.name) return member(i);
  }
  for (size_t i = 0; i < wanted.members.size(); ++i) {
    auto step = member(i);
    if (step.ok()) return step;
  }
  return make_error(ErrorKind::kSchemaMismatch, {},
                    fmt::format("what was written as {} is none of the types wanted",
                                to_string(written)));
}

Result<StepPtr> resolve_branch(const Schema& written, const Schema& wanted,
                               const Content& content, Column& column) {
  if (written.kind == Kind::kNull) {
    if (!content.nullable) return mismatch(written, wanted);
    return make_null_step(column);
  }
  if (!content.members.empty()) {
    return resolve_member(written, content, static_cast<StructColumn&>(column));
  }
  return resolve_value(written, *content.value, column, std::nullopt);
}

bool is_plain(const Schema& schema) {
  return schema.kind != Kind::kArray && schema.kind != Kind::kMap &&
         schema.kind != Kind::kRecord && schema.kind != Kind::kNull;
}

// The number of null's branch of ["null", T] or [T, "null"], T plain.
std::optional<int64_t> null_beside_plain(const Schema& written) {
  if (written.parts.size() != 2) return std::nullopt;
  for (const size_t i : {size_t{0}, size_t{1}}) {
    if (written.parts[i]->kind == Kind::kNull && is_plain(*written.parts[1 - i])) {
      return static_cast<int64_t>(i);
    }
  }
  return std::nullopt;
}

}  // namespace

Result<StepPtr> resolve(const Schema& written, const Schema& wanted, Column& column) {
  const Content content = content_of(wanted);
  if (written.kind != Kind::kUnion) {
    return resolve_branch(written, wanted, content, column);
  }
  const auto null = null_beside_plain(written);
  if (null && content.nullable && content.value) {
    const Schema& plain = *written.parts[static_cast<size_t>(1 - *null)];
    if (plain.kind == content.value->kind) {
      return resolve_value(plain, *content.value, column, null);
    }
  }
  std::vector<StepPtr> branches;
  Status first;
  bool can_be_read = false;
  for (const SchemaPtr& branch : written.parts) {
    auto step = resolve_branch(*branch, wanted, content, column);
    if (!step.ok() && kind_of(step.status()) != ErrorKind::kSchemaMismatch) return step;
    if (!step.ok() && first.ok()) first = step.status();
    const bool is_value = branch->kind != Kind::kNull;
    can_be_read = can_be_read || (step.ok() && (is_value || written.parts.size() == 1));
    branches.push_back(step.ok() ? *std::move(step)
                                 : make_failing_step(step.status().message()));
  }
  if (!can_be_read && !first.ok()) return first;
  return make_union_step(std::move(branches));
}

}  // namespace velo::formats::avro
