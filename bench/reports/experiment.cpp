#include "reports/experiment.hpp"

#include <utility>

#include "tapedeck/data/targets.hpp"
#include "tapedeck/layers/activation.hpp"
#include "tapedeck/layers/normalization.hpp"

namespace tapedeck::reports {
namespace {

template <class L>
LayerRecipe plain() {
  return [](const Place&) { return L{}; };
}

}  // namespace

LayerRecipe linear(Index outputs, LinearOptions options) {
  return [outputs, options](const Place& place) {
    const Index inputs = std::exchange(place.width, outputs);
    return Linear(place.scope, inputs, outputs, options);
  };
}

LayerRecipe batch_norm() {
  return [](const Place& place) { return BatchNorm(place.scope, place.width); };
}

LayerRecipe relu() { return plain<ReLU>(); }
LayerRecipe tanh() { return plain<Tanh>(); }
LayerRecipe sigmoid() { return plain<Sigmoid>(); }

Sequential make(const Network& network, ParameterStore& store, Index inputs) {
  std::vector<Sequential::Item> layers;
  Index width = inputs;
  for (const LayerRecipe& recipe : network) {
    const std::string name = "layer_" + std::to_string(layers.size() + 1);
    layers.emplace_back(name, recipe({store.scope(name), width}));
  }
  return Sequential(layers);
}

Targets zero_or_one() {
  return [](const IndexMatrix& labels) { return as_targets(labels, 0, 1); };
}

Targets one_per_class(Index classes) {
  return [classes](const IndexMatrix& labels) { return one_hot(labels, classes); };
}

ScheduleRecipe constant_rate() {
  return [](Optimizer&) { return [] {}; };
}

ScheduleRecipe piecewise_rates(std::vector<PiecewiseRates::Piece> pieces) {
  return [pieces](Optimizer& optimizer) {
    return [scheduler = std::make_shared<PiecewiseRates>(optimizer, pieces)] { scheduler->step(); };
  };
}

std::string name_of(Metric metric) {
  switch (metric) {
    case Metric::train_accuracy:
      return "train_accuracy";
    case Metric::test_accuracy:
      return "test_accuracy";
    case Metric::train_loss:
      return "train_loss";
    case Metric::test_loss:
      return "test_loss";
    case Metric::seconds:
      return "seconds";
  }
  return {};
}

}  // namespace tapedeck::reports
