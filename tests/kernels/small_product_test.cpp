#include "kernels/small_product.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <vector>

#include "kernels/guarded.hpp"
#include "kernels/numbers.hpp"
#include "kernels/targets.hpp"

namespace td = tapedeck;
namespace kernels = td::kernels;
using test::eps;
using test::gaussian;
using test::Real;
using test::Scalars;

BOOST_AUTO_TEST_SUITE(kernels_)
BOOST_AUTO_TEST_SUITE(small_product)

namespace {

// A matrix, or its transpose, copied to `to`, and seen from there as what it is.
template <class T>
kernels::Strided<const T> put(const td::Matrix<T>& x, bool transposed, T* to) {
  if (!transposed) {
    std::copy(x.begin(), x.end(), to);
    return {to, 1, x.n_rows};
  }
  const kernels::Strided<T> turned{to, x.n_cols, 1};
  for (td::Index j = 0; j < x.n_cols; ++j) {
    for (td::Index i = 0; i < x.n_rows; ++i) *turned.at(i, j) = x(i, j);
  }
  return {to, x.n_cols, 1};
}

// What the product is added to: nothing, what is in c, or a column for all its columns.
enum Start : int { nothing, itself, column };

// By the definition: the sum, and the sum of its terms' sizes.
template <class T>
struct Reference {
  std::vector<Real> sum, size;

  Reference(const td::Matrix<T>& a, const td::Matrix<T>& b) : sum(a.n_rows * b.n_cols), size(sum) {
    for (td::Index j = 0; j < b.n_cols; ++j) {
      for (td::Index p = 0; p < a.n_cols; ++p) {
        for (td::Index i = 0; i < a.n_rows; ++i) {
          const Real term = static_cast<Real>(a(i, p)) * static_cast<Real>(b(p, j));
          sum[i + j * a.n_rows] += term;
          size[i + j * a.n_rows] += std::abs(term);
        }
      }
    }
  }
};

constexpr td::Index largest = 200 * 200;

// Where the kernel finds its matrices: each ends, or begins, where memory does.
template <class T>
struct Memory {
  test::Guarded a{largest * sizeof(T)}, b{largest * sizeof(T)}, c{largest * sizeof(T)},
      bias{largest * sizeof(T)};
};

// The kernel's c; NaN where it must not read it.
template <class T>
std::vector<T> compute(const Memory<T>& memory, const td::Matrix<T>& a, const td::Matrix<T>& b,
                       const td::Matrix<T>& before, Start start, bool a_transposed, bool b_transposed,
                       bool at_end) {
  const td::Index m = a.n_rows, n = b.n_cols, k = a.n_cols;
  T* c = memory.c.template elements<T>(m * n, at_end);
  T* bias = memory.bias.template elements<T>(m, at_end);
  std::fill_n(c, m * n, std::numeric_limits<T>::quiet_NaN());
  if (start == itself) std::copy_n(before.begin(), m * n, c);
  if (start == column) std::copy_n(before.begin(), m, bias);
  kernels::small_product({{c, 1, m},
                          {start == nothing  ? nullptr
                           : start == itself ? c
                                             : bias,
                           1, start == itself ? m : 0},
                          put(a, a_transposed, memory.a.template elements<T>(m * k, at_end)),
                          put(b, b_transposed, memory.b.template elements<T>(k * n, at_end)),
                          m,
                          n,
                          k});
  return {c, c + m * n};
}

// The largest error of c, of which 1 is allowed.
template <class T>
Real error(const std::vector<T>& c, const Reference<T>& wanted, const td::Matrix<T>& before, Start start,
           td::Index k) {
  Real worst = 0;
  const td::Index m = before.n_rows;
  for (td::Index e = 0; e < c.size(); ++e) {
    const Real first = start == nothing ? 0 : before[start == itself ? e : e % m];
    const Real bound = static_cast<Real>(k + 1) * eps<T> * (wanted.size[e] + std::abs(first));
    const Real off = std::abs(static_cast<Real>(c[e]) - (wanted.sum[e] + first));
    if (!(off <= bound)) worst = std::max(worst, bound > 0 && off > 0 ? off / bound : HUGE_VALL);
  }
  return worst;
}

template <class F>
void in_every_form(const F& f) {
  for (const Start start : {nothing, itself, column}) {
    for (const int flags : {0, 1, 2, 3}) f(start, (flags & 1) != 0, (flags & 2) != 0);
  }
}

/// The largest error of all forms, as a part of the bound.
template <class T>
Real compare(const Memory<T>& memory, td::Index m, td::Index n, td::Index k) {
  const auto a = gaussian<T>({m, k}, 1), b = gaussian<T>({k, n}, 2);
  const auto before = gaussian<T>({m, std::max<td::Index>(n, 1)}, 3);  // a column at least
  const Reference<T> wanted(a, b);
  Real worst = 0;
  in_every_form([&](Start start, bool a_transposed, bool b_transposed) {
    for (const bool at_end : {false, true}) {
      const auto c = compute(memory, a, b, before, start, a_transposed, b_transposed, at_end);
      const Real off = error(c, wanted, before, start, k);
      if (off > 1) {
        BOOST_ERROR(m << "x" << k << (a_transposed ? "'" : "") << " times " << k << "x" << n
                      << (b_transposed ? "'" : "") << " on start " << start << ": " << off
                      << " times the bound");
      }
      worst = std::max(worst, off);
    }
  });
  return worst;
}

}  // namespace

