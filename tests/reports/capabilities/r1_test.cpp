// What report 1 says that its framework can do.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "param/support.hpp"
#include "reports/capabilities/by_hand.hpp"
#include "support/complaint.hpp"
#include "tapedeck/check/gradient_check.hpp"

namespace td = tapedeck;
using test::affine;
using test::check_draws;
using test::complaint;
using test::difference;
using test::rounding;

BOOST_AUTO_TEST_SUITE(reports)
BOOST_AUTO_TEST_SUITE(capabilities)
BOOST_AUTO_TEST_SUITE(r1)

namespace {

/// y = tanh(W x + b 1'), trained on ten samples with targets of -1 and 1, in batches of four: the last is of
/// two.
struct Problem {
  td::ParameterStore store{{.seed = 1, .scalar = td::f64}};
  td::Sequential model{td::Linear{store.scope("fc"), 2, 2, {.weight_values = td::xavier_normal()}},
                       td::Tanh{}};
  td::SGD optimizer{store, {.learning_rate = 0.5}};
  arma::mat x = td::disk(10, 1).x<double>();
  arma::mat y = td::one_hot(td::disk(10, 1).labels(), 2, -1, 1);

  const arma::mat& weight() { return store.parameter("fc.weight").value<double>(); }
  const arma::mat& bias() { return store.parameter("fc.bias").value<double>(); }
};

constexpr td::Index epochs = 5;
constexpr td::Index mini_batch_size = 4;

/// The same in Armadillo's words: da = 2 (y - t) / n (.) (1 - y^2), dW = da x', db = da 1.
void train_on_paper(const Problem& problem, arma::mat& weight, arma::mat& bias) {
  for (td::Index epoch = 0; epoch < epochs; ++epoch) {
    for (td::Index first = 0; first < 10; first += mini_batch_size) {
      const td::Index last = std::min<td::Index>(first + mini_batch_size, 10) - 1;
      const arma::mat x = problem.x.cols(first, last);
      const arma::mat y = arma::tanh(affine(weight, bias, x));
      const arma::mat da =
          2 * (y - problem.y.cols(first, last)) % (1 - arma::square(y)) / static_cast<double>(y.n_cols);
      weight -= 0.5 * da * x.t();
      bias -= 0.5 * arma::sum(da, 1);
    }
  }
}

// The layer that the report would have next, in one dimension, as a user of its framework would write it:
//
//     y_i = sum_j k_j x_(i+j)     dk_j = sum_i dy_i x_(i+j)     dx_(i+j) = sum_j k_j dy_i
struct ConvolutionOp {
  static constexpr auto name = "convolution";
  static constexpr td::Signature signature = "k(n,1)* x(f,b)* -> y(o,b)";
  static td::Shape shape(td::Shape k, td::Shape x) { return {x.rows - k.rows + 1, x.cols}; }
  void forward(auto& y, const auto& k, const auto& x) const {
    y.zeros();
    for (td::Index j = 0; j < k.n_elem; ++j) y += k[j] * x.rows(j, j + y.n_rows - 1);
  }
  void vjp(auto& dk, auto& dx, const auto& dy, const auto& k, const auto& x) const {
    dk += [&](auto& sum) {
      for (td::Index j = 0; j < k.n_elem; ++j) sum[j] += arma::accu(dy % x.rows(j, j + dy.n_rows - 1));
    };
    dx += [&](auto& sum) {
      for (td::Index j = 0; j < k.n_elem; ++j) sum.rows(j, j + dy.n_rows - 1) += k[j] * dy;
    };
  }
};

class Convolution {
 public:
  Convolution(const td::Scope& scope, td::Index length)
      : name_(scope.name()), kernel_(scope.add("kernel", {length, 1}, td::constant(0.5))) {}
  td::Value operator()(const td::Value& x) const { return td::apply(ConvolutionOp{}, kernel_, x); }
  const std::string& name() const { return name_; }
  std::vector<td::NamedParameter> parameters() const { return {{"kernel", kernel_}}; }

