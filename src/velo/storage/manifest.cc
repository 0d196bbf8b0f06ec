#include "velo/storage/manifest.h"

#include <arrow/util/base64.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

namespace velo::storage {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;

Json json_of(const std::vector<ManifestFile>& files) {
  Json list = Json::array();
  for (const ManifestFile& file : files) {
    list.push_back({{"staged", file.staged},
                    {"path", file.path},
                    {"rows", file.num_rows},
                    {"bytes", file.num_bytes}});
    if (file.upload.empty()) continue;
    list.back()["upload"] = file.upload;
    list.back()["parts"] = file.parts;
  }
  return list;
}

Json json_of(const Positions& positions) {
  Json object = Json::object();
  for (const auto& [split, progress] : positions) {
    object[split] = {{"at", arrow::util::base64_encode(progress.position.bytes)},
                     {"ended", progress.ended}};
  }
  return object;
}

// Reads fields of an object; the first that is not there, or is of another type, is told.
class Fields {
 public:
  explicit Fields(const Json& object) : object_(object) {}

  void read(const char* name, std::string& value) {
    if (const Json* field = find(name, &Json::is_string)) {
      value = field->get_ref<const std::string&>();
    }
  }
  void read(const char* name, bool& value) {
    if (const Json* field = find(name, &Json::is_boolean)) value = field->get<bool>();
  }
  void read(const char* name, uint64_t& value) {
    const Json* field = find(name, &Json::is_number_unsigned);
    if (field) value = field->get<uint64_t>();
  }
  void read(const char* name, int64_t& value) {
    uint64_t number = 0;
    read(name, number);
    if (number > std::numeric_limits<int64_t>::max()) return fail(name);
    value = static_cast<int64_t>(number);
  }

  bool has(const char* name) const {
    return object_.is_object() && object_.contains(name);
  }

  /// The list or object of this name, else an empty one.
  const Json& list(const char* name) { return nested(name, &Json::is_array); }
  const Json& object(const char* name) { return nested(name, &Json::is_object); }

  /// The name of the first field that could not be read.
  const std::string& failed() const { return failed_; }
  void fail(std::string name) {
    if (failed_.empty()) failed_ = std::move(name);
  }

 private:
  using Check = bool (Json::*)() const noexcept;

  const Json* find(const char* name, Check is_right) {
    const auto found = object_.is_object() ? object_.find(name) : object_.end();
    if (object_.is_object() && found != object_.end() && ((*found).*is_right)()) {
      return &*found;
    }
    fail(name);
    return nullptr;
  }

  const Json& nested(const char* name, Check is_right) {
    static const Json kEmpty = Json::array();
    const Json* field = find(name, is_right);
    return field ? *field : kEmpty;
  }

  const Json& object_;
  std::string failed_;
};

// A manifest is not to lead out of the sink, whoever wrote it.
bool is_below(std::string_view path) {
  if (path.empty() || path.starts_with('/') ||
      path.find('\0') != std::string_view::npos) {
    return false;
  }
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    if (path.substr(begin, end - begin) == "..") return false;
    begin = end + 1;
  }
  return true;
}

void read_upload(Fields& fields, ManifestFile& file) {
  fields.read("upload", file.upload);
  if (file.upload.empty()) fields.fail("upload");
  for (const Json& part : fields.list("parts")) {
    if (!part.is_string()) return fields.fail("parts");
    file.parts.push_back(part.get<std::string>());
  }
}

void read_files(const Json& list, Fields& parent, std::vector<ManifestFile>& files) {
  for (const Json& item : list) {
    ManifestFile file;
    Fields fields(item);
    fields.read("staged", file.staged);
    fields.read("path", file.path);
    fields.read("rows", file.num_rows);
    fields.read("bytes", file.num_bytes);
    if (fields.has("upload")) read_upload(fields, file);
    if (!is_below(file.staged)) fields.fail("staged");
    if (!is_below(file.path)) fields.fail("path");
    if (!fields.failed().empty()) parent.fail("files." + fields.failed());
    files.push_back(std::move(file));
  }
}

