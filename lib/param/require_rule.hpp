#pragma once

#include <string>

#include "tapedeck/core/error.hpp"
#include "tapedeck/param/initializer.hpp"

namespace tapedeck {

/// OptionError of `who` unless the initialiser can fill.
inline void require_rule(const std::string& who, const Initializer& initializer) {
  if (initializer.fill != nullptr) return;
  throw OptionError({.who = who,
                     .given = "an initialiser without a function to fill with",
                     .wanted = "one such as td::normal(0.1)"});
}

}  // namespace tapedeck
