#include "tapedeck/layers/normalization.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "support/complaint.hpp"
#include "support/op_tests.hpp"
#include "tapedeck/optim/sgd.hpp"

namespace td = tapedeck;
using test::complaint;

BOOST_AUTO_TEST_SUITE(layers)
BOOST_AUTO_TEST_SUITE(normalization)

namespace {

void has_gain_and_bias(td::ParameterStore& store, const td::Layer& layer, const std::string& description) {
  BOOST_TEST(store.size() == 2);
  BOOST_TEST((store.parameter("norm.weight").shape() == td::Shape{3, 1}));
  BOOST_TEST((store.parameter("norm.bias").shape() == td::Shape{3, 1}));
  BOOST_TEST(arma::all(arma::vectorise(store.parameter("norm.weight").value<double>() == 1)));
  BOOST_TEST(arma::all(arma::vectorise(store.parameter("norm.bias").value<double>() == 0)));
  BOOST_TEST(store.parameter("norm.weight").group() == td::groups::normalization);
  BOOST_TEST(store.parameter("norm.bias").group() == td::groups::normalization);
  BOOST_TEST((layer.parameter("weight") == store.parameter("norm.weight").handle()));
  BOOST_TEST((layer.parameter("bias") == store.parameter("norm.bias").handle()));
  BOOST_TEST(layer.name() == "norm");
  BOOST_TEST(layer.describe() == description);
}

// One pass in train mode, played back.
void pass(td::ParameterStore& store, const td::BatchNorm& layer, const td::Matrix<double>& x,
          td::Gradients* gradients = nullptr) {
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value y = layer(tape.input(x));
  const td::Matrix<double> v(arma::size(x), arma::fill::ones);
  tape.backward(td::Root(y, v), gradients == nullptr ? store.gradients() : *gradients);
}

struct Statistics {
  td::Matrix<double> mean;
  td::Matrix<double> variance;
};
Statistics of(td::ParameterStore& store) {
  return {store.buffer<double>("norm.running_mean"), store.buffer<double>("norm.running_var")};
}
bool equal(const td::Matrix<double>& a, const td::Matrix<double>& b) {
  return arma::all(arma::vectorise(a == b));
}
bool near(const td::Matrix<double>& a, const td::Matrix<double>& b) {
  return arma::abs(a - b).max() <= 1e-14 * arma::abs(b).max();
}

}  // namespace

BOOST_AUTO_TEST_CASE(parameters_buffers_and_description) {
  {
    td::ParameterStore store({.seed = 0, .scalar = td::f64});
    const td::BatchNorm layer{store.scope("norm"), 3};
    has_gain_and_bias(store, layer, "BatchNorm(3)");
    BOOST_TEST(equal(of(store).mean, td::Matrix<double>(3, 1, arma::fill::zeros)));
    BOOST_TEST(equal(of(store).variance, td::Matrix<double>(3, 1, arma::fill::ones)));
  }
  td::ParameterStore store({.seed = 0, .scalar = td::f64});
  const td::LayerNorm layer{store.scope("norm"), 3};
  has_gain_and_bias(store, layer, "LayerNorm(3)");
}

BOOST_AUTO_TEST_CASE(gradients) {
  td::ParameterStore store;
  const td::BatchNorm batch{store.scope("batch"), 3};
  const td::LayerNorm layer{store.scope("layer"), 3};
  const auto first =
      td::check_gradient(store, batch, {td::Shape{3, 7}}, {.batch_of_one = false, .under = "batch"});
  BOOST_TEST(first.passed(), first);
  const auto second = td::check_gradient(store, layer, {td::Shape{3, 7}}, {.under = "layer"});
  BOOST_TEST(second.passed(), second);
}

BOOST_AUTO_TEST_CASE(statistics_are_committed_by_the_optimizers_step_alone) {
  td::ParameterStore store({.seed = 0, .scalar = td::f64});
  const td::BatchNorm layer{store.scope("norm"), 3, {.momentum = 0.3}};
  td::SGD optimizer{store, {.learning_rate = 0.1}};
  const auto x = test::normal({3, 8}, 1);
  const td::Matrix<double> mean = arma::mean(x, 1);
  const td::Matrix<double> variance = arma::var(x, 0, 1);  // unbiased

  const Statistics initial = of(store);
  {
    td::Memory memory;
    td::Tape tape(store, memory);
    layer(tape.input(x));
  }
  BOOST_TEST(equal(of(store).mean, initial.mean));  // a forward alone hands nothing over
  pass(store, layer, x);
  BOOST_TEST(equal(of(store).mean, initial.mean));
  BOOST_TEST(equal(of(store).variance, initial.variance));
  optimizer.step();
  BOOST_TEST(near(of(store).mean, 0.3 * mean));
  BOOST_TEST(near(of(store).variance, 0.7 + 0.3 * variance));
  const Statistics once = of(store);
  optimizer.step();                              // the gradients are still there
  BOOST_TEST(equal(of(store).mean, once.mean));  // each once
}

BOOST_AUTO_TEST_CASE(statistics_of_several_passes_are_committed_in_their_order) {
  td::ParameterStore store({.seed = 0, .scalar = td::f64});
  const td::BatchNorm layer{store.scope("norm"), 3};
  td::SGD optimizer{store, {.learning_rate = 0.1}};
  const auto a = test::normal({3, 8}, 1);
  const auto b = test::normal({3, 8}, 2);
  pass(store, layer, a);
  pass(store, layer, b);
  optimizer.step();
  BOOST_TEST(near(of(store).mean, 0.9 * 0.1 * arma::mean(a, 1) + 0.1 * arma::mean(b, 1)));
}

