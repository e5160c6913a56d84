#include "tapedeck/core/product.hpp"

#include <cblas.h>

#include <algorithm>

#include "core/multiply_add.hpp"
#include "kernels/small_product.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/core/parallel.hpp"

namespace tapedeck {
namespace {

// One name for both scalars' BLAS routines.
template <class T>
struct Blas;
template <>
struct Blas<float> {
  static constexpr auto gemm = cblas_sgemm;
  static constexpr auto gemv = cblas_sgemv;
};
template <>
struct Blas<double> {
  static constexpr auto gemm = cblas_dgemm;
  static constexpr auto gemv = cblas_dgemv;
};

CBLAS_TRANSPOSE op(bool transposed) { return transposed ? CblasTrans : CblasNoTrans; }

// BLAS wants a leading dimension of at least 1, also for a matrix without rows.
template <class T>
blasint leading(const Matrix<T>& m) {
  return static_cast<blasint>(m.n_rows > 0 ? m.n_rows : 1);
}

template <class T>
kernels::Strided<const T> strided(Factor<T> f) {
  const kernels::Strided<const T> matrix{f.matrix.memptr(), 1, f.matrix.n_rows};
  return f.transposed ? matrix.transposed() : matrix;
}

template <class T>
[[noreturn]] void refuse(const Matrix<T>& c, Factor<T> a, Factor<T> b, const char* wanted) {
  throw ShapeError({.who = "product",
                    .given = to_string(shape_of(c)) + " = " + to_string({a.rows(), a.cols()}) + " times " +
                             to_string({b.rows(), b.cols()}),
                    .wanted = wanted});
}

template <class T>
bool overlap(const Matrix<T>& a, const Matrix<T>& b) {
  return a.memptr() < b.memptr() + b.n_elem && b.memptr() < a.memptr() + a.n_elem;
}

[[noreturn]] void refuse_overlap() {
  throw UsageError({.who = "product",
                    .given = "a result in the memory of a factor",
                    .wanted = "memory of its own",
                    .hint = "it is written while the factors are read"});
}

// Throws for a product that cannot be computed.
template <class T>
void require_product(const Matrix<T>& c, Factor<T> a, Factor<T> b) {
  if (a.rows() != c.n_rows || b.cols() != c.n_cols || a.cols() != b.rows()) {
    refuse(c, a, b, "mxn = mxk times kxn");
  }
  if (((c.n_rows | c.n_cols | a.cols()) >> 31U) != 0) {
    refuse(c, a, b, "fewer than 2^31 rows and columns, which is what BLAS counts to");
  }
  if (!c.is_empty() && (overlap(c, a.matrix) || overlap(c, b.matrix))) refuse_overlap();
}

// Whether our own kernels take it: nearly always the faster ones here, and without OpenBLAS's lock. Measured
// by bench/micro/products.cpp on Zen 5 in float, as times of ours over those of OpenBLAS's kernels for AVX2
// and for AVX-512; 1 is where to change over.
//
//     y = W x, dW = dy x', dx = W' dy      AVX2                  AVX-512
//     25x25 by 1, 50, 1000                 0.2 to 0.7            0.3 to 1.0
//     64x64 by 64                          0.45  0.45  0.47      1.0   1.0   0.7
//     128x128 by 128                       0.40  0.58  0.41      0.8   1.1   0.8
//     256x256 by 256                       0.56  0.68  0.48      1.0   1.2   0.9
//     256x256 by 1                         0.7   0.8   0.5       0.7   1.3   0.5
//     512x512 by 1                         1.4   2.1   0.7       1.5   4.2   0.7
//
// Where a size is 1 a matrix is read or written once, and it is the memory that counts.
template <class T>
bool is_small(const kernels::Product<T>& p) {
  const bool once = p.m == 1 || p.n == 1 || p.k == 1;
  const Index limit = once ? 100'000 : 3'000'000;
  return p.k == 0 || (((p.m | p.n | p.k) >> 21U) == 0 && p.m * p.n * p.k <= limit);
}

// Into how many pieces a large product is cut, for threads. Its shape alone decides, as the pieces' edges
// show in the last bits. Up to 8 pieces of at least 16 million multiplications (0.1 to 0.3 milliseconds) cost
// one or two per cent more than one product on one thread.
template <class T>
Index pieces_of(const kernels::Product<T>& p) {
  const double multiplications =
      static_cast<double>(p.m) * static_cast<double>(p.n) * static_cast<double>(p.k);
  Index pieces = 1;
  while (pieces < 8 && multiplications >= 32e6 * static_cast<double>(pieces)) pieces *= 2;
  return pieces;
}

// c = keep c + a b, cut along the longer side of c.
template <class T>
void large_product(const kernels::Product<T>& p, Factor<T> a, Factor<T> b, T keep) {
  const bool cut_rows = p.m >= p.n;
  const Index length = cut_rows ? p.m : p.n;
  const Index pieces = pieces_of(p);
  constexpr Index block = 16;  // rows or columns, of which OpenBLAS's kernels take as many at once
  const Index grain = ((length + pieces - 1) / pieces + block - 1) / block * block;
  parallel_ranges(length, grain, [&](Index begin, Index end) {
    const Index row = cut_rows ? begin : 0;
    const Index column = cut_rows ? 0 : begin;
    const Index m = cut_rows ? end - begin : p.m;
    const Index n = cut_rows ? p.n : end - begin;
    Blas<T>::gemm(CblasColMajor, op(a.transposed), op(b.transposed), static_cast<blasint>(m),
                  static_cast<blasint>(n), static_cast<blasint>(p.k), T{1}, p.a.at(row, 0), leading(a.matrix),
                  p.b.at(0, column), leading(b.matrix), keep, p.c.at(row, column), static_cast<blasint>(p.m));
  });
}

// c = start + a b by BLAS, where start is c, a column or null.
template <class T>
void compute_large(const kernels::Product<T>& p, Factor<T> a, Factor<T> b) {
  if (p.start.data != nullptr && p.start.data != p.c.data) {  // a column: BLAS adds to what is there
    for (Index j = 0; j < p.n; ++j) std::copy_n(p.start.data, p.m, p.c.at(0, j));
  }
  const T keep = p.start.data != nullptr ? T{1} : T{0};
  const T* x = a.matrix.memptr();
  const T* y = b.matrix.memptr();
  if (p.n == 1) {  // a column: both factors' vectors are contiguous whether transposed or not
    Blas<T>::gemv(CblasColMajor, op(a.transposed), static_cast<blasint>(a.matrix.n_rows),
                  static_cast<blasint>(a.matrix.n_cols), T{1}, x, leading(a.matrix), y, 1, keep, p.c.data, 1);
  } else if (p.m == 1) {  // a row: c' = b' a'
    Blas<T>::gemv(CblasColMajor, op(!b.transposed), static_cast<blasint>(b.matrix.n_rows),
                  static_cast<blasint>(b.matrix.n_cols), T{1}, y, leading(b.matrix), x, 1, keep, p.c.data, 1);
  } else {
    large_product(p, a, b, keep);
  }
}

// c = start + a b. In line, as a small product takes 20 nanoseconds.
template <class T>
inline void compute(const kernels::Product<T>& p, Factor<T> a, Factor<T> b) {
  is_small(p) ? kernels::small_product(p) : compute_large(p, a, b);
}

}  // namespace

template <class T>
void multiply(Matrix<T>& c, Factor<T> a, Factor<T> b, bool accumulate) {
  require_product(c, a, b);
  if (c.is_empty()) return;
  T* to = c.memptr();
  const Index m = c.n_rows;
  compute<T>({{to, 1, m}, {accumulate ? to : nullptr, 1, m}, strided(a), strided(b), m, c.n_cols, a.cols()},
             a, b);
}

template <class T>
void multiply_add(Matrix<T>& c, Factor<T> a, Factor<T> b, const Matrix<T>& bias) {
  require_product(c, a, b);
  if (bias.n_rows != c.n_rows || bias.n_cols != 1) {
    throw ShapeError({.who = "product",
                      .given = "a bias of " + to_string(shape_of(bias)) + " for " + to_string(shape_of(c)),
                      .wanted = to_string({c.n_rows, 1})});
  }
  if (c.is_empty()) return;
  if (overlap(c, bias)) refuse_overlap();
  const Index m = c.n_rows;
  compute<T>({{c.memptr(), 1, m}, {bias.memptr(), 1, 0}, strided(a), strided(b), m, c.n_cols, a.cols()}, a,
             b);
}

template TAPEDECK_API void multiply(Matrix<float>&, Factor<float>, Factor<float>, bool);
template TAPEDECK_API void multiply(Matrix<double>&, Factor<double>, Factor<double>, bool);
template TAPEDECK_API void multiply_add(Matrix<float>&, Factor<float>, Factor<float>, const Matrix<float>&);
template TAPEDECK_API void multiply_add(Matrix<double>&, Factor<double>, Factor<double>,
                                        const Matrix<double>&);

}  // namespace tapedeck
