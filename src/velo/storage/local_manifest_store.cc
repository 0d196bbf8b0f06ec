#include "velo/storage/local_manifest_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <set>
#include <utility>

#include "velo/base/random_id.h"
#include "velo/base/small_file.h"
#include "velo/base/system_error.h"
#include "velo/storage/local_directory.h"
#include "velo/storage/local_output.h"

namespace velo::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kManifestSuffix = ".json";
constexpr std::string_view kDonePrefix = "done-";
constexpr int64_t kMaxManifestBytes = int64_t{256} << 20;
// No process sleeps so long and goes on as if nothing had been.
constexpr std::chrono::hours kManifestsKept{7 * 24};

std::optional<uint64_t> parse_number(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

// As it is written: a person's "7.json" is none.
std::optional<uint64_t> parse_epoch(std::string_view text) {
  const auto number = parse_number(text);
  if (!number || fmt::format("{:013}", *number) != text) return {};
  return number;
}

std::optional<uint64_t> number_of_manifest(std::string_view name) {
  if (!name.ends_with(kManifestSuffix)) return {};
  return parse_epoch(name.substr(0, name.size() - kManifestSuffix.size()));
}

std::optional<uint64_t> number_of_done(std::string_view name) {
  if (!name.starts_with(kDonePrefix)) return {};
  return parse_epoch(name.substr(kDonePrefix.size()));
}

// The fence that stands at the front of a staged file's name: "f12-…".
std::optional<uint64_t> fence_of_staged(std::string_view name) {
  const size_t dash = name.find('-');
  if (!name.starts_with('f') || dash == std::string_view::npos) return {};
  return parse_number(name.substr(1, dash - 1));
}

// Another process may have removed it first: that is as good.
Status remove_file(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return Status::OK();
  return errno_error(errno, "remove it", path);
}

Status may_have_appeared(const Status& status) {
  return make_error(
      ErrorKind::kCommitStateUnknown, {},
      fmt::format("{}; what was committed last may or may not be there: that "
                  "is found out when the pipeline goes on",
                  status.message()));
}

bool is_there(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

}  // namespace

LocalManifestStore::LocalManifestStore(std::string directory, const std::string& pipeline)
    : directory_(std::move(directory)),
      pipeline_(pipeline),
      home_(directory_ + "_velo/" + pipeline + "/") {}

LocalManifestStore::~LocalManifestStore() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<bool> LocalManifestStore::find() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  descriptor_ = ::open(home_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor_ < 0 && errno == ENOENT) return false;
  if (descriptor_ < 0) return errno_error(errno, "open the directory", home_);
  records_ = fmt::format("/proc/self/fd/{}/", descriptor_);
  staging_ = records_ + "staged/";
  return true;
}

Status LocalManifestStore::open() {
  ARROW_ASSIGN_OR_RAISE(auto made, make_directories(home_ + "staged"));
  std::ranges::move(made, std::back_inserter(made_));
  ARROW_ASSIGN_OR_RAISE(const bool found, find());
  return found ? Status::OK() : errno_error(ENOENT, "open the directory", home_);
}

bool LocalManifestStore::exists() const { return is_there(home_); }

bool LocalManifestStore::is_gone() const {
  struct stat ours {};
  struct stat there {};
  if (::fstat(descriptor_, &ours) != 0) return true;
  // What cannot be looked at need not be gone.
  if (::stat(home_.c_str(), &there) != 0) return errno == ENOENT || errno == ENOTDIR;
  return ours.st_ino != there.st_ino || ours.st_dev != there.st_dev;
}

Status LocalManifestStore::respell(const Status& status) const {
  if (status.ok()) return status;
  std::string message = status.message();
  for (size_t at = 0; (at = message.find(records_, at)) != std::string::npos;) {
    message.replace(at, records_.size(), home_);
    at += home_.size();
  }
  return status.WithMessage(message);
}

std::string LocalManifestStore::name_of(uint64_t number) const {
  return fmt::format("{}{:013}{}", home_, number, kManifestSuffix);
}

std::string LocalManifestStore::path_of(uint64_t number) const {
  return fmt::format("{}{:013}{}", records_, number, kManifestSuffix);
}

Result<std::vector<std::string>> LocalManifestStore::names_in_record() const {
  auto names = names_in(records_);
  if (!names.ok()) return respell(names.status());
  return names;
}

Result<uint64_t> LocalManifestStore::newest() {
  ARROW_ASSIGN_OR_RAISE(const auto names, names_in_record());
  uint64_t newest = 0;
  for (const std::string& name : names) {
    newest = std::max(newest, number_of_manifest(name).value_or(0));
  }
  return newest;
}

Result<std::string> LocalManifestStore::read(uint64_t number) {
  auto text = read_small_file(path_of(number), kMaxManifestBytes);
  if (!text.ok()) return respell(text.status());
  return text;
}

Result<bool> LocalManifestStore::publish(uint64_t number, std::string_view text) {
  const std::string draft = "draft-" + random_id();
  ARROW_ASSIGN_OR_RAISE(const auto output,
                        LocalOutput::create(records_ + draft, home_ + draft));
  Status status = output->Write(text.data(), static_cast<int64_t>(text.size()));
  if (status.ok()) status = output->sync_and_close();
  bool is_ours = false;
  if (status.ok()) {
    is_ours = ::link((records_ + draft).c_str(), path_of(number).c_str()) == 0;
    if (!is_ours && errno != EEXIST) {
      status = errno_error(errno, "publish", name_of(number));
    }
  }
  // A draft that stays harms nobody; see remove_old_manifests().
  (void)remove_file(records_ + draft);
  ARROW_RETURN_NOT_OK(status);
  const Status durable = respell(sync_directory(records_));
  if (!durable.ok()) return is_ours ? may_have_appeared(durable) : durable;
  return is_ours;
}

