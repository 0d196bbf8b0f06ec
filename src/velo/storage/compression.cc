#include "velo/storage/compression.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "velo/storage/snappy_frames.h"

namespace velo::storage {
namespace {

using std::string_view_literals::operator""sv;

struct Kind {
  Compression compression;
  std::string_view name;
  std::span<const std::string_view> extensions;  // the first is written
  std::string_view magic;
};

constexpr std::array kGzipExtensions = {"gz"sv, "gzip"sv};
constexpr std::array kZstdExtensions = {"zst"sv, "zstd"sv};
constexpr std::array kSnappyExtensions = {"sz"sv, "snappy"sv};
constexpr std::array kLz4Extensions = {"lz4"sv};
constexpr std::array kBzip2Extensions = {"bz2"sv, "bzip2"sv};

constexpr std::array kKinds = {
    Kind{Compression::GZIP, "gzip", kGzipExtensions, "\x1F\x8B\x08"},
    Kind{Compression::ZSTD, "zstd", kZstdExtensions, "\x28\xB5\x2F\xFD"},
    Kind{Compression::SNAPPY, "snappy", kSnappyExtensions, kSnappyIdentifier},
    Kind{Compression::LZ4_FRAME, "lz4", kLz4Extensions, "\x04\x22\x4D\x18"},
    Kind{Compression::BZ2, "bzip2", kBzip2Extensions, "BZh"},
};

const Kind* find_kind(Compression compression) {
  const auto found = std::ranges::find(kKinds, compression, &Kind::compression);
  return found == kKinds.end() ? nullptr : &*found;
}

// bzip2's magic is text; what follows, its level and the first block's or the end's, is
// not any that a table would begin with.
bool begins_as_bzip2(std::string_view bytes) {
  return bytes.size() >= 10 && bytes.starts_with("BZh") && bytes[3] >= '1' &&
         bytes[3] <= '9' &&
         (bytes.substr(4, 6) == "\x31\x41\x59\x26\x53\x59" ||
          bytes.substr(4, 6) == "\x17\x72\x45\x38\x50\x90");
}

// A frame of zstd's and lz4's that holds no content: 0x184D2A50 to 5F, little-endian.
bool begins_as_skippable(std::string_view bytes) {
  return bytes.size() >= 4 && bytes.substr(1, 3) == "\x2A\x4D\x18" &&
         (static_cast<unsigned char>(bytes[0]) & 0xF0) == 0x50;
}

}  // namespace

std::string_view name_of(Compression compression) {
  const Kind* kind = find_kind(compression);
  return kind ? kind->name : "none";
}

std::vector<std::string_view> compression_names() {
  std::vector<std::string_view> names;
  for (const Kind& kind : kKinds) names.push_back(kind.name);
  return names;
}

std::optional<Compression> find_compression(std::string_view name) {
  if (name == "none") return Compression::UNCOMPRESSED;
  for (const Kind& kind : kKinds) {
    if (kind.name == name || std::ranges::count(kind.extensions, name) > 0) {
      return kind.compression;
    }
  }
  return std::nullopt;
}

std::string_view extension_of(Compression compression) {
  const Kind* kind = find_kind(compression);
  return kind ? kind->extensions.front() : std::string_view();
}

Compression compression_of_bytes(std::string_view first_bytes) {
  if (begins_as_bzip2(first_bytes)) return Compression::BZ2;
  for (const Kind& kind : kKinds) {
    if (kind.compression == Compression::BZ2) continue;
    if (first_bytes.starts_with(kind.magic)) return kind.compression;
  }
  // Which of the two follows is not known yet; zstd's tools are who write them.
  if (begins_as_skippable(first_bytes)) return Compression::ZSTD;
  return Compression::UNCOMPRESSED;
}

bool begins_as(Compression compression, std::string_view first_bytes) {
  const Kind* kind = find_kind(compression);
  if (kind == nullptr) return true;
  if (first_bytes.starts_with(kind->magic)) return true;
  const bool may_skip =
      compression == Compression::ZSTD || compression == Compression::LZ4_FRAME;
  return may_skip && begins_as_skippable(first_bytes);
}

bool is_cut_off(Compression compression, std::string_view first_bytes) {
  const Kind* kind = find_kind(compression);
  return kind && first_bytes.size() < kind->magic.size() &&
         kind->magic.starts_with(first_bytes);
}

Status check_level(Compression compression, std::optional<int64_t> level) {
  if (!level) return Status::OK();
  if (!arrow::util::Codec::SupportsCompressionLevel(compression)) {
    return make_error(ErrorKind::kInvalidArgument, {},
                      fmt::format("compression_level={}: {} has no levels", *level,
                                  name_of(compression)));
  }
  ARROW_ASSIGN_OR_RAISE(const int least,
                        arrow::util::Codec::MinimumCompressionLevel(compression));
  ARROW_ASSIGN_OR_RAISE(const int most,
                        arrow::util::Codec::MaximumCompressionLevel(compression));
  if (*level >= least && *level <= most) return Status::OK();
  return make_error(ErrorKind::kInvalidArgument, {},
                    fmt::format("compression_level={} is not one of {}'s: {} to {}",
                                *level, name_of(compression), least, most));
}

OptionDescriptor max_ratio_option() {
  return {.name = "max_ratio",
          .type = OptionType::kInt,
          .default_value = "1000",
          .doc =
              "Compressed files: most bytes of content for one compressed byte, "
              "looked at from 1 GiB of content on; 0 for any.",
          .use = OptionUse::kSource};
}

OptionDescriptor compression_level_option() {
  return {.name = "compression_level",
          .type = OptionType::kInt,
          .doc =
              "How hard to compress, by the codec's own levels; gzip's is 6 and "
              "zstd's 1 unless said.",
          .use = OptionUse::kSink};
}

Result<int64_t> max_ratio_of(const OptionValues& values) {
  const int64_t ratio = values.integer("max_ratio").value_or(kMaxRatio);
  if (ratio >= 0) return ratio;
  return make_error(ErrorKind::kInvalidArgument, {},
                    fmt::format("max_ratio={} is not 0 or more", ratio));
}

}  // namespace velo::storage
