#pragma once

/// @file
/// A ready-made training loop.

#include <concepts>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tapedeck/data/batches.hpp"
#include "tapedeck/layers/layer.hpp"
#include "tapedeck/ops/loss.hpp"
#include "tapedeck/optim/optimizer.hpp"
#include "tapedeck/param/gradients.hpp"
#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/tape/operand.hpp"
#include "tapedeck/tape/tape.hpp"
#include "tapedeck/train/callbacks.hpp"
#include "tapedeck/train/predict.hpp"

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
  /// Clips the gradient to this norm before each step, see clip_norm(); finite, above 0.
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
  /// A function that returns a 1x1 Value from the model's output and a batch's targets, and how that Value
  /// depends on the number of samples: as a mean over them or as a sum.
  class Loss {
   public:
    /// No loss.
    Loss() : reduction_(batch_mean) {}
    /// Takes the reduction from a member `Reduction reduction() const`, which the library's losses have. Any
    /// other function is taken for a mean over samples.
    template <class F>
    requires(!std::same_as<F, Loss> && std::is_invocable_r_v<Value, F&, const Value&, const Operand&>)
        Loss(F function)  // NOLINT(google-explicit-constructor): a loss is given where a Loss is taken
        : reduction_(reduction_of(function)), function_(std::move(function)) {}
    /// A function without that member, such as a lambda, that sums over samples: `{my_loss, td::batch_sum}`.
    template <class F>
    requires(std::is_invocable_r_v<Value, F&, const Value&, const Operand&>)
        Loss(F function, Reduction reduction)
        : reduction_(reduction), function_(std::move(function)) {}

    /// Whether there is a function.
    explicit operator bool() const { return static_cast<bool>(function_); }
    /// Calls the function.
    Value operator()(const Value& output, const Operand& target) const { return function_(output, target); }

    /// How samples are reduced: batch_sum for a sum, either of the others for a mean.
    Reduction reduction() const { return reduction_; }
    /// What the sum over so many samples is divided by to give the loss: `samples` for a mean, 1 for a sum.
    double divisor(Index samples) const { return reduction_ == batch_sum ? 1 : static_cast<double>(samples); }

   private:
    template <class F>
    static constexpr bool has_reduction = requires(const F& f) {
      Reduction(f.reduction());
    };
    template <class F>
    static Reduction reduction_of(const F& f) {
      if constexpr (has_reduction<F>) return f.reduction();
      return batch_mean;
    }

    Reduction reduction_;
    std::function<Value(const Value& output, const Operand& target)> function_;
  };

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
  /// HandleError if model or loss return no Value of their tape, and what they throw for the first and the
  /// last batch, for the greatest class label, and for the validation data (shapes, labels).
  ///
  /// A loss or gradient that is not finite throws NonFiniteError. It names the epoch, the step, the shard if
  /// there are several (all counted from 1), and the first NaN or Inf in the data of that shard or, if its
  /// data is finite, the record that first gave one. Parameters and statistics are then those before that
  /// step, and gradients are zero. What model, loss or a callback throws passes through, that of the first
  /// shard if several do; what was trained until then stays, and training can go on.
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
  class Best;
  struct Run;
  struct Progress;
  class Fitting;
  class Inside;
  class Shards;
  struct Where {
    Index epoch;
    Index step;
  };

  void require_outside(const char* who) const;
  void require_loss(const char* who, const char* wanted) const;
  void require_possible(const Dataset& data, const FitOptions& options);
  void try_out(const Batch& batch, Mode mode);
  void try_greatest_label(const Dataset& data, Mode mode);
  const Dataset& in_store_scalar(const Dataset& data, std::optional<Dataset>& converted) const;
  EpochReport train_epoch(Run& run, const Dataset& data, const FitOptions& options);
  void end_epoch(Run& run, const EpochReport& report, const FitOptions& options);
  /// Adds a batch's part of the gradient of a step over so many samples; returns the batch's loss times its
  /// divisor.
  double add_gradient(const Shards& batch, Index samples, const FitOptions& options, Where where);
  double play(const Shards& batch, Index shard, Index samples, Gradients& gradients);
  Index bad_shard(const Shards& batch, Index samples);
  [[noreturn]] void explain(const Shards& batch, Index samples, const FitOptions& options, Where where);
  void make_memories(Index count);
  Value loss_on(Tape& tape, const Batch& batch) const;
  double loss_of(const Dataset& data);

  ParameterStore& store_;
  Layer model_;
  Optimizer& optimizer_;
  std::weak_ptr<const void> store_lifetime_;
  std::weak_ptr<const void> optimizer_lifetime_;
  Loss loss_;
  std::deque<Memory> memories_;         // one for each shard, or thread that evaluates
  std::deque<Gradients> gradients_;     // one for each shard but the first, which adds to the store's
  std::vector<double> losses_;          // of shards
  std::shared_ptr<Progress> progress_;  // where the next fit starts
  std::shared_ptr<Progress> running_;   // that of the fit that runs, null if none does
};

extern template TAPEDECK_API Matrix<float> Trainer::predict(const Matrix<float>&);
extern template TAPEDECK_API Matrix<double> Trainer::predict(const Matrix<double>&);

}  // namespace tapedeck
