/// Bytes as blocks of FORMAT Native, which may end in a server's exception.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "velo/connectors/clickhouse/native_block.h"
#include "velo/connectors/clickhouse/server_error.h"

namespace {

class OnePiece : public velo::clickhouse::ByteInput {
 public:
  explicit OnePiece(std::string_view bytes) : bytes_(bytes) {}
  velo::Result<std::string_view> next() override {
    return std::exchange(bytes_, std::string_view());
  }

 private:
  std::string_view bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace velo::clickhouse;  // NOLINT: short, and nobody includes this
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  OnePiece input(bytes);
  BlockDecoder decoder(input);
  while (true) {
    const auto block = decoder.next();
    if (!block.ok()) {
      (void)find_server_error(decoder.last_bytes(), "tag");
      return 0;
    }
    if (*block == nullptr) return 0;
    if (!(*block)->ValidateFull().ok()) std::abort();
  }
}
