#include "reports/all.hpp"
#include "tapedeck/data/synthetic.hpp"
#include "tapedeck/layers/loss.hpp"
#include "tapedeck/optim/sgd.hpp"

namespace tapedeck::reports {
namespace {

constexpr auto loss = Curves::Of::loss;
constexpr auto accuracy = Curves::Of::accuracy;

const std::string gaussian = "normal weights, mean over the batch";
const std::string pytorch = "default weights, mean over all elements";

Network batch_normalised(const LinearOptions& values) {
  return {linear(25, values), relu(), batch_norm(),  //
          linear(25, values), relu(), batch_norm(),  //
          linear(25, values), relu(), batch_norm(),  //
          linear(2, values)};
}

struct Differences {
  std::string setting;
  LinearOptions values;
  Reduction reduction;
  Printed printed;
};

Experiment experiment(const Differences& own) {
  return {
      .item = "Table 1",
      .setting = own.setting,
      .data = disk,
      .train_samples = 1000,
      .test_samples = 1000,
      .network = batch_normalised(own.values),
      .targets = one_per_class(2),
      .loss = MSELoss{own.reduction},
      .optimizer = optimizer<SGD>({.learning_rate = 0.06}),
      .batch_size = 500,
      .epochs = 50,
      .trials = 20,
      .printed = {{Metric::test_accuracy, own.printed}},
  };
}

}  // namespace

Report r3() {
  return {
      .name = "R3",
      .title = "Project 2: Mini Deep-Learning Framework",
      .authors = "Deng Zhantao, Li Junze",
      .setting =
          "Points uniform on the unit square are told apart by whether they lie in the circle about its "
          "middle that has half of its area. The network has 2 inputs, three times a linear layer of 25, "
          "ReLU and batch normalisation, then a linear layer of 2 outputs. Mean squared error, SGD at a "
          "rate of 0.06 in batches of 500, 50 epochs, 20 rounds.",
      .readings =
          {
              "Two settings are compared in the report, its own framework and PyTorch, and two readings are "
              "run. For its own: weights and biases from N(0, 1), as its weight module says, and a loss "
              "that is the mean over the batch of the sum over outputs, as its eq. 5 says. For PyTorch: "
              "that library's defaults, U(−1/√l, 1/√l) for l inputs, and the mean over all elements.",
              "Batch normalisation starts with gain 1 and bias 0, and has ε = 1e-5 and running statistics "
              "that take up a tenth of each batch's (the variance unbiased), as PyTorch's.",
              "One set of 1000 points is printed, and curves on a training and a test set: 1000 points are "
              "taken for each.",
              "Which accuracy the table shows is not said: the one on the test set after the last epoch is "
              "taken.",
              "Targets are 1 for the output of the point's class and 0 for the other; the greater output is "
              "the prediction.",
          },
      .experiments =
          {
              experiment({.setting = gaussian,
                          .values = {.weight_values = normal(1), .bias_values = normal(1)},
                          .reduction = batch_mean,
                          .printed = {0.9364, 0.0287}}),
              experiment(
                  {.setting = pytorch, .values = {}, .reduction = element_mean, .printed = {0.9604, 0.0096}}),
          },
      .figures =
          {
              {Curves{.caption = "Figure 2, N(0, 1) weights: loss", .of = loss, .setting = gaussian},
               Curves{.caption = "Figure 2, N(0, 1) weights: accuracy", .of = accuracy, .setting = gaussian}},
              {Curves{.caption = "Figure 2, default weights: loss", .of = loss, .setting = pytorch},
               Curves{.caption = "Figure 2, default weights: accuracy", .of = accuracy, .setting = pytorch}},
          },
  };
}

}  // namespace tapedeck::reports
