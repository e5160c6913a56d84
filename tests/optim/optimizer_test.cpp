#include "tapedeck/optim/optimizer.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <type_traits>
#include <vector>

#include "optim/matrix_rules.hpp"
#include "optim/small_problem.hpp"
#include "support/complaint.hpp"
#include "tapedeck/optim/piecewise_schedules.hpp"
#include "tapedeck/optim/reduce_on_plateau.hpp"

using namespace optim_test;

namespace {

// What a user would write: w = w - rate g, and a memory of the runs that it was given.
class Recorder : public td::ElementwiseOptimizer {
 public:
  using Run = ElementwiseOptimizer::Run;
  explicit Recorder(td::ParameterStore& store, td::Decay decay = td::Decay::coupled,
                    td::Untouched untouched = td::Untouched::skip)
      : ElementwiseOptimizer(store, "Recorder", {1, 0.5, decay, untouched}) {}

  std::vector<Run> take() { return std::exchange(runs_, {}); }

 private:
  void visit_memory(td::StateVisitor&) override {}
  void update(const Run& run) override {
    runs_.push_back(run);
    td::with_scalar(scalar(), [&]<class T>(T) {
      for (td::Index i = 0; i < run.length; ++i) {
        values<T>(run)[i] -= static_cast<T>(run.learning_rate) * gradients<T>(run)[i];
      }
    });
  }
  std::vector<Run> runs_;
};

// Three parameters side by side: 6, 16 and 17 elements take 16, 16 and 32 places.
struct Row {
  td::ParameterStore store{{.scalar = td::f64}};
  std::vector<td::Parameter> parameters{store.add("a", {3, 2}, td::zeros), store.add("b", {4, 4}, td::zeros),
                                        store.add("c", {17, 1}, td::zeros)};

  void touch(std::vector<std::size_t> which) {
    store.zero_grad();
    for (const std::size_t i : which) {
      const td::Shape shape = store.parameter(parameters[i]).shape();
      store.gradients().set(parameters[i], td::Matrix<double>(shape.rows, shape.cols, arma::fill::ones));
    }
  }
};

struct Kind {
  std::string name;
  std::function<std::unique_ptr<td::Optimizer>(td::ParameterStore&, td::Untouched)> make;
  friend std::ostream& operator<<(std::ostream& out, const Kind& kind) { return out << kind.name; }
};

template <class Optimizer>
Kind kind(const std::string& name, typename Optimizer::Options options) {
  return {name, [options](td::ParameterStore& store, td::Untouched untouched) {
            auto chosen = options;
            chosen.untouched = untouched;
            return std::make_unique<Optimizer>(store, chosen);
          }};
}

const std::vector<Kind> kinds{
    kind<td::SGD>("SGD", {.weight_decay = 0.1}),
    kind<td::SGD>("SGD, momentum", {.momentum = 0.9, .weight_decay = 0.1, .decay = td::Decay::decoupled}),
    kind<td::SGD>(
        "SGD, Nesterov",
        {.momentum = 0.9, .momentum_form = td::Momentum::rate_inside, .nesterov = true, .weight_decay = 0.1}),
    kind<td::Adam>("Adam", {.weight_decay = 0.1}),
    kind<td::AdamW>("AdamW", {}),
    kind<td::RMSprop>("RMSprop", {.weight_decay = 0.1}),
    kind<td::RMSprop>("RMSprop, centered, momentum",
                      {.momentum = 0.9, .centered = true, .weight_decay = 0.1}),
    kind<td::Adagrad>("Adagrad", {.initial_square = 0.5, .weight_decay = 0.1}),
    kind<Lamb>("Lamb", {}),
    kind<Muon>("Muon", {})};

const auto every_kind = boost::unit_test::data::make(kinds);
const auto every_scalar = boost::unit_test::data::make({td::f32, td::f64});

}  // namespace

namespace tapedeck {
std::ostream& operator<<(std::ostream& out, Scalar scalar) { return out << name_of(scalar); }
std::ostream& operator<<(std::ostream& out, Decay decay) {
  return out << (decay == Decay::coupled ? "coupled" : "decoupled");
}
}  // namespace tapedeck

BOOST_AUTO_TEST_SUITE(optim)
BOOST_AUTO_TEST_SUITE(optimizer)

static_assert(!std::is_copy_constructible_v<td::Adam> && !std::is_move_constructible_v<td::Adam>);

BOOST_AUTO_TEST_CASE(it_seals_the_store) {
  td::ParameterStore store;
  store.add("weight", {2, 2}, td::zeros);
  const td::SGD sgd{store};
  BOOST_TEST(store.sealed());
  BOOST_CHECK_THROW(store.add("late", {2, 2}, td::zeros), td::UsageError);
}

