#include <bit>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <functional>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "core/kernel_map.hpp"
#include "kernels/numbers.hpp"
#include "kernels/targets.hpp"
#include "support/complaint.hpp"
#include "support/folders.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/core/random.hpp"

namespace td = tapedeck;
namespace kernels = td::kernels;
using test::Real;
using test::Scalars;

BOOST_AUTO_TEST_SUITE(kernels_)
BOOST_AUTO_TEST_SUITE(map_elements)

namespace {

Real logistic(Real x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }
Real distribution(Real x) { return std::erfc(-x * (std::numbers::sqrt2_v<Real> / 2)) / 2; }
Real density(Real x) {
  return std::exp(-x * x / 2) * (std::numbers::inv_sqrtpi_v<Real> / std::numbers::sqrt2_v<Real>);
}
Real gelu_slope(Real x) { return distribution(x) + (std::isinf(x) ? 0 : x * density(x)); }
Real silu_slope(Real x) { return logistic(x) * (1 + (std::isinf(x) ? 0 : x * logistic(-x))); }

// What the second matrix holds, which decides on the numbers that make sense.
enum class Inputs {
  x,        // one matrix
  dy_x,     // any x
  dy_tanh,  // results of tanh
  dy_logistic,
  pairs,  // any two
};

struct Case {
  std::string name;
  kernels::ElementFunction function;
  Inputs inputs;
  std::function<Real(Real x, Real z)> reference;
  double ulp_f32, ulp_f64;  // as map.hpp states
  double floor = 0;         // an error is in ulp of the result, or of this if it is larger
  double a = 0, b = 0;
  bool denormal_factor = false;  // then an error is in ulp of 1024 smallest normal numbers if that is larger
};

constexpr double a = 0.3125;  // exact in float
constexpr double b = 1.75;

Real clamp(Real u, Real limit) { return u > limit ? limit : u < -limit ? -limit : u; }

const std::vector<Case> cases = {
    {"scale", kernels::scale, Inputs::x, [](Real x, Real) { return a * x; }, 0.5, 0.5, 0, a},
    {"relu", kernels::relu, Inputs::x, [](Real x, Real) { return x < 0 ? 0 : x; }, 0, 0},
    {"relu_vjp", kernels::relu_vjp, Inputs::dy_x, [](Real d, Real y) { return y <= 0 ? 0 : d; }, 0, 0},
    {"leaky_relu", kernels::leaky_relu, Inputs::x, [](Real x, Real) { return x > 0 ? x : a * x; }, 0.5, 0.5,
     0, a},
    {"leaky_relu_vjp", kernels::leaky_relu_vjp, Inputs::dy_x,
     [](Real d, Real x) { return x > 0 ? d : a * d; }, 0.5, 0.5, 0, a},
    {"tanh", kernels::tanh, Inputs::x, [](Real x, Real) { return std::tanh(x); }, 3, 3},
    {"tanh_vjp", kernels::tanh_vjp, Inputs::dy_tanh, [](Real d, Real y) { return d * ((1 - y) * (1 + y)); },
     2, 2},
    {"sigmoid", kernels::sigmoid, Inputs::x, [](Real x, Real) { return logistic(x); }, 3, 3},
    {"sigmoid_vjp", kernels::sigmoid_vjp, Inputs::dy_logistic, [](Real d, Real y) { return d * y * (1 - y); },
     2, 2},
    {"softplus", kernels::softplus, Inputs::x,
     [](Real x, Real) { return (x < 0 ? 0 : x) + std::log1p(std::exp(-std::abs(x))); }, 3, 3},
    {"softplus_vjp", kernels::softplus_vjp, Inputs::dy_x, [](Real d, Real x) { return d * logistic(x); }, 3,
     3},
    {"elu", kernels::elu, Inputs::x, [](Real x, Real) { return x > 0 ? x : a * std::expm1(x); }, 4, 4, 0, a},
    {"elu_vjp", kernels::elu_vjp, Inputs::dy_x,
     [](Real d, Real x) { return x > 0 ? d : d * a * std::exp(x); }, 2, 2, 0, a},
    {"silu", kernels::silu, Inputs::x, [](Real x, Real) { return x * logistic(x); }, 3, 3, 0, 0, 0, true},
    {"silu_vjp", kernels::silu_vjp, Inputs::dy_x, [](Real d, Real x) { return d * silu_slope(x); }, 4, 4,
     0.25},
    {"gelu", kernels::gelu, Inputs::x, [](Real x, Real) { return x * distribution(x); }, 8, 10, 0, 0, 0,
     true},
    {"gelu_vjp", kernels::gelu_vjp, Inputs::dy_x, [](Real d, Real x) { return d * gelu_slope(x); }, 8, 10,
     0.25},
    {"select", kernels::select, Inputs::pairs, [](Real x, Real m) { return m == 0 ? 0 : m * x; }, 0.5, 0.5},
    {"difference", kernels::difference, Inputs::pairs, [](Real x, Real t) { return a * (x - t); }, 1.5, 1.5,
     0, a},
    {"sign_difference", kernels::sign_difference, Inputs::pairs,
     [](Real x, Real t) { return x > t   ? a
                                 : x < t ? -a
                                         : a * (x - t); }, 0, 0, 0, a},
    {"clamped_difference", kernels::clamped_difference, Inputs::pairs,
     [](Real x, Real t) { return a * clamp(x - t, b); }, 1.5, 1.5, 0, a, b},
    {"logistic_difference", kernels::logistic_difference, Inputs::pairs,
     [](Real x, Real t) { return a * (logistic(x) - t); }, 3, 3, a, a},
};

template <class T>
double stated(const Case& c) {
  return std::is_same_v<T, float> ? c.ulp_f32 : c.ulp_f64;
}

// Every edge where a function changes its formula, the ends of the range, and numbers of every size.
template <class T>
std::vector<T> numbers() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> found = {0,
                          Limits::denorm_min(),
                          3 * Limits::denorm_min(),
                          Limits::min() / 2,
                          Limits::min(),
                          Limits::epsilon() / 2,
                          Limits::epsilon(),
                          Limits::max() / 2,
                          Limits::max(),
                          Limits::infinity(),
                          Limits::quiet_NaN()};
  for (const double edge :
       {0.34657359, 0.5,  1.0,  4.0,  9.0,   14.4,  17.0,  18.714973875, 19.0,  37.5,  38.6,
        40.0,       87.3, 88.7, 89.0, 103.9, 104.0, 708.3, 709.7,        710.0, 745.1, 1000.0}) {
    const T x = static_cast<T>(edge);
    found.insert(found.end(), {std::nextafter(x, T{0}), x, std::nextafter(x, Limits::max())});
  }
  const td::Random random(7);
  for (std::uint64_t i = 0; i < 4000; ++i) {
    const auto uniform = [&](std::uint64_t j) { return random.uniform(i, j); };
    found.push_back(static_cast<T>(2 * uniform(0)));
    found.push_back(static_cast<T>(20 * uniform(1)));
    found.push_back(static_cast<T>((std::is_same_v<T, float> ? 110 : 760) * uniform(2)));
    found.push_back(static_cast<T>(std::ldexp(1 + uniform(3), static_cast<int>(-60 + 64 * uniform(4)))));
  }
  const std::size_t n = found.size();
  for (std::size_t i = 0; i < n; ++i) found.push_back(-found[i]);
  return found;
}

