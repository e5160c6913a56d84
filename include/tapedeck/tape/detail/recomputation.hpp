#pragma once

/// @file
/// Internal: a part of a pass that is recorded again when it is replayed, so that it keeps only its result.

#include <functional>

#include "tapedeck/tape/detail/pass.hpp"

namespace tapedeck::detail {

/// Runs a function and keeps only its result; when the result's cotangent is known, runs it again.
Value recompute(Pass& pass, const std::function<Value(const Value&)>& function, const Value& x);

/// Destroys all recomputations of a pass.
void destroy_recomputations(Pass& pass);

}  // namespace tapedeck::detail
