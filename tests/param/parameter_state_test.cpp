#include "tapedeck/param/parameter_state.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <string>

#include "support/complaint.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/layers/normalization.hpp"
#include "tapedeck/layers/sequential.hpp"
#include "tapedeck/ops/loss.hpp"
#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/state/state_visitor.hpp"
#include "tapedeck/tape/memory.hpp"
#include "tapedeck/tape/tape.hpp"

namespace td = tapedeck;
using test::complaint;
using test::contains;

BOOST_AUTO_TEST_SUITE(param)
BOOST_AUTO_TEST_SUITE(parameter_state)

namespace {

/// A model with parameters and running statistics, after a pass that waits for its step.
struct Model {
  td::ParameterStore store;
  td::Sequential layers;

  explicit Model(std::uint64_t seed, td::Scalar scalar = td::f32)
      : store({.seed = seed, .scalar = scalar}),
        layers{td::Linear{store.scope("fc_1"), 2, 3}, td::BatchNorm{store.scope("bn"), 3},
               td::Linear{store.scope("fc_2"), 3, 1}} {}

  void backward() {
    td::Memory memory;
    td::Tape tape(store, memory);
    const td::Matrix<double> x = {{1, 2, 3}, {4, 6, 5}};
    tape.backward(td::mse(layers(tape.input(x)), td::Matrix<double>{{1, 0, 1}}, td::batch_mean));
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_store_is_put_back_with_gradients_and_statistics_that_wait) {
  for (const td::Scalar scalar : {td::f32, td::f64}) {
    Model first(1, scalar);
    first.store.freeze("fc_2");
    first.backward();
    first.backward();
    Model second(2, scalar);
    td::restore(second.store, td::state_of(first.store));
    BOOST_TEST(second.store.seed() == 1);
    BOOST_TEST(second.store.parameter("fc_2.weight").frozen());
    BOOST_TEST(second.store.internals().next_pass() == first.store.internals().next_pass());
    const auto same = [&] {
      td::with_scalar(scalar, [&]<class T>(T) {
        for (const td::ParameterView& p : first.store.parameters()) {
          const td::ParameterView q = second.store.parameter(p.name());
          BOOST_TEST(arma::approx_equal(p.value<T>(), q.value<T>(), "absdiff", 0), p.name());
          BOOST_TEST(arma::approx_equal(p.gradient<T>(), q.gradient<T>(), "absdiff", 0), p.name());
        }
        for (const char* name : {"bn.running_mean", "bn.running_var"}) {
          BOOST_TEST(
              arma::approx_equal(first.store.buffer<T>(name), second.store.buffer<T>(name), "absdiff", 0));
        }
      });
    };
    same();
    const auto touched = first.store.gradients().touched_slots();
    BOOST_TEST(touched == second.store.gradients().touched_slots(), boost::test_tools::per_element());
    first.store.gradients().commit_statistics(first.store.buffers());
    second.store.gradients().commit_statistics(second.store.buffers());
    same();
    td::with_scalar(scalar,
                    [&]<class T>(T) { BOOST_TEST(first.store.buffer<T>("bn.running_mean").max() > 0); });
  }
}

BOOST_AUTO_TEST_CASE(a_store_without_gradients_forgets_those_that_wait) {
  Model fresh(1);
  Model other(2);
  other.backward();
  td::restore(other.store, td::state_of(fresh.store));
  BOOST_TEST(other.store.gradients().empty());
  BOOST_TEST(td::state_of(fresh.store).find("store/gradients/fc_1.weight") == nullptr);
}

BOOST_AUTO_TEST_CASE(biases_and_statistics_are_vectors_and_weights_are_matrices) {
  Model model(1);
  const td::StateDict state = td::state_of(model.store);
  const auto rank = [&](const char* name) { return state.find(name)->dimensions->size(); };
  BOOST_TEST(rank("fc_1.weight") == 2U);
  BOOST_TEST(rank("fc_2.weight") == 2U);
  BOOST_TEST(rank("fc_1.bias") == 1U);
  BOOST_TEST(rank("bn.weight") == 1U);
  BOOST_TEST(rank("bn.running_mean") == 1U);
}

BOOST_AUTO_TEST_CASE(statistics_of_no_buffer_are_refused) {
  Model first(1);
  first.backward();
  const td::StateDict whole = td::state_of(first.store);
  td::StateDict state;
  for (td::StateDict::Entry entry : whole.entries()) {
    if (entry.name == "store/gradients/statistics/buffers") {
      std::get<td::IndexMatrix>(entry.value)[1] = 9;
    }
    state.add(std::move(entry));
  }
  Model second(2);
  const std::string message = complaint<td::StateError>([&] { td::restore(second.store, state); });
  BOOST_TEST(
      contains(message, "\"store/gradients/statistics/buffers\" is of a buffer that there is not, number 9"),
      message);
}

BOOST_AUTO_TEST_CASE(another_model_is_refused_by_name) {
  Model first(1);
  td::ParameterStore other;
  const td::Sequential layers{td::Linear{other.scope("fc_1"), 2, 4}, td::Linear{other.scope("fc_3"), 4, 1}};
  const std::string message =
      complaint<td::StateError>([&] { td::restore(other, td::state_of(first.store)); });
  BOOST_TEST(contains(message, "\"fc_1.weight\" is 3x2 instead of 4x2"), message);
  BOOST_TEST(contains(message, "\"fc_3.weight\" is missing"), message);
  Model wide(1, td::f64);
  BOOST_CHECK_THROW(td::restore(wide.store, td::state_of(first.store)), td::StateError);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
