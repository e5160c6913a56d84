#include "reports/experiment.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <utility>

#include "tapedeck/data/synthetic.hpp"
#include "tapedeck/data/targets.hpp"
#include "tapedeck/layers/activation.hpp"
#include "tapedeck/layers/dropout.hpp"
#include "tapedeck/layers/loss.hpp"
#include "tapedeck/layers/normalization.hpp"
#include "tapedeck/optim/adam.hpp"
#include "tapedeck/optim/reduce_on_plateau.hpp"
#include "tapedeck/optim/sgd.hpp"

namespace tapedeck::reports {
namespace {

const double radius = 1 / std::sqrt(2 * std::numbers::pi);

template <class L>
LayerRecipe plain(const char* words) {
  return {words, [](const Place&) { return L{}; }};
}

InitialValues without_biases(std::string words, Initializer weights) {
  return {std::move(words), {.weight_values = weights, .bias_values = constant(0)}};
}

const char* in_words(Reduction reduction) {
  switch (reduction) {
    case Reduction::batch_sum:
      return "sum over the batch";
    case Reduction::batch_mean:
      return "mean over the batch";
    case Reduction::element_mean:
      return "mean over all elements";
  }
  return "";
}

}  // namespace

Data disk_data() { return {"disk", disk, {{0.5, 0.5, radius}}}; }

Data ring_data() { return {"ring", ring, {{0, 0, radius}, {0, 0, 1}}}; }

Targets zero_or_one() {
  return {"0 and 1", [](const IndexMatrix& labels) { return as_targets(labels, 0, 1); }};
}

Targets one_per_class(double low, double high) {
  return {fmt::format("{} and {}, one output per class", low, high),
          [=](const IndexMatrix& labels) { return one_hot(labels, 2, low, high); }};
}

Targets class_labels() {
  return {"labels", [](const IndexMatrix& labels) { return labels; }};
}

InitialValues default_values() { return {"", {}}; }

InitialValues standard_normal_values() {
  return {"N(0, 1)", {.weight_values = normal(1), .bias_values = normal(1)}};
}

InitialValues xavier_values(double gain) {
  return without_biases(fmt::format("Xavier, gain {:.4g}", gain), xavier_normal(gain));
}

InitialValues printed_xavier_values(double gain) {
  return without_biases(fmt::format("Xavier as printed, gain {:.4g}", gain), fan_sum_normal(gain));
}

InitialValues he_values(double gain) {
  return without_biases(fmt::format("He, gain {:.4g}", gain), he_normal(gain));
}

LayerRecipe linear(Index outputs, const InitialValues& values) {
  return {fmt::format("Linear({}{}{})", outputs, values.words.empty() ? "" : "; ", values.words),
          [=](const Place& place) {
            const Index inputs = std::exchange(place.width, outputs);
            return Linear(place.scope, inputs, outputs, values.options);
          }};
}

LayerRecipe batch_norm() {
  return {"BatchNorm", [](const Place& place) { return BatchNorm(place.scope, place.width); }};
}

LayerRecipe dropout(double probability) {
  return {fmt::format("Dropout({})", probability),
          [=](const Place&) { return Dropout({.probability = probability}); }};
}

LayerRecipe relu() { return plain<ReLU>("ReLU"); }
LayerRecipe tanh() { return plain<Tanh>("Tanh"); }
LayerRecipe sigmoid() { return plain<Sigmoid>("Sigmoid"); }

Sequential make(const Network& network, ParameterStore& store, Index inputs) {
  std::vector<Sequential::Item> layers;
  Index width = inputs;
  for (const LayerRecipe& recipe : network) {
    const std::string name = fmt::format("layer_{}", layers.size() + 1);
    layers.emplace_back(name, recipe.make({store.scope(name), width}));
  }
  return Sequential(layers);
}

LossRecipe mse_loss(Reduction reduction) {
  return {fmt::format("squared error, {}", in_words(reduction)), [=] { return MSELoss{reduction}; }};
}

LossRecipe cross_entropy_loss() {
  return {"cross-entropy, mean over the batch", [] { return CrossEntropyLoss{batch_mean}; }};
}

OptimizerRecipe sgd(double learning_rate) {
  return {fmt::format("SGD at {}", learning_rate), [=](ParameterStore& store) {
            return std::make_unique<SGD>(store, SGD::Options{.learning_rate = learning_rate});
          }};
}

OptimizerRecipe adam(double learning_rate) {
  return {fmt::format("Adam at {}", learning_rate), [=](ParameterStore& store) {
            return std::make_unique<Adam>(store, Adam::Options{.learning_rate = learning_rate});
          }};
}

Schedule constant_rate() {
  return {"constant rate", [](Optimizer&) { return [](double) {}; }};
}

Schedule piecewise_rates(const std::vector<PiecewiseRates::Piece>& pieces) {
  std::string words;
  for (const auto& [from, rate] : pieces) {
    words += fmt::format("{}{} after {} epochs", words.empty() ? "" : ", ", rate, from);
  }
  return {words, [=](Optimizer& optimizer) {
            return [scheduler = std::make_shared<PiecewiseRates>(optimizer, pieces)](double) {
              scheduler->step();
            };
          }};
}

Schedule reduce_on_plateau(Index patience, double factor) {
  return {fmt::format("rate times {} after more than {} epochs without improvement", factor, patience),
          [=](Optimizer& optimizer) {
            const ReduceOnPlateau::Options options{.patience = patience, .factor = factor, .threshold = 0};
            return [scheduler = std::make_shared<ReduceOnPlateau>(optimizer, options)](double loss) {
              scheduler->step(loss);
            };
          }};
}

std::string described(const Experiment& e) {
  std::string network;
  for (const LayerRecipe& layer : e.network) network += (network.empty() ? "" : ", ") + layer.words;
  std::string lines =
      fmt::format("data: {}{}, {} and {} points\nnetwork: {}\ntargets: {}\nloss: {}\noptimizer: {}, {}\n",
                  e.data.words, e.standardized ? ", standardized" : "", e.train_samples, e.test_samples,
                  network, e.targets.words, e.loss.words, e.optimizer.words, e.schedule.words);
  lines += fmt::format("training: {} epochs in batches of {}{}{}\n", e.epochs, e.batch_size,
                       e.shuffled ? "" : ", not shuffled", e.loop == Loop::by_hand ? ", by hand" : "");
  lines += fmt::format("measured: every {} epochs{}{}{}\n", e.measure_every,
                       e.measured_in == train ? " in train mode" : "", e.measured_loss ? ", " : "",
                       e.measured_loss ? e.measured_loss->words : "");
  if (e.probe) {
    lines += fmt::format("looked at: input of linear layer {}, gradient of {}\n", e.probe->input_of,
                         e.probe->gradient_of);
  }
  return lines;
}

bool is_measured(const Experiment& experiment, Index epoch) {
  return epoch % experiment.measure_every == 0 || epoch == experiment.epochs;
}

Index steps_of(const Experiment& experiment) {
  return experiment.epochs * ((experiment.train_samples + experiment.batch_size - 1) / experiment.batch_size);
}

}  // namespace tapedeck::reports
