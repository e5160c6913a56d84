#include "support/threads.hpp"

#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "optim/matrix_rules.hpp"
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;
using optim_test::Lamb;
using optim_test::Muon;

BOOST_AUTO_TEST_SUITE(optim)
BOOST_AUTO_TEST_SUITE(threads)

namespace {

/// Counts how often each element is updated, and runs that are too long.
class Counting : public td::ElementwiseOptimizer {
 public:
  explicit Counting(td::ParameterStore& store)
      : ElementwiseOptimizer(store, "Counting", {1, 0, td::Decay::coupled, td::Untouched::skip}) {}

  int too_long() const { return too_long_; }

 private:
  void visit_memory(td::StateVisitor&) override {}
  void update(const Run& run) override {
    if (run.length > longest_run) ++too_long_;
    std::for_each(values<float>(run), values<float>(run) + run.length, [](float& w) { w += 1; });
  }

  std::atomic<int> too_long_ = 0;
};

/// A store with runs of several pieces: 300 x 701 elements and 7, then a group of its own.
struct Large {
  td::ParameterStore store{{.seed = 3}};
  td::Parameter weight, bias, other;

  /// Its matrices may be smaller in both directions.
  explicit Large(td::Index divisor = 1)
      : weight(store.add("weight", {300 / divisor, 701 / divisor}, td::constant(1))),
        bias(store.add("bias", {7, 1}, td::constant(1))),
        other(store.add("other", {100 / divisor, 1000 / divisor}, td::constant(1), {.group = "other"})) {}

  void draw_gradients(std::uint64_t step) {
    for (const td::Parameter p : {weight, bias, other}) {
      td::Matrix<float> g(arma::size(store.parameter(p).value<float>()));
      const td::Random random{step};
      for (td::Index i = 0; i < g.n_elem; ++i) g[i] = static_cast<float>(random.normal(i, p.slot()));
      store.gradients().set(p, g);
    }
  }
};

using Make = std::function<std::unique_ptr<td::Optimizer>(td::ParameterStore&)>;

/// All values after three steps.
std::vector<float> trained(const Make& make, td::Index threads, td::Index divisor = 1) {
  const test::Threads set(threads);
  Large large(divisor);
  const auto optimizer = make(large.store);
  for (std::uint64_t step = 0; step < 3; ++step) {
    large.store.zero_grad();
    large.draw_gradients(step);
    optimizer->step();
  }
  const float* values = large.store.values().data<float>();
  return {values, values + large.store.values().size()};
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_element_is_updated_once_in_pieces) {
  for (const td::Index n : {1U, 4U}) {
    const test::Threads set(n);
    Large large;
    Counting optimizer(large.store);
    large.draw_gradients(0);
    optimizer.step();
    BOOST_TEST(optimizer.too_long() == 0);
    for (const td::Parameter p : {large.weight, large.bias, large.other}) {
      BOOST_TEST(arma::all(arma::vectorise(large.store.parameter(p).value<float>()) == 2));
    }
  }
}

BOOST_AUTO_TEST_CASE(any_number_moves_the_parameters_by_the_same_bits) {
  const std::vector<std::pair<std::string, Make>> optimizers{
      {"SGD", [](auto& s) { return std::make_unique<td::SGD>(s, td::SGD::Options{.learning_rate = 0.1}); }},
      {"momentum",
       [](auto& s) {
         return std::make_unique<td::SGD>(s, td::SGD::Options{.learning_rate = 0.1, .momentum = 0.9});
       }},
      {"Adam", [](auto& s) { return std::make_unique<td::Adam>(s); }},
      {"AdamW", [](auto& s) { return std::make_unique<td::AdamW>(s); }},
      {"Adagrad", [](auto& s) { return std::make_unique<td::Adagrad>(s); }},
      {"RMSprop", [](auto& s) { return std::make_unique<td::RMSprop>(s); }},
  };
  for (const auto& [name, make] : optimizers) {
    const std::vector<float> alone = trained(make, 1);
    for (int run = 0; run < test::repeated_runs; ++run) {
      BOOST_TEST((trained(make, run % 2 == 0 ? 2 : 4) == alone), name);
    }
  }
}

BOOST_AUTO_TEST_CASE(any_number_moves_matrices_by_the_same_bits) {
  const std::vector<std::pair<std::string, Make>> optimizers{
      {"Lamb", [](auto& s) { return std::make_unique<Lamb>(s, Lamb::Options()); }},
      {"Muon", [](auto& s) { return std::make_unique<Muon>(s, Muon::Options()); }},
  };
  for (const auto& [name, make] : optimizers) {
    const std::vector<float> alone = trained(make, 1, 5);
    for (int run = 0; run < test::repeated_runs; ++run) {
      BOOST_TEST((trained(make, run % 2 == 0 ? 2 : 4, 5) == alone), name);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
