#pragma once

#include <optional>
#include <string>

#include "check/subject.hpp"

namespace tapedeck::detail {

/// Returns the first element of an output or a saved matrix that a forward leaves unset, or reads before it
/// sets it: "fc_1 (affine): y is unset at (2,0)". Returns nothing if there is none.
std::optional<std::string> first_unset(const Subject& subject, Memory& memory, Memory& other_memory);

}  // namespace tapedeck::detail
