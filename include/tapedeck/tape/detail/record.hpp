#pragma once

/// @file
/// Internal: one application of an op.

#include <cstdint>

#include "tapedeck/tape/signature.hpp"

namespace tapedeck::detail {

class Pass;
struct Record;

/// The layer that a record belongs to: names from the outermost Sequential inwards.
struct Place {
  const Place* outer;
  std::uint64_t hash;
  const char* name;
};

/// What all records of one op and scalar share.
struct RecordType {
  const char* name;
  const Signature* signature;
  bool keeps_all;  ///< all inputs count as kept, not only those that the signature marks
  void (*replay)(Pass&, const Record&);
  double (*flops)(const Pass&, const Record&);  ///< of the forward
};

/// One application of an op. Its outputs are consecutive entries, followed by those that it saved.
struct Record {
  const RecordType* type;
  const Record* previous;
  const Place* place;
  const std::uint32_t* inputs;
  std::uint32_t input_count;
  std::uint32_t first_output;

  /// Returns true if the vjp reads input i.
  bool keeps(std::uint32_t i) const { return type->keeps_all || type->signature->inputs[i].kept; }
};

/// How long a record took, in nanoseconds.
struct RecordTime {
  const Record* record;
  double forward;
  double backward;
};

}  // namespace tapedeck::detail
