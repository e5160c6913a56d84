#include "tapedeck/param/parameter_state.hpp"

#include <optional>

#include "param/weight_dimensions.hpp"

namespace tapedeck {
namespace {

template <class Slots>
void visit_matrices(StateVisitor& visitor, std::string_view name, FlatBuffer& values, const Slots& slots,
                    const NumberRange& range) {
  std::optional<StateVisitor::Scope> scope;
  if (!name.empty()) scope.emplace(visitor, name);
  with_scalar(values.scalar(), [&]<class T>(T) {
    for (Index slot = 0; slot < slots.size(); ++slot) {
      visitor.matrix(slots[slot].name, values.matrix<T>(slot), dimensions_of(slots[slot]), range);
    }
  });
}

}  // namespace

void visit_parameters(StateVisitor& visitor, std::string_view name, FlatBuffer& values,
                      const StoreLayout& layout, const NumberRange& range) {
  visit_matrices(visitor, name, values, layout.parameters, range);
}

void visit_buffers(StateVisitor& visitor, std::string_view name, FlatBuffer& values,
                   const StoreLayout& layout) {
  visit_matrices(visitor, name, values, layout.buffers, StateVisitor::any_number);
}

}  // namespace tapedeck