BOOST_AUTO_TEST_CASE(the_rate_can_be_set_and_read_back) {
  SmallProblem p;
  td::SGD sgd{p.store};
  BOOST_TEST(sgd.learning_rate() == 0.01);
  sgd.set_learning_rate(0.25);
  BOOST_TEST(sgd.learning_rate() == 0.25);
  p.step(sgd, 1, 1);
  BOOST_TEST(p.value(p.weight, 0) == -0.25);
  sgd.set_learning_rate(0);
  p.step(sgd, 1, 1);
  BOOST_TEST(p.value(p.weight, 0) == -0.25);
}

BOOST_AUTO_TEST_CASE(a_bad_rate_is_refused_and_the_old_one_stays) {
  SmallProblem p;
  td::Adam adam{p.store};
  for (const double bad : {-0.1, not_a_number, infinity}) {
    BOOST_CHECK_EXCEPTION(adam.set_learning_rate(bad), td::OptionError,
                          says({"Adam: learning_rate = ", "expected a finite number, at least 0"}));
  }
  BOOST_TEST(adam.learning_rate() == 1e-3);
}

BOOST_AUTO_TEST_CASE(a_group_scales_rate_and_decay) {
  SmallProblem p;
  p.set_value(p.weight, 2);
  p.set_value(p.bias, 2);
  td::SGD sgd{p.store, {.learning_rate = 0.1, .weight_decay = 0.5}};
  sgd.group("biases", {.learning_rate = 0.5, .weight_decay = 0});
  p.step(sgd, 1, 1);
  BOOST_TEST(p.value(p.weight, 0) == 2 - 0.1 * (1 + 0.5 * 2));
  BOOST_TEST(p.value(p.bias, 0) == 2 - 0.05);
  sgd.set_learning_rate(0.2);  // the factors stay
  p.step(sgd, 0, 1);
  BOOST_TEST(p.value(p.bias, 0) == 2 - 0.05 - 0.1);
}

BOOST_AUTO_TEST_CASE(a_group_that_is_not_there_is_refused) {
  SmallProblem p;
  td::SGD sgd{p.store};
  BOOST_CHECK_EXCEPTION(sgd.group("bias", {}), td::NameError,
                        says({"SGD: no parameter is in a group \"bias\"", "one of \"weights\", \"biases\""}));
  for (const double bad : {-1.0, not_a_number, infinity}) {
    BOOST_CHECK_EXCEPTION(sgd.group("biases", {.learning_rate = bad}), td::OptionError,
                          says({"SGD: group's learning_rate = ", "at least 0"}));
    BOOST_CHECK_EXCEPTION(sgd.group("biases", {.weight_decay = bad}), td::OptionError,
                          says({"SGD: group's weight_decay = ", "at least 0"}));
  }
}

BOOST_AUTO_TEST_CASE(gradients_accumulate_and_a_step_leaves_them) {
  SmallProblem p;
  td::SGD sgd{p.store, {.learning_rate = 0.5}};
  p.store.zero_grad();
  p.set_gradient(p.weight, 1);
  td::Gradients more{p.store};
  more.set(p.weight, td::Matrix<double>(3, 2, arma::fill::value(2.0)));
  p.store.gradients() += more;
  sgd.step();
  BOOST_TEST(p.value(p.weight, 5) == -1.5);
  sgd.step();
  BOOST_TEST(p.value(p.weight, 5) == -3);
}

BOOST_DATA_TEST_CASE(what_got_no_gradient_is_skipped, every_kind, kind) {
  SmallProblem p;
  const auto optimizer = kind.make(p.store, td::Untouched::skip);
  p.set_value(p.weight, 2);
  p.set_value(p.bias, 2);
  p.step(*optimizer, 1, 1);
  const double weight = p.value(p.weight, 0);
  const double bias = p.value(p.bias, 0);
  for (int i = 0; i < 3; ++i) {
    p.store.zero_grad();
    p.set_gradient(p.weight, 1);
    optimizer->step();
  }
  BOOST_TEST(p.value(p.weight, 0) < weight);
  BOOST_TEST(p.value(p.bias, 0) == bias);
}

