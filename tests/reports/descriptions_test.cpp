// What is run, against what the reports print.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <set>
#include <string>
#include <variant>

#include "reports/fixtures.hpp"
#include "tapedeck/optim/optimizer.hpp"

namespace rep = tapedeck::reports;
namespace td = tapedeck;
using rep::Metric;
using test::contains;
using test::layers;
using test::loss_of_two_samples;
using test::named;
using test::rates;
using test::row_of;
using test::three_hidden;

BOOST_AUTO_TEST_SUITE(reports)
BOOST_AUTO_TEST_SUITE(descriptions)

namespace {

const rep::Printed& printed(const rep::Row& row, Metric metric) { return row.printed.at(metric); }

/// A weight of the second linear layer, as it starts.
td::Matrix<float> second_weight(const rep::Experiment& experiment) {
  td::ParameterStore store({.seed = 1});
  const td::Sequential model = rep::make(experiment.network, store, 2);
  td::Index linear_layer = 0;
  for (td::Index i = 0; i < model.size(); ++i) {
    if (model[i].kind() == "linear" && ++linear_layer == 2) {
      return store.parameter(model[i].parameter("weight")).value<float>();
    }
  }
  return {};
}

double deviation_of(const td::Matrix<float>& m) { return arma::stddev(arma::vectorise(m)); }

}  // namespace

