#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/all.hpp"
#include "reports/claims.hpp"
#include "reports/networks.hpp"
#include "reports/text.hpp"

namespace tapedeck::reports {
namespace {

constexpr Index trials = 10;
constexpr Index epochs = 200;

// --- Figures 1 to 3: activations, initial values, losses, optimizers.

struct Activation {
  std::string name;
  LayerRecipe layer;
  double gain;
};
const Activation with_relu = {"ReLU", relu(), gain::relu};
const Activation with_tanh = {"Tanh", tanh(), gain::tanh};

struct Rule {
  std::string name;
  InitialValues (*values)(double gain);
};
const Rule rules[] = {{"default", [](double) { return default_values(); }},
                      {"Xavier as printed", printed_xavier_values},
                      {"Xavier", xavier_values},
                      {"He", he_values}};

struct Differences {
  std::string setting;
  Network network;
  Targets targets = class_labels();
  LossRecipe loss = cross_entropy_loss();
  OptimizerRecipe optimizer = adam(1e-3);
  Schedule schedule = constant_rate();
  Mode measured_in = evaluate;
};

Experiment experiment(const Differences& own) {
  return {
      .setting = own.setting,
      .data = disk_data(),
      .network = own.network,
      .targets = own.targets,
      .loss = own.loss,
      .optimizer = own.optimizer,
      .schedule = own.schedule,
      .batch_size = 50,
      .epochs = epochs,
      .measured_in = own.measured_in,
      .trials = trials,
  };
}

Experiment mse_and_sgd(const Activation& activation, const Rule& rule) {
  return experiment({.setting = activation.name + ", " + rule.name,
                     .network = StandardNetwork{.blocks = three({activation.layer}),
                                                .outputs = 1,
                                                .hidden_values = rule.values(activation.gain),
                                                .last_values = rule.values(gain::linear)}
                                    .layers(),
                     .targets = zero_or_one(),
                     .loss = mse_loss(batch_mean),
                     .optimizer = sgd(0.1)});
}

Network classifier(const Block& block) {
  return StandardNetwork{.blocks = three(block), .outputs = 2}.layers();
}

const std::string relu_default = "ReLU, default";
const std::string mse_adam = "MSE, Adam";
const std::string ce_sgd = "CE, SGD";
const std::string ce_adam = "CE, Adam";

// --- Figures 4 and 5: the scheduler, and dropout that is at work while the loss is computed.

Experiment scheduled(const std::string& setting, const Block& block, Mode measured_in, double rate = 1e-3) {
  return experiment({.setting = setting,
                     .network = classifier(block),
                     .optimizer = adam(rate),
                     .schedule = reduce_on_plateau(10, 0.5),
                     .measured_in = measured_in});
}

const std::string with_scheduler = "CE, Adam, scheduler";
const std::string fast = "CE, Adam at 0.01";
const std::string fast_with_scheduler = "CE, Adam at 0.01, scheduler";
const std::string dropout_10 = "dropout 10 %, at work in the loss";
const std::string dropout_50 = "dropout 50 %, at work in the loss";
const std::string quiet_10 = "dropout 10 %, loss in evaluation";
const std::string quiet_50 = "dropout 50 %, loss in evaluation";

std::vector<Experiment> experiments() {
  std::vector<Experiment> all;
  for (const Activation& activation : {with_relu, with_tanh}) {
    for (const Rule& rule : rules) all.push_back(mse_and_sgd(activation, rule));
  }
  all.push_back(experiment({.setting = mse_adam,
                            .network = StandardNetwork{.blocks = three({relu()}), .outputs = 1}.layers(),
                            .targets = zero_or_one(),
                            .loss = mse_loss(batch_mean)}));
  all.push_back(experiment({.setting = ce_sgd, .network = classifier({relu()}), .optimizer = sgd(0.1)}));
  all.push_back(experiment({.setting = ce_adam, .network = classifier({relu()})}));
  all.push_back(scheduled(with_scheduler, {relu()}, evaluate));
  all.push_back(experiment({.setting = fast, .network = classifier({relu()}), .optimizer = adam(0.01)}));
  all.push_back(scheduled(fast_with_scheduler, {relu()}, evaluate, 0.01));
  all.push_back(scheduled(dropout_10, {relu(), dropout(0.1)}, train));
  all.push_back(scheduled(dropout_50, {relu(), dropout(0.5)}, train));
  all.push_back(scheduled(quiet_10, {relu(), dropout(0.1)}, evaluate));
  all.push_back(scheduled(quiet_50, {relu(), dropout(0.5)}, evaluate));
  return all;
}

Settings all_rules(const Activation& activation) {
  Settings settings;
  for (const Rule& rule : rules) settings.push_back(activation.name + ", " + rule.name);
  return settings;
}

std::vector<Choice> choices(const Settings& settings) { return {settings.begin(), settings.end()}; }

// --- Claims that are its own.

Finding losses_fall_together(const ReportOutcome& of) {
  const Outcome& outcome = of.of(relu_default);
  Index fallen = 0;
  for (const Trial& trial : outcome.trials) {
    if (trial.diverged) continue;
    const Measures& first = trial.measured.front();
    const Measures& last = trial.measured.back();
    const auto falls = [&](Metric m) {
      return last[static_cast<std::size_t>(m)] < first[static_cast<std::size_t>(m)] / 2;
    };
    if (falls(Metric::train_loss) && falls(Metric::test_loss)) ++fallen;
  }
  const auto from_to = [&](Metric metric) {
    return fmt::format("{:.3f} after the first epoch, {:.3f} after the last",
                       outcome.curve(metric).front().figure.mean, outcome.curve(metric).back().figure.mean);
  };
  if (outcome.diverged() == outcome.trials.size()) return {Verdict::differs, "all trials diverged"};
  return {
      verdict_of(fallen == outcome.trials.size()),
      fmt::format("training loss: {}; test loss: {}; both fell to less than half in {} of {} trials",
                  from_to(Metric::train_loss), from_to(Metric::test_loss), fallen, outcome.trials.size())};
}

/// The trial's training loss over the `count` epochs from `first` on, counted from 0.
double mean_loss(const Outcome& outcome, Index trial, Index first, Index count) {
  double sum = 0;
  for (Index i = first; i < first + count; ++i) {
    sum += outcome.trials[trial].measured[i][static_cast<std::size_t>(Metric::train_loss)];
  }
  return sum / static_cast<double>(count);
}

/// The first epoch, from 0, that is trained with a lower rate than the one before; nothing if there is none.
std::optional<Index> first_reduction(const Trial& trial) {
  constexpr auto rate = static_cast<std::size_t>(Metric::learning_rate);
  for (Index i = 1; i < trial.measured.size(); ++i) {
    if (trial.measured[i][rate] < trial.measured[i - 1][rate]) return i;
  }
  return std::nullopt;
}

/// Up to its first reduction a trial with a scheduler is, bit for bit, the one without. How much lower is the
/// loss over the ten epochs that follow?
Finding steps_downward(const ReportOutcome& of, const std::string& with, const std::string& without) {
  constexpr Index window = 10;
  std::vector<std::optional<double>> lower_by;
  std::vector<std::optional<double>> zero;
  double epoch_sum = 0;
  const Outcome& scheduled = of.of(with);
  const Outcome& constant = of.of(without);
  for (Index trial = 0; trial < scheduled.trials.size(); ++trial) {
    if (scheduled.trials[trial].diverged || constant.trials[trial].diverged) continue;
    const auto at = first_reduction(scheduled.trials[trial]);
    if (!at || *at + window > epochs) continue;
    lower_by.emplace_back(1 -
                          mean_loss(scheduled, trial, *at, window) / mean_loss(constant, trial, *at, window));
    zero.emplace_back(0);
    epoch_sum += static_cast<double>(*at);
  }
  if (lower_by.empty()) return {Verdict::undecided, "no rate was reduced in time"};
  const MeanDeviation lower = spread(lower_by).value();
  return {
      compare(lower_by, zero),
      fmt::format("in {} of {} trials the rate is reduced, first after epoch {:.0f} on average; over the {} "
                  "epochs that follow the training loss is lower by {:.0f} ± {:.0f} % than without scheduler",
                  lower.count, scheduled.trials.size(), epoch_sum / static_cast<double>(lower.count), window,
                  100 * lower.mean, 100 * lower.deviation)};
}

/// The mean change of the test loss from an epoch to the next, in the second half of training.
std::optional<double> fluctuation(const Outcome& outcome, Index trial) {
  const Trial& one = outcome.trials[trial];
  if (one.diverged) return std::nullopt;
  constexpr auto loss = static_cast<std::size_t>(Metric::test_loss);
  const std::size_t half = one.measured.size() / 2;
  double sum = 0;
  for (std::size_t i = half; i < one.measured.size(); ++i) {
    sum += std::abs(one.measured[i][loss] - one.measured[i - 1][loss]);
  }
  return sum / static_cast<double>(one.measured.size() - half);
}

Finding dropout_fluctuates(const ReportOutcome& of) {
  const auto none = scores(of, {with_scheduler}, fluctuation);
  const auto few = scores(of, {dropout_10}, fluctuation);
  const auto many = scores(of, {dropout_50}, fluctuation);
  const auto mean = [](const auto& values) { return spread(values) ? spread(values)->mean : 0.0; };
  return {both(compare(few, none), compare(many, none)),
          fmt::format(
              "from an epoch to the next the test loss changes by {:.4f} with 10 %, {:.4f} with 50 %, and "
              "{:.4f} without dropout",
              mean(few), mean(many), mean(none))};
}

}  // namespace

Report r0() {
  return {
      .name = "R0",
      .title = "Project 2 - Mini Deep Learning Framework",
      .authors = "Axel Dinh Van Chi, Nino Herve",
      .setting =
          "Points uniform on the unit square are told apart by whether they lie in the circle about its "
          "middle "
          "that has half of its area. All networks have 2 inputs and three hidden layers of 25, and are "
          "trained "
          "for 200 epochs; what is varied is activations, initial weights, loss, optimizer, scheduler and "
          "dropout.",
      .readings =
          {
              "No batch size, learning rate or number of points is printed: batches of 50, SGD at 0.1 "
              "without "
              "momentum, Adam at 0.001 (0.9, 0.999, 1e-8), 1000 training and 1000 test points are taken.",
              "Squared errors are for one output and targets 0 and 1, an output above 0.5 means 1; "
              "cross-entropy is for two outputs. Both are means over the batch.",
              "Xavier's deviation is printed as gain/√(l+m), where Glorot's is gain·√(2/(l+m)): both are "
              "run.",
              "The gain is that of the activation behind a layer, 1 for the last layer. Biases, of which "
              "nothing "
              "is said, start as the weights do with default weights, and from 0 otherwise.",
              "The scheduler halves the rate after more than 10 epochs in a row in which the training loss "
              "was "
              "not lower than ever before.",
              "Adam's rate decides whether the scheduler has something to do: Figure 4 is run at 0.001 and "
              "at "
              "0.01.",
              "Dropout stands behind each activation. 50 % is in the text and 10 % in the caption of Figure "
              "5: "
              "both are run, with dropout at work while losses are measured, as there, and without.",
              "Figures 4 and 5 show one training each, the first trial: a mean over trials would hide what "
              "they "
              "are about.",
          },
      .experiments = experiments(),
      .tables =
          {
              {.item = "Figures 1 and 2",
               .caption = "Squared error and SGD: activations and initial weights",
               .rows =
                   [] {
                     std::vector<Row> rows;
                     for (const Activation& activation : {with_relu, with_tanh}) {
                       for (const std::string& setting : all_rules(activation))
                         rows.push_back({setting, setting});
                     }
                     return rows;
                   }()},
              {.item = "Figure 3",
               .caption = "ReLU and default weights: losses and optimizers",
               .rows =
                   {{"MSE, SGD", relu_default}, {mse_adam, mse_adam}, {ce_sgd, ce_sgd}, {ce_adam, ce_adam}}},
              {.item = "Figure 4",
               .caption = "With and without scheduler",
               .rows = {{ce_adam, ce_adam},
                        {with_scheduler, with_scheduler},
                        {fast, fast},
                        {fast_with_scheduler, fast_with_scheduler}}},
              {.item = "Figure 5",
               .caption = "Dropout, with the scheduler",
               .rows = {{"no dropout", with_scheduler},
                        {dropout_10, dropout_10},
                        {dropout_50, dropout_50},
                        {quiet_10, quiet_10},
                        {quiet_50, quiet_50}}},
          },
      .figures =
          {
              {losses("Figure 1: ReLU, squared error, SGD", relu_default),
               ErrorBars{.caption = "Figure 2: test error by activation and initial weights",
                         .groups = {"default", "Xavier,\nprinted", "Xavier", "He"},
                         .series = {{"ReLU", choices(all_rules(with_relu))},
                                    {"Tanh", choices(all_rules(with_tanh))}}},
               ErrorBars{.caption = "Figure 3: test error by loss and optimizer",
                         .groups = {"squared error", "cross-entropy"},
                         .series = {{"SGD", {relu_default, ce_sgd}}, {"Adam", {mse_adam, ce_adam}}}}},
              {Curves{.caption = "Figure 4: training loss, Adam at 0.001, first trial",
                      .lines = {{"with scheduler", with_scheduler, Metric::train_loss},
                                {"without", ce_adam, Metric::train_loss}},
                      .first_trial = true},
               Curves{
                   .caption = "Figure 4 at a rate that asks for it: training loss, Adam at 0.01, first trial",
                   .lines = {{"with scheduler", fast_with_scheduler, Metric::train_loss},
                             {"without", fast, Metric::train_loss}},
                   .first_trial = true}},
              {Curves{.caption = "Figure 5 with 10 %, as in its caption: test loss, first trial",
                      .lines = {{"dropout at work", dropout_10, Metric::test_loss},
                                {"in evaluation", quiet_10, Metric::test_loss}},
                      .first_trial = true},
               Curves{.caption = "Figure 5 with 50 %, as in the text: test loss, first trial",
                      .lines = {{"dropout at work", dropout_50, Metric::test_loss},
                                {"in evaluation", quiet_50, Metric::test_loss}},
                      .first_trial = true}},
          },
      .claims =
          {
              {.text = "Training reduces the loss on both sets over the epochs (Figure 1).",
               .check = losses_fall_together},
              {.text = "ReLU seems to have better scores on average than Tanh (Figure 2).",
               .check = higher(Metric::test_accuracy, all_rules(with_relu), all_rules(with_tanh)),
               .reason = "Rates and batches are not printed; Tanh may need others."},
              {.text = "Adam leads to better accuracies than SGD on average (Figure 3).",
               .check = higher(Metric::test_accuracy, {mse_adam, ce_adam}, {relu_default, ce_sgd}),
               .reason = "Neither rate is printed."},
              {.text =
                   "No evident differences can be seen between squared error and cross-entropy (Figure 3).",
               .check = alike(Metric::test_accuracy, {relu_default, mse_adam}, {ce_sgd, ce_adam}),
               .reason = "The difference is small, but over ten trials that share their data it is seen."},
              {.text = "The loss steps down where the scheduler reduces the rate (Figure 4), at 0.001.",
               .check = [](const ReportOutcome& of) { return steps_downward(of, with_scheduler, ce_adam); },
               .reason = "At this rate the training loss still falls, and there is little to reduce."},
              {.text = "The loss steps down where the scheduler reduces the rate (Figure 4), at 0.01.",
               .check =
                   [](const ReportOutcome& of) { return steps_downward(of, fast_with_scheduler, fast); }},
              {.text = "Thanks to the scheduler, most models increase their final scores.",
               .check = higher(Metric::test_accuracy, {with_scheduler, fast_with_scheduler}, {ce_adam, fast}),
               .reason =
                   "The scheduler lowers the training loss; what is left of the test error comes from the "
                   "few points near the circle."},
              {.text =
                   "Dropout that is at work while the loss is computed makes it fluctuate more (Figure 5).",
               .check = dropout_fluctuates},
              {.text = "Dropout makes no significant difference to final error rates, with 10 %.",
               .check = alike(Metric::test_accuracy, {quiet_10}, {with_scheduler}),
               .reason = "With 25 units a layer, a network misses those that are dropped."},
              {.text = "Dropout makes no significant difference to final error rates, with 50 %.",
               .check = alike(Metric::test_accuracy, {quiet_50}, {with_scheduler}),
               .reason = "With 25 units a layer, a network misses the half that is dropped."},
          },
  };
}

}  // namespace tapedeck::reports