BOOST_DATA_TEST_CASE(what_got_no_gradient_counts_as_zero_by_request, every_kind, kind) {
  SmallProblem untouched;
  SmallProblem zero;
  const auto a = kind.make(untouched.store, td::Untouched::zero);
  const auto b = kind.make(zero.store, td::Untouched::skip);
  for (SmallProblem* p : {&untouched, &zero}) {
    p->set_value(p->weight, 2);
    p->set_value(p->bias, 2);
  }
  untouched.step(*a, 1, 1);  // leaves a gradient in memory that zero_grad only marks
  zero.step(*b, 1, 1);
  const double before = untouched.value(untouched.bias, 0);
  for (int i = 0; i < 3; ++i) {
    untouched.store.zero_grad();
    untouched.set_gradient(untouched.weight, 1);
    a->step();
    zero.step(*b, 1, 0);
  }
  BOOST_TEST(untouched.value(untouched.bias, 0) < before);
  BOOST_TEST(untouched.value(untouched.bias, 0) == zero.value(zero.bias, 0));
  BOOST_TEST(untouched.value(untouched.weight, 0) == zero.value(zero.weight, 0));
}

BOOST_AUTO_TEST_CASE(zero_after_zero_grad_alone_moves_plain_sgd_nowhere) {
  SmallProblem p;
  td::SGD sgd{p.store, {.learning_rate = 0.5, .untouched = td::Untouched::zero}};
  p.step(sgd, 1, 1);
  p.store.zero_grad();
  sgd.step();
  BOOST_TEST(p.value(p.weight, 0) == -0.5);
}

BOOST_DATA_TEST_CASE(frozen_parameters_stay, every_kind* boost::unit_test::data::make({false, true}), kind,
                     zero) {
  SmallProblem p;
  const auto optimizer = kind.make(p.store, zero ? td::Untouched::zero : td::Untouched::skip);
  p.set_value(p.weight, 2);
  p.set_value(p.bias, 2);
  p.store.freeze("bias");
  p.step(*optimizer, 1, 1);
  p.store.zero_grad();
  p.set_gradient(p.bias, 1);
  optimizer->step();
  BOOST_TEST(p.value(p.bias, 0) == 2);
  BOOST_TEST(p.value(p.weight, 0) < 2);
  p.store.unfreeze("bias");
  p.step(*optimizer, 1, 1);
  BOOST_TEST(p.value(p.bias, 0) < 2);
}

BOOST_DATA_TEST_CASE(padding_stays_zero, every_kind* every_scalar, kind, scalar) {
  td::with_scalar(scalar, [&]<class T>(T) {
    SmallProblem p(scalar);
    const auto optimizer = kind.make(p.store, td::Untouched::zero);
    for (int i = 0; i < 50; ++i) {
      p.set_value(p.weight, 1 + i);
      p.step(*optimizer, 1e3, -1e-3);
      if (i % 7 == 0) p.store.zero_grad(), optimizer->step();
    }
    const td::FlatBuffer& flat = p.store.values();
    td::Index padding = 0;
    for (td::Index i = 0; i < flat.size(); ++i) {
      bool inside = false;
      for (const auto& [offset, shape] : flat.extents().slots) {
        inside = inside || (i >= offset && i < offset + shape.size());
      }
      if (inside) continue;
      ++padding;
      BOOST_TEST(flat.data<T>()[i] == T{0});
    }
    BOOST_TEST(padding == 22U);
  });
}

BOOST_DATA_TEST_CASE(nan_is_not_hidden, every_kind, kind) {
  SmallProblem p;
  const auto optimizer = kind.make(p.store, td::Untouched::skip);
  p.step(*optimizer, not_a_number, 1);
  BOOST_TEST(std::isnan(p.value(p.weight, 0)));
  BOOST_TEST(std::isfinite(p.value(p.bias, 0)));
}

BOOST_AUTO_TEST_CASE(neighbours_that_are_updated_alike_are_one_run) {
  Row row;
  Recorder recorder{row.store};
  row.touch({0, 1, 2});
  recorder.step();
  const auto runs = recorder.take();
  BOOST_TEST_REQUIRE(runs.size() == 1U);
  BOOST_TEST(runs[0].offset == 0U);
  BOOST_TEST(runs[0].length == 64U);
  BOOST_TEST(runs[0].step == 1U);
  BOOST_TEST(runs[0].learning_rate == 1);
  BOOST_TEST(runs[0].penalty == 0.5);
  BOOST_TEST(runs[0].shrinkage == 0);
  BOOST_TEST(row.store.parameter("c").value<double>()[16] == -1);
}

