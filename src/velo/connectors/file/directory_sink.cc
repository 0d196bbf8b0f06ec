#include "velo/connectors/file/directory_sink.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "velo/base/system_error.h"
#include "velo/base/utf8.h"
#include "velo/connectors/file/epoch_writer.h"
#include "velo/storage/local_manifest_store.h"
#include "velo/storage/manifest_committer.h"

namespace velo::file {
namespace {

namespace fs = std::filesystem;

// Adds the files below `directory` + `below` that are `wanted` by their names.
template <typename Wanted>
Status list_files_below(const std::string& directory, const std::string& below,
                        const Wanted& wanted, std::vector<std::string>& files) {
  std::error_code error;
  fs::directory_iterator entry(directory + below, error);
  if (error.value() == ENOENT) return Status::OK();
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code ignored;  // gone since it was listed
    if (name.starts_with('.')) continue;
    if (entry->is_directory(ignored)) {
      const bool is_partition = name.find('=') != std::string::npos;
      if (!is_partition || entry->is_symlink(ignored)) continue;
      ARROW_RETURN_NOT_OK(list_files_below(directory, below + name + "/", wanted, files));
    } else if (wanted(name)) {
      files.push_back(below + name);
    }
  }
  if (error) return errno_error(error.value(), "list it", directory + below);
  return Status::OK();
}

}  // namespace

DirectorySink::DirectorySink(std::string directory, FileOptions options)
    : directory_(directory.ends_with('/') ? std::move(directory)
                                          : std::move(directory) + "/"),
      options_(std::move(options)) {}

Status DirectorySink::check_format() const {
  if (options_.values.text("format").empty()) {
    return make_error(ErrorKind::kInvalidArgument,
                      {.connector = "file", .resource = directory_},
                      "a directory's name does not tell the format of its files; add "
                      "?format= and csv, json or parquet");
  }
  return encoding_of("part." + extension_of(options_.values), options_.values).status();
}

Result<std::vector<std::string>> DirectorySink::files_of_this_format() const {
  // Whatever the options say, a file's own name tells what it is here.
  ARROW_ASSIGN_OR_RAISE(
      const OptionValues by_name,
      OptionValues::parse(Uri{.scheme = "file"}, FileOptions::descriptors(),
                          OptionUse::kSink));
  const auto wanted = [&,
                       format = options_.values.text("format")](const std::string& name) {
    const auto encoding = encoding_of(name, by_name);
    return encoding.ok() && encoding->format->name == format;
  };
  std::vector<std::string> files;
  ARROW_RETURN_NOT_OK(list_files_below(directory_, "", wanted, files));
  for (const std::string& file : files) {
    if (find_invalid_utf8(file) == std::string_view::npos) continue;
    return make_error(ErrorKind::kInvalidArgument,
                      {.connector = "file", .resource = directory_},
                      "a file here has a name that is not UTF-8, which the record of the "
                      "commit cannot hold; move it away");
  }
  return files;
}

Result<std::unique_ptr<Committer>> DirectorySink::create_committer(
    const PipelineIdentity& pipeline, CommitObserver& observer) {
  ARROW_RETURN_NOT_OK(check_format());
  auto store = std::make_unique<storage::LocalManifestStore>(directory_, pipeline.id);
  if (options_.mode == FileOptions::Mode::kError && !store->exists()) {
    ARROW_ASSIGN_OR_RAISE(const auto files, files_of_this_format());
    if (!files.empty()) {
      return make_error(ErrorKind::kAlreadyExists,
                        {.connector = "file", .resource = directory_ + files.front()},
                        "the directory holds files already, and mode=error");
    }
  }
  storage::ManifestSink sink;
  // Open since recover(); the committer outlives its writers.
  sink.make_writer = [options = options_, target = directory_, place = store.get()](
                         const CommitRecord& record, int lane,
                         const std::shared_ptr<arrow::Schema>& schema) {
    return make_epoch_writer({.directory = place->staging_directory(),
                              .shown = place->shown_staging_directory(),
                              .target = target,
                              .incarnation = record.incarnation,
                              .fence = record.fence,
                              .epoch = record.epoch + 1,
                              .lane = lane},
                             options, schema);
  };
  sink.store = std::move(store);
  if (options_.mode == FileOptions::Mode::kOverwrite) {
    sink.list_replaced = [this] { return files_of_this_format(); };
  }
  return std::make_unique<storage::ManifestCommitter>(pipeline, std::move(sink),
                                                      observer);
}

}  // namespace velo::file
