#pragma once

/// @file
/// Internal: how an op is recorded on a pass, and how its record is replayed. Authors of ops need not read
/// this; `op.hpp` is theirs.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "tapedeck/core/matrix.hpp"
#include "tapedeck/tape/context.hpp"
#include "tapedeck/tape/detail/changes.hpp"
#include "tapedeck/tape/detail/errors.hpp"
#include "tapedeck/tape/detail/finite.hpp"
#include "tapedeck/tape/detail/op_contract.hpp"
#include "tapedeck/tape/detail/op_plan.hpp"
#include "tapedeck/tape/detail/pass.hpp"
#include "tapedeck/tape/detail/with_indices.hpp"
#include "tapedeck/tape/operand.hpp"
#include "tapedeck/tape/signature.hpp"
#include "tapedeck/tape/sink.hpp"

namespace tapedeck::detail {

// The entries of an op's inputs.
template <class O>
using Inputs = std::array<std::uint32_t, O::signature.inputs.size>;

template <class O>
struct OpRecord : Record {
  Inputs<O> operands;
  [[no_unique_address]] O op;
  explicit OpRecord(const O& o) : op(o) {}
};

// Calls f; what it throws is rethrown with the op's name and place.
template <class O, class F>
decltype(auto) call_for(const Place* place, const F& f) {
  try {
    return f();
  } catch (...) {
    rethrow_from(O::name, place);
  }
}

// Returns what an argument refers to: a matrix on the memory of an entry, or a sink for its cotangent. It is
// a temporary of the call that it is passed to, so it is neither copied nor moved.
template <class T, Role role, bool index>
typename Referent<T, role, index>::Type make_argument(Pass& pass, std::uint32_t number,
                                                      [[maybe_unused]] std::string_view name) {
  const Entry& entry = pass.entry(number);
  if constexpr (role == Role::sink) {
    return Sink<T>(pass, number, name);
  } else if constexpr (role == Role::cotangent) {
    return view(static_cast<const T*>(pass.read_cotangent(number)), entry.shape());
  } else if constexpr (role == Role::write) {
    return view(static_cast<ElementOf<T, index>*>(entry.data), entry.shape());
  } else {
    return view(static_cast<const ElementOf<T, index>*>(entry.data), entry.shape());
  }
}

// Outputs keep the shapes that the signature says; inputs are const.
template <class T>
void pin_output(Matrix<T>& output) {
  pin(output);
}
void pin_output(const auto& /*input or sink*/) {}

// Calls a member, with a Context first unless it does without. The return type of this function and the next
// is deduced for the sake of Clang's notes.
template <class Member, class O, class... A>
auto call_member(Pass& pass, const O& op, A&... arguments) {
  if constexpr (Returns<Member, void, const O, A&...>) {
    Member::call(op, arguments...);
  } else {
    Context context(pass);
    Member::call(op, context, arguments...);
  }
}

struct Nothing {
  void operator()(const auto& /*argument*/, std::size_t /*operand_number*/) const {}
};

// Calls a member on the entries of an op: those of its inputs, and those of outputs and saved matrices, which
// follow each other from `first_output` on. Then calls done(argument, number of its operand) for each
// argument.
template <class Member, class T, class O, class Done = Nothing>
auto call_on_entries(Pass& pass, const Place* place, const O& op, const Inputs<O>& inputs,
                     std::uint32_t first_output, const Done& done = {}) {
  static constexpr const Arguments& list = arguments_of<Member, O>;
  const auto entry_of = [&](std::size_t number) {
    return number < inputs.size() ? inputs[number]
                                  : first_output + static_cast<std::uint32_t>(number - inputs.size());
  };
  with_indices<list.size>([&](auto... i) {
    const auto call = [&](auto&&... argument) {
      (pin_output(argument), ...);
      call_for<O>(place, [&] { call_member<Member>(pass, op, argument...); });
      (done(argument, list[i].operand_number), ...);
    };
    call(make_argument<T, list[i].role, list[i].index>(
        pass, entry_of(list[i].operand_number), operand(O::signature, list[i].operand_number).name)...);
  });
}

// Requires that a vjp contributed to a cotangent that is wanted.
template <class T>
void require_contribution(const Pass& pass, const Record& record, std::size_t input, const Sink<T>& sink) {
  if (!sink.wanted() || sink.contributed()) return;
  if (sink.touched()) refuse_none(pass, record, input);
  refuse_vjp(record, input, "was left untouched by the vjp", "a contribution",
             "if its derivative is zero by design, mark the input in the signature: x(f,b):zero");
}
template <class T>
void require_contribution(const Pass& /*pass*/, const Record& /*record*/, std::size_t /*operand*/,
                          const Matrix<T>& /*matrix*/) {}

// Calls the vjp of a record that a cotangent reached.
template <class O, class T>
void replay(Pass& pass, const Record& base) {
  if constexpr (has_sinks<O>) {
    const auto& record = static_cast<const OpRecord<O>&>(base);
    if (!pass.reached(record, O::signature.outputs.size)) return;
    call_on_entries<Vjp, T>(pass, record.place, record.op, record.operands, record.first_output,
                            [&](const auto& argument, std::size_t operand_number) {
                              require_contribution(pass, record, operand_number, argument);
                            });
  }
}

// Returns what an op says its forward costs; one operation for each element of the largest operand if it says
// nothing.
template <class O>
double flops(const Pass& pass, const Record& base) {
  const auto& record = static_cast<const OpRecord<O>&>(base);
  const auto shape = [&](std::uint32_t entry) { return pass.entry(entry).shape(); };
  return with_indices<O::signature.inputs.size>([&](auto... i) {
    if constexpr (requires { record.op.flops(shape(record.operands[i])...); }) {
      return record.op.flops(shape(record.operands[i])...);
    } else {
      Index most = 0;
      for (const std::uint32_t input : record.operands) most = std::max(most, shape(input).size());
      for (std::uint32_t j = 0; j < O::signature.outputs.size; ++j)
        most = std::max(most, shape(record.first_output + j).size());
      return static_cast<double>(most);
    }
  });
}

template <class O, class T>
inline constexpr RecordType record_type{O::name, &O::signature, false, &replay<O, T>, &flops<O>};

// The sizes that the words of a signature stand for.
struct Sizes {
  std::array<std::uint32_t, Signature::max_words> of{};
  std::array<bool, Signature::max_words> bound{};

