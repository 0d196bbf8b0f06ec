#include "velo/formats/json/record_walker.h"

namespace velo::formats::json {

RecordWalker::Step RecordWalker::element(Cursor& cursor) {
  if (cursor.peek() == '{') return Step::kRecord;
  cursor.fail_record();
  return Step::kFailed;
}

RecordWalker::Step RecordWalker::next_uncommon(Cursor& cursor) {
  for (;;) {
    if (cursor.at_end()) return Step::kEndOfBlock;
    switch (place_) {
      case Place::kSequence:
        return element(cursor);
      case Place::kBeforeArray:
        cursor.advance();
        place_ = Place::kFirstElement;
        break;
      case Place::kFirstElement:
      case Place::kAfterComma:
        if (place_ == Place::kFirstElement && cursor.take(']')) {
          place_ = Place::kAfterArray;
          break;
        }
        place_ = Place::kAfterElement;
        return element(cursor);
      case Place::kAfterElement:
        if (cursor.take(']')) {
          place_ = Place::kAfterArray;
        } else if (cursor.take(',')) {
          place_ = Place::kAfterComma;
        } else {
          cursor.fail_expected("',' or ']'");
          return Step::kFailed;
        }
        break;
      case Place::kAfterArray:
        cursor.fail_expected("nothing behind the array");
        return Step::kFailed;
    }
  }
}

int64_t RecordWalker::skip_record(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  size_t at = text.find_first_not_of(kSpace);
  if (at == std::string_view::npos || place_ == Place::kAfterArray) return -1;
  if (place_ == Place::kBeforeArray || place_ == Place::kAfterElement) {
    if (text[at] != (place_ == Place::kBeforeArray ? '[' : ',')) return -1;
    at = text.find_first_not_of(kSpace, at + 1);
    if (at == std::string_view::npos) return -1;
  }
  if (place_ != Place::kSequence) place_ = Place::kAfterElement;
  return static_cast<int64_t>(at);
}

bool RecordWalker::finish(Cursor& cursor) const {
  switch (place_) {
    case Place::kSequence:
    case Place::kAfterArray:
      return true;
    case Place::kBeforeArray:  // an array was seen to begin: there is no other way here
    case Place::kFirstElement:
    case Place::kAfterElement:
      return cursor.fail_expected("',' or ']'");
    case Place::kAfterComma:
      return cursor.fail_expected("a record");
  }
  return true;
}

}  // namespace velo::formats::json
