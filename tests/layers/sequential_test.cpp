#include "tapedeck/layers/sequential.hpp"

#include <boost/test/unit_test.hpp>
#include <sstream>

#include "support/complaint.hpp"
#include "support/op_tests.hpp"
#include "tapedeck/layers/activation.hpp"
#include "tapedeck/layers/dropout.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/layers/normalization.hpp"
#include "tapedeck/ops/arithmetic.hpp"
#include "tapedeck/ops/shape.hpp"

namespace td = tapedeck;
using test::complaint;
using test::contains;
using Names = std::vector<std::string>;

BOOST_AUTO_TEST_SUITE(layers)
BOOST_AUTO_TEST_SUITE(sequential)

namespace {

// Counts how often a layer is asked for its kind.
struct CountedKind {
  operator std::string() const {  // NOLINT(google-explicit-constructor): what a kind is taken as
    ++asked;
    return "counted";
  }
  static inline int asked = 0;
};
struct CountedLayer {
  static constexpr CountedKind kind{};
  td::Value operator()(const td::Value& x) const { return x; }
};

bool equal(const td::Matrix<double>& a, const td::Matrix<double>& b) {
  return arma::all(arma::vectorise(a == b));
}
td::Value doubled(const td::Value& x) { return 2 * x; }

}  // namespace

BOOST_AUTO_TEST_CASE(applies_its_layers_in_order) {
  td::ParameterStore store({.seed = 1, .scalar = td::f64});
  const td::Sequential model{[](const td::Value& x) { return x + x; },
                             [](const td::Value& x) { return x % x; }};
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value y = model(tape.input(td::Matrix<double>{{1, 2, 3}}));
  BOOST_TEST(equal(y.matrix<double>(), td::Matrix<double>{{4, 16, 36}}));
}

BOOST_AUTO_TEST_CASE(without_layers_it_is_the_identity) {
  td::ParameterStore store({.seed = 1, .scalar = td::f64});
  const td::Sequential model(std::vector<td::Sequential::Item>{});
  td::Memory memory;
  td::Tape tape(store, memory);
  BOOST_TEST(
      equal(model(tape.input(td::Matrix<double>{{1, 2}})).matrix<double>(), td::Matrix<double>{{1, 2}}));
  BOOST_TEST(model.size() == 0);
}

BOOST_AUTO_TEST_CASE(names_come_from_scopes_from_users_and_from_kinds) {
  td::ParameterStore store;
  const td::Sequential model{td::Linear{store.scope("encoder").scope("fc_1"), 2, 3},
                             td::ReLU{},
                             {"head", td::Linear{store.scope("fc_2"), 3, 3}},
                             td::ReLU{},
                             {"relu_3", td::Tanh{}},
                             td::ReLU{},
                             td::Dropout{},
                             doubled,
                             [](const td::Value& x) { return x; },
                             td::Sequential{td::Tanh{}}};
  BOOST_TEST(model.names() == (Names{"fc_1", "relu_1", "head", "relu_2", "relu_3", "relu_4", "dropout_1",
                                     "layer_1", "layer_2", "sequential_1"}),
             boost::test_tools::per_element());
  BOOST_TEST(model.size() == 10);
}

BOOST_AUTO_TEST_CASE(grown_it_is_the_model_that_a_list_makes) {
  td::ParameterStore store({.seed = 1, .scalar = td::f64});
  const td::Linear fc_1{store.scope("fc_1"), 2, 3};
  const td::Linear fc_2{store.scope("fc_2"), 3, 1};
  const td::Sequential listed{fc_1, td::ReLU{}, {"head", fc_2}, td::ReLU{}};
  td::Sequential grown;
  grown.add(fc_1).add(td::ReLU{}).add({"head", fc_2});
  const td::Sequential copy = grown;
  grown.add(td::ReLU{});
  BOOST_TEST(grown.names() == listed.names(), boost::test_tools::per_element());
  BOOST_TEST(copy.size() == 3);
  BOOST_TEST(
      complaint<td::NameError>([&] {
        grown.add({"head", td::Tanh{}});
      }) ==
      "Sequential: the name \"head\" a second time; expected a new name (to use one layer twice, name its "
      "second use: {\"again\", layer})");
  BOOST_CHECK_THROW(grown.add({"a b", td::Tanh{}}), td::NameError);
  BOOST_TEST(grown.size() == 4);
  grown.add(grown);
  BOOST_TEST(grown.names().back() == "sequential_1");
  BOOST_TEST(grown[4].as<td::Sequential>()->size() == 4);

  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value x = tape.input(td::Matrix<double>{{1, -2}, {3, 4}});
  BOOST_TEST(equal(grown[4](x).matrix<double>(), listed(x).matrix<double>()));
  BOOST_TEST(equal(td::Sequential{}(x).matrix<double>(), x.matrix<double>()));
}

