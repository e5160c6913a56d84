#pragma once

/// @file
/// One parameter, to be looked at and set. Include parameter_store.hpp, which gives views.

#include <cstdint>
#include <string>

#include "tapedeck/core/matrix.hpp"
#include "tapedeck/param/parameter.hpp"

namespace tapedeck {

class ParameterStore;

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

}  // namespace tapedeck
