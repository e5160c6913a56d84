#pragma once

/// @file
/// The store owns every number that training changes.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tapedeck/core/random.hpp"
#include "tapedeck/param/flat_buffer.hpp"
#include "tapedeck/param/gradients.hpp"
#include "tapedeck/param/initializer.hpp"
#include "tapedeck/param/parameter.hpp"

namespace tapedeck {

class ParameterStore;
class StateVisitor;

/// The parameter groups that the library's own layers use. Any other word is a group as well.
namespace groups {
inline constexpr const char* weights = "weights";              ///< what multiplies inputs; the default
inline constexpr const char* biases = "biases";                ///< what is added to them
inline constexpr const char* normalization = "normalization";  ///< gains and biases of normalisations
}  // namespace groups

/// What is said of a parameter when it is added, besides its name, shape and initial values.
struct ParameterOptions {
  /// Not empty. Optimizers scale learning rate and weight decay by group.
  std::string group = groups::weights;
  /// What an initialiser scales by. From the shape if `in` is 0: an [out, in] matrix has fans {in, out}.
  Fan fan = {};
};

/// Which parameters a call speaks of: those at or under a name (empty: all) that are of a group (empty: any).
struct Selection {
  std::string under = {};  ///< "encoder" selects "encoder.fc_1.weight", but not "encoder_2.weight"
  std::string group = {};  ///< to the letter
};

/// A prefix for names: `store.scope("encoder").scope("fc_1").add("weight", ...)` adds "encoder.fc_1.weight".
/// The store must outlive it. Errors are those of the store's functions of the same names.
class TAPEDECK_API Scope {
 public:
  /// Adds a parameter under the prefix.
  Parameter add(std::string_view name, Shape shape, Initializer initializer,
                ParameterOptions options = {}) const;
  /// State that is kept but not trained, every element `initial` at first.
  Buffer add_buffer(std::string_view name, Shape shape, double initial) const;
  /// A longer prefix.
  Scope scope(std::string_view name) const;
  /// The prefix, without a dot at its end.
  const std::string& name() const { return name_; }

 private:
  friend class ParameterStore;
  Scope(ParameterStore& store, std::string name) : store_(&store), name_(std::move(name)) {}

  ParameterStore* store_;
  std::string name_;
};

/// One parameter of one store, to be looked at and set. The references that it gives are views into the
/// store: they live as long as the store, write through, and cannot be resized or reshaped (Armadillo throws
/// std::logic_error).
class TAPEDECK_API ParameterView {
 public:
  /// The full name, such as "encoder.fc_1.weight".
  const std::string& name() const;
  /// The parameter group.
  const std::string& group() const;
  /// Rows and columns.
  Shape shape() const;
  /// What a tape takes.
  Parameter handle() const;

  /// The parameter's numbers, to be read and set; seals the store. ScalarError if T is not the store's
  /// scalar.
  template <class T>
  Matrix<T>& value() const;
  /// Zero if nothing was contributed since `zero_grad`; seals the store. ScalarError if T is not the store's
  /// scalar.
  template <class T>
  const Matrix<T>& gradient() const;
  /// Draws this parameter's initial values again, as `ParameterStore::reset` does for all, and clears its
  /// gradient; seals the store. If the rule throws, nothing has changed.
  void reset() const;

  /// Whether it is left out of training.
  bool frozen() const;
  /// It gets no cotangent on tapes that are made from now on, and optimizers leave it alone.
  void freeze() const;
  /// Undoes `freeze`.
  void unfreeze() const;

 private:
  friend class ParameterStore;
  ParameterView(ParameterStore& store, std::uint32_t slot) : store_(&store), slot_(slot) {}

  ParameterStore* store_;
  std::uint32_t slot_;
};

/// The last change of a parameter's or buffer's values that the library made.
struct Change {
  std::uint64_t number = 0;  ///< counts the changes of a store, from 1; 0 for none
  const char* by = "";       ///< what changed them: "the optimizer's step", "reset", ...
};

/// Everything that a store and its copies agree upon: names, shapes, groups, where each matrix lies.
struct StoreLayout {
  /// A parameter.
  struct Slot {
    std::string name;          ///< in full
    Shape shape;               ///< of value and gradient
    ParameterOptions options;  ///< its fans filled in
  };
  /// A buffer.
  struct BufferSlot {
    std::string name;  ///< in full
    Shape shape;       ///< of its matrix
    double initial;    ///< what every element is at first
  };
  std::uint64_t family;             ///< see Handle
  std::vector<Slot> parameters;     ///< in the order of addition: that of slot numbers
  std::vector<BufferSlot> buffers;  ///< likewise
  std::map<std::string, std::uint32_t, std::less<>> parameter_slots;  ///< by name
  std::map<std::string, std::uint32_t, std::less<>> buffer_slots;     ///< by name
  Index parameter_elements = 0;                      ///< of all parameters together, without padding
  Index buffer_elements = 0;                         ///< of all buffers together
  std::vector<std::string> group_names;              ///< in the order of their runs
  std::vector<std::uint32_t> groups;                 ///< by slot: which of the group names
  std::vector<std::uint32_t> flat_order;             ///< slots as they lie in memory: group by group
  std::shared_ptr<const Extents> parameter_extents;  ///< where values and gradients lie, once sealed
  std::shared_ptr<const Extents> buffer_extents;     ///< where buffers lie, once sealed
};

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

