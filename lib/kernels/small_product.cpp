#include "kernels/small_product.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/small_product.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <utility>

#include "kernels/vectors-inl.hpp"

// Two ways to the same sums. With c = a b, m x k times k x n:
//
//   by columns  vectors run down the columns of a and c: c(:, j) += a(:, p) b(p, j), for a tile of c that is
//               kept in registers. A transposed a is first transposed into a buffer, a block at a time.
//   by dots     vectors run along the sum: c(i, j) = a(i, :) . b(:, j), for a few rows or a few columns.
//
// Both also serve c' = b' a'.

HWY_BEFORE_NAMESPACE();
namespace tapedeck::kernels::HWY_NAMESPACE {
namespace {

// A block of this many terms is summed in registers, then added to c.
constexpr Index depth = 128;

// The next terms of the elements in rows i, i + 1, ...
template <class T>
HWY_INLINE Product<T> block_of(const Product<T>& p, Index i, Index rows, Index done) {
  const Strided<const T> sum_so_far{p.c.data, p.c.row, p.c.column};
  return {p.c.from(i, 0),
          (done == 0 ? p.start : sum_so_far).from(i, 0),
          p.a.from(i, done),
          p.b.from(done, 0),
          std::min(p.m - i, rows),
          p.n,
          std::min(p.k - done, depth)};
}

// Vectors of rows in a tile, and at most so many columns: 12 sums leave room in 16 registers for the factors.
constexpr Index tile_vectors = 2, tile_columns = 6;

// A block of a factor in the order that a kernel reads.
template <class T>
struct Buffer {
  static constexpr Index size = depth * tile_vectors * hn::MaxLanes(Tag<T>());
  HWY_ALIGN T data[size];
};

#if HWY_TARGET == HWY_SCALAR
template <class T>
HWY_INLINE void transpose_block(T* to, Index /*to_leading*/, const T* from, Index /*from_leading*/) {
  *to = *from;
}
template <class T>
constexpr Index block = 1;
template <class T>
using Block = Tag<T>;
#else
template <class T>
constexpr Index block = 16 / sizeof(T);  // lanes of 128 bits
template <class T>
using Block = hn::Full128<T>;

HWY_INLINE void transpose_block(float* to, Index to_leading, const float* from, Index from_leading) {
  const hn::Full128<float> d;
  const hn::Full128<double> pairs;
  const auto v0 = hn::LoadU(d, from);
  const auto v1 = hn::LoadU(d, from + from_leading);
  const auto v2 = hn::LoadU(d, from + 2 * from_leading);
  const auto v3 = hn::LoadU(d, from + 3 * from_leading);
  const auto low_01 = hn::BitCast(pairs, hn::InterleaveLower(d, v0, v1));
  const auto low_23 = hn::BitCast(pairs, hn::InterleaveLower(d, v2, v3));
  const auto high_01 = hn::BitCast(pairs, hn::InterleaveUpper(d, v0, v1));
  const auto high_23 = hn::BitCast(pairs, hn::InterleaveUpper(d, v2, v3));
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, low_01, low_23)), d, to);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, low_01, low_23)), d, to + to_leading);
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, high_01, high_23)), d, to + 2 * to_leading);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, high_01, high_23)), d, to + 3 * to_leading);
}
HWY_INLINE void transpose_block(double* to, Index to_leading, const double* from, Index from_leading) {
  const hn::Full128<double> d;
  const auto v0 = hn::LoadU(d, from);
  const auto v1 = hn::LoadU(d, from + from_leading);
  hn::StoreU(hn::InterleaveLower(d, v0, v1), d, to);
  hn::StoreU(hn::InterleaveUpper(d, v0, v1), d, to + to_leading);
}
#endif

