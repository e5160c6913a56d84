#include "cli/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tapedeck::cli {
namespace {

// Returns the predicted class of each sample. Works on some samples at a time: outputs of all of them may
// need more memory than the data.
IndexMatrix predicted_labels(Model& model, const Matrix<float>& x) {
  constexpr Index at_once = 65536;
  IndexMatrix labels(1, x.n_cols, arma::fill::none);
  for (Index first = 0; first < x.n_cols; first += at_once) {
    const Index count = std::min(at_once, x.n_cols - first);
    const Matrix<float> some_x = view(x.colptr(first), {x.n_rows, count});
    const IndexMatrix some = predicted_classes(model.outputs(some_x));
    std::copy(some.begin(), some.end(), labels.begin() + first);
  }
  return labels;
}

std::string number(double value) { return std::isnan(value) ? "undefined" : fmt::format("{:.6g}", value); }

}  // namespace

Figures figures_of(Model& model, const Dataset& data) {
  Figures figures;
  figures.loss = model.loss(data);
  const auto& x = data.x<float>();
  if (const auto* labels = std::get_if<IndexMatrix>(&data.y())) {
    figures.confusion = confusion_matrix(predicted_labels(model, x), *labels, model.columns().outputs());
    figures.accuracy =
        static_cast<double>(arma::trace(*figures.confusion)) / static_cast<double>(data.size());
    return figures;
  }
  figures.regression = regression_metrics(model.outputs(x), data.y<float>());
  const arma::vec unit = model.scale().target_deviation;
  if (unit.empty()) return figures;
  figures.regression->mae %= unit;
  figures.regression->rmse %= unit;
  return figures;
}

std::string to_text(const Figures& figures, const TableColumns& columns, const std::string& separator) {
  std::string text = "loss " + number(figures.loss);
  if (figures.accuracy) text += separator + fmt::format("accuracy {:.4f}", *figures.accuracy);
  if (!figures.regression) return text;
  const auto& [r2, mae, rmse] = *figures.regression;
  for (Index r = 0; r < r2.n_elem; ++r) {
    const std::string name = r2.n_elem == 1 ? "" : columns.targets[r] + " ";
    text += separator + name + "R2 " + number(r2(r)) + separator + name + "MAE " + number(mae(r)) +
            separator + name + "RMSE " + number(rmse(r));
  }
  return text;
}

void warn_of_no_skill(const Figures& figures, const TableColumns& columns, const std::string& part,
                      const Console& console) {
  if (!figures.confusion || columns.classes.size() < 2) return;
  const arma::Col<Index> counts = arma::sum(*figures.confusion, 1);
  const Index frequent = counts.index_max();
  const double share = static_cast<double>(counts(frequent)) / static_cast<double>(arma::accu(counts));
  if (*figures.accuracy > share) return;
  warn(console, fmt::format("the {} accuracy is no better than that of always answering {} ({:.4f})", part,
                            columns.classes[frequent], share));
}

}  // namespace tapedeck::cli
