#pragma once

/// A connector's options, declared once: parsing, `velo help` and the docs come from
/// here.

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "velo/error.h"
#include "velo/uri.h"

namespace velo {

enum class OptionType : int8_t {
  kText,
  kBool,      ///< true, false, yes, no, on, off, 1, 0; a bare name means true
  kInt,       ///< whole number, from_chars, optional k / M / G (thousands)
  kBytes,     ///< number, 0 or more, with optional KiB, MiB, GiB, TiB, KB, MB, GB, TB
  kDuration,  ///< number, 0 or more, with ms, s, min, h, d
  kChoice,    ///< one of `choices`, in any case; text() has the spelling of `choices`
  kList,      ///< comma-separated names
  kNames,     ///< one or more names of tables, see parse_names(); text() has it as given
};

/// Which end of a pipeline an option belongs to.
enum class OptionUse : int8_t { kBoth, kSource, kSink };

/// One option of one connector. All text is static.
struct OptionDescriptor {
  std::string_view name;
  OptionType type = OptionType::kText;
  std::string_view unit;           ///< "rows", "bytes", "" where there is none
  std::string_view default_value;  ///< as a user would write it; "" for none
  std::string_view doc;            ///< one sentence
  OptionUse use = OptionUse::kBoth;
  std::vector<std::string_view> choices;
  /// Whether the value must not be printed.
  bool secret = false;
  /// Declared because users know it, refused by name until it works.
  bool not_yet = false;
};

/// The options of one URI, checked against their descriptors. A value of its own: it
/// keeps copies, so the URI and the descriptors may go.
class OptionValues {
 public:
  /// Check each option of `uri` against `descriptors`: known, of the right type, usable
  /// at this end, not "not yet".
  /// Errors: kInvalidArgument (an unknown name is answered with the nearest one),
  /// kNotImplemented.
  static Result<OptionValues> parse(const Uri& uri,
                                    std::span<const OptionDescriptor> descriptors,
                                    OptionUse use);

  /// Whether the URI gave the option.
  bool has(std::string_view name) const;
  /// The value given, else the default. Asking for a name that no descriptor has, or as
  /// another type, is a programmer's error and aborts.
  std::string text(std::string_view name) const;
  bool boolean(std::string_view name) const;
  std::optional<int64_t> integer(std::string_view name) const;  ///< also kBytes
  std::optional<std::chrono::milliseconds> duration(std::string_view name) const;
  std::vector<std::string> list(std::string_view name) const;

 private:
  struct Value {
    std::string name;
    OptionType type = OptionType::kText;
    std::string text = {};
    int64_t number = 0;  // kInt, kBytes; kBool: 0 or 1; kDuration: milliseconds
    std::vector<std::string> list = {};  // kList
    bool given = false;
    bool empty = true;  // neither given nor has a default
  };
  static Result<Value> parse_value(const OptionDescriptor& descriptor,
                                   std::string_view text);
  const Value& find(std::string_view name, std::initializer_list<OptionType> types) const;
  std::vector<Value> values_;
};

/// The name in `candidates` that a person most likely meant, or "" if none is near. Case
/// does not count, nor whether words are joined by '-' or '_'.
std::string_view nearest_name(std::string_view given,
                              std::span<const std::string_view> candidates);

}  // namespace velo
