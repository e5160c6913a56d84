#include "kernels/updates.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "kernels/numbers.hpp"
#include "kernels/targets.hpp"
#include "tapedeck/core/random.hpp"

namespace td = tapedeck;
namespace kernels = td::kernels;
using test::Scalars;
using test::times;

BOOST_AUTO_TEST_SUITE(kernels_)
BOOST_AUTO_TEST_SUITE(updates)

namespace {

// Values, gradients, and what is remembered: a mean or a velocity, a mean of squares, another mean.
template <class T>
struct Numbers {
  std::vector<T> w, g, m, s, v;

  std::array<std::vector<T>*, 5> all() { return {&w, &g, &m, &s, &v}; }
};

template <class T>
struct Element {
  T &w, g, &m, &s, &v;
};

// average(kept, term) of updates.cpp.
template <class T>
T average(bool flush, T kept, T term) {
  const T sum = kept + term;
  return flush && term == 0 && std::abs(sum) < std::numeric_limits<T>::min() ? T(0) : sum;
}

// A kernel on n elements from the i-th on, and the loop that it stands for on one.
template <class T>
struct Case {
  std::string name;
  std::function<void(Numbers<T>& x, td::Index i, td::Index n)> kernel;
  std::function<void(Element<T>)> loop;
};

template <class T>
Case<T> descent(const std::string& name, const kernels::Descent<T>& r) {
  return {
      name,
      [=](Numbers<T>& x, td::Index i, td::Index n) { kernels::update(r, n, x.w.data() + i, x.g.data() + i); },
      [=](Element<T> x) {
        const T d = x.g + times(r.penalty, x.w);
        const bool decays = r.penalty != 0 || r.shrinkage != 0;  // otherwise an infinite w stays as it is
        x.w = x.w - (decays ? times(r.rate, d) + times(r.shrinkage, x.w) : times(r.rate, x.g));
      }};
}

template <class T>
Case<T> momentum(const std::string& name, const kernels::MomentumDescent<T>& r) {
  return {name,
          [=](Numbers<T>& x, td::Index i, td::Index n) {
            kernels::update(r, n, x.w.data() + i, x.g.data() + i, x.v.data() + i);
          },
          [=](Element<T> x) {
            const T u = times(r.inside, x.g + times(r.penalty, x.w));
            x.v = average(r.flush, times(r.momentum, x.v), u);
            const T direction = r.nesterov ? u + times(r.momentum, x.v) : x.v;
            x.w = x.w - (times(r.outside, direction) + times(r.shrinkage, x.w));
          }};
}

template <class T>
Case<T> adam(const std::string& name, const kernels::AdamDescent<T>& r) {
  return {name,
          [=](Numbers<T>& x, td::Index i, td::Index n) {
            kernels::update(r, n, x.w.data() + i, x.g.data() + i, x.m.data() + i, x.s.data() + i);
          },
          [=](Element<T> x) {
            const T d = x.g + times(r.penalty, x.w);
            x.m = average(r.flush, times(r.beta_1, x.m), times(r.rest_1, d));
            x.s = average(r.flush, times(r.beta_2, x.s), times(times(r.rest_2, d), d));
            const T divisor = times(std::sqrt(x.s), r.root_scale) + r.epsilon;
            x.w = x.w - (times(r.rate, x.m) / divisor + times(r.shrinkage, x.w));
          }};
}

template <class T>
Case<T> adagrad(const std::string& name, const kernels::AdagradDescent<T>& r) {
  return {name,
          [=](Numbers<T>& x, td::Index i, td::Index n) {
            kernels::update(r, n, x.w.data() + i, x.g.data() + i, x.s.data() + i);
          },
          [=](Element<T> x) {
            const T d = x.g + times(r.penalty, x.w);
            x.s = x.s + times(d, d);
            x.w = x.w - times(r.rate, d) / (std::sqrt(x.s) + r.epsilon);
          }};
}

template <class T>
Case<T> rmsprop(const std::string& name, bool centered, bool moving, bool flush) {
  const kernels::RMSpropDescent<T> r{T(0.01), T(0.99), T(0.01), T(1e-8), T(0.9), T(0.1), flush};
  return {name,
          [=](Numbers<T>& x, td::Index i, td::Index n) {
            kernels::update(r, n, x.w.data() + i, x.g.data() + i, x.s.data() + i,
                            centered ? x.m.data() + i : nullptr, moving ? x.v.data() + i : nullptr);
          },
          [=](Element<T> x) {
            const T d = x.g + times(r.penalty, x.w);
            x.s = average(r.flush, times(r.beta, x.s), times(times(r.rest, d), d));
            T variance = x.s;
            if (centered) {
              x.m = average(r.flush, times(r.beta, x.m), times(r.rest, d));
              variance = x.s - times(x.m, x.m);
              if (variance < 0) variance = 0;
            }
            T step = d / (std::sqrt(variance) + r.epsilon);
            if (moving) step = x.v = average(r.flush, times(r.momentum, x.v), step);
            x.w = x.w - times(r.rate, step);
          }};
}

template <class T>
std::vector<Case<T>> cases() {
  std::vector<Case<T>> all{descent<T>("SGD", {T(0.1), 0, 0}),
                           descent<T>("SGD, coupled decay", {T(0.1), T(0.3), 0}),
                           descent<T>("SGD, decoupled decay", {T(0.1), 0, T(0.03)}),
                           adagrad<T>("Adagrad", {T(0.01), T(1e-10), T(0.1)})};
  for (const bool flush : {false, true}) {
    const std::string with = flush ? ", flushing" : "";
    const auto add = [&](Case<T> c) {
      c.name += with;
      all.push_back(c);
    };
    add(momentum<T>("momentum", {1, T(0.1), T(0.9), 0, 0, false, flush}));
    add(momentum<T>("momentum, rate inside, decay", {T(0.1), 1, T(0.9), T(0.3), 0, false, flush}));
    add(momentum<T>("Nesterov, decoupled decay", {1, T(0.1), T(0.9), 0, T(0.03), true, flush}));
    add(momentum<T>("Nesterov, rate inside", {T(0.1), 1, T(0.9), T(0.3), 0, true, flush}));
    constexpr T beta_1 = T(0.9), rest_1 = T(0.1), beta_2 = T(0.999), rest_2 = T(0.001), tiny = T(1e-8);
    add(adam<T>("Adam", {T(0.01), T(31.6), beta_1, rest_1, beta_2, rest_2, tiny, 0, 0, flush}));
    add(adam<T>("Adam, decay", {T(0.01), 1, beta_1, rest_1, beta_2, rest_2, tiny, T(0.3), 0, flush}));
    add(adam<T>("AdamW", {T(0.01), 1, beta_1, rest_1, beta_2, rest_2, tiny, 0, T(0.03), flush}));
    add(rmsprop<T>("RMSprop", false, false, flush));
    add(rmsprop<T>("RMSprop, momentum", false, true, flush));
    add(rmsprop<T>("RMSprop, centered", true, false, flush));
    add(rmsprop<T>("RMSprop, centered, momentum", true, true, flush));
  }
  return all;
}

// The n-th of: what is special, then numbers of every size.
template <class T>
T number(td::Index n, const td::Random& random) {
  using Limits = std::numeric_limits<T>;
  constexpr T special[] = {0,
                           1,
                           Limits::denorm_min(),
                           Limits::min() / 2,
                           Limits::min(),
                           T(1e-25),
                           Limits::max(),
                           Limits::infinity(),
                           Limits::quiet_NaN()};
  constexpr td::Index count = std::size(special);
  const T sign = random.uniform(n, 0) < 0.5 ? T(-1) : T(1);
  if (n < 300) return sign * special[static_cast<td::Index>(random.uniform(n, 1) * double(count)) % count];
  if (n < 600)
    return static_cast<T>(std::ldexp(random.normal(n), static_cast<int>(120 * random.uniform(n, 1)) - 60));
  return static_cast<T>(random.normal(n));
}

template <class T>
Numbers<T> numbers() {
  constexpr td::Index n = 1000;
  Numbers<T> x;
  std::uint64_t seed = 0;
  for (std::vector<T>* of : x.all()) {
    const td::Random random(++seed);
    for (td::Index i = 0; i < n; ++i) of->push_back(number<T>(i, random));
  }
  for (T& s : x.s) s = std::abs(s);  // squares
  return x;
}

template <class T>
void loop(const Case<T>& c, Numbers<T>& x, td::Index begin, td::Index n) {
  for (td::Index i = begin; i < begin + n; ++i) c.loop({x.w[i], x.g[i], x.m[i], x.s[i], x.v[i]});
}

// 0 is not -0; one NaN is as good as another.
template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](T x, T y) {
    return (x == y && std::signbit(x) == std::signbit(y)) || (std::isnan(x) && std::isnan(y));
  });
}

