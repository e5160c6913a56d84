#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "optim/small_problem.hpp"
#include "support/evidence.hpp"
#include "support/folders.hpp"
#include "tapedeck/optim/cosine_with_warmup.hpp"
#include "tapedeck/optim/exponential_decay.hpp"
#include "tapedeck/optim/one_cycle.hpp"
#include "tapedeck/optim/piecewise_schedules.hpp"
#include "tapedeck/optim/reduce_on_plateau.hpp"

using namespace optim_test;

BOOST_AUTO_TEST_SUITE(optim)
BOOST_AUTO_TEST_SUITE(pytorch)

namespace {

// What PyTorch makes of the same problem: see tests/references/optim/make_optim_references.py.
const nlohmann::json& references() {
  static const nlohmann::json data =
      nlohmann::json::parse(std::ifstream(test::source_dir + "/tests/references/optim/references.json"));
  return data;
}

template <class Make>
struct Named {
  std::string name;
  Make make;
  friend std::ostream& operator<<(std::ostream& out, const Named& named) { return out << named.name; }
};

using MakeOptimizer = std::function<std::unique_ptr<td::Optimizer>(td::ParameterStore&)>;

template <class Optimizer>
MakeOptimizer with(const typename Optimizer::Options& options) {
  return [options](td::ParameterStore& store) { return std::make_unique<Optimizer>(store, options); };
}

template <class Optimizer>
MakeOptimizer by_default() {
  return [](td::ParameterStore& store) { return std::make_unique<Optimizer>(store); };
}

const std::vector<Named<MakeOptimizer>> optimizers{
    {"sgd", with<td::SGD>({.learning_rate = 0.05})},
    {"sgd decay", with<td::SGD>({.learning_rate = 0.05, .weight_decay = 0.1})},
    {"sgd momentum", with<td::SGD>({.learning_rate = 0.02, .momentum = 0.9})},
    {"sgd momentum decay", with<td::SGD>({.learning_rate = 0.02, .momentum = 0.9, .weight_decay = 0.1})},
    {"sgd nesterov", with<td::SGD>({.learning_rate = 0.02, .momentum = 0.9, .nesterov = true})},
    {"sgd nesterov decay",
     with<td::SGD>({.learning_rate = 0.02, .momentum = 0.9, .nesterov = true, .weight_decay = 0.1})},
    {"adam", by_default<td::Adam>()},
    {"adam decay", with<td::Adam>({.learning_rate = 0.01, .weight_decay = 0.1})},
    {"adam betas", with<td::Adam>({.learning_rate = 0.02, .beta_1 = 0.8, .beta_2 = 0.95, .epsilon = 1e-3})},
    {"adamw", by_default<td::AdamW>()},
    {"adamw decay 0", with<td::AdamW>({.learning_rate = 0.01, .weight_decay = 0})},
    {"adamw decay", with<td::AdamW>({.learning_rate = 0.01, .weight_decay = 0.1})},
    {"rmsprop", by_default<td::RMSprop>()},
    {"rmsprop decay",
     with<td::RMSprop>({.learning_rate = 0.003, .beta = 0.9, .epsilon = 1e-4, .weight_decay = 0.1})},
    {"rmsprop centered", with<td::RMSprop>({.learning_rate = 0.003, .centered = true})},
    {"rmsprop momentum", with<td::RMSprop>({.learning_rate = 0.003, .momentum = 0.9})},
    {"rmsprop centered momentum decay",
     with<td::RMSprop>({.learning_rate = 0.001, .momentum = 0.8, .centered = true, .weight_decay = 0.1})},
    {"adagrad", by_default<td::Adagrad>()},
    {"adagrad slowing", with<td::Adagrad>({.learning_rate = 0.1, .learning_rate_decay = 0.1})},
    {"adagrad initial decay",
     with<td::Adagrad>({.learning_rate = 0.1, .initial_square = 0.5, .epsilon = 1e-3, .weight_decay = 0.1})},
    {"sgd momentum decay, late",
     with<td::SGD>({.learning_rate = 0.02, .momentum = 0.9, .weight_decay = 0.1})},
    {"adam, late", with<td::Adam>({.learning_rate = 0.01})},
    {"adamw decay, late", with<td::AdamW>({.learning_rate = 0.01, .weight_decay = 0.1})},
    {"rmsprop centered momentum, late",
     with<td::RMSprop>({.learning_rate = 0.001, .momentum = 0.8, .centered = true})},
    {"adagrad slowing, late", with<td::Adagrad>({.learning_rate = 0.1, .learning_rate_decay = 0.1})},
    {"sgd momentum decay, groups",
     with<td::SGD>({.learning_rate = 0.02, .momentum = 0.9, .weight_decay = 0.1})},
    {"adam decay, groups", with<td::Adam>({.learning_rate = 0.01, .weight_decay = 0.1})},
    {"adamw decay, groups", with<td::AdamW>({.learning_rate = 0.01, .weight_decay = 0.1})}};

constexpr int steps = 100;

double noise(td::Index t, td::Index i) {
  return static_cast<double>((7919 * t + 104729 * i) % 1000) / 500 - 1;
}

// The problem of make_optim_references.py; `look` is called with the step and the values after every step.
template <class T, class Look>
void run(const Named<MakeOptimizer>& named, Look look) {
  SmallProblem problem(td::scalar_of<T>);
  const td::Parameter parameters[] = {problem.weight, problem.bias};
  const td::Index first[] = {0, 6};
  const auto value = [&](int p) -> td::Matrix<T>& {
    return problem.store.parameter(parameters[p]).value<T>();
  };
  for (const int p : {0, 1}) {
    for (td::Index i = 0; i < value(p).n_elem; ++i) value(p)[i] = static_cast<T>(first[p] + i) / 5 - 1;
  }
  const auto optimizer = named.make(problem.store);
  if (named.name.ends_with("groups")) {
    optimizer->group(td::groups::biases, {.learning_rate = 0.1, .weight_decay = 0});
  }
  const bool late = named.name.ends_with("late");
  for (int t = 1; t <= steps; ++t) {
    if (t == 51) optimizer->set_learning_rate(0.3 * optimizer->learning_rate());
    problem.store.zero_grad();
    for (const int p : {0, 1}) {
      if (p == 1 && late && (t <= 20 || (41 <= t && t <= 45))) continue;
      td::Matrix<T> gradient = value(p);
      for (td::Index k = 0; k < gradient.n_elem; ++k) {
        const td::Index i = first[p] + k;
        gradient[k] =
            static_cast<T>(static_cast<double>(1 + i % 3) * (static_cast<double>(gradient[k]) - 0.5) +
                           noise(static_cast<td::Index>(t), i));
      }
      problem.store.gradients().set(parameters[p], gradient);
    }
    optimizer->step();
    std::vector<double> values(value(0).begin(), value(0).end());
    values.insert(values.end(), value(1).begin(), value(1).end());
    look(t, values);
  }
}

using MakeSchedule = std::function<std::function<void(int epoch)>(td::Optimizer&)>;

template <class Scheduler, class Options = typename Scheduler::Options>
MakeSchedule schedule(const Options& options) {
  return [options](td::Optimizer& optimizer) {
    auto scheduler = std::make_shared<Scheduler>(optimizer, options);
    return [scheduler](int) { scheduler->step(); };
  };
}

MakeSchedule plateau(const td::ReduceOnPlateau::Options& options) {
  return [options](td::Optimizer& optimizer) {
    auto scheduler = std::make_shared<td::ReduceOnPlateau>(optimizer, options);
    return
        [scheduler](int epoch) { scheduler->step(references()["losses"][static_cast<std::size_t>(epoch)]); };
  };
}

const std::vector<Named<MakeSchedule>> schedules{
    {"step decay", schedule<td::StepDecay>({.every = 7, .factor = 0.5})},
    {"multi-step decay", schedule<td::MultiStepDecay>({.milestones = {10, 11, 45}, .factor = 0.3})},
    {"piecewise rates",
     schedule<td::PiecewiseRates, std::vector<td::PiecewiseRates::Piece>>({{20, 0.03}, {35, 0.01}})},
    {"exponential decay", schedule<td::ExponentialDecay>({.factor = 0.9})},
    {"cosine", schedule<td::CosineWithWarmup>({.total = 60, .min_learning_rate = 0.001})},
    {"cosine with warm-up",
     schedule<td::CosineWithWarmup>(
         {.total = 60, .warmup = 8, .start_factor = 0.25, .min_learning_rate = 0.002})},
    {"one cycle", schedule<td::OneCycle>({.total = 61})},
    {"one cycle, other options",
     schedule<td::OneCycle>({.total = 61, .rise = 0.45, .start_divisor = 10, .end_divisor = 100})},
    {"plateau", plateau({.patience = 4, .factor = 0.5})},
    {"plateau, patience 0", plateau({.patience = 0, .factor = 0.9})},
    {"plateau, cooldown", plateau({.patience = 2, .factor = 0.5, .cooldown = 3, .min_learning_rate = 0.004})},
    {"plateau, threshold", plateau({.patience = 3, .factor = 0.5, .threshold = 0.2})},
    {"plateau, threshold 0", plateau({.patience = 3, .factor = 0.5, .threshold = 0})}};

}  // namespace