// Errors of k multiplications and k additions, in any order, are within (k + 1) eps of the terms' sizes.
BOOST_AUTO_TEST_CASE_TEMPLATE(every_element_is_the_sum_of_its_products, T, Scalars) {
  const std::initializer_list<td::Index> sizes = {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 25, 33, 64, 65};
  const Memory<T> memory;
  test::on_every_target([&](const char* target) {
    BOOST_TEST_CONTEXT(target) {
      Real worst = 0;
      const auto compare_in_all = [&](td::Index m, td::Index n, td::Index k) {
        worst = std::max(worst, compare<T>(memory, m, n, k));
      };
      for (const td::Index m : sizes) {
        for (const td::Index n : sizes) {
          for (const td::Index k : sizes) compare_in_all(m, n, k);
        }
      }
      for (const td::Index k : std::initializer_list<td::Index>{127, 128, 129, 200}) {  // several blocks
        for (const td::Index m : std::initializer_list<td::Index>{1, 2, 3, 25, 150}) {
          for (const td::Index n : std::initializer_list<td::Index>{1, 2, 7, 25}) compare_in_all(m, n, k);
        }
      }
      BOOST_TEST(worst <= 1);
    }
  });
}

// A factor's NaN or infinity comes out in all of its row or column, and nowhere else.
BOOST_AUTO_TEST_CASE_TEMPLATE(not_a_number_and_infinities, T, Scalars) {
  const Memory<T> memory;
  const std::initializer_list<td::Index> sizes = {1, 2, 5, 25};
  test::on_every_target([&](const char* target) {
    for (const td::Index m : sizes) {
      for (const td::Index n : sizes) {
        for (const td::Index k : std::initializer_list<td::Index>{1, 3, 25, 130}) {
          const auto before = gaussian<T>({m, n}, 3), a = gaussian<T>({m, k}, 1), b = gaussian<T>({k, n}, 2);
          for (const T bad : {std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::infinity()}) {
            auto bad_a = a, bad_b = b;
            bad_a[m - 1 + (k - 1) * m] = bad_b[(k - 1) + (n - 1) * k] = bad;
            long wrong = 0;
            in_every_form([&](Start start, bool a_transposed, bool b_transposed) {
              const auto by_a = compute(memory, bad_a, b, before, start, a_transposed, b_transposed, true);
              const auto by_b = compute(memory, a, bad_b, before, start, a_transposed, b_transposed, true);
              for (td::Index e = 0; e < by_a.size(); ++e) {
                wrong += std::isfinite(by_a[e]) == (e % m == m - 1);
                wrong += std::isfinite(by_b[e]) == (e / m == n - 1);
              }
            });
            BOOST_TEST(wrong == 0,
                       m << "x" << k << " times " << k << "x" << n << ", " << bad << " on " << target);
          }
        }
      }
    }
  });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_same_bits_wherever_the_matrices_are, T, Scalars) {
  const td::Index m = 25, n = 7, k = 30;
  std::vector<T> memory(3 * largest), first;
  const auto a = gaussian<T>({m, k}, 1), b = gaussian<T>({k, n}, 2);
  test::on_every_target([&](const char* target) {
    for (const int flags : {0, 1, 2, 3}) {
      for (td::Index shift = 0; shift < 16; ++shift) {
        T* c = memory.data() + shift;
        kernels::small_product({{c, 1, m},
                                {nullptr, 1, 0},
                                put(a, (flags & 1) != 0, memory.data() + largest + 3 * shift),
                                put(b, (flags & 2) != 0, memory.data() + 2 * largest + 5 * shift),
                                m,
                                n,
                                k});
        if (shift == 0) first.assign(c, c + m * n);
        BOOST_TEST(std::memcmp(first.data(), c, m * n * sizeof(T)) == 0, target);
      }
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
