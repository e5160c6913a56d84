#pragma once

/// @file
/// What is trained, as data: an experiment is a network, its data, loss, optimizer and schedule, put together
/// from recipes that say in words what they make.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tapedeck/data/dataset.hpp"
#include "tapedeck/layers/layer.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/layers/sequential.hpp"
#include "tapedeck/ops/loss.hpp"
#include "tapedeck/optim/optimizer.hpp"
#include "tapedeck/optim/piecewise_schedules.hpp"
#include "tapedeck/tape/mode.hpp"
#include "tapedeck/train/trainer.hpp"

namespace tapedeck::reports {

/// Something that every trial makes anew, and what it is, in words. Finished trials are found again by these
/// words: other words for whatever makes other numbers.
template <class F>
struct Recipe {
  std::string words;
  std::function<F> make;
};

// --- Data.

struct Circle {
  double x, y, radius;
};

/// Points of the unit square with labels 0 and 1.
struct Data {
  std::string words;
  Dataset (*draw)(Index samples, std::uint64_t seed);
  std::vector<Circle> boundaries;  ///< between the classes
};
/// R0, R2, R3: see tapedeck::disk.
Data disk_data();
/// R4: see tapedeck::ring.
Data ring_data();

/// Labels as what the loss compares the network's output with.
using Targets = Recipe<AnyMatrix(const IndexMatrix& labels)>;
/// 0 and 1, for one output.
Targets zero_or_one();
/// One output per class: `high` for the label's, else `low`.
Targets one_per_class(double low = 0, double high = 1);
/// The labels themselves, for cross-entropy.
Targets class_labels();

// --- Networks.

/// Where a layer is put: a name for its parameters, and the width of what comes in, which a layer that gives
/// another width sets to that.
struct Place {
  Scope scope;
  Index& width;
};
using LayerRecipe = Recipe<Layer(const Place&)>;

/// How the weights and biases of a linear layer start.
struct InitialValues {
  std::string words;
  LinearOptions options;
};
/// U(-1/sqrt(l), 1/sqrt(l)) for l inputs, biases too.
InitialValues default_values();
/// N(0, 1), biases too.
InitialValues standard_normal_values();
/// Glorot's normal values, and the ones that R0 prints under his name; biases 0.
InitialValues xavier_values(double gain);
InitialValues printed_xavier_values(double gain);
/// He's normal values; biases 0.
InitialValues he_values(double gain);

LayerRecipe linear(Index outputs, const InitialValues& values = default_values());
LayerRecipe batch_norm();
LayerRecipe dropout(double probability);
LayerRecipe relu();
LayerRecipe tanh();
LayerRecipe sigmoid();

/// Layers from the input to the output.
using Network = std::vector<LayerRecipe>;
/// A Sequential of layer_1, layer_2, ...
Sequential make(const Network& network, ParameterStore& store, Index inputs);

// --- Training.

using LossRecipe = Recipe<Trainer::Loss()>;
LossRecipe mse_loss(Reduction reduction);
LossRecipe cross_entropy_loss();  ///< mean over the batch

using OptimizerRecipe = Recipe<std::unique_ptr<Optimizer>(ParameterStore&)>;
OptimizerRecipe sgd(double learning_rate);
OptimizerRecipe adam(double learning_rate);

/// Called at the end of every epoch with its training loss; sets the optimizer's rate.
using EndOfEpoch = std::function<void(double loss)>;
using Schedule = Recipe<EndOfEpoch(Optimizer&)>;
Schedule constant_rate();
Schedule piecewise_rates(const std::vector<PiecewiseRates::Piece>& pieces);
/// Any improvement counts: R0 prints no threshold.
Schedule reduce_on_plateau(Index patience, double factor);

/// The same loop, as a user has it in one line or writes it out.
enum class Loop : std::uint8_t { trainer, by_hand };

/// What is looked at before and after training, besides losses and accuracies: what goes into one linear
/// layer, and the gradient of another's weights. They are counted from 1.
struct Probe {
  Index input_of;
  Index gradient_of;
};

/// One network trained in one way, several times over.
struct Experiment {
  std::string setting;  ///< "model 1": tells it from the others of the report
  Data data;
  bool standardized = false;  ///< by mean and deviation of the training points
  Index train_samples = 1000;
  Index test_samples = 1000;
  Network network;
  Targets targets;
  LossRecipe loss;
  std::optional<LossRecipe> measured_loss = std::nullopt;  ///< as the one trained on, unless told otherwise
  OptimizerRecipe optimizer;
  Schedule schedule = constant_rate();
  Index batch_size;
  bool shuffled = true;
  Loop loop = Loop::trainer;
  Index epochs;
  Index measure_every = 1;      ///< epochs; the last one is measured in any case
  Mode measured_in = evaluate;  ///< in train mode, dropout is at work while losses are measured
  std::optional<Probe> probe = std::nullopt;
  Index trials;  ///< each with data, initial weights and order of samples of its own
};

/// All that its numbers depend on but the number of trials, one thing on a line.
std::string described(const Experiment& experiment);

/// Whether it is measured at the end of this epoch, counted from 1.
bool is_measured(const Experiment& experiment, Index epoch);

/// Steps of the optimizer in one trial.
Index steps_of(const Experiment& experiment);

}  // namespace tapedeck::reports