BOOST_DATA_TEST_CASE(optimizer_as_in_pytorch, boost::unit_test::data::make(optimizers), named) {
  nlohmann::json wanted;
  for (const auto& entry : references()["optimizers"]) {
    if (entry["name"] == named.name) wanted = entry["values"];
  }
  BOOST_TEST_REQUIRE(wanted.size() == 10U);
  std::size_t seen = 0;
  test::Evidence evidence(test::Promise::references, "optimizers: parameters at 10 of 100 steps");
  evidence.outcome("1e-11, PyTorch in double");
  run<double>(named, [&](int t, const std::vector<double>& values) {
    const auto found = wanted.find(std::to_string(t));
    if (found == wanted.end()) return;
    ++seen;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double reference = found->at(i);
      BOOST_TEST_CONTEXT("step " << t << ", element " << i << ": " << values[i] << ", reference "
                                 << reference) {
        BOOST_TEST(std::abs(values[i] - reference) <= 1e-11 * std::max(1.0, std::abs(reference)));
      }
    }
    evidence.tried();
  });
  BOOST_TEST(seen == wanted.size());
}

BOOST_DATA_TEST_CASE(float_is_near_double, boost::unit_test::data::make(optimizers), named) {
  std::vector<std::vector<double>> exact;
  run<double>(named, [&](int, const std::vector<double>& values) { exact.push_back(values); });
  double worst = 0;
  run<float>(named, [&](int t, const std::vector<double>& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      worst = std::max(worst, std::abs(values[i] - exact[static_cast<std::size_t>(t - 1)][i]));
    }
  });
  BOOST_TEST(worst > 0);
  BOOST_TEST(worst <= 2e-6);
}

BOOST_DATA_TEST_CASE(schedule_as_in_pytorch, boost::unit_test::data::make(schedules), named) {
  const nlohmann::json& wanted = references()["schedules"].at(named.name);
  BOOST_TEST_REQUIRE(wanted.size() == 61U);
  SmallProblem problem;
  td::SGD optimizer{problem.store, {.learning_rate = 0.1}};
  const auto step = named.make(optimizer);
  test::Evidence evidence(test::Promise::references, "schedules: the rates of 61 epochs");
  evidence.outcome("1e-14, PyTorch");
  for (int epoch = 0; epoch <= 60; ++epoch) {
    const double reference = wanted[static_cast<std::size_t>(epoch)];
    BOOST_TEST_CONTEXT("epoch " << epoch << ": " << optimizer.learning_rate() << ", reference "
                                << reference) {
      BOOST_TEST(std::abs(optimizer.learning_rate() - reference) <= 1e-14);
    }
    if (epoch < 60) step(epoch);
  }
  evidence.tried();
}

BOOST_AUTO_TEST_CASE(every_reference_is_used) {
  BOOST_TEST(references()["optimizers"].size() == optimizers.size());
  BOOST_TEST(references()["schedules"].size() == schedules.size());
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
