#pragma once

/// @file
/// The training loop, for those who do not want to write it.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tapedeck/data/batches.hpp"
#include "tapedeck/layers/layer.hpp"
#include "tapedeck/optim/optimizer.hpp"
#include "tapedeck/param/gradients.hpp"
#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/tape/operand.hpp"
#include "tapedeck/tape/tape.hpp"
#include "tapedeck/train/callbacks.hpp"
#include "tapedeck/train/predict.hpp"

namespace tapedeck {

/// Ends training when the loss (on the validation data, if there are any) has not fallen for `patience`
/// epochs in a row. However training ends, but by an error, the parameters and buffers of the best epoch are
/// put back; of the start, if no epoch had a finite loss. The optimizer's memory stays as it is.
struct EarlyStopping {
  Index patience = 10;  ///< epochs, at least 1
  /// How much lower than the best a loss must be to count as better. Finite, at least 0.
  double least_improvement = 0;
};

/// How to train; checked before anything changes.
struct FitOptions {
  Index epochs = 1;       ///< at least 1
  Index batch_size = 32;  ///< at least 1; the last batch is smaller if need be
  bool shuffle = true;    ///< anew in each epoch, by the store's seed
  /// Cuts each batch into shards of at most so many samples, alike in size, and spreads them over the
  /// library's threads (set_threads). At least 1; by default a batch is trained on in one piece.
  ///
  /// Every shard is recorded on a tape of its own. Their gradients are added in order, weighted by their
  /// sizes: with a loss that is a mean over the batch, the gradient of the whole batch but for rounding,
  /// under the same random masks. The batch's size alone decides about shards, so results are the same, bit
  /// for bit, for any number of threads. What differs from a whole batch: layers such as BatchNorm see the
  /// mean and variance of their shard, and running statistics take up those of each shard in turn, as if each
  /// were a batch. Needs memory for one more gradient for each shard but the first, which the Trainer keeps.
  std::optional<Index> shard_size = std::nullopt;
  /// Batches whose gradients are averaged, weighted by their sizes, for one step of the optimizer: with a
  /// loss that is a mean over the batch, the step that one batch of them all would make. At least 1.
  Index accumulate = 1;
  /// Clips the gradient to this norm before each step, see clip_norm(); finite, above 0.
  std::optional<double> clip_norm = std::nullopt;
  /// Data whose loss is computed after each epoch, in evaluate mode; null for none.
  const Dataset* validation = nullptr;
  std::optional<EarlyStopping> early_stopping = std::nullopt;  ///< none by default
  /// Called in order. To print every tenth epoch: `.callbacks = {td::log_every(10, std::cout)}`.
  std::vector<Callback> callbacks = {};
  /// Where to write the pass that first gave NaN or Inf, to be replayed in a debugger: see BlackBox. Its
  /// inputs are the batch, or the shard, and, if it came that far, the targets.
  std::optional<std::string> black_box = std::nullopt;
};

/// Trains a model and applies it.
///
///     td::Trainer trainer{store, model, optimizer, td::MSELoss{td::batch_mean}};
///     trainer.fit(data, {.epochs = 1000, .batch_size = 100, .callbacks = {td::log_every(10, std::cout)}});
///     arma::fmat predictions = trainer.predict(x);
///
/// Store and optimizer must outlive it. Model and loss are called by several threads at once where a batch
/// is cut into shards, and for evaluations of more than 1024 samples: they may not change anything but the
/// tape that they are given. The library's layers do not; callbacks are called by the thread that calls
/// `fit`.
class TAPEDECK_API Trainer {
 public:
  /// Gives a 1x1 Value from the model's output and a batch's targets.
  using Loss = std::function<Value(const Value& output, const Operand& target)>;

  /// Seals the store. UsageError if the optimizer is one of another store.
  Trainer(ParameterStore& store, const Layer& model, Optimizer& optimizer, Loss loss = {});
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;
  ~Trainer();

  /// For those who made it without one, or train in stages.
  void set_loss(Loss loss) { loss_ = std::move(loss); }

  /// Trains, and tells what happened epoch by epoch. Called again it goes on where it was: it trains as many
  /// epochs more, or, if its state was put back that was taken in the middle of a fit, those that are left.
  ///
  /// Before anything changes, throws UsageError if there is no loss, OptionError for options out of range,
  /// ShapeError without samples, HandleError if model or loss give no Value of their tape, and what they
  /// throw for the first and the last batch, for the greatest class label, and for the validation data
  /// (shapes, labels).
  ///
  /// A loss or gradient that is not finite throws NonFiniteError, which names the epoch, the step, the shard
  /// if there are several (all counted from 1) and the record that went bad first; parameters and statistics
  /// are then those before that step, and gradients are zero. What model, loss or a callback throws passes
  /// through, that of the first shard if several do; what was trained until then stays, and training can go
  /// on.
  std::vector<EpochReport> fit(const Dataset& data, const FitOptions& options);

  /// How far it has come: what keys masks and shuffles, and if it is taken within a callback of `fit`, the
  /// epoch, the batch, losses, history and what early stopping remembers. Together with the states of store,
  /// optimizer and schedulers, `fit` goes on from there with the same data and options as if nothing had
  /// happened, bit for bit. Model, loss and data are not among it. UsageError if it is put back within a
  /// callback of `fit`.
  void visit_state(StateVisitor& visitor);

  /// The loss over data, in evaluate mode, where the loss is a mean over the batch: that of batches of 1024
  /// samples, weighted by their sizes, the same bits for any number of threads. UsageError if there is no
  /// loss, ShapeError without samples.
  double evaluate(const Dataset& data);

  /// The model's outputs, one column a sample; see the function of that name.
  template <class T>
  Matrix<T> predict(const Matrix<T>& x) {
    return tapedeck::predict(store_, model_, x);
  }

 private:
  class Best;
  struct Run;
  class Fitting;
  class Shards;
  struct Where {
    Index epoch;
    Index step;
  };

  void refuse(const Dataset& data, const FitOptions& options);
  const Dataset& in_store_scalar(const Dataset& data, std::optional<Dataset>& converted) const;
  EpochReport train_epoch(const Dataset& data, const FitOptions& options);
  void end_step(const FitOptions& options, const StepReport& report);
  void end_epoch(const EpochReport& report, const FitOptions& options);
  /// Adds a batch's part of the gradient of a step over so many samples; gives its part of the step's loss.
  double add_gradient(const Shards& batch, double samples, const FitOptions& options, Where where);
  double play(const Shards& batch, Index shard, double samples, Gradients& gradients);
  Index bad_shard(const Shards& batch, double samples);
  [[noreturn]] void explain(const Shards& batch, double samples, const FitOptions& options, Where where);
  void make_memories(Index count);
  Value loss_on(Tape& tape, const Batch& batch) const;
  double mean_loss(const Dataset& data);

  ParameterStore& store_;
  Layer model_;
  Optimizer& optimizer_;
  Loss loss_;
  std::deque<Memory> memories_;      // one for each shard, or thread that evaluates
  std::deque<Gradients> gradients_;  // one for each shard but the first, which adds to the store's
  std::vector<double> losses_;       // of shards
  std::shared_ptr<Run> run_;         // while fit trains, or if the state of such a moment was put back
  bool fitting_ = false;
  std::uint64_t passes_ = 0;  // keys the tapes' random streams
  std::uint64_t epochs_ = 0;  // keys the shuffles
};

}  // namespace tapedeck