// to(j, i) = from(i, j) for a rows x cols matrix, both contiguous down their columns.
template <class T>
HWY_INLINE void transpose(T* to, Index to_leading, const T* from, Index from_leading, Index rows,
                          Index cols) {
  const Index whole_rows = rows - rows % block<T>;
  const Index whole_cols = cols - cols % block<T>;
  const auto move = [&](Index i, Index j) { to[j + i * to_leading] = from[i + j * from_leading]; };
  for (Index j = 0; j < whole_cols; j += block<T>) {
    for (Index i = 0; i < whole_rows; i += block<T>) {
      transpose_block(to + j + i * to_leading, to_leading, from + i + j * from_leading, from_leading);
    }
    for (Index i = whole_rows; i < rows; ++i) {
      for (Index q = j; q < j + block<T>; ++q) move(i, q);
    }
  }
  for (Index j = whole_cols; j < cols; ++j) {
    for (Index i = 0; i < rows; ++i) move(i, j);
  }
}

// f(0), ..., f(n - 1) without a loop, each number a constant: an array stays in registers only if all its
// indices are constants.
template <Index n, class F>
HWY_INLINE void repeat(const F& f) {
  [&]<Index... i>(std::integer_sequence<Index, i...>) HWY_ATTR KEPT_INLINE {
    (f(std::integral_constant<Index, i>()), ...);
  }
  (std::make_integer_sequence<Index, n>());
}

// Whether the rows of c, or of what it is added to, are not contiguous.
template <class T>
HWY_INLINE bool is_scattered(const Product<T>& p) {
  return p.c.row != 1 || (p.start.data != nullptr && p.start.row != 1);
}

// c = start + sums of such.
template <class T>
HWY_NOINLINE void scatter(Product<T> p, const T* sums, Index leading, Index columns) {
  for (Index i = 0; i < p.m; ++i) {
    for (Index j = 0; j < columns; ++j) {
      const T before = p.start.data != nullptr ? *p.start.at(i, j) : T{0};
      *p.c.at(i, j) = before + sums[i + j * leading];
    }
  }
}

// A tile of c: `vectors` vectors of p.m rows, the last of which is partial unless `whole`, times `columns`
// columns. The rows of p.a are contiguous, and readable up to whole vectors where masks do not guard memory.
// Terms p, p + splits, ... have their own sums, so that enough independent ones are under way to hide the
// latency of an addition.
template <Index vectors, Index columns, bool whole, class T>
HWY_INLINE void tile(const Product<T>& p) {
  constexpr Index sums = vectors * columns;
  constexpr Index splits = sums <= 3 ? 4 : sums <= 6 ? 2 : 1;
  const Tag<T> d;
  const Index lanes = hn::Lanes(d);
  const Index last = p.m - (vectors - 1) * lanes;
  const auto mask = hn::FirstN(d, last);
  const bool scattered = is_scattered(p);  // then a buffer stands between the sums and c

  Vector<T> sum[splits * sums];
  repeat<splits * sums>([&](auto i) HWY_ATTR KEPT_INLINE { sum[i] = hn::Zero(d); });
  if (p.start.data != nullptr && !scattered) {
    repeat<sums>([&](auto i) HWY_ATTR KEPT_INLINE {
      const T* from = p.start.at(i % vectors * lanes, i / vectors);
      if constexpr (whole || i % vectors + 1 < vectors) {
        sum[i] = hn::LoadU(d, from);
      } else if constexpr (masks_memory) {
        sum[i] = hn::MaskedLoad(mask, d, from);
      } else {
        sum[i] = load_first(d, last, from);
      }
    });
  }

  const T* a = p.a.data;
  const T* b = p.b.data;
  const auto add_term = [&](auto split) HWY_ATTR KEPT_INLINE {
    Vector<T> left[vectors];
    repeat<vectors>([&](auto v) HWY_ATTR KEPT_INLINE {
      constexpr bool masked = masks_memory && !whole && v + 1 == vectors;
      left[v] = masked ? hn::MaskedLoad(mask, d, a + v * lanes) : hn::LoadU(d, a + v * lanes);
    });
    repeat<columns>([&](auto j) HWY_ATTR KEPT_INLINE {
      const auto right = hn::Set(d, b[j * p.b.column]);
      repeat<vectors>([&](auto v) HWY_ATTR KEPT_INLINE {
        Vector<T>& into = sum[split * sums + j * vectors + v];
        into = hn::MulAdd(left[v], right, into);
      });
    });
    a += p.a.column;
    b += p.b.row;
  };
  Index terms = p.k;
  for (; terms >= splits; terms -= splits) repeat<splits>(add_term);
  if constexpr (splits > 1) {
    for (; terms > 0; --terms) add_term(std::integral_constant<Index, 0>());
    if constexpr (splits == 4) {
      repeat<2 * sums>([&](auto i) HWY_ATTR KEPT_INLINE { sum[i] = hn::Add(sum[i], sum[i + 2 * sums]); });
    }
    repeat<sums>([&](auto i) HWY_ATTR KEPT_INLINE { sum[i] = hn::Add(sum[i], sum[i + sums]); });
  }

  if (scattered) {
    HWY_ALIGN T part[sums * hn::MaxLanes(Tag<T>())];
    repeat<sums>([&](auto i) HWY_ATTR KEPT_INLINE { hn::Store(sum[i], d, part + i * lanes); });
    return scatter(p, part, vectors * lanes, columns);
  }
  repeat<sums>([&](auto i) HWY_ATTR KEPT_INLINE {
    T* to = p.c.at(i % vectors * lanes, i / vectors);
    if constexpr (whole || i % vectors + 1 < vectors) {
      hn::StoreU(sum[i], d, to);
    } else if constexpr (masks_memory) {
      hn::BlendedStore(sum[i], mask, d, to);
    } else {
      store_first(d, sum[i], last, to);
    }
  });
}

