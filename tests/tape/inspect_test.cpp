#include "tapedeck/tape/inspect.hpp"

#include <boost/test/unit_test.hpp>
#include <sstream>

#include "support/complaint.hpp"
#include "tapedeck/layers/activation.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/layers/loss.hpp"
#include "tapedeck/layers/normalization.hpp"
#include "tapedeck/layers/sequential.hpp"
#include "tapedeck/ops/activation.hpp"
#include "tapedeck/ops/arithmetic.hpp"
#include "tapedeck/ops/dropout.hpp"
#include "tapedeck/ops/loss.hpp"
#include "tapedeck/ops/reduction.hpp"
#include "tapedeck/tape/op.hpp"

namespace td = tapedeck;
using test::contains;

BOOST_AUTO_TEST_SUITE(tape)
BOOST_AUTO_TEST_SUITE(inspect)

namespace {

struct Small {
  td::ParameterStore store;
  td::Sequential model{td::Linear{store.scope("fc_1"), 2, 3}, td::Tanh{},
                       td::Linear{store.scope("fc_2"), 3, 1}};
  td::Memory memory;
  arma::fmat x = arma::fmat(2, 5, arma::fill::ones);
};

// Costs what it says.
struct PricedOp {
  static constexpr auto name = "priced";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b) | s(f,1)";
  double price;
  double flops(td::Shape x) const { return price * static_cast<double>(x.cols); }
  void forward(auto& y, auto& s, const auto& x) const {
    y = x;
    s.zeros();
  }
  void vjp(auto& dx, const auto& dy, const auto& /*s*/) const { dx += dy; }
};

std::string text(const td::Inspection& inspection) {
  std::ostringstream out;
  out << inspection;
  return out.str();
}

}  // namespace

BOOST_FIXTURE_TEST_CASE(records_tell_ops_layers_shapes_bytes_and_flops, Small) {
  td::Tape tape{store, memory};
  tape.backward(td::sum(model(tape.input(x))));
  const td::Inspection seen = td::inspect(tape);
  BOOST_REQUIRE(seen.records.size() == 4U);
  const td::InspectedRecord& first = seen.records[0];
  BOOST_TEST(first.op == "affine");
  BOOST_TEST(first.layer == "fc_1");
  BOOST_REQUIRE(first.inputs.size() == 3U);
  BOOST_TEST(first.inputs[0].name == "weight");
  BOOST_TEST(first.inputs[0].stored == "fc_1.weight");
  BOOST_TEST((first.inputs[0].shape == td::Shape{3, 2}));
  BOOST_TEST(first.inputs[2].stored.empty());
  BOOST_TEST((first.outputs.at(0).shape == td::Shape{3, 5}));
  BOOST_TEST(first.bytes == 3U * 5U * sizeof(float));
  BOOST_TEST(first.flops == 2 * 3 * 2 * 5);  // a product and a bias: 2 n m b
  BOOST_TEST(!first.forward);
  BOOST_TEST(!first.backward);
  BOOST_TEST(seen.records[1].op == "tanh");
  BOOST_TEST(seen.records[1].inputs[0].entry == first.outputs[0].entry);
  BOOST_TEST(seen.records[1].flops == 15);  // one for each element
  BOOST_TEST(seen.records[3].layer.empty());
  BOOST_TEST(seen.peak_bytes == tape.bytes_used());
}

BOOST_FIXTURE_TEST_CASE(outside_of_sequentials_a_layer_is_known_by_its_parameters, Small) {
  const td::Linear gate{store.scope("cell").scope("gate"), 2, 3};
  const td::Parameter alone = store.add("alone", {2, 5}, td::ones);
  td::Tape tape{store, memory};
  const td::Value in = tape.input(x);
  gate(in);
  td::add(in, alone);
  const td::Inspection seen = td::inspect(tape);
  BOOST_TEST(seen.records.at(0).layer == "cell.gate");
  BOOST_TEST(seen.records.at(1).layer.empty());
}

BOOST_FIXTURE_TEST_CASE(an_op_says_what_it_costs_and_what_it_saves, Small) {
  td::Tape tape{store, memory};
  td::apply(PricedOp{7}, tape.variable(x));
  const td::Inspection seen = td::inspect(tape);
  BOOST_TEST(seen.records.at(0).flops == 7 * 5);
  BOOST_TEST((seen.records[0].saved.at(0).shape == td::Shape{2, 1}));
  BOOST_TEST(seen.records[0].bytes == (10U + 2U) * sizeof(float));
}

BOOST_FIXTURE_TEST_CASE(a_traced_tape_has_times_and_all_that_was_applied, Small) {
  store.freeze("fc_1");
  for (const bool trace : {false, true}) {
    td::Tape tape{store, memory, {.trace = trace}};
    tape.backward(td::sum(model(tape.input(x))));
    const td::Inspection seen = td::inspect(tape);
    BOOST_TEST(seen.records.size() == (trace ? 4U : 2U));  // nothing flows back into the frozen layer
    for (const td::InspectedRecord& r : seen.records) {
      BOOST_TEST(r.forward.has_value() == trace);
      if (trace) BOOST_TEST((*r.forward > 0 && *r.forward < 10));
    }
    if (trace) BOOST_TEST((*seen.records[3].backward > 0 && *seen.records[3].backward < 10));
  }
}

