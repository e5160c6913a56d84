#pragma once

/// @file
/// Many matrices in one aligned run of memory.

#include <cstddef>
#include <memory>
#include <type_traits>
#include <vector>

#include "tapedeck/core/error.hpp"
#include "tapedeck/core/matrix.hpp"

namespace tapedeck {

/// Where each matrix of a flat buffer lies. Offsets are in elements, the same for float and double; every
/// matrix starts on a boundary of 64 bytes and the padding between them stays zero.
struct Extents {
  /// One matrix.
  struct Extent {
    Index offset;  ///< of its first element
    Shape shape;   ///< column-major, columns in a row
  };
  std::vector<Extent> slots;  ///< by slot number
  Index size = 0;             ///< in elements, padding included

  /// Offsets are rounded up to this many elements.
  static constexpr Index alignment = 16;
};

/// The matrices of `extents`, zero at first, in one allocation. Neither the memory nor the matrices move
/// while it lives. The references it gives are views of fixed size: they write through, and cannot be
/// resized, reshaped or moved from. A buffer that was moved from may only be assigned to or destroyed.
class TAPEDECK_API FlatBuffer {
 public:
  /// All zero.
  FlatBuffer(Scalar scalar, std::shared_ptr<const Extents> extents);
  /// The same elements in memory of its own.
  FlatBuffer(const FlatBuffer& other);
  /// Takes the memory over: views of the other are views of this one.
  FlatBuffer(FlatBuffer&&) noexcept;
  FlatBuffer& operator=(const FlatBuffer&) = delete;
  /// Takes the memory over: views of the other are views of this one.
  FlatBuffer& operator=(FlatBuffer&&) noexcept;
  ~FlatBuffer();

  /// What its elements are.
  Scalar scalar() const { return scalar_; }
  /// Where its matrices lie.
  const Extents& extents() const { return *extents_; }
  /// In elements, padding included.
  Index size() const { return extents_->size; }

  /// All elements in a row, padding included. ScalarError if the buffer holds the other scalar.
  template <class T>
  T* data() {
    require(scalar_of<T>);
    return static_cast<T*>(static_cast<void*>(memory_.get()));
  }
  /// The same, for reading.
  template <class T>
  const T* data() const {
    return const_cast<FlatBuffer*>(this)->data<T>();
  }

  /// A view of one matrix. ScalarError if the buffer holds the other scalar, HandleError if it has no such
  /// slot.
  template <class T>
  Matrix<T>& matrix(Index slot) {
    require(scalar_of<T>);
    if (slot >= extents_->slots.size()) refuse_slot(slot);
    if constexpr (std::is_same_v<T, float>) {
      return floats_[slot];
    } else {
      return doubles_[slot];
    }
  }
  /// The same, for reading.
  template <class T>
  const Matrix<T>& matrix(Index slot) const {
    return const_cast<FlatBuffer*>(this)->matrix<T>(slot);
  }

  /// Sets every element to 0.
  void zero();
  /// Takes the elements of another buffer, converting where the scalars differ. UsageError unless the two
  /// share their extents, as buffers of a store and of its copies do.
  void assign(const FlatBuffer& other);

 private:
  void require(Scalar asked) const {
    if (asked != scalar_) refuse(asked);
  }
  [[noreturn]] void refuse(Scalar asked) const;
  [[noreturn]] void refuse_slot(Index slot) const;

  Scalar scalar_;
  std::shared_ptr<const Extents> extents_;
  std::shared_ptr<std::byte> memory_;    // not shared: a unique_ptr with a deleter takes longer to compile
  std::vector<Matrix<float>> floats_;    // by slot; none in a buffer of double
  std::vector<Matrix<double>> doubles_;  // likewise; none in a buffer of float
};

}  // namespace tapedeck
