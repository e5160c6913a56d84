#pragma once

/// @file
/// One recorded pass over one store.

#include <concepts>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "tapedeck/core/columns.hpp"
#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/tape/detail/input.hpp"
#include "tapedeck/tape/memory.hpp"
#include "tapedeck/tape/mode.hpp"
#include "tapedeck/tape/value.hpp"

namespace tapedeck {

/// How a pass runs.
struct TapeOptions {
  Mode mode = train;  ///< what the pass is for
  /// Look for NaN and Inf after every record, forward and backward, and throw NonFiniteError at the first
  /// one. Going back, also compares checksums of parameters, buffers and borrowed data with those of the
  /// forward pass: UsageError if a vjp needs what was written to in between.
  bool check_finite = false;
  /// Make a record of everything that is applied, also where nothing flows back through it, and time each
  /// record forward and backward, for `inspect`.
  bool trace = false;
  /// Which step of training this is: with the store's seed, the layer and its use, the key of all random
  /// numbers. By default the store's count of training passes; say it for tapes that run in several threads
  /// at once, whose order is chance.
  std::optional<std::uint64_t> step = std::nullopt;
  /// Where this tape's first column lies in the whole batch, for workers that share a batch: column c of a
  /// mask is drawn as column first_column + c.
  Index first_column = 0;
};

/// Where `backward` starts: a Value and the cotangent it is given. A 1x1 Value needs none; it starts with 1.
class TAPEDECK_API Root {
 public:
  /// A 1x1 Value, with the cotangent 1.
  Root(const Value& value) : value_(value) {}  // NOLINT(google-explicit-constructor): backward(loss)
  /// `cotangent` has the Value's shape and element type, and must live until the call returns.
  template <class T>
  Root(const Value& value, const Matrix<T>& cotangent) : value_(value), cotangent_(cotangent) {}

 private:
  friend class Tape;
  Value value_;
  std::optional<Columns> cotangent_;
};

/// A tape records what layers compute, and plays it back in reverse. It ends with its brace; its Values end
/// with it.
///
///     td::Tape tape{store, memory};
///     td::Value loss = td::mse(model(tape.input(x)), tape.input(y), td::batch_mean);
///     store.zero_grad();
///     tape.backward(loss);
class TAPEDECK_API Tape {
 public:
  /// Seals the store. UsageError if another tape is open on `memory`. If it throws, store and memory are as
  /// they were.
  Tape(ParameterStore& store, Memory& memory, const TapeOptions& options = {});
  /// The same with all other options at their defaults.
  Tape(ParameterStore& store, Memory& memory, Mode mode) : Tape(store, memory, TapeOptions{.mode = mode}) {}
  Tape(const Tape&) = delete;  // tape: it stays where it is; take it as Tape&
  Tape& operator=(const Tape&) = delete;
  ~Tape();

  /// What the pass is for.
  Mode mode() const { return pass().mode(); }
  /// The store's, which the pass computes in.
  Scalar scalar() const { return pass().scalar(); }
  /// Whose parameters and buffers the pass uses.
  ParameterStore& store() const { return pass().store(); }

  // Putting something on the tape. Float and double are converted to the store's scalar.

  /// Data: copied, and nobody wants its cotangent.
  template <class T>
  Value input(const Matrix<T>& data) {
    return copy(Columns(data));
  }
  /// Data as it lies, without a copy where the scalar is the store's; it must outlive the tape.
  template <class T>
  Value borrow(const Matrix<T>& data) {
    return put(Columns(data), detail::Copy::if_needed, false);
  }
  template <class T>
  Value borrow(const Matrix<T>&& data) = delete;
  /// A copy whose cotangent is wanted: `backward` leaves it in `value.cotangent<T>()`.
  template <class T>
  Value variable(const Matrix<T>& data) {
    return put(Columns(data), detail::Copy::always, true);
  }
  /// Data that is zero in the store's scalar, such as the first state of a recurrent cell.
  Value zeros(Shape shape);
  /// A batch. Columns in an order are gathered, which is the shuffle; columns in a row are borrowed.
  Value gather(const Columns& columns) { return put(columns, detail::Copy::if_needed, false); }
  /// A batch, copied in any case.
  Value copy(const Columns& columns) { return put(columns, detail::Copy::always, false); }
  /// A parameter as a Value; nothing is copied. HandleError if it is of another store.
  Value parameter(Parameter parameter);
  /// A buffer as a Value; nobody wants its cotangent. HandleError if it is of another store.
  Value buffer(Buffer buffer);
  /// The elements of a Value of another tape, as data: back-propagation does not reach through.
  Value carry(const Value& other);

  // Playing back.

