// Steps around others: lists, maps, records, unions.

#include <fmt/format.h>

#include <limits>

#include "velo/base/utf8.h"
#include "velo/formats/avro/steps.h"

namespace velo::formats::avro {
namespace {

// How many items follow; 0 at the end.
const uint8_t* read_count(const uint8_t* p, bool items_take_bytes, int64_t* count,
                          Run& run) {
  const uint8_t* next = run.read(p, count);
  if (next == nullptr) return nullptr;
  if (*count < 0) {
    if (*count == std::numeric_limits<int64_t>::min()) {
      return run.fail(p, "a list has a number of items that cannot be");
    }
    *count = -*count;
    // Followed by the number of their bytes, for who wants to skip them.
    int64_t num_bytes = 0;
    next = run.read(next, &num_bytes);
    if (next == nullptr) return nullptr;
  }
  if (items_take_bytes) return *count <= run.end - next ? next : run.ends_early(p);
  return run.add_empty(*count) ? next : run.fail(p, "too many values without bytes");
}

class NullStep final : public Step {
 public:
  explicit NullStep(Column& column) : column_(column) {}
  const uint8_t* run(const uint8_t* p, Run& run) override {
    return column_.append_null(run) ? p : nullptr;
  }

 private:
  Column& column_;
};

class ListStep final : public Step {
 public:
  ListStep(ListColumn& column, StepPtr item, bool items_take_bytes)
      : column_(column),
        item_(std::move(item)),
        items_take_bytes_(items_take_bytes),
        item_bytes_(column.items().row_bytes() + 1) {}

  const uint8_t* run(const uint8_t* p, Run& run) override {
    int64_t count = 0;
    do {
      const uint8_t* begin = p;
      p = read_count(p, items_take_bytes_, &count, run);
      if (p == nullptr) return nullptr;
      if (!run.add_items(count, item_bytes_)) return run.too_large(begin);
      for (int64_t i = 0; i < count; ++i) {
        p = item_->run(p, run);
        if (p == nullptr) return run.within("item");
      }
    } while (count > 0);
    return column_.append(run) ? p : nullptr;
  }

 private:
  ListColumn& column_;
  const StepPtr item_;
  const bool items_take_bytes_;
  const int64_t item_bytes_;
};

class MapStep final : public Step {
 public:
  MapStep(ListColumn& column, StepPtr value)
      : column_(column),
        entries_(static_cast<StructColumn&>(column.items())),
        key_(static_cast<TextColumn&>(*entries_.fields()[0])),
        value_(std::move(value)),
        entry_bytes_(entries_.row_bytes() + 1) {}

  const uint8_t* run(const uint8_t* p, Run& run) override {
    int64_t count = 0;
    do {
      const uint8_t* begin = p;
      p = read_count(p, /*items_take_bytes=*/true, &count, run);
      if (p == nullptr) return nullptr;
      if (!run.add_items(count, entry_bytes_)) return run.too_large(begin);
      for (int64_t i = 0; i < count; ++i) {
        p = read_key(p, run);
        if (p == nullptr) return run.within("key");
        p = value_->run(p, run);
        if (p == nullptr) return run.within("value");
        entries_.append();
      }
    } while (count > 0);
    return column_.append(run) ? p : nullptr;
  }

 private:
  const uint8_t* read_key(const uint8_t* p, Run& run) {
    int64_t size = 0;
    const uint8_t* text = run.read_size(p, &size);
    if (text == nullptr) return nullptr;
    const size_t bad = find_invalid_utf8(
        {reinterpret_cast<const char*>(text), static_cast<size_t>(size)});
    if (bad != std::string_view::npos) {
      return run.fail(text + bad, fmt::format("byte {:#04x} is not UTF-8", text[bad]));
    }
    if (!run.add_bytes(size)) return run.too_large(p);
    return key_.append(text, size, run) ? text + size : nullptr;
  }

