#include "tapedeck/io/weights.hpp"

#include <string>
#include <utility>
#include <variant>

#include "tapedeck/core/error.hpp"
#include "tapedeck/io/safetensors.hpp"
#include "tapedeck/param/state_visitor.hpp"

namespace tapedeck {
namespace {

template <class T>
AnyMatrix converted(const AnyMatrix& value) {
  return std::visit(
      []<class From>(const Matrix<From>& m) -> AnyMatrix {
        if constexpr (std::is_same_v<From, Index>) {
          return m;  // not a weight; told by its type
        } else {
          return arma::conv_to<Matrix<T>>::from(m);
        }
      },
      value);
}

// The entries in the store's scalar; a vector lies down where the store has a row.
StateDict fitted(StateDict state, ParameterStore& store) {
  StateDict wanted;
  StateVisitor visitor(wanted);
  store.visit_weights(visitor);
  StateDict all;
  for (const StateDict::Entry& entry : state.entries()) {
    StateDict::Entry mine{.name = entry.name, .value = with_scalar(store.scalar(), [&]<class T>(T) {
                                                return converted<T>(entry.value);
                                              })};
    const StateDict::Entry* place = wanted.find(entry.name);
    std::visit(
        [&](auto& m) {
          const bool row =
              place != nullptr && std::visit([](const auto& w) { return w.n_rows == 1; }, place->value);
          if (entry.vector && row) m.reshape(1, m.n_elem);
        },
        mine.value);
    all.add(std::move(mine));
  }
  return all;
}

}  // namespace

void save_weights(const std::string& path, ParameterStore& store) {
  StateDict state;
  StateVisitor visitor(state);
  store.visit_weights(visitor);
  write_safetensors(path, state);
}

void load_weights(const std::string& path, ParameterStore& store, LoadOptions options) {
  const StateDict state = fitted(import_safetensors(path), store);
  StateVisitor visitor(state);
  store.visit_weights(visitor);
  try {
    visitor.require_fit(!options.ignore_left_over);
  } catch (StateError& error) {
    error.set_who(path);
    throw;
  }
  visitor.commit();
}

}  // namespace tapedeck
