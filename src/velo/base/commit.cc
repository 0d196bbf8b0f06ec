#include "velo/commit.h"

#include <string>

#include "velo/base/sha256.h"

namespace velo {
namespace {

constexpr size_t kMaxIdSize = 32;
constexpr size_t kKeptOfName = 23;

bool stands_in_id(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

PipelineIdentity named_pipeline(std::string_view name) {
  std::string id;
  for (const char c : name) {
    if (stands_in_id(lower(c)) && id.size() < kMaxIdSize) id += lower(c);
  }
  if (id == name && !id.empty()) return {.id = std::move(id)};
  id.resize(std::min(id.size(), kKeptOfName));
  return {.id = id + "_" + sha256_hex(name).substr(0, 8)};
}

PipelineIdentity unnamed_run(std::string_view source, std::string_view select,
                             std::string_view sink) {
  std::string text;
  for (const std::string_view part : {source, select, sink}) {
    text += std::to_string(part.size()) + ":";  // so that no two triples run together
    text += part;
  }
  return {.id = "run_" + sha256_hex(text).substr(0, 16), .is_run = true};
}

PipelineIdentity pipeline_of_id(std::string id) {
  constexpr std::string_view kRun = "run_";
  constexpr size_t kHashSize = 16;
  const bool is_run =
      id.size() == kRun.size() + kHashSize && id.starts_with(kRun) &&
      id.find_first_not_of("0123456789abcdef", kRun.size()) == std::string::npos;
  return {.id = std::move(id), .is_run = is_run};
}

std::string reader_of(const PipelineIdentity& pipeline, const CommitRecord& record) {
  constexpr size_t kDigits = 8;
  return pipeline.id + "_" + record.incarnation.substr(0, kDigits);
}

Status EpochWriter::change_schema(const std::shared_ptr<arrow::Schema>&,
                                  std::stop_token) {
  return make_error(ErrorKind::kNotImplemented, {},
                    "the columns of this sink cannot change yet while it is written");
}

std::string_view to_string(CommitStep step) {
  switch (step) {
    case CommitStep::kInWrite:
      return "in_write";
    case CommitStep::kAfterPrepareOne:
      return "after_prepare_one";
    case CommitStep::kAfterPrepare:
      return "after_prepare";
    case CommitStep::kAfterPublish:
      return "after_publish";
    case CommitStep::kBetweenCompletes:
      return "between_completes";
    case CommitStep::kAfterCommit:
      return "after_commit";
    case CommitStep::kInRecover:
      return "in_recover";
  }
  return "";
}

}  // namespace velo