// One layer after another gets its number without the numbers before it being tried again.
BOOST_AUTO_TEST_CASE(many_layers_without_names) {
  std::vector<td::Sequential::Item> items;
  for (int i = 0; i < 1000; ++i) items.emplace_back(CountedLayer{});
  items.emplace(items.begin() + 10, "counted_12", td::ReLU{});
  items.emplace(items.begin() + 20, "counted_1000", td::ReLU{});
  CountedKind::asked = 0;
  const td::Sequential model(items);
  BOOST_TEST(CountedKind::asked == 1000);
  const Names names = model.names();
  BOOST_TEST(names.front() == "counted_1");
  BOOST_TEST(names[12] == "counted_13");  // the 12th without a name
  BOOST_TEST(names.back() == "counted_1002");
  for (td::Index i = 0; i < model.size(); ++i) BOOST_TEST(&model[names[i]] == &model[i]);
}

BOOST_AUTO_TEST_CASE(layers_and_parameters_are_found_by_name) {
  td::ParameterStore store({.seed = 1, .scalar = td::f64});
  const td::Linear first{store.scope("encoder").scope("fc_1"), 2, 3};
  const td::Linear second{store.scope("fc_2"), 3, 3};
  const td::Sequential model{{"encoder", td::Sequential{first, td::Tanh{}}}, second};
  BOOST_TEST((model["fc_2"].parameter("weight") == second.weight()));
  BOOST_TEST((model["encoder.fc_1"].parameter("bias") == first.bias()));
  BOOST_TEST((model["encoder"].as<td::Sequential>() != nullptr));
  BOOST_TEST((model[1].parameter("weight") == second.weight()));
  BOOST_TEST(model["encoder.tanh_1"].describe() == "Tanh");

  Names names;
  for (const td::NamedParameter& p : model.parameters()) {
    names.push_back(p.name);
    BOOST_TEST(store.parameter(p.handle).name() == p.name);
  }
  BOOST_TEST(names == (Names{"encoder.fc_1.weight", "encoder.fc_1.bias", "fc_2.weight", "fc_2.bias"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(values_and_gradients_are_reached_through_it) {
  td::ParameterStore store({.seed = 1, .scalar = td::f64});
  const td::Sequential model{td::Linear{store.scope("fc"), 2, 3}};
  td::Memory memory;
  {
    td::Tape tape(store, memory);
    const td::Value y = model(tape.input(td::Matrix<double>{{1, 2}, {3, 4}}));
    tape.backward({y, td::Matrix<double>(3, 2, arma::fill::ones)});
  }
  const td::ParameterView weight = store.parameter(model["fc"].parameter("weight"));
  const td::ParameterView bias = store.parameter(model["fc"].parameter("bias"));
  BOOST_TEST((weight.value<double>().n_rows == 3));
  BOOST_TEST(equal(weight.gradient<double>(), td::Matrix<double>{{3, 7}, {3, 7}, {3, 7}}));
  BOOST_TEST(equal(bias.gradient<double>(), td::Matrix<double>(3, 1, arma::fill::value(2))));
}

BOOST_AUTO_TEST_CASE(names_that_are_not_there) {
  td::ParameterStore store;
  const td::Sequential model{td::Linear{store.scope("fc_1"), 2, 3}, td::ReLU{}};
  BOOST_TEST(complaint<td::NameError>([&] { model["fc_2"]; }) ==
             "Sequential: no layer \"fc_2\"; expected fc_1, relu_1");
  BOOST_CHECK_THROW(model["fc_1.weight"], td::NameError);
  BOOST_CHECK_THROW(model[""], td::NameError);
  BOOST_TEST(complaint<td::OptionError>([&] { model[2]; }) == "Sequential: layer 2; expected less than 2");
}

BOOST_AUTO_TEST_CASE(names_that_are_refused) {
  td::ParameterStore store;
  const td::Linear layer{store.scope("fc"), 2, 2};
  BOOST_TEST(contains(complaint<td::NameError>([&] {
                        td::Sequential({layer, layer});
                      }),
                      "the name \"fc\" a second time"));
  BOOST_CHECK_NO_THROW(td::Sequential({layer, {"again", layer}}));
  for (const char* bad : {"a.b", "a b", "ä", "a/b"}) {
    BOOST_CHECK_THROW(td::Sequential({{bad, td::ReLU{}}}), td::NameError);
  }
  BOOST_TEST(complaint<td::NameError>([] {
               td::Sequential({{std::string("a\0b", 3), td::ReLU{}}});
             }) == R"(Sequential: the name "a\x00b"; expected letters, digits, '_' and '-')");
}

BOOST_AUTO_TEST_CASE(one_layer_used_twice_shares_its_weights) {
  td::ParameterStore store;
  const td::Linear layer{store.scope("fc"), 3, 3};
  const td::Sequential model{layer, td::Tanh{}, {"again", layer}};
  const auto report = td::check_gradient(store, model, {td::Shape{3, 4}});
  BOOST_TEST(report.passed(), report);
}

BOOST_AUTO_TEST_CASE(nested_it_gives_what_the_flat_model_gives) {
  td::ParameterStore store({.seed = 1, .scalar = td::f64});
  const td::Linear a{store.scope("a"), 3, 5};
  const td::Linear b{store.scope("b"), 5, 2};
  const td::Sequential flat{a, td::Tanh{}, b, td::Sigmoid{}};
  const td::Sequential nested{td::Sequential{a, td::Tanh{}},
                              td::Sequential{td::Sequential{b}, td::Sigmoid{}}};
  td::Memory memory;
  const auto x = test::normal({3, 4}, 1);
  for (const td::Mode mode : {td::train, td::evaluate}) {
    td::Tape tape(store, memory, mode);
    const td::Value v = tape.input(x);
    BOOST_TEST(equal(flat(v).matrix<double>(), nested(v).matrix<double>()));
  }
  const auto report = td::check_gradient(store, nested, {td::Shape{3, 4}});
  BOOST_TEST(report.passed(), report);
}

BOOST_AUTO_TEST_CASE(copies_are_the_same_model) {
  td::ParameterStore store({.seed = 1, .scalar = td::f64});
  const td::Sequential model{td::Linear{store.scope("fc"), 3, 5}, td::Dropout{}};
  const td::Sequential copy = model;  // NOLINT(performance-unnecessary-copy-initialization)
  td::Memory memory;
  const auto run = [&](const td::Sequential& m) -> td::Matrix<double> {
    td::Tape tape(store, memory, td::TapeOptions{.step = 1});
    return m(tape.input(test::normal({3, 4}, 1))).matrix<double>();
  };
  BOOST_TEST(equal(run(copy), run(model)));
}

BOOST_AUTO_TEST_CASE(in_evaluation_values_in_between_are_released) {
  td::ParameterStore store;
  td::Value between;
  const td::Sequential model{td::Tanh{}, [&](const td::Value& x) { return between = td::tanh(x); },
                             td::Tanh{}};
  td::Memory memory;
  {
    td::Tape tape(store, memory, td::evaluate);
    const td::Value x = tape.input(test::normal({3, 4}, 1));
    const td::Value y = model(x);
    BOOST_CHECK_NO_THROW(x.matrix<float>());
    BOOST_CHECK_NO_THROW(y.matrix<float>());
    BOOST_TEST(contains(complaint<td::HandleError>([&] { between.matrix<float>(); }), "released"));
  }
  td::Tape tape(store, memory);
  model(tape.input(test::normal({3, 4}, 1)));
  BOOST_CHECK_NO_THROW(between.matrix<float>());
}

// A Value that shares the memory of one that is released is released with it, unless it is what remains.
BOOST_AUTO_TEST_CASE(in_evaluation_what_shares_released_memory_is_released) {
  td::ParameterStore store;
  td::Memory memory;
  const td::Matrix<float> data(3, 4, arma::fill::ones);
  td::Value kept;
  const auto keeping = [&](const std::function<td::Value(const td::Value&)>& share) {
    return td::Sequential{[&kept, share](const td::Value& x) {
                            kept = share(td::tanh(x));
                            return td::tanh(kept);
                          },
                          td::Tanh{}, td::Tanh{}};
  };
  const auto twice = [](const td::Value& h) { return td::detach(td::detach(h)); };
  const auto recomputed = [](const td::Value& h) {
    return h.tape().recompute([](const td::Value& v) { return td::detach(v); }, h);
  };
  for (const auto& share : {std::function<td::Value(const td::Value&)>(td::detach), {twice}, {recomputed}}) {
    td::Tape tape(store, memory, td::evaluate);
    keeping(share)(tape.borrow(data));
    BOOST_TEST(contains(complaint<td::HandleError>([&] { kept.matrix<float>(); }), "released"));
  }
}

BOOST_AUTO_TEST_CASE(in_evaluation_what_lies_elsewhere_stays) {
  td::ParameterStore store;
  const td::Parameter w = store.add("w", {3, 4}, td::constant(1));
  const td::Buffer buffer = store.add_buffer("buffer", {3, 4}, 1);
  td::Memory memory;
  td::Tape tape(store, memory, td::evaluate);
  const td::Matrix<float> ones(3, 4, arma::fill::ones);
  std::vector<td::Value> kept;
  const td::Sequential model{[&](const td::Value& x) {
                               kept = {td::detach(x), tape.borrow(ones), td::detach(tape.borrow(ones)),
                                       td::detach(tape.parameter(w)), td::detach(tape.buffer(buffer))};
                               return td::detach(td::scale(x, 1));
                             },
                             [](const td::Value& x) { return td::detach(x); }};
  kept.push_back(model(tape.input(ones)));  // shares the memory of a Value that a layer made
  for (const td::Value& value : kept)
    BOOST_TEST(arma::approx_equal(value.matrix<float>(), ones, "absdiff", 0));
}

BOOST_AUTO_TEST_CASE(a_layer_may_return_its_input_or_a_value_from_outside) {
  td::ParameterStore store({.seed = 1, .scalar = td::f64});
  td::Memory memory;
  td::Tape tape(store, memory, td::evaluate);
  const auto x = test::normal({3, 4}, 1);
  const td::Value outside = tape.input(x);
  const td::Sequential model{td::Tanh{}, td::Dropout{}, [&](const td::Value&) { return outside; },
                             td::Tanh{}};
  BOOST_TEST(equal(model(outside).matrix<double>(), td::tanh(outside).matrix<double>()));
  BOOST_TEST(equal(outside.matrix<double>(), x));
}

BOOST_AUTO_TEST_CASE(errors_name_the_layer) {
  td::ParameterStore store;
  const td::Sequential model{
      {"encoder", td::Sequential{td::Linear{store.scope("encoder").scope("fc_1"), 2, 3}}},
      td::Linear{store.scope("fc_2"), 4, 3}};
  td::Memory memory;
  td::Tape tape(store, memory);
  BOOST_TEST(
      complaint<td::ShapeError>([&] {
        model(tape.input(test::normal({2, 5}, 1)));
      }) ==
      "fc_2 (affine): x is 3x5, weight \"fc_2.weight\" is 3x4, bias \"fc_2.bias\" is 3x1; expected x to be "
      "4xb (one column is one sample)");
  BOOST_TEST(complaint<td::ShapeError>([&] {
               model(tape.input(test::normal({3, 5}, 1)));
             }).starts_with("encoder.fc_1 (affine): x is 3x5"));
  // After an error nobody is at work any more.
  BOOST_TEST(complaint<td::ShapeError>([&] {
               tape.input(test::normal({3, 5}, 1)) + tape.input(test::normal({3, 4}, 1));
             }).starts_with("add: "));
}

BOOST_AUTO_TEST_CASE(printed_it_shows_a_line_for_each_layer) {
  td::ParameterStore store;
  const td::Sequential model{
      {"encoder", td::Sequential{td::Linear{store.scope("encoder").scope("fc_1"), 2, 3}, td::ReLU{}}},
      td::Linear{store.scope("fc_2"), 3, 1}};
  const std::string text =
      "Sequential\n"
      "  encoder: Sequential\n"
      "    fc_1: Linear(2 -> 3)\n"
      "    relu_1: ReLU\n"
      "  fc_2: Linear(3 -> 1)";
  BOOST_TEST(model.describe() == text);
  std::ostringstream out;
  out << model;
  BOOST_TEST(out.str() == text);
}

BOOST_AUTO_TEST_CASE(the_summary_counts_parameters_that_a_layer_does_not_list) {
  td::ParameterStore store;
  const td::Linear hidden{store.scope("hidden"), 2, 3};  // 9 numbers
  const td::Linear out{store.scope("out"), 3, 1};
  const td::Sequential model{[=](const td::Value& x) { return td::tanh(hidden(x)); }, out,
                             [=](const td::Value& x) {
                               return hidden(td::concatenate_rows({x, x}));
                             }};
  const td::Summary summary = td::summarize(model, store, {2, 1});
  BOOST_TEST(summary.rows[0].parameter_count == 9);
  BOOST_TEST(summary.rows[1].parameter_count == 4);
  BOOST_TEST(summary.rows[2].parameter_count == 9);
  BOOST_TEST(summary.parameter_count == 13);
}

BOOST_AUTO_TEST_CASE(the_summary_has_shapes_and_counts) {
  td::ParameterStore store;
  const td::Linear shared{store.scope("shared"), 3, 3};
  const td::Sequential model{
      {"encoder", td::Sequential{td::Linear{store.scope("encoder").scope("fc_1"), 2, 3}, td::ReLU{}}},
      shared,
      {"again", shared},
      td::BatchNorm{store.scope("norm"), 3},
      td::Linear{store.scope("fc_2"), 3, 1}};
  const td::Summary summary = td::summarize(model, store, {2, 7});
  BOOST_TEST(summary.parameter_count == 9 + 12 + 6 + 4);
  BOOST_TEST(summary.parameter_count == store.element_count());
  BOOST_TEST(summary.rows.size() == 6U);
  BOOST_TEST(summary.rows[0].name == "encoder.fc_1");
  BOOST_TEST(summary.rows[0].description == "Linear(2 -> 3)");
  BOOST_TEST((summary.rows[0].output == td::Shape{3, 7}));
  BOOST_TEST(summary.rows[0].parameter_count == 9);
  BOOST_TEST(summary.rows[1].parameter_count == 0);
  BOOST_TEST(summary.rows[3].name == "again");
  BOOST_TEST(summary.rows[3].parameter_count == 12);
  BOOST_TEST((summary.rows[5].output == td::Shape{1, 7}));

  const std::string text = td::to_string(summary);
  BOOST_TEST(contains(text, "name"));
  BOOST_TEST(contains(text, "encoder.fc_1    Linear(2 -> 3)     3x7           9\n"));
  BOOST_TEST(contains(text, "total          31\n"));
  std::ostringstream out;
  out << summary;
  BOOST_TEST(out.str() == text);
  BOOST_CHECK_THROW(td::summarize(model, store, {3, 7}), td::ShapeError);
}

BOOST_AUTO_TEST_CASE(a_layer_that_gives_no_value_of_the_tape_is_named) {
  td::ParameterStore store;
  td::Memory memory;
  td::Memory other_memory;
  td::Tape other(store, other_memory);
  const td::Value foreign = other.input(arma::fmat(1, 1));
  const td::Sequential empty{td::Tanh{}, {"bad", [](const td::Value&) { return td::Value{}; }}};
  const td::Sequential elsewhere{td::Tanh{}, {"bad", [&](const td::Value&) { return foreign; }}};
  for (const td::Mode mode : {td::train, td::evaluate}) {
    td::Tape tape(store, memory, mode);
    const td::Value x = tape.input(arma::fmat(1, 1));
    BOOST_TEST(complaint<td::HandleError>([&] { empty(x); }) ==
               "bad gave a Value: an empty one; expected one that was recorded on a tape");
    BOOST_TEST(complaint<td::HandleError>([&] { elsewhere(x); }) ==
               "bad: gave a Value of another tape; expected one of the tape of its input (tape.carry(value) "
               "takes its elements over)");
  }
  BOOST_CHECK_THROW(empty(td::Value{}), td::HandleError);
}

BOOST_AUTO_TEST_CASE(a_summary_of_what_cannot_be_is_refused) {
  td::ParameterStore store;
  td::ParameterStore other;
  const td::Sequential model{td::Linear{store.scope("fc"), 2, 2}};
  const td::Index minus_one = td::Index(0) - 1;
  BOOST_TEST(complaint<td::ShapeError>([&] {
               td::summarize(model, store, {2, minus_one});
             }).starts_with("summarize: 2x18446744073709551615; expected fewer than 2^32 rows"));
  BOOST_CHECK_THROW(td::summarize(model, store, {td::Index{1} << 31U, td::Index{1} << 31U}), td::ShapeError);
  BOOST_CHECK_THROW(td::summarize(model, other, {2, 2}), td::HandleError);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
