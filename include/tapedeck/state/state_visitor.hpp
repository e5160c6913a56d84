#pragma once

/// @file
/// How an object's state is taken and put back.

#include <algorithm>
#include <concepts>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tapedeck/core/number_range.hpp"
#include "tapedeck/state/state_dict.hpp"

namespace tapedeck {

/// Goes through everything that an object remembers, to take it or to put it back. An object names what it
/// remembers once, in a function for both directions:
///
///     void MyScheduler::visit_state(td::StateVisitor& visitor) {
///       visitor.kind("MyScheduler");
///       visitor.number("best", best_);
///       visitor.count("bad_epochs", bad_epochs_);
///     }
///
/// Putting back looks at all there is before anything changes: see restore(). Numbers are kept as they are,
/// bit for bit, NaN and Inf included. What an object could not have taken is a fault: a number out of its
/// range, a count above its most.
class TAPEDECK_API StateVisitor {
 public:
  /// The range of whatever bits a double may have.
  static constexpr NumberRange any_number{[](double) { return true; }, "any number"};

  /// Takes what it visits into `taken`, which must outlive it.
  explicit StateVisitor(StateDict& taken);
  /// Compares what it visits with `given`, which must outlive it, and puts nothing back before commit().
  explicit StateVisitor(const StateDict& given);
  StateVisitor(const StateVisitor&) = delete;
  StateVisitor& operator=(const StateVisitor&) = delete;
  ~StateVisitor();

  /// What is visited until the end of its scope has names that begin with `name` and a '/'.
  class TAPEDECK_API Scope {
   public:
    /// Until it is destroyed.
    Scope(StateVisitor& visitor, std::string_view name);
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope() { visitor_.prefix_.resize(before_); }

   private:
    StateVisitor& visitor_;
    std::size_t before_;
  };

  /// Which kind of object it is: not put back, but must be the same.
  void kind(std::string_view kind);
  /// What no count of steps, passes or epochs reaches: up to it, counts are doubles without rounding.
  static constexpr Index most_counted = Index{1} << 53U;

  /// One number.
  void number(std::string_view name, double& value, const NumberRange& range = any_number);
  /// One whole number, at most `most`.
  template <std::unsigned_integral T>
  void count(std::string_view name, T& value, Index most = std::numeric_limits<T>::max()) {
    count(name, static_cast<Index>(value), 0, most, [&value](Index given) { value = static_cast<T>(given); });
  }
  /// Whether something is so. If `only` is given, it must be that.
  void flag(std::string_view name, bool& value, std::optional<bool> only = std::nullopt);
  /// One of `of` enumerators, counted from 0.
  template <class E>
  requires std::is_enum_v<E>
  void choice(std::string_view name, E& value, Index of) {
    count(name, static_cast<Index>(value), 0, of - 1,
          [&value](Index given) { value = static_cast<E>(given); });
  }
  /// Numbers; when they are put back there may be more or fewer of them.
  void numbers(std::string_view name, std::vector<double>& values, const NumberRange& range = any_number);
  /// Whole numbers, as many as there are now, each at most `most`.
  template <std::unsigned_integral T>
  void counts(std::string_view name, std::vector<T>& values, Index most = std::numeric_limits<T>::max()) {
    if (taking()) return take(name, std::vector<Index>(values.begin(), values.end()));
    const auto list = given<Index>(name, values.size());
    require(name, list, most);
    at_commit([&values, list] { std::copy(list.begin(), list.end(), values.begin()); });
  }
  /// A matrix of float or double, whose shape stays. In files it has these dimensions, by default those of
  /// the matrix. See visit_parameters() for one matrix for each parameter of a store.
  template <class T>
  void matrix(std::string_view name, Matrix<T>& value, std::optional<Dimensions> dimensions = std::nullopt,
              const NumberRange& range = any_number);

  // What the above do not say is said with these.

  /// Whether it takes, and does not put back.
  bool taking() const { return taken_ != nullptr; }
  /// Takes a list of numbers.
  void take(std::string_view name, std::vector<double> values);
  /// Takes a list of whole numbers.
  void take(std::string_view name, std::vector<Index> values);
  /// Takes a matrix.
  void take(std::string_view name, AnyMatrix value);
  /// Whether there is something of that name to be put back.
  bool has(std::string_view name) const;
  /// The list that is to be put back; empty, and a fault, if it is missing, or has not as many as there
  /// should be.
  template <class T>
  std::vector<T> given(std::string_view name, std::optional<Index> size = std::nullopt);
  /// The matrix that is to be put back, of whatever type and shape; null, and a fault, if it is missing. It
  /// lives as long as the state.
  const AnyMatrix* given_matrix(std::string_view name);
  /// Notes a fault unless all of what is to be put back is in the range.
  void require(std::string_view name, const std::vector<double>& given, const NumberRange& range);
  /// Notes a fault unless all of what is to be put back is at most `most`.
  void require(std::string_view name, const std::vector<Index>& given, Index most);
  /// What is to be put back does not fit: "of 3 epochs, of which the 5th is next".
  void fault(std::string_view name, const std::string& what);
  /// Whether all that was visited fitted so far.
  bool fits() const { return faults_.empty(); }
  /// Called once all is known to fit. It may not throw.
  void at_commit(std::function<void()> put);

  /// StateError of `who` if anything was missing, of another shape or type, or of another kind; or if
  /// `complete`, was left over. It names the first few of each.
  void require_fit(bool complete, const std::string& who = "restore") const;
  /// Puts everything back. To be called once, after require_fit().
  void commit() noexcept;

 private:
  void count(std::string_view name, Index value, Index least, Index most,
             const std::function<void(Index)>& put);
  std::string full(std::string_view name) const;
  /// The matrix of that name; null, and a fault, if there is none.
  const AnyMatrix* find(std::string_view name, const char* wanted);
  /// The same if it fits.
  template <class T>
  const Matrix<T>* fitting(std::string_view name, std::optional<Shape> shape);

  StateDict* taken_ = nullptr;
  const StateDict* given_ = nullptr;
  std::string prefix_;
  std::vector<std::string> faults_;
  std::unordered_set<std::string> seen_;
  std::vector<std::function<void()>> puts_;
};

/// Whatever names its state for a visitor.
template <class T>
concept Stateful = requires(T& object, StateVisitor& visitor) {
  object.visit_state(visitor);
};

/// What an object remembers.
template <Stateful T>
StateDict state_of(T& object) {
  StateDict state;
  StateVisitor visitor(state);
  object.visit_state(visitor);
  return state;
}

/// Makes an object what it was when its state was taken. StateError, and nothing changed, if that does not
/// fit: it names what is missing, left over, or of another shape.
template <Stateful T>
void restore(T& object, const StateDict& state) {
  StateVisitor visitor(state);
  object.visit_state(visitor);
  visitor.require_fit(true);
  visitor.commit();
}

}  // namespace tapedeck