  // For tapes and optimizers.

  /// What it shares with its copies, see Handle.
  std::uint64_t family() const { return layout_->family; }
  /// Names, shapes, groups; where matrices lie only once it is sealed.
  const StoreLayout& layout() const { return *layout_; }
  /// The same, for what may outlive the store.
  std::shared_ptr<const StoreLayout> shared_layout() const { return layout_; }
  /// All parameters. Seals the store.
  FlatBuffer& values() { return numbers().values; }
  /// All buffers. Seals the store.
  FlatBuffer& buffers() { return numbers().buffers; }
  /// By slot number: 0 where a parameter is trained.
  const std::vector<std::uint8_t>& frozen() const { return frozen_; }
  /// All that it remembers: values, buffers, what is frozen, gradients that wait for a step, the seed, and
  /// how many training passes there were. Seals the store.
  void visit_state(StateVisitor& visitor);
  /// Values and buffers alone: what a trained model is.
  void visit_weights(StateVisitor& visitor);
  /// Counts training passes; a tape that is not told its step takes the next one.
  std::uint64_t next_pass() { return passes_.fetch_add(1, std::memory_order_relaxed); }

  /// Commits the statistics that came with the store's gradients to its buffers, see
  /// Gradients::commit_statistics.
  void commit_statistics();

  /// Counts the changes of values and buffers by optimizers, `reset`, `initialize`, `blend` and restored
  /// states. What is written through `value()`, `buffer()` or `values()` is not counted.
  std::uint64_t change_count() const { return change_count_; }
  /// The last change of parameter `slot`, or of buffer `slot - size()`.
  const Change& last_change(std::uint32_t slot) const { return changes_[slot]; }
  /// Begins a change, of which note_change() then tells what was changed. `by` must live for ever.
  Change next_change(const char* by) noexcept { return {++change_count_, by}; }
  /// Notes that parameter `slot`, or buffer `slot - size()`, was changed: tapes that keep its values refuse
  /// to go back. The store must be sealed.
  void note_change(std::uint32_t slot, const Change& change) noexcept { changes_[slot] = change; }
  /// Notes a change of everything.
  void note_change(const char* by) noexcept;
  /// Expired once the store is destroyed.
  std::weak_ptr<const void> lifetime() const { return lifetime_; }

 private:
  friend class ParameterView;
  struct Numbers {
    FlatBuffer values;
    FlatBuffer buffers;
    Gradients gradients;
  };

  ParameterStore(ParameterStore& original, Scalar scalar);
  StoreLayout& open_layout(const std::string& who);
  Numbers& numbers() {
    if (!sealed_.load(std::memory_order_acquire)) seal();
    return *numbers_;
  }
  void require_new_name(const std::string& name) const;
  void lay_out();
  template <class T>
  Matrix<T> drawn(Index slot, const Initializer& rule, std::uint64_t seed) const;
  void draw_all(std::uint64_t seed, FlatBuffer& into) const;
  void fill_buffers();
  std::vector<std::uint32_t> select(const Selection& selection, const char* who) const;
  std::uint32_t slot_of(Parameter parameter) const;
  std::uint32_t slot_of(Buffer buffer) const;

  Options options_;
  std::shared_ptr<StoreLayout> layout_;  // shared with copies; not written to once sealed
  std::vector<Initializer> rules_;       // by slot
  std::atomic<bool> sealed_ = false;
  std::unique_ptr<Numbers> numbers_;
  std::vector<std::uint8_t> frozen_;
  std::atomic<std::uint64_t> passes_ = 0;
  bool being_sealed_ = false;
  std::vector<Change> changes_;  // of parameters, then of buffers; room for all once sealed
  std::uint64_t change_count_ = 0;
  std::shared_ptr<const void> lifetime_ = std::make_shared<char>();
};

namespace detail {
/// Internal: called at the beginning of a store's destructor. The tape sets it: its module may include this
/// one, but not the reverse.
extern TAPEDECK_API std::atomic<void (*)(ParameterStore&)> store_ends;
}  // namespace detail

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
  return buffers().matrix<T>(slot_of(buffer));
}

}  // namespace tapedeck
