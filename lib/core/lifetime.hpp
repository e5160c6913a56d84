#pragma once

#include <memory>
#include <string>

#include "tapedeck/core/error.hpp"

namespace tapedeck {

[[noreturn]] inline void refuse_dead(const char* who, const char* what) {
  throw UsageError({.who = who,
                    .given = std::string("a call after its ") + what + " was destroyed",
                    .wanted = std::string("one while its ") + what + " lives"});
}

/// UsageError if the object whose lifetime it is was destroyed. `what` names it: "store", "optimizer".
inline void require_alive(const std::weak_ptr<const void>& lifetime, const char* who, const char* what) {
  if (lifetime.expired()) refuse_dead(who, what);
}

}  // namespace tapedeck
