#include <arrow/buffer.h>
#include <arrow/io/memory.h>

#include <cstdlib>
#include <string>

#include "velo/formats/decoded_records.h"
#include "velo/formats/text/decoder.h"

namespace velo::formats {
namespace {

constexpr const char* kPatterns[] = {
    "",
    "(?P<a>[a-z]*) (?P<b>.*)",
    R"(\[(?P<time>[^\]]+)\] (?P<level>\w+): (?P<text>.*))",
};

}  // namespace

// The first byte chooses the pattern and the size of the blocks. Rows and bad records
// stand one behind the other, and what is bad is where it says.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const TextLayout layout{.pattern = kPatterns[data[0] % 3],
                          .block_bytes = 1 + data[0] / 3,
                          .max_record_bytes = 64};
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  auto stream =
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(text));
  auto decoder = make_text_decoder({.name = "fuzz.log", .stream = stream}, layout,
                                   {.keep_bad_records = true});
  if (!decoder.ok()) std::abort();
  size_t end = 0;
  while (true) {
    const auto decoded = decode_next(**decoder, {});
    if (!decoded.ok()) std::abort();
    if (!decoded->rows) return 0;
    if (!decoded->rows->ValidateFull().ok() || decoded->num_records() == 0) std::abort();
    for (const PlacedBadRecord& one : decoded->bad) {
      const auto begin = static_cast<size_t>(one.offset);
      const std::string& bytes = one.record.bytes;
      if (begin < end || text.compare(begin, bytes.size(), bytes) != 0 ||
          one.num_rows_before > decoded->rows->num_rows()) {
        std::abort();
      }
      end = begin + bytes.size();
    }
  }
}

}  // namespace velo::formats