BOOST_AUTO_TEST_CASE(every_experiment_is_in_a_table_and_every_name_is_known) {
  std::set<std::string> names;
  for (const rep::Report& report : rep::all_reports()) {
    BOOST_TEST(names.insert(report.name).second);
    std::set<std::string> settings;
    for (const rep::Experiment& experiment : report.experiments) {
      BOOST_TEST(settings.insert(experiment.setting).second, experiment.setting << " is there twice");
    }
    std::set<std::string> in_tables;
    for (const rep::Table& table : report.tables) {
      for (const rep::Row& row : table.rows) in_tables.insert(row.of.settings.begin(), row.of.settings.end());
    }
    BOOST_TEST(in_tables == settings, report.name);
    struct Settings {
      std::vector<rep::Choice> operator()(const rep::Curves& f) const {
        std::vector<rep::Choice> all;
        for (const rep::Line& line : f.lines) all.push_back(line.of);
        return all;
      }
      std::vector<rep::Choice> operator()(const rep::ErrorBars& f) const {
        std::vector<rep::Choice> all;
        for (const auto& series : f.series) {
          BOOST_TEST(series.of.size() == f.groups.size());
          all.insert(all.end(), series.of.begin(), series.of.end());
        }
        return all;
      }
      std::vector<rep::Choice> operator()(const rep::Histograms& f) const {
        std::vector<rep::Choice> all;
        for (const auto& [label, setting] : f.series) all.emplace_back(setting);
        return all;
      }
      std::vector<rep::Choice> operator()(const rep::PredictionMap& f) const { return {f.setting}; }
      std::vector<rep::Choice> operator()(const rep::Scatter& f) const { return {f.setting}; }
    };
    for (const auto& row : report.figures) {
      for (const rep::Figure& figure : row) {
        for (const rep::Choice& choice : std::visit(Settings{}, figure)) {
          for (const std::string& setting : choice.settings) {
            BOOST_TEST(settings.contains(setting), "no " << setting << " to draw");
          }
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(descriptions_tell_experiments_apart) {
  for (const rep::Report& report : rep::all_reports()) {
    std::set<std::string> all;
    for (const rep::Experiment& experiment : report.experiments) {
      BOOST_TEST(all.insert(rep::described(experiment)).second, experiment.setting);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_figure_of_the_reports_is_drawn) {
  const std::pair<std::string, std::vector<std::string>> wanted[] = {
      {"R0", {"Figure 1", "Figure 2", "Figure 3", "Figure 4", "Figure 5"}},
      {"R2", {"Figure 3", "Figure 4", "Figure 5"}},
      {"R3", {"Figure 1a", "Figure 1b", "Figure 2"}},
      {"R4", {"Figure 6", "Figure 7", "Figure 8"}}};
  for (const auto& [name, figures] : wanted) {
    std::string captions;
    for (const rep::Report& report : rep::all_reports()) {
      if (report.name != name) continue;
      for (const auto& row : report.figures) {
        for (const rep::Figure& figure : row) captions += rep::caption_of(figure) + "\n";
      }
    }
    for (const std::string& figure : figures) BOOST_TEST(contains(captions, figure), name << " " << figure);
  }
}

BOOST_AUTO_TEST_CASE(all_networks_have_three_hidden_layers_of_25_and_1000_points) {
  for (const rep::Report& report : rep::all_reports()) {
    for (const rep::Experiment& experiment : report.experiments) {
      BOOST_TEST(layers(experiment).starts_with("Linear(2 -> 25) | "), experiment.setting);
      BOOST_TEST(contains(layers(experiment), " | Linear(25 -> 25) | "), experiment.setting);
      BOOST_TEST(experiment.train_samples == 1000);
      BOOST_TEST(experiment.test_samples == 1000);
      BOOST_TEST(experiment.data.words == (report.name == "R4" ? "ring" : "disk"));
    }
  }
}

// --- R0

BOOST_AUTO_TEST_CASE(r0_has_the_printed_settings) {
  const rep::Report report = rep::r0();
  for (const rep::Experiment& experiment : report.experiments) {
    BOOST_TEST(experiment.epochs == 200);
    BOOST_TEST(experiment.trials == 10);
    BOOST_TEST(experiment.batch_size == 50);
  }
  BOOST_TEST(layers(named(report, "ReLU, default")) == three_hidden("ReLU", "ReLU", "ReLU", "1"));
  BOOST_TEST(layers(named(report, "Tanh, He")) == three_hidden("Tanh", "Tanh", "Tanh", "1"));
  BOOST_TEST(layers(named(report, "CE, Adam")) == three_hidden("ReLU", "ReLU", "ReLU", "2"));
  BOOST_TEST(layers(named(report, "dropout 10 %, at work in the loss")) ==
             three_hidden("ReLU | Dropout(0.1)", "ReLU | Dropout(0.1)", "ReLU | Dropout(0.1)", "2"));
  BOOST_TEST(contains(layers(named(report, "dropout 50 %, loss in evaluation")), "Dropout(0.5)"));
  BOOST_TEST(rates(named(report, "ReLU, default")).front() == 0.1);
  BOOST_TEST(rates(named(report, "CE, Adam")).front() == 1e-3);
  BOOST_TEST(loss_of_two_samples(named(report, "MSE, Adam").loss) == 5);
  BOOST_TEST(named(report, "CE, Adam").loss.words == "cross-entropy, mean over the batch");
}

BOOST_AUTO_TEST_CASE(r0_starts_weights_by_the_printed_rules) {
  const rep::Report report = rep::r0();
  // 625 draws: the deviation of their deviation is that over sqrt(1250); five of them.
  const auto close_to = [&](const std::string& setting, double expected) {
    const double found = deviation_of(second_weight(named(report, setting)));
    BOOST_TEST(std::abs(found / expected - 1) < 5 / std::sqrt(1250.0), setting << ": " << found);
  };
  close_to("ReLU, default", 1 / std::sqrt(25.0) / std::sqrt(3.0));
  close_to("ReLU, Xavier as printed", std::sqrt(2.0) / std::sqrt(50.0));
  close_to("ReLU, Xavier", std::sqrt(2.0) * std::sqrt(2.0 / 50));
  close_to("ReLU, He", std::sqrt(2.0) / std::sqrt(25.0));
  close_to("Tanh, Xavier as printed", 5.0 / 3 / std::sqrt(50.0));
  close_to("Tanh, He", 5.0 / 3 / std::sqrt(25.0));
}

BOOST_AUTO_TEST_CASE(r0_halves_the_rate_after_more_than_ten_bad_epochs) {
  const rep::Report report = rep::r0();
  const std::vector<double> scheduled = rates(named(report, "CE, Adam, scheduler"));
  // The first epoch is the best of a loss that never falls; ten bad ones are borne.
  BOOST_TEST(scheduled[11] == 1e-3);
  BOOST_TEST(scheduled[12] == 5e-4);
  BOOST_TEST(rates(named(report, "CE, Adam")).back() == 1e-3);
  // Any improvement counts, however small.
  td::ParameterStore store;
  rep::make(named(report, "CE, Adam, scheduler").network, store, 2);
  const auto optimizer = named(report, "CE, Adam, scheduler").optimizer.make(store);
  const auto end_of_epoch = named(report, "CE, Adam, scheduler").schedule.make(*optimizer);
  for (int epoch = 0; epoch < 100; ++epoch) end_of_epoch(1 - 1e-6 * epoch);
  BOOST_TEST(optimizer->learning_rate() == 1e-3);
}

BOOST_AUTO_TEST_CASE(r0_measures_with_dropout_at_work_and_without) {
  const rep::Report report = rep::r0();
  for (const rep::Experiment& experiment : report.experiments) {
    BOOST_TEST((experiment.measured_in == td::train) == contains(experiment.setting, "at work"));
  }
}

// --- R1

BOOST_AUTO_TEST_CASE(r1_has_the_printed_settings) {
  const rep::Report report = rep::r1();
  td::Index by_hand = 0;
  for (const rep::Experiment& experiment : report.experiments) {
    BOOST_TEST(layers(experiment) == three_hidden("ReLU", "ReLU", "ReLU", "2") + " | Tanh");
    BOOST_TEST(experiment.epochs == 1000);
    BOOST_TEST(experiment.batch_size == 100);
    BOOST_TEST(!experiment.shuffled);
    BOOST_TEST(loss_of_two_samples(experiment.loss) == 5);
    const auto targets = std::get<arma::mat>(experiment.targets.make(td::IndexMatrix{0, 1}));
    BOOST_TEST(arma::approx_equal(targets, arma::mat{{1, -1}, {-1, 1}}, "absdiff", 0));
    // Glorot's deviation for 25 inputs and outputs; the bound as in R0.
    BOOST_TEST(std::abs(deviation_of(second_weight(experiment)) / std::sqrt(2.0 / 50) - 1) <
               5 / std::sqrt(1250.0));
    if (experiment.loop == rep::Loop::by_hand) ++by_hand;
  }
  BOOST_TEST(by_hand == 2);
  BOOST_TEST(rates(named(report, "SGD at 0.001, by the wrapper")).back() == 1e-3);
  BOOST_TEST(rates(named(report, "SGD at 0.1, by hand")).back() == 0.1);
}

// --- R2

BOOST_AUTO_TEST_CASE(r2_has_the_printed_settings) {
  const rep::Report report = rep::r2();
  BOOST_TEST(layers(named(report, "model 1")) == three_hidden("ReLU", "ReLU", "ReLU", "1"));
  BOOST_TEST(layers(named(report, "model 2")) == three_hidden("Tanh", "Tanh", "Tanh", "1"));
  BOOST_TEST(layers(named(report, "model 3")) == three_hidden("Tanh", "Sigmoid", "Sigmoid", "1"));
  for (const std::string setting : {"model 1", "model 2", "model 3"}) {
    const rep::Experiment& experiment = named(report, setting);
    BOOST_TEST(experiment.epochs == 250);
    BOOST_TEST(experiment.batch_size == 50);
    BOOST_TEST(loss_of_two_samples(experiment.loss) == 5);
    const std::vector<double> rate = rates(experiment);
    BOOST_TEST(rate[0] == 0.1);
    BOOST_TEST(rate[99] == 0.1);
    BOOST_TEST(rate[100] == 0.03);
    BOOST_TEST(rate[174] == 0.03);
    BOOST_TEST(rate[175] == 0.01);
    BOOST_TEST(rate[249] == 0.01);
  }
  const auto mean = [&](const std::string& model, Metric metric) {
    return printed(row_of(report, "Table 1", model), metric).mean;
  };
  BOOST_TEST(mean("model 1", Metric::train_accuracy) == 0.989);
  BOOST_TEST(mean("model 1", Metric::test_accuracy) == 0.978);
  BOOST_TEST(mean("model 2", Metric::train_accuracy) == 0.968);
  BOOST_TEST(mean("model 2", Metric::test_accuracy) == 0.959);
  BOOST_TEST(mean("model 3", Metric::train_accuracy) == 0.51);
  BOOST_TEST(mean("model 3", Metric::test_accuracy) == 0.517);
  BOOST_TEST(mean("model 1", Metric::seconds) == 54, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(mean("model 2", Metric::seconds) == 47.4, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(mean("model 3", Metric::seconds) == 42, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(r2_trains_its_third_model_for_longer_at_printed_and_at_constant_rates) {
  const rep::Report report = rep::r2();
  const std::vector<double> scheduled = rates(named(report, "model 3, 1400 epochs"));
  BOOST_TEST(scheduled.size() == 1400);
  BOOST_TEST(scheduled.back() == 0.01);
  const std::vector<double> constant = rates(named(report, "model 3, 1400 epochs, constant rate"));
  BOOST_TEST(constant.size() == 1400);
  BOOST_TEST(constant.back() == 0.1);
}

// --- R3

BOOST_AUTO_TEST_CASE(r3_has_the_printed_settings) {
  const rep::Report report = rep::r3();
  for (const rep::Experiment& experiment : report.experiments) {
    const std::string block =
        contains(experiment.setting, "without BatchNorm") ? "ReLU" : "ReLU | BatchNorm(25)";
    BOOST_TEST(layers(experiment) == three_hidden(block, block, block, "2"));
    BOOST_TEST(experiment.epochs == 50);
    BOOST_TEST(experiment.batch_size == 500);
    BOOST_TEST(experiment.trials == 20);
    BOOST_TEST(rates(experiment).front() == 0.06);
    BOOST_TEST(rates(experiment).back() == 0.06);
    BOOST_TEST(experiment.probe.value().input_of == 3);
    BOOST_TEST(experiment.probe.value().gradient_of == 2);
  }
  const auto& own =
      printed(row_of(report, "Table 1", "normal weights, mean over the batch"), Metric::test_accuracy);
  BOOST_TEST(own.mean == 0.9364);
  BOOST_TEST(own.deviation.value() == 0.0287);
  const auto& pytorch =
      printed(row_of(report, "Table 1", "default weights, mean over all elements"), Metric::test_accuracy);
  BOOST_TEST(pytorch.mean == 0.9604);
  BOOST_TEST(pytorch.deviation.value() == 0.0096);
}

BOOST_AUTO_TEST_CASE(r3_is_read_in_two_ways) {
  const rep::Report report = rep::r3();
  const rep::Experiment& own = named(report, "normal weights, mean over the batch");
  const rep::Experiment& pytorch = named(report, "default weights, mean over all elements");
  BOOST_TEST(loss_of_two_samples(own.loss) == 5);
  BOOST_TEST(loss_of_two_samples(pytorch.loss) == 2.5);
  BOOST_TEST(std::abs(deviation_of(second_weight(own)) - 1) < 5 / std::sqrt(1250.0));
  BOOST_TEST(arma::abs(second_weight(pytorch)).max() <= 0.2f);
}

// --- R4

BOOST_AUTO_TEST_CASE(r4_has_the_printed_settings) {
  const rep::Report report = rep::r4();
  td::Index steps = 0;
  td::Index settings = 0;
  for (const std::string activation : {"ReLU", "Tanh"}) {
    for (const td::Index batch : {1U, 5U, 10U, 20U, 50U, 100U, 200U}) {
      const std::string name = activation + ", batch " + std::to_string(batch);
      const rep::Row& row = row_of(report, "Table I", name);
      BOOST_TEST(row.of.settings.size() == 5);
      double rate = 1e-2;
      for (const std::string& setting : row.of.settings) {
        const rep::Experiment& experiment = named(report, setting);
        BOOST_TEST(layers(experiment) == three_hidden(activation, activation, activation, "2"));
        BOOST_TEST(experiment.epochs == 500);
        BOOST_TEST(experiment.trials == 10);
        BOOST_TEST(experiment.batch_size == batch);
        BOOST_TEST(experiment.measure_every == 1);
        BOOST_TEST(!experiment.standardized);
        BOOST_TEST(loss_of_two_samples(experiment.loss) == 5);
        BOOST_TEST(rates(experiment).back() == rate, boost::test_tools::tolerance(1e-12));
        rate /= 10;
        steps += experiment.trials * rep::steps_of(experiment);
        ++settings;
      }
    }
  }
  BOOST_TEST(settings == 70);
  BOOST_TEST(steps == 69'250'000);
}

BOOST_AUTO_TEST_CASE(r4_stands_beside_the_printed_table) {
  const rep::Report report = rep::r4();
  const auto check = [&](const std::string& name, Metric metric, double mean, double deviation) {
    const rep::Printed& there = printed(row_of(report, "Table I", name), metric);
    BOOST_TEST(there.mean == mean, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(there.deviation.value() == deviation, boost::test_tools::tolerance(1e-12));
  };
  check("ReLU, batch 5", Metric::train_loss, 0.0148, 0.0033);
  check("ReLU, batch 5", Metric::test_loss, 0.0187, 0.0043);
  check("ReLU, batch 5", Metric::train_accuracy, 0.9878, 0.0027);
  check("ReLU, batch 5", Metric::test_accuracy, 0.9888, 0.0027);
  check("Tanh, batch 200", Metric::train_loss, 0.3866, 0.0308);
  check("Tanh, batch 200", Metric::test_accuracy, 0.7593, 0.0645);
  check("ReLU, batch 20", Metric::train_loss, 0.0987, 0.0028);
}

BOOST_AUTO_TEST_CASE(r4_is_read_in_three_ways_and_shows_one_loss) {
  const rep::Report report = rep::r4();
  const rep::Experiment& elements = named(report, "ReLU, batch 50, rate 0.01, gradient over outputs too");
  BOOST_TEST(loss_of_two_samples(elements.loss) == 2.5);
  BOOST_TEST(loss_of_two_samples(elements.measured_loss.value()) == 5);
  BOOST_TEST(row_of(report, "Table I, gradient over outputs too", "Tanh, batch 1").of.settings.size() == 2);
  const rep::Experiment& standardized = named(report, "ReLU, batch 5, rate 0.01, standardized inputs");
  BOOST_TEST(standardized.standardized);
  BOOST_TEST(loss_of_two_samples(standardized.loss) == 5);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