  /// Adds the gradients of the roots' weighted sum to the store's gradients (or to others of the same store),
  /// and records the statistics that the pass collected. Once a tape: a second call throws UsageError, as
  /// does a tape in evaluate mode and a root that depends on nothing wanted. UsageError, too, if a parameter
  /// or buffer that a vjp needs was changed after the forward pass used it: by an optimizer, a reset, a
  /// restored state and the like; what is written through `value<T>()` is noticed on tapes with
  /// `check_finite` only. ShapeError for a root that is not 1x1 and has no cotangent. If it throws once it
  /// goes back, the gradients are incomplete, see Gradients::incomplete.
  void backward(const Root& root) { backward(std::span(&root, 1), store().gradients()); }
  /// The same into other gradients, of the same store: a thread's own, or some to compare with.
  void backward(const Root& root, Gradients& gradients) { backward(std::span(&root, 1), gradients); }
  /// From several roots at once: `tape.backward({{a, da}, {b, db}})`.
  void backward(std::initializer_list<Root> roots) {
    backward({roots.begin(), roots.size()}, store().gradients());
  }
  /// From several roots at once, into other gradients of the same store.
  void backward(std::span<const Root> roots, Gradients& gradients);

  /// The roots' cotangents pulled back to `inputs` (variables, parameters as Values, or anything that depends
  /// on one): for each input, the sum over roots of (droot/dinput)' cotangent. Touches neither store nor tape
  /// and may be repeated; with one unit cotangent after another it gives a Jacobian row by row. ScalarError
  /// if T is not the store's scalar, UsageError for an input whose cotangent was not wanted when it was
  /// recorded.
  template <class T>
  std::vector<Matrix<T>> vjp(std::span<const Root> roots, std::span<const Value> inputs);
  /// The same for lists: `tape.vjp<double>({{y, dy}}, {x})`.
  template <class T>
  std::vector<Matrix<T>> vjp(std::initializer_list<Root> roots, std::initializer_list<Value> inputs) {
    return vjp<T>(std::span(roots.begin(), roots.size()), std::span(inputs.begin(), inputs.size()));
  }

  /// function(x), of which only the result is kept: what the function recorded on the way is released, and
  /// recorded again when `backward` reaches it. It trades time (the forward runs twice) for memory. Gradients
  /// and masks are the same, bit for bit, and statistics count once.
  ///
  /// The function is called again later, so it is copied. Capture layers by reference, which makes no copies,
  /// if they live until `backward` has returned; Values by value. It may use Values of the tape besides x,
  /// and layers with parameters; what it gives must depend on nothing else. UsageError for an empty function;
  /// ContractError, in backward, if it gives something else the second time.
  ///
  ///     h = tape.recompute([&](const td::Value& in) { return block(in); }, h);
  template <class F>
  Value recompute(const F& function, const Value& x) {
    constexpr bool fits = std::copy_constructible<F> && std::is_invocable_r_v<Value, const F&, const Value&>;
    static_assert(fits, "recompute: the function can be copied, takes a Value and gives a Value");
    if constexpr (fits) return recompute_later(function, x);
  }

  /// What this tape has taken from its Memory at its peak, in bytes.
  std::size_t bytes_used() const { return pass().bytes_used(); }

  // For layers.

  /// Tells errors, records and random streams which layer is at work, until it is destroyed.
  class TAPEDECK_API At {
   public:
    /// For whoever keeps the hash of the name, hash_of(name).
    At(const Tape& tape, std::string_view name, std::uint64_t hash)
        : pass_(tape.pass()), outer_(pass_.records.enter(name, hash)) {}
    /// Inside another At the name is added to the outer one's: "encoder.fc_1".
    At(const Tape& tape, std::string_view name);
    At(const At&) = delete;
    At& operator=(const At&) = delete;
    ~At() { pass_.records.leave(outer_); }

   private:
    detail::Pass& pass_;
    const detail::Place* outer_;
  };
  /// How many entries there are: a mark for `release_since`.
  std::uint32_t mark() const { return pass().values.size(); }
  /// In evaluate mode, gives back the memory of everything recorded since the mark but one Value; using a
  /// released Value throws HandleError. In train mode the vjps may need them: nothing happens. Returns the
  /// mark to go on from.
  std::uint32_t release_since(std::uint32_t mark, const Value& kept) {
    if (mode() == train) return mark;
    const std::uint32_t entry = pass().resolve(kept);
    pass().values.release(mark, entry);
    return entry < mark ? pass().values.size() : entry;  // before what is kept, nothing is left to release
  }

 private:
  friend detail::Pass& detail::pass_of(const Tape& tape);

  detail::Pass& pass() const {
    if (pass_ == nullptr) refuse_ended();
    return *pass_;
  }
  [[noreturn]] static void refuse_ended();
  Value put(const Columns& columns, detail::Copy copy, bool variable);
  Value recompute_later(const std::function<Value(const Value&)>& function, const Value& x);
  /// Checks the roots and makes them the seeds of the next play.
  void seed(std::span<const Root> roots, const char* who);

  detail::Pass* pass_;
};

namespace detail {
inline Pass& pass_of(const Tape& tape) { return tape.pass(); }
}  // namespace detail

/// The same elements, cut off: nothing flows back through it.
TAPEDECK_API Value detach(const Value& value);

extern template TAPEDECK_API std::vector<Matrix<float>> Tape::vjp(std::span<const Root>,
                                                                  std::span<const Value>);
extern template TAPEDECK_API std::vector<Matrix<double>> Tape::vjp(std::span<const Root>,
                                                                   std::span<const Value>);

}  // namespace tapedeck
