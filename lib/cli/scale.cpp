#include "cli/scale.hpp"

#include <utility>
#include <variant>

#include "core/ranges.hpp"
#include "tapedeck/data/standardize.hpp"

namespace tapedeck::cli {

void Scale::fit(const Dataset& training, const arma::vec& origin, const TableColumns& columns) {
  const auto list = [](const arma::vec& v) { return std::vector<double>(v.begin(), v.end()); };
  const Standardizer inputs(training, origin);
  mean = list(inputs.mean());
  deviation = list(inputs.deviation());
  const std::vector<bool> category = columns.category_rows();
  for (Index r = 0; r < category.size(); ++r) {
    if (!category[r]) continue;
    mean[r] = 0;
    deviation[r] = 1;
  }
  if (std::holds_alternative<Matrix<double>>(training.y())) {
    const Standardizer targets(Dataset(training.y(), Matrix<double>(0, training.size())));
    target_mean = list(targets.mean());
    target_deviation = list(targets.deviation());
  }
}

Dataset Scale::standardized(Dataset data, const arma::vec& origin) const {
  auto [x, y] = std::move(data).release();
  if (!mean.empty()) Standardizer(mean, deviation).apply_in_place(std::get<Matrix<float>>(x), origin);
  if (auto* numbers = std::get_if<Matrix<double>>(&y)) {
    if (!target_mean.empty() && !numbers->empty())
      Standardizer(target_mean, target_deviation).apply_in_place(*numbers);
    y = Matrix<float>(arma::conv_to<Matrix<float>>::from(*numbers));
  }
  return {std::move(x), std::move(y)};
}

Matrix<double> Scale::in_target_units(const Matrix<float>& outputs) const {
  auto numbers = arma::conv_to<Matrix<double>>::from(outputs);
  if (target_mean.empty()) return numbers;
  return Standardizer(target_mean, target_deviation).inverse(numbers);
}

void Scale::visit_state(StateVisitor& visitor) {
  visitor.numbers("mean", mean, ranges::finite);
  visitor.numbers("deviation", deviation, ranges::positive);
  visitor.numbers("target_mean", target_mean, ranges::finite);
  visitor.numbers("target_deviation", target_deviation, ranges::positive);
}

}  // namespace tapedeck::cli
