// Small networks against PyTorch, over several steps: tests/references/ops/training.json.

#include <boost/test/unit_test.hpp>

#include "support/evidence.hpp"
#include "support/op_tests.hpp"
#include "support/references.hpp"
#include "tapedeck/layers/activation.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/layers/normalization.hpp"
#include "tapedeck/layers/sequential.hpp"
#include "tapedeck/ops/loss.hpp"
#include "tapedeck/optim/sgd.hpp"

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(layers)
BOOST_AUTO_TEST_SUITE(training)

namespace {

constexpr td::Index batch = 8;
constexpr td::Index steps = 5;

td::Sequential middle(const std::string& name, td::ParameterStore& store) {
  if (name == "batch_norm tanh") return {td::BatchNorm{store.scope("norm"), 6}, td::Tanh{}};
  if (name == "layer_norm gelu") return {td::LayerNorm{store.scope("norm"), 6}, td::GELU{}};
  return {td::Softplus{}, [](const td::Value& x) { return x; }};
}

void follows(const test::Reference& reference) {
  td::ParameterStore store({.seed = 0, .scalar = td::f64});
  const td::Linear first{store.scope("first"), 4, 6};
  const td::Sequential between = middle(reference.name, store);
  const td::Sequential model{first, between, td::Linear{store.scope("last"), 6, 3}};

  // The parameters in their order, then the buffers.
  std::vector<td::Matrix<double>*> state;
  for (const td::ParameterView& p : store.parameters()) state.push_back(&p.value<double>());
  for (std::uint32_t slot = 0; slot < store.internals().layout().buffers.size(); ++slot) {
    state.push_back(&store.buffer<double>(td::Buffer(store.internals().family(), slot)));
  }
  BOOST_REQUIRE(state.size() + 2 == reference.inputs.size());
  for (std::size_t i = 0; i < state.size(); ++i)
    *state[i] = std::get<td::Matrix<double>>(reference.inputs[i + 2]);

  const auto& x = std::get<td::Matrix<double>>(reference.inputs[0]);
  const auto& target = std::get<td::Matrix<double>>(reference.inputs[1]);
  td::SGD optimizer{store, {.learning_rate = 0.1}};
  td::Memory memory;
  for (td::Index step = 0; step < steps; ++step) {
    const td::Index from = step * batch;
    td::Tape tape(store, memory);
    const td::Value y = model(tape.input(td::Matrix<double>(x.cols(from, from + batch - 1))));
    const td::Matrix<double> t = target.cols(from, from + batch - 1);
    store.zero_grad();
    tape.backward(td::mse(y, t, td::batch_mean));
    optimizer.step();
  }
  const auto output = [&](td::Mode mode) -> td::Matrix<double> {
    td::Tape tape(store, memory, mode);
    return model(tape.input(td::Matrix<double>(x.head_cols(batch)))).matrix<double>();
  };
  test::Evidence evidence(test::Promise::references, "networks after 5 steps: parameters, buffers, outputs");
  evidence.outcome("1e-12, PyTorch in double");
  const auto compare = [&](const std::string& what, const td::Matrix<double>& got,
                           const td::Matrix<double>& wanted) {
    BOOST_TEST(test::difference(got, wanted) < 1e-12, reference.name << ", " << what);
    evidence.tried();
  };
  for (std::size_t i = 0; i < state.size(); ++i) {
    compare("state " + std::to_string(i), *state[i], reference.gradients[i + 2]);
  }
  compare("evaluate", output(td::evaluate), reference.output);
  compare("train", output(td::train), reference.cotangent);
}

}  // namespace

BOOST_AUTO_TEST_CASE(networks_become_what_they_become_in_pytorch) {
  const auto all = test::references("training");
  BOOST_TEST(all.size() == 3U);
  for (const test::Reference& reference : all) follows(reference);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