BOOST_AUTO_TEST_CASE(every_parameter_counts_its_own_steps) {
  Row row;
  Recorder recorder{row.store};
  row.touch({0, 2});
  recorder.step();
  auto runs = recorder.take();
  BOOST_TEST_REQUIRE(runs.size() == 2U);
  BOOST_TEST(runs[0].offset == 0U);
  BOOST_TEST(runs[0].length == 16U);
  BOOST_TEST(runs[1].offset == 32U);
  BOOST_TEST(runs[1].length == 32U);
  row.touch({0, 1, 2});
  recorder.step();
  runs = recorder.take();
  BOOST_TEST_REQUIRE(runs.size() == 3U);
  BOOST_TEST(runs[0].step == 2U);
  BOOST_TEST(runs[1].step == 1U);
  BOOST_TEST(runs[2].step == 2U);
  row.store.freeze("a");
  row.touch({0, 1});
  recorder.step();
  runs = recorder.take();
  BOOST_TEST_REQUIRE(runs.size() == 1U);
  BOOST_TEST(runs[0].offset == 16U);
  BOOST_TEST(runs[0].length == 16U);
  BOOST_TEST(runs[0].step == 2U);
  row.touch({1, 2});
  recorder.step();
  runs = recorder.take();
  BOOST_TEST_REQUIRE(runs.size() == 1U);  // b has caught up with c
  BOOST_TEST(runs[0].length == 48U);
  BOOST_TEST(runs[0].step == 3U);
}

BOOST_AUTO_TEST_CASE(groups_with_factors_of_their_own_are_runs_of_their_own) {
  SmallProblem p;
  Recorder recorder{p.store, td::Decay::decoupled};
  p.step(recorder, 1, 1);
  BOOST_TEST(recorder.take().size() == 1U);
  recorder.group("biases", {.learning_rate = 0.5});
  p.step(recorder, 1, 1);
  const auto runs = recorder.take();
  BOOST_TEST_REQUIRE(runs.size() == 2U);
  BOOST_TEST(runs[1].offset == 16U);
  BOOST_TEST(runs[1].learning_rate == 0.5);
  BOOST_TEST(runs[1].penalty == 0);
  BOOST_TEST(runs[1].shrinkage == 0.25);
}

// One rate for all, but the decay differs.
BOOST_DATA_TEST_CASE(a_decay_of_its_own_suffices,
                     boost::unit_test::data::make({td::Decay::coupled, td::Decay::decoupled}), decay) {
  SmallProblem p;
  Recorder recorder{p.store, decay};
  recorder.group("biases", {.weight_decay = 0});
  p.step(recorder, 1, 1);
  const auto runs = recorder.take();
  BOOST_TEST_REQUIRE(runs.size() == 2U);
  BOOST_TEST(runs[0].penalty + runs[0].shrinkage == 0.5);
  BOOST_TEST(runs[1].penalty + runs[1].shrinkage == 0);
}

// The step of a loop that forgets to go back, or that calls zero_grad at the wrong place.
BOOST_DATA_TEST_CASE(a_step_without_gradients_is_refused, every_kind, kind) {
  SmallProblem p;
  SmallProblem twin;
  const auto optimizer = kind.make(p.store, td::Untouched::skip);
  const auto other = kind.make(twin.store, td::Untouched::skip);
  const auto refuse = [&] {
    BOOST_CHECK_EXCEPTION(optimizer->step(), td::UsageError,
                          says({": a step without gradients; expected tape.backward before it (was zero_grad "
                                "called in between?)"}));
  };
  refuse();
  for (int i = 1; i <= 3; ++i) {
    p.step(*optimizer, i, -i);
    p.store.zero_grad();
    refuse();
    twin.step(*other, i, -i);
  }
  BOOST_TEST(p.value(p.weight, 0) == twin.value(twin.weight, 0));  // it was no step, nor counted as one
  p.store.freeze("weight");
  refuse();
}

BOOST_AUTO_TEST_CASE(nothing_to_do_is_no_error_where_nothing_could_be_done) {
  SmallProblem p;
  Recorder recorder{p.store};
  p.store.freeze("");
  recorder.step();
  BOOST_TEST(recorder.take().empty());
  p.store.unfreeze("weight");
  p.set_gradient(p.bias, 1);  // contributed before it was frozen, say
  recorder.step();
  BOOST_TEST(recorder.take().empty());
  td::ParameterStore empty;
  td::Adam adam{empty};
  adam.step();
  td::ParameterStore hollow;
  hollow.add("weight", {0, 3}, td::zeros);
  td::Adam other{hollow, {.untouched = td::Untouched::zero}};
  other.step();
}

