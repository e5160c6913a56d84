#include "tapedeck/ops/activation.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "support/complaint.hpp"
#include "support/op_tests.hpp"

namespace td = tapedeck;
using test::complaint;
using Values = std::vector<td::Value>;

BOOST_AUTO_TEST_SUITE(ops)
BOOST_AUTO_TEST_SUITE(activation)

const test::OpTests common{
    "activation",
    {
        {"relu", [](const Values& in) { return td::relu(in[0]); }},
        {"leaky_relu", [](const Values& in) { return td::leaky_relu(in[0]); }},
        {"leaky_relu 0.3", [](const Values& in) { return td::leaky_relu(in[0], 0.3); }},
        {"tanh", [](const Values& in) { return td::tanh(in[0]); }},
        {"sigmoid", [](const Values& in) { return td::sigmoid(in[0]); }},
        {"softplus", [](const Values& in) { return td::softplus(in[0]); }},
        {"elu", [](const Values& in) { return td::elu(in[0]); }},
        {"elu 0.7", [](const Values& in) { return td::elu(in[0], 0.7); }},
        {"gelu", [](const Values& in) { return td::gelu(in[0]); }},
        {"silu", [](const Values& in) { return td::silu(in[0]); }},
    }};

BOOST_AUTO_TEST_CASE(options_out_of_range) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value x = tape.input(test::normal({2, 3}, 1));
  const double inf = std::numeric_limits<double>::infinity();
  for (const double bad : {-0.1, inf, std::nan("")}) {
    BOOST_CHECK_THROW(td::leaky_relu(x, bad), td::OptionError);
    BOOST_CHECK_THROW(td::elu(x, bad), td::OptionError);
  }
  BOOST_TEST(complaint<td::OptionError>([&] {
               td::leaky_relu(x, -1);
             }).starts_with("leaky_relu: slope = -1; expected"));
  BOOST_TEST(complaint<td::OptionError>([&] { td::elu(x, -1); }).starts_with("elu: alpha = -1; expected"));
  BOOST_TEST(complaint<td::OptionError>([&] { td::leaky_relu(x, -1e-9); }) ==
             "leaky_relu: slope = -1e-09; expected a finite number, at least 0");  // not -0.000000
  BOOST_CHECK_NO_THROW(td::leaky_relu(x, 0));
  BOOST_CHECK_NO_THROW(td::elu(x, 0));
}

BOOST_AUTO_TEST_CASE(labels_are_no_numbers) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value t = tape.input(test::labels(3, 4));
  BOOST_TEST(
      complaint<td::ScalarError>([&] { td::tanh(t); }).starts_with("tanh: x holds index; expected float"));
}

BOOST_AUTO_TEST_CASE(elu_is_exact_near_zero) {
  td::ParameterStore store({.seed = 0, .scalar = td::f64});
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Matrix<double> x{{-1e-30, -5e-324, -0.0, 0.0, 1e-30}};
  BOOST_TEST(arma::all(arma::vectorise(td::elu(tape.input(x)).matrix<double>() == x)));
}

BOOST_AUTO_TEST_CASE(infinities_where_pytorch_has_nan) {
  td::ParameterStore store({.seed = 0, .scalar = td::f64});
  td::Memory memory;
  td::Tape tape(store, memory);
  const double inf = std::numeric_limits<double>::infinity();
  const td::Value x = tape.variable(td::Matrix<double>{{inf, -inf}});
  const td::Value gelu = td::gelu(x);
  const td::Value silu = td::silu(x);
  const td::Matrix<double> one{{1, 1}};
  tape.backward({{gelu, one}, {silu, one}});
  BOOST_TEST(gelu.matrix<double>()[0] == inf);
  BOOST_TEST(silu.matrix<double>()[0] == inf);
  BOOST_TEST(std::isnan(gelu.matrix<double>()[1]));
  BOOST_TEST(std::isnan(silu.matrix<double>()[1]));
  BOOST_TEST(x.cotangent<double>()[0] == 2);
  BOOST_TEST(x.cotangent<double>()[1] == 0);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
