#pragma once

/// @file
/// Where a vjp puts a cotangent.

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "tapedeck/core/error.hpp"
#include "tapedeck/core/map.hpp"
#include "tapedeck/core/product.hpp"
#include "tapedeck/tape/detail/pass.hpp"

namespace tapedeck {
namespace detail {

template <class E>
concept ArmadilloExpression = arma::is_arma_type<E>::value;

// A plain matrix or its transpose, which BLAS takes as it is.
template <class E>
struct AsFactor : std::false_type {};
template <class T>
struct AsFactor<Matrix<T>> : std::true_type {
  static Factor<T> of(const Matrix<T>& m) { return {m, false}; }
};
template <class T>
struct AsFactor<arma::Op<Matrix<T>, arma::op_htrans>> : std::true_type {
  static Factor<T> of(const arma::Op<Matrix<T>, arma::op_htrans>& m) { return {m.m, true}; }
};
template <class T>
struct AsFactor<arma::Op<Matrix<T>, arma::op_strans>> : std::true_type {
  static Factor<T> of(const arma::Op<Matrix<T>, arma::op_strans>& m) { return {m.m, true}; }
};

template <class E>
struct IsProduct : std::false_type {};
template <class A, class B>
struct IsProduct<arma::Glue<A, B, arma::glue_times>>
    : std::bool_constant<AsFactor<A>::value && AsFactor<B>::value> {};

// Evaluated element by element, so that Armadillo adds it in place.
template <class E>
inline constexpr bool elementwise =
    arma::is_Mat<E>::value || arma::is_eOp<E>::value || arma::is_eGlue<E>::value;

// A Map, or a kernel used as one: computed when it is written into a matrix, or added onto it.
template <class C, class T>
concept WrittenOrAdded = requires(const C& contribution, Matrix<T>& target) {
  { contribution.shape() } -> std::same_as<Shape>;
  contribution.into(target);
  contribution.onto(target);
};

template <class>
inline constexpr bool never = false;

// What a function gives to be added. An expression would refer to temporaries that ended with the function.
template <class C>
const C& evaluated(const C& contribution) {
  static_assert(
      arma::is_Mat<C>::value || !ArmadilloExpression<C>,
      "sink: the function gives an expression; let it give a matrix, by .eval(), or take `auto& sum` to "
      "add to");
  return contribution;
}

// What an operator gives that has a sink as one of its operands.
template <class Other>
const Other& read_sink(const Other& other) {
  static_assert(never<Other>, "sink: it cannot be read, only added to; compute with what the vjp is given");
  return other;
}

}  // namespace detail

/// The cotangent of one input, as a vjp sees it. It can only be added to:
///
///     dx += w.t() * dy;                  // a product goes straight to BLAS
///     db += arma::sum(dy, 1);            // the first contribution writes, a later one adds
///     dx += map(f, dy, x);               // a function of elements
///     dx += [&](auto& sum) { ... };      // a loop: called only if somebody wants dx, to add to sum(r, c)
///
/// It takes the contribution of one record: a vjp that leaves a wanted sink without any throws ContractError.
/// An input whose derivative is zero by design is marked `:zero` in the signature, and has no sink.
template <class T>
class Sink {
 public:
  /// Made by the library for each call of a vjp.
  Sink(detail::Pass& pass, std::uint32_t entry, std::string_view name)
      : pass_(pass),
        name_(name),
        wanted_(pass.entry(entry).wanted),
        target_(wanted_ ? pass.contribute(entry) : Target{}),
        sum_(view(static_cast<T*>(target_.data), wanted_ ? pass.entry(entry).shape() : Shape{})) {
    pin(sum_);
  }
  Sink(const Sink&) = delete;

  // Compilers show the line of a deleted function, and so the sentence.
  Sink& operator=(const Sink&) = delete;  ///< sink: it cannot be assigned to; write +=
  template <class Anything>
  Sink& operator=(const Anything&) = delete;  ///< sink: it cannot be assigned to; write +=

  /// Whether anybody wants this cotangent; work that serves nothing else may be left out.
  bool wanted() const { return wanted_; }
  /// Whether the vjp gave a contribution.
  bool contributed() const { return said_ == Said::contribution; }
  /// Whether the vjp gave a contribution or said none().
  bool touched() const { return said_ != Said::nothing; }

  /// Says that nothing was contributed. If the cotangent is wanted, backward throws ContractError with the
  /// name of a parameter that would not be trained.
  void none() {
    if (said_ == Said::nothing) said_ = Said::none;
  }

  /// Adds an Armadillo expression of the input's shape. ShapeError for another shape.
  template <detail::ArmadilloExpression E>
  void operator+=(const E& contribution) {
    constexpr bool same_elements = std::is_same_v<typename E::elem_type, T>;
    static_assert(same_elements, "sink: float is added where double is due, or double where float is due");
    said_ = Said::contribution;
    if (!wanted_) return;
    const bool first = *target_.written == 0;
    if constexpr (detail::IsProduct<E>::value) {
      using A = detail::AsFactor<std::remove_cvref_t<decltype(contribution.A)>>;
      using B = detail::AsFactor<std::remove_cvref_t<decltype(contribution.B)>>;
      multiply(sum_, A::of(contribution.A), B::of(contribution.B), !first);
    } else if constexpr (same_elements) {
      add(contribution, first);
    }
    *target_.written = 1;
  }

