#pragma once

/// @file
/// Gradients of a store's parameters, and the running statistics that came with them.

#include <cstdint>
#include <memory>
#include <vector>

#include "tapedeck/param/flat_buffer.hpp"
#include "tapedeck/param/parameter.hpp"

namespace tapedeck {

class ParameterStore;
class StateVisitor;
namespace detail {
struct StoreLayout;
}

/// One gradient for each parameter of a store, in one flat buffer of the same layout as the values.
///
/// A store owns one; further ones, for threads or for comparisons, are made with `Gradients g{store}` and
/// filled by `tape.backward(loss, g)`. Gradients accumulate until `zero()`, which only marks them: the first
/// contribution afterwards writes, later ones add, and an unwritten gradient reads as zero.
///
/// While a backward adds to them, as seen from within an op's vjp, they can be read; whatever would change
/// them throws UsageError. If the backward throws, they are incomplete, and no optimizer steps until
/// `zero()`.
class TAPEDECK_API Gradients {
 public:
  /// All zero, in the store's scalar. Seals the store.
  explicit Gradients(ParameterStore& store);

  /// Forgets all contributions, and the statistics that were recorded with them.
  void zero();

  /// Whether the parameter received a contribution since `zero()`. HandleError for a parameter of another
  /// store.
  bool touched(Parameter parameter) const { return touched_[checked(parameter)] != 0; }

  /// Whether no parameter received a contribution since `zero()`, and no statistics were recorded.
  bool empty() const;

  /// A view of the gradient, all zero if nothing was contributed. Ask anew after `zero()`, which leaves old
  /// views as they were. Not for two threads at once. ScalarError if T is not the store's scalar, HandleError
  /// for a parameter of another store.
  template <class T>
  const Matrix<T>& of(Parameter parameter) const {
    return read<T>(checked(parameter));
  }

  /// Replaces a gradient, which then counts as touched. ShapeError unless it has the parameter's shape,
  /// ScalarError if T is not the store's scalar, HandleError for a parameter of another store.
  template <class T>
  void set(Parameter parameter, const Matrix<T>& gradient) {
    assign(checked(parameter), gradient);
  }

  /// Adds the contributions of `other`, in the order of the slots, and appends its statistics. UsageError if
  /// they are of another store, ScalarError if they are of a copy in the other scalar.
  Gradients& operator+=(const Gradients& other);
  /// Multiplies every contribution; statistics stay as they are. OptionError if the factor is not finite.
  Gradients& operator*=(double factor);

  /// The Euclidean norm of all contributions together, accumulated in double; that of large or small doubles
  /// is found although their squares overflow or vanish. NaN or Inf if a contribution holds it.
  double norm() const;
  /// Whether no contribution holds NaN or Inf.
  bool all_finite() const;

  /// Whether a backward into them threw an error since `zero()`, so that contributions are missing.
  bool incomplete() const { return backwards_.failed; }

  // For tapes and optimizers, which address slots and know the scalar.

  /// Tells gradients that a backward adds to them, until it is destroyed; incomplete unless `succeed` was
  /// called.
  class TAPEDECK_API Backward {
   public:
    /// One more backward adds to them.
    explicit Backward(Gradients& gradients) : backwards_(gradients.backwards_) { ++backwards_.running; }
    Backward(const Backward&) = delete;
    Backward& operator=(const Backward&) = delete;
    ~Backward() {
      --backwards_.running;
      if (!succeeded_) backwards_.failed = true;
    }
    /// All contributions are there.
    void succeed() { succeeded_ = true; }

   private:
    friend class Gradients;
    /// How many run at once, one within a vjp of the other, and whether one failed. A copy is not added to.
    struct State {
      State() = default;
      State(const State& other) : failed(other.failed || other.running > 0) {}
      State& operator=(const State& other) {
        failed = other.failed || other.running > 0;
        return *this;
      }
      ~State() = default;
      Index running = 0;
      bool failed = false;
    };
    State& backwards_;
    bool succeeded_ = false;
  };
  /// UsageError while a backward adds to them.
  void require_no_backward(const char* who) const {
    if (backwards_.running > 0) refuse_within_backward(who);
  }

  /// Whether statistics were recorded since `zero()`.
  bool has_statistics() const { return !statistics_.empty(); }
  /// By slot number: 0 where nothing was contributed since `zero()`.
  const std::vector<std::uint8_t>& touched_slots() const { return touched_; }
  /// The elements. Those of untouched slots are left over from before and mean nothing.
  FlatBuffer& flat() { return flat_; }
  /// The same, for reading.
  const FlatBuffer& flat() const { return flat_; }
  /// That of the store, see Handle.
  std::uint64_t family() const;
  /// The flag of a slot: 0 if the next contribution must write it, 1 if it must add. Whoever contributes sets
  /// it.
  std::uint8_t* touch(Index slot) { return &touched_[slot]; }
  /// Keeps a copy of a batch's statistic until `commit_statistics`. ShapeError if it has not as many elements
  /// as the buffer, HandleError if there is no such buffer, OptionError unless 0 <= momentum <= 1.
  template <class T>
  void record_statistic(Index buffer_slot, const Matrix<T>& statistic, double momentum);
  /// What was contributed and recorded since `zero()`.
  void visit_state(StateVisitor& visitor);
  /// For each statistic in the order recorded: buffer = (1 - momentum) buffer + momentum statistic, and 0
  /// where the statistic is 0 and what is left is below the smallest normal number, as in Adam.
  /// Then forgets them. UsageError if the buffers are those of another store.
  void commit_statistics(FlatBuffer& buffers);

 private:
  friend class ParameterStore;
  Gradients(std::shared_ptr<const detail::StoreLayout> layout, Scalar scalar);
  struct Statistic {
    Index buffer_slot;
    double momentum;
    Index begin, size;  // in statistic_values_
  };

  [[noreturn]] static void refuse_within_backward(const char* who);
  void visit_statistics(StateVisitor& visitor);
  std::uint32_t checked(Parameter parameter) const;
  // f(offset, length) for touched slots, those side by side in one, in the order of memory. Padding, which is
  // zero, is included.
  template <class F>
  void for_each_stretch(const F& f) const;
  template <class T>
  const Matrix<T>& read(Index slot) const;
  template <class T>
  void assign(Index slot, const Matrix<T>& gradient);

  std::shared_ptr<const detail::StoreLayout> layout_;
  mutable FlatBuffer flat_;  // mutable: an untouched gradient is zeroed when it is first read
  std::vector<std::uint8_t> touched_;
  std::vector<Statistic> statistics_;
  std::vector<double> statistic_values_;
  Backward::State backwards_;
};

}  // namespace tapedeck
