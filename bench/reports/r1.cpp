#include <fmt/format.h>

#include "reports/all.hpp"
#include "reports/claims.hpp"
#include "reports/networks.hpp"

namespace tapedeck::reports {
namespace {

const std::string wrapper = "SGD at 0.001, by the wrapper";
const std::string by_hand = "SGD at 0.001, by hand";
const std::string wrapper_fast = "SGD at 0.1, by the wrapper";
const std::string by_hand_fast = "SGD at 0.1, by hand";

Experiment experiment(const std::string& setting, double rate, Loop loop) {
  Network network = StandardNetwork{.blocks = three({relu()}),
                                    .outputs = 2,
                                    .hidden_values = xavier_values(gain::linear),
                                    .last_values = xavier_values(gain::linear)}
                        .layers();
  network.push_back(tanh());
  return {
      .setting = setting,
      .data = disk_data(),
      .network = network,
      .targets = one_per_class(-1, 1),
      .loss = mse_loss(batch_mean),
      .optimizer = sgd(rate),
      .batch_size = 100,
      .shuffled = false,
      .loop = loop,
      .epochs = 1000,
      .trials = 10,
  };
}

/// Every loss and accuracy of every epoch, bit for bit.
Finding same_bits(const ReportOutcome& of) {
  Index equal = 0;
  Index all = 0;
  const std::pair<std::string, std::string> pairs[] = {{wrapper, by_hand}, {wrapper_fast, by_hand_fast}};
  for (const auto& [a, b] : pairs) {
    for (Index trial = 0; trial < of.of(a).trials.size(); ++trial, ++all) {
      if (of.of(a).trials[trial].measured == of.of(b).trials[trial].measured) ++equal;
    }
  }
  return {verdict_of(equal == all),
          fmt::format("all losses and accuracies of all epochs are the same bits in {} of {} trainings",
                      equal, all)};
}

}  // namespace

Report r1() {
  return {
      .name = "R1",
      .title = "Mini-project 2: Implementing from Scratch a Mini Deep Learning Framework",
      .authors = "Terkel Bo Olsen, Anmol Porwal, Leandros Stefanou",
      .setting =
          "The example of the report: a network of three hidden layers of 25 with ReLU, 2 outputs and a Tanh "
          "at "
          "its end, trained by squared error and SGD at 0.001 over 1000 epochs in batches of 100: once in "
          "one "
          "line, as Trainer::fit, and once by a loop of forward, backward and step that is written out.",
      .readings =
          {
              "No data are named, and no result is printed. It is run on the disk of the other reports, 1000 "
              "training and 1000 test points, with targets −1 and 1, which a Tanh can reach.",
              "Weights start by Xavier's rule, as there; biases, which have no fan, from 0.",
              "The loop of the report takes batches in the order of the data: they are not shuffled.",
              "The loss is the mean over the batch of the sum over outputs. At the printed rate of 0.001 it "
              "learns slowly; a rate of 0.1 is run beside it.",
          },
      .experiments = {experiment(wrapper, 0.001, Loop::trainer), experiment(by_hand, 0.001, Loop::by_hand),
                      experiment(wrapper_fast, 0.1, Loop::trainer),
                      experiment(by_hand_fast, 0.1, Loop::by_hand)},
      .tables = {{.item = "Example of usage",
                  .caption = "The printed rate, and one that learns",
                  .rows = {{wrapper, wrapper},
                           {by_hand, by_hand},
                           {wrapper_fast, wrapper_fast},
                           {by_hand_fast, by_hand_fast}}}},
      .figures = {{losses("Loss at 0.001, as printed", wrapper), losses("Loss at 0.1", wrapper_fast),
                   accuracies("Accuracy at 0.1", wrapper_fast)},
                  {PredictionMap{.caption = "Predictions, trained at 0.001", .setting = wrapper},
                   PredictionMap{.caption = "Predictions, trained at 0.1", .setting = wrapper_fast}}},
      .claims = {{.text = "Training by the wrapper does the same as the loop of forward, backward and step.",
                  .check = same_bits},
                 {.text = "The example trains (the report prints no figure): a rate of 0.1 ends above 0.001.",
                  .check = higher(Metric::test_accuracy, {wrapper_fast}, {wrapper})}},
  };
}

}  // namespace tapedeck::reports
