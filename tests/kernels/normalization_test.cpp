#include <boost/test/unit_test.hpp>
#include <functional>
#include <vector>

#include "kernels/batch_norm.hpp"
#include "kernels/layer_norm.hpp"
#include "kernels/numbers.hpp"
#include "kernels/targets.hpp"

namespace td = tapedeck;
namespace kernels = td::kernels;
using test::close;
using test::eps;
using test::equal;
using test::gaussian;
using test::half_ulp;
using test::Real;
using test::Scalars;
using test::unset;

BOOST_AUTO_TEST_SUITE(kernels_)
BOOST_AUTO_TEST_SUITE(normalization)

namespace {

constexpr double epsilon = 1e-5;

// Around the sizes of vectors, of the rows and of the columns that are taken at a time.
const std::vector<td::Shape> shapes = {{1, 2},  {2, 5},   {3, 17},  {8, 3},   {9, 16},  {16, 4},
                                       {17, 2}, {25, 50}, {31, 15}, {64, 33}, {65, 18}, {150, 40}};

template <class T>
struct Forward {
  td::Matrix<T> y, h, n, mean, unbiased;
};

template <class T>
Forward<T> batch_norm(const td::Matrix<T>& x, const td::Matrix<T>& gain, const td::Matrix<T>& bias) {
  const td::Index f = x.n_rows;
  Forward<T> out{unset<T>(f, x.n_cols), unset<T>(f, x.n_cols), unset<T>(f, 1), unset<T>(f, 1),
                 unset<T>(f, 1)};
  kernels::run(kernels::BatchNorm{td::shape_of(x), x.memptr(), gain.memptr(), bias.memptr(), epsilon,
                                  out.y.memptr(), out.h.memptr(), out.n.memptr(), out.mean.memptr(),
                                  out.unbiased.memptr()});
  return out;
}

template <class T>
Forward<T> layer_norm(const td::Matrix<T>& x, const td::Matrix<T>& gain, const td::Matrix<T>& bias) {
  Forward<T> out{unset<T>(x.n_rows, x.n_cols), unset<T>(x.n_rows, x.n_cols), unset<T>(1, x.n_cols), {}, {}};
  kernels::run(kernels::LayerNorm{td::shape_of(x), x.memptr(), gain.memptr(), bias.memptr(), epsilon,
                                  out.y.memptr(), out.h.memptr(), out.n.memptr()});
  return out;
}

// Of some numbers, and how far off a normalised one may be: sums of double, each within eps of the sum of
// magnitudes for every term, and one rounding to T.
struct Statistics {
  Real mean = 0, variance = 0, n = 0, largest = 0;
  td::Index count = 0;

