#include "velo/storage/xml.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "velo/base/ascii.h"
#include "velo/base/utf8.h"

namespace velo::storage {
namespace {

constexpr int kMaxDepth = 16;

void append_utf8(std::string& text, uint32_t c) {
  const auto tail = [&](int shift) {
    text += static_cast<char>(0x80 | (c >> shift & 0x3F));
  };
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += static_cast<char>(0xC0 | c >> 6);
    tail(0);
  } else if (c < 0x10000) {
    text += static_cast<char>(0xE0 | c >> 12);
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xF0 | c >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

bool is_name_byte(char c) {
  return is_ascii_letter(c) || is_ascii_digit(c) || is_one_of(c, "_:-.") || !is_ascii(c);
}

class XmlDecoder {
 public:
  explicit XmlDecoder(std::string_view text) : text_(text) {}

  Result<XmlElement> decode() {
    if (const size_t bad = find_invalid_utf8(text_); bad != std::string_view::npos) {
      at_ = bad;
      return fail("it is not UTF-8");
    }
    (void)skip("\xEF\xBB\xBF");
    ARROW_RETURN_NOT_OK(skip_between());
    if (rest().starts_with("<!")) return fail("a document type is not read");
    XmlElement root;
    ARROW_RETURN_NOT_OK(read_element(root, 1));
    ARROW_RETURN_NOT_OK(skip_between());
    if (at_ < text_.size()) return fail("something follows the document");
    return root;
  }

 private:
  std::string_view rest() const { return text_.substr(at_); }

  Status fail(std::string_view what) const {
    return make_error(ErrorKind::kCorruptData, {},
                      fmt::format("the XML is broken at byte {}: {}", at_, what));
  }

  bool skip(std::string_view token) {
    if (!rest().starts_with(token)) return false;
    at_ += token.size();
    return true;
  }

  void skip_space() {
    while (at_ < text_.size() && is_one_of(text_[at_], " \t\r\n")) ++at_;
  }

  Status skip_past(std::string_view end) {
    const size_t found = text_.find(end, at_);
    if (found == std::string_view::npos) return fail(fmt::format("no {} follows", end));
    at_ = found + end.size();
    return Status::OK();
  }

  // A comment or a processing instruction; false where there is none here.
  Result<bool> skip_aside() {
    if (skip("<!--")) {
      ARROW_RETURN_NOT_OK(skip_past("-->"));
      return true;
    }
    if (skip("<?")) {
      ARROW_RETURN_NOT_OK(skip_past("?>"));
      return true;
    }
    return false;
  }

  Status skip_between() {
    bool skipped = true;
    while (skipped) {
      skip_space();
      ARROW_ASSIGN_OR_RAISE(skipped, skip_aside());
    }
    return Status::OK();
  }

  Status read_name(std::string& name) {
    const size_t begin = at_;
    while (at_ < text_.size() && is_name_byte(text_[at_])) ++at_;
    name = text_.substr(begin, at_ - begin);
    return name.empty() ? fail("a name is missing") : Status::OK();
  }

  Status skip_attributes() {
    for (skip_space(); !rest().starts_with('>') && !rest().starts_with("/>");
         skip_space()) {
      std::string name;
      ARROW_RETURN_NOT_OK(read_name(name));
      skip_space();
      if (!skip("=")) return fail("an attribute has no value");
      skip_space();
      if (!rest().starts_with('"') && !rest().starts_with('\'')) {
        return fail("an attribute's value is not quoted");
      }
      const std::string_view quote = rest().substr(0, 1);
      ++at_;
      ARROW_RETURN_NOT_OK(skip_past(quote));
    }
    return Status::OK();
  }

  Status read_element(XmlElement& element, int depth) {
    if (depth > kMaxDepth) return fail("too many elements are inside each other");
    if (!skip("<")) return fail("no element begins here");
    ARROW_RETURN_NOT_OK(read_name(element.name));
    ARROW_RETURN_NOT_OK(skip_attributes());
    if (skip("/>")) return Status::OK();
    ++at_;  // '>'
    ARROW_RETURN_NOT_OK(read_content(element, depth));
    std::string name;
    ARROW_RETURN_NOT_OK(read_name(name));
    if (name != element.name) return fail(fmt::format("{} is not closed", element.name));
    skip_space();
    return skip(">") ? Status::OK() : fail("an end tag is not closed");
  }

  // To behind the "</" of the element's end.
  Status read_content(XmlElement& element, int depth) {
    while (!skip("</")) {
      ARROW_ASSIGN_OR_RAISE(const bool skipped, skip_aside());
      if (skipped) continue;
      if (skip("<![CDATA[")) {
        const size_t begin = at_;
        ARROW_RETURN_NOT_OK(skip_past("]]>"));
        element.text += text_.substr(begin, at_ - 3 - begin);
      } else if (rest().starts_with('<')) {
        ARROW_RETURN_NOT_OK(read_element(element.children.emplace_back(), depth + 1));
      } else if (rest().starts_with('&')) {
        ARROW_RETURN_NOT_OK(read_reference(element.text));
      } else if (at_ == text_.size()) {
        return fail(fmt::format("{} is not closed", element.name));
      } else if (text_[at_] == '\0') {
        return fail("a NUL");
      } else {
        element.text += text_[at_++];
      }
    }
    return Status::OK();
  }

  Status read_reference(std::string& text) {
    constexpr std::pair<std::string_view, char> kNamed[] = {
        {"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}};
    for (const auto& [name, c] : kNamed) {
      if (!skip(name)) continue;
      text += c;
      return Status::OK();
    }
    if (!skip("&#")) return fail("an unknown entity");
    const int base = skip("x") ? 16 : 10;
    uint32_t c = 0;
    const char* end = text_.data() + text_.size();
    const auto [after, error] = std::from_chars(text_.data() + at_, end, c, base);
    const bool is_surrogate = c >= 0xD800 && c < 0xE000;
    if (error != std::errc() || after == end || *after != ';' || c == 0 || is_surrogate ||
        c > 0x10FFFF) {
      return fail("a character reference that means nothing");
    }
    append_utf8(text, c);
    at_ = static_cast<size_t>(after + 1 - text_.data());
    return Status::OK();
  }

  const std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

const XmlElement* XmlElement::child(std::string_view child_name) const {
  const auto found = std::ranges::find(children, child_name, &XmlElement::name);
  return found == children.end() ? nullptr : &*found;
}

std::string_view XmlElement::text_of(std::string_view child_name) const {
  const XmlElement* found = child(child_name);
  return found ? std::string_view(found->text) : std::string_view();
}

Result<XmlElement> decode_xml(std::string_view text) { return XmlDecoder(text).decode(); }

std::string escape_xml(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '&':
        escaped += "&amp;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace velo::storage
