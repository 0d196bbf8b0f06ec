// Steps that read texts, bytes, symbols, and times that are written as text.

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "velo/base/utf8.h"
#include "velo/columnar/text_values.h"
#include "velo/formats/avro/value_steps.h"

namespace velo::formats::avro {
namespace {

// Whether text is of bytes below 0x80; kPaddingBytes behind it can be read.
bool is_ascii(const uint8_t* text, int64_t size) {
  constexpr uint64_t kHigh = 0x8080808080808080;
  uint64_t bits = 0;
  int64_t i = 0;
  for (; i + 8 <= size; i += 8) {
    uint64_t word;
    std::memcpy(&word, text + i, 8);
    bits |= word;
  }
  if (i < size) {
    uint64_t word;
    std::memcpy(&word, text + i, 8);
    bits |= word & ((uint64_t{1} << (size - i) * 8) - 1);
  }
  return (bits & kHigh) == 0;
}

const uint8_t* check_text(const uint8_t* text, int64_t size, const uint8_t* next,
                          Run& run) {
  const size_t bad =
      find_invalid_utf8({reinterpret_cast<const char*>(text), static_cast<size_t>(size)});
  if (bad == std::string_view::npos) return next;
  return run.fail(text + bad, fmt::format("byte {:#04x} is not UTF-8", text[bad]));
}

template <bool kIsText>
struct TextReader {
  TextColumn* column;

  const uint8_t* read(const uint8_t* p, Run& run) {
    int64_t size = 0;
    const uint8_t* text = run.read_size(p, &size);
    if (text == nullptr) return nullptr;
    const uint8_t* next = text + size;
    if constexpr (kIsText) {
      if (!is_ascii(text, size) && !check_text(text, size, next, run)) return nullptr;
    }
    if (!run.add_bytes(size)) return run.too_large(p);
    return no_memory(column->append(text, size, run), next);
  }
};

// ISO 8601 text with a zone.
struct ZonedTimestampReader {
  FixedColumn<int64_t>* column;

  const uint8_t* read(const uint8_t* p, Run& run) {
    int64_t size = 0;
    const uint8_t* text = run.read_size(p, &size);
    if (text == nullptr) return nullptr;
    const std::string_view view(reinterpret_cast<const char*>(text),
                                static_cast<size_t>(size));
    int64_t value = 0;
    if (const char* reason = columnar::parse_timestamp(view, arrow::TimeUnit::MICRO,
                                                       /*zoned=*/true, &value)) {
      return run.fail(p, fmt::format("a text {}", reason));
    }
    return no_memory(column->append(value, run), text + size);
  }
};

struct FixedBytesReader {
  FixedBytesColumn* column;

  const uint8_t* read(const uint8_t* p, Run& run) {
    if (run.end - p < column->num_bytes()) return run.ends_early(p);
    return no_memory(column->append(p, run), p + column->num_bytes());
  }
};

// Symbols as text.
struct SymbolReader {
  struct Symbol {
    std::string padded;  // nothing: the reader has none such
    int64_t size;
    std::string name;
  };

  TextColumn* column;
  std::vector<Symbol> symbols;

  const uint8_t* read(const uint8_t* p, Run& run) {
    int64_t number = 0;
    const uint8_t* next = run.read(p, &number);
    if (next == nullptr) return nullptr;
    if (number < 0 || number >= std::ssize(symbols)) {
      return run.fail(p, fmt::format("an enum of {} symbols has no symbol {}",
                                     symbols.size(), number));
    }
    const Symbol& symbol = symbols[static_cast<size_t>(number)];
    if (symbol.padded.empty()) {
      return run.fail(p, fmt::format("the symbol '{}' is none of those that are read, "
                                     "which have no default",
                                     symbol.name));
    }
    if (!run.add_bytes(symbol.size)) return run.too_large(p);
    const auto* text = reinterpret_cast<const uint8_t*>(symbol.padded.data());
    return no_memory(column->append(text, symbol.size, run), next);
  }
};

SymbolReader symbols_as_text(const Schema& written, const Schema& wanted,
                             TextColumn& column) {
  SymbolReader reader{.column = &column, .symbols = {}};
  for (const std::string& name : written.symbols) {
    std::optional<std::string> text = name;
    const bool is_known =
        wanted.kind != Kind::kEnum || std::ranges::count(wanted.symbols, name) > 0;
    if (!is_known) text = wanted.default_symbol;
    SymbolReader::Symbol symbol{.padded = {}, .size = 0, .name = name};
    if (text) {
      symbol.size = static_cast<int64_t>(text->size());
      symbol.padded = *text + std::string(kPaddingBytes, '\0');
    }
    reader.symbols.push_back(std::move(symbol));
  }
  return reader;
}

bool is_text_or_bytes(Kind kind) { return kind == Kind::kString || kind == Kind::kBytes; }

}  // namespace

StepPtr make_text_step(const Schema& written, const Schema& wanted, Column& column,
                       std::optional<int64_t> null) {
  if (wanted.logical == Logical::kZonedTimestamp) {
    if (written.kind != Kind::kString) return nullptr;
    return make_step(ZonedTimestampReader{fixed<int64_t>(column)}, null);
  }
  const auto text = [&] { return static_cast<TextColumn*>(&column); };
  switch (written.kind) {
    case Kind::kBytes:
    case Kind::kString:
      if (!is_text_or_bytes(wanted.kind)) return nullptr;
      return wanted.kind == Kind::kString ? make_step(TextReader<true>{text()}, null)
                                          : make_step(TextReader<false>{text()}, null);
    case Kind::kFixed:
      if (wanted.kind != Kind::kFixed || wanted.num_bytes != written.num_bytes) {
        return nullptr;
      }
      return make_step(FixedBytesReader{static_cast<FixedBytesColumn*>(&column)}, null);
    case Kind::kEnum:
      if (wanted.kind != Kind::kEnum && wanted.kind != Kind::kString) return nullptr;
      return make_step(symbols_as_text(written, wanted, *text()), null);
    default:
      return nullptr;
  }
}

}  // namespace velo::formats::avro
