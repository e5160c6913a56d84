#pragma once

/// @file
/// A ready-made training loop.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/matrix.hpp"
#include "tapedeck/data/dataset.hpp"
#include "tapedeck/layers/layer.hpp"
#include "tapedeck/optim/optimizer.hpp"
#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/state/state_visitor.hpp"
#include "tapedeck/train/callbacks.hpp"
#include "tapedeck/train/trainer_loss.hpp"

namespace tapedeck {

class BlackBox;

/// Stops training when the loss (the validation loss, if validation data is given) has not improved for
/// `patience` consecutive epochs. Unless training ends with an error, the parameters and buffers of the best
/// epoch are restored (the initial ones if no epoch had a finite loss). Optimizer state is unchanged.
struct EarlyStopping {
  Index patience = 10;  ///< epochs, at least 1
  /// How much lower than the best a loss must be to count as better. Finite, at least 0.
  double least_improvement = 0;
};

/// How to train; checked before anything changes.
struct FitOptions {
  Index epochs = 1;       ///< at least 1
  Index batch_size = 32;  ///< at least 1; the last batch is smaller if need be, see `drop_last`
  bool shuffle = true;    ///< anew in each epoch, by the store's seed
  /// Leaves out the last batch of an epoch if it is smaller than the others: with shuffling other samples in
  /// each epoch. OptionError if there are fewer samples than `batch_size`.
  bool drop_last = false;
  /// Cuts each batch into shards of at most so many samples, alike in size, and spreads them over the
  /// library's threads (set_threads). At least 1; by default a batch is trained on in one piece.
  ///
  /// Every shard is recorded on a tape of its own. Their gradients are added in order, weighted by their
  /// sizes if the loss is a mean over samples: but for rounding this is the gradient of the whole batch,
  /// under the same random masks. The batch's size alone decides about shards, so results are the same, bit
  /// for bit, for any number of threads. What differs from a whole batch: layers such as BatchNorm see the
  /// mean and variance of their shard, and running statistics take up those of each shard in turn, as if each
  /// were a batch. Needs memory for one more gradient for each shard but the first, which the Trainer keeps.
  std::optional<Index> shard_size = std::nullopt;
  /// How many batches make one step of the optimizer. Their gradients are added, weighted by their sizes if
  /// the loss is a mean over samples: the step is the one that a single batch of them all would make. At
  /// least 1.
  Index accumulate = 1;
  /// Clips the gradient to this norm before each step, see clip_norm(), and after Callback::on_gradient;
  /// finite, above 0.
  std::optional<double> clip_norm = std::nullopt;
  /// Data whose loss is computed after each epoch, in evaluate mode; null for none.
  const Dataset* validation = nullptr;
  std::optional<EarlyStopping> early_stopping = std::nullopt;  ///< none by default
  /// Called in order. To print every tenth epoch: `.callbacks = {td::log_every(10, std::cout)}`.
  std::vector<Callback> callbacks = {};
  /// Is given the pass that first gave NaN or Inf, to keep it for a debugger: td::black_box_writer(file), see
  /// io/black_box.hpp. Its inputs are the batch, or the shard, and, if it came that far, the targets. What
  /// the function throws is added to the hint of the NonFiniteError.
  std::function<void(const BlackBox&)> black_box = {};
};

/// Trains a model and applies it.
///
///     td::Trainer trainer{store, model, optimizer, td::MSELoss{td::batch_mean}};
///     trainer.fit(data, {.epochs = 1000, .batch_size = 100, .callbacks = {td::log_every(10, std::cout)}});
///     arma::fmat predictions = trainer.predict(x);
///
/// Store and optimizer must outlive it: `fit` throws UsageError if either was destroyed, the other functions
/// if the store was.
///
/// Model and loss are called by several threads at once where a batch is cut into shards, and for evaluations
/// of more than 1024 samples: they must not change anything but the tape that they are given. The library's
/// layers do not. Callbacks are called by the thread that calls `fit`.
///
/// Callbacks may call `evaluate` and `predict`, and take the Trainer's state. While `fit` runs, `fit`,
/// `set_loss` and putting a state back throw UsageError, and so does every function that is called by this
/// Trainer's own model or loss. A call that throws leaves the running one as it was.
class TAPEDECK_API Trainer {
 public:
  /// A function of output and targets, and whether it is a mean over samples or a sum.
  using Loss = TrainerLoss;

  /// Seals the store. UsageError if the optimizer is one of another store.
  Trainer(ParameterStore& store, const Layer& model, Optimizer& optimizer, Loss loss = {});
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;
  ~Trainer();

  /// Sets the loss of a Trainer made without one, or of the next stage of training. UsageError while `fit`
  /// runs, and from the model or loss.
  void set_loss(Loss loss);

  /// Trains and returns a report of each epoch. Called again it goes on where it was: it trains `epochs` more
  /// epochs, or, after a state was put back that was taken within a fit, what was left of that fit.
  ///
  /// A state is taken within a callback. `fit` goes on from it with the callbacks that come after that one:
  /// it tells them of the same event, with the same report, before it trains the next batch. What the
  /// callback itself does after it has taken the state is not repeated.
  ///
  /// Before anything changes, throws UsageError if there is no loss, if it is called from within itself, from
  /// the model or from the loss, or if a state was put back that was taken with another number of callbacks
  /// or a batch that does not exist; OptionError for options out of range, ShapeError without samples,
  /// HandleError if model or loss return no Value of their tape, and what model and loss throw for the first
  /// batch, the last batch and the greatest class label of the data, and of the validation data in batches of
  /// 1024 (shapes, labels).
  ///
  /// A loss or gradient that is not finite throws NonFiniteError. It names the epoch, the step, the shard if
  /// there are several (all counted from 1), and the first NaN or Inf in the data of that shard or, if its
  /// data is finite, the record that first gave one. Parameters and statistics are then those before that
  /// step, and gradients are zero. So are they if a callback throws in `on_gradient`, or leaves NaN or Inf in
  /// the gradient. What model, loss or a callback throws passes through, that of the first shard if several
  /// do; what was trained until then stays, and training can go on.
  std::vector<EpochReport> fit(const Dataset& data, const FitOptions& options);

  /// Visits how far training has come: what keys masks and shuffles and, within a callback of `fit`, the
  /// epoch, the batch, losses, history, what early stopping remembers, the event that callbacks are told of
  /// with its report, and the position in their list. Together with the states of store, optimizer and
  /// schedulers, `fit` goes on from there with the same data and options as if nothing had happened, bit for
  /// bit. Model, loss and data are not part of it.
  ///
  /// UsageError if a state is put back while `fit` runs, and from the model or loss. If a visitor was given
  /// this Trainer before `fit` and is committed within a callback, the running fit ignores that, and the next
  /// one goes on from the state.
  void visit_state(StateVisitor& visitor);

  /// Returns the loss of the data, in evaluate mode and batches of 1024 samples: of a loss that is a mean,
  /// the mean over all samples; of one that is a sum, the sum. The same bits for any number of threads.
  /// UsageError if there is no loss, and from the model or loss; ShapeError without samples.
  double evaluate(const Dataset& data);

  /// Returns the model's outputs, one column a sample; see tapedeck::predict(). UsageError from the model or
  /// loss. T is float or double.
  template <class T>
  Matrix<T> predict(const Matrix<T>& x);

 private:
  struct Parts;
  class Running;

  std::unique_ptr<Parts> parts_;
};

extern template TAPEDECK_API Matrix<float> Trainer::predict(const Matrix<float>&);
extern template TAPEDECK_API Matrix<double> Trainer::predict(const Matrix<double>&);

}  // namespace tapedeck
