#include "reports/report.hpp"

namespace tapedeck::reports {

std::vector<Row> rows_of(const std::vector<Experiment>& experiments) {
  std::vector<Row> rows;
  for (const Experiment& e : experiments) rows.push_back({.name = e.setting, .of = e.setting});
  return rows;
}

Curves losses(const std::string& caption, const std::string& setting) {
  return {.caption = caption,
          .lines = {{"training", setting, Metric::train_loss}, {"test", setting, Metric::test_loss}}};
}

Curves accuracies(const std::string& caption, const std::string& setting) {
  return {.caption = caption,
          .lines = {{"training", setting, Metric::train_accuracy}, {"test", setting, Metric::test_accuracy}}};
}

const std::string& caption_of(const Figure& figure) {
  return std::visit([](const auto& f) -> const std::string& { return f.caption; }, figure);
}

std::string name_of(Metric metric) {
  switch (metric) {
    case Metric::train_accuracy:
      return "train_accuracy";
    case Metric::test_accuracy:
      return "test_accuracy";
    case Metric::train_loss:
      return "train_loss";
    case Metric::test_loss:
      return "test_loss";
    case Metric::learning_rate:
      return "learning_rate";
    case Metric::seconds:
      return "seconds";
  }
  return {};
}

}  // namespace tapedeck::reports
