#pragma once

/// @file
/// What all optimizers have in common: one learning rate, factors for parameter groups, and which parameters
/// a step moves.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tapedeck/core/api.hpp"
#include "tapedeck/param/parameter_state.hpp"
#include "tapedeck/param/parameter_store.hpp"

namespace tapedeck {

/// Where weight decay enters. The two are the same for plain SGD, and for nothing else.
enum class Decay : std::uint8_t {
  coupled,   ///< the gradient becomes g + decay w: the gradient of a penalty decay/2 |w|^2 on the loss
  decoupled  ///< learning rate times decay w is taken off beside the step (Loshchilov and Hutter, ICLR 2019)
};

/// What `step` does with a parameter that received no gradient since `zero_grad`.
enum class Untouched : std::uint8_t {
  skip,  ///< leaves it alone, as PyTorch does where a gradient is None
  zero   ///< takes its gradient for zero: momentum and decay still move it
};

/// What one parameter group multiplies the optimizer's learning rate and weight decay by.
struct GroupFactors {
  double learning_rate = 1;  ///< finite, at least 0
  double weight_decay = 1;   ///< finite, at least 0
};

/// Changes a store's parameters by its gradients. The store is sealed, and must outlive the optimizer; a step
/// afterwards throws UsageError.
///
/// An optimizer has one learning rate, which schedulers set; a group scales it:
///
///     td::AdamW optimizer{store, {.learning_rate = 1e-3}};
///     optimizer.group(td::groups::biases, {.weight_decay = 0});
///
/// A step leaves frozen parameters alone, and (unless told otherwise) those that received no gradient; every
/// parameter counts its own steps. The gradients stay as they are until `zero_grad`.
///
/// To write an optimizer, derive from ElementwiseOptimizer if every element moves by its own gradient and
/// state, as in Adam, and from MatrixOptimizer if a parameter moves as a whole, as in LAMB and Muon. (A rule
/// that combines all parameters, by a norm of all steps, say, derives from this class and supplies
/// `update_all`.)
class TAPEDECK_API Optimizer {
 public:
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;
  virtual ~Optimizer();

  /// Whose parameters it changes.
  const ParameterStore& store() const { return store_; }
  /// That of the next step, before the factors of groups.
  double learning_rate() const { return learning_rate_; }
  /// Holds from the next step on. OptionError unless finite and at least 0.
  void set_learning_rate(double learning_rate);

  /// Sets the factors of one parameter group; they are 1 until then. NameError if no parameter is of the
  /// group, OptionError unless both are finite and at least 0.
  void group(std::string_view name, GroupFactors factors);

  /// Moves the parameters once, then commits the running statistics that came with the gradients. UsageError,
  /// and nothing done, if there is nothing to do although a parameter is not frozen: nothing was contributed
  /// since `zero_grad`, nor statistics handed over (with Untouched::zero, there always is something to do);
  /// if the gradients are incomplete, see Gradients::incomplete; if it is called from within `backward` or
  /// `step`.
  void step();

  /// All that it remembers, its options included.
  void visit_state(StateVisitor& visitor);
  /// Expired once the optimizer is destroyed.
  std::weak_ptr<const void> lifetime() const { return lifetime_; }

 private:
  // What the parameters of a group have in common.
  struct Group {
    GroupFactors factors;
    double learning_rate, penalty, shrinkage;  // as in ParameterStep
  };

 protected:
  /// The options of every optimizer.
  struct Common {
    double learning_rate;                   ///< finite, at least 0
    double weight_decay = 0;                ///< finite, at least 0
    Decay decay = Decay::coupled;           ///< where it enters
    Untouched untouched = Untouched::skip;  ///< what to do without a gradient
  };

  /// A parameter that a step moves. Its matrices have the parameter's shape, write through, and cannot be
  /// resized. ScalarError if T is not the store's scalar.
  class ParameterStep {
   public:
    /// In full: "encoder.fc_1.weight".
    const std::string& name() const { return store_->internals().layout().parameters[slot_].name; }
    /// Of the parameter.
    Shape shape() const { return store_->internals().layout().parameters[slot_].shape; }
    /// How many steps the parameter has made, this one included.
    Index step() const { return steps_; }
    /// All factors applied.
    double learning_rate() const { return group_->learning_rate; }
    /// The gradient to be used is g + penalty w; not 0 only if decay is coupled.
    double penalty() const { return group_->penalty; }
    /// shrinkage w, of the old w, is to be subtracted too; not 0 only if decay is decoupled.
    double shrinkage() const { return group_->shrinkage; }
    /// w: what the step moves.
    template <class T>
    Matrix<T>& value() const {
      return store_->values().matrix<T>(slot_);
    }
    /// g.
    template <class T>
    const Matrix<T>& gradient() const {
      return store_->gradients().flat().matrix<T>(slot_);
    }
    /// The parameter's part of what an optimizer keeps from step to step.
    template <class T>
    Matrix<T>& state(FlatBuffer& buffer) const {
      return buffer.matrix<T>(slot_);
    }

   private:
    friend class Optimizer;
    friend class ElementwiseOptimizer;

    ParameterStore* store_ = nullptr;
    const Group* group_ = nullptr;
    std::uint32_t slot_ = 0;
    Index offset_ = 0;  // in the flat buffers
    Index length_ = 0;  // up to the next parameter, so padding included
    Index steps_ = 0;
  };

  /// `name` appears in errors. OptionError unless learning rate and weight decay are finite and at least 0.
  Optimizer(ParameterStore& store, const char* name, const Common& common);

  /// What errors call it.
  const char* name() const { return name_; }
  /// What the store computes in: the T of the functions below.
  Scalar scalar() const { return store_.scalar(); }
  /// A number for every element of the values, zero at first: what is kept from step to step.
  FlatBuffer state() const { return {store_.scalar(), store_.internals().layout().parameter_extents}; }

 private:
  friend class ElementwiseOptimizer;

  /// Moves the values of these parameters, in the order of memory, and changes nothing else but what is kept
  /// of them. What it throws passes through `step`, which is then done in part.
  virtual void update_all(std::span<const ParameterStep* const> moved) = 0;
  /// Names for the visitor what is kept besides learning rate, weight decay and the steps made: every
  /// `state()`, and every option that an update uses. See StateVisitor.
  virtual void visit_memory(StateVisitor& visitor) = 0;
  void find_rates();
  void find_moved();
  void require_store() const;
  void require_reason() const;

  ParameterStore& store_;
  const char* name_;
  double learning_rate_;
  double weight_decay_;
  Decay decay_;
  Untouched untouched_;
  std::vector<Group> groups_;                // in the order of the layout
  std::vector<ParameterStep> parameters_;    // in the order of memory
  std::vector<const ParameterStep*> moved_;  // by the present step; space for all from the start
  bool stepping_ = false;
  std::weak_ptr<const void> store_lifetime_;
  std::shared_ptr<const void> lifetime_ = std::make_shared<char>();
};

}  // namespace tapedeck
