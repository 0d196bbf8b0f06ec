#include "velo/connectors/iceberg/record.h"

#include <arrow/util/base64.h>
#include <arrow/util/compression.h>
#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "velo/base/parse_number.h"
#include "velo/base/sha256.h"
#include "velo/base/utc_time.h"
#include "velo/connectors/iceberg/json_members.h"
#include "velo/version.h"

namespace velo::iceberg {
namespace {

constexpr int64_t kMaxPositionsBytes = int64_t{1} << 30;

Status corrupt(const std::string& name, const std::string& what) {
  return make_error(ErrorKind::kCorruptData, {.connector = "iceberg", .resource = name},
                    fmt::format("its summary is not one that velo has written: '{}' is "
                                "missing, or cannot be meant",
                                what));
}

// With keys that are looked up: there may be a hundred thousand.
using PositionsJson = nlohmann::json;

std::string text_of_positions(const Positions& positions) {
  PositionsJson object = PositionsJson::object();
  for (const auto& [split, progress] : positions) {
    object[split] = {{"at", arrow::util::base64_encode(progress.position.bytes)},
                     {"ended", progress.ended}};
  }
  return object.dump(-1, ' ', false, PositionsJson::error_handler_t::replace);
}

Result<Positions> parse_positions(const std::string& name, std::string_view text) {
  const auto json = PositionsJson::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return corrupt(name, "velo.positions");
  Positions positions;
  for (const auto& [split, item] : json.items()) {
    const bool is_whole = item.is_object() && item.contains("at") &&
                          item["at"].is_string() && item.contains("ended") &&
                          item["ended"].is_boolean();
    if (!is_whole) return corrupt(name, "velo.positions");
    auto bytes = arrow::util::base64_decode(item["at"].get_ref<const std::string&>());
    if (!bytes.ok()) return corrupt(name, "velo.positions");
    positions[split] = {.position = {*std::move(bytes)},
                        .ended = item["ended"].get<bool>()};
  }
  return positions;
}

Result<Positions> read_positions(FileIo& files, const PositionsFile& file) {
  auto compressed = read_file(files, file.location, kMaxPositionsBytes);
  if (!compressed.ok() && kind_of(compressed.status()) == ErrorKind::kNotFound) {
    return make_error(ErrorKind::kCommitLost,
                      {.connector = "iceberg", .resource = file.location},
                      "this file is a part of the pipeline's record, and it is gone; put "
                      "it back, or begin anew under another name");
  }
  ARROW_RETURN_NOT_OK(compressed.status());
  if (sha256_hex(*compressed) != file.sha256) {
    return make_error(ErrorKind::kCorruptData,
                      {.connector = "iceberg", .resource = file.location},
                      "this file of positions has changed since it was written");
  }
  // The number of its bytes, decimal, stands before them.
  const size_t line = compressed->find('\n');
  size_t size = 0;
  std::from_chars(compressed->data(), compressed->data() + compressed->size(), size);
  if (line == std::string::npos || size > static_cast<size_t>(kMaxPositionsBytes)) {
    return corrupt(file.location, "its size");
  }
  std::string text(size, '\0');
  ARROW_ASSIGN_OR_RAISE(const auto codec,
                        arrow::util::Codec::Create(arrow::Compression::ZSTD));
  ARROW_ASSIGN_OR_RAISE(
      const int64_t read,
      codec->Decompress(static_cast<int64_t>(compressed->size() - line - 1),
                        reinterpret_cast<const uint8_t*>(compressed->data()) + line + 1,
                        static_cast<int64_t>(size),
                        reinterpret_cast<uint8_t*>(text.data())));
  text.resize(static_cast<size_t>(read));
  return parse_positions(file.location, text);
}

// Reads entries of a summary; the first that cannot be read is kept in mind.
class Entries {
 public:
  explicit Entries(const Summary& summary) : summary_(summary) {}

  std::string text(const std::string& key) {
    const auto found = summary_.find(key);
    if (found != summary_.end()) return found->second;
    if (failed_.empty()) failed_ = key;
    return {};
  }

  std::string text_or_empty(const std::string& key) const {
    const auto found = summary_.find(key);
    return found == summary_.end() ? std::string() : found->second;
  }

  template <typename Number>
  Number number(const std::string& key) {
    const auto number = parse_number<Number>(text(key));
    if (!number && failed_.empty()) failed_ = key;
    return number.value_or(0);
  }

  const std::string& failed() const { return failed_; }