template <class T>
td::Matrix<T> first_matrix(const Case& c) {
  const std::vector<T> all = numbers<T>();
  td::Matrix<T> m(1, all.size());
  for (td::Index i = 0; i < m.n_elem; ++i)
    m[i] = c.inputs == Inputs::x || c.inputs == Inputs::pairs ? all[i] : 1;
  return m;
}

template <class T>
td::Matrix<T> second_matrix(const Case& c) {
  const std::vector<T> all = numbers<T>();
  td::Matrix<T> m(1, all.size());
  for (td::Index i = 0; i < m.n_elem; ++i) {
    if (c.inputs == Inputs::pairs) {
      m[i] = all[(i * 7 + 3) % all.size()];
    } else if (c.inputs == Inputs::dy_tanh) {
      m[i] = std::tanh(all[i]);
    } else if (c.inputs == Inputs::dy_logistic) {
      m[i] = static_cast<T>(logistic(all[i]));
    } else {
      m[i] = all[i];
    }
  }
  return m;
}

template <class T>
td::Matrix<T> computed(const Case& c, const td::Matrix<T>& x, const td::Matrix<T>& z) {
  td::Matrix<T> y = test::unset<T>(x.n_rows, x.n_cols);
  if (c.inputs == Inputs::x) {
    kernels::map(c.function, x).with(c.a, c.b).into(y);
  } else {
    kernels::map(c.function, x, z).with(c.a, c.b).into(y);
  }
  return y;
}

// |got - wanted| in units in the last place of a T of this size; 0 if both are NaN, or the same infinity,
// which is also the right answer to what rounds to one.
template <class T>
double error_in_ulp(T got, Real wanted, double floor) {
  if (std::isnan(wanted) || std::isnan(got)) return std::isnan(wanted) && std::isnan(got) ? 0 : HUGE_VAL;
  const T rounded = static_cast<T>(wanted);
  if (std::isinf(rounded) || std::isinf(got)) return rounded == got ? 0 : HUGE_VAL;
  const T size = std::max(std::abs(rounded), static_cast<T>(floor));
  const T ulp = std::nextafter(size, std::numeric_limits<T>::infinity()) - size;
  return static_cast<double>(std::abs(got - wanted) / static_cast<Real>(ulp));
}

template <class T>
bool same_bits(T x, T y) {
  using Bits = std::conditional_t<std::is_same_v<T, float>, std::uint32_t, std::uint64_t>;
  return std::bit_cast<Bits>(x) == std::bit_cast<Bits>(y) || (std::isnan(x) && std::isnan(y));
}

}  // namespace

