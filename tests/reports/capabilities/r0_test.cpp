// What report 0 says that its framework can do: networks, initial values, activations and losses. Its
// optimizers, scheduler and dropout are in r0_training_test.cpp.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "reports/capabilities/by_hand.hpp"

namespace td = tapedeck;
using test::check_draws;
using test::check_share;
using test::difference;
using test::rounding;

BOOST_AUTO_TEST_SUITE(reports)
BOOST_AUTO_TEST_SUITE(capabilities)
BOOST_AUTO_TEST_SUITE(r0)

namespace {

/// The weight of a layer of 400 inputs and 250 outputs, 100,000 draws; equal seeds give equal streams.
arma::mat drawn_weight(td::Initializer rule) {
  td::ParameterStore store{{.seed = 7, .scalar = td::f64}};
  const td::Linear layer{store.scope("fc"), 400, 250, {.weight_values = rule}};
  return store.parameter(layer.weight()).value<double>();
}

}  // namespace

// Networks.

BOOST_AUTO_TEST_CASE(fully_connected_networks_of_any_number_of_layers_and_nodes) {
  td::ParameterStore store{{.seed = 1, .scalar = td::f64}};
  std::vector<td::Sequential::Item> layers;
  const std::vector<td::Index> widths{2, 25, 7, 12, 1};
  for (std::size_t i = 1; i < widths.size(); ++i) {
    layers.emplace_back(td::Linear{store.scope("fc_" + std::to_string(i)), widths[i - 1], widths[i]});
    layers.emplace_back(td::Tanh{});
  }
  const td::Sequential model(layers);
  BOOST_TEST(model.size() == 8U);
  BOOST_TEST(store.element_count() == (2 + 1) * 25 + (25 + 1) * 7 + (7 + 1) * 12 + (12 + 1) * 1);

  const arma::mat x{{0.1, 0.5, 0.9}, {0.8, 0.2, 0.4}};
  arma::mat y = x;
  for (const std::string name : {"fc_1", "fc_2", "fc_3", "fc_4"}) {
    y = arma::tanh(test::affine(store.parameter(name + ".weight").value<double>(),
                                store.parameter(name + ".bias").value<double>(), y));
  }
  BOOST_TEST(difference(td::predict(store, model, x), y) < rounding);
}

// y = W x + b 1' and dy = 1 give dW = 1 x', db = 1 n.
BOOST_AUTO_TEST_CASE(parameters_and_gradients_are_reached_from_the_model_and_from_each_module) {
  td::ParameterStore store{{.scalar = td::f64}};
  const td::Linear module{store.scope("fc_1"), 2, 3, {.weight_values = td::constant(0.5)}};
  const td::Sequential model{module, td::ReLU{}, td::Linear{store.scope("fc_2"), 3, 1}};
  const arma::mat x{{1, 2, 3, 4}, {5, 6, 7, 8}};
  test::pass(store, module, x, arma::ones(3, 4));

  std::vector<std::string> names;
  for (const td::NamedParameter& p : model.parameters()) names.push_back(p.name);
  BOOST_TEST((names == std::vector<std::string>{"fc_1.weight", "fc_1.bias", "fc_2.weight", "fc_2.bias"}));

  const arma::mat dw{{10, 26}, {10, 26}, {10, 26}};
  const arma::vec db{4, 4, 4};
  for (const auto& [weight, bias] :
       {std::pair{model.parameters()[0].handle, model.parameters()[1].handle},
        std::pair{model["fc_1"].parameter("weight"), model["fc_1"].parameter("bias")},
        std::pair{module.weight(), module.bias()}}) {
    BOOST_TEST(difference(store.parameter(weight).value<double>(), arma::mat(3, 2).fill(0.5)) == 0);
    BOOST_TEST(difference(store.parameter(weight).gradient<double>(), dw) == 0);
    BOOST_TEST(difference(store.parameter(bias).gradient<double>(), db) == 0);
  }
}

BOOST_AUTO_TEST_CASE(gradients_accumulate_until_zero_grad) {
  td::ParameterStore store{{.scalar = td::f64}};
  const td::Linear layer{store.scope("fc"), 1, 1};
  const auto gradient = [&] { return store.parameter("fc.weight").gradient<double>()[0]; };
  const arma::mat x{{1, 2}};
  for (const double times : {1, 2, 3}) {
    test::pass(store, layer, x, arma::ones(1, 2));
    BOOST_TEST(gradient() == times * (1 + 2));
  }
  store.zero_grad();
  BOOST_TEST(gradient() == 0);
  test::pass(store, layer, x, arma::ones(1, 2));
  BOOST_TEST(gradient() == 1 + 2);
}

