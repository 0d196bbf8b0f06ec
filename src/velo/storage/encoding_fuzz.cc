// Reads any bytes as text of some encoding. In whatever pieces they come and are asked
// for, the text is the same; what is no text is a byte that UTF-8 does not have, and all
// else is UTF-8.

#include <arrow/buffer.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "velo/base/utf8.h"
#include "velo/storage/text_encoding.h"
#include "velo/storage/trickle_for_test.h"

namespace velo::storage {
namespace {

// Not UTF-7: what iconv makes of it where it is broken depends on the room that it has.
constexpr const char* kEncodings[] = {
    "utf-8",      "utf-16", "utf-16le", "utf-16be", "utf-32",    "ucs-2",       "latin1",
    "cp1255",     "cp1258", "koi8-r",   "cp037",    "shift_jis", "iso-2022-jp", "euc-jp",
    "big5-hkscs", "gbk",    "gb18030",  "euc-kr",   "johab",     "tcvn5712-1"};

std::string decoded(const std::string& bytes, const std::string& encoding,
                    int64_t piece_bytes, int64_t most) {
  const auto text =
      decode_text(std::make_shared<Trickle>(bytes, most), encoding, "fuzz.csv");
  std::string content;
  while (true) {
    const auto piece = text->Read(piece_bytes).ValueOrDie();
    if (piece->size() == 0) return content;
    content += piece->ToString();
  }
}

}  // namespace

// The first byte chooses the encoding, the second the pieces.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string encoding = kEncodings[data[0] % std::size(kEncodings)];
  const int64_t piece_bytes = 1 + data[1] % 16;
  const int64_t most = 1 + data[1] / 16;
  const std::string bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::string whole = decoded(bytes, encoding, 1 << 20, 1 << 20);
  if (decoded(bytes, encoding, piece_bytes, most) != whole) std::abort();
  if (encoding == "utf-8" && !has_other_mark(bytes)) {
    if (whole != bytes) std::abort();
    return 0;
  }
  std::erase(whole, '\xFF');
  if (find_invalid_utf8(whole) != std::string_view::npos) std::abort();
  return 0;
}

}  // namespace velo::storage
