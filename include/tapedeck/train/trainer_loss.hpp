#pragma once

/// @file
/// The loss that a Trainer minimizes.

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

#include "tapedeck/core/matrix.hpp"
#include "tapedeck/ops/loss.hpp"
#include "tapedeck/tape/operand.hpp"
#include "tapedeck/tape/value.hpp"

namespace tapedeck {

/// A function that returns a 1x1 Value from the model's output and a batch's targets, and how that Value
/// depends on the number of samples: as a mean over them or as a sum. Also called Trainer::Loss.
class TrainerLoss {
 public:
  /// No loss.
  TrainerLoss() : reduction_(batch_mean) {}
  /// Takes the reduction from a member `Reduction reduction() const`, which the library's losses have. Any
  /// other function is taken for a mean over samples.
  template <class F>
  requires(!std::same_as<F, TrainerLoss> && std::is_invocable_r_v<Value, F&, const Value&, const Operand&>)
      TrainerLoss(F function)  // NOLINT(google-explicit-constructor): a loss is given where a Loss is taken
      : reduction_(reduction_of(function)), function_(std::move(function)) {}
  /// A function without that member, such as a lambda, that sums over samples: `{my_loss, td::batch_sum}`.
  template <class F>
  requires(std::is_invocable_r_v<Value, F&, const Value&, const Operand&>)
      TrainerLoss(F function, Reduction reduction)
      : reduction_(reduction), function_(std::move(function)) {}

  /// Returns true if there is a function.
  explicit operator bool() const { return static_cast<bool>(function_); }
  /// Calls the function.
  Value operator()(const Value& output, const Operand& target) const { return function_(output, target); }

  /// How samples are reduced: batch_sum for a sum, either of the others for a mean.
  Reduction reduction() const { return reduction_; }
  /// What the sum over so many samples is divided by to give the loss: `samples` for a mean, 1 for a sum.
  double divisor(Index samples) const { return reduction_ == batch_sum ? 1 : static_cast<double>(samples); }

 private:
  template <class F>
  static constexpr bool has_reduction = requires(const F& f) {
    Reduction(f.reduction());
  };
  template <class F>
  static Reduction reduction_of(const F& f) {
    if constexpr (has_reduction<F>) return f.reduction();
    return batch_mean;
  }

  Reduction reduction_;
  std::function<Value(const Value& output, const Operand& target)> function_;
};

}  // namespace tapedeck