BOOST_AUTO_TEST_CASE(the_optimizer_refers_to_the_parameters_and_steps_by_the_last_gradients) {
  test::Weight weight{2};
  const arma::mat& w = weight.store.parameter("w").value<double>();
  td::SGD optimizer{weight.store, {.learning_rate = 0.5}};
  weight.step(optimizer, 3);
  BOOST_TEST(w[0] == 2 - 0.5 * 3);  // the same matrix, not a copy
  optimizer.step();                 // the gradients are still there
  BOOST_TEST(w[0] == 2 - 2 * 0.5 * 3);
  weight.store.parameter("w").value<double>()[0] = 10;
  weight.step(optimizer, 4);
  BOOST_TEST(w[0] == 10 - 0.5 * 4);
}

// The report's first listing, line by line, beside the chain rule on paper.
BOOST_AUTO_TEST_CASE(forward_zero_grad_backward_and_step) {
  td::ParameterStore store{{.seed = 3, .scalar = td::f64}};
  const td::Sequential model{td::Linear{store.scope("fc_1"), 2, 25}, td::ReLU{},
                             td::Linear{store.scope("fc_2"), 25, 1}};
  td::SGD optimizer{store, {.learning_rate = 0.1}};
  const td::Dataset points = td::disk(20, 1);
  const arma::mat& x = points.x<double>();
  const arma::mat target = td::as_targets(points.labels());
  arma::mat w_1 = store.parameter("fc_1.weight").value<double>();
  arma::mat b_1 = store.parameter("fc_1.bias").value<double>();
  arma::mat w_2 = store.parameter("fc_2.weight").value<double>();
  arma::mat b_2 = store.parameter("fc_2.bias").value<double>();

  td::Memory memory;
  td::Tape tape{store, memory};
  const td::Value y = model(tape.input(x));
  const td::Value loss = td::mse(y, target, td::batch_mean);
  store.zero_grad();
  tape.backward(loss);
  optimizer.step();

  const arma::mat a = test::affine(w_1, b_1, x);
  const arma::mat h = arma::clamp(a, 0, arma::datum::inf);
  const arma::mat dy = 2.0 / 20 * (test::affine(w_2, b_2, h) - target);  // the mean over the batch
  const arma::mat da = (w_2.t() * dy) % arma::conv_to<arma::mat>::from(a > 0);
  BOOST_TEST(difference(store.parameter("fc_1.weight").value<double>(), w_1 - 0.1 * da * x.t()) < rounding);
  BOOST_TEST(difference(store.parameter("fc_1.bias").value<double>(), b_1 - 0.1 * arma::sum(da, 1)) <
             rounding);
  BOOST_TEST(difference(store.parameter("fc_2.weight").value<double>(), w_2 - 0.1 * dy * h.t()) < rounding);
  BOOST_TEST(difference(store.parameter("fc_2.bias").value<double>(), b_2 - 0.1 * arma::sum(dy, 1)) <
             rounding);
}

BOOST_AUTO_TEST_CASE(batch_normalization_which_it_wanted_next) {
  td::ParameterStore store{{.seed = 1, .scalar = td::f64}};
  const td::Sequential model{td::Linear{store.scope("fc"), 2, 5}, td::BatchNorm{store.scope("norm"), 5}};
  const arma::mat h = test::pass(store, model, td::disk(50, 1).x<double>(), arma::ones(5, 50)).y;
  const arma::mat a = test::affine(store.parameter("fc.weight").value<double>(),
                                   store.parameter("fc.bias").value<double>(), td::disk(50, 1).x<double>());
  const arma::mat variance = arma::var(a, 1, 1);
  BOOST_TEST(arma::abs(arma::mean(h, 1)).max() < rounding);
  BOOST_TEST(difference(arma::var(h, 1, 1), variance / (variance + 1e-5)) < rounding);
}

// Activations.

BOOST_AUTO_TEST_CASE(relu_and_its_derivative) {
  const auto [y, derivative] = test::pass(td::ReLU{}, {{-3, -1e-300, 1e-300, 0.5, 7}});
  BOOST_TEST(difference(y, arma::mat{{0, 0, 1e-300, 0.5, 7}}, true) == 0);
  BOOST_TEST(difference(derivative, arma::mat{{0, 0, 1, 1, 1}}) == 0);
}

