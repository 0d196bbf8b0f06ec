#pragma once

/// XML as services answer in it: elements and text. A small part of the language, read
/// strictly.

#include <string>
#include <string_view>
#include <vector>

#include "velo/error.h"

namespace velo::storage {

/// An element. Its attributes are passed over; so are comments and processing
/// instructions.
struct XmlElement {
  std::string name;  ///< as written, with its prefix
  std::string text;  ///< all text directly in it
  std::vector<XmlElement> children;

  /// The first child of this name, or nullptr.
  const XmlElement* child(std::string_view child_name) const;
  /// The text of the first child of this name; empty where there is none.
  std::string_view text_of(std::string_view child_name) const;
};

/// Decode a document. Errors: kCorruptData with the offset of the byte: not well-formed,
/// a document type, more than 16 elements inside each other, a NUL. Source: XML 1.0.
Result<XmlElement> decode_xml(std::string_view text);

/// Text with the characters escaped that mean something to XML.
std::string escape_xml(std::string_view text);

}  // namespace velo::storage