BOOST_AUTO_TEST_CASE(zero_grad_forgets_statistics_that_were_not_committed) {
  td::ParameterStore store({.seed = 0, .scalar = td::f64});
  const td::BatchNorm layer{store.scope("norm"), 3};
  td::SGD optimizer{store, {.learning_rate = 0.1}};
  const Statistics initial = of(store);
  pass(store, layer, test::normal({3, 8}, 1));
  store.zero_grad();
  BOOST_CHECK_THROW(optimizer.step(), td::UsageError);
  BOOST_TEST(equal(of(store).mean, initial.mean));
}

BOOST_AUTO_TEST_CASE(statistics_travel_with_gradients_of_their_own) {
  td::ParameterStore store({.seed = 0, .scalar = td::f64});
  const td::BatchNorm layer{store.scope("norm"), 3};
  td::SGD optimizer{store, {.learning_rate = 0.1}};
  const auto x = test::normal({3, 8}, 1);
  td::Gradients own(store);
  pass(store, layer, x, &own);
  BOOST_CHECK_THROW(optimizer.step(), td::UsageError);
  BOOST_TEST(equal(of(store).mean, td::Matrix<double>(3, 1, arma::fill::zeros)));
  store.gradients() += own;
  optimizer.step();
  BOOST_TEST(near(of(store).mean, 0.1 * arma::mean(x, 1)));
}

BOOST_AUTO_TEST_CASE(evaluation_normalises_by_running_statistics) {
  td::ParameterStore store({.seed = 0, .scalar = td::f64});
  const td::BatchNorm layer{store.scope("norm"), 2, {.epsilon = 0.01}};
  store.buffer<double>("norm.running_mean") = td::Matrix<double>(arma::vec{1, -2});
  store.buffer<double>("norm.running_var") = td::Matrix<double>(arma::vec{4, 0.25});
  store.parameter("norm.weight").value<double>() = td::Matrix<double>(arma::vec{3, 2});
  store.parameter("norm.bias").value<double>() = td::Matrix<double>(arma::vec{0.5, -0.5});
  td::Memory memory;
  td::Tape tape(store, memory, td::evaluate);
  const td::Matrix<double> x{{5, 7, 1}, {0, 1, 2}};
  const td::Matrix<double> y = layer(tape.input(x)).matrix<double>();
  for (td::Index c = 0; c < 3; ++c) {
    BOOST_TEST(std::abs(y(0, c) - (3 * (x(0, c) - 1) / std::sqrt(4.01) + 0.5)) < 1e-14);
    BOOST_TEST(std::abs(y(1, c) - (2 * (x(1, c) + 2) / std::sqrt(0.26) - 0.5)) < 2e-14);
  }
  // One sample is as good as many.
  BOOST_TEST(equal(layer(tape.input(td::Matrix<double>(x.col(1)))).matrix<double>(), y.col(1)));
}

BOOST_AUTO_TEST_CASE(a_copy_of_the_store_has_its_own_statistics) {
  td::ParameterStore store({.seed = 0, .scalar = td::f64});
  const td::BatchNorm layer{store.scope("norm"), 3};
  store.parameter("norm.weight").value<double>().fill(2);
  store.buffer<double>("norm.running_mean").fill(5);
  td::ParameterStore copy = store.copy();
  BOOST_TEST(
      equal(copy.parameter("norm.weight").value<double>(), store.parameter("norm.weight").value<double>()));
  BOOST_TEST(equal(copy.buffer<double>("norm.running_mean"), store.buffer<double>("norm.running_mean")));
  td::SGD optimizer{copy, {.learning_rate = 0.1}};
  pass(copy, layer, test::normal({3, 8}, 1));
  optimizer.step();
  BOOST_TEST(copy.buffer<double>("norm.running_mean")[0] != 5);
  BOOST_TEST(store.buffer<double>("norm.running_mean")[0] == 5);
}

BOOST_AUTO_TEST_CASE(wrong_inputs) {
  td::ParameterStore store;
  const td::BatchNorm batch{store.scope("batch"), 3};
  const td::LayerNorm layer{store.scope("layer"), 3};
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value x = tape.input(td::Matrix<float>(2, 4, arma::fill::zeros));
  const td::Value single = tape.input(td::Matrix<float>(3, 1, arma::fill::zeros));
  BOOST_TEST(test::contains(complaint<td::ShapeError>([&] { batch(x); }), "gain \"batch.weight\" is 3x1"));
  BOOST_TEST(test::contains(complaint<td::ShapeError>([&] { layer(x); }), "gain \"layer.weight\" is 3x1"));
  BOOST_TEST(test::contains(complaint<td::ShapeError>([&] { batch(single); }), "a batch of at least 2"));
  BOOST_CHECK_NO_THROW(layer(single));
}

BOOST_AUTO_TEST_CASE(bad_options_are_refused_before_anything_is_added) {
  td::ParameterStore store;
  const td::Scope scope = store.scope("norm");
  const double inf = std::numeric_limits<double>::infinity();
  for (const double bad : {0.0, -1e-9, std::nan(""), inf}) {
    const std::string said = complaint<td::OptionError>([&] { td::BatchNorm(scope, 3, {.epsilon = bad}); });
    BOOST_TEST(said.starts_with("norm: epsilon = "), said);
    BOOST_TEST(said.ends_with("; expected a finite number above 0"), said);
    BOOST_TEST(complaint<td::OptionError>([&] { td::LayerNorm(scope, 3, {.epsilon = bad}); }) == said);
  }
  for (const double bad : {-0.1, 1.1, std::nan("")}) {
    BOOST_TEST(complaint<td::OptionError>([&] {
                 td::BatchNorm(scope, 3, {.momentum = bad});
               }).starts_with("norm: momentum = "));
  }
  BOOST_TEST(store.size() == 0U);
  td::BatchNorm(scope, 3, {.momentum = 1});  // and nothing is in the way
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
