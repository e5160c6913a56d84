#pragma once

#include <sstream>
#include <string>

namespace tapedeck::detail {

/// A number with so many significant digits.
inline std::string figure(double x, int digits) {
  std::ostringstream text;
  text.precision(digits);
  text << x;
  return text.str();
}

}  // namespace tapedeck::detail