BOOST_AUTO_TEST_CASE(relu_has_derivative_0_at_0) {
  const auto [y, derivative] = test::pass(td::ReLU{}, {{0.0, -0.0}});
  BOOST_TEST(arma::all(arma::vectorise(y) == 0));
  BOOST_TEST(arma::all(arma::vectorise(derivative) == 0));
}

BOOST_AUTO_TEST_CASE(tanh_and_its_derivative) {
  const arma::mat x{{-2, -0.5, 0, 0.25, 1, 3}};
  const arma::mat expected = (1 - arma::exp(-2 * x)) / (1 + arma::exp(-2 * x));
  const auto [y, derivative] = test::pass(td::Tanh{}, x);
  BOOST_TEST(difference(y, expected) < rounding);
  BOOST_TEST(difference(derivative, 1 - arma::square(expected)) < rounding);
}

// The formula as printed is Inf / Inf from x = -355 on, where exp(-2 x) exceeds 1.8e308.
BOOST_AUTO_TEST_CASE(tanh_does_not_overflow) {
  const double inf = std::numeric_limits<double>::infinity();
  const auto [y, derivative] = test::pass(td::Tanh{}, {{-inf, -1e308, -1000, -400, 400, 1000, 1e308, inf}});
  BOOST_TEST(difference(y, arma::mat{{-1, -1, -1, -1, 1, 1, 1, 1}}) == 0);
  BOOST_TEST(arma::all(arma::vectorise(derivative) == 0));
}

// Initial values, for l = 400 inputs and m = 250 outputs.

BOOST_AUTO_TEST_CASE(default_initial_values_are_uniform_within_one_over_the_root_of_the_inputs) {
  const double a = 1 / std::sqrt(400);
  td::ParameterStore store{{.seed = 7, .scalar = td::f64}};
  const td::Linear layer{store.scope("fc"), 400, 250};
  for (const td::Parameter parameter : {layer.weight(), layer.bias()}) {
    const arma::mat& values = store.parameter(parameter).value<double>();
    BOOST_TEST(arma::abs(values).max() <= a);
    check_draws(values, test::uniform_within(a));
  }
}

BOOST_AUTO_TEST_CASE(xavier_normal_is_glorots_and_the_printed_one_has_a_name_of_its_own) {
  check_draws(drawn_weight(td::xavier_normal()), test::normal_with(std::sqrt(2 / (400.0 + 250))));
  check_draws(drawn_weight(td::fan_sum_normal()), test::normal_with(1 / std::sqrt(400.0 + 250)));
}

BOOST_AUTO_TEST_CASE(he_is_normal_with_gain_over_the_root_of_the_inputs) {
  check_draws(drawn_weight(td::he_normal(td::gain::linear)), test::normal_with(1 / std::sqrt(400)));
  check_draws(drawn_weight(td::he_normal()), test::normal_with(std::numbers::sqrt2 / std::sqrt(400)));
}

BOOST_AUTO_TEST_CASE(the_gain_is_1_or_5_3rds_or_the_root_of_2_and_multiplies_the_deviation) {
  for (const auto rule : {td::fan_in_uniform, td::xavier_normal, td::fan_sum_normal, td::he_normal}) {
    const arma::mat without_activation = drawn_weight(rule(td::gain::linear));
    BOOST_TEST(difference(drawn_weight(rule(1)), without_activation) == 0);
    BOOST_TEST(difference(drawn_weight(rule(td::gain::tanh)), 5.0 / 3 * without_activation) < rounding);
    BOOST_TEST(difference(drawn_weight(rule(td::gain::relu)), std::numbers::sqrt2 * without_activation) <
               rounding);
  }
}

// model.init_parameters(method = 'xavier', gain), of a module and of the whole model.
BOOST_AUTO_TEST_CASE(any_module_can_be_given_other_initial_values) {
  td::ParameterStore store{{.seed = 7, .scalar = td::f64}};
  const td::Sequential model{td::Linear{store.scope("fc_1"), 400, 250}, td::Tanh{},
                             td::Linear{store.scope("fc_2"), 250, 400}};
  arma::mat& first = store.parameter("fc_1.weight").value<double>();
  arma::mat& second = store.parameter("fc_2.weight").value<double>();
  const double a = 1 / std::sqrt(400);

  store.initialize(td::xavier_normal(td::gain::tanh), {.under = "fc_2", .group = td::groups::weights});
  check_draws(first, test::uniform_within(a));
  check_draws(second, test::normal_with(5.0 / 3 * std::sqrt(2.0 / 650)));

  store.initialize(td::he_normal(td::gain::relu));
  check_draws(first, test::normal_with(std::sqrt(2.0 / 400)));
  check_draws(second, test::normal_with(std::sqrt(2.0 / 250)));
  check_draws(store.parameter("fc_1.bias").value<double>(), test::uniform_within(a));  // not a weight

  store.initialize(td::zeros, {.group = td::groups::biases});
  BOOST_TEST(arma::abs(store.parameter("fc_1.bias").value<double>()).max() == 0);
}

