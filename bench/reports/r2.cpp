#include "reports/all.hpp"
#include "tapedeck/data/synthetic.hpp"
#include "tapedeck/layers/loss.hpp"
#include "tapedeck/optim/sgd.hpp"

namespace tapedeck::reports {
namespace {

constexpr auto loss = Curves::Of::loss;
constexpr auto accuracy = Curves::Of::accuracy;

Network three_hidden(const LayerRecipe& first, const LayerRecipe& second, const LayerRecipe& third) {
  return {linear(25), first, linear(25), second, linear(25), third, linear(1)};
}

const Network model_1 = three_hidden(relu(), relu(), relu());
const Network model_2 = three_hidden(tanh(), tanh(), tanh());
const Network model_3 = three_hidden(tanh(), sigmoid(), sigmoid());

const ScheduleRecipe as_printed = piecewise_rates({{100, 0.03}, {175, 0.01}});

struct Differences {
  std::string item;
  std::string setting;
  Network network;
  ScheduleRecipe schedule = as_printed;
  Index epochs = 250;
  Index measure_every = 1;
  Index trials = 20;
  std::map<Metric, Printed> printed = {};
};

Experiment experiment(const Differences& own) {
  return {
      .item = own.item,
      .setting = own.setting,
      .data = disk,
      .train_samples = 1000,
      .test_samples = 1000,
      .network = own.network,
      .targets = zero_or_one(),
      .loss = MSELoss{batch_mean},
      .optimizer = optimizer<SGD>({.learning_rate = 0.1}),
      .schedule = own.schedule,
      .batch_size = 50,
      .epochs = own.epochs,
      .measure_every = own.measure_every,
      .trials = own.trials,
      .printed = own.printed,
  };
}

std::map<Metric, Printed> table_row(double train_accuracy, double test_accuracy, double minutes) {
  return {{Metric::train_accuracy, {train_accuracy}},
          {Metric::test_accuracy, {test_accuracy}},
          {Metric::seconds, {60 * minutes}}};
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
          "and then Sigmoid twice (model 3). Mean squared error, SGD in batches of 50 over 250 epochs, at a "
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
              experiment({.item = "Table 1",
                          .setting = "model 1",
                          .network = model_1,
                          .printed = table_row(0.989, 0.978, 0.9)}),
              experiment({.item = "Table 1",
                          .setting = "model 2",
                          .network = model_2,
                          .printed = table_row(0.968, 0.959, 0.79)}),
              experiment({.item = "Table 1",
                          .setting = "model 3",
                          .network = model_3,
                          .printed = table_row(0.51, 0.517, 0.7)}),
              experiment({.item = "Section VIII",
                          .setting = "model 3, 1400 epochs",
                          .network = model_3,
                          .epochs = 1400,
                          .measure_every = 10,
                          .trials = 10}),
              experiment({.item = "Section VIII",
                          .setting = "model 3, 1400 epochs, constant rate",
                          .network = model_3,
                          .schedule = constant_rate(),
                          .epochs = 1400,
                          .measure_every = 10,
                          .trials = 10}),
          },
      .figures =
          {
              {Curves{.caption = "Model 1: loss", .of = loss, .setting = "model 1"},
               Curves{.caption = "Model 2: loss", .of = loss, .setting = "model 2"},
               Curves{.caption = "Model 3: loss", .of = loss, .setting = "model 3"}},
              {Curves{.caption = "Model 1: accuracy", .of = accuracy, .setting = "model 1"},
               Curves{.caption = "Model 2: accuracy", .of = accuracy, .setting = "model 2"},
               Curves{.caption = "Model 3: accuracy", .of = accuracy, .setting = "model 3"}},
              {PredictionMap{.caption = "Figure 3: predictions of model 1", .setting = "model 1"},
               PredictionMap{.caption = "Figure 4: predictions of model 2", .setting = "model 2"},
               PredictionMap{.caption = "Figure 5: predictions of model 3", .setting = "model 3"}},
              {Curves{.caption = "Model 3 over 1400 epochs, schedule as printed: accuracy",
                      .of = accuracy,
                      .setting = "model 3, 1400 epochs"},
               Curves{.caption = "Model 3 over 1400 epochs, constant rate: accuracy",
                      .of = accuracy,
                      .setting = "model 3, 1400 epochs, constant rate"}},
          },
  };
}

}  // namespace tapedeck::reports
