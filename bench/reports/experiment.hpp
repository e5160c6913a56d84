#pragma once

/// @file
/// What is trained and what is shown of it, as data: a report is a list of experiments and of figures, which
/// one engine runs and one page draws.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tapedeck/data/dataset.hpp"
#include "tapedeck/layers/layer.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/layers/sequential.hpp"
#include "tapedeck/optim/optimizer.hpp"
#include "tapedeck/optim/piecewise_schedules.hpp"
#include "tapedeck/train/trainer.hpp"

namespace tapedeck::reports {

// --- Parts of a description. Each is a recipe: every trial makes its own.

/// Where a layer is put: a name for its parameters, and the width of what comes in, which a layer that gives
/// another width sets to that.
struct Place {
  Scope scope;
  Index& width;
};
using LayerRecipe = std::function<Layer(const Place&)>;

LayerRecipe linear(Index outputs, LinearOptions options = {});
LayerRecipe batch_norm();
LayerRecipe relu();
LayerRecipe tanh();
LayerRecipe sigmoid();

/// Layers from the input to the output.
using Network = std::vector<LayerRecipe>;
Sequential make(const Network& network, ParameterStore& store, Index inputs);

/// Labels as what the loss compares the network's output with.
using Targets = std::function<AnyMatrix(const IndexMatrix& labels)>;
/// 0 and 1, for one output.
Targets zero_or_one();
/// One output per class: 1 for the label's, else 0.
Targets one_per_class(Index classes);

using OptimizerRecipe = std::function<std::unique_ptr<Optimizer>(ParameterStore&)>;
template <class O>
OptimizerRecipe optimizer(typename O::Options options) {
  return [options](ParameterStore& store) { return std::make_unique<O>(store, options); };
}

/// What is done to the optimizer's rate; the function that it gives is called at the end of every epoch.
using ScheduleRecipe = std::function<std::function<void()>(Optimizer&)>;
ScheduleRecipe constant_rate();
ScheduleRecipe piecewise_rates(std::vector<PiecewiseRates::Piece> pieces);

// --- What comes out.

enum class Metric : std::uint8_t { train_accuracy, test_accuracy, train_loss, test_loss, seconds };
inline constexpr Metric metrics[] = {Metric::train_accuracy, Metric::test_accuracy, Metric::train_loss,
                                     Metric::test_loss, Metric::seconds};
/// "train_accuracy".
std::string name_of(Metric metric);

/// A figure as a report prints it. Accuracies are fractions.
struct Printed {
  double mean;
  std::optional<double> deviation = std::nullopt;
};

// --- Descriptions.

/// One network trained in one way, several times over.
struct Experiment {
  std::string item;     ///< "Table 1": where the report prints its figures
  std::string setting;  ///< "model 1": tells it from the others of the report
  std::function<Dataset(Index samples, std::uint64_t seed)> data;
  Index train_samples;
  Index test_samples;
  Network network;
  Targets targets;
  Trainer::Loss loss;
  OptimizerRecipe optimizer;
  ScheduleRecipe schedule = constant_rate();
  Index batch_size;
  Index epochs;
  Index measure_every = 1;  ///< epochs; the last one is measured in any case
  Index trials;             ///< each with data, initial weights and order of samples of its own
  std::map<Metric, Printed> printed = {};
};

/// Loss or accuracy on the training and test data over the epochs of an experiment: mean and one-sigma band.
struct Curves {
  enum class Of : std::uint8_t { loss, accuracy };
  std::string caption;
  Of of;
  std::string setting;
};

/// What the first trial's network says all over the unit square.
struct PredictionMap {
  std::string caption;
  std::string setting;
};

using Figure = std::variant<Curves, PredictionMap>;

struct Report {
  std::string name;  ///< "R2"
  std::string title;
  std::string authors;
  std::string setting;                ///< what was done, in words
  std::vector<std::string> readings;  ///< what was chosen where the report is silent, or misprinted
  std::vector<Experiment> experiments;
  std::vector<std::vector<Figure>> figures;  ///< in rows
};

}  // namespace tapedeck::reports
