#pragma once

/// @file
/// Internal: looks for NaN, Inf and elements that nobody has set.

#include "tapedeck/tape/detail/pass.hpp"

namespace tapedeck::detail {

/// Throws NonFiniteError, with the operand that was not finite first, if an output of a forward holds NaN or
/// Inf, or if an output or saved matrix has an element that the forward has not set. `inputs` are the entries
/// of the operands.
TAPEDECK_API void require_finite(const Pass& pass, const char* op, const Signature& signature,
                                 const std::uint32_t* inputs, std::uint32_t first_output);

/// Throws NonFiniteError if a cotangent that a record has contributed to holds NaN or Inf.
void require_finite_cotangents(const Pass& pass, const Record& record);

/// Returns true if an element of an entry holds the word that its memory was filled with.
bool holds(const Entry& e, Index element, std::uint32_t word);

}  // namespace tapedeck::detail
