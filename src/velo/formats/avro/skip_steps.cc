// Steps over what nobody wants.

#include <fmt/format.h>

#include <limits>

#include "velo/formats/avro/steps.h"

namespace velo::formats::avro {
namespace {

class SkipLong final : public Step {
 public:
  const uint8_t* run(const uint8_t* p, Run& run) override {
    int64_t value = 0;
    return run.read(p, &value);
  }
};

class SkipBytes final : public Step {
 public:
  explicit SkipBytes(int64_t num_bytes) : num_bytes_(num_bytes) {}
  const uint8_t* run(const uint8_t* p, Run& run) override {
    return num_bytes_ <= run.end - p ? p + num_bytes_ : run.ends_early(p);
  }

 private:
  const int64_t num_bytes_;
};

class SkipText final : public Step {
 public:
  const uint8_t* run(const uint8_t* p, Run& run) override {
    int64_t size = 0;
    const uint8_t* text = run.read_size(p, &size);
    return text == nullptr ? nullptr : text + size;
  }
};

class SkipAll final : public Step {
 public:
  explicit SkipAll(std::vector<StepPtr> steps) : steps_(std::move(steps)) {}
  const uint8_t* run(const uint8_t* p, Run& run) override {
    for (const StepPtr& step : steps_) {
      p = step->run(p, run);
      if (p == nullptr) return nullptr;
    }
    return p;
  }

 private:
  const std::vector<StepPtr> steps_;
};

class SkipUnion final : public Step {
 public:
  explicit SkipUnion(std::vector<StepPtr> branches) : branches_(std::move(branches)) {}
  const uint8_t* run(const uint8_t* p, Run& run) override {
    int64_t branch = 0;
    const uint8_t* next = run.read(p, &branch);
    if (next == nullptr) return nullptr;
    if (branch < 0 || branch >= std::ssize(branches_)) {
      return run.fail(
          p, fmt::format("a union of {} types has no type {}", branches_.size(), branch));
    }
    const StepPtr& step = branches_[static_cast<size_t>(branch)];
    return step ? step->run(next, run) : next;
  }

 private:
  const std::vector<StepPtr> branches_;
};

class SkipItems final : public Step {
 public:
  // `item` is nullptr where there is nothing to step over.
  SkipItems(bool has_keys, StepPtr item) : has_keys_(has_keys), item_(std::move(item)) {}

  const uint8_t* run(const uint8_t* p, Run& run) override {
    while (true) {
      const uint8_t* begin = p;
      int64_t count = 0;
      p = run.read(p, &count);
      if (p == nullptr || count == 0) return p;
      if (count < 0) {
        int64_t num_bytes = 0;
        p = run.read(p, &num_bytes);
        if (p == nullptr) return nullptr;
        if (num_bytes < 0 || num_bytes > run.end - p) return run.ends_early(begin);
        p += num_bytes;
      } else if (has_keys_ || item_) {
        p = skip(p, count, run);
        if (p == nullptr) return nullptr;
      }
    }
  }

 private:
  const uint8_t* skip(const uint8_t* p, int64_t count, Run& run) {
    for (; count > 0 && p != nullptr; --count) {
      if (has_keys_) p = key_.run(p, run);
      if (item_ && p != nullptr) p = item_->run(p, run);
    }
    return p;
  }

  const bool has_keys_;
  SkipText key_;
  const StepPtr item_;
};

// nullptr where there are no bytes to step over.
StepPtr skip_of(const Schema& written);

void add_fields(const Schema& record, std::vector<StepPtr>& steps) {
  for (const Field& field : record.fields) {
    if (field.type->kind == Kind::kRecord) {
      add_fields(*field.type, steps);
    } else if (StepPtr step = skip_of(*field.type)) {
      steps.push_back(std::move(step));
    }
  }
}

StepPtr skip_of(const Schema& written) {
  switch (written.kind) {
    case Kind::kNull:
      return nullptr;
    case Kind::kBoolean:
      return std::make_unique<SkipBytes>(1);
    case Kind::kInt:
    case Kind::kLong:
    case Kind::kEnum:
      return std::make_unique<SkipLong>();
    case Kind::kFloat:
      return std::make_unique<SkipBytes>(4);
    case Kind::kDouble:
      return std::make_unique<SkipBytes>(8);
    case Kind::kBytes:
    case Kind::kString:
      return std::make_unique<SkipText>();
    case Kind::kFixed:
      return std::make_unique<SkipBytes>(written.num_bytes);
    case Kind::kArray:
    case Kind::kMap:
      return std::make_unique<SkipItems>(
          written.kind == Kind::kMap,
          written.parts[0]->takes_bytes ? skip_of(*written.parts[0]) : nullptr);
    case Kind::kUnion: {
      std::vector<StepPtr> branches;
      for (const SchemaPtr& branch : written.parts) branches.push_back(skip_of(*branch));
      return std::make_unique<SkipUnion>(std::move(branches));
    }
    case Kind::kRecord: {
      std::vector<StepPtr> steps;
      add_fields(written, steps);
      return std::make_unique<SkipAll>(std::move(steps));
    }
  }
  return nullptr;
}

}  // namespace

StepPtr make_skip(const Schema& written) {
  if (StepPtr step = skip_of(written)) return step;
  return std::make_unique<SkipAll>(std::vector<StepPtr>());
}

}  // namespace velo::formats::avro