 private:
  const Summary& summary_;
  std::string failed_;
};

}  // namespace

std::string pipeline_of(const Summary& summary) {
  return Entries(summary).text_or_empty("velo.pipeline");
}

std::string branch_of(const Summary& summary) {
  return Entries(summary).text_or_empty("velo.branch");
}

bool is_finished(const Summary& summary) {
  return Entries(summary).text_or_empty("velo.finished") == "true";
}

bool is_forgotten(const Summary& summary) {
  return Entries(summary).text_or_empty("velo.forgotten") == "true";
}

Summary as_forgotten(Summary summary) {
  summary["velo.forgotten"] = "true";
  return summary;
}

std::optional<FileOrigin> attempt_of(const Summary& summary) {
  Entries entries(summary);
  const FileOrigin attempt{.fence = entries.number<uint64_t>("velo.fence"),
                           .epoch = entries.number<uint64_t>("velo.epoch")};
  return entries.failed().empty() ? std::optional(attempt) : std::nullopt;
}

Summary summary_of(const CommitRecord& record, const std::string& branch,
                   int64_t total_rows, const Positions& moved,
                   const PositionsFile& base) {
  Summary summary = {{"velo.pipeline", record.pipeline},
                     {"velo.branch", branch},
                     {"velo.incarnation", record.incarnation},
                     {"velo.fence", std::to_string(record.fence)},
                     {"velo.epoch", std::to_string(record.epoch)},
                     {"velo.rows", std::to_string(record.num_rows)},
                     {"velo.total-rows", std::to_string(total_rows)},
                     {"velo.finished", record.finished ? "true" : "false"},
                     {"velo.source", record.fingerprint.source},
                     {"velo.select", record.fingerprint.select},
                     {"velo.schema", record.fingerprint.schema},
                     {"velo.positions", text_of_positions(moved)},
                     {"velo.written-at", utc_now()},
                     {"velo.version", std::string(version())}};
  if (!base.location.empty()) {
    summary["velo.positions-file"] = base.location;
    summary["velo.positions-sha256"] = base.sha256;
  }
  return summary;
}

Result<RecordInSummary> read_record(FileIo& files, const std::string& name,
                                    const Summary& summary) {
  Entries entries(summary);
  RecordInSummary found;
  CommitRecord& record = found.record;
  record.pipeline = entries.text("velo.pipeline");
  record.incarnation = entries.text("velo.incarnation");
  record.fence = entries.number<uint64_t>("velo.fence");
  record.epoch = entries.number<uint64_t>("velo.epoch");
  record.num_rows = entries.number<int64_t>("velo.total-rows");
  record.finished = entries.text("velo.finished") == "true";
  record.fingerprint = {.source = entries.text("velo.source"),
                        .select = entries.text("velo.select"),
                        .schema = entries.text("velo.schema")};
  record.written_at = entries.text("velo.written-at");
  record.velo_version = entries.text("velo.version");
  found.base = {.location = entries.text_or_empty("velo.positions-file"),
                .sha256 = entries.text_or_empty("velo.positions-sha256")};
  const std::string positions = entries.text("velo.positions");
  if (!entries.failed().empty()) return corrupt(name, entries.failed());
  ARROW_ASSIGN_OR_RAISE(found.moved, parse_positions(name, positions));
  record.positions = found.moved;
  if (found.base.location.empty()) return found;
  ARROW_ASSIGN_OR_RAISE(Positions before, read_positions(files, found.base));
  record.positions.merge(before);
  return found;
}

size_t size_in_summary(const Positions& positions) {
  return text_of_positions(positions).size();
}

Result<PositionsFile> write_positions(FileIo& files, const std::string& location,
                                      const Positions& positions) {
  const std::string text = text_of_positions(positions);
  ARROW_ASSIGN_OR_RAISE(const auto codec,
                        arrow::util::Codec::Create(arrow::Compression::ZSTD));
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  const auto size = static_cast<int64_t>(text.size());
  std::string compressed(static_cast<size_t>(codec->MaxCompressedLen(size, bytes)), '\0');
  ARROW_ASSIGN_OR_RAISE(
      const int64_t written,
      codec->Compress(size, bytes, static_cast<int64_t>(compressed.size()),
                      reinterpret_cast<uint8_t*>(compressed.data())));
  compressed.resize(static_cast<size_t>(written));
  const std::string content = std::to_string(text.size()) + "\n" + compressed;
  ARROW_RETURN_NOT_OK(write_file(files, location, content));
  return PositionsFile{.location = location, .sha256 = sha256_hex(content)};
}

}  // namespace velo::iceberg
