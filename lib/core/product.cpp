#include "tapedeck/core/product.hpp"

#include <cblas.h>

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
  static constexpr auto ger = cblas_sger;
};
template <>
struct Blas<double> {
  static constexpr auto gemm = cblas_dgemm;
  static constexpr auto gemv = cblas_dgemv;
  static constexpr auto ger = cblas_dger;
};

CBLAS_TRANSPOSE op(bool transposed) { return transposed ? CblasTrans : CblasNoTrans; }

// BLAS wants a leading dimension of at least 1, also for a matrix without rows.
template <class T>
blasint leading(const Matrix<T>& m) {
  return static_cast<blasint>(m.n_rows > 0 ? m.n_rows : 1);
}

// OpenBLAS's own kernels for small products of doubles allocate at every call on some processors.
template <class T>
bool takes_small_kernel(Factor<T> a, Factor<T> b) {
  constexpr double small = 1e6;  // multiplications, the bound up to which OpenBLAS uses those kernels
  return std::is_same_v<T, double> && !(a.transposed && b.transposed) &&
         static_cast<double>(a.rows()) * static_cast<double>(a.cols()) * static_cast<double>(b.cols()) <=
             small;
}

// Into how many pieces a large product is cut, for threads. Its shape alone decides, as the pieces' edges
// show in the last bits. Up to 8 pieces of at least 8 million multiplications (a tenth of a millisecond) cost
// a few per cent more than one product on one thread.
Index pieces_of(Index m, Index n, Index k) {
  const Index multiplications = m * n * k;
  Index pieces = 1;
  while (pieces < 8 && multiplications >= 2 * pieces * 8'000'000) pieces *= 2;
  return pieces;
}

// c (+)= a b, cut along the longer side of c.
template <class T>
void large_product(Matrix<T>& c, Factor<T> a, Factor<T> b, T keep) {
  const Index k = a.cols();
  const bool cut_rows = c.n_rows >= c.n_cols;
  const Index length = cut_rows ? c.n_rows : c.n_cols;
  const Index pieces = pieces_of(c.n_rows, c.n_cols, k);
  const Index grain =
      ((length + pieces - 1) / pieces + 15) / 16 * 16;  // what OpenBLAS's kernels take at once
  // The block of `size` rows or columns of the factor that belongs to c's from `begin` on.
  const auto start = [](Factor<T> f, bool rows, Index begin) {
    return f.matrix.memptr() + (rows == f.transposed ? begin * f.matrix.n_rows : begin);
  };
  parallel_ranges(length, grain, [&](Index begin, Index end) {
    const auto size = static_cast<blasint>(end - begin);
    const auto m = cut_rows ? size : static_cast<blasint>(c.n_rows);
    const auto n = cut_rows ? static_cast<blasint>(c.n_cols) : size;
    Blas<T>::gemm(CblasColMajor, op(a.transposed), op(b.transposed), m, n, static_cast<blasint>(k), T{1},
                  cut_rows ? start(a, true, begin) : a.matrix.memptr(), leading(a.matrix),
                  cut_rows ? b.matrix.memptr() : start(b, false, begin), leading(b.matrix), keep,
                  c.memptr() + (cut_rows ? begin : begin * c.n_rows), leading(c));
  });
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

}  // namespace

template <class T>
void multiply(Matrix<T>& c, Factor<T> a, Factor<T> b, bool accumulate) {
  if (a.rows() != c.n_rows || b.cols() != c.n_cols || a.cols() != b.rows()) {
    refuse(c, a, b, "mxn = mxk times kxn");
  }
  const Index inner = a.cols();
  if (((c.n_rows | c.n_cols | inner) >> 31U) != 0) {
    refuse(c, a, b, "fewer than 2^31 rows and columns, which is what BLAS counts to");
  }
  if (c.is_empty()) return;
  if (inner == 0) {
    if (!accumulate) c.zeros();
    return;
  }
  if (overlap(c, a.matrix) || overlap(c, b.matrix)) {
    throw UsageError({.who = "product",
                      .given = "a result in the memory of a factor",
                      .wanted = "memory of its own",
                      .hint = "it is written while the factors are read"});
  }
  const T keep = accumulate ? T{1} : T{0};
  const auto m = static_cast<blasint>(c.n_rows);
  const auto n = static_cast<blasint>(c.n_cols);
  const auto k = static_cast<blasint>(inner);
  const T* x = a.matrix.memptr();
  const T* y = b.matrix.memptr();
  if (n == 1) {  // a column: both factors' vectors are contiguous whether transposed or not
    Blas<T>::gemv(CblasColMajor, op(a.transposed), static_cast<blasint>(a.matrix.n_rows),
                  static_cast<blasint>(a.matrix.n_cols), T{1}, x, leading(a.matrix), y, 1, keep, c.memptr(),
                  1);
  } else if (m == 1) {  // a row: c' = b' a'
    Blas<T>::gemv(CblasColMajor, op(!b.transposed), static_cast<blasint>(b.matrix.n_rows),
                  static_cast<blasint>(b.matrix.n_cols), T{1}, y, leading(b.matrix), x, 1, keep, c.memptr(),
                  1);
  } else if (k == 1) {  // an outer product
    if (!accumulate) c.zeros();
    Blas<T>::ger(CblasColMajor, m, n, T{1}, x, 1, y, 1, c.memptr(), m);
  } else if (takes_small_kernel(a, b)) {
    kernels::small_product<T>(c.memptr(), c.n_rows, c.n_cols, inner, {x, a.matrix.n_rows, a.transposed},
                              {y, b.matrix.n_rows, b.transposed}, accumulate);
  } else {
    large_product(c, a, b, keep);
  }
}

template TAPEDECK_API void multiply(Matrix<float>&, Factor<float>, Factor<float>, bool);
template TAPEDECK_API void multiply(Matrix<double>&, Factor<double>, Factor<double>, bool);

}  // namespace tapedeck
