#pragma once

#include <string>

#include "core/text.hpp"

namespace tapedeck::detail {

/// A number with so many significant digits.
inline std::string figure(double x, int digits) { return to_text(x, digits); }

}  // namespace tapedeck::detail