  ListColumn& column_;
  StructColumn& entries_;
  TextColumn& key_;
  const StepPtr value_;
  const int64_t entry_bytes_;
};

class RecordStep final : public Step {
 public:
  RecordStep(StructColumn& column, std::vector<FieldStep> fields)
      : column_(column), fields_(std::move(fields)) {}

  const uint8_t* run(const uint8_t* p, Run& run) override {
    for (const FieldStep& field : fields_) {
      p = field.step->run(p, run);
      if (p == nullptr) return run.within(field.field);
    }
    column_.append();
    return p;
  }

 private:
  StructColumn& column_;
  const std::vector<FieldStep> fields_;
};

class MemberStep final : public Step {
 public:
  MemberStep(StructColumn& column, size_t member, StepPtr value)
      : column_(column), member_(member), value_(std::move(value)) {}

  const uint8_t* run(const uint8_t* p, Run& run) override {
    const auto& fields = column_.fields();
    for (size_t i = 0; i < fields.size(); ++i) {
      if (i != member_ && !fields[i]->append_null(run)) return nullptr;
    }
    p = value_->run(p, run);
    if (p == nullptr) return run.within(column_.type()->field(int(member_))->name());
    column_.append();
    return p;
  }

 private:
  StructColumn& column_;
  const size_t member_;
  const StepPtr value_;
};

class UnionStep final : public Step {
 public:
  explicit UnionStep(std::vector<StepPtr> branches) : branches_(std::move(branches)) {}

  const uint8_t* run(const uint8_t* p, Run& run) override {
    int64_t branch = 0;
    const uint8_t* next = run.read(p, &branch);
    if (next == nullptr) return nullptr;
    if (branch < 0 || branch >= std::ssize(branches_)) {
      return run.fail(
          p, fmt::format("a union of {} types has no type {}", branches_.size(), branch));
    }
    return branches_[static_cast<size_t>(branch)]->run(next, run);
  }

 private:
  const std::vector<StepPtr> branches_;
};

class DefaultStep final : public Step {
 public:
  DefaultStep(std::string bytes, StepPtr step)
      : size_(static_cast<int64_t>(bytes.size())),
        bytes_(std::move(bytes) + std::string(kPaddingBytes, '\0')),
        step_(std::move(step)) {}

  const uint8_t* run(const uint8_t* p, Run& run) override {
    const auto* bytes = reinterpret_cast<const uint8_t*>(bytes_.data());
    const uint8_t* end = std::exchange(run.end, bytes + size_);
    const uint8_t* next = step_->run(bytes, run);
    run.end = end;
    if (next == nullptr) return run.fail(p, "its default: " + run.message);
    return p;
  }

 private:
  const int64_t size_;
  const std::string bytes_;
  const StepPtr step_;
};

class FailingStep final : public Step {
 public:
  explicit FailingStep(std::string message) : message_(std::move(message)) {}
  const uint8_t* run(const uint8_t* p, Run& run) override {
    return run.fail(p, message_);
  }

 private:
  const std::string message_;
};

}  // namespace

StepPtr make_null_step(Column& column) { return std::make_unique<NullStep>(column); }

StepPtr make_list_step(ListColumn& column, StepPtr item, bool items_take_bytes) {
  return std::make_unique<ListStep>(column, std::move(item), items_take_bytes);
}

StepPtr make_map_step(ListColumn& column, StepPtr value) {
  return std::make_unique<MapStep>(column, std::move(value));
}

StepPtr make_record_step(StructColumn& column, std::vector<FieldStep> fields) {
  return std::make_unique<RecordStep>(column, std::move(fields));
}

StepPtr make_member_step(StructColumn& column, size_t member, StepPtr value) {
  return std::make_unique<MemberStep>(column, member, std::move(value));
}

StepPtr make_union_step(std::vector<StepPtr> branches) {
  return std::make_unique<UnionStep>(std::move(branches));
}

StepPtr make_default_step(std::string bytes, StepPtr step) {
  return std::make_unique<DefaultStep>(std::move(bytes), std::move(step));
}

StepPtr make_failing_step(std::string message) {
  return std::make_unique<FailingStep>(std::move(message));
}

}  // namespace velo::formats::avro
