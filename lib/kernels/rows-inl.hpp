// Sums along the rows of matrices whose columns lie one after the other: vectors run down the rows, so each
// row's terms are added one by one, in the order of the columns, whatever the processor.
// Compiled once for each target, hence the guard.

#if defined(TAPEDECK_KERNELS_ROWS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef TAPEDECK_KERNELS_ROWS_INL_HPP
#undef TAPEDECK_KERNELS_ROWS_INL_HPP
#else
#define TAPEDECK_KERNELS_ROWS_INL_HPP
#endif

#include <algorithm>

#include "kernels/halves-inl.hpp"
#include "tapedeck/core/shape.hpp"

HWY_BEFORE_NAMESPACE();
namespace tapedeck::kernels::HWY_NAMESPACE {
namespace {

struct Pair {
  Halves u, v;
};

// Some rows of a matrix: so few that a block of a few hundred columns stays in the second-level cache from
// pass to pass.
template <class T>
class RowBlock {
 public:
  static constexpr Index most = 64;
  // A number for each row; those past the last row stand for nothing.
  struct Column {
    alignas(64) double at[most];

    HWY_INLINE Halves load(Index r) const { return load_halves<T>(at + r); }
    HWY_INLINE void store(Halves v, Index r) { store_halves<T>(v, at + r); }
  };

  RowBlock(Index first, Index rows, Index cols)
      : first_(first), count_(std::min(most, rows - first)), rows_(rows), cols_(cols) {}

  // Elements r, r + 1, ... of the block's part of column c, or of a vector with a number for each row.
  HWY_INLINE Vector<T> load(const T* m, Index r, Index c = 0) const {
    return load_first(Tag<T>(), count_ - r, m + place(r, c));
  }
  HWY_INLINE Halves load_wide(const T* m, Index r, Index c = 0) const {
    return HWY_NAMESPACE::load_wide(count_ - r, m + place(r, c));
  }
  HWY_INLINE void store(Vector<T> v, T* m, Index r, Index c = 0) const {
    store_first(Tag<T>(), v, count_ - r, m + place(r, c));
  }
  HWY_INLINE void put(Destination<T> to, Vector<T> v, Index r, Index c = 0) const {
    if (to.data != nullptr) put_first<T>(to.add, v, count_ - r, to.data + place(r, c));
  }

  // f(r) for every vector of rows.
  template <class F>
  HWY_INLINE void for_rows(const F& f) const {
    for (Index r = 0; r < count_; r += hn::Lanes(Tag<T>())) f(r);
  }
  // f(r, c, end) for every vector of rows and a few columns c, c + 1, ... end - 1, from left to right.
  template <class F>
  HWY_INLINE void for_tiles(const F& f) const {
    constexpr Index tile = 16;
    for (Index c = 0; c < cols_; c += tile)
      for_rows([&](Index r) HWY_ATTR { f(r, c, std::min(c + tile, cols_)); });
  }
  // sum = the sum of term(r, c) over the columns.
  template <class F>
  HWY_INLINE void add_up(Column& sum, const F& term) const {
    for_rows([&](Index r) HWY_ATTR { sum.store(halves(0), r); });
    for_tiles([&](Index r, Index c, Index end) HWY_ATTR {
      Halves s = sum.load(r);
      for (; c < end; ++c) s = s + term(r, c);
      sum.store(s, r);
    });
  }
  // The sums of u and of u v, where u and v are the Pair that f(r, c) gives.
  template <class F>
  HWY_INLINE void add_up(Column& sum, Column& products, const F& f) const {
    for_rows([&](Index r) HWY_ATTR {
      sum.store(halves(0), r);
      products.store(halves(0), r);
    });
    for_tiles([&](Index r, Index c, Index end) HWY_ATTR {
      Halves s = sum.load(r);
      Halves p = products.load(r);
      for (; c < end; ++c) {
        const Pair uv = f(r, c);
        s = s + uv.u;
        p = multiply_add(uv.u, uv.v, p);
      }
      sum.store(s, r);
      products.store(p, r);
    });
  }

 private:
  HWY_INLINE Index place(Index r, Index c) const { return first_ + r + c * rows_; }

  Index first_, count_, rows_, cols_;
};

template <class T, class F>
HWY_INLINE void for_row_blocks(Index rows, Index cols, const F& f) {
  for (Index first = 0; first < rows; first += RowBlock<T>::most) f(RowBlock<T>(first, rows, cols));
}

}  // namespace
}  // namespace tapedeck::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
