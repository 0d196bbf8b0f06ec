#include "velo/connectors/iceberg/epoch_writer.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <utility>

#include "velo/base/sha256.h"
#include "velo/connectors/iceberg/json_members.h"
#include "velo/formats/parquet/encoder.h"

namespace velo::iceberg {
namespace {

// A larger file is ended, and another begun.
constexpr int64_t kFileBytes = int64_t{512} << 20;
constexpr char kTokenName[] = "commit token";

class TableEpochWriter : public EpochWriter {
 public:
  TableEpochWriter(WriterPlace place, ColumnPlan plan)
      : place_(std::move(place)), plan_(std::move(plan)) {}

  // What was not handed over in a token is nobody's.
  ~TableEpochWriter() override {
    encoder_.reset();
    output_.reset();
    for (const DataFile& file : finished_) (void)place_.files->remove(file.path);
  }

  Status write(const Batch& batch, std::stop_token) override {
    if (batch.rows->num_rows() == 0) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto rows, plan_.convert(*batch.rows));
    if (!encoder_) ARROW_RETURN_NOT_OK(open());
    ARROW_RETURN_NOT_OK(encoder_->write(*rows));
    file_.num_rows += rows->num_rows();
    if (encoder_->held_bytes() >= place_.memory_bytes / 2) {
      ARROW_RETURN_NOT_OK(encoder_->write_held());
    }
    ARROW_ASSIGN_OR_RAISE(const int64_t size, output_->Tell());
    return size < kFileBytes ? Status::OK() : finish();
  }

  Result<CommitToken> prepare(const CommitRecord& record) override {
    if (encoder_) ARROW_RETURN_NOT_OK(finish());
    CommitToken token = encode_token(finished_);
    finished_.clear();
    place_.epoch = record.epoch + 1;
    num_files_ = 0;
    return token;
  }

  int64_t bytes_written() const override {
    if (!output_) return bytes_finished_;
    return bytes_finished_ + output_->Tell().ValueOr(0);
  }

 private:
  Status open() {
    file_ = {.path = fmt::format("{}/{}f{}-e{}-{}-{:05}-{}.parquet", place_.directory,
                                 place_.prefix, place_.fence, place_.epoch, place_.lane,
                                 num_files_++, place_.incarnation),
             .format = "PARQUET"};
    ARROW_ASSIGN_OR_RAISE(output_,
                          place_.files->create(file_.path, place_.memory_bytes / 2));
    return formats::make_parquet_encoder(output_, plan_.file_schema(), {})
        .Value(&encoder_);
  }

  Status finish() {
    ARROW_RETURN_NOT_OK(encoder_->finish());
    ARROW_ASSIGN_OR_RAISE(file_.num_bytes, output_->Tell());
    ARROW_RETURN_NOT_OK(output_->Close());
    encoder_.reset();
    output_.reset();
    bytes_finished_ += file_.num_bytes;
    finished_.push_back(std::move(file_));
    return Status::OK();
  }

  WriterPlace place_;
  const ColumnPlan plan_;
  std::shared_ptr<arrow::io::OutputStream> output_;
  std::unique_ptr<formats::Encoder> encoder_;  // into output_
  DataFile file_;                              // that is open
  std::vector<DataFile> finished_;
  int64_t bytes_finished_ = 0;
  int num_files_ = 0;
};

// Takes "LETTERnumber-" from the front.
std::optional<uint64_t> take_number(std::string_view& text, char letter) {
  if (!text.starts_with(letter)) return std::nullopt;
  text.remove_prefix(1);
  uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || read == end || *read != '-') return std::nullopt;
  text.remove_prefix(static_cast<size_t>(read - text.data()) + 1);
  return number;
}

}  // namespace

std::unique_ptr<EpochWriter> make_epoch_writer(WriterPlace place, ColumnPlan plan) {
  return std::make_unique<TableEpochWriter>(std::move(place), std::move(plan));
}

std::string name_prefix_of(const std::string& pipeline, const std::string& table_uuid,
                           const std::string& branch) {
  return fmt::format("velo-{}-{}-", pipeline,
                     sha256_hex(table_uuid + "/" + branch).substr(0, 8));
}

std::optional<FileOrigin> origin_of(const std::string& prefix, const std::string& path) {
  std::string_view name = path;
  name.remove_prefix(path.rfind('/') + 1);
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  const auto fence = take_number(name, 'f');
  const auto epoch = fence ? take_number(name, 'e') : std::nullopt;
  if (!epoch) return std::nullopt;
  return FileOrigin{.fence = *fence, .epoch = *epoch};
}

CommitToken encode_token(const std::vector<DataFile>& files) {
  Json list = Json::array();
  for (const DataFile& file : files) {
    list.push_back({{"path", file.path},
                    {"format", file.format},
                    {"rows", file.num_rows},
                    {"bytes", file.num_bytes}});
  }
  return {text_of_json(list)};
}

Result<std::vector<DataFile>> decode_token(const CommitToken& token) {
  ARROW_ASSIGN_OR_RAISE(const Json list, parse_json(kTokenName, token.bytes));
  std::vector<DataFile> files;
  for (const Json& json : list) {
    JsonMembers file(json);
    files.push_back({.path = file.text("path"),
                     .format = file.text("format"),
                     .num_rows = file.number("rows"),
                     .num_bytes = file.number("bytes")});
    ARROW_RETURN_NOT_OK(file.status(kTokenName));
  }
  return files;
}

}  // namespace velo::iceberg