BOOST_DATA_TEST_CASE(statistics_are_committed_once_and_only_by_a_step, every_scalar, scalar) {
  td::with_scalar(scalar, [&]<class T>(T) {
    td::ParameterStore store{{.scalar = scalar}};
    store.add("weight", {2, 2}, td::zeros);
    const td::Buffer mean = store.add_buffer("mean", {2, 1}, 1);
    td::SGD sgd{store};
    const td::Matrix<T> statistic(2, 1, arma::fill::value(T{3}));
    const auto now = [&] { return store.buffer<T>(mean)[1]; };

    store.gradients().record_statistic(mean.slot(), statistic, 0.5);
    BOOST_TEST(now() == T{1});
    store.zero_grad();  // the step is not made
    BOOST_CHECK_THROW(sgd.step(), td::UsageError);
    BOOST_TEST(now() == T{1});

    store.gradients().record_statistic(mean.slot(), statistic, 0.5);
    sgd.step();  // although no parameter received a gradient
    BOOST_TEST(now() == T{2});
    BOOST_CHECK_THROW(sgd.step(), td::UsageError);
    BOOST_TEST(now() == T{2});
  });
}

BOOST_AUTO_TEST_CASE(refused_options_leave_the_store_open) {
  td::ParameterStore store;
  const std::vector<std::function<void()>> makers{[&] {
                                                    td::SGD{store, {.learning_rate = -1}};
                                                  },
                                                  [&] {
                                                    td::SGD{store, {.momentum = 1}};
                                                  },
                                                  [&] {
                                                    td::SGD{store, {.nesterov = true}};
                                                  },
                                                  [&] {
                                                    td::Adam{store, {.beta_1 = 1}};
                                                  },
                                                  [&] {
                                                    td::Adam{store, {.weight_decay = -1}};
                                                  },
                                                  [&] {
                                                    td::AdamW{store, {.epsilon = 0}};
                                                  },
                                                  [&] {
                                                    td::RMSprop{store, {.beta = 1}};
                                                  },
                                                  [&] {
                                                    td::RMSprop{store, {.momentum = -1}};
                                                  },
                                                  [&] {
                                                    td::Adagrad{store, {.initial_square = -1}};
                                                  },
                                                  [&] {
                                                    td::Adagrad{store, {.learning_rate_decay = -1}};
                                                  }};
  for (const auto& make : makers) {
    BOOST_CHECK_THROW(make(), td::OptionError);
    BOOST_TEST(!store.sealed());
  }
}

BOOST_AUTO_TEST_CASE(options_that_are_infinite_as_floats_are_refused) {
  td::ParameterStore store;
  const auto as_a_float = says({" = 1e+300; expected a finite number, at least 0, as a float"});
  BOOST_CHECK_EXCEPTION((td::SGD{store, {.learning_rate = 1e300}}), td::OptionError, as_a_float);
  BOOST_CHECK_EXCEPTION((td::AdamW{store, {.weight_decay = 1e300}}), td::OptionError, as_a_float);
  BOOST_CHECK_EXCEPTION((td::Adagrad{store, {.initial_square = 1e300}}), td::OptionError, as_a_float);
  td::Adam adam{store};
  BOOST_CHECK_EXCEPTION(adam.set_learning_rate(1e300), td::OptionError, as_a_float);
  BOOST_TEST(adam.learning_rate() == 1e-3);
}

BOOST_AUTO_TEST_CASE(what_outlived_its_store_or_its_optimizer_is_refused) {
  auto store = std::make_unique<SmallProblem>();
  auto optimizer = std::make_unique<td::SGD>(store->store);
  td::StepDecay scheduler{*optimizer, {.every = 1, .factor = 0.5}};
  td::ReduceOnPlateau plateau{*optimizer, {.patience = 0}};
  store->set_gradient(store->weight, 1);
  store.reset();
  BOOST_TEST(test::complaint<td::UsageError>([&] { optimizer->step(); }) ==
             "SGD: a call after its store was destroyed; expected one while its store lives");
  BOOST_CHECK_THROW(td::state_of(*optimizer), td::UsageError);
  optimizer.reset();
  BOOST_TEST(test::complaint<td::UsageError>([&] { scheduler.step(); }) ==
             "Scheduler: a call after its optimizer was destroyed; expected one while its optimizer lives");
  BOOST_CHECK_THROW(plateau.step(1), td::UsageError);
}

// An update that steps.
struct Nested : td::ElementwiseOptimizer {
  explicit Nested(td::ParameterStore& store)
      : ElementwiseOptimizer(store, "Nested", {1, 0, td::Decay::coupled, {}}) {}
  void update(const Run&) override { step(); }
  void visit_memory(td::StateVisitor&) override {}
};

BOOST_AUTO_TEST_CASE(a_step_within_a_step_is_refused) {
  SmallProblem p;
  Nested optimizer{p.store};
  p.set_gradient(p.weight, 1);
  BOOST_TEST(test::complaint<td::UsageError>([&] { optimizer.step(); }) ==
             "Nested: a step within a step; expected an update that only moves what it is given");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
