// What report 0 says that its framework can do: optimizers, scheduler, dropout, and the training of its first
// network.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <set>
#include <vector>

#include "reports/capabilities/by_hand.hpp"

namespace td = tapedeck;
using test::check_draws;
using test::check_share;
using test::difference;
using test::rounding;
using test::Weight;

BOOST_AUTO_TEST_SUITE(reports)
BOOST_AUTO_TEST_SUITE(capabilities)
BOOST_AUTO_TEST_SUITE(r0)

namespace {

const std::vector<double> gradients{1, 2, -1, 0.5, 3, -2};

/// y is of mean 0 and not correlated with x: the best line is 0, and its mean squared error is 1.
td::Dataset nothing_to_learn() { return {arma::mat{{-1, 1, -1, 1}}, arma::mat{{1, 1, -1, -1}}}; }

}  // namespace

// Optimizers.

BOOST_AUTO_TEST_CASE(momentum_with_the_rate_inside_and_outside) {
  Weight inside{1};
  Weight outside{1};
  td::SGD printed{inside.store,
                  {.learning_rate = 0.1, .momentum = 0.9, .momentum_form = td::Momentum::rate_inside}};
  td::SGD pytorch{outside.store,
                  {.learning_rate = 0.1, .momentum = 0.9, .momentum_form = td::Momentum::rate_outside}};
  double w_inside = 1;
  double v_inside = 0;
  double w_outside = 1;
  double v_outside = 0;
  double rate = 0.1;
  for (std::size_t t = 0; t < gradients.size(); ++t) {
    if (t == 3) {
      BOOST_TEST(std::abs(w_inside - w_outside) < rounding);  // as long as the rate is the same
      rate = 0.01;
      printed.set_learning_rate(rate);
      pytorch.set_learning_rate(rate);
    }
    v_inside = 0.9 * v_inside + rate * gradients[t];
    w_inside -= v_inside;
    v_outside = 0.9 * v_outside + gradients[t];
    w_outside -= rate * v_outside;
    inside.step(printed, gradients[t]);
    outside.step(pytorch, gradients[t]);
    BOOST_TEST(std::abs(inside.value() - w_inside) < rounding);
    BOOST_TEST(std::abs(outside.value() - w_outside) < rounding);
  }
  BOOST_TEST(std::abs(w_inside - w_outside) > 0.1);  // v went on at the old speed
}

BOOST_AUTO_TEST_CASE(adam_with_its_usual_settings) {
  Weight weight{1};
  td::Adam optimizer{weight.store};
  double w = 1;
  double m = 0;
  double v = 0;
  for (std::size_t t = 0; t < gradients.size(); ++t) {
    const double g = gradients[t];
    const auto steps = static_cast<double>(t + 1);
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    w -= 1e-3 / (std::sqrt(v / (1 - std::pow(0.999, steps))) + 1e-8) * m / (1 - std::pow(0.9, steps));
    weight.step(optimizer, g);
    BOOST_TEST(std::abs(weight.value() - w) < rounding);
  }
}

// While the gradient is always g, the corrected m is g and the corrected v is g^2 from the first step on, so
// that each step is rate g / (|g| + epsilon): half the rate for g = epsilon. With epsilon inside the root it
// would be a 10,000th of the rate; without correction the first one would be 0.1 / (sqrt(0.001) + 1) of it.
BOOST_AUTO_TEST_CASE(adam_is_bias_corrected_with_epsilon_outside_the_root) {
  Weight weight{0};
  td::Adam optimizer{weight.store, {.learning_rate = 0.1, .epsilon = 1e-8}};
  for (int t = 1; t <= 50; ++t) {
    weight.step(optimizer, 1e-8);
    // 1 - 0.999 is known to 2^-53 / 0.001 = 1.1e-13, relatively, and so is each step.
    BOOST_TEST(std::abs(weight.value() + t * 0.1 / 2) < t * 0.1 * 1e-12);
  }
}

