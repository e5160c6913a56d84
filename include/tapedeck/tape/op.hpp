#pragma once

/// @file
/// How an op gets onto a tape: `apply`.
///
/// An op is a small value with
///   - `static constexpr auto name`: what records and errors call it,
///   - `static constexpr Signature signature`: see there,
///   - `forward(outputs..., saved..., inputs...) const`, which sets every element of its outputs and of what
///     it saves,
///   - `vjp(sinks..., output cotangents..., kept...) const`: a Sink for each input that is neither `:index`
///     nor `:zero`; then the outputs' cotangents; then what is kept, in the order of the signature: inputs
///     with a `*`, outputs with a `*`, what the forward saved. An op without such inputs has no vjp.
///
/// Both bodies are written with `auto`: they see Armadillo matrices of float or of double. Members are the
/// op's options; it has no state. If the signature cannot say the shape of the (first) output, a member
/// `Shape shape(Shape input...) const` does. A `forward` that wants to know the mode, random numbers or to
/// hand over statistics takes a `Context&` as its first argument. For tables of a tape, a member
/// `double flops(Shape input...) const` may say what the forward costs.
///
/// Where the vjp is not the derivative of the forward on purpose, a member
/// `surrogate(outputs..., inputs...) const` is the function whose derivative it is. It sets its outputs as a
/// forward does, has nothing saved to set, and may take a `Context&` first, which gives it the random numbers
/// that the forward is given. Only the gradient checker calls it, and compares the vjp with it:
///
///     struct SignOp {                                  // straight through: backwards as if y = x
///       static constexpr auto name = "sign";
///       static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
///       void forward(auto& y, const auto& x) const { y = arma::sign(x); }
///       void surrogate(auto& y, const auto& x) const { y = x; }
///       void vjp(auto& dx, const auto& dy) const { dx += dy; }
///     };
///
/// A second pass allocates nothing as long as the bodies do not. Armadillo evaluates these without
/// temporaries: sums, differences, products and functions element by element (`a % b + arma::exp(c)`),
/// products of matrices and their transposes, `arma::sum(a % b, 1)`, `arma::diagmat(s.col(0)) * x`. Others
/// make a temporary, such as `x.each_col() % s`; a loop, or `map`, does without. Never keep an expression
/// under `auto`, as it refers to temporaries that end with its line: write `const auto g = (s % dy).eval();`.
///
/// C++ leaves open in which order arguments are evaluated, so of `apply(op, f(x), g(x))` either f or g may be
/// recorded first; where that matters, as for masks that one layer draws twice, name them on lines of their
/// own.

#include <algorithm>
#include <array>
#include <utility>

#include "tapedeck/tape/detail/errors.hpp"
#include "tapedeck/tape/detail/finite.hpp"
#include "tapedeck/tape/detail/op_contract.hpp"
#include "tapedeck/tape/detail/op_plan.hpp"
#include "tapedeck/tape/detail/pass.hpp"
#include "tapedeck/tape/operand.hpp"
#include "tapedeck/tape/sink.hpp"

namespace tapedeck {

/// What a forward may ask of its tape.
class Context {
 public:
  /// Made by the library for each call of a forward.
  explicit Context(detail::Pass& pass) : pass_(pass) {}

  /// Whether the tape is in train mode.
  bool training() const { return pass_.mode() == train; }
  /// A stream for this use of this layer at this step; the same in a recomputation.
  Random random() { return pass_.random.next(pass_.records.layer()); }
  /// Where this tape's first column lies in the whole batch: the column to add when drawing.
  Index first_column() const { return pass_.first_column(); }
  /// Keeps a batch's statistic; at the optimizer's step, buffer = (1 - momentum) buffer + momentum statistic.
  /// `statistic` must be one of the forward's outputs or of what it saves. ShapeError if it has not the
  /// buffer's shape.
  template <class T>
  void hand_over(Buffer buffer, const Matrix<T>& statistic, double momentum) {
    detail::require_statistic(pass_, buffer, shape_of(statistic));
    pass_.statistics.record({buffer.slot(), statistic.memptr(), statistic.n_elem, momentum});
  }

