#pragma once

/// Text for a terminal: how many columns it takes, made safe to show, cut to fit.

#include <string>
#include <string_view>

namespace velo::stdio {

/// How many columns a terminal gives a code point: 0 for what combines with the one
/// before, 2 for East Asian wide ones and emoji, else 1.
int display_width(char32_t code_point);

/// Text that can be shown, and how many columns it takes.
struct Printable {
  std::string text;
  int width = 0;
};

/// Make text safe to show in at most `max_width` columns (1 at least). Control
/// characters, what turns the direction of writing and bytes that are not UTF-8 are shown
/// as escapes: \n, \u001b, \xff. Text that does not fit is cut and ends in "…".
/// What is printable stays as it is.
Printable printable(std::string_view text, int max_width);

/// No text longer than this is shown whole in so many columns, whatever it consists of.
size_t max_printable_bytes(int max_width);

/// The columns of text that is printable.
int display_width(std::string_view text);

}  // namespace velo::stdio
