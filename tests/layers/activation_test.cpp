#include "tapedeck/layers/activation.hpp"

#include <boost/test/unit_test.hpp>

#include "support/op_tests.hpp"
#include "tapedeck/layers/layer.hpp"

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(layers)
BOOST_AUTO_TEST_SUITE(activation)

namespace {

// The layer gives what the function gives, and says what it is.
template <class L, class F>
void is(const L& layer, const F& function, const std::string& kind, const std::string& description) {
  static_assert(td::LayerLike<L>);
  BOOST_TEST_CONTEXT(description) {
    td::ParameterStore store;
    td::Memory memory;
    td::Tape tape(store, memory);
    const td::Value x = tape.input(test::normal({5, 7}, 1));
    const td::Matrix<float>& got = layer(x).template matrix<float>();
    BOOST_TEST(arma::all(arma::vectorise(got == function(x).template matrix<float>())));
    BOOST_TEST(td::Layer(layer).kind() == kind);
    BOOST_TEST(td::Layer(layer).describe() == description);
    BOOST_TEST(td::Layer(layer).parameters().empty());
    BOOST_TEST(td::Layer(layer).name().empty());
    const auto report = td::check_gradient(layer, {td::Shape{3, 4}});
    BOOST_TEST(report.passed(), report);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_is_its_op) {
  using V = const td::Value&;
  is(
      td::ReLU{}, [](V x) { return td::relu(x); }, "relu", "ReLU");
  is(
      td::LeakyReLU{}, [](V x) { return td::leaky_relu(x, 0.01); }, "leaky_relu", "LeakyReLU(slope 0.01)");
  is(
      td::LeakyReLU{.slope = 0.3}, [](V x) { return td::leaky_relu(x, 0.3); }, "leaky_relu",
      "LeakyReLU(slope 0.3)");
  is(
      td::Tanh{}, [](V x) { return td::tanh(x); }, "tanh", "Tanh");
  is(
      td::Sigmoid{}, [](V x) { return td::sigmoid(x); }, "sigmoid", "Sigmoid");
  is(
      td::Softplus{}, [](V x) { return td::softplus(x); }, "softplus", "Softplus");
  is(
      td::ELU{}, [](V x) { return td::elu(x, 1); }, "elu", "ELU(alpha 1)");
  is(
      td::ELU{.alpha = 0.5}, [](V x) { return td::elu(x, 0.5); }, "elu", "ELU(alpha 0.5)");
  is(
      td::GELU{}, [](V x) { return td::gelu(x); }, "gelu", "GELU");
  is(
      td::SiLU{}, [](V x) { return td::silu(x); }, "silu", "SiLU");
  is(
      td::Softmax{}, [](V x) { return td::softmax(x); }, "softmax", "Softmax");
  is(
      td::LogSoftmax{}, [](V x) { return td::log_softmax(x); }, "log_softmax", "LogSoftmax");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