 private:
  detail::Pass& pass_;
};

namespace detail {

template <class O>
struct OpRecord : Record {
  std::array<std::uint32_t, Plan<O>::inputs> operands;
  [[no_unique_address]] O op;
  explicit OpRecord(const O& o) : op(o) {}
};

// Matrices over entries. They are made as temporaries of one call expression, so they are neither copied nor
// moved.
template <class T>
Matrix<T> writable(const Entry& e) {
  return view(static_cast<T*>(e.data), e.shape());
}
template <class T>
const Matrix<T> readable(const Entry& e) {
  return view(static_cast<const T*>(e.data), e.shape());
}
template <class T>
const Matrix<T> cotangent(Pass& pass, std::uint32_t entry) {
  return view(static_cast<const T*>(pass.read_cotangent(entry)), pass.entry(entry).shape());
}

// Outputs keep the shapes that the signature says; inputs are const.
template <class T>
void pin_output(Matrix<T>& output) {
  pin(output);
}
template <class T>
void pin_output(const Matrix<T>& /*input*/) {}

template <class O, class T>
void replay(Pass& pass, const Record& base) {
  using P = Plan<O>;
  const auto& record = static_cast<const OpRecord<O>&>(base);
  if (!pass.reached(record, P::outputs)) return;
  const auto entry_of = [&](std::size_t number) {
    return number < P::inputs ? record.operands[number]
                              : record.first_output + static_cast<std::uint32_t>(number - P::inputs);
  };
  if constexpr (P::sinks > 0) {
    [&]<std::size_t... S, std::size_t... D, std::size_t... K>(
        std::index_sequence<S...>, std::index_sequence<D...>, std::index_sequence<K...>) {
      const auto with_sinks = [&](auto&&... sink) {
        const auto with_matrices = [&](auto&&... matrix) {
          try {
            record.op.vjp(sink..., matrix...);
          } catch (...) {
            rethrow_from(O::name, record.place);
          }
        };
        with_matrices(cotangent<T>(pass, record.first_output + static_cast<std::uint32_t>(D))...,
                      readable<ElementOf<T, P::kept[K].index>>(pass.entry(entry_of(P::kept[K].number)))...);
        const auto require_contribution = [&](const Sink<T>& s, std::size_t input) {
          if (!s.wanted() || s.contributed()) return;
          if (s.touched()) refuse_none(pass, record, input);
          refuse_vjp(record, input, "was left untouched by the vjp", "a contribution",
                     "if its derivative is zero by design, mark the input in the signature: x(f,b):zero");
        };
        (require_contribution(sink, P::sink_inputs[S]), ...);
      };
      with_sinks(Sink<T>(pass, record.operands[P::sink_inputs[S]], P::s.inputs[P::sink_inputs[S]].name)...);
    }
    (std::make_index_sequence<P::sinks>{}, std::make_index_sequence<P::outputs>{},
     std::make_index_sequence<P::kept_count>{});
  }
}

// What an op says its forward costs; one operation for each element of the largest operand if it says
// nothing.
template <class O>
double flops(const Pass& pass, const Record& base) {
  using P = Plan<O>;
  const auto& record = static_cast<const OpRecord<O>&>(base);
  const auto shape = [&](std::uint32_t entry) { return pass.entry(entry).shape(); };
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    if constexpr (requires { record.op.flops(shape(record.operands[I])...); }) {
      return record.op.flops(shape(record.operands[I])...);
    } else {
      Index most = 0;
      for (const std::uint32_t input : record.operands) most = std::max(most, shape(input).size());
      for (std::uint32_t j = 0; j < P::outputs; ++j)
        most = std::max(most, shape(record.first_output + j).size());
      return static_cast<double>(most);
    }
  }
  (std::make_index_sequence<P::inputs>{});
}

template <class O, class T>
inline constexpr RecordType record_type{O::name, &O::signature, false, &replay<O, T>, &flops<O>};

// The sizes that the words of a signature stand for.
struct Sizes {
  std::array<std::uint32_t, Signature::max_words> of{};
  std::array<bool, Signature::max_words> bound{};

