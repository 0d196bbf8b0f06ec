#include "velo/connectors/stdio/source.h"

#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "velo/base/system_error.h"
#include "velo/formats/decoded_records.h"
#include "velo/storage/compression.h"
#include "velo/storage/text_encoding.h"

namespace velo::stdio {
namespace {

constexpr char kName[] = "standard input";
constexpr int64_t kSniffedBytes = 512;

Status fail(ErrorKind kind, std::string message) {
  return make_error(kind, {.connector = "stdin", .resource = kName}, std::move(message));
}

std::string_view format_name_of(std::string_view bytes) {
  if (bytes.starts_with("PAR1")) return "parquet";
  if (bytes.starts_with("Obj\1")) return "avro";
  if (bytes.starts_with("ORC")) return "orc";
  if (bytes.starts_with("ARROW1")) return "arrow";
  if (bytes.starts_with("\xFF\xFF\xFF\xFF")) return "arrows";
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  const size_t first = bytes.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return "csv";
  return bytes[first] == '{' || bytes[first] == '[' ? "json" : "csv";
}

/// The first bytes of `stream`.
Result<std::string> first_bytes(arrow::io::InputStream& stream) {
  std::string bytes(kSniffedBytes, '\0');
  ARROW_ASSIGN_OR_RAISE(const int64_t num_read, stream.Read(kSniffedBytes, bytes.data()));
  bytes.resize(static_cast<size_t>(num_read));
  return bytes;
}

/// The bytes from the beginning, decompressed.
Result<std::shared_ptr<arrow::io::InputStream>> decompressed(
    const std::shared_ptr<storage::ReplayInput>& input, storage::Compression compression,
    const StdinOptions& options) {
  input->rewind();
  if (compression == storage::Compression::UNCOMPRESSED) return input;
  return storage::decompress(
      input, {.compression = compression, .name = kName, .max_ratio = options.max_ratio});
}

/// Text as UTF-8.
std::shared_ptr<arrow::io::InputStream> decoded_text(
    std::shared_ptr<arrow::io::InputStream> content, const StdinOptions& options) {
  return storage::decode_text(std::move(content), options.values.text("encoding"), kName);
}

/// The file that was redirected into `descriptor`, for formats that are not read in
/// order.
Result<std::shared_ptr<arrow::io::RandomAccessFile>> file_behind(
    int descriptor, const formats::Format& format) {
  struct stat info {};
  if (::fstat(descriptor, &info) != 0) return errno_error(errno, "read it", kName);
  if (!S_ISREG(info.st_mode)) {
    return fail(
        ErrorKind::kInvalidArgument,
        fmt::format("{} is not read in order, and a pipe is: redirect a file into "
                    "it (< FILE), or name the file instead of -",
                    format.name));
  }
  const int copy = ::dup(descriptor);
  if (copy < 0) return errno_error(errno, "read it", kName);
  auto file = arrow::io::ReadableFile::Open(copy);
  if (!file.ok()) {
    ::close(copy);
    return with_system_kind(file.status(), "read it", kName);
  }
  return std::shared_ptr<arrow::io::RandomAccessFile>(*std::move(file));
}

/// Start decoding from the beginning.
Result<std::unique_ptr<formats::Decoder>> open_decoder(
    const StdinOptions& options, int descriptor,
    const std::shared_ptr<storage::ReplayInput>& input,
    std::optional<std::vector<std::string>> columns, bool keeps_bad) {
  storage::Compression compression = options.compression;
  if (options.detect_compression) {
    input->rewind();
    ARROW_ASSIGN_OR_RAISE(const std::string bytes, first_bytes(*input));
    compression = storage::compression_of_bytes(bytes);
  }
  const formats::Format* format = options.format;
  if (format == nullptr) {
    ARROW_ASSIGN_OR_RAISE(auto stream, decompressed(input, compression, options));
    ARROW_ASSIGN_OR_RAISE(std::string bytes, first_bytes(*stream));
    std::string_view name = format_name_of(bytes);
    if (!formats::find_format(name)->has_types) {
      ARROW_ASSIGN_OR_RAISE(stream, decompressed(input, compression, options));
      ARROW_ASSIGN_OR_RAISE(bytes, first_bytes(*decoded_text(stream, options)));
      name = format_name_of(bytes);
    }
    format = formats::find_format(name);
  }
  ARROW_RETURN_NOT_OK(formats::check_envelope(format->name, options.values, kName));
  formats::Input decoded{.name = kName, .stream = nullptr, .file = nullptr};
  if (format->needs_random_access) {
    ARROW_ASSIGN_OR_RAISE(decoded.file, file_behind(descriptor, *format));
    decoded.stream = decoded.file;
  } else {
    ARROW_ASSIGN_OR_RAISE(decoded.stream, decompressed(input, compression, options));
    if (!format->has_types) {
      decoded.stream = decoded_text(std::move(decoded.stream), options);
    }
  }
  return format->make_decoder(std::move(decoded), options.values,
                              {.schema = options.schema,
                               .columns = std::move(columns),
                               .keep_bad_records = keeps_bad});
}

class StdinReader : public DataReader {
 public:
  StdinReader(StdinOptions options, int descriptor,
              std::shared_ptr<storage::DescriptorInput> bytes,
              std::shared_ptr<storage::ReplayInput> input, ReadOptions read,
              bool keeps_bad)
      : options_(std::move(options)),
        descriptor_(descriptor),
        bytes_(std::move(bytes)),
        input_(std::move(input)),
        read_(std::move(read)),
        keeps_bad_(keeps_bad) {}