// A mark is in the directory of its record, and goes with it.
Result<uint64_t> LocalManifestStore::newest_done(std::string_view) {
  ARROW_ASSIGN_OR_RAISE(const auto names, names_in_record());
  uint64_t newest = 0;
  for (const std::string& name : names) {
    newest = std::max(newest, number_of_done(name).value_or(0));
  }
  return newest;
}

Status LocalManifestStore::mark_done(std::string_view, uint64_t number) {
  ARROW_ASSIGN_OR_RAISE(const auto names, names_in_record());
  const std::string mark = fmt::format("{}{}{:013}", records_, kDonePrefix, number);
  const int file = ::open(mark.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
  if (file < 0) return respell(errno_error(errno, "write it", mark));
  ::close(file);
  ARROW_RETURN_NOT_OK(respell(sync_directory(records_)));
  for (const std::string& name : names) {
    if (number_of_done(name).value_or(number) < number) {
      ARROW_RETURN_NOT_OK(respell(remove_file(records_ + name)));
    }
  }
  return Status::OK();
}

Status LocalManifestStore::complete(std::span<const ManifestFile> files,
                                    const std::function<void()>& after_one) {
  std::set<std::string> directories;
  for (const ManifestFile& file : files) {
    ARROW_RETURN_NOT_OK(complete_one(file));
    if (directories.empty() && files.size() > 1) after_one();
    directories.insert(parent_directory(directory_ + file.path));
  }
  for (const std::string& directory : directories) {
    ARROW_RETURN_NOT_OK(sync_directory(directory));
  }
  return Status::OK();
}

Status LocalManifestStore::complete_one(const ManifestFile& file) {
  const std::string staged = staging_ + file.staged;
  const std::string path = directory_ + file.path;
  ARROW_RETURN_NOT_OK(make_directories(parent_directory(path)).status());
  const auto renamed = rename_to_free_name(staged, path);
  if (renamed.ok() && *renamed) return Status::OK();
  if (renamed.ok()) {
    if (!is_there(staged)) return Status::OK();  // another process was faster
    return make_error(ErrorKind::kAlreadyExists, {.resource = path},
                      "this name is taken by a file that velo did not write; move it "
                      "away and run again");
  }
  if (kind_of(renamed.status()) != ErrorKind::kNotFound) {
    return respell(renamed.status());
  }
  if (is_there(path)) return Status::OK();
  return make_error(
      ErrorKind::kCommitLost, {.resource = path},
      fmt::format("this file was committed, and neither it nor {} is there: "
                  "somebody has removed one of them",
                  home_ + "staged/" + file.staged));
}

Status LocalManifestStore::remove(std::span<const std::string> paths) {
  std::set<std::string> directories;
  for (const std::string& path : paths) {
    ARROW_RETURN_NOT_OK(remove_file(directory_ + path));
    directories.insert(parent_directory(directory_ + path));
  }
  for (const std::string& directory : directories) {
    if (is_there(directory)) ARROW_RETURN_NOT_OK(sync_directory(directory));
  }
  return Status::OK();
}

Status LocalManifestStore::discard(std::span<const ManifestFile> files) {
  for (const ManifestFile& file : files) {
    ARROW_RETURN_NOT_OK(respell(remove_file(staging_ + file.staged)));
  }
  return Status::OK();
}

Status LocalManifestStore::remove_staged_below(std::string_view, uint64_t fence) {
  ARROW_ASSIGN_OR_RAISE(const auto names, names_in(staging_));
  for (const std::string& name : names) {
    if (fence_of_staged(name).value_or(fence) < fence) {
      ARROW_RETURN_NOT_OK(respell(remove_file(staging_ + name)));
    }
  }
  return Status::OK();
}

Status LocalManifestStore::remove_old_manifests(uint64_t number) {
  ARROW_ASSIGN_OR_RAISE(const auto names, names_in_record());
  const auto oldest_kept = fs::file_time_type::clock::now() - kManifestsKept;
  for (const std::string& name : names) {
    const bool is_draft = name.starts_with("draft-");
    if (!is_draft && number_of_manifest(name).value_or(number) >= number) continue;
    std::error_code error;
    const auto written = fs::last_write_time(records_ + name, error);
    if (!error && written < oldest_kept) {
      ARROW_RETURN_NOT_OK(respell(remove_file(records_ + name)));
    }
  }
  return Status::OK();
}

Status LocalManifestStore::forget() {
  // In one step: half a record would be taken for one of a run that is to go on.
  const std::string gone = fmt::format("{}_velo/.gone-{}", directory_, pipeline_);
  std::error_code error;
  fs::remove_all(gone, error);
  if (std::rename(home_.c_str(), gone.c_str()) != 0 && errno != ENOENT) {
    return errno_error(errno, "remove it", home_);
  }
  if (is_there(directory_ + "_velo")) {
    ARROW_RETURN_NOT_OK(sync_directory(directory_ + "_velo"));
  }
  fs::remove_all(gone, error);
  fs::remove(directory_ + "_velo", error);  // where no other pipeline is there
  // What was made for this run and stayed empty.
  for (auto path = made_.rbegin(); path != made_.rend(); ++path) fs::remove(*path, error);
  made_.clear();
  return Status::OK();
}

}  // namespace velo::storage