  // Whether `given` is what the signature says; a word met for the first time takes the size given.
  bool fits(Signature::Size size, std::uint32_t given) {
    if (!size.word) return size.number == given;
    if (!bound[size.number]) {
      bound[size.number] = true;
      of[size.number] = given;
    }
    return of[size.number] == given;
  }
  Index operator()(Signature::Size size) const { return size.word ? of[size.number] : size.number; }
};

// Appends an entry for each output of op and lets the surrogate set it.
template <class O, std::size_t... J, std::size_t... I>
void apply_surrogate(Pass& pass, const O& op, const std::array<std::uint32_t, Plan<O>::inputs>& operands,
                     std::uint32_t first_output, std::index_sequence<J...>, std::index_sequence<I...>) {
  constexpr const Signature& s = O::signature;
  const std::uint32_t first = pass.values.size();
  const auto entry = [&](std::uint32_t from, std::size_t offset) -> const Entry& {
    return pass.entry(from + static_cast<std::uint32_t>(offset));
  };
  (pass.values.append(entry(first_output, J).element, entry(first_output, J).shape(), false), ...);
  const auto with_matrices = [&](auto&&... matrix) {
    (pin_output(matrix), ...);
    try {
      if constexpr (requires { op.surrogate(matrix...); }) {
        op.surrogate(matrix...);
      } else {
        Context context(pass);
        op.surrogate(context, matrix...);
      }
    } catch (...) {
      rethrow_from(O::name, pass.records.place());
    }
  };
  with_matrices(writable<ElementOf<double, s.outputs[J].index>>(entry(first, J))...,
                readable<ElementOf<double, s.inputs[I].index>>(pass.entry(operands[I]))...);
}

template <class O, class T>
std::uint32_t record(Pass& pass, const O& op, const std::array<std::uint32_t, Plan<O>::inputs>& operands) {
  using P = Plan<O>;
  constexpr const Signature& s = O::signature;
  pass.begin_record(O::name);
  Sizes sizes;
  bool live = false;
  for (std::size_t i = 0; i < P::inputs; ++i) {
    const Entry& e = pass.entry(operands[i]);
    if (e.element != (s.inputs[i].index ? Element::index : element_of<T>)) {
      refuse_element(pass, O::name, s, operands.data(), i);
    }
    if (!sizes.fits(s.inputs[i].rows, e.rows) || !sizes.fits(s.inputs[i].cols, e.cols)) {
      refuse_shape(pass, O::name, s, operands.data(), i, sizes.of.data(), sizes.bound.data());
    }
    live |= e.wanted && !s.inputs[i].zero;
  }
  live = live && pass.mode() == train;
  return [&]<std::size_t... I, std::size_t... J, std::size_t... K>(
      std::index_sequence<I...>, std::index_sequence<J...>, std::index_sequence<K...>) {
    if constexpr (has_shape<O>) {
      const Shape shape = [&] {
        try {
          return op.shape(pass.entry(operands[I]).shape()...);
        } catch (...) {
          rethrow_from(O::name, pass.records.place());
        }
      }();
      const auto agrees = [&](Signature::Size size, Index stated) {
        return stated >> 32U == 0 && sizes.fits(size, static_cast<std::uint32_t>(stated));
      };
      if (!agrees(s.outputs[0].rows, shape.rows) || !agrees(s.outputs[0].cols, shape.cols)) {
        refuse_shapes(O::name, pass.records.place(), "its shape() gave " + to_string(shape));
      }
    }
    const double start = pass.traced() ? Records::now() : 0;
    const std::uint32_t first = pass.values.size();
    (pass.values.append(s.outputs[J].index ? Element::index : element_of<T>,
                        {sizes(s.outputs[J].rows), sizes(s.outputs[J].cols)}, live && !s.outputs[J].index),
     ...);
    (pass.values.append(s.saved[K].index ? Element::index : element_of<T>,
                        {sizes(s.saved[K].rows), sizes(s.saved[K].cols)}, false),
     ...);
    const auto entry = [&](std::size_t offset) -> const Entry& {
      return pass.entry(first + static_cast<std::uint32_t>(offset));
    };
    constexpr bool plays_surrogate = has_surrogate<O> && std::is_same_v<T, double>;
    if constexpr (plays_surrogate) {  // before the forward, which is to draw the same random numbers
      if (pass.settings().surrogates != nullptr) {
        pass.random.without_drawing([&] {
          apply_surrogate(pass, op, operands, first, std::index_sequence<J...>{},
                          std::index_sequence<I...>{});
        });
      }
    }
    const auto with_matrices = [&](auto&&... matrix) {
      (pin_output(matrix), ...);
      try {
        if constexpr (requires { op.forward(matrix...); }) {
          op.forward(matrix...);
        } else {
          Context context(pass);
          op.forward(context, matrix...);
        }
      } catch (...) {
        rethrow_from(O::name, pass.records.place());
      }
    };
    with_matrices(writable<ElementOf<T, s.outputs[J].index>>(entry(J))...,
                  writable<ElementOf<T, s.saved[K].index>>(entry(P::outputs + K))...,
                  readable<ElementOf<T, s.inputs[I].index>>(pass.entry(operands[I]))...);
    if constexpr (plays_surrogate) {
      if (pass.settings().surrogates != nullptr)
        pass.settings().surrogates->replace(pass, O::name, first, first + P::outputs + P::saved, P::outputs);
    }
    if (pass.check_finite()) require_finite(pass, O::name, s, operands.data(), first);
    if (live || pass.traced()) {
      auto& made = pass.records.append<OpRecord<O>>(op, start);
      made.type = &record_type<O, T>;
      made.operands = operands;
      made.inputs = made.operands.data();
      made.input_count = P::inputs;
      made.first_output = first;
      if (pass.check_finite()) note_checksums(pass, made);
    }
    return first;
  }
  (std::make_index_sequence<P::inputs>{}, std::make_index_sequence<P::outputs>{},
   std::make_index_sequence<P::saved>{});
}

// The pass that an operand brings, if it is a Value.
template <class Handle>
Pass* pass_brought_by(const Handle& operand) {
  if constexpr (std::same_as<Handle, Value>) {
    return &Pass::of(operand);
  } else {
    return nullptr;
  }
}

template <class Handle>
std::uint32_t entry_on(Pass& pass, const Handle& operand) {
  if constexpr (std::same_as<Handle, Operand>) {
    return operand.entry_on(pass);
  } else {
    return pass.resolve(operand);
  }
}

}  // namespace detail