  template <class T>
  explicit Statistics(const td::Matrix<T>& x) : count(x.n_elem) {
    for (const T v : x) mean += v, largest = std::max<Real>(largest, std::abs(v));
    mean /= static_cast<Real>(count);
    for (const T v : x) variance += (v - mean) * (v - mean);
    variance /= static_cast<Real>(count);
    n = 1 / std::sqrt(variance + static_cast<Real>(epsilon));
  }
  Real of(Real x) const { return n * (x - mean); }
  template <class T>
  Real bound(Real x) const {
    return half_ulp<T>(of(x)) + eps<double> * static_cast<Real>(count + 8) * (n * largest + std::abs(of(x)));
  }
};

template <class T>
int wrong_outputs(const Forward<T>& out, const td::Matrix<T>& gain, const td::Matrix<T>& bias) {
  int wrong = 0;
  for (td::Index c = 0; c < out.y.n_cols; ++c) {
    for (td::Index r = 0; r < out.y.n_rows; ++r) {
      const Real scaled = static_cast<Real>(gain[r]) * out.h(r, c);
      wrong += !close(out.y(r, c), scaled + bias[r], eps<T> * (std::abs(scaled) + std::abs(bias[r])));
    }
  }
  return wrong;
}

// The sums over the batch, and how far off they may be.
template <class T>
int wrong_sum(T got, const td::Matrix<T>& dy, const td::Matrix<T>& h) {
  Real sum = 0, size = 0;
  for (td::Index c = 0; c < dy.n_cols; ++c) {
    sum += static_cast<Real>(dy[c]) * h[c];
    size += std::abs(static_cast<Real>(dy[c]) * h[c]);
  }
  return !close(got, sum, half_ulp<T>(sum) + eps<double> * static_cast<Real>(dy.n_cols + 1) * size);
}

// dx = n (g - mean(g) - h mean(g h)) along one run of elements.
template <class T>
int wrong_run(const td::Matrix<T>& dx, const td::Matrix<T>& dy, const td::Matrix<T>& h,
              const td::Matrix<T>& gain, Real n) {
  const auto g = [&](td::Index i) { return static_cast<Real>(gain[i % gain.n_elem]) * dy[i]; };
  const Real count = static_cast<Real>(dy.n_elem);
  Real mean = 0, slope = 0, size = 0, steep = 0;
  for (td::Index i = 0; i < dy.n_elem; ++i) {
    mean += g(i) / count;
    slope += g(i) * h[i] / count;
    size += std::abs(g(i)) / count;
    steep += std::abs(g(i) * h[i]) / count;
  }
  int wrong = 0;
  for (td::Index i = 0; i < dy.n_elem; ++i) {
    const Real wanted = n * (g(i) - mean - h[i] * slope);
    const Real terms = n * (std::abs(g(i)) + size + std::abs(h[i]) * steep);
    wrong += !close(dx[i], wanted, half_ulp<T>(wanted) + eps<double> * (count + 8) * terms);
  }
  return wrong;
}

// Cotangents that are written; the same added onto numbers that were there, and each of them alone.
template <class T>
std::vector<td::Matrix<T>> run_twice(const std::vector<td::Shape>& sizes, int& wrong,
                                     const std::function<void(std::vector<td::Destination<T>>)>& run) {
  std::vector<td::Matrix<T>> written, added, start;
  std::vector<td::Destination<T>> to_written, to_added;
  for (const td::Shape s : sizes) {
    written.push_back(unset<T>(s.rows, s.cols));
    start.push_back(gaussian<T>(s, 77));
  }
  added = start;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    to_written.push_back({written[i].memptr(), false});
    to_added.push_back({added[i].memptr(), true});
  }
  run(to_written);
  run(to_added);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    wrong += !equal<T>(added[i], start[i] + written[i]);
    // Each alone is what it is together with the others.
    std::vector<td::Destination<T>> only(sizes.size(), {nullptr, false});
    td::Matrix<T> alone = unset<T>(sizes[i].rows, sizes[i].cols);
    only[i].data = alone.memptr();
    run(only);
    wrong += !equal(alone, written[i]);
  }
  return written;
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(batch_norm_is_as_exact_as_double, T, Scalars) {
  for (const td::Shape s : shapes) {
    for (const double mean : {0.0, 1000.0}) {
      const td::Matrix<T> x = gaussian<T>(s, 1, mean == 0 ? 2 : 0.1, mean);
      const td::Matrix<T> gain = gaussian<T>({s.rows, 1}, 2);
      const td::Matrix<T> bias = gaussian<T>({s.rows, 1}, 3);
      test::on_every_target([&](const char* target) {
        const auto out = batch_norm(x, gain, bias);
        int wrong = wrong_outputs(out, gain, bias);
        for (td::Index r = 0; r < s.rows; ++r) {
          const Statistics row(x.row(r).eval());
          const Real b = static_cast<Real>(s.cols);
          const Real sums = eps<double> * (b + 8);
          for (td::Index c = 0; c < s.cols; ++c)
            wrong += !close(out.h(r, c), row.of(x(r, c)), row.template bound<T>(x(r, c)));
          wrong += !close(out.mean[r], row.mean, half_ulp<T>(row.mean) + sums * row.largest);
          wrong += !close(out.n[r], row.n, half_ulp<T>(row.n) + sums * row.n);
          const Real unbiased = row.variance * b / (b - 1);
          wrong += !close(out.unbiased[r], unbiased, half_ulp<T>(unbiased) + sums * unbiased);
        }
        BOOST_TEST(wrong == 0, td::to_string(s) << ", mean " << mean << " on " << target << ": " << wrong);
      });
    }
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(batch_norms_cotangents, T, Scalars) {
  for (const td::Shape s : shapes) {
    const td::Matrix<T> x = gaussian<T>(s, 1, 2);
    const td::Matrix<T> dy = gaussian<T>(s, 4, 1, 0.5);
    const td::Shape column{s.rows, 1};
    const td::Matrix<T> gain = gaussian<T>(column, 2);
    test::on_every_target([&](const char* target) {
      const auto out = batch_norm(x, gain, gain);
      int wrong = 0;
      const auto got = run_twice<T>({s, column, column}, wrong, [&](auto to) {
        kernels::run(kernels::BatchNormVjp{s, dy.memptr(), gain.memptr(), out.h.memptr(), out.n.memptr(),
                                           to[0], to[1], to[2]});
      });
      for (td::Index r = 0; r < s.rows; ++r) {
        const td::Matrix<T> d = dy.row(r), h = out.h.row(r), one(1, s.cols, arma::fill::ones);
        wrong += wrong_sum(got[1][r], d, h);
        wrong += wrong_sum(got[2][r], d, one);
        wrong += wrong_run<T>(got[0].row(r), d, h, gain.row(r), out.n[r]);
      }
      BOOST_TEST(wrong == 0, td::to_string(s) << " on " << target << ": " << wrong);
    });
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(batch_norm_with_given_statistics, T, Scalars) {
  std::vector<td::Shape> all = shapes;
  all.insert(all.end(), {{3, 0}, {25, 1}});
  for (const td::Shape s : all) {
    const td::Shape column{s.rows, 1};
    const td::Matrix<T> x = gaussian<T>(s, 1, 2, 5), dy = gaussian<T>(s, 4, 1, 0.5);
    const td::Matrix<T> gain = gaussian<T>(column, 2), bias = gaussian<T>(column, 3);
    const td::Matrix<T> mean = gaussian<T>(column, 5, 1, 5);
    const td::Matrix<T> variance = arma::abs(gaussian<T>(column, 6)) + static_cast<T>(0.1);
    test::on_every_target([&](const char* target) {
      td::Matrix<T> y = unset<T>(s.rows, s.cols);
      kernels::run(kernels::BatchNormGiven{s, x.memptr(), gain.memptr(), bias.memptr(), mean.memptr(),
                                           variance.memptr(), epsilon, y.memptr()});
      int wrong = 0;
      const auto got = run_twice<T>({s, column, column, column, column}, wrong, [&](auto to) {
        kernels::run(kernels::BatchNormGivenVjp{s, dy.memptr(), x.memptr(), gain.memptr(), mean.memptr(),
                                                variance.memptr(), epsilon, to[0], to[1], to[2], to[3],
                                                to[4]});
      });
      for (td::Index r = 0; r < s.rows; ++r) {
        const Real n = 1 / std::sqrt(variance[r] + static_cast<Real>(epsilon));
        const Real factor = gain[r] * n;
        Real sum = 0, products = 0, size = 0, sizes = 0;
        for (td::Index c = 0; c < s.cols; ++c) {
          const Real centred = static_cast<Real>(x(r, c)) - mean[r];
          const Real bound = 3 * eps<T> * std::abs(factor * centred) + eps<T> * std::abs(bias[r]);
          wrong += !close(y(r, c), factor * centred + bias[r], bound);
          wrong += !close(got[0](r, c), factor * dy(r, c), 3 * eps<T> * std::abs(factor * dy(r, c)));
          sum += dy(r, c);
          size += std::abs(dy(r, c));
          products += dy(r, c) * centred;
          sizes += std::abs(dy(r, c) * centred);
        }
        const auto sum_is = [&](T value, Real wanted, Real terms) {
          const Real sums = eps<double> * static_cast<Real>(s.cols + 8) * terms;
          wrong += !close(value, wanted, half_ulp<T>(wanted) + sums);
        };
        const Real cube = factor * n * n / 2;
        sum_is(got[1][r], n * products, n * sizes);
        sum_is(got[2][r], sum, size);
        sum_is(got[3][r], -factor * sum, std::abs(factor) * size);
        sum_is(got[4][r], -cube * products, std::abs(cube) * sizes);
      }
      BOOST_TEST(wrong == 0, td::to_string(s) << " on " << target << ": " << wrong);
    });
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(layer_norm_and_its_cotangents, T, Scalars) {
  for (const td::Shape turned : shapes) {
    const td::Shape s{turned.cols, turned.rows};
    const td::Shape column{s.rows, 1};
    const td::Matrix<T> gain = gaussian<T>(column, 2), bias = gaussian<T>(column, 3);
    const td::Matrix<T> dy = gaussian<T>(s, 4, 1, 0.5);
    for (const double mean : {0.0, 1000.0}) {
      const td::Matrix<T> x = gaussian<T>(s, 1, mean == 0 ? 2 : 0.1, mean);
      test::on_every_target([&](const char* target) {
        const auto out = layer_norm(x, gain, bias);
        int wrong = wrong_outputs(out, gain, bias);
        const auto got = run_twice<T>({s, column, column}, wrong, [&](auto to) {
          kernels::run(kernels::LayerNormVjp{s, dy.memptr(), gain.memptr(), out.h.memptr(), out.n.memptr(),
                                             to[0], to[1], to[2]});
        });
        for (td::Index c = 0; c < s.cols; ++c) {
          const Statistics of(x.col(c).eval());
          for (td::Index r = 0; r < s.rows; ++r)
            wrong += !close(out.h(r, c), of.of(x(r, c)), of.template bound<T>(x(r, c)));
          wrong += !close(out.n[c], of.n, half_ulp<T>(of.n) + eps<double> * (of.count + 8) * of.n);
          wrong += wrong_run<T>(got[0].col(c), dy.col(c), out.h.col(c), gain, out.n[c]);
        }
        for (td::Index r = 0; r < s.rows; ++r) {
          wrong += wrong_sum<T>(got[1][r], dy.row(r), out.h.row(r));
          wrong += wrong_sum<T>(got[2][r], dy.row(r), td::Matrix<T>(1, s.cols, arma::fill::ones));
        }
        BOOST_TEST(wrong == 0, td::to_string(s) << ", mean " << mean << " on " << target << ": " << wrong);
      });
    }
  }
}

// A feature alone, and the same one among others: the same bits, and no other's NaN or Inf.
BOOST_AUTO_TEST_CASE_TEMPLATE(features_do_not_mix, T, Scalars) {
  td::Matrix<T> x = gaussian<T>({70, 19}, 1), dy = gaussian<T>({70, 19}, 2);
  const td::Matrix<T> gain = gaussian<T>({70, 1}, 3);
  x(5, 3) = std::numeric_limits<T>::quiet_NaN();
  x(66, 0) = std::numeric_limits<T>::infinity();
  dy(30, 18) = std::numeric_limits<T>::quiet_NaN();
  test::on_every_target([&](const char* target) {
    const auto both = [&](const auto& v, const auto& d, const auto& g) {
      Forward<T> out = batch_norm<T>(v, g, g);
      td::Matrix<T> dx = unset<T>(v.n_rows, v.n_cols);
      kernels::run(kernels::BatchNormVjp{td::shape_of(d), d.memptr(), g.memptr(), out.h.memptr(),
                                         out.n.memptr(), td::Destination<T>{dx.memptr(), false},
                                         td::Destination<T>{nullptr, false},
                                         td::Destination<T>{nullptr, false}});
      return td::Matrix<T>(arma::join_cols(out.y, dx));
    };
    const td::Matrix<T> together = both(x, dy, gain);
    for (td::Index r = 0; r < 70; ++r) {
      const td::Matrix<T> alone =
          both(td::Matrix<T>(x.row(r)), td::Matrix<T>(dy.row(r)), td::Matrix<T>(gain.row(r)));
      const bool y_bad = r == 5 || r == 66;
      for (td::Index c = 0; c < 19; ++c) {
        const T y = together(r, c), dx = together(70 + r, c);
        BOOST_TEST((y_bad ? std::isnan(y) : y == alone(0, c)), target << ", row " << r);
        BOOST_TEST((y_bad || r == 30 ? std::isnan(dx) : dx == alone(1, c)), target << ", row " << r);
      }
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
