#pragma once

/// @file
/// The store owns every number that training changes.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tapedeck/core/random.hpp"
#include "tapedeck/param/detail/store_internals.hpp"
#include "tapedeck/param/flat_buffer.hpp"
#include "tapedeck/param/gradients.hpp"
#include "tapedeck/param/initializer.hpp"
#include "tapedeck/param/parameter.hpp"
#include "tapedeck/param/parameter_options.hpp"
#include "tapedeck/param/parameter_view.hpp"
#include "tapedeck/param/scope.hpp"

namespace tapedeck {

class StateVisitor;

/// Owns all parameters in one aligned flat buffer, their gradients in a second one of the same layout, and
/// buffers for state that is not trained.
///
/// Layers add what they need through `scope`; at the first tape, optimizer, copy or look at a value the store
/// is sealed: memory is laid out, group by group, and filled with initial values; adding later throws
/// UsageError. After that nothing moves. The store must outlive its tapes, optimizers and views; a tape or an
/// optimizer that is used afterwards throws UsageError.
///
/// Many tapes may run on one store from many threads at once as long as nobody writes to it: in evaluation,
/// or in training into `Gradients` of their own.
class TAPEDECK_API ParameterStore {
 public:
  /// What a store is made with.
  struct Options {
    std::uint64_t seed = 0;  ///< of initial values, and of the random streams of tapes
    Scalar scalar = f32;     ///< of all values, gradients and buffers, and of what tapes compute in
  };

  /// Seed 0, float.
  ParameterStore();
  /// An open store without parameters. The first of a process sets OpenBLAS up, see `keep_blas_threads`.
  /// MemoryError if OpenBLAS cannot be set up.
  explicit ParameterStore(Options options);
  ParameterStore(const ParameterStore&) = delete;
  ParameterStore& operator=(const ParameterStore&) = delete;
  ~ParameterStore();

  /// The same names and numbers in a store of its own, which knows the same handles: for exact checks in
  /// double, for averages, for target networks. Gradients of the copy are zero.
  ParameterStore copy() { return copy(scalar()); }
  /// The same in another scalar: values are converted, not drawn anew.
  ParameterStore copy(Scalar scalar);

  // Building.

  /// A prefix for names, see Scope. NameError for an ill-formed one: names are letters, digits, '_' and '-',
  /// in parts joined by '.'.
  Scope scope(std::string_view name);
  /// Adds a parameter; its values are drawn when the store is sealed. UsageError once it is sealed; NameError
  /// if the name is taken, or it or the group is ill-formed: letters, digits, '_' and '-', in parts joined by
  /// '.', at most 512 bytes; ShapeError for 2^32 rows or columns and more, and for more than 2^44 elements in
  /// all; OptionError for an initialiser that cannot fill.
  Parameter add(std::string name, Shape shape, Initializer initializer, ParameterOptions options = {});
  /// Adds state that is kept but not trained, every element `initial` at first. Errors as those of `add`.
  Buffer add_buffer(std::string name, Shape shape, double initial);
  /// Moves every parameter at or under a name into a group. NameError if there is none or the group is empty,
  /// UsageError once sealed.
  void set_group(std::string_view name, std::string group);
  /// Lays memory out and draws initial values; nothing happens the second time. ShapeError or NonFiniteError
  /// if an initialiser gives another shape, or what is no finite number in the store's scalar; the store is
  /// then still open. UsageError if an initialiser seals the store that it fills.
  void seal();
  /// Whether memory is laid out, so that nothing more can be added.
  bool sealed() const { return sealed_; }

  // Looking.

  /// What it computes in.
  Scalar scalar() const { return options_.scalar; }
  /// Of initial values, and of the random streams of tapes.
  std::uint64_t seed() const { return options_.seed; }
  /// How many parameters.
  Index size() const;
  /// How many numbers in all parameters together, without padding.
  Index element_count() const;
  /// Whether there is a parameter of this name.
  bool contains(std::string_view name) const;
  /// The parameter of this name. NameError if there is none, with the nearest name as a hint.
  ParameterView parameter(std::string_view name);
  /// The parameter that a handle means. HandleError if it is of another family, or of a slot that there is
  /// not.
  ParameterView parameter(Parameter parameter);
  /// All, in the order of addition.
  std::vector<ParameterView> parameters();
  /// The selected ones, in the order of addition. NameError if none is selected.
  std::vector<ParameterView> parameters(const Selection& selection);
  /// A view of a buffer, to be read and set; seals the store. HandleError if it is of another family,
  /// ScalarError if T is not the store's scalar.
  template <class T>
  Matrix<T>& buffer(Buffer buffer);
  /// The same by name. NameError if there is none, with the nearest name as a hint.
  template <class T>
  Matrix<T>& buffer(std::string_view name);