 private:
  std::string name_;
  td::Parameter kernel_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(layers_are_ordered_and_named) {
  td::ParameterStore store{{.seed = 1, .scalar = td::f64}};
  const td::Sequential model{td::Linear{store.scope("fc_1"), 2, 25},  td::ReLU{},
                             td::Linear{store.scope("fc_2"), 25, 25}, td::ReLU{},
                             td::Linear{store.scope("fc_3"), 25, 25}, td::ReLU{},
                             td::Linear{store.scope("fc_4"), 25, 2},  td::Tanh{}};
  const std::vector<std::string> names{"fc_1", "relu_1", "fc_2", "relu_2",
                                       "fc_3", "relu_3", "fc_4", "tanh_1"};
  BOOST_TEST(model.names() == names, boost::test_tools::per_element());

  // Applied one by one, in that order, they are the model.
  const arma::mat x = td::disk(10, 1).x<double>();
  td::Memory memory;
  td::Tape tape{store, memory};
  td::Value h = tape.input(x);
  for (const std::string& name : names) h = model[name](h);
  BOOST_TEST(difference(td::predict(store, model, x), h.matrix<double>()) < rounding);
}

// Glorot's variance is 2 / (inputs + outputs). It has no word for biases, which feed nothing forward: zero.
BOOST_AUTO_TEST_CASE(xavier_weights_and_zero_biases) {
  td::ParameterStore store{{.seed = 1, .scalar = td::f64}};
  const td::LinearOptions xavier{.weight_values = td::xavier_normal(), .bias_values = td::zeros};
  const td::Linear layer{store.scope("fc"), 400, 250, xavier};
  check_draws(store.parameter("fc.weight").value<double>(), test::normal_with(std::sqrt(2.0 / 650)));
  BOOST_TEST(arma::abs(store.parameter("fc.bias").value<double>()).max() == 0);
}

BOOST_AUTO_TEST_CASE(train_and_predict_in_one_line_each) {
  Problem problem;
  arma::mat weight = problem.weight();
  arma::mat bias = problem.bias();
  train_on_paper(problem, weight, bias);

  td::Trainer trainer{problem.store, problem.model, problem.optimizer, td::MSELoss{td::batch_mean}};
  trainer.fit({problem.x, problem.y}, {.epochs = epochs, .batch_size = mini_batch_size, .shuffle = false});
  const arma::mat predictions = trainer.predict(problem.x);

  BOOST_TEST(difference(problem.weight(), weight) < rounding);
  BOOST_TEST(difference(problem.bias(), bias) < rounding);
  BOOST_TEST(difference(predictions, arma::tanh(affine(weight, bias, problem.x))) < rounding);
}

// The first epoch, every tenth and the last, each with its loss in four digits.
BOOST_AUTO_TEST_CASE(it_is_verbose_every_nth_epoch) {
  Problem problem;
  std::ostringstream out;
  td::Trainer trainer{problem.store, problem.model, problem.optimizer, td::MSELoss{td::batch_mean}};
  const auto history = trainer.fit({problem.x, problem.y},
                                   {.epochs = 35, .batch_size = 4, .callbacks = {td::log_every(10, out)}});
  std::istringstream in(out.str());
  for (const std::size_t number : {1U, 10U, 20U, 30U, 35U}) {
    std::string epoch;
    std::string which;
    std::string word;
    double loss = 0;
    in >> epoch >> which >> word >> loss;
    BOOST_TEST(epoch + " " + which + " " + word == "epoch " + std::to_string(number) + "/35 loss");
    BOOST_TEST(std::abs(loss / history[number - 1].loss - 1) < 5e-4);
  }
  BOOST_TEST((in >> std::ws).eof());
}

BOOST_AUTO_TEST_CASE(training_without_a_loss_is_an_error_before_anything_happens) {
  Problem problem;
  const arma::mat weight = problem.weight();
  const arma::mat bias = problem.bias();
  const td::Dataset data{problem.x, problem.y};
  const td::FitOptions options{.epochs = epochs, .batch_size = mini_batch_size};

  td::Trainer trainer{problem.store, problem.model, problem.optimizer};
  BOOST_TEST(test::contains(complaint<td::UsageError>([&] { trainer.fit(data, options); }), "loss"));
  BOOST_TEST(test::same_bits(problem.weight(), weight));
  BOOST_TEST(test::same_bits(problem.bias(), bias));

  // With a loss it trains as if it had never been asked: the same batches in the same order.
  trainer.set_loss(td::MSELoss{td::batch_mean});
  trainer.fit(data, options);
  Problem other;
  td::Trainer with_a_loss{other.store, other.model, other.optimizer, td::MSELoss{td::batch_mean}};
  with_a_loss.fit(data, options);
  BOOST_TEST(!test::same_bits(problem.weight(), weight));
  BOOST_TEST(test::same_bits(problem.weight(), other.weight()));
}

// The report's second listing. The optimizer works in place: the matrices are those of before.
BOOST_AUTO_TEST_CASE(forward_backward_and_step_by_hand) {
  Problem problem;
  const arma::mat& weight = problem.weight();
  const arma::mat& bias = problem.bias();
  arma::mat weight_on_paper = weight;
  arma::mat bias_on_paper = bias;
  train_on_paper(problem, weight_on_paper, bias_on_paper);

  const td::Dataset data{problem.x, problem.y};
  td::Memory memory;
  for (td::Index epoch = 0; epoch < epochs; ++epoch) {
    for (const td::Batch& batch : td::batches(data, {.size = mini_batch_size})) {
      td::Tape tape{problem.store, memory};
      const td::Value output = problem.model(tape.gather(batch.x));
      const td::Value loss = td::mse(output, batch.y, td::batch_mean);
      problem.store.zero_grad();
      tape.backward(loss);
      problem.optimizer.step();
    }
  }
  BOOST_TEST(difference(weight, weight_on_paper) < rounding);
  BOOST_TEST(difference(bias, bias_on_paper) < rounding);
}

BOOST_AUTO_TEST_CASE(a_last_batch_smaller_than_the_others) {
  Problem problem;
  const td::Dataset data{problem.x, problem.y};
  std::vector<td::Index> sizes;
  for (const td::Batch& batch : td::batches(data, {.size = mini_batch_size})) sizes.push_back(batch.size());
  BOOST_TEST((sizes == std::vector<td::Index>{4, 4, 2}));

  // An epoch's loss is that of all samples alike: here, where nothing moves, that of the model.
  problem.optimizer.set_learning_rate(0);
  td::Trainer trainer{problem.store, problem.model, problem.optimizer, td::MSELoss{td::batch_mean}};
  const auto history = trainer.fit(data, {.epochs = 1, .batch_size = mini_batch_size});
  const arma::mat y = arma::tanh(affine(problem.weight(), problem.bias(), problem.x));
  BOOST_TEST(std::abs(history[0].loss - arma::accu(arma::square(y - problem.y)) / 10) < rounding);
}

// One batch of all samples: w = w - eta 2/n (w x - t) x', step by step.
BOOST_AUTO_TEST_CASE(without_mini_batches_it_is_gradient_descent) {
  td::ParameterStore store{{.seed = 1, .scalar = td::f64}};
  const td::Linear model{store.scope("fc"), 2, 1, {.bias = false}};
  const arma::mat x = td::disk(10, 1).x<double>();
  const arma::mat t = x.row(0) - 2 * x.row(1);
  arma::mat w = store.parameter("fc.weight").value<double>();
  for (int step = 0; step < 20; ++step) w -= 0.3 * 2 / 10 * (w * x - t) * x.t();

  td::SGD optimizer{store, {.learning_rate = 0.3}};
  td::Trainer trainer{store, model, optimizer, td::MSELoss{td::batch_mean}};
  trainer.fit({x, t}, {.epochs = 20, .batch_size = 10});
  BOOST_TEST(difference(store.parameter("fc.weight").value<double>(), w) < rounding);
}

// Its contract: compute, gradient, propagate, and give parameters and gradients.
BOOST_AUTO_TEST_CASE(a_layer_written_by_others) {
  td::ParameterStore store{{.scalar = td::f64}};
  const td::Sequential model{Convolution{store.scope("conv"), 2}};
  store.parameter("conv.kernel").value<double>() = arma::vec{-1, 2};
  const arma::mat x{{1, 2}, {3, 5}, {4, 0}, {-2, 1}};
  const arma::mat dy{{1, 0}, {0, 2}, {1, 1}};
  const auto [y, dx] = test::pass(store, model, x, dy);
  BOOST_TEST(difference(y, arma::mat{{5, 8}, {5, -5}, {-8, 2}}) == 0);
  BOOST_TEST(difference(dx, arma::mat{{-1, 0}, {2, -2}, {-1, 3}, {2, 2}}) == 0);
  const td::Parameter kernel = model["conv"].parameter("kernel");
  // dk_0 = 1 1 + 1 4 + 2 5 + 1 0     dk_1 = 1 3 + 1 (-2) + 2 0 + 1 1
  BOOST_TEST(difference(store.parameter(kernel).gradient<double>(), arma::vec{15, 2}) == 0);

  td::SGD optimizer{store, {.learning_rate = 0.5}};
  optimizer.step();
  BOOST_TEST(difference(store.parameter(kernel).value<double>(), arma::vec{-1 - 0.5 * 15, 2 - 0.5 * 2}) == 0);
  const auto report = td::check_gradient(store, model, {td::Shape{7, 3}});
  BOOST_TEST(report.passed(), report);
}

// y_i = x_(i+1) - x_i is a convolution; among other layers a kernel finds it.
BOOST_AUTO_TEST_CASE(a_layer_written_by_others_is_trained_like_any) {
  td::ParameterStore store{{.scalar = td::f64}};
  const td::Sequential model{Convolution{store.scope("conv"), 2}, td::Tanh{}};
  arma::mat x(4, 100);
  for (td::Index i = 0; i < x.n_elem; ++i) x[i] = td::Random{1}.uniform(i);
  const arma::mat y = arma::tanh(x.tail_rows(3) - x.head_rows(3));
  td::Adam optimizer{store, {.learning_rate = 0.03}};
  td::Trainer trainer{store, model, optimizer, td::MSELoss{td::batch_mean}};
  trainer.fit({x, y}, {.epochs = 200, .batch_size = 20});
  BOOST_TEST(difference(store.parameter("conv.kernel").value<double>(), arma::vec{-1, 1}) < 1e-3);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
