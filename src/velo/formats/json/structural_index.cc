#include "velo/formats/json/structural_index.h"

#include <simdjson.h>

namespace velo::formats::json {

// simdjson's first stage and its unescaping are used alone. Our own walk over the tokens
// is as fast as its on-demand interface, which for its speed does not look at all that it
// steps over, and it knows where in the file every value stands.
struct StructuralIndex::Parser {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stages;
  size_t capacity = 0;
};

StructuralIndex::StructuralIndex() : parser_(std::make_unique<Parser>()) {}
StructuralIndex::~StructuralIndex() = default;

Result<bool> StructuralIndex::build(const uint8_t* text, int64_t size) {
  tokens_ = {};
  const auto length = static_cast<size_t>(size);
  if (!parser_->stages || length > parser_->capacity) {
    constexpr size_t kMaxDepth = 1;  // of the second stage, which is never run
    const size_t capacity = std::max<size_t>(length, size_t{1} << 16);
    const simdjson::error_code failure =
        simdjson::get_active_implementation()->create_dom_parser_implementation(
            capacity, kMaxDepth, parser_->stages);
    parser_->capacity = failure ? 0 : capacity;
    if (failure) {
      return make_error(ErrorKind::kSystem, {},
                        "no memory for the index of a JSON block");
    }
  }
  const simdjson::error_code failure =
      parser_->stages->stage1(text, length, simdjson::stage1_mode::regular);
  if (failure == simdjson::EMPTY) {
    parser_->stages->structural_indexes[0] = static_cast<uint32_t>(size);
    tokens_ = {parser_->stages->structural_indexes.get(), size_t{0}};
    return true;
  }
  if (failure) return false;
  tokens_ = {parser_->stages->structural_indexes.get(),
             size_t{parser_->stages->n_structural_indexes}};
  return true;
}

uint8_t* StructuralIndex::unescape(const uint8_t* from, uint8_t* to) const {
  return parser_->stages->parse_string(from, to, /*allow_replacement=*/false);
}

bool is_utf8(std::string_view bytes) {
  return simdjson::validate_utf8(bytes.data(), bytes.size());
}

}  // namespace velo::formats::json