BOOST_AUTO_TEST_CASE(adam_with_other_betas_and_epsilon) {
  Weight weight{0};
  td::Adam optimizer{weight.store, {.learning_rate = 1, .beta_1 = 0.5, .beta_2 = 0.75, .epsilon = 1}};
  weight.step(optimizer, 4);
  BOOST_TEST(std::abs(weight.value() + 4.0 / (4 + 1)) < rounding);  // m' = 4, v' = 16
  weight.step(optimizer, 0);  // m' = 1 / (3/4) = 4/3, v' = 3 / (7/16) = 48/7
  BOOST_TEST(std::abs(weight.value() + 0.8 + 4.0 / 3 / (std::sqrt(48.0 / 7) + 1)) < rounding);
}

// w_penalized = w_new - eta lambda w_old, beside the gradient of a penalty, g + lambda w.
BOOST_AUTO_TEST_CASE(l2_penalty_decoupled_as_printed_and_coupled) {
  for (const double momentum : {0.0, 0.9}) {
    Weight as_printed{1};
    Weight in_gradient{1};
    td::SGD decoupled{as_printed.store,
                      {.learning_rate = 0.1,
                       .momentum = momentum,
                       .momentum_form = td::Momentum::rate_inside,
                       .weight_decay = 0.5,
                       .decay = td::Decay::decoupled}};
    td::SGD coupled{in_gradient.store,
                    {.learning_rate = 0.1,
                     .momentum = momentum,
                     .momentum_form = td::Momentum::rate_inside,
                     .weight_decay = 0.5,
                     .decay = td::Decay::coupled}};
    double w_decoupled = 1;
    double v_decoupled = 0;
    double w_coupled = 1;
    double v_coupled = 0;
    for (const double g : gradients) {
      v_decoupled = momentum * v_decoupled + 0.1 * g;
      w_decoupled = w_decoupled - v_decoupled - 0.1 * 0.5 * w_decoupled;
      v_coupled = momentum * v_coupled + 0.1 * (g + 0.5 * w_coupled);
      w_coupled -= v_coupled;
      as_printed.step(decoupled, g);
      in_gradient.step(coupled, g);
      BOOST_TEST(std::abs(as_printed.value() - w_decoupled) < rounding);
      BOOST_TEST(std::abs(in_gradient.value() - w_coupled) < rounding);
    }
    const double apart = std::abs(as_printed.value() - in_gradient.value());
    BOOST_TEST((momentum == 0 ? apart < rounding : apart > 0.01));  // equal for plain SGD only
  }
}

// At the first step Adam moves by the rate, whatever the gradient's size: only what is decoupled adds to it.
BOOST_AUTO_TEST_CASE(l2_penalty_with_adam) {
  Weight as_printed{2};
  Weight in_gradient{2};
  td::AdamW decoupled{as_printed.store, {.learning_rate = 0.1, .weight_decay = 0.5}};
  td::Adam coupled{in_gradient.store, {.learning_rate = 0.1, .weight_decay = 0.5}};
  as_printed.step(decoupled, 3);
  in_gradient.step(coupled, 3);
  BOOST_TEST(std::abs(as_printed.value() - (2 - 0.1 - 0.1 * 0.5 * 2)) < 1e-8);  // epsilon is 1e-8
  BOOST_TEST(std::abs(in_gradient.value() - (2 - 0.1)) < 1e-8);
}

// The scheduler.

// The first loss is the best; then 10 epochs are borne, and the 11th reduces the rate.
BOOST_AUTO_TEST_CASE(reduce_on_plateau_counts_like_pytorch) {
  Weight weight{0};
  td::SGD optimizer{weight.store, {.learning_rate = 0.8}};
  td::ReduceOnPlateau scheduler{optimizer, {.patience = 10, .factor = 0.5}};
  for (int epoch = 1; epoch <= 40; ++epoch) {
    scheduler.step(1.0);
    const double rate = epoch < 12 ? 0.8 : epoch < 23 ? 0.4 : epoch < 34 ? 0.2 : 0.1;
    BOOST_TEST(optimizer.learning_rate() == rate, "epoch " << epoch);
  }
  weight.step(optimizer, 1);
  BOOST_TEST(weight.value() == -0.1);
}