  // Numbers.

  /// What `tape.backward(loss)` adds to and optimizers step by. Seals the store.
  Gradients& gradients();
  /// Gradients accumulate until this marks them as zero.
  void zero_grad();
  /// Gives the selected parameters (by default all of the group "weights") another rule for initial values
  /// and draws them, which seals the store. NameError if none is selected; the errors of `add` and `seal`,
  /// and then all values are as they were.
  void initialize(Initializer initializer) {
    initialize(initializer, {.under = {}, .group = groups::weights});
  }
  /// The same for any selection of parameters.
  void initialize(Initializer initializer, const Selection& selection);
  /// Makes the store what it was at first: draws all initial values again, by the rules of `initialize` if
  /// there were any, sets buffers to theirs, clears gradients, and counts training passes from 0. What is
  /// frozen stays frozen. Optimizers keep what they remember: make new ones.
  void reset();
  /// The same, as if the store had been made with this seed.
  void reset(std::uint64_t seed);
  /// Frozen parameters get no cotangent on tapes that are made from now on, and are left alone by optimizers.
  /// NameError if none is at or under the name.
  void freeze(std::string_view name);
  /// Undoes `freeze`. NameError if no parameter is at or under the name.
  void unfreeze(std::string_view name);
  /// value = (1 - weight) value + weight other's value, for parameters and buffers: averages over training
  /// (Polyak and Juditsky, 1992), and with weight 1 a plain copy. Where the other's value is 0, an average
  /// that has decayed below the smallest normal number becomes 0, as in Adam. The other may
  /// hold the other scalar. UsageError if the stores are not of one family, OptionError unless 0 <= weight
  /// <= 1.
  void blend(ParameterStore& other, double weight);

  /// Commits the statistics that came with the store's gradients to its buffers, see
  /// Gradients::commit_statistics. Optimizers do, at the end of `step`.
  void commit_statistics();
  /// All parameters, to be read and set. Seals the store. A tape does not notice what is written here unless
  /// it was made with `check_finite`.
  FlatBuffer& values() { return numbers().values; }
  /// All buffers, likewise.
  FlatBuffer& buffers() { return numbers().buffers; }

  // States, see StateVisitor.

  /// All that it remembers: values, buffers, what is frozen, gradients that wait for a step, the seed, and
  /// how many training passes there were. Seals the store.
  void visit_state(StateVisitor& visitor);
  /// Values and buffers alone: what a trained model is. Seals the store.
  void visit_weights(StateVisitor& visitor);

  /// For the library: see param/detail/store_internals.hpp.
  detail::StoreInternals& internals() { return internals_; }
  /// The same, for reading.
  const detail::StoreInternals& internals() const { return internals_; }

 private:
  friend class ParameterView;
  struct Numbers {
    FlatBuffer values;
    FlatBuffer buffers;
    Gradients gradients;
  };

  ParameterStore(ParameterStore& original, Scalar scalar);
  detail::StoreLayout& open_layout(const std::string& who);
  Numbers& numbers() {
    if (!sealed_.load(std::memory_order_acquire)) seal();
    return *numbers_;
  }
  void lay_out();
  template <class T>
  Matrix<T> drawn(Index slot, const Initializer& rule, std::uint64_t seed) const;
  void draw_all(std::uint64_t seed, FlatBuffer& into) const;
  void fill_buffers();

  Options options_;
  detail::StoreInternals internals_;
  std::vector<Initializer> rules_;  // by slot
  std::atomic<bool> sealed_ = false;
  std::unique_ptr<Numbers> numbers_;
  bool being_sealed_ = false;
};

template <class T>
Matrix<T>& ParameterView::value() const {
  return store_->values().matrix<T>(slot_);
}

template <class T>
const Matrix<T>& ParameterView::gradient() const {
  return store_->gradients().of<T>(handle());
}

template <class T>
Matrix<T>& ParameterStore::buffer(Buffer buffer) {
  return buffers().matrix<T>(internals_.layout().slot_of(buffer));
}

}  // namespace tapedeck