// One row of tiles; the last two share evenly what is left.
template <Index vectors, bool whole, class T>
HWY_INLINE void row_of_tiles(Product<T> p) {
  while (p.n > 0) {
    const Index columns = p.n >= 2 * tile_columns ? tile_columns : p.n > tile_columns ? (p.n + 1) / 2 : p.n;
    switch (columns) {
      case 1:
        tile<vectors, 1, whole>(p);
        break;
      case 2:
        tile<vectors, 2, whole>(p);
        break;
      case 3:
        tile<vectors, 3, whole>(p);
        break;
      case 4:
        tile<vectors, 4, whole>(p);
        break;
      case 5:
        tile<vectors, 5, whole>(p);
        break;
      default:
        tile<vectors, tile_columns, whole>(p);
    }
    p.c = p.c.from(0, columns);
    p.start = p.start.from(0, columns);
    p.b = p.b.from(0, columns);
    p.n -= columns;
  }
}

// At most `tile_vectors` vectors of rows and `depth` terms, with a in the order that a tile reads.
template <class T>
HWY_NOINLINE void strip(const Product<T>& p) {
  const Index lanes = hn::Lanes(Tag<T>());
  const bool whole = p.m % lanes == 0;
  if (p.m > lanes) {
    whole ? row_of_tiles<2, true>(p) : row_of_tiles<2, false>(p);
  } else {
    whole ? row_of_tiles<1, true>(p) : row_of_tiles<1, false>(p);
  }
}

// A strip and a block of terms at a time; those of an a that a tile cannot read go through a buffer.
template <class T>
HWY_NOINLINE void strips(const Product<T>& p) {
  const Index lanes = hn::Lanes(Tag<T>());
  const Index rows = tile_vectors * lanes;
  Buffer<T> buffer;
  for (Index done = 0; done < p.k || done == 0; done += depth) {
    for (Index i = 0; i < p.m; i += rows) {
      Product<T> part = block_of(p, i, rows, done);
      if (part.a.row != 1) {
        transpose(buffer.data, rows, part.a.data, part.a.row, part.k, part.m);
        part.a = {buffer.data, 1, rows};
      } else if (!masks_memory && part.m % lanes != 0) {
        for (Index q = 0; q < part.k; ++q) {
          std::copy_n(part.a.at(0, q), part.m, buffer.data + q * rows);
        }
        part.a = {buffer.data, 1, rows};
      }
      strip(part);
    }
  }
}

template <class T>
HWY_INLINE void by_columns(const Product<T>& p) {
  const bool one =
      masks_memory && p.a.row == 1 && p.m > 0 && p.m <= tile_vectors * hn::Lanes(Tag<T>()) && p.k <= depth;
  one ? strip(p) : strips(p);
}

