#pragma once

#include <string>
#include <vector>

#include "tapedeck/core/api.hpp"

namespace tapedeck {

/// Throws StateError of `who` if anything of a state does not fit. Each is a part of a sentence, such as
/// "\"fc.weight\" is missing"; the message has the first few.
TAPEDECK_API void require_no_misfits(const std::vector<std::string>& misfits, const std::string& who);

}  // namespace tapedeck
