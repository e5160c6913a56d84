// Bad input that tape_test.cpp and op_test.cpp do not speak of: every function of Value and Tape with handles
// that mean nothing, or mean something elsewhere.
#include <boost/test/unit_test.hpp>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/complaint.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/ops/affine.hpp"
#include "tapedeck/ops/arithmetic.hpp"
#include "tapedeck/ops/reduction.hpp"
#include "tapedeck/tape/tape.hpp"

namespace td = tapedeck;
using test::complaint;
using test::contains;

BOOST_AUTO_TEST_SUITE(tape)

namespace {

struct OnTape {
  td::ParameterStore store{{.seed = 1, .scalar = td::f64}};
  td::Linear layer{store.scope("fc"), 2, 2};
  td::Buffer mean = store.add_buffer("mean", {2, 1}, 0);
  td::Memory memory;
  td::Memory other_memory;
  td::Tape tape{store, memory};
  td::Tape other{store, other_memory};
  const arma::mat ones = arma::mat(2, 3, arma::fill::ones);
  td::Value x = tape.variable(ones);
  td::Value elsewhere = other.variable(ones);
};

/// A Value whose tape has ended, its memory in use by another one.
td::Value stale(td::ParameterStore& store, td::Memory& memory) {
  td::Tape brief{store, memory};
  return brief.input(arma::mat(1, 1));
}

using Use = std::function<void(OnTape&, const td::Value&)>;

/// All that can be done with a Value alone.
const std::vector<std::pair<std::string, Use>> uses{
    {"shape", [](OnTape&, const td::Value& v) { static_cast<void>(v.shape()); }},
    {"rows", [](OnTape&, const td::Value& v) { static_cast<void>(v.rows()); }},
    {"cols", [](OnTape&, const td::Value& v) { static_cast<void>(v.cols()); }},
    {"element", [](OnTape&, const td::Value& v) { static_cast<void>(v.element()); }},
    {"matrix", [](OnTape&, const td::Value& v) { v.matrix<double>(); }},
    {"item", [](OnTape&, const td::Value& v) { static_cast<void>(v.item()); }},
    {"cotangent", [](OnTape&, const td::Value& v) { v.cotangent<double>(); }},
    {"tape", [](OnTape&, const td::Value& v) { static_cast<void>(v.tape()); }},
    {"detach", [](OnTape&, const td::Value& v) { td::detach(v); }},
    {"carry", [](OnTape& t, const td::Value& v) { t.tape.carry(v); }},
    {"an op", [](OnTape&, const td::Value& v) { td::sum(v); }}};

/// What wants a Value of this tape.
const std::vector<std::pair<std::string, Use>> uses_here{
    {"another operand", [](OnTape& t, const td::Value& v) { td::add(t.x, v); }},
    {"an operand among parameters",
     [](OnTape& t, const td::Value& v) { td::affine(t.layer.weight(), v, t.x); }},
    {"a root", [](OnTape& t, const td::Value& v) { t.tape.backward(v); }},
    {"a root of several",
     [](OnTape& t, const td::Value& v) {
       t.tape.backward({td::sum(t.x), v});
     }},
    {"a root with a cotangent",
     [](OnTape& t, const td::Value& v) {
       t.tape.backward({v, t.ones});
     }},
    {"a root of vjp", [](OnTape& t, const td::Value& v) { t.tape.vjp<double>({v}, {t.x}); }},
    {"an input of vjp", [](OnTape& t, const td::Value& v) { t.tape.vjp<double>({td::sum(t.x)}, {v}); }}};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(bad_input, OnTape)

BOOST_AUTO_TEST_CASE(an_empty_value_is_refused_everywhere) {
  for (const auto* list : {&uses, &uses_here}) {
    for (const auto& [name, use] : *list) {
      const std::string said = complaint<td::HandleError>([&, &use = use] { use(*this, td::Value{}); });
      BOOST_TEST(said.starts_with("Value: "), name << ": " << said);
    }
  }
  BOOST_TEST(complaint<td::HandleError>([] { td::sum(td::Value{}); }) ==
             "Value: an empty one; expected one that was recorded on a tape");
}

BOOST_AUTO_TEST_CASE(a_stale_value_is_refused_everywhere) {
  td::Memory third;
  const td::Value old = stale(store, third);
  for (const bool in_use_again : {false, true}) {
    std::optional<td::Tape> next;
    if (in_use_again) next.emplace(store, third);
    for (const auto* list : {&uses, &uses_here}) {
      for (const auto& [name, use] : *list) {
        const std::string said = complaint<td::HandleError>([&, &use = use] { use(*this, old); });
        BOOST_TEST(said.starts_with("Value: a stale one: its tape has ended"), name << ": " << said);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_value_of_another_tape_is_refused_where_it_does_not_belong) {
  for (const auto& [name, use] : uses_here) {
    const std::string said = complaint<td::HandleError>([&, &use = use] { use(*this, elsewhere); });
    BOOST_TEST(said ==
                   "Value: one of another tape; expected Values of one tape only (tape.carry(value) takes "
                   "its elements over)",
               name << ": " << said);
  }
  tape.backward(td::sum(x));  // none of these counted as playing
  BOOST_TEST(arma::accu(x.cotangent<double>()) == 6);
}

BOOST_AUTO_TEST_CASE(handles_of_another_store_are_refused) {
  td::ParameterStore stranger;
  const td::Parameter foreign = stranger.add("w", {2, 2}, td::zeros);
  const td::Buffer foreign_buffer = stranger.add_buffer("b", {2, 1}, 0);
  for (const td::Parameter& bad : {foreign, td::Parameter{}}) {
    BOOST_CHECK_THROW(tape.parameter(bad), td::HandleError);
    BOOST_CHECK_THROW(td::product(bad, x), td::HandleError);
    BOOST_CHECK_THROW(td::add(x, bad), td::HandleError);
  }
  for (const td::Buffer& bad : {foreign_buffer, td::Buffer{}}) {
    BOOST_CHECK_THROW(tape.buffer(bad), td::HandleError);
    BOOST_CHECK_THROW(td::add(x, bad), td::HandleError);
  }
  BOOST_TEST(contains(complaint<td::HandleError>([&] { tape.parameter({}); }), "an empty Parameter"));
  BOOST_TEST(contains(complaint<td::HandleError>([&] { tape.buffer(foreign_buffer); }),
                      "a Buffer of another store"));
  BOOST_TEST((tape.buffer(mean).shape() == td::Shape{2, 1}));
}

BOOST_AUTO_TEST_CASE(data_of_2_to_the_32_rows_is_refused) {
  const arma::mat tall(td::Index{1} << 33U, 0);
  BOOST_TEST(complaint<td::ShapeError>([&] { tape.input(tall); }) ==
             "tape: 8589934592x0; expected fewer than 2^32 rows and columns, and 2^44 elements");
  BOOST_CHECK_THROW(tape.variable(tall), td::ShapeError);
}

BOOST_AUTO_TEST_CASE(absurd_sizes_are_refused_before_memory_is_asked_for) {
  OnTape t;
  td::Columns absurd;
  absurd.element = td::Element::real64;
  absurd.data = t.ones.memptr();
  for (const td::Shape shape : {td::Shape{td::Index{1} << 32U, 1}, td::Shape{1, td::Index{1} << 32U},
                                td::Shape{td::Index{1} << 30U, td::Index{1} << 30U}}) {
    absurd.rows = shape.rows;
    absurd.count = shape.cols;
    BOOST_CHECK_THROW(t.tape.gather(absurd), td::ShapeError);
    BOOST_CHECK_THROW(t.tape.copy(absurd), td::ShapeError);
  }
}

BOOST_AUTO_TEST_CASE(backward_and_vjp_want_a_root) {
  OnTape t;
  td::Gradients gradients(t.store);
  const std::string said =
      complaint<td::UsageError>([&] { t.tape.backward(std::span<const td::Root>(), gradients); });
  BOOST_TEST(said == "tape.backward: no root; expected at least one, such as the loss");
  BOOST_CHECK_THROW(t.tape.vjp<double>(std::span<const td::Root>(), std::span<const td::Value>()),
                    td::UsageError);
  BOOST_CHECK_NO_THROW(t.tape.backward(td::sum(t.x)));  // the tape is not used up
}

BOOST_AUTO_TEST_CASE(labels_have_no_cotangent) {
  const td::Value labels = tape.input(td::IndexMatrix(1, 1));
  BOOST_CHECK_THROW(tape.backward(labels), td::UsageError);
  BOOST_CHECK_THROW(labels.cotangent<double>(), td::ScalarError);
  BOOST_CHECK_THROW(tape.vjp<double>({td::sum(x)}, {labels}), td::UsageError);
}

BOOST_AUTO_TEST_CASE(an_evaluate_tape_has_no_cotangents) {
  td::Memory third;
  td::Tape evaluating(store, third, td::evaluate);
  const td::Value v = evaluating.variable(ones);
  BOOST_TEST(complaint<td::UsageError>([&] { v.cotangent<double>(); }) ==
             "Value::cotangent: a tape that was not played back; expected tape.backward first");
  BOOST_CHECK_THROW(evaluating.vjp<double>({td::sum(v)}, {v}), td::UsageError);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