// Losses.

BOOST_AUTO_TEST_CASE(mean_squared_error) {
  const arma::mat target{{0, 1, 0, 1}};
  const arma::mat y{{0.5, 0.25, -1, 3}};                                      // off by 1/2, -3/4, -1 and 2
  for (const td::Reduction reduction : {td::batch_mean, td::element_mean}) {  // the same for one output
    td::ParameterStore none{{.scalar = td::f64}};
    const auto criterion = [&](const td::Value& x) { return td::MSELoss{reduction}(x, target); };
    const auto [loss, dy] = test::pass(none, criterion, y, arma::ones(1, 1));
    BOOST_TEST(loss[0] == (0.25 + 0.5625 + 1 + 4) / 4);
    BOOST_TEST(difference(dy, arma::mat{{2 * 0.5 / 4, 2 * -0.75 / 4, 2 * -1.0 / 4, 2 * 2.0 / 4}}) == 0);
  }
}

// -log(exp(z_class) / sum over the classes of exp(z_j)); its derivative is softmax(z) - onehot(class).
BOOST_AUTO_TEST_CASE(cross_entropy_sums_over_the_classes) {
  const arma::mat z{{1, 2}, {3, -1}, {0, 0.5}};
  const td::IndexMatrix classes{{1, 2}};
  td::ParameterStore none{{.scalar = td::f64}};
  const auto criterion = [&](const td::Value& x) { return td::CrossEntropyLoss{td::batch_mean}(x, classes); };
  const auto [loss, dz] = test::pass(none, criterion, z, arma::ones(1, 1));

  const arma::mat softmax = arma::exp(z) / arma::repmat(arma::sum(arma::exp(z), 0), 3, 1);
  const arma::mat onehot{{0, 0}, {1, 0}, {0, 1}};
  BOOST_TEST(std::abs(loss[0] - (-std::log(softmax(1, 0)) - std::log(softmax(2, 1))) / 2) < rounding);
  BOOST_TEST(difference(dz, (softmax - onehot) / 2) < rounding);
}

// exp(1000) is no double. Of logits 1000 and 0 the loss is 0 for the first class, 1000 for the second.
BOOST_AUTO_TEST_CASE(cross_entropy_is_stable_on_logits) {
  const arma::mat z{{1000, 1000, -1000}, {0, 0, -1000}};
  const td::IndexMatrix classes{{0, 1, 0}};
  td::ParameterStore none{{.scalar = td::f64}};
  const auto criterion = [&](const td::Value& x) { return td::cross_entropy(x, classes, td::batch_sum); };
  const auto [loss, dz] = test::pass(none, criterion, z, arma::ones(1, 1));
  BOOST_TEST(std::abs(loss[0] - (0 + 1000 + std::log(2))) < 1000 * rounding);
  BOOST_TEST(difference(dz, arma::mat{{0, 1, -0.5}, {0, -1, 0.5}}) < rounding);
}

BOOST_AUTO_TEST_CASE(points_in_the_circle_are_labelled_1) {
  const td::Dataset points = td::disk(100'000, 3);
  const arma::mat& x = points.x<double>();
  const double radius = 1 / std::sqrt(2 * std::numbers::pi);
  double inside = 0;
  double wrong = 0;
  for (td::Index i = 0; i < points.size(); ++i) {
    const bool in_circle = std::hypot(x(0, i) - 0.5, x(1, i) - 0.5) < radius;
    inside += in_circle ? 1 : 0;
    wrong += points.labels()[i] == (in_circle ? 1U : 0U) ? 0 : 1;
  }
  BOOST_TEST(wrong == 0);
  check_share(inside, 100'000, 0.5);  // pi r^2
  BOOST_TEST((x.min() >= 0 && x.max() < 1));
  check_draws(x - 0.5, test::uniform_within(0.5));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
