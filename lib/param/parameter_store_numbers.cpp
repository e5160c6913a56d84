// The store's part that sets numbers: initial values, averages, states.

#include <string>
#include <type_traits>
#include <vector>

#include "core/denormal.hpp"
#include "core/ranges.hpp"
#include "kernels/flat.hpp"
#include "param/require_rule.hpp"
#include "tapedeck/param/parameter_state.hpp"
#include "tapedeck/param/parameter_store.hpp"

namespace tapedeck {

template <class T>
Matrix<T> ParameterStore::drawn(Index slot, const Initializer& rule, std::uint64_t seed) const {
  const detail::StoreLayout::Slot& parameter = internals_.layout().parameters[slot];
  arma::mat values(parameter.shape.rows, parameter.shape.cols);
  rule.fill(values, parameter.options.fan, Random{seed}.stream(parameter.name), rule.parameter);
  if (shape_of(values) != parameter.shape) {
    throw ShapeError({.who = parameter.name,
                      .given = "initial values of " + to_string(shape_of(values)),
                      .wanted = to_string(parameter.shape),
                      .hint = "an initialiser sets the elements of the matrix that it is given"});
  }
  Matrix<T> all = arma::conv_to<Matrix<T>>::from(values);
  if (!all.is_finite()) {
    throw NonFiniteError({.who = parameter.name,
                          .given = std::string("initial values with NaN or Inf as ") + name_of(scalar()),
                          .wanted = "finite numbers"});
  }
  return all;
}

void ParameterStore::draw_all(std::uint64_t seed, FlatBuffer& into) const {
  with_scalar(into.scalar(), [&]<class T>(T) {
    for (Index slot = 0; slot < size(); ++slot) into.matrix<T>(slot) = drawn<T>(slot, rules_[slot], seed);
  });
}

void ParameterStore::fill_buffers() {
  with_scalar(scalar(), [&]<class T>(T) {
    for (Index slot = 0; slot < internals_.layout().buffers.size(); ++slot) {
      numbers_->buffers.matrix<T>(slot).fill(static_cast<T>(internals_.layout().buffers[slot].initial));
    }
  });
}

void ParameterStore::initialize(Initializer initializer, const Selection& selection) {
  const std::vector<std::uint32_t> slots = internals_.layout().select(selection, "initialize");
  require_rule("initialize", initializer);
  FlatBuffer& all = values();
  with_scalar(scalar(), [&]<class T>(T) {
    std::vector<Matrix<T>> matrices;  // a rule may throw, and then nothing has changed
    for (const std::uint32_t slot : slots) matrices.push_back(drawn<T>(slot, initializer, seed()));
    for (Index i = 0; i < slots.size(); ++i) all.matrix<T>(slots[i]) = matrices[i];
  });
  const detail::Change change = internals_.next_change("initialize");
  for (const std::uint32_t slot : slots) {
    internals_.note_change(slot, change);
    rules_[slot] = initializer;
  }
}

void ParameterStore::reset() { reset(seed()); }

void ParameterStore::reset(std::uint64_t seed) {
  FlatBuffer drawn = values();
  draw_all(seed, drawn);
  gradients().require_no_backward("reset");
  values().assign(drawn);
  fill_buffers();
  internals_.note_change("reset");
  gradients().zero();
  options_.seed = seed;
  internals_.passes_ = 0;
}

void ParameterStore::blend(ParameterStore& other, double weight) {
  if (other.internals().family() != internals_.family()) {
    throw UsageError({.who = "blend", .given = "an unrelated store", .wanted = "a copy of this one"});
  }
  ranges::require_fraction("blend", "weight", weight);
  const auto mix = [&](FlatBuffer& mine, const FlatBuffer& theirs) {
    if (weight == 1) return mine.assign(theirs);  // whatever mine are: 0 times NaN is NaN
    with_scalar(mine.scalar(), [&]<class T>(T) {
      with_scalar(theirs.scalar(), [&]<class U>(U) {
        T* value = mine.data<T>();
        const U* term = theirs.data<U>();
        if constexpr (std::is_same_v<T, U>) return kernels::blend(value, term, mine.size(), weight);
        for (Index i = 0; i < mine.size(); ++i) {
          const T mixed = static_cast<T>((1 - weight) * static_cast<double>(value[i]) +
                                         weight * static_cast<double>(term[i]));
          value[i] = weight > 0 && term[i] == 0 ? without_denormal(mixed) : mixed;
        }
      });
    });
  };
  mix(values(), other.values());
  mix(buffers(), other.buffers());
  internals_.note_change("blend");
}

void ParameterStore::visit_weights(StateVisitor& visitor) {
  visit_parameters(visitor, "", values(), *this);
  visit_buffers(visitor, "", buffers(), *this);
  if (!visitor.taking()) visitor.at_commit([this] { internals_.note_change("a state that was restored"); });
}

void ParameterStore::visit_state(StateVisitor& visitor) {
  visit_weights(visitor);
  const StateVisitor::Scope scope(visitor, "store");
  visitor.count("seed", options_.seed);
  if (visitor.taking()) {
    visitor.take("passes", std::vector<Index>{internals_.passes_});
  } else {
    const std::vector<Index> given = visitor.given<Index>("passes", 1);
    visitor.require("passes", given, StateVisitor::most_counted);
    visitor.at_commit([this, given] { internals_.passes_ = given.front(); });
  }
  visitor.counts("frozen", internals_.frozen_, 1);
  gradients().visit_state(visitor);
}

template Matrix<float> ParameterStore::drawn(Index, const Initializer&, std::uint64_t) const;
template Matrix<double> ParameterStore::drawn(Index, const Initializer&, std::uint64_t) const;

}  // namespace tapedeck
