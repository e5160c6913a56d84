// Optimizers and schedulers go on from their state as if nothing had happened.

#include <boost/test/unit_test.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "optim/matrix_rules.hpp"
#include "support/complaint.hpp"
#include "support/evidence.hpp"
#include "tapedeck/core/random.hpp"
#include "tapedeck/optim/adagrad.hpp"
#include "tapedeck/optim/adam.hpp"
#include "tapedeck/optim/cosine_with_warmup.hpp"
#include "tapedeck/optim/one_cycle.hpp"
#include "tapedeck/optim/piecewise_schedules.hpp"
#include "tapedeck/optim/reduce_on_plateau.hpp"
#include "tapedeck/optim/rmsprop.hpp"
#include "tapedeck/optim/sgd.hpp"
#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/state/state_visitor.hpp"

namespace td = tapedeck;
using test::complaint;
using test::contains;

BOOST_AUTO_TEST_SUITE(optim)
BOOST_AUTO_TEST_SUITE(state)

namespace {

using Make = std::function<std::unique_ptr<td::Optimizer>(td::ParameterStore&)>;

template <class O>
Make make(typename O::Options options) {
  return [options](td::ParameterStore& store) { return std::make_unique<O>(store, options); };
}

struct Named {
  std::string name;
  Make make;
};
const std::vector<Named> optimizers = {
    {"SGD", make<td::SGD>({.learning_rate = 0.1})},
    {"momentum", make<td::SGD>({.learning_rate = 0.1, .momentum = 0.9, .weight_decay = 0.01})},
    {"Nesterov", make<td::SGD>({.learning_rate = 0.1,
                                .momentum = 0.9,
                                .momentum_form = td::Momentum::rate_inside,
                                .nesterov = true})},
    {"Adam", make<td::Adam>({.learning_rate = 0.01, .weight_decay = 0.1})},
    {"AdamW", make<td::AdamW>({.learning_rate = 0.01})},
    {"RMSprop", make<td::RMSprop>({.learning_rate = 0.01, .momentum = 0.5, .centered = true})},
    {"Adagrad", make<td::Adagrad>({.learning_rate = 0.1, .learning_rate_decay = 0.1, .initial_square = 0.2})},
    {"Lamb", make<optim_test::Lamb>({})},
    {"Muon", make<optim_test::Muon>({})}};

/// Three parameters in two groups, one of which gets no gradient in every third step.
struct Problem {
  td::ParameterStore store;
  std::vector<td::Parameter> parameters;
  std::unique_ptr<td::Optimizer> optimizer;

  explicit Problem(const Make& make, td::Scalar scalar = td::f32) : store({.seed = 5, .scalar = scalar}) {
    parameters = {store.add("a", {3, 2}, td::normal(1)),
                  store.add("b", {4, 1}, td::normal(1), {.group = "biases"}),
                  store.add("c", {20, 3}, td::normal(1))};
    optimizer = make(store);
  }