template <class T>
bool same(Numbers<T>& a, Numbers<T>& b) {
  for (std::size_t i = 0; i < a.all().size(); ++i) {
    if (!same(*a.all()[i], *b.all()[i])) return false;
  }
  return true;
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(as_the_plain_loop_to_the_bit, T, Scalars) {
  for (const Case<T>& c : cases<T>()) {
    Numbers<T> wanted = numbers<T>();
    for (int step = 0; step < 3; ++step) loop(c, wanted, 0, wanted.w.size());
    BOOST_TEST(!same(wanted.w, numbers<T>().w));
    test::on_every_target([&](const char* target) {
      Numbers<T> x = numbers<T>();
      for (int step = 0; step < 3; ++step) c.kernel(x, 0, x.w.size());
      BOOST_TEST(same(x, wanted), c.name << " on " << target);
    });
  }
}

// Any part, at any alignment; nothing beside it is touched.
BOOST_AUTO_TEST_CASE_TEMPLATE(parts_are_updated_by_themselves, T, Scalars) {
  Numbers<T> all = numbers<T>();
  for (const Case<T>& c : cases<T>()) {
    for (td::Index n = 0; n <= 67; ++n) {
      const td::Index begin = (5 * n) % 17;
      Numbers<T> start;
      for (std::size_t i = 0; i < start.all().size(); ++i) {
        const std::vector<T>& of = *all.all()[i];
        start.all()[i]->assign(of.begin() + 560, of.begin() + 660);
      }
      Numbers<T> wanted = start;
      loop(c, wanted, begin, n);
      test::on_every_target([&](const char* target) {
        Numbers<T> x = start;
        c.kernel(x, begin, n);
        BOOST_TEST(same(x, wanted), c.name << " on " << target << ", " << n << " from " << begin);
      });
    }
  }
}

// With gradients of 0, whatever the averages are: as long as an average is normal its bits are those of the
// product, below that it is 0, and NaN stays.
BOOST_AUTO_TEST_CASE_TEMPLATE(averages_that_decay_end_at_zero, T, Scalars) {
  using Limits = std::numeric_limits<T>;
  const T starts[] = {0,
                      1,
                      Limits::min(),
                      Limits::min() / T(0.9),
                      -2 * Limits::min(),
                      Limits::min() - Limits::denorm_min(),
                      Limits::denorm_min(),
                      -100 * Limits::denorm_min(),
                      Limits::quiet_NaN(),
                      Limits::infinity()};
  const kernels::AdamDescent<T> rule{T(0.01), 1, T(0.9), T(0.1), T(0.999), T(0.001), T(1e-8), 0, 0, true};
  const std::vector<T> start(std::begin(starts), std::end(starts));
  const td::Index n = start.size();
  test::on_every_target([&](const char* target) {
    const std::vector<T> g(n, 0);
    std::vector<T> m = start;
    std::vector<T> v = start;
    for (T& square : v) square = std::abs(square);
    for (int step = 0; step < 5; ++step) {
      const auto decayed = [](T x, T beta) {
        const T product = times(beta, x);
        return std::abs(product) < Limits::min() ? T(0) : product;
      };
      std::vector<T> w(n, 0);  // again in each step, since 0 w is part of the gradient
      std::vector<T> wanted_m = m;
      std::vector<T> wanted_v = v;
      for (T& x : wanted_m) x = decayed(x, T(0.9));
      for (T& x : wanted_v) x = decayed(x, T(0.999));
      kernels::update(rule, n, w.data(), g.data(), m.data(), v.data());
      BOOST_TEST(same(m, wanted_m), "m on " << target << ", step " << step);
      BOOST_TEST(same(v, wanted_v), "v on " << target << ", step " << step);
    }
    BOOST_TEST(m[1] == times(T(0.9), times(T(0.9), times(T(0.9), times(T(0.9), T(0.9))))), target);
    BOOST_TEST((m[5] == 0 && m[6] == 0 && v[6] == 0 && v[7] == 0), target);
    BOOST_TEST((std::isnan(m[8]) && std::isnan(v[8]) && std::isinf(m[9])), target);
  });
}

// A small v must not vanish before m / sqrt(v) has.
BOOST_AUTO_TEST_CASE(tiny_averages_that_get_contributions_are_kept) {
  const kernels::AdamDescent<float> rule{0.01F, 1, 0.9F, 0.1F, 0.999F, 0.001F, 1e-8F, 0, 0, true};
  test::on_every_target([&](const char* target) {
    const std::vector<float> g{1e-20F, 1e-39F};  // of which the squares are denormal, and 0
    std::vector<float> w(2), m(2), v(2);
    kernels::update(rule, 2, w.data(), g.data(), m.data(), v.data());
    BOOST_TEST((v[0] > 0 && v[0] < std::numeric_limits<float>::min()), target);
    BOOST_TEST((m[1] > 0 && m[1] < std::numeric_limits<float>::min()), target);
    BOOST_TEST(v[1] == 0, target);
  });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(padding_stays_zero, T, Scalars) {
  for (const Case<T>& c : cases<T>()) {
    test::on_every_target([&](const char* target) {
      Numbers<T> x;
      for (std::vector<T>* of : x.all()) of->assign(19, 0);
      Numbers<T> zeros = x;
      for (int step = 0; step < 3; ++step) c.kernel(x, 0, 19);
      BOOST_TEST(same(x, zeros), c.name << " on " << target);
    });
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