/// Applies an op to Values, Parameters, Buffers and Operands and records it. At least one is a Value: it
/// brings the tape (`tape.parameter(p)` makes one of a parameter). Gives a Value, or an array of them if the
/// signature has several outputs.
///
/// Throws ShapeError and ScalarError naming the operand, HandleError for stale or foreign operands,
/// NonFiniteError on a tape that checks, and whatever the op's forward throws.
template <class O, class... Operands>
typename detail::Result<O>::Type apply(const O& op, const Operands&... operands) {
  if constexpr (!detail::CanApply<O, Operands...>) {
    detail::explain<O, Operands...>();
    return {};
  } else {
    using P = detail::Plan<O>;
    detail::Pass* pass = nullptr;
    ((pass = pass != nullptr ? pass : detail::pass_brought_by(operands)), ...);
    const std::array<std::uint32_t, P::inputs> entries{detail::entry_on(*pass, operands)...};
    const std::uint32_t first = pass->scalar() == Scalar::f32 ? detail::record<O, float>(*pass, op, entries)
                                                              : detail::record<O, double>(*pass, op, entries);
    return [&]<std::size_t... J>(std::index_sequence<J...>)->typename detail::Result<O>::Type {
      return {pass->value(first + static_cast<std::uint32_t>(J))...};
    }
    (std::make_index_sequence<P::outputs>{});
  }
}

}  // namespace tapedeck
