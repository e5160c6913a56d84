#include "train/fit_loop.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "tapedeck/optim/clipping.hpp"
#include "train/evaluation.hpp"

namespace tapedeck {

FitLoop::FitLoop(const Objective& objective, Optimizer& optimizer, BatchGradient& gradient,
                 Memories& memories, TrainerState& state, const FitOptions& options)
    : objective_(objective),
      store_(objective.store()),
      optimizer_(optimizer),
      gradient_(gradient),
      memories_(memories),
      state_(state),
      fit_(*state.fit),
      options_(options) {}

std::vector<EpochReport> FitLoop::run(const Dataset& training, const Dataset* validation) {
  if (fit_.event == Event::gradient) make_step();  // a state was put back that was taken before the step
  tell();                                          // or while callbacks were told of something
  while (fit_.epoch < options_.epochs && !fit_.stopped()) {
    const auto start = std::chrono::steady_clock::now();
    EpochReport report = train_epoch(training);
    if (validation != nullptr) report.validation_loss = loss_of(*validation, objective_, memories_);
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    end_epoch(report);
  }
  if (fit_.early_stopper) fit_.early_stopper->put_back(store_);
  return std::move(fit_.history);
}

// Trains what is left of the epoch: all of it, except for the first one after a state was put back.
EpochReport FitLoop::train_epoch(const Dataset& data) {
  if (fit_.batch == 0) {
    fit_.order = state_.epochs++;
    fit_.learning_rate = optimizer_.learning_rate();
    fit_.epoch_sum = 0;
  }
  const Index batch_size = options_.batch_size;
  const Batches all =
      batches(data, {.size = batch_size,
                     .shuffle = options_.shuffle ? Shuffle(store_.seed(), fit_.order) : Shuffle(),
                     .drop_last = options_.drop_last});
  const Index in_epoch = options_.drop_last ? all.size() * batch_size : data.size();
  const Index accumulate = std::min(options_.accumulate, all.size());
  const Index steps = (all.size() + accumulate - 1) / accumulate;
  while (fit_.batch < all.size()) {
    const Index step = fit_.batch / accumulate;
    const Index first = step * accumulate;
    const Index last = std::min(all.size(), first + accumulate);
    const Index samples = std::min(in_epoch, last * batch_size) - first * batch_size;
    if (fit_.batch == first) {
      store_.zero_grad();
      fit_.step_sum = 0;
    }
    fit_.step_sum += gradient_.add({.batch = all[fit_.batch],
                                    .position = fit_.batch * batch_size,
                                    .samples = samples,
                                    .pass = state_.passes,
                                    .number = {fit_.epoch, step}},
                                   options_);
    ++state_.passes;
    if (++fit_.batch == last) {
      fit_.step_report = {.epoch = fit_.epoch,
                          .epochs = options_.epochs,
                          .step = step,
                          .steps = steps,
                          .loss = fit_.step_sum / objective_.loss().divisor(samples)};
      fit_.begin(Event::gradient);
      make_step();
    } else {
      fit_.begin(Event::batch);
    }
    tell();
  }
  return {.epoch = fit_.epoch,
          .epochs = options_.epochs,
          .loss = fit_.epoch_sum / objective_.loss().divisor(in_epoch),
          .learning_rate = fit_.learning_rate};
}

// Tells callbacks of the gradient, which they may change, and steps by what they leave.
void FitLoop::make_step() {
  tell_gradient();
  if (options_.clip_norm) clip_norm(store_, *options_.clip_norm);
  optimizer_.step();
  fit_.epoch_sum += fit_.step_sum;
  fit_.begin(Event::step);
}

void FitLoop::tell_gradient() {
  const auto listens = [](const Callback& callback) { return static_cast<bool>(callback.on_gradient); };
  if (std::none_of(options_.callbacks.begin(), options_.callbacks.end(), listens)) return;
  try {
    fit_.tell(options_.callbacks);
    gradient_.require_finite({fit_.step_report.epoch, fit_.step_report.step});
  } catch (...) {
    store_.zero_grad();
    throw;
  }
}

// Tells callbacks of a step, batch or epoch. A step's event is followed by that of its last batch.
void FitLoop::tell() {
  if (fit_.event == Event::step) {
    fit_.tell(options_.callbacks);
    fit_.begin(Event::batch);
  }
  fit_.tell(options_.callbacks);
  fit_.begin(Event::none);
}

// The state is that of the next epoch before callbacks are told: they may take it.
void FitLoop::end_epoch(const EpochReport& report) {
  fit_.history.push_back(report);
  if (fit_.early_stopper) {
    const double loss = report.validation_loss.value_or(report.loss);
    fit_.history.back().stop = fit_.early_stopper->exhausted_by(loss, *options_.early_stopping, store_);
  }
  fit_.batch = 0;
  ++fit_.epoch;
  fit_.begin(Event::epoch);
  tell();
}

}  // namespace tapedeck