BOOST_AUTO_TEST_CASE(reduce_on_plateau_leaves_the_rate_alone_while_the_loss_falls) {
  Weight weight{0};
  td::SGD optimizer{weight.store, {.learning_rate = 0.8}};
  td::ReduceOnPlateau scheduler{optimizer, {.patience = 2, .factor = 0.5}};
  for (const double loss : {5.0, 6.0, 6.0, 4.0, 5.0, 5.0, 3.0}) scheduler.step(loss);  // never three in a row
  BOOST_TEST(optimizer.learning_rate() == 0.8);
  for (const double loss : {3.0, 3.0, 3.0}) scheduler.step(loss);
  BOOST_TEST(optimizer.learning_rate() == 0.4);
}

// A loss that falls by 5e-5 of itself improves by the report's reckoning, but not by PyTorch's.
BOOST_AUTO_TEST_CASE(reduce_on_plateau_with_pytorchs_threshold_and_with_none) {
  for (const double threshold : {1e-4, 0.0}) {
    Weight weight{0};
    td::SGD optimizer{weight.store, {.learning_rate = 0.8}};
    td::ReduceOnPlateau scheduler{optimizer, {.patience = 0, .factor = 0.5, .threshold = threshold}};
    scheduler.step(1.0);
    scheduler.step(1.0 - 5e-5);
    BOOST_TEST(optimizer.learning_rate() == (threshold > 0 ? 0.4 : 0.8));
  }
  Weight weight{0};
  td::SGD optimizer{weight.store, {.learning_rate = 0.8}};
  td::ReduceOnPlateau scheduler{optimizer, {.patience = 0, .factor = 0.5}};  // PyTorch's is the default
  scheduler.step(1.0);
  scheduler.step(1.0 - 2e-4);
  BOOST_TEST(optimizer.learning_rate() == 0.8);
  scheduler.step(1.0 - 2.5e-4);
  BOOST_TEST(optimizer.learning_rate() == 0.4);
}

BOOST_AUTO_TEST_CASE(the_scheduler_is_called_after_each_epoch) {
  td::ParameterStore store{{.scalar = td::f64}};
  const td::Linear model{store.scope("fc"), 1, 1, {.weight_values = td::zeros, .bias_values = td::zeros}};
  td::SGD optimizer{store, {.learning_rate = 0.8}};
  td::ReduceOnPlateau scheduler{optimizer, {.patience = 10, .factor = 0.5}};
  td::Trainer trainer{store, model, optimizer, td::MSELoss{td::batch_mean}};
  const auto reduce = [&](td::EpochReport& epoch) { scheduler.step(epoch.loss); };
  const auto history =
      trainer.fit(nothing_to_learn(), {.epochs = 25, .batch_size = 4, .callbacks = {reduce}});
  for (std::size_t epoch = 0; epoch < 25; ++epoch) {
    BOOST_TEST(history[epoch].loss == 1);
    BOOST_TEST(history[epoch].learning_rate == (epoch < 12 ? 0.8 : epoch < 23 ? 0.4 : 0.2));
  }
}

// Dropout.

