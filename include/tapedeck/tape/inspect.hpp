#pragma once

/// @file
/// What is on a tape: as a table, as a drawing, with times.
///
///     td::Tape tape{store, memory, {.trace = true}};              // without it: shapes and bytes, no times
///     td::Value loss = td::mse(model(tape.input(x)), y, td::batch_mean);
///     tape.backward(loss);
///     std::cout << td::inspect(tape);                             // a table
///     std::ofstream("tape.dot") << td::inspect(tape).graphviz();  // dot -Tsvg tape.dot -o tape.svg

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "tapedeck/core/matrix.hpp"
#include "tapedeck/tape/tape.hpp"

namespace tapedeck {

/// One application of an op, as it stands on a tape.
struct InspectedRecord {
  /// A matrix that the op takes, gives or saves.
  struct Operand {
    std::string name;         ///< in the op's signature
    std::uint32_t entry;      ///< which matrix of the tape it is
    Shape shape;              ///< rows x columns
    std::string stored = {};  ///< the name of the parameter or buffer that it is, if it is one
  };
  std::string op;  ///< "affine"
  std::string
      layer;  ///< "encoder.fc_1"; outside of all Sequentials the scope of its first parameter, or empty
  std::vector<Operand> inputs;   ///< in the order of the signature
  std::vector<Operand> outputs;  ///< in the order of the signature
  std::vector<Operand> saved;    ///< what the forward keeps for the vjp besides
  std::size_t bytes = 0;         ///< of outputs and saved
  /// Operations of the forward, as the op's `flops` says; else one for each element of its largest operand.
  double flops = 0;
  /// Seconds of the forward; only on a tape that is traced.
  std::optional<double> forward = std::nullopt;
  /// Seconds of the latest playing back, 0 before any; only on a tape that is traced.
  std::optional<double> backward = std::nullopt;
};

/// The records of a tape in the order they were made.
struct TAPEDECK_API Inspection {
  std::vector<InspectedRecord> records;  ///< the first applied stands first
  std::size_t peak_bytes = 0;  ///< what the tape has taken from its Memory so far; see Tape::bytes_used

  /// A drawing for Graphviz's `dot`: inputs and parameters at the top, a box for each record, edges with
  /// shapes.
  std::string graphviz() const;
};

/// Looks at an open tape, before or after `backward`. A tape without `{.trace = true}` has a record only
/// where something flows back, so in evaluate mode none. Within `tape.recompute` there is one record for all.
TAPEDECK_API Inspection inspect(const Tape& tape);

/// A table, one line for each record, and a line of sums.
TAPEDECK_API std::ostream& operator<<(std::ostream& out, const Inspection& inspection);

}  // namespace tapedeck
