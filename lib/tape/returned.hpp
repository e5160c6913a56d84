#pragma once

/// @file
/// What functions of users give back.

#include <string>
#include <string_view>

#include "tapedeck/core/error.hpp"
#include "tapedeck/tape/tape.hpp"

namespace tapedeck {

/// Throws HandleError, which names the function, unless it gave a Value of the tape.
inline void require_returned(std::string_view who, const Value& value, const Tape& tape,
                             const char* hint = "tape.carry(value) takes its elements over") {
  try {
    if (&value.tape() == &tape) return;
  } catch (HandleError& error) {
    error.set_who(std::string(who) + " gave a Value");
    throw;
  }
  throw HandleError({.who = std::string(who),
                     .given = "gave a Value of another tape",
                     .wanted = "one of the tape of its input",
                     .hint = hint});
}

}  // namespace tapedeck