  Result<std::optional<Batch>> read(std::stop_token stop) override {
    if (!error_.ok()) return error_;
    bytes_->set_stop(stop);
    auto batch = read_next(stop);
    bytes_->set_stop({});
    if (!batch.ok()) error_ = batch.status();
    return batch;
  }

 private:
  Result<std::optional<Batch>> read_next(const std::stop_token& stop) {
    if (!decoder_) {
      ARROW_ASSIGN_OR_RAISE(decoder_, open_decoder(options_, descriptor_, input_,
                                                   read_.columns, keeps_bad_));
      input_->stop_keeping();
    }
    if (at_end_) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(auto decoded, formats::decode_next(*decoder_, stop));
    at_end_ = decoded.rows == nullptr;
    if (at_end_ && has_read_) return std::nullopt;
    has_read_ = true;
    if (at_end_) {
      ARROW_ASSIGN_OR_RAISE(decoded.rows,
                            arrow::RecordBatch::MakeEmpty(decoder_->schema()));
    }
    auto bad = decoded.take_bad();
    return Batch{.rows = std::move(decoded.rows), .bad = std::move(bad)};
  }

  const StdinOptions options_;
  const int descriptor_;
  const std::shared_ptr<storage::DescriptorInput> bytes_;
  const std::shared_ptr<storage::ReplayInput> input_;
  const ReadOptions read_;
  const bool keeps_bad_;
  std::unique_ptr<formats::Decoder> decoder_;
  bool has_read_ = false;
  bool at_end_ = false;
  Status error_;
};

}  // namespace

Result<std::unique_ptr<DataSource>> StdinSource::make(const Uri& uri, int descriptor) {
  ARROW_ASSIGN_OR_RAISE(StdinOptions options, StdinOptions::from_uri(uri));
  return std::unique_ptr<DataSource>(new StdinSource(std::move(options), descriptor));
}

Result<std::shared_ptr<arrow::Schema>> StdinSource::fetch_schema() {
  if (was_read_) {
    return fail(ErrorKind::kInvalidArgument, "it was read already, and can be read once");
  }
  bytes_->set_stop(stop_);
  const auto decoder =
      open_decoder(options_, descriptor_, input_, std::nullopt, keeps_bad_);
  bytes_->set_stop({});
  ARROW_RETURN_NOT_OK(decoder.status());
  return (*decoder)->schema();
}

Result<std::unique_ptr<DataReader>> StdinSource::create_reader(const ReadOptions& read) {
  if (std::exchange(was_read_, true)) {
    return fail(ErrorKind::kInvalidArgument,
                "it can be read once: save it to a file to read it again");
  }
  return std::make_unique<StdinReader>(options_, descriptor_, bytes_, input_, read,
                                       keeps_bad_);
}

}  // namespace velo::stdio
