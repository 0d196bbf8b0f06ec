#include "velo/formats/decode_for_fuzz.h"
#include "velo/formats/orc/decoder.h"

// What a broken length asks for is refused, as without the sanitizer.
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  velo::formats::decode_any_bytes(velo::formats::make_orc_decoder, data, size);
  return 0;
}