  // Returns whether `given` is what the signature says; a word met for the first time takes the size given.
  bool fits(Signature::Size size, Index given) {
    if (!size.word) return size.number == given;
    if (!bound[size.number]) {
      if (given >> 32U != 0) return false;
      bound[size.number] = true;
      of[size.number] = static_cast<std::uint32_t>(given);
    }
    return of[size.number] == given;
  }
  Index operator()(Signature::Size size) const { return size.word ? of[size.number] : size.number; }
};

template <class T>
constexpr Element element_of_operand(const Signature::Operand& o) {
  return o.index ? Element::index : element_of<T>;
}

// Returns the sizes of the inputs. ScalarError and ShapeError unless they are what the signature says.
template <class O, class T>
Sizes bind_inputs(const Pass& pass, const Inputs<O>& inputs) {
  constexpr const Signature& s = O::signature;
  Sizes sizes;
  for (std::size_t i = 0; i < s.inputs.size; ++i) {
    const Entry& e = pass.entry(inputs[i]);
    if (e.element != element_of_operand<T>(s.inputs[i])) refuse_element(pass, O::name, s, inputs.data(), i);
    if (!sizes.fits(s.inputs[i].rows, e.rows) || !sizes.fits(s.inputs[i].cols, e.cols))
      refuse_shape(pass, O::name, s, inputs.data(), i, sizes.of.data(), sizes.bound.data());
  }
  return sizes;
}

// Adds the sizes that the op's shape() gives. ShapeError if they contradict the signature.
template <class O>
void bind_shape(const Pass& pass, const O& op, const Inputs<O>& inputs, Sizes& sizes) {
  const Shape shape = call_for<O>(pass.records.place(), [&] {
    return with_indices<O::signature.inputs.size>(
        [&](auto... i) { return op.shape(pass.entry(inputs[i]).shape()...); });
  });
  constexpr const Signature::Operand& output = O::signature.outputs[0];
  if (!sizes.fits(output.rows, shape.rows) || !sizes.fits(output.cols, shape.cols))
    refuse_shapes(O::name, pass.records.place(), "its shape() gave " + to_string(shape));
}

// Appends entries for outputs and for what is saved, their elements not set. A cotangent is wanted of `live`
// outputs.
template <class O, class T>
void append_entries(Pass& pass, const Sizes& sizes, bool live) {
  constexpr const Signature& s = O::signature;
  for (std::size_t i = first_output(s); i < operand_count(s); ++i) {
    const Signature::Operand& o = operand(s, i);
    pass.values.append(element_of_operand<T>(o), {sizes(o.rows), sizes(o.cols)},
                       live && i < first_saved(s) && !o.index);
  }
}

// Appends an entry for each output, and lets the surrogate set them.
template <class O>
void apply_surrogate(Pass& pass, const O& op, const Inputs<O>& inputs, std::uint32_t first_output) {
  const std::uint32_t first = pass.values.size();
  for (std::uint32_t j = 0; j < O::signature.outputs.size; ++j) {
    const Entry& output = pass.entry(first_output + j);
    pass.values.append(output.element, output.shape(), false);
  }
  call_on_entries<Surrogate, double>(pass, pass.records.place(), op, inputs, first);
}

// Calls the forward, which sets the entries from `first_output` on. Where the gradient checker asks for it,
// outputs are replaced by what the surrogate gives.
template <class O, class T>
void apply_forward(Pass& pass, const O& op, const Inputs<O>& inputs, std::uint32_t first_output) {
  if constexpr (has_surrogate<O> && std::is_same_v<T, double>) {
    if (SurrogateOutputs* surrogates = pass.settings().surrogates; surrogates != nullptr) {
      const std::uint32_t first_surrogate = pass.values.size();
      // Before the forward, which is to draw the same random numbers.
      pass.random.without_drawing([&] { apply_surrogate(pass, op, inputs, first_output); });
      call_on_entries<Forward, T>(pass, pass.records.place(), op, inputs, first_output);
      surrogates->replace(pass, O::name, first_output, first_surrogate, O::signature.outputs.size);
      return;
    }
  }
  call_on_entries<Forward, T>(pass, pass.records.place(), op, inputs, first_output);
}

// Applies an op and returns the entry of its first output. Makes a record if a cotangent may flow back
// through it, or if the tape is traced.
template <class O, class T>
std::uint32_t record(Pass& pass, const O& op, const Inputs<O>& inputs) {
  constexpr const Signature& s = O::signature;
  pass.begin_record(O::name);
  Sizes sizes = bind_inputs<O, T>(pass, inputs);
  if constexpr (has_shape<O>) bind_shape(pass, op, inputs, sizes);
  bool live = false;
  for (std::size_t i = 0; i < s.inputs.size; ++i) live |= pass.entry(inputs[i]).wanted && !s.inputs[i].zero;
  live = live && pass.mode() == train;

  const double start = pass.traced() ? Records::now() : 0;
  const std::uint32_t first = pass.values.size();
  append_entries<O, T>(pass, sizes, live);
  apply_forward<O, T>(pass, op, inputs, first);
  if (pass.check_finite()) require_finite(pass, O::name, s, inputs.data(), first);
  if (live || pass.traced()) {
    auto& made = pass.records.append<OpRecord<O>>(op, start);
    made.type = &record_type<O, T>;
    made.operands = inputs;
    made.inputs = made.operands.data();
    made.input_count = s.inputs.size;
    made.first_output = first;
    if (pass.check_finite()) note_checksums(pass, made);
  }
  return first;
}

// The pass that an operand brings, if it is a Value.
template <class Handle>
Pass* pass_brought_by(const Handle& operand) {
  if constexpr (std::is_same_v<Handle, Value>) {
    return &Pass::of(operand);
  } else {
    return nullptr;
  }
}

template <class Handle>
std::uint32_t entry_on(Pass& pass, const Handle& operand) {
  if constexpr (std::is_same_v<Handle, Operand>) {
    return operand.entry_on(pass);
  } else {
    return pass.resolve(operand);
  }
}

}  // namespace tapedeck::detail