  void step(td::Index number) {
    store.zero_grad();
    td::with_scalar(store.scalar(), [&]<class T>(T) {
      for (const td::Parameter p : parameters) {
        if (p.slot() == 1 && number % 3 == 0) continue;
        const td::Random random = td::Random(number).stream(p.slot());
        td::Matrix<T> g(arma::size(store.parameter(p).value<T>()));
        for (td::Index i = 0; i < g.n_elem; ++i) g[i] = static_cast<T>(random.normal(i));
        store.gradients().set(p, g);
      }
    });
    optimizer->step();
  }
};

bool same_values(Problem& a, Problem& b) {
  bool same = true;
  td::with_scalar(a.store.scalar(), [&]<class T>(T) {
    for (const td::Parameter p : a.parameters) {
      same =
          same && arma::approx_equal(a.store.parameter(p).value<T>(),
                                     b.store.parameter(a.store.parameter(p).name()).value<T>(), "absdiff", 0);
    }
  });
  return same;
}

struct Both {
  Problem& problem;
  void visit_state(td::StateVisitor& visitor) {
    problem.store.visit_state(visitor);
    const td::StateVisitor::Scope scope(visitor, "optimizer");
    problem.optimizer->visit_state(visitor);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(an_optimizer_goes_on_with_the_same_bits_from_every_step) {
  for (const td::Scalar scalar : {td::f32, td::f64}) {
    for (const auto& [name, make] : optimizers) {
      Problem whole(make, scalar);
      whole.optimizer->group("biases", {.learning_rate = 0.5, .weight_decay = 0});
      std::vector<td::StateDict> states;
      for (td::Index i = 0; i < 10; ++i) {
        Both both{whole};
        states.push_back(td::state_of(both));
        if (i == 4) whole.optimizer->set_learning_rate(0.05);
        whole.step(i);
      }
      test::Evidence evidence(test::Promise::resuming, "optimizers, from each of 10 steps, float and double");
      for (td::Index from = 0; from < 10; ++from) {
        Problem resumed(make, scalar);
        Both both{resumed};
        td::restore(both, states[from]);
        for (td::Index i = from; i < 10; ++i) {
          if (i == 4) resumed.optimizer->set_learning_rate(0.05);
          resumed.step(i);
        }
        BOOST_TEST(same_values(whole, resumed), name << " from step " << from);
        evidence.tried();
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(options_are_put_back_too) {
  Problem first(make<td::Adam>({.learning_rate = 0.5, .beta_1 = 0.5, .beta_2 = 0.75, .epsilon = 0.1}));
  Problem second(make<td::Adam>({}));
  td::restore(*second.optimizer, td::state_of(*first.optimizer));
  BOOST_TEST(second.optimizer->learning_rate() == 0.5);
  for (td::Index i = 0; i < 3; ++i) {
    first.step(i);
    second.step(i);
  }
  BOOST_TEST(same_values(first, second));
}

BOOST_AUTO_TEST_CASE(another_kind_of_optimizer_is_refused) {
  for (const auto& [name, make] : optimizers) {
    for (const auto& [other_name, other_make] : optimizers) {
      if (name == other_name || (name == "Nesterov" && other_name == "momentum") ||
          (name == "momentum" && other_name == "Nesterov")) {
        continue;
      }
      Problem first(make);
      Problem second(other_make);
      BOOST_CHECK_THROW(td::restore(*second.optimizer, td::state_of(*first.optimizer)), td::StateError);
      BOOST_TEST(second.optimizer->learning_rate() == Problem(other_make).optimizer->learning_rate());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_scheduler_goes_on_where_it_was) {
  const std::function<std::unique_ptr<td::Scheduler>(td::Optimizer&)> schedulers[] = {
      [](td::Optimizer& o) { return std::make_unique<td::StepDecay>(o, td::StepDecay::Options{.every = 3}); },
      [](td::Optimizer& o) {
        return std::make_unique<td::PiecewiseRates>(
            o, std::vector<td::PiecewiseRates::Piece>{{2, 0.3}, {7, 0.1}});
      },
      [](td::Optimizer& o) { return std::make_unique<td::OneCycle>(o, td::OneCycle::Options{.total = 10}); }};
  for (const auto& make_scheduler : schedulers) {
    Problem whole(optimizers[0].make);
    const auto scheduler = make_scheduler(*whole.optimizer);
    std::vector<double> rates;
    std::vector<td::StateDict> states;
    for (int i = 0; i < 10; ++i) {
      rates.push_back(whole.optimizer->learning_rate());
      states.push_back(td::state_of(*scheduler));
      scheduler->step();
    }
    for (std::size_t from = 0; from < 10; ++from) {
      Problem resumed(optimizers[0].make);
      const auto other = make_scheduler(*resumed.optimizer);
      td::restore(*other, states[from]);
      resumed.optimizer->set_learning_rate(rates[from]);  // the optimizer remembers it
      for (std::size_t i = from; i < 10; ++i) {
        BOOST_TEST(resumed.optimizer->learning_rate() == rates[i]);
        other->step();
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(reduce_on_plateau_goes_on_where_it_was) {
  const auto loss = [](std::size_t i) { return i < 4 ? 1.0 / static_cast<double>(i + 1) : 0.5; };
  const td::ReduceOnPlateau::Options options{.patience = 2, .factor = 0.5, .cooldown = 1};
  Problem whole(optimizers[0].make);
  td::ReduceOnPlateau scheduler(*whole.optimizer, options);
  std::vector<double> rates;
  std::vector<td::StateDict> states;
  for (std::size_t i = 0; i < 20; ++i) {
    rates.push_back(whole.optimizer->learning_rate());
    states.push_back(td::state_of(scheduler));
    scheduler.step(loss(i));
  }
  BOOST_TEST(rates.back() < rates.front() / 4);
  for (std::size_t from = 0; from < 20; ++from) {
    Problem resumed(optimizers[0].make);
    td::ReduceOnPlateau other(*resumed.optimizer);
    td::restore(other, states[from]);
    resumed.optimizer->set_learning_rate(rates[from]);
    for (std::size_t i = from; i < 20; ++i) {
      BOOST_TEST(resumed.optimizer->learning_rate() == rates[i]);
      other.step(loss(i));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
