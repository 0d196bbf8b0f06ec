#include "velo/fileset/directory_sink.h"

#include <fmt/format.h>

#include <utility>

#include "velo/base/utf8.h"
#include "velo/fileset/encoding.h"
#include "velo/fileset/epoch_writer.h"
#include "velo/storage/manifest_committer.h"

namespace velo::fileset {

Status DirectorySink::check_format() const {
  if (options_.values.text("format").empty()) {
    return make_error(ErrorKind::kInvalidArgument,
                      {.connector = options_.connector, .resource = directory_->shown()},
                      fmt::format("a directory's name does not tell the format of its "
                                  "files; add ?format= and one of {}",
                                  formats::format_names()));
  }
  return encoding_of("part." + extension_of(options_.values), options_.values).status();
}

Result<std::vector<std::string>> DirectorySink::files_of_this_format() const {
  // Whatever the options say, a file's own name tells what it is here.
  ARROW_ASSIGN_OR_RAISE(
      const OptionValues by_name,
      OptionValues::parse(Uri{}, FilesetOptions::descriptors({}), OptionUse::kSink));
  ARROW_ASSIGN_OR_RAISE(auto files, directory_->list());
  std::erase_if(files, [&](const std::string& file) {
    const auto encoding = encoding_of(file, by_name);
    return !encoding.ok() || encoding->format->name != options_.values.text("format");
  });
  for (const std::string& file : files) {
    if (find_invalid_utf8(file) == std::string_view::npos) continue;
    return make_error(ErrorKind::kInvalidArgument,
                      {.connector = options_.connector, .resource = directory_->shown()},
                      "a file here has a name that is not UTF-8, which the record of the "
                      "commit cannot hold; move it away");
  }
  return files;
}

Result<std::unique_ptr<Committer>> DirectorySink::create_committer(
    const PipelineIdentity& pipeline, CommitObserver& observer) {
  ARROW_ASSIGN_OR_RAISE(auto record, directory_->open_record(pipeline.id));
  if (options_.mode == FilesetOptions::Mode::kError) {
    ARROW_ASSIGN_OR_RAISE(const bool exists, record.exists());
    std::vector<std::string> files;
    if (!exists) {
      ARROW_ASSIGN_OR_RAISE(files, files_of_this_format());
    }
    if (!files.empty()) {
      return make_error(ErrorKind::kAlreadyExists,
                        {.connector = options_.connector,
                         .resource = directory_->shown() + files.front()},
                        "the directory holds files already, and mode=error");
    }
  }
  storage::ManifestSink sink;
  // Open since recover(); the committer outlives its writers.
  sink.make_writer = [options = options_, format = check_format(),
                      open_staging = std::move(record.open_staging)](
                         const CommitRecord& last, int lane,
                         const std::shared_ptr<arrow::Schema>& schema)
      -> Result<std::unique_ptr<EpochWriter>> {
    ARROW_RETURN_NOT_OK(format);
    return make_epoch_writer(open_staging(),
                             {.incarnation = last.incarnation,
                              .fence = last.fence,
                              .epoch = last.epoch + 1,
                              .lane = lane},
                             options, schema);
  };
  sink.store = std::move(record.store);
  if (options_.mode == FilesetOptions::Mode::kOverwrite) {
    sink.list_replaced = [this] { return files_of_this_format(); };
  }
  return std::make_unique<storage::ManifestCommitter>(pipeline, std::move(sink),
                                                      observer);
}

void DirectorySink::check(CheckReport& report, const std::stop_token& stop) const {
  const Status format = check_format();
  const std::string name = options_.values.text("format");
  if (!report.tried("know the format", format.ok() ? Result<std::string>(name) : format)
           .ok()) {
    return;
  }
  directory_->check(report, stop);
}

}  // namespace velo::fileset