// The errors found are written to map_elements_f32.md and _f64.md in the tests' build folder.
BOOST_AUTO_TEST_CASE_TEMPLATE(as_exact_as_stated, T, Scalars) {
  std::ofstream table(test::output_dir + "/map_elements_f" + std::to_string(8 * sizeof(T)) + ".md");
  table << "| function | vectors | ulp |\n|---|---|---|\n";
  for (const Case& c : cases) {
    const td::Matrix<T> x = first_matrix<T>(c);
    const td::Matrix<T> z = second_matrix<T>(c);
    const double floor =
        c.denormal_factor ? 1024 * static_cast<double>(std::numeric_limits<T>::min()) : c.floor;
    test::on_every_target([&](const char* target) {
      const td::Matrix<T> y = computed(c, x, z);
      double worst = 0;
      td::Index where = 0;
      for (td::Index i = 0; i < y.n_elem; ++i) {
        const double error = error_in_ulp(y[i], c.reference(x[i], z[i]), floor);
        if (error > worst) worst = error, where = i;
      }
      table << "| " << c.name << " | " << target << " | " << worst << " |\n";
      BOOST_TEST(worst <= stated<T>(c), c.name << " on " << target << ": off by " << worst << " ulp at "
                                               << x[where] << ", " << z[where] << ": " << y[where]);
    });
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(zeros_keep_their_sign, T, Scalars) {
  const td::Matrix<T> x{{0, -T{0}}};
  for (const Case& c : cases) {
    const bool odd = c.inputs == Inputs::x && c.reference(0, 0) == 0;
    if (!odd) continue;
    test::on_every_target([&](const char* target) {
      const td::Matrix<T> y = computed(c, x, x);
      BOOST_TEST(!std::signbit(y[0]), c.name << " on " << target);
      BOOST_TEST(std::signbit(y[1]), c.name << " on " << target);
    });
  }
}

// A value alone, and among others at any place, of any number, at any alignment; nothing beside it is
// touched.
BOOST_AUTO_TEST_CASE_TEMPLATE(bits_do_not_depend_on_the_place, T, Scalars) {
  constexpr td::Index longest = 67;
  constexpr T untouched = 12345;
  for (const Case& c : cases) {
    const td::Matrix<T> x = first_matrix<T>(c).cols(0, longest + 70);
    const td::Matrix<T> z = second_matrix<T>(c).cols(0, longest + 70);
    test::on_every_target([&](const char* target) {
      td::Matrix<T> alone(1, x.n_cols);
      for (td::Index i = 0; i < x.n_cols; ++i) {
        alone[i] = computed<T>(c, td::Matrix<T>{x[i]}, td::Matrix<T>{z[i]})[0];
      }
      int wrong = 0;
      for (td::Index n = 0; n <= longest; ++n) {
        const td::Index from = (5 * n) % 17;
        const td::Index to = (3 * n) % 16;
        const td::Matrix<T> part_x(const_cast<T*>(x.memptr()) + from, 1, n, false, true);
        const td::Matrix<T> part_z(const_cast<T*>(z.memptr()) + from, 1, n, false, true);
        std::vector<T> memory(to + n + 20, untouched);
        td::Matrix<T> y(memory.data() + to, 1, n, false, true);
        const auto map = c.inputs == Inputs::x ? kernels::map(c.function, part_x).with(c.a, c.b)
                                               : kernels::map(c.function, part_x, part_z).with(c.a, c.b);
        map.into(y);
        for (td::Index i = 0; i < memory.size(); ++i) {
          const bool inside = i >= to && i < to + n;
          wrong += !same_bits(memory[i], inside ? alone[from + i - to] : untouched);
        }
        y.fill(untouched);
        map.onto(y);
        for (td::Index i = 0; i < memory.size(); ++i) {
          const bool inside = i >= to && i < to + n;
          const T wanted = inside ? untouched + alone[from + i - to] : untouched;
          wrong += !same_bits(memory[i], wanted);
        }
      }
      BOOST_TEST(wrong == 0, c.name << " on " << target << ": " << wrong << " values");
    });
  }
}

// 0 times Inf is NaN, hence no product.
BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_not_selected_is_zero, T, Scalars) {
  const td::Matrix<T> x{{std::numeric_limits<T>::infinity(), std::numeric_limits<T>::quiet_NaN(), 1}};
  const td::Matrix<T> m(1, 3, arma::fill::zeros);
  test::on_every_target([&](const char* target) {
    td::Matrix<T> y(1, 3);
    kernels::map(kernels::select, x, m).into(y);
    BOOST_TEST(arma::all(arma::vectorise(y) == 0), target);
  });
}

BOOST_AUTO_TEST_CASE(matrices_of_other_shapes) {
  const td::Matrix<float> x(2, 3), z(3, 2);
  td::Matrix<float> y(2, 3), w(3, 2);
  BOOST_TEST(test::complaint<td::ShapeError>([&] {
               kernels::map(kernels::tanh, x).into(w);
             }).starts_with("map: a matrix of 2x3 for a target of 3x2"));
  BOOST_CHECK_THROW(kernels::map(kernels::tanh_vjp, x, z).onto(y), td::ShapeError);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