// Each mask element is 0 with probability p, else 1 / (1 - p): of mean 1 and variance p / (1 - p).
BOOST_AUTO_TEST_CASE(dropout_drops_with_probability_p_and_scales_what_it_keeps) {
  const double p = 0.3;
  td::ParameterStore store{{.seed = 5, .scalar = td::f64}};
  const arma::mat x(100, 1000, arma::fill::value(3));
  const auto [y, dx] = test::pass(store, td::Dropout{{.probability = p}}, x, 2 * arma::ones(100, 1000));
  double dropped = 0;
  double wrong = 0;
  for (td::Index i = 0; i < y.n_elem; ++i) {
    const double mask = y[i] == 0 ? 0 : 1 / (1 - p);
    dropped += mask == 0 ? 1 : 0;
    wrong += std::abs(y[i] - mask * 3) < rounding && std::abs(dx[i] - mask * 2) < rounding ? 0 : 1;
  }
  BOOST_TEST(wrong == 0);
  check_share(dropped, 100'000, p);
  BOOST_TEST(std::abs(arma::accu(y) / 100'000 - 3) < 5 * 3 * std::sqrt(p / (1 - p) / 100'000));
}

// Two masks differ where one drops and the other does not: with probability 2 p (1 - p).
BOOST_AUTO_TEST_CASE(dropout_draws_a_fresh_mask_every_forward) {
  td::ParameterStore store{{.seed = 5, .scalar = td::f64}};
  const td::Dropout dropout{{.probability = 0.3}};
  const arma::mat ones(100, 1000, arma::fill::ones);
  const arma::mat first = test::pass(store, dropout, ones, ones).y;
  const arma::mat second = test::pass(store, dropout, ones, ones).y;
  check_share(arma::accu(first != second), 100'000, 2 * 0.3 * 0.7);
}

BOOST_AUTO_TEST_CASE(dropout_with_p_1_is_refused) {
  BOOST_CHECK_THROW(td::Dropout{{.probability = 1}}, td::OptionError);
  BOOST_CHECK_THROW(td::Dropout{{.probability = -0.1}}, td::OptionError);
}

// model.train() and model.eval(): the pass says what it is for, and every layer follows.
BOOST_AUTO_TEST_CASE(dropout_is_active_in_training_and_the_identity_in_evaluation) {
  td::ParameterStore store{{.seed = 5, .scalar = td::f64}};
  const td::Sequential model{td::Dropout{{.probability = 0.5}}, {"again", td::Dropout{{.probability = 0.1}}}};
  const arma::mat x(25, 40, arma::fill::ones);
  td::Memory memory;
  {
    td::Tape tape{store, memory, td::train};
    check_share(arma::accu(model(tape.input(x)).matrix<double>() == 0), 1000, 1 - 0.5 * 0.9);
  }
  {
    td::Tape tape{store, memory, td::evaluate};
    BOOST_TEST(difference(model(tape.input(x)).matrix<double>(), x) == 0);
  }
  BOOST_TEST(difference(td::predict(store, model, x), x) == 0);
}

// Figure 5: a loss that is computed while nodes are skipped is another one each time.
BOOST_AUTO_TEST_CASE(a_loss_with_dropout_active_fluctuates) {
  td::ParameterStore store{{.seed = 5, .scalar = td::f64}};
  const td::Sequential model{td::Linear{store.scope("fc_1"), 2, 25}, td::ReLU{}, td::Dropout{},
                             td::Linear{store.scope("fc_2"), 25, 2}};
  const td::Dataset test_points = td::disk(100, 2);
  const auto losses = [&](td::Mode mode) {
    std::set<double> different;
    td::Memory memory;
    for (int epoch = 0; epoch < 20; ++epoch) {
      td::Tape tape{store, memory, mode};
      const td::Value logits = model(tape.borrow(test_points.x<double>()));
      different.insert(td::cross_entropy(logits, test_points.labels(), td::batch_mean).item());
    }
    return different;
  };
  BOOST_TEST(losses(td::train).size() == 20U);
  BOOST_TEST(losses(td::evaluate).size() == 1U);
}

// Figure 1. A constant output, however good, has a mean squared error of 1/4 on halves of zeros and ones;
// after 200 epochs both losses are below half of that.
BOOST_AUTO_TEST_CASE(the_first_network_learns_in_200_epochs) {
  const auto data = [](std::uint64_t seed) {
    const td::Dataset points = td::disk(1000, seed);
    return td::Dataset{points.x(), td::as_targets(points.labels())};
  };
  const td::Dataset test_data = data(2);
  td::ParameterStore store{{.seed = 42}};
  const td::Sequential model = test::three_hidden_layers(store, 1);
  td::SGD optimizer{store, {.learning_rate = 0.1}};
  td::Trainer trainer{store, model, optimizer, td::MSELoss{td::batch_mean}};
  const auto history = trainer.fit(data(1), {.epochs = 200, .batch_size = 50, .validation = &test_data});
  BOOST_TEST(history.front().loss > 0.2);
  BOOST_TEST(history.back().loss < 0.125);
  BOOST_TEST(history.back().validation_loss.value() < 0.125);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
