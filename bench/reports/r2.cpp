#include <fmt/format.h>

#include "reports/all.hpp"
#include "reports/claims.hpp"
#include "reports/networks.hpp"
#include "reports/text.hpp"

namespace tapedeck::reports {
namespace {

const Network model_1 = StandardNetwork{.blocks = three({relu()}), .outputs = 1}.layers();
const Network model_2 = StandardNetwork{.blocks = three({tanh()}), .outputs = 1}.layers();
const Network model_3 =
    StandardNetwork{.blocks = {{tanh()}, {sigmoid()}, {sigmoid()}}, .outputs = 1}.layers();

const Schedule as_printed = piecewise_rates({{100, 0.03}, {175, 0.01}});

const std::string long_printed = "model 3, 1400 epochs";
const std::string long_constant = "model 3, 1400 epochs, constant rate";

struct Differences {
  std::string setting;
  Network network;
  Schedule schedule = as_printed;
  Index epochs = 250;
  Index measure_every = 1;
  Index trials = 20;
};

Experiment experiment(const Differences& own) {
  return {
      .setting = own.setting,
      .data = disk_data(),
      .network = own.network,
      .targets = zero_or_one(),
      .loss = mse_loss(batch_mean),
      .optimizer = sgd(0.1),
      .schedule = own.schedule,
      .batch_size = 50,
      .epochs = own.epochs,
      .measure_every = own.measure_every,
      .trials = own.trials,
  };
}

PrintedFigures printed(double train_accuracy, double test_accuracy, double minutes) {
  return {{Metric::train_accuracy, {train_accuracy}},
          {Metric::test_accuracy, {test_accuracy}},
          {Metric::seconds, {60 * minutes}}};
}

Check converges(const std::string& setting) {
  return [=](const ReportOutcome& of) -> Finding {
    const auto accuracy = of.of(setting).at_end(Metric::test_accuracy);
    return {verdict_of(accuracy && accuracy->mean > 0.9),
            "test accuracy " + shown(Metric::test_accuracy, accuracy)};
  };
}

}  // namespace

Report r2() {
  return {
      .name = "R2",
      .title = "Mini Deep Learning Framework without Autograd",
      .authors = "Kang Fu, Hangqi Li, Junhong Li",
      .setting =
          "Points uniform on the unit square are told apart by whether they lie in the circle about its "
          "middle that has half of its area. Three networks with 2 inputs, three hidden layers of 25 and 1 "
          "output differ in their activations: ReLU three times (model 1), Tanh three times (model 2), Tanh "
          "and then Sigmoid twice (model 3). Squared error, SGD in batches of 50 over 250 epochs, at a "
          "rate of 0.1 that becomes 0.03 after 100 epochs and 0.01 after 175.",
      .readings =
          {
              "The loss is called a mean and printed as a sum. With a sum a rate of 0.1 diverges: the mean "
              "over the batch is taken.",
              "The radius is printed as 1/√2·π; half of the square's area asks for 1/√(2π), which is what "
              "the printed sign function has.",
              "Targets are 0 and 1, and an output above 0.5 means 1.",
              "Initial weights are “uniform”, without bounds: U(−1/√l, 1/√l) for l inputs is taken, for the "
              "biases too.",
              "How many trials there were is not printed: 20 are made here, and 10 of the long ones.",
              "Model 3 is said to converge at “around 1400 epoch”, without a schedule for that. It is run "
              "for 1400 epochs with the printed schedule, whose last rate then lasts for 1225 epochs, and "
              "with a constant rate of 0.1.",
              "Printed times are minutes in a virtual machine; ours are the seconds of training that one "
              "trial took in its thread.",
          },
      .experiments =
          {
              experiment({.setting = "model 1", .network = model_1}),
              experiment({.setting = "model 2", .network = model_2}),
              experiment({.setting = "model 3", .network = model_3}),
              experiment({.setting = long_printed,
                          .network = model_3,
                          .epochs = 1400,
                          .measure_every = 10,
                          .trials = 10}),
              experiment({.setting = long_constant,
                          .network = model_3,
                          .schedule = constant_rate(),
                          .epochs = 1400,
                          .measure_every = 10,
                          .trials = 10}),
          },
      .tables =
          {
              {.item = "Table 1",
               .caption = "250 epochs",
               .rows = {{"model 1", "model 1", printed(0.989, 0.978, 0.9)},
                        {"model 2", "model 2", printed(0.968, 0.959, 0.79)},
                        {"model 3", "model 3", printed(0.51, 0.517, 0.7)}}},
              {.item = "Section VIII",
               .caption = "Model 3 for longer",
               .rows = {{long_printed, long_printed}, {long_constant, long_constant}}},
          },
      .figures =
          {
              {PredictionMap{.caption = "Figure 3: predictions of model 1", .setting = "model 1"},
               PredictionMap{.caption = "Figure 4: predictions of model 2", .setting = "model 2"},
               PredictionMap{.caption = "Figure 5: predictions of model 3", .setting = "model 3"}},
              {losses("Model 1: loss", "model 1"), losses("Model 2: loss", "model 2"),
               losses("Model 3: loss", "model 3")},
              {accuracies("Model 1: accuracy", "model 1"), accuracies("Model 2: accuracy", "model 2"),
               accuracies("Model 3: accuracy", "model 3")},
              {accuracies("Model 3 over 1400 epochs, schedule as printed", long_printed),
               accuracies("Model 3 over 1400 epochs, constant rate", long_constant)},
          },
      .claims =
          {
              {.text =
                   "Models 1 and 2 achieve a high test accuracy: at most 1.5 points below the printed ones.",
               .check = reaches_printed(Metric::test_accuracy, 0.015, "Table 1", {"model 1", "model 2"})},
              {.text = "Model 1 does better than model 2.",
               .check = higher(Metric::test_accuracy, {"model 1"}, {"model 2"})},
              {.text = "Model 3 has a relatively bad performance.",
               .check = higher(Metric::test_accuracy, {"model 1", "model 2"}, {"model 3"})},
              {.text = "Model 3 converges at around 1400 epochs, with the printed schedule.",
               .check = converges(long_printed),
               .reason = "From epoch 175 on its rate is 0.01, and two layers of Sigmoid pass little of the "
                         "gradient on: the report must have had another schedule for that."},
              {.text = "Model 3 converges at around 1400 epochs, with a constant rate of 0.1.",
               .check = converges(long_constant)},
          },
  };
}

}  // namespace tapedeck::reports