void read_positions(Fields& parent, Positions& positions) {
  for (const auto& [split, item] : parent.object("positions").items()) {
    std::string at;
    SplitProgress progress;
    Fields fields(item);
    fields.read("at", at);
    fields.read("ended", progress.ended);
    auto bytes = arrow::util::base64_decode(at);
    if (!bytes.ok()) fields.fail("at");
    if (!fields.failed().empty()) {
      parent.fail(fmt::format("positions.{}.{}", split, fields.failed()));
      return;
    }
    progress.position.bytes = *std::move(bytes);
    positions[split] = std::move(progress);
  }
}

Status corrupt(std::string_view name, std::string_view what) {
  return make_error(
      ErrorKind::kCorruptData, {.resource = std::string(name)},
      fmt::format("this is not a manifest that velo has written: {}", what));
}

}  // namespace

std::string encode_manifest(const Manifest& manifest) {
  const CommitRecord& record = manifest.record;
  const Json json = {{"velo", kVersion},
                     {"pipeline", record.pipeline},
                     {"incarnation", record.incarnation},
                     {"fence", record.fence},
                     {"epoch", record.epoch},
                     {"source", record.fingerprint.source},
                     {"select", record.fingerprint.select},
                     {"schema", record.fingerprint.schema},
                     {"positions", json_of(record.positions)},
                     {"base", manifest.is_base},
                     {"rows", record.num_rows},
                     {"total_rows", manifest.total_rows},
                     {"finished", record.finished},
                     {"files", json_of(manifest.files)},
                     {"removes", manifest.removes},
                     {"forgotten", manifest.is_forgotten},
                     {"written_at", record.written_at},
                     {"version", record.velo_version}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Manifest> decode_manifest(std::string_view name, std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return corrupt(name, "it is not JSON");
  Manifest manifest;
  CommitRecord& record = manifest.record;
  Fields fields(json);
  int64_t version = 0;
  fields.read("velo", version);
  if (version == 0) fields.fail("velo");
  if (version > kVersion) {
    return corrupt(name, fmt::format("its version is {}, and this velo knows {}; use the "
                                     "newer velo",
                                     version, kVersion));
  }
  fields.read("pipeline", record.pipeline);
  fields.read("incarnation", record.incarnation);
  fields.read("fence", record.fence);
  fields.read("epoch", record.epoch);
  fields.read("source", record.fingerprint.source);
  fields.read("select", record.fingerprint.select);
  fields.read("schema", record.fingerprint.schema);
  read_positions(fields, record.positions);
  fields.read("base", manifest.is_base);
  fields.read("rows", record.num_rows);
  fields.read("total_rows", manifest.total_rows);
  fields.read("finished", record.finished);
  read_files(fields.list("files"), fields, manifest.files);
  for (const Json& path : fields.list("removes")) {
    if (!path.is_string() || !is_below(path.get_ref<const std::string&>())) {
      fields.fail("removes");
      break;
    }
    manifest.removes.push_back(path.get<std::string>());
  }
  fields.read("forgotten", manifest.is_forgotten);
  fields.read("written_at", record.written_at);
  fields.read("version", record.velo_version);
  if (fields.failed().empty()) return manifest;
  return corrupt(
      name, fmt::format("the field '{}' is missing or cannot be meant", fields.failed()));
}

CommitToken encode_token(const std::vector<ManifestFile>& files) {
  return {json_of(files).dump(-1, ' ', false, Json::error_handler_t::replace)};
}

Result<std::vector<ManifestFile>> decode_token(const CommitToken& token) {
  const Json json = Json::parse(token.bytes, nullptr, /*allow_exceptions=*/false);
  if (!json.is_array()) return corrupt("commit token", "it is not a list of files");
  const Json none = Json::object();
  Fields fields(none);
  std::vector<ManifestFile> files;
  read_files(json, fields, files);
  if (fields.failed().empty()) return files;
  return corrupt("commit token", fields.failed());
}

}  // namespace velo::storage
