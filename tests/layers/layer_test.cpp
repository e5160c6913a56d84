#include "tapedeck/layers/layer.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "support/complaint.hpp"
#include "support/op_tests.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/ops/arithmetic.hpp"

namespace td = tapedeck;
using test::complaint;

BOOST_AUTO_TEST_SUITE(layers)
BOOST_AUTO_TEST_SUITE(layer)

namespace {

struct Plain {
  td::Value operator()(const td::Value& x) const { return 2 * x; }
};
struct NotCopyable {
  std::unique_ptr<int> state;
  td::Value operator()(const td::Value& x) const { return x; }
};
struct NotConst {
  td::Value operator()(const td::Value& x) { return x; }
};
struct GivesNothing {
  void operator()(const td::Value&) const {}
};

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_a_layer) {
  static_assert(td::LayerLike<Plain>);
  static_assert(td::LayerLike<td::Linear>);
  static_assert(td::LayerLike<td::Layer>);
  static_assert(!td::LayerLike<NotCopyable>);
  static_assert(!td::LayerLike<NotConst>);
  static_assert(!td::LayerLike<GivesNothing>);
  const auto lambda = [](td::Value x) { return x; };
  BOOST_TEST(td::LayerLike<decltype(lambda)>);
}

BOOST_AUTO_TEST_CASE(a_plain_callable_has_no_name_and_no_parameters) {
  const td::Layer layer{Plain{}};
  BOOST_TEST(layer.name().empty());
  BOOST_TEST(layer.kind() == "layer");
  BOOST_TEST(layer.describe() == "layer");
  BOOST_TEST(layer.parameters().empty());
  BOOST_TEST(complaint<td::NameError>([&] {
               layer.parameter("weight");
             }).starts_with("layer: no parameter \"weight\"; expected a layer that lists its parameters"));
}

BOOST_AUTO_TEST_CASE(a_linear_layer_shows_all_it_has) {
  td::ParameterStore store;
  const td::Linear linear{store.scope("encoder").scope("fc"), 2, 3};
  const td::Layer layer{linear};
  BOOST_TEST(layer.name() == "encoder.fc");
  BOOST_TEST(layer.kind() == "linear");
  BOOST_TEST(layer.describe() == "Linear(2 -> 3)");
  BOOST_TEST((layer.parameter("weight") == linear.weight()));
  BOOST_TEST((layer.parameter("bias") == linear.bias()));
  BOOST_TEST(complaint<td::NameError>([&] { layer.parameter("wieght"); }) ==
             "Linear(2 -> 3): no parameter \"wieght\"; expected weight, bias");
}

BOOST_AUTO_TEST_CASE(it_gives_back_what_it_was_made_of) {
  td::ParameterStore store;
  const td::Linear linear{store.scope("fc"), 2, 3};
  const td::Layer layer{linear};
  BOOST_TEST((layer.as<td::Linear>() != nullptr));
  BOOST_TEST((layer.as<td::Linear>()->weight() == linear.weight()));
  BOOST_TEST((layer.as<Plain>() == nullptr));
  const td::Layer copy =
      layer;  // NOLINT(performance-unnecessary-copy-initialization): the copy is what is tested
  BOOST_TEST((copy.as<td::Linear>() == layer.as<td::Linear>()));
}

BOOST_AUTO_TEST_CASE(a_layer_that_was_moved_from_is_still_one) {
  td::Layer layer{Plain{}};
  const td::Layer moved = std::move(layer);
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value x = tape.input(arma::fmat(1, 1, arma::fill::ones));
  BOOST_TEST(layer(x).item() == 2);  // NOLINT(bugprone-use-after-move): it is what is tested
  BOOST_TEST(moved(x).item() == 2);
}

BOOST_AUTO_TEST_CASE(an_empty_function_is_refused) {
  using Function = td::Value (*)(const td::Value&);
  const std::string expected = "Layer: an empty function; expected one that can be called";
  BOOST_TEST(complaint<td::OptionError>([] { td::Layer{Function{}}; }) == expected);
  BOOST_TEST(complaint<td::OptionError>([] { td::Layer{std::function<td::Value(td::Value)>{}}; }) ==
             expected);
  const Function twice = [](const td::Value& x) { return 2 * x; };
  const td::Layer pointer{twice};
  const td::Layer function{std::function<td::Value(td::Value)>{twice}};
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
