#pragma once

#include <optional>
#include <string_view>

#include "param/weight_dimensions.hpp"
#include "tapedeck/param/flat_buffer.hpp"
#include "tapedeck/state/state_visitor.hpp"

namespace tapedeck {

/// Visits the matrix of each slot, which is one of a parameter or buffer.
template <class Slots>
void visit_matrices(StateVisitor& visitor, std::string_view name, FlatBuffer& values, const Slots& slots,
                    const NumberRange& range = StateVisitor::any_number) {
  std::optional<StateVisitor::Scope> scope;
  if (!name.empty()) scope.emplace(visitor, name);
  with_scalar(values.scalar(), [&]<class T>(T) {
    for (Index slot = 0; slot < slots.size(); ++slot) {
      visitor.matrix(slots[slot].name, values.matrix<T>(slot), dimensions_of(slots[slot]), range);
    }
  });
}

}  // namespace tapedeck
