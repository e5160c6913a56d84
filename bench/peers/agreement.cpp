#include "peers/agreement.hpp"

#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "peers/contender.hpp"

namespace tapedeck::peers {
namespace {

constexpr std::size_t trained_steps = 3;

// Large enough that three steps stand out from the rounding of the parameters they move.
double learning_rate(Rule rule) { return rule == Rule::adam ? 1e-2 : 0.1; }

double norm(const std::vector<float>& a) {
  double sum = 0;
  for (const float x : a) sum += static_cast<double>(x) * static_cast<double>(x);
  return std::sqrt(sum);
}

std::vector<float> difference(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return {std::numeric_limits<float>::quiet_NaN()};
  std::vector<float> all(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) all[i] = a[i] - b[i];
  return all;
}

}  // namespace

std::vector<Agreement> agreements(const Workload& workload) {
  const Problem problem(workload, learning_rate(workload.rule));
  const auto results = [&](Contender& contender) {
    contender.take_threads();
    contender.run(workload.pass == Pass::forward ? 1 : trained_steps);
    return contender.results();
  };
  const std::unique_ptr<Contender> ours = make_ours(problem);
  const std::vector<float> initial = ours->results();
  const std::vector<float> reached = results(*ours);
  const double scale = workload.pass == Pass::forward ? norm(reached) : norm(difference(reached, initial));

  // A gradient is a chain of sums of up to K products, each relative rounding eps / 2: 1e-5 leaves room for
  // K = 4096 (sqrt(K) eps / 2 = 4e-6). A step rounds each parameter to eps / 2 of itself, whatever the step,
  // on both sides. Adam divides a gradient by its own size. Where it nearly cancels, as it does to within e
  // of the others in a share e of the elements, the step can be anything: sqrt(e) in the mean, 1e-3 for K =
  // 512.
  constexpr double eps = std::numeric_limits<float>::epsilon();
  const double gradient = workload.rule == Rule::adam ? 1e-3 : 1e-5;
  const double tolerance = workload.pass == Pass::forward
                               ? 1e-5
                               : gradient + static_cast<double>(trained_steps) * eps * norm(reached) / scale;

  std::vector<std::pair<std::string, std::unique_ptr<Contender>>> others;
  others.emplace_back("hand-written loops", make_hand(problem));
  others.emplace_back("libtorch", make_torch(problem));
  std::vector<Agreement> found;
  for (const auto& [name, contender] : others) {
    if (!contender) continue;
    found.push_back({name, norm(difference(results(*contender), reached)) / scale, tolerance});
  }
  return found;
}

}  // namespace tapedeck::peers
