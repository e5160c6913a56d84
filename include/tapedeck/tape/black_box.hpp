#pragma once

/// @file
/// What a pass was given, in a file, to repeat it where it can be watched.
///
///     try {
///       const td::Value loss = td::mse(model(tape.input(x)), tape.input(y), td::batch_mean);
///       tape.backward(loss);
///     } catch (const td::NonFiniteError&) {
///       td::BlackBox(tape).write("nan.box");
///       throw;
///     }
///
/// Then, in a program of its own, under a debugger with a breakpoint on throw:
///
///     const auto box = td::BlackBox::read("nan.box");
///     td::ParameterStore store{box.store_options()};
///     const Model model{store};
///     box.restore(store);
///     td::Memory memory;
///     td::Tape tape{store, memory, box.tape_options()};  // looks for NaN and Inf after every record
///     const std::vector<td::Value> in = box.inputs(tape);
///     tape.backward(td::mse(model(in[0]), in[1], td::batch_mean));  // throws where it went wrong
///
/// The Trainer writes one by itself: `FitOptions::black_box`.

#include <cstdint>
#include <string>
#include <vector>

#include "tapedeck/core/matrix.hpp"
#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/tape/tape.hpp"

namespace tapedeck {

/// Inputs, parameters, buffers, random key and mode of one pass. The file is text, with numbers in C's
/// hexadecimal form, so that every bit is kept.
class TAPEDECK_API BlackBox {
 public:
  /// Copies them out of an open tape, before or after `backward`. Parameters are taken as they are now.
  /// UsageError if the tape's Memory was destroyed.
  explicit BlackBox(const Tape& tape);

  /// What `write` has written. FileError, with file, line and what was expected, if there is no such file or
  /// it is damaged.
  static BlackBox read(const std::string& file);
  /// Replaces the file whole or not at all. FileError if it cannot be written.
  void write(const std::string& file) const;

  /// What the store was made with.
  ParameterStore::Options store_options() const { return store_options_; }
  /// What the tape was made with, and `check_finite`.
  TapeOptions tape_options() const { return tape_options_; }

  /// Gives a store the parameters and buffers of the pass. UsageError, ScalarError, NameError or ShapeError
  /// if the store was made with another seed or scalar, or does not have the same parameters and buffers;
  /// nothing has changed then.
  void restore(ParameterStore& store) const;

  /// Puts on a tape what the user had put on the tape of the pass, in the same order: data as `tape.input`,
  /// variables as `tape.variable`. Matrices that were given to losses as targets are among them.
  std::vector<Value> inputs(Tape& tape) const;

 private:
  struct Input {
    bool variable;
    AnyMatrix values;
  };
  struct Stored {
    std::string name;
    AnyMatrix values;
  };
  class Reader;

  BlackBox() = default;

  ParameterStore::Options store_options_;
  TapeOptions tape_options_;
  std::vector<Input> inputs_;
  std::vector<Stored> parameters_;
  std::vector<Stored> buffers_;
};

}  // namespace tapedeck
