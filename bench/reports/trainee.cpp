#include "reports/trainee.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "tapedeck/core/error.hpp"
#include "tapedeck/data/batches.hpp"
#include "tapedeck/data/standardize.hpp"
#include "tapedeck/tape/memory.hpp"
#include "tapedeck/tape/tape.hpp"
#include "tapedeck/train/predict.hpp"

namespace tapedeck::reports {
namespace {

/// How many of the training points a probe keeps.
constexpr Index sight_samples = 200;

/// Points with their labels, and with the targets that the loss sees, in the store's scalar.
struct Samples {
  IndexMatrix labels;
  Dataset data;

  Samples(const Dataset& points, const Targets& targets)
      : labels(points.labels()), data(Dataset(points.x(), targets.make(points.labels())).converted(f32)) {}
};

/// A network in training.
class Trainee {
 public:
  Trainee(const Experiment& experiment, const Random& random)
      : Trainee(experiment, random, training_points(experiment, random),
                experiment.data.draw(experiment.test_samples, random.stream("test").key())) {}

  Trial train(bool with_picture) {
    Trial trial;
    if (experiment_.probe) trial.before = look();
    const EndOfEpoch end_of_epoch = experiment_.schedule.make(*optimizer_);
    const auto after_epoch = [&](const EpochReport& epoch) {
      end_of_epoch(epoch.loss);
      trial.seconds += epoch.seconds;
      if (is_measured(experiment_, epoch.epoch + 1)) trial.measured.push_back(measure(epoch.learning_rate));
    };
    try {
      if (experiment_.loop == Loop::by_hand) {
        train_by_hand(after_epoch);
      } else {
        Trainer trainer(store_, model_, *optimizer_, loss_);
        trainer.fit(train_.data, {.epochs = experiment_.epochs,
                                  .batch_size = experiment_.batch_size,
                                  .shuffle = experiment_.shuffled,
                                  .callbacks = {after_epoch}});
      }
    } catch (const NonFiniteError&) {
      trial.diverged = true;
      return trial;
    }
    if (experiment_.probe) trial.after = look();
    if (with_picture) trial.picture = draw_picture();
    return trial;
  }

 private:
  Trainee(const Experiment& experiment, const Random& random, Dataset training, Dataset test)
      : experiment_(experiment),
        scale_(experiment.standardized ? std::optional<Standardizer>(training) : std::nullopt),
        train_(scaled(training), experiment.targets),
        test_(scaled(test), experiment.targets),
        store_({.seed = random.stream("weights").key()}),
        model_(make(experiment.network, store_, train_.data.features())),
        loss_(experiment.loss.make()),
        measured_loss_(experiment.measured_loss.value_or(experiment.loss).make()),
        optimizer_(experiment.optimizer.make(store_)) {}

  Dataset scaled(const Dataset& points) const { return scale_ ? scale_->apply(points) : points; }

  /// What Trainer::fit does, written out as a user would.
  void train_by_hand(const std::function<void(const EpochReport&)>& after_epoch) {
    for (Index epoch = 0; epoch < experiment_.epochs; ++epoch) {
      const auto start = std::chrono::steady_clock::now();
      const double rate = optimizer_->learning_rate();
      const Shuffle shuffle = experiment_.shuffled ? Shuffle(store_.seed(), epoch) : Shuffle();
      double sum = 0;
      for (const Batch& batch : batches(train_.data, {.size = experiment_.batch_size, .shuffle = shuffle})) {
        Tape tape(store_, memory_);
        const Value loss = loss_(model_(tape.gather(batch.x)), batch.y);
        store_.zero_grad();
        tape.backward(loss);
        if (!std::isfinite(loss.item())) {
          throw NonFiniteError({.who = "training by hand", .given = "no finite loss"});
        }
        optimizer_->step();
        sum += loss.item() * loss_.divisor(batch.size());
      }
      after_epoch(
          {.epoch = epoch,
           .epochs = experiment_.epochs,
           .loss = sum / loss_.divisor(train_.data.size()),
           .learning_rate = rate,
           .seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()});
    }
  }

  Measures measure(double learning_rate) {
    const auto [train_loss, train_accuracy] = evaluate_on(train_);
    const auto [test_loss, test_accuracy] = evaluate_on(test_);
    return {train_accuracy, test_accuracy, train_loss, test_loss, learning_rate};
  }

  struct Evaluation {
    double loss;
    double accuracy;
  };
  Evaluation evaluate_on(const Samples& samples) {
    Tape tape(store_, memory_, experiment_.measured_in);
    const Batch all = samples.data.all();
    const Value output = model_(tape.gather(all.x));
    return {measured_loss_(output, all.y).item(), accuracy(output.matrix<float>(), samples.labels)};
  }

  /// A pass in train mode over all training points, as if they were one batch, that leaves no trace.
  Sight look() {
    const Probe& probe = experiment_.probe.value();
    Gradients gradients(store_);
    Tape tape(store_, memory_, {.mode = tapedeck::train, .step = 0});
    const Batch all = train_.data.all();
    Value x = tape.gather(all.x);
    Sight sight;
    std::optional<Parameter> weight;
    Index linear_layer = 0;
    for (Index i = 0; i < model_.size(); ++i) {
      const Layer& layer = model_[i];
      if (layer.kind() == Linear::kind) {
        ++linear_layer;
        if (linear_layer == probe.gradient_of) weight = layer.parameter("weight");
        if (linear_layer == probe.input_of) {
          const Index columns = std::min(sight_samples, x.cols());
          sight.input = arma::conv_to<Matrix<double>>::from(x.matrix<float>().head_cols(columns));
        }
      }
      x = layer(x);
    }
    tape.backward(loss_(x, all.y), gradients);
    sight.gradient = arma::conv_to<Matrix<double>>::from(gradients.of<float>(weight.value()));
    return sight;
  }

  Picture draw_picture() {
    constexpr Index side = Picture::side;
    Matrix<double> grid(2, side * side);
    for (Index j = 0; j < side; ++j) {
      for (Index i = 0; i < side; ++i) {
        grid(0, j * side + i) = static_cast<double>(i) / (side - 1);
        grid(1, j * side + i) = static_cast<double>(j) / (side - 1);
      }
    }
    const auto outputs = [&](const Matrix<double>& x) { return predict(store_, model_, x); };
    const Matrix<double> test = arma::conv_to<Matrix<double>>::from(test_.data.x<float>());
    const Matrix<double> on_grid = outputs(scale_ ? scale_->apply(grid) : grid);
    const Matrix<double> for_class_1 =
        on_grid.n_rows == 1 ? on_grid : Matrix<double>(0.5 + (on_grid.row(1) - on_grid.row(0)) / 2);
    const Matrix<double> points = scale_ ? scale_->inverse(test) : test;
    return {.grid = arma::reshape(for_class_1, side, side),
            .wrong = points.cols(arma::find(predicted_classes(outputs(test)) != test_.labels))};
  }

  const Experiment& experiment_;
  std::optional<Standardizer> scale_;
  Samples train_;
  Samples test_;
  ParameterStore store_;
  Sequential model_;
  Trainer::Loss loss_;
  Trainer::Loss measured_loss_;
  std::unique_ptr<Optimizer> optimizer_;
  Memory memory_;
};

}  // namespace

Dataset training_points(const Experiment& experiment, const Random& random) {
  return experiment.data.draw(experiment.train_samples, random.stream("train").key());
}

Trial train_once(const Experiment& experiment, const Random& random, bool with_picture) {
  return Trainee(experiment, random).train(with_picture);
}

}  // namespace tapedeck::reports
