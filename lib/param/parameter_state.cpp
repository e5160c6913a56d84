#include "tapedeck/param/parameter_state.hpp"

#include "param/visit_matrices.hpp"

namespace tapedeck {

void visit_parameters(StateVisitor& visitor, std::string_view name, FlatBuffer& values,
                      const ParameterStore& store, const NumberRange& range) {
  visit_matrices(visitor, name, values, store.internals().layout().parameters, range);
}

void visit_buffers(StateVisitor& visitor, std::string_view name, FlatBuffer& values,
                   const ParameterStore& store) {
  visit_matrices(visitor, name, values, store.internals().layout().buffers);
}

}  // namespace tapedeck
