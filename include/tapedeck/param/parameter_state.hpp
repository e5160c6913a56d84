#pragma once

/// @file
/// How matrices of a store, and those that an optimizer has for each of its parameters, are taken and put
/// back.

#include <string_view>

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/number_range.hpp"
#include "tapedeck/param/flat_buffer.hpp"
#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/state/state_visitor.hpp"

namespace tapedeck {

/// Visits a matrix for each parameter of a store: "momentum/fc_1.weight"; without a name just "fc_1.weight".
TAPEDECK_API void visit_parameters(StateVisitor& visitor, std::string_view name, FlatBuffer& values,
                                   const ParameterStore& store,
                                   const NumberRange& range = StateVisitor::any_number);
/// Visits a matrix for each buffer of a store, likewise.
TAPEDECK_API void visit_buffers(StateVisitor& visitor, std::string_view name, FlatBuffer& values,
                                const ParameterStore& store);

}  // namespace tapedeck
