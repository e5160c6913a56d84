#pragma once

/// @file
/// Optimizers that move every element by its own gradient and state.

#include <span>

#include "tapedeck/optim/optimizer.hpp"

namespace tapedeck {

/// The base of optimizers whose rule is a formula of one element: of its value, its gradient and what is kept
/// of it from step to step. Such a rule gets runs of elements that may span parameters, so that many small
/// parameters cost no more than one large one. To write one, supply `update`, and name in `visit_memory` what
/// is kept:
///
///     // v = 0.9 v + g     w = w - rate sign(v)
///     class SignMomentum : public td::ElementwiseOptimizer {
///      public:
///       explicit SignMomentum(td::ParameterStore& store)
///           : ElementwiseOptimizer(store, "SignMomentum", {.learning_rate = 1e-3}), velocity_(state()) {}
///
///      private:
///       void update(const Run& run) override {
///         td::with_scalar(scalar(), [&]<class T>(T) {
///           T* w = values<T>(run);
///           const T* g = gradients<T>(run);
///           T* v = kept<T>(velocity_, run);
///           const T rate = static_cast<T>(run.learning_rate);
///           for (td::Index i = 0; i < run.length; ++i) {
///             v[i] = T(0.9) * v[i] + g[i];
///             w[i] -= v[i] > 0 ? rate : v[i] < 0 ? -rate : 0;
///           }
///         });
///       }
///       void visit_memory(td::StateVisitor& visitor) override {
///         td::visit_parameters(visitor, "velocity", velocity_, store());
///       }
///
///       td::FlatBuffer velocity_;
///     };
class TAPEDECK_API ElementwiseOptimizer : public Optimizer {
 protected:
  /// The most elements in a run.
  static constexpr Index longest_run = Index{1} << 16U;
  /// Elements side by side in memory that are to be updated alike. They may be those of several parameters,
  /// or a piece of one, and padding is among them; its values and gradients are zero, and an update must
  /// leave such elements at zero.
  struct Run {
    Index offset;          ///< of its first element in the flat buffers
    Index length;          ///< in elements
    Index step;            ///< how many steps its parameters have made, this one included
    double learning_rate;  ///< all factors applied
    double penalty;        ///< the gradient to be used is g + penalty w; not 0 only if decay is coupled
    double shrinkage;      ///< shrinkage w, of the old w, is to be subtracted too; not 0 only if decoupled
  };

  using Optimizer::Optimizer;

  /// The first of the run's values.
  template <class T>
  T* values(const Run& run) {
    return store_.values().data<T>() + run.offset;
  }
  /// The first of the run's gradients.
  template <class T>
  const T* gradients(const Run& run) {
    return store_.gradients().flat().data<T>() + run.offset;
  }
  /// What a `state()` keeps of the run's first element.
  template <class T>
  static T* kept(FlatBuffer& state, const Run& run) {
    return state.data<T>() + run.offset;
  }

 private:
  /// Moves the values of one run, each element by its own gradient and state, whatever else is in the run.
  /// Called for several runs at once, on the library's threads: it may change nothing but these values and
  /// what is kept of them. What it throws passes through `step`, which is then done in part.
  virtual void update(const Run& run) = 0;
  void update_all(std::span<const ParameterStep* const> moved) final;
};

}  // namespace tapedeck
