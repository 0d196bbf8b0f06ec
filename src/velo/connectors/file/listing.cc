#include "velo/connectors/file/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "velo/base/glob.h"
#include "velo/base/system_error.h"
#include "velo/fileset/encoding.h"

namespace velo::file {
namespace {

namespace fs = std::filesystem;

bool is_hidden(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with('.') || name == "_velo";
}

// Calls visit(path) for every file in a directory, and in those below it that enter(path)
// lets in; hidden ones and `_velo/` are left out.
template <typename Enter, typename Visit>
Status visit_files(const std::string& directory, const Enter& enter, const Visit& visit) {
  std::error_code error;
  fs::directory_iterator entry(directory, error);
  if (error) return errno_error(error.value(), "list it", directory);
  for (; entry != fs::directory_iterator(); entry.increment(error)) {
    if (error) return errno_error(error.value(), "list it", directory);
    if (is_hidden(entry->path())) continue;
    std::error_code ignored;  // gone since it was listed
    if (entry->is_directory(ignored)) {
      // A link to a directory could lead back here.
      if (!entry->is_symlink(ignored) && enter(entry->path().string())) {
        ARROW_RETURN_NOT_OK(visit_files(entry->path().string(), enter, visit));
      }
    } else {
      visit(entry->path().string());
    }
  }
  return Status::OK();
}

Result<std::vector<std::string>> list_directory(const std::string& directory,
                                                const FileOptions& options) {
  std::vector<std::string> files;
  ARROW_RETURN_NOT_OK(visit_files(
      directory, [&](const std::string&) { return options.recursive; },
      [&](const std::string& path) {
        if (fileset::is_read_unnamed(path, options.values)) files.push_back(path);
      }));
  if (files.empty()) {
    return make_error(
        ErrorKind::kNotFound, {.connector = "file", .resource = directory},
        options.recursive
            ? "no file of a known format is in this directory or below; say "
              "format= if there should be"
            : "no file of a known format is in this directory; say format= "
              "if there should be, or recursive=true to look further down");
  }
  return files;
}

// Without this, "**" at the front would look at the whole machine.
std::string directory_to_search(const Glob& glob) {
  std::string directory = glob.literal_prefix_directory();
  return directory.empty() ? "." : directory;
}

Result<std::vector<std::string>> list_matches(const FileOptions& options) {
  ARROW_ASSIGN_OR_RAISE(const Glob glob, Glob::parse(options.pattern));
  const std::string directory = directory_to_search(glob);
  std::vector<std::string> files;
  std::error_code ignored;
  if (fs::is_directory(directory, ignored)) {
    // As the pattern spells it: "a.csv", not "./a.csv".
    const auto spelled = [&](const std::string& path) {
      const bool is_here = directory == "." && !options.pattern.starts_with("./");
      return is_here ? path.substr(2) : path;
    };
    ARROW_RETURN_NOT_OK(visit_files(
        directory,
        [&](const std::string& below) { return glob.may_match_below(spelled(below)); },
        [&](const std::string& path) {
          if (glob.matches(spelled(path))) files.push_back(spelled(path));
        }));
  }
  if (files.empty()) {
    return make_error(ErrorKind::kNotFound,
                      {.connector = "file", .resource = options.pattern},
                      fs::is_directory(directory, ignored)
                          ? fmt::format("no file in {} matches the pattern", directory)
                          : fmt::format("there is no directory {}", directory));
  }
  return files;
}

// What list_files() looks in, or below.
Result<std::string> directory_of(const FileOptions& options) {
  const std::string path = literal_path(options.pattern);
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return path;
  if (has_glob(options.pattern) && !fs::exists(path, ignored)) {
    ARROW_ASSIGN_OR_RAISE(const Glob glob, Glob::parse(options.pattern));
    return directory_to_search(glob);
  }
  const std::string parent = fs::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

}  // namespace

Status visit_all_files(const FileOptions& options,
                       const std::function<bool(const std::string&)>& visit) {
  ARROW_ASSIGN_OR_RAISE(const std::string directory, directory_of(options));
  constexpr auto kPassing = fs::directory_options::skip_permission_denied;
  std::error_code error;
  fs::recursive_directory_iterator entry(directory, kPassing, error);
  if (error == std::errc::no_such_file_or_directory) return Status::OK();
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code ignored;  // gone since it was listed
    if (is_hidden(entry->path())) {
      entry.disable_recursion_pending();
    } else if (!entry->is_directory(ignored) && !visit(entry->path().string())) {
      return Status::OK();
    }
  }
  return error ? errno_error(error.value(), "list it", directory) : Status::OK();
}

Result<std::vector<std::string>> list_files(const FileOptions& options) {
  const std::string path = literal_path(options.pattern);
  std::error_code ignored;
  std::vector<std::string> files;
  // A name with brackets in it, as it stands, comes before the pattern it could be.
  if (has_glob(options.pattern) && !fs::exists(path, ignored)) {
    ARROW_ASSIGN_OR_RAISE(files, list_matches(options));
  } else if (fs::is_directory(path, ignored)) {
    ARROW_ASSIGN_OR_RAISE(files, list_directory(path, options));
  } else {
    files = {path};
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace velo::file
