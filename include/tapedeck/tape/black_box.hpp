#pragma once

/// @file
/// What a pass was given, to repeat it where it can be watched.
///
///     try {
///       const td::Value loss = td::mse(model(tape.input(x)), tape.input(y), td::batch_mean);
///       tape.backward(loss);
///     } catch (const td::NonFiniteError&) {
///       td::write_black_box("nan.safetensors", td::BlackBox(tape));
///       throw;
///     }
///
/// Then, in a program of its own, under a debugger with a breakpoint on throw:
///
///     const td::BlackBox box = td::read_black_box("nan.safetensors");
///     td::ParameterStore store{box.store_options()};
///     const Model model{store};
///     box.restore(store);
///     td::Memory memory;
///     td::Tape tape{store, memory, box.tape_options()};  // looks for NaN and Inf after every record
///     const std::vector<td::Value> in = box.inputs(tape);
///     tape.backward(td::mse(model(in[0]), in[1], td::batch_mean));  // throws where it went wrong
///
/// Files are written and read by tapedeck::io, see io/black_box.hpp. The Trainer makes a black box by itself:
/// `FitOptions::black_box`.

#include <utility>
#include <vector>

#include "tapedeck/core/matrix.hpp"
#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/state/state_dict.hpp"
#include "tapedeck/tape/tape.hpp"

namespace tapedeck {

/// Inputs, parameters, buffers, random key and mode of one pass, as a state. Parameters and buffers have
/// their own names in it; under "pass/" are the seed, the scalar, the mode, the step, the first column, the
/// inputs in the order in which they were put on the tape ("pass/inputs/0"), and which of them are variables.
class TAPEDECK_API BlackBox {
 public:
  /// Copies them out of an open tape, before or after `backward`. Parameters are taken as they are now.
  /// UsageError if the tape's Memory was destroyed.
  explicit BlackBox(const Tape& tape);
  /// Takes the state of a black box over. StateError, which names the entries, if some are missing, or have
  /// a value, type or shape that those of a pass cannot have.
  explicit BlackBox(StateDict state);

  /// All that it holds, to be kept in a file.
  const StateDict& state() const& { return state_; }
  /// The same of a box that ends, moved out of it.
  StateDict state() && { return std::move(state_); }

  /// What the store was made with.
  ParameterStore::Options store_options() const { return setup_.store; }
  /// What the tape was made with, and `check_finite`.
  TapeOptions tape_options() const { return setup_.tape; }

  /// Gives a store the parameters and buffers of the pass; seals the store. UsageError or ScalarError if the
  /// store was made with another seed or scalar; StateError, which names them, if it does not have the same
  /// parameters and buffers. No value has changed then.
  void restore(ParameterStore& store) const;

  /// Puts on a tape what the user had put on the tape of the pass, in the same order: data as `tape.input`,
  /// variables as `tape.variable`. Matrices that were given to losses as targets are among them.
  std::vector<Value> inputs(Tape& tape) const;

 private:
  /// What the pass was made with, and for each input 1 if it is a variable, 0 if not.
  struct Setup {
    ParameterStore::Options store;
    TapeOptions tape = {.check_finite = true, .step = 0};
    std::vector<Index> variables;

    void visit_state(StateVisitor& visitor);
  };

  StateDict state_;
  Setup setup_;
};

}  // namespace tapedeck
