#include "velo/formats/avro/values.h"

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>

#include "velo/formats/avro/container_reader.h"
#include "velo/formats/avro/run.h"

namespace velo::formats::avro {
namespace {

constexpr int64_t kMostBlockBytes = int64_t{256} << 20;

// A value goes to `to`, or nowhere where that is nullptr.
class ValueDecoder {
 public:
  ValueDecoder(Run& run, const std::set<int>& wanted) : run_(run), wanted_(wanted) {}

  const uint8_t* decode(const uint8_t* p, const Schema& schema, Value* to) {
    switch (schema.kind) {
      case Kind::kNull:
        return p;
      case Kind::kBoolean:
        if (p >= run_.end) return run_.ends_early(p);
        return keep(*p != 0, to, p + 1);
      case Kind::kInt:
      case Kind::kLong:
      case Kind::kEnum: {
        int64_t number = 0;
        p = run_.read(p, &number);
        return p == nullptr ? nullptr : keep(number, to, p);
      }
      case Kind::kFloat:
        return decode_float<float>(p, to);
      case Kind::kDouble:
        return decode_float<double>(p, to);
      case Kind::kBytes:
      case Kind::kString: {
        int64_t size = 0;
        p = run_.read_size(p, &size);
        return p == nullptr ? nullptr : keep_text(p, size, to);
      }
      case Kind::kFixed:
        if (run_.end - p < schema.num_bytes) return run_.ends_early(p);
        return keep_text(p, schema.num_bytes, to);
      case Kind::kArray:
        return decode_items(p, schema, to);
      case Kind::kMap:
        return decode_items(p, schema, nullptr);
      case Kind::kUnion:
        return decode_union(p, schema, to);
      case Kind::kRecord:
        return decode_record(p, schema, to);
    }
    return run_.fail(p, "a type that is not known");
  }

 private:
  template <typename T>
  static const uint8_t* keep(T value, Value* to, const uint8_t* next) {
    if (to != nullptr) to->value = std::move(value);
    return next;
  }

  static const uint8_t* keep_text(const uint8_t* p, int64_t size, Value* to) {
    if (to != nullptr) {
      to->value =
          std::string(reinterpret_cast<const char*>(p), static_cast<size_t>(size));
    }
    return p + size;
  }

  template <typename Float>
  const uint8_t* decode_float(const uint8_t* p, Value* to) {
    constexpr auto kBytes = static_cast<int64_t>(sizeof(Float));
    if (run_.end - p < kBytes) return run_.ends_early(p);
    Float value;
    std::memcpy(&value, p, sizeof(Float));
    return keep(static_cast<double>(value), to, p + kBytes);
  }

  const uint8_t* decode_items(const uint8_t* p, const Schema& schema, Value* to) {
    std::vector<Value> items;
    while (true) {
      int64_t count = 0;
      p = run_.read(p, &count);
      if (p == nullptr) return nullptr;
      if (count == 0) break;
      if (count == std::numeric_limits<int64_t>::min()) return run_.ends_early(p);
      if (count < 0) {
        int64_t num_bytes = 0;
        p = run_.read(p, &num_bytes);
        if (p == nullptr) return nullptr;
        count = -count;
      }
      if (!schema.parts[0]->takes_bytes && !run_.add_empty(count)) {
        return run_.fail(p, "too many values without bytes");
      }
      for (; count > 0; --count) {
        int64_t size = 0;
        if (schema.kind == Kind::kMap) {
          p = run_.read_size(p, &size);
          if (p == nullptr) return nullptr;
          p += size;
        }
        p = decode(p, *schema.parts[0], to != nullptr ? &items.emplace_back() : nullptr);
        if (p == nullptr) return nullptr;
      }
    }
    return keep(std::move(items), to, p);
  }

  const uint8_t* decode_union(const uint8_t* p, const Schema& schema, Value* to) {
    int64_t branch = 0;
    const uint8_t* next = run_.read(p, &branch);
    if (next == nullptr) return nullptr;
    if (branch < 0 || branch >= std::ssize(schema.parts)) {
      return run_.fail(p, fmt::format("a union of {} types has no type {}",
                                      schema.parts.size(), branch));
    }
    return decode(next, *schema.parts[static_cast<size_t>(branch)], to);
  }

  const uint8_t* decode_record(const uint8_t* p, const Schema& schema, Value* to) {
    std::vector<FieldValue> fields;
    for (const Field& field : schema.fields) {
      const bool is_wanted = to != nullptr && wanted_.contains(field.id);
      if (is_wanted) fields.push_back({.id = field.id, .value = {}});
      p = decode(p, *field.type, is_wanted ? &fields.back().value : nullptr);
      if (p == nullptr) return run_.within(field.name);
    }
    return keep(std::move(fields), to, p);
  }

  Run& run_;
  const std::set<int>& wanted_;
};

Status failure(const Run& run, const Block& block, std::string_view name) {
  const std::string message = run.path.empty()
                                  ? run.message
                                  : fmt::format("field '{}': {}", run.path, run.message);
  return make_error(
      ErrorKind::kCorruptData,
      {.resource = std::string(name),
       .position = fmt::format("block {}, byte {}", block.number, block.offset)},
      message);
}

Status read_block(const Block& block, const Schema& schema, std::string_view name,
                  const std::set<int>& wanted,
                  const std::function<Status(const Value&)>& take) {
  Run run{.end = block.end};
  ValueDecoder decoder(run, wanted);
  const uint8_t* p = block.begin;
  if (!schema.takes_bytes && !run.add_empty(block.num_records)) {
    run.fail(p, "too many records without bytes");
    return failure(run, block, name);
  }
  for (int64_t i = 0; i < block.num_records; ++i) {
    Value record;
    p = decoder.decode(p, schema, &record);
    if (p == nullptr) return failure(run, block, name);
    ARROW_RETURN_NOT_OK(take(record));
  }
  if (p == block.end) return Status::OK();
  run.fail(p, "the block has more bytes than records");
  return failure(run, block, name);
}

}  // namespace

const Value* Value::field(int id) const {
  const auto* fields = std::get_if<std::vector<FieldValue>>(&value);
  if (fields == nullptr) return nullptr;
  const auto found = std::ranges::find(*fields, id, &FieldValue::id);
  return found == fields->end() ? nullptr : &found->value;
}

std::optional<int64_t> Value::number(int id) const {
  const Value* found = field(id);
  const auto* number = found ? std::get_if<int64_t>(&found->value) : nullptr;
  return number ? std::optional(*number) : std::nullopt;
}

std::optional<std::string> Value::text(int id) const {
  const Value* found = field(id);
  const auto* text = found ? std::get_if<std::string>(&found->value) : nullptr;
  return text ? std::optional(*text) : std::nullopt;
}

Status read_values(std::string_view name, std::string_view file,
                   const std::set<int>& wanted,
                   const std::function<Status(const Value&)>& take) {
  auto stream = std::make_shared<arrow::io::BufferReader>(std::make_shared<arrow::Buffer>(
      reinterpret_cast<const uint8_t*>(file.data()), static_cast<int64_t>(file.size())));
  ARROW_ASSIGN_OR_RAISE(
      const auto blocks,
      ContainerReader::open({std::string(name), std::move(stream), nullptr},
                            kMostBlockBytes));
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const auto block, blocks->next());
    if (!block) return Status::OK();
    ARROW_RETURN_NOT_OK(read_block(*block, *blocks->schema(), name, wanted, take));
  }
}

}  // namespace velo::formats::avro
