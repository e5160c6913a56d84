// Rules that need a parameter as a matrix. What they share with other optimizers is tested with those:
// optimizer_test.cpp (what is skipped), state_test.cpp (resuming), threads_test.cpp (equal bits).
#include "tapedeck/optim/matrix_optimizer.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "optim/matrix_rules.hpp"
#include "optim/small_problem.hpp"
#include "support/allocations.hpp"
#include "support/complaint.hpp"
#include "tapedeck/core/random.hpp"

using namespace optim_test;

BOOST_AUTO_TEST_SUITE(optim)
BOOST_AUTO_TEST_SUITE(matrix_optimizer)

namespace {

using Scalars = std::tuple<float, double>;
constexpr td::Index steps = 5;

// A wide and a tall matrix, and a column in a group with half the rate and a tenth of the decay.
template <class T>
struct Problem {
  td::ParameterStore store{{.seed = 4, .scalar = td::scalar_of<T>}};
  std::vector<td::Parameter> parameters{store.add("wide", {3, 7}, td::normal(1)),
                                        store.add("tall", {8, 2}, td::normal(1)),
                                        store.add("column", {5, 1}, td::normal(1), {.group = "biases"})};
  static constexpr td::GroupFactors biases{.learning_rate = 0.5, .weight_decay = 0.1};

  td::GroupFactors factors(td::Parameter p) const { return p.slot() == 2 ? biases : td::GroupFactors{}; }

  // Of numbers from 1 to 2.
  td::Matrix<T> gradient(td::Parameter p, td::Index step) {
    td::Matrix<T> g(arma::size(store.parameter(p).value<T>()));
    const td::Random random = td::Random(step).stream(p.slot());
    for (td::Index i = 0; i < g.n_elem; ++i) g[i] = static_cast<T>(1 + random.uniform(i));
    return g;
  }
  void step(td::Optimizer& optimizer, td::Index number) {
    store.zero_grad();
    for (const td::Parameter p : parameters) store.gradients().set(p, gradient(p, number));
    optimizer.step();
  }
};

// Notes what it is told; asks for the wrong scalar of one parameter.
class Observer : public td::MatrixOptimizer {
 public:
  struct Told {
    std::string name;
    td::Shape shape, matrices;
    td::Index step;
    double learning_rate, penalty, shrinkage;
  };
  Observer(td::ParameterStore& store, td::Decay decay, std::string mistaken = "")
      : MatrixOptimizer(store, "Observer", {.learning_rate = 2, .weight_decay = 0.5, .decay = decay}),
        mistaken_(std::move(mistaken)),
        state_(state()) {}

  std::vector<Told> take() { return std::exchange(told_, {}); }

 private:
  void update(const ParameterStep& p) override {
    if (p.name() == mistaken_) p.value<float>().zeros();
    BOOST_TEST((td::shape_of(p.gradient<double>()) == p.shape()));
    BOOST_TEST((td::shape_of(p.state<double>(state_)) == p.shape()));
    told_.push_back({p.name(), p.shape(), td::shape_of(p.value<double>()), p.step(), p.learning_rate(),
                     p.penalty(), p.shrinkage()});
  }
  void visit_memory(td::StateVisitor& visitor) override {
    td::visit_parameters(visitor, "state", state_, store());
  }

  std::string mistaken_;
  td::FlatBuffer state_;
  std::vector<Told> told_;
};

// w = w - rate g / |g|, without a temporary.
class NormalizedDescent : public td::MatrixOptimizer {
 public:
  explicit NormalizedDescent(td::ParameterStore& store)
      : MatrixOptimizer(store, "NormalizedDescent", {.learning_rate = 0.1}) {}

 private:
  void update(const ParameterStep& p) override {
    td::with_scalar(scalar(), [&]<class T>(T) {
      const td::Matrix<T>& g = p.gradient<T>();
      p.value<T>() -= static_cast<T>(p.learning_rate() / arma::norm(g, "fro")) * g;
    });
  }
  void visit_memory(td::StateVisitor&) override {}
};

arma::mat as_double(const auto& m) { return arma::conv_to<arma::mat>::from(m); }

using GradientAt = std::function<arma::mat(td::Index)>;

// The values after `steps` steps of LAMB with gradients g(0), g(1), ..., element by element in double.
arma::mat lamb(arma::mat w, const GradientAt& g, double rate, double decay) {
  arma::mat m(arma::size(w)), v(arma::size(w)), r(arma::size(w));
  for (td::Index t = 1; t <= steps; ++t) {
    const arma::mat gradient = g(t - 1);
    double w_squares = 0, r_squares = 0;
    for (td::Index i = 0; i < w.n_elem; ++i) {
      m[i] = 0.9 * m[i] + 0.1 * gradient[i];
      v[i] = 0.99 * v[i] + 0.01 * gradient[i] * gradient[i];
      const double mean = m[i] / (1 - std::pow(0.9, t));
      const double square = v[i] / (1 - std::pow(0.99, t));
      r[i] = mean / (std::sqrt(square) + 1e-6) + decay * w[i];
      w_squares += w[i] * w[i];
      r_squares += r[i] * r[i];
    }
    for (td::Index i = 0; i < w.n_elem; ++i) w[i] -= rate * std::sqrt(w_squares / r_squares) * r[i];
  }
  return w;
}

// The same of Muon, by the singular values themselves.
arma::mat muon(arma::mat w, const GradientAt& g, double rate, double decay) {
  arma::mat b(arma::size(w)), u, v;
  arma::vec s;
  for (td::Index t = 0; t < steps; ++t) {
    b = 0.95 * b + g(t);
    arma::svd_econ(u, s, v, b);
    s /= arma::norm(s) + 1e-7;
    for (int i = 0; i < 5; ++i) {
      for (double& x : s) x = 3.4445 * x - 4.775 * std::pow(x, 3) + 2.0315 * std::pow(x, 5);
    }
    w -= rate * decay * w + rate * u * arma::diagmat(s) * v.t();
  }
  return w;
}

// The largest difference of each parameter's values after `steps` steps from those of the reference.
template <class Rule, class T, class Reference>
std::vector<double> differences(const Reference& reference) {
  Problem<T> problem;
  const typename Rule::Options options{};
  Rule optimizer(problem.store, options);
  optimizer.group("biases", problem.biases);
  std::vector<arma::mat> wanted;
  for (const td::Parameter p : problem.parameters) {
    const td::GroupFactors factors = problem.factors(p);
    wanted.push_back(reference(
        as_double(problem.store.parameter(p).template value<T>()),
        [&](td::Index t) { return as_double(problem.gradient(p, t)); },
        options.learning_rate * factors.learning_rate, options.weight_decay * factors.weight_decay));
  }
  for (td::Index t = 0; t < steps; ++t) problem.step(optimizer, t);
  std::vector<double> found;
  for (const td::Parameter p : problem.parameters) {
    const arma::mat w = as_double(problem.store.parameter(p).template value<T>());
    found.push_back(arma::abs(w - wanted[p.slot()]).max());
  }
  return found;
}

}  // namespace

