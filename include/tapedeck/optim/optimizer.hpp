#pragma once

/// @file
/// What all optimizers have in common: one learning rate, factors for parameter groups, and the walk over
/// memory.

#include <cstdint>
#include <memory>
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
/// To write one: derive from it, keep what is remembered from step to step in a `state()`, and supply
/// `update`, which moves some elements by themselves, and `visit_memory`, which names what is remembered.
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

 protected:
  /// The options of every optimizer.
  struct Common {
    double learning_rate;  ///< finite, at least 0
    double weight_decay;   ///< finite, at least 0
    Decay decay;           ///< where it enters
    Untouched untouched;   ///< what to do without a gradient
  };

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

  /// `name` appears in errors. OptionError unless learning rate and weight decay are finite and at least 0.
  Optimizer(ParameterStore& store, const char* name, const Common& common);

  /// What errors call it.
  const char* name() const { return name_; }
  /// What the store computes in: the T of the functions below.
  Scalar scalar() const { return store_.scalar(); }
  /// A number for every element of the values, at the same offset, zero at first.
  FlatBuffer state() const;
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
  /// What is remembered of the run's first parameter, in a `state()`.
  template <class T>
  static T* remembered(FlatBuffer& state, const Run& run) {
    return state.data<T>() + run.offset;
  }

 private:
  // What `step` needs to know of a parameter, in the order of memory.
  struct Slot {
    std::uint32_t number;
    std::uint32_t group;
    Index offset;
    Index length;  // up to the next one, so padding included
    Index steps;
  };

  // What the parameters of a group have in common.
  struct Group {
    GroupFactors factors;
    double learning_rate, penalty, shrinkage;  // as in Run
  };

  /// Moves the values of one run, each element by its own gradient and memory, whatever else is in the run.
  /// Called for several runs at once, on the library's threads: it may change nothing but these values and
  /// what is remembered of them. What it throws passes through `step`, which is then done in part.
  virtual void update(const Run& run) = 0;
  /// Names for the visitor what is remembered besides learning rate, weight decay and the steps made: every
  /// `state()`, and every option that `update` uses. See StateVisitor.
  virtual void visit_memory(StateVisitor& visitor) = 0;
  void find_rates();
  void find_runs();
  void require_store() const;
  void require_reason() const;

  ParameterStore& store_;
  const char* name_;
  double learning_rate_;
  double weight_decay_;
  Decay decay_;
  Untouched untouched_;
  std::vector<Group> groups_;  // in the order of the layout
  std::vector<Slot> slots_;
  std::vector<Run> runs_;  // of the present step, not yet in pieces; room for one per slot from the start
  bool stepping_ = false;
  std::weak_ptr<const void> store_lifetime_;
  std::shared_ptr<const void> lifetime_ = std::make_shared<char>();
};

}  // namespace tapedeck
