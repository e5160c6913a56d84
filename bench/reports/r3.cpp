#include <fmt/format.h>

#include <cmath>

#include "reports/all.hpp"
#include "reports/claims.hpp"
#include "reports/networks.hpp"
#include "reports/text.hpp"

namespace tapedeck::reports {
namespace {

const std::string gaussian = "normal weights, mean over the batch";
const std::string pytorch = "default weights, mean over all elements";
const std::string gaussian_bare = "normal weights, without BatchNorm";
const std::string pytorch_bare = "default weights, without BatchNorm";

struct Differences {
  std::string setting;
  InitialValues values;
  Reduction reduction;
  Block block;
};

Experiment experiment(const Differences& own) {
  return {
      .setting = own.setting,
      .data = disk_data(),
      .network = StandardNetwork{.blocks = three(own.block),
                                 .outputs = 2,
                                 .hidden_values = own.values,
                                 .last_values = own.values}
                     .layers(),
      .targets = one_per_class(),
      .loss = mse_loss(own.reduction),
      .optimizer = sgd(0.06),
      .batch_size = 500,
      .epochs = 50,
      .probe = Probe{.input_of = 3, .gradient_of = 2},
      .trials = 20,
  };
}

std::vector<Experiment> experiments() {
  const Block normalised = {relu(), batch_norm()};
  const Block bare = {relu()};
  return {experiment({gaussian, standard_normal_values(), batch_mean, normalised}),
          experiment({pytorch, default_values(), element_mean, normalised}),
          experiment({gaussian_bare, standard_normal_values(), batch_mean, bare}),
          experiment({pytorch_bare, default_values(), element_mean, bare})};
}

PrintedFigures printed(double mean, double deviation) { return {{Metric::test_accuracy, {mean, deviation}}}; }

Histograms histograms(const std::string& caption, Histograms::Of what, Histograms::When when) {
  return {.caption = caption,
          .of = what,
          .when = when,
          .series = {{"without BatchNorm", pytorch_bare}, {"with BatchNorm", pytorch}}};
}

/// How much of the spread of the third layer's inputs comes from the samples: their variance within features
/// over that about the mean of all, before training. The rest is the same for every sample, and tells
/// nothing.
std::optional<double> share_of_samples(const Outcome& outcome, Index trial) {
  const auto& before = outcome.trials[trial].before;
  if (!before) return std::nullopt;
  const Matrix<double>& x = before->input;  // features x samples
  const double within = arma::mean(arma::vectorise(arma::var(x, 1, 1)));
  return within / arma::var(arma::vectorise(x), 1);
}

/// The root of the mean square of the second layer's gradient before training.
std::optional<double> gradient_size(const Outcome& outcome, Index trial) {
  const auto& before = outcome.trials[trial].before;
  if (!before) return std::nullopt;
  return std::sqrt(arma::mean(arma::vectorise(arma::square(before->gradient))));
}

Finding features_are_meaningless(const ReportOutcome& of) {
  const auto with = scores(of, {pytorch}, share_of_samples);
  const auto without = scores(of, {pytorch_bare}, share_of_samples);
  return {
      compare(with, without),
      fmt::format(
          "with default weights, {:.0f} % of the spread of the third layer's inputs comes from the samples "
          "without batch normalisation, and {:.0f} % with it; the rest is the same for all samples",
          100 * spread(without)->mean, 100 * spread(with)->mean)};
}

Finding gradients_vanish(const ReportOutcome& of) {
  const auto with = scores(of, {pytorch}, gradient_size);
  const auto without = scores(of, {pytorch_bare}, gradient_size);
  return {compare(with, without),
          fmt::format(
              "with default weights, the gradient of the second layer's weights is {:.1e} (root mean square) "
              "without batch normalisation, and {:.1e} with it",
              spread(without)->mean, spread(with)->mean)};
}

Finding pytorch_is_ahead(const ReportOutcome& of) {
  const Finding accuracy = higher(Metric::test_accuracy, {pytorch}, {gaussian})(of);
  const auto a = of.of(pytorch).at_end(Metric::test_accuracy);
  const auto b = of.of(gaussian).at_end(Metric::test_accuracy);
  if (!a || !b) return {Verdict::undecided, "trials diverged"};
  return {both(accuracy.verdict, verdict_of(a->deviation < b->deviation)),
          accuracy.figures + fmt::format("; normal weights diverged in {} of {} trials",
                                         of.of(gaussian).diverged(), of.of(gaussian).trials.size())};
}

}  // namespace

Report r3() {
  using Of = Histograms::Of;
  using When = Histograms::When;
  return {
      .name = "R3",
      .title = "Project 2: Mini Deep-Learning Framework",
      .authors = "Deng Zhantao, Li Junze",
      .setting =
          "Points uniform on the unit square are told apart by whether they lie in the circle about its "
          "middle that has half of its area. The network has 2 inputs, three times a linear layer of 25, "
          "ReLU and batch normalisation, then a linear layer of 2 outputs. Squared error, SGD at a "
          "rate of 0.06 in batches of 500, 50 epochs, 20 rounds.",
      .readings =
          {
              "Two settings are compared in the report, its own framework and PyTorch, and two readings are "
              "run. For its own: weights and biases from N(0, 1), as its weight module says, and a loss "
              "that is the mean over the batch of the sum over outputs, as its eq. 5 says. For PyTorch: "
              "that library's defaults, U(−1/√l, 1/√l) for l inputs, and the mean over all elements.",
              "Its eq. 3, WX + b, contradicts the shapes that it gives. With samples as columns it is right "
              "as it "
              "stands, with W of outputs x inputs.",
              "Batch normalisation starts with gain 1 and bias 0, and has ε = 1e-5 and running statistics "
              "that take up a tenth of each batch's (the variance unbiased), as PyTorch's.",
              "One set of 1000 points is printed, and curves on a training and a test set: 1000 points are "
              "taken for each.",
              "Which accuracy the table shows is not said: the one on the test set after the last epoch is "
              "taken.",
              "Targets are 1 for the output of the point's class and 0 for the other; the greater output is "
              "the prediction.",
              "When the histograms of Figure 1 were taken is not said: they are of the first trial before "
              "training "
              "(the gradient that of all training points), and once more after it. Inputs are those of the "
              "first "
              "200 training points.",
          },
      .experiments = experiments(),
      .tables = {{.item = "Table 1",
                  .caption = "20 rounds with batch normalisation",
                  .rows = {{gaussian, gaussian, printed(0.9364, 0.0287)},
                           {pytorch, pytorch, printed(0.9604, 0.0096)}}},
                 {.item = "Figure 1",
                  .caption = "The same without batch normalisation",
                  .rows = {{gaussian_bare, gaussian_bare}, {pytorch_bare, pytorch_bare}}}},
      .figures =
          {
              {histograms("Figure 1a: input of the third layer, before training", Of::layer_input,
                          When::before_training),
               histograms("Figure 1b: gradient of the second layer, before training", Of::weight_gradient,
                          When::before_training)},
              {histograms("Input of the third layer, after training", Of::layer_input, When::after_training),
               histograms("Gradient of the second layer, after training", Of::weight_gradient,
                          When::after_training)},
              {losses("Figure 2, N(0, 1) weights: loss", gaussian),
               accuracies("Figure 2, N(0, 1) weights: accuracy", gaussian)},
              {losses("Figure 2, default weights: loss", pytorch),
               accuracies("Figure 2, default weights: accuracy", pytorch)},
          },
      .claims =
          {
              {.text = "The test accuracy lies within the printed deviation, for at least one of the two "
                       "readings.",
               .check = within_printed(Metric::test_accuracy, "Table 1", {gaussian, pytorch}),
               .reason = "The readings of weights and loss are ours."},
              {.text = "PyTorch's average accuracy is higher, and its deviation lower.",
               .check = pytorch_is_ahead,
               .reason = "Trials that diverged are left out: what is left of the normal weights does well."},
              {.text = "Without batch normalisation, inputs of deep layers are dominated by the bias (Figure "
                       "1a).",
               .check = features_are_meaningless},
              {.text = "Without batch normalisation, gradients of shallow layers vanish (Figure 1b).",
               .check = gradients_vanish},
              {.text = "Without batch normalisation, convergence is slow and performance poor.",
               .check = higher(Metric::test_accuracy, {pytorch}, {pytorch_bare})},
          },
  };
}

}  // namespace tapedeck::reports