// Nothing cancels, so that moments are within 3 t + 4 roundings at step t, r within 5 t + 10, and |w| / |r|
// of n elements within n + 5 t + 12: a step within n + 76. r is between 0.47 and 2.2 and |w| below 10, so
// that no element moves by more than 2, and a difference grows by no more than 1.45 in each of five steps.
BOOST_AUTO_TEST_CASE_TEMPLATE(lamb_is_that_of_the_plain_loop, T, Scalars) {
  const std::vector<double> found = differences<Lamb, T>(lamb);
  const double n = 21;
  const double tolerance = 5 * std::pow(1.45, 5) * (n + 80) * std::numeric_limits<T>::epsilon();
  for (const double difference : found) BOOST_TEST(difference <= tolerance);
}

// All singular values stay below 1.21, where the polynomial's derivative is within 4.3; products of numbers
// so small, with an inner dimension of at most 8, are off by 130 * 30 eps, and what one of five is off by
// grows to less than 445 times as much.
BOOST_AUTO_TEST_CASE(muon_is_that_of_the_singular_values) {
  const std::vector<double> found = differences<Muon, double>(muon);
  const double rate = Muon::Options().learning_rate;
  const double tolerance = rate * steps * 445 * 130 * 30 * std::numeric_limits<double>::epsilon();
  for (const double difference : found) BOOST_TEST(difference <= tolerance);
}

BOOST_AUTO_TEST_CASE(a_rule_is_told_of_each_parameter_that_moves) {
  Problem<double> problem;
  Observer coupled(problem.store, td::Decay::coupled);
  coupled.group("biases", problem.biases);
  problem.step(coupled, 0);
  auto told = coupled.take();
  BOOST_TEST_REQUIRE(told.size() == 3U);
  BOOST_TEST(told[0].name == "wide");
  BOOST_TEST((told[0].shape == td::Shape{3, 7} && told[0].matrices == td::Shape{3, 7}));
  BOOST_TEST((told[0].step == 1U && told[0].learning_rate == 2 && told[0].penalty == 0.5));
  BOOST_TEST(told[0].shrinkage == 0);
  BOOST_TEST(told[2].name == "column");
  BOOST_TEST((told[2].step == 1U && told[2].learning_rate == 1 && told[2].penalty == 0.05));

  problem.store.freeze("tall");  // neither what is frozen, nor what got no gradient
  problem.store.zero_grad();
  problem.store.gradients().set(problem.parameters[0], problem.gradient(problem.parameters[0], 1));
  problem.store.gradients().set(problem.parameters[1], problem.gradient(problem.parameters[1], 1));
  coupled.step();
  told = coupled.take();
  BOOST_TEST_REQUIRE(told.size() == 1U);
  BOOST_TEST((told[0].name == "wide" && told[0].step == 2U));

  problem.store.unfreeze("tall");
  problem.step(coupled, 2);
  told = coupled.take();
  BOOST_TEST_REQUIRE(told.size() == 3U);
  BOOST_TEST((told[0].step == 3U && told[1].step == 2U && told[2].step == 2U));

  Observer decoupled(problem.store, td::Decay::decoupled);
  decoupled.group("biases", problem.biases);
  decoupled.set_learning_rate(4);
  problem.step(decoupled, 0);
  told = decoupled.take();
  BOOST_TEST((told[0].learning_rate == 4 && told[0].penalty == 0 && told[0].shrinkage == 4 * 0.5));
  BOOST_TEST((told[2].learning_rate == 2 && told[2].shrinkage == 2 * 0.05));
}

#ifndef TEST_THREAD_SANITIZER
BOOST_AUTO_TEST_CASE(the_library_allocates_nothing_in_a_step) {
  Problem<float> problem;
  NormalizedDescent optimizer(problem.store);
  problem.step(optimizer, 0);
  BOOST_TEST(test::allocated_by([&] { optimizer.step(); }) == 0);
}
#endif

BOOST_AUTO_TEST_CASE(what_an_update_throws_passes_through) {
  Problem<double> problem;
  Observer observer(problem.store, td::Decay::coupled, "tall");
  BOOST_TEST(test::contains(test::complaint<td::ScalarError>([&] { problem.step(observer, 0); }), "float"));
  BOOST_TEST(observer.take().size() == 1U);  // the step is done in part
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