  /// Adds a function of elements. ShapeError for another shape than the input's.
  template <detail::WrittenOrAdded<T> Function>
  void operator+=(const Function& contribution) {
    said_ = Said::contribution;
    if (!wanted_) return;
    if (contribution.shape() != shape_of(sum_)) refuse_shape();
    if (*target_.written == 0) {
      contribution.into(sum_);
    } else {
      contribution.onto(sum_);
    }
    *target_.written = 1;
  }

  /// Calls a function with a matrix of the input's shape to add to, element by element, or in whatever way:
  /// it holds what was contributed so far, zero at first. It is called only if the cotangent is wanted.
  template <std::invocable<Matrix<T>&> F>
  void operator+=(const F& add_to) {
    if (accumulate() != nullptr) add_to(sum_);
  }

  /// Adds the matrix or the map that a function of no arguments gives. It is called only if the cotangent is
  /// wanted.
  template <std::invocable F>
  void operator+=(const F& contribution) {
    said_ = Said::contribution;
    if (wanted_) *this += detail::evaluated(contribution());
  }

  /// Does not compile, and says what can be added.
  template <class Anything>
  void operator+=(const Anything& /*contribution*/) {
    static_assert(detail::never<Anything>,
                  "sink: this cannot be added to it; it takes a matrix, a map, or a callable that gives one");
  }
  /// Does not compile: add the negative instead.
  template <class Anything>
  void operator-=(const Anything& /*contribution*/) {
    static_assert(detail::never<Anything>, "sink: it cannot be subtracted from; write += and a minus");
  }
  template <class Other>
  friend const Other& operator+(const Sink&, const Other& other) {
    return detail::read_sink(other);
  }
  template <class Other>
  friend const Other& operator+(const Other& other, const Sink&) {
    return detail::read_sink(other);
  }
  template <class Other>
  friend const Other& operator-(const Sink&, const Other& other) {
    return detail::read_sink(other);
  }
  template <class Other>
  friend const Other& operator-(const Other& other, const Sink&) {
    return detail::read_sink(other);
  }
  template <class Other>
  friend const Other& operator*(const Sink&, const Other& other) {
    return detail::read_sink(other);
  }
  template <class Other>
  friend const Other& operator*(const Other& other, const Sink&) {
    return detail::read_sink(other);
  }
  template <class Other>
  friend const Other& operator%(const Sink&, const Other& other) {
    return detail::read_sink(other);
  }
  template <class Other>
  friend const Other& operator%(const Other& other, const Sink&) {
    return detail::read_sink(other);
  }

  /// Where the contribution goes, for a kernel that serves several sinks at once: the first contribution is
  /// to be written, a later one added. Nowhere if nobody wants it.
  Destination<T> destination() {
    said_ = Said::contribution;
    if (!wanted_) return {nullptr, false};
    const bool add = *target_.written != 0;
    *target_.written = 1;
    return {sum_.memptr(), add};
  }

  /// The memory that a function adds to, column by column, for loops that serve several sinks at once. Null
  /// if nobody wants it.
  T* accumulate() {
    const Destination<T> to = destination();
    if (to.data != nullptr && !to.add) sum_.zeros();
    return to.data;
  }

 private:
  using Target = detail::Target;
  enum class Said : std::uint8_t { nothing, none, contribution };

  template <class E>
  void add(const E& contribution, bool first) {
    try {
      if (first) {
        sum_ = contribution;
      } else if constexpr (detail::elementwise<E>) {
        sum_ += contribution;
      } else {  // into scratch of the tape, since Armadillo would allocate
        const std::size_t bytes = sum_.n_elem * sizeof(T);
        void* memory = pass_.values.allocate_scratch(bytes);
        Matrix<T> scratch = view(static_cast<T*>(memory), shape_of(sum_));
        pin(scratch);
        scratch = contribution;
        sum_ += scratch;
        pass_.values.give_back(memory, bytes);
      }
    } catch (const std::logic_error&) {  // Armadillo's word for a wrong size
      refuse_shape();
    }
  }
  [[noreturn]] void refuse_shape() const {
    throw ShapeError({.who = "vjp",
                      .given = "d" + std::string(name_) + " got a contribution of another shape",
                      .wanted = to_string(shape_of(sum_)),
                      .hint = "a cotangent has the shape of its input"});
  }

  detail::Pass& pass_;
  std::string_view name_;  // of the input
  bool wanted_;
  Said said_ = Said::nothing;
  Target target_;
  Matrix<T> sum_;
};

}  // namespace tapedeck