// The sum of each of `block` vectors' lanes.
#if HWY_TARGET == HWY_SCALAR
template <class V>
HWY_INLINE V sums_of_lanes(const V* v) {
  return *v;
}
#else
template <class D, class V>
HWY_INLINE auto sum_of_blocks(D d, V v) {
  if constexpr (hn::MaxLanes(d) * sizeof(hn::TFromD<D>) <= 16) {
    return v;
  } else {
    const hn::Half<D> half;
    return sum_of_blocks(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}
template <class V, class D>
HWY_INLINE V sum_of_pairs(D d, V v, V w) {  // of the halves of each 128 bits, alternately v's and w's
  return hn::Add(hn::InterleaveLower(d, v, w), hn::InterleaveUpper(d, v, w));
}
HWY_INLINE auto sums_of_lanes(const Vector<float>* v) {
  const Tag<float> d;
  const hn::Repartition<double, Tag<float>> pairs;
  const auto low = hn::BitCast(pairs, sum_of_pairs(d, v[0], v[1]));
  const auto high = hn::BitCast(pairs, sum_of_pairs(d, v[2], v[3]));
  const auto sum = hn::Add(hn::BitCast(d, hn::InterleaveLower(pairs, low, high)),
                           hn::BitCast(d, hn::InterleaveUpper(pairs, low, high)));
  return sum_of_blocks(d, sum);
}
HWY_INLINE auto sums_of_lanes(const Vector<double>* v) {
  const Tag<double> d;
  return sum_of_blocks(d, sum_of_pairs(d, v[0], v[1]));
}
#endif

// c(i, j) = start(i, j) + a(i, :) . b(:, j) for a tile of rows x columns elements, as many as 128 bits hold.
// Both factors are contiguous along the sum.
template <Index rows, Index columns, class T>
HWY_INLINE void tile_of_dots(const Product<T>& p) {
  const Tag<T> d;
  const Index lanes = hn::Lanes(d);
  const Index rest = p.k % lanes;
  const auto mask = hn::FirstN(d, rest);
  Vector<T> even[block<T>], odd[block<T>];
  repeat<block<T>>([&](auto e) HWY_ATTR KEPT_INLINE { even[e] = odd[e] = hn::Zero(d); });
  const auto add_terms = [&](Vector<T>* into, auto load, Index q) HWY_ATTR KEPT_INLINE {
    Vector<T> left[rows];
    repeat<rows>([&](auto i) HWY_ATTR KEPT_INLINE { left[i] = load(p.a.data + i * p.a.row + q); });
    repeat<columns>([&](auto j) HWY_ATTR KEPT_INLINE {
      const auto right = load(p.b.data + j * p.b.column + q);
      repeat<rows>([&](auto i) HWY_ATTR KEPT_INLINE {
        into[i + j * rows] = hn::MulAdd(left[i], right, into[i + j * rows]);
      });
    });
  };
  const auto load = [&](const T* from) HWY_ATTR KEPT_INLINE { return hn::LoadU(d, from); };
  const auto load_rest = [&](const T* from) HWY_ATTR KEPT_INLINE {
    return masks_memory ? hn::MaskedLoad(mask, d, from) : load_first(d, rest, from);
  };
  Index q = 0;
  for (; q + 2 * lanes <= p.k; q += 2 * lanes) {
    add_terms(even, load, q);
    add_terms(odd, load, q + lanes);
  }
  if (q + lanes <= p.k) {
    add_terms(even, load, q);
    q += lanes;
  }
  if (rest > 0) add_terms(odd, load_rest, q);
  repeat<block<T>>([&](auto e) HWY_ATTR KEPT_INLINE { even[e] = hn::Add(even[e], odd[e]); });
  const Block<T> these;
  auto sums = sums_of_lanes(even);
  if (rows == block<T> && !is_scattered(p)) {
    if (p.start.data != nullptr) sums = hn::Add(sums, hn::LoadU(these, p.start.data));
    return hn::StoreU(sums, these, p.c.data);
  }
  HWY_ALIGN T sum[block<T>];
  hn::Store(sums, these, sum);
  for (Index j = 0; j < columns; ++j) {
    for (Index i = 0; i < rows; ++i) {
      const T before = p.start.data != nullptr ? *p.start.at(i, j) : T{0};
      *p.c.at(i, j) = before + sum[i + j * rows];
    }
  }
}

template <class T>
HWY_NOINLINE void dots(const Product<T>& p) {
  const auto at = [&](Index i, Index j) {
    return Product<T>{p.c.from(i, j), p.start.from(i, j), p.a.from(i, 0), p.b.from(0, j), 0, 0, p.k};
  };
  Index i = 0;
  for (; i + block<T> <= p.m; i += block<T>) {
    for (Index j = 0; j < p.n; ++j) tile_of_dots<block<T>, 1>(at(i, j));
  }
  constexpr Index sides = block<T>;
  if constexpr (sides > 2) {
    for (; i + 2 <= p.m; i += 2) {
      Index j = 0;
      for (; j + 2 <= p.n; j += 2) tile_of_dots<2, 2>(at(i, j));
      for (; j < p.n; ++j) tile_of_dots<2, 1>(at(i, j));
    }
  }
  for (; i < p.m; ++i) {
    Index j = 0;
    for (; j + block<T> <= p.n; j += block<T>) tile_of_dots<1, block<T>>(at(i, j));
    for (; j < p.n; ++j) tile_of_dots<1, 1>(at(i, j));
  }
}

// The same for rows of a that are not contiguous: a block of them at a time goes through a buffer.
template <class T>
HWY_NOINLINE void buffered_dots(const Product<T>& p) {
  Buffer<T> buffer;
  for (Index done = 0; done < p.k; done += depth) {
    constexpr Index rows = Buffer<T>::size / depth;
    for (Index i = 0; i < p.m; i += rows) {
      Product<T> part = block_of(p, i, rows, done);
      transpose(buffer.data, depth, part.a.data, part.a.column, part.m, part.k);
      part.a = {buffer.data, depth, 1};
      dots(part);
    }
  }
}

template <class T>
HWY_INLINE void by_dots(const Product<T>& p) {
  p.a.column == 1 ? dots(p) : buffered_dots(p);
}

// What the two ways take, in vector instructions, fitted to times from 2x25 to 128x128 at batches of 1 to
// 128.
template <class T>
Index cost_by_columns(const Product<T>& p) {
  const Index lanes = hn::Lanes(Tag<T>());
  const Index multiply = p.n * ((p.m + lanes - 1) / lanes) * (p.k + 2);
  const Index transpose_a = p.a.row == 1 ? 0 : p.m * p.k + 100;
  const Index scatter = is_scattered(p) ? 2 * p.m * p.n : 0;
  return multiply + transpose_a + scatter;
}
template <class T>
Index cost_by_dots(const Product<T>& p) {
  const Index lanes = hn::Lanes(Tag<T>());
  const Index transpose_a = p.a.column == 1 ? 0 : p.m * p.k + 100;
  return p.m * p.n * (2 * ((p.k + lanes - 1) / lanes) + 5) + transpose_a;
}

template <class T>
HWY_INLINE void product(const Product<T>& p) {
  if (p.a.row == 1 && 2 * p.m >= hn::Lanes(Tag<T>())) return by_columns(p);  // the usual, without a choice
  const Product<T> other = p.transposed();
  const Index columns = cost_by_columns(p);
  const Index other_columns = cost_by_columns(other);
  const Index best = std::min(columns, other_columns);
  if (p.b.row == 1 && cost_by_dots(p) < best) return by_dots(p);
  if (p.a.column == 1 && cost_by_dots(other) < best) return by_dots(other);
  if (columns <= other_columns) return by_columns(p);
  by_columns(other);
}

void product_f32(const Product<float>& p) { product(p); }
void product_f64(const Product<double>& p) { product(p); }

}  // namespace
}  // namespace tapedeck::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapedeck::kernels {

HWY_EXPORT(product_f32);
HWY_EXPORT(product_f64);

void small_product(const Product<float>& p) { HWY_DYNAMIC_DISPATCH(product_f32)(p); }
void small_product(const Product<double>& p) { HWY_DYNAMIC_DISPATCH(product_f64)(p); }

}  // namespace tapedeck::kernels
#endif