BOOST_FIXTURE_TEST_CASE(tracing_changes_no_number, Small) {
  std::vector<arma::fmat> gradients;
  for (const bool trace : {false, true}) {
    td::Tape tape{store, memory, {.trace = trace, .step = 3}};
    store.zero_grad();
    const td::Value h =
        tape.recompute([&](const td::Value& in) { return td::dropout(model(in), 0.5); }, tape.input(x));
    tape.backward(td::sum(h));
    gradients.push_back(store.parameter("fc_1.weight").gradient<float>());
    BOOST_TEST(td::inspect(tape).records.size() == 2U);
    BOOST_TEST(td::inspect(tape).records[0].op == "recompute");
    BOOST_TEST(td::inspect(tape).records[0].flops == 2 * 3 * 2 * 5 + 15 + 2 * 3 * 5 + 5);
    BOOST_TEST(td::inspect(tape).records[0].inputs.size() == 5U);  // four parameters and x
  }
  BOOST_TEST(arma::norm(gradients[0]) > 0);
  BOOST_TEST(arma::approx_equal(gradients[0], gradients[1], "absdiff", 0));
}

BOOST_FIXTURE_TEST_CASE(an_evaluate_tape_shows_records_only_when_traced, Small) {
  for (const bool trace : {false, true}) {
    td::Tape tape{store, memory, {.mode = td::evaluate, .trace = trace}};
    model(tape.input(x));
    const td::Inspection seen = td::inspect(tape);
    BOOST_TEST(seen.records.size() == (trace ? 3U : 0U));
    if (trace) BOOST_TEST((seen.records[0].outputs[0].shape == td::Shape{3, 5}));
  }
}

BOOST_FIXTURE_TEST_CASE(the_table, Small) {
  td::Tape tape{store, memory};
  const td::Tape::At at(tape, "outer");
  td::dropout(model(tape.input(x)), 0.5);
  const td::Inspection seen = td::inspect(tape);
  const std::string peak = std::to_string(seen.peak_bytes);
  BOOST_TEST(text(seen) ==
             "layer         op         inputs       outputs  saved  bytes  flops\n"
             "outer.fc_1    affine     3x2 3x1 2x5  3x5                60     60\n"
             "outer.tanh_1  tanh       3x5          3x5                60     15\n"
             "outer.fc_2    affine     1x3 1x1 3x5  1x5                20     30\n"
             "outer         dropout    1x5          1x5      1x5       40      5\n"
             "              4 records                                 180    110\n"
             "peak memory of the tape: " +
                 peak + " bytes\n");
}

BOOST_FIXTURE_TEST_CASE(the_table_with_times, Small) {
  td::Inspection seen;
  seen.records.push_back({.op = "a", .layer = "", .inputs = {}, .outputs = {}, .saved = {}});
  seen.records[0].forward = 1.5e-6;
  seen.records[0].backward = 20e-6;
  seen.records.push_back(seen.records[0]);
  BOOST_TEST(text(seen) ==
             "layer  op         inputs  outputs  saved  bytes  flops  forward us  backward us\n"
             "       a                                      0      0        1.50        20.00\n"
             "       a                                      0      0        1.50        20.00\n"
             "       2 records                              0      0        3.00        40.00\n"
             "peak memory of the tape: 0 bytes\n");
}

BOOST_FIXTURE_TEST_CASE(the_drawing, Small) {
  td::Tape tape{store, memory};
  td::tanh(model(tape.input(x)));
  const std::string dot = td::inspect(tape).graphviz();
  BOOST_TEST(contains(dot, "digraph tape {\n"));
  BOOST_TEST(contains(dot, "record_0 [label=\"fc_1\\naffine\"];\n"));
  BOOST_TEST(
      contains(dot, "[label=\"fc_1.weight\\n3x2\", shape=ellipse, style=filled, fillcolor=lightgrey];\n"));
  BOOST_TEST(contains(dot, "[label=\"input\\n2x5\", shape=ellipse];\n"));
  BOOST_TEST(contains(dot, "  entry_0 -> record_0;\n"));  // the first parameter
  BOOST_TEST(contains(dot, "record_0 -> record_1 [label=\"3x5\"];\n"));
  BOOST_TEST(contains(dot, "record_2 -> record_3 [label=\"1x5\"];\n"));
  BOOST_TEST(dot.ends_with("}\n"));
}

BOOST_FIXTURE_TEST_CASE(names_cannot_break_out_of_the_drawing, Small) {
  td::Tape tape{store, memory};
  const td::Tape::At at(tape, "a \"b\" \\c");
  td::tanh(tape.variable(x));
  BOOST_TEST(contains(td::inspect(tape).graphviz(), R"([label="a \"b\" \\c\ntanh"];)"));
}

BOOST_FIXTURE_TEST_CASE(an_empty_tape_can_be_looked_at, Small) {
  td::Tape tape{store, memory};
  BOOST_TEST(td::inspect(tape).records.empty());
  BOOST_TEST(contains(text(td::inspect(tape)), "0 records"));
  BOOST_TEST(td::inspect(tape).graphviz().ends_with("}\n"));
}

BOOST_AUTO_TEST_CASE(a_tape_without_memory_cannot) {
  td::ParameterStore store;
  auto memory = std::make_unique<td::Memory>();
  const td::Tape tape{store, *memory};
  memory.reset();
  BOOST_CHECK_THROW(td::inspect(tape), td::UsageError);
  BOOST_CHECK_THROW(tape.bytes_used(), td::UsageError);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
