#pragma once

/// @file
/// Optimizers that move a parameter as a whole.

#include <span>

#include "tapedeck/optim/optimizer.hpp"

namespace tapedeck {

/// The base of optimizers whose rule needs a parameter as a matrix: its norm, as LARS and LAMB do, or
/// products with it, as Muon and Shampoo do. To write one, supply `update`, and name in `visit_memory` what
/// is kept from step to step:
///
///     // LARS (You, Gitman and Ginsburg, arXiv 1708.03888), with d = g + decay w:
///     //     v = 0.9 v + rate 0.001 |w| / |d| d     w = w - v
///     class Lars : public td::MatrixOptimizer {
///      public:
///       explicit Lars(td::ParameterStore& store)
///           : MatrixOptimizer(store, "Lars", {.learning_rate = 1, .weight_decay = 1e-4}),
///             velocity_(state()) {}
///
///      private:
///       void update(const ParameterStep& parameter) override {
///         td::with_scalar(scalar(), [&]<class T>(T) {
///           td::Matrix<T>& w = parameter.value<T>();
///           td::Matrix<T>& v = parameter.state<T>(velocity_);
///           const td::Matrix<T> d = parameter.gradient<T>() + static_cast<T>(parameter.penalty()) * w;
///           const double norm = arma::norm(d, "fro");
///           const double rate = parameter.learning_rate() * 0.001 * arma::norm(w, "fro");
///           v *= T(0.9);
///           if (norm > 0) v += static_cast<T>(rate / norm) * d;
///           w -= v;
///         });
///       }
///       void visit_memory(td::StateVisitor& visitor) override {
///         td::visit_parameters(visitor, "velocity", velocity_, store());
///       }
///
///       td::FlatBuffer velocity_;
///     };
class TAPEDECK_API MatrixOptimizer : public Optimizer {
 protected:
  using Optimizer::Optimizer;

 private:
  /// Moves one parameter by its gradient and state. Called for several parameters at once, on the library's
  /// threads: it may change nothing but the parameter's value and what is kept of it. What it throws passes
  /// through `step`, which is then done in part.
  virtual void update(const ParameterStep& parameter) = 0;
  void update_all(std::span<const ParameterStep* const> moved) final;
};

}  // namespace tapedeck
