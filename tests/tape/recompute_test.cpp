#include <boost/test/unit_test.hpp>
#include <memory>
#include <optional>

#include "support/complaint.hpp"
#include "tapedeck/check/gradient_check.hpp"
#include "tapedeck/layers/activation.hpp"
#include "tapedeck/layers/dropout.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/layers/normalization.hpp"
#include "tapedeck/layers/sequential.hpp"
#include "tapedeck/ops/activation.hpp"
#include "tapedeck/ops/affine.hpp"
#include "tapedeck/ops/arithmetic.hpp"
#include "tapedeck/ops/dropout.hpp"
#include "tapedeck/ops/loss.hpp"
#include "tapedeck/ops/reduction.hpp"
#include "tapedeck/optim/sgd.hpp"
#include "tapedeck/tape/op.hpp"

namespace td = tapedeck;
using test::complaint;
using test::contains;

BOOST_AUTO_TEST_SUITE(tape)
BOOST_AUTO_TEST_SUITE(recompute)

namespace {

const arma::fmat x0{{1, -2, 3, 0.5F}, {4, 5, -6, 1}, {0, 1, 2, -1}};

// Three blocks with everything that could go wrong: parameters, batch statistics, masks.
struct Deep {
  td::ParameterStore store{{.seed = 7}};
  std::vector<td::Sequential> blocks;

  Deep() {
    for (int i = 0; i < 3; ++i) {
      const td::Scope scope = store.scope("block_" + std::to_string(i));
      blocks.push_back(td::Sequential{td::Linear{scope.scope("fc"), 3, 3}, td::Tanh{},
                                      td::BatchNorm{scope.scope("norm"), 3},
                                      td::Dropout{{.probability = 0.4}}});
    }
  }

  td::Value run(td::Tape& tape, td::Value h, bool recomputed) const {
    for (const td::Sequential& block : blocks) {
      h = recomputed ? tape.recompute([&](const td::Value& in) { return block(in); }, h) : block(h);
      h = td::dropout(h, 0.2);  // outside: its stream must come after those inside
    }
    return h;
  }
};

// What a training step leaves: output, gradients of all parameters, values and statistics after the step.
std::vector<arma::fmat> step(bool recomputed) {
  Deep deep;
  td::SGD optimizer{deep.store, {.learning_rate = 0.1}};
  td::Memory memory;
  std::vector<arma::fmat> all;
  for (int i = 0; i < 3; ++i) {
    td::Tape tape{deep.store, memory};
    const td::Value x = tape.variable(x0);
    const td::Value y = deep.run(tape, x, recomputed);
    deep.store.zero_grad();
    tape.backward(td::sum(y % y));
    all.push_back(y.matrix<float>());
    all.push_back(x.cotangent<float>());
    for (const td::ParameterView& p : deep.store.parameters()) all.push_back(p.gradient<float>());
    optimizer.step();
    for (const td::ParameterView& p : deep.store.parameters()) all.push_back(p.value<float>());
    for (const auto& buffer : deep.store.internals().layout().buffers)
      all.push_back(deep.store.buffer<float>(buffer.name));
  }
  return all;
}

bool same_bits(const arma::fmat& a, const arma::fmat& b) {
  return arma::size(a) == arma::size(b) && std::equal(a.begin(), a.end(), b.begin());
}

struct Plain {
  td::ParameterStore store{{.seed = 3, .scalar = td::f64}};
  td::Linear layer{store.scope("fc"), 3, 3};
  td::Memory memory;
  arma::mat x = arma::conv_to<arma::mat>::from(x0);
};

// Two outputs: x and x^2.
struct PowersOp {
  static constexpr auto name = "powers";
  static constexpr td::Signature signature = "x(f,b)* -> a(f,b) c(f,b)";
  void forward(auto& a, auto& c, const auto& x) const {
    a = x;
    c = x % x;
  }
  void vjp(auto& dx, const auto& da, const auto& dc, const auto& x) const { dx += da + 2 * x % dc; }
};

}  // namespace

BOOST_AUTO_TEST_CASE(three_steps_are_the_same_bit_for_bit_with_masks_and_statistics) {
  const auto plain = step(false);
  const auto recomputed = step(true);
  BOOST_REQUIRE(plain.size() == recomputed.size());
  for (std::size_t i = 0; i < plain.size(); ++i)
    BOOST_TEST(same_bits(plain[i], recomputed[i]), "matrix " << i);
}

BOOST_AUTO_TEST_CASE(memory_falls) {
  td::ParameterStore store;
  std::vector<td::Sequential> blocks;
  for (int i = 0; i < 8; ++i) {
    const td::Scope scope = store.scope("block_" + std::to_string(i));
    blocks.push_back(td::Sequential{
        td::Linear{scope.scope("a"), 64, 64}, td::Tanh{}, td::Linear{scope.scope("b"), 64, 64}, td::Tanh{},
        td::Linear{scope.scope("c"), 64, 64}, td::Tanh{}, td::Linear{scope.scope("d"), 64, 64}, td::Tanh{}});
  }
  const arma::fmat x(64, 256, arma::fill::ones);
  const auto bytes = [&](bool recomputed) {
    td::Memory memory;
    td::Tape tape{store, memory};
    td::Value h = tape.borrow(x);
    for (const auto& block : blocks) {
      h = recomputed ? tape.recompute([&](const td::Value& in) { return block(in); }, h) : block(h);
    }
    tape.backward(td::sum(h));
    return static_cast<double>(tape.bytes_used()) / static_cast<double>(x.n_elem * sizeof(float));
  };
  // In units of one activation: of 8 blocks of 8 activations each, 8 results and one block at a time are
  // left, and some cotangents.
  const double all = bytes(false);
  const double some = bytes(true);
  BOOST_TEST(all > 64);
  BOOST_TEST(all < 72);
  BOOST_TEST(some < 8 + 8 + 6);
}

BOOST_FIXTURE_TEST_CASE(the_checker_finds_nothing, Plain) {
  const auto f = [this](td::Tape& tape, const std::vector<td::Value>& in) {
    const td::Value gate = td::sigmoid(in[1]);
    const td::Value inner = tape.recompute(  // one inside the other, the gate captured
        [this, gate](const td::Value& h) {
          return h.tape().recompute([this, gate](const td::Value& g) { return layer(td::tanh(g)) % gate; },
                                    layer(h)) +
                 h;
        },
        in[0]);
    return inner % in[0];
  };
  const auto report = td::check_gradient(store, f, {td::Shape{3, 4}, td::Shape{3, 4}});
  BOOST_TEST(report.passed(), report);
}

BOOST_FIXTURE_TEST_CASE(a_pulled_back_cotangent_may_be_asked_for_again_and_again, Plain) {
  const arma::mat v = arma::randu(3, 4);
  std::vector<std::vector<arma::mat>> got;
  for (const bool recomputed : {false, true}) {
    td::Tape tape(store, memory);
    const td::Value in = tape.variable(x);
    const auto f = [&](const td::Value& h) { return td::tanh(layer(h)); };
    const td::Value y = recomputed ? tape.recompute(f, in) : f(in);
    const td::Value weight = tape.parameter(layer.weight());
    for (int i = 0; i < 3; ++i) {
      got.push_back(tape.vjp<double>({{y, v}}, {in, weight}));
      got.push_back(tape.vjp<double>({{y, v}}, {weight}));
      got.push_back(tape.vjp<double>({{y % y, v}}, {y}));  // the result itself is sought
    }
  }
  BOOST_REQUIRE(got.size() == 18U);
  for (std::size_t i = 0; i < 9; ++i) {
    BOOST_TEST(arma::norm(got[i][0]) > 0);
    for (std::size_t k = 0; k < got[i].size(); ++k) {
      BOOST_TEST(arma::approx_equal(got[i][k], got[i + 9][k], "absdiff", 0), i << ", " << k);
      BOOST_TEST(arma::approx_equal(got[i][k], got[i % 3][k], "absdiff", 0), i << ", " << k);
    }
  }
}

BOOST_FIXTURE_TEST_CASE(the_tape_goes_on_as_if_nothing_had_been_played, Plain) {
  const arma::mat v(3, 4, arma::fill::ones);
  std::vector<arma::mat> masked;
  for (const bool recomputed : {false, true}) {
    td::Tape tape(store, memory, td::TapeOptions{.step = 4});
    const td::Value in = tape.variable(x);
    const auto f = [](const td::Value& h) { return td::dropout(h, 0.5); };
    std::optional<td::Tape::At> at(std::in_place, tape, "block");
    const td::Value y = recomputed ? tape.recompute(f, in) : f(in);
    at.reset();
    masked.push_back(tape.vjp<double>({{y, v}}, {in})[0]);
    masked.push_back(f(y).matrix<double>());  // outside of the block
    at.emplace(tape, "block");
    tape.vjp<double>({{y, v}}, {in});
    masked.push_back(f(y).matrix<double>());
    at.reset();
    masked.push_back(f(y).matrix<double>());
  }
  for (std::size_t i = 0; i < 4; ++i) {
    BOOST_TEST(arma::norm(masked[i]) > 0);
    BOOST_TEST(arma::approx_equal(masked[i], masked[i + 4], "absdiff", 0), i);
  }
}

BOOST_FIXTURE_TEST_CASE(one_output_of_several_may_be_the_result, Plain) {
  td::Tape tape(store, memory);
  const td::Value in = tape.variable(x);
  const td::Value y = tape.recompute([](const td::Value& h) { return td::apply(PowersOp{}, h)[1]; }, in);
  tape.backward(td::sum(y));
  BOOST_TEST(arma::approx_equal(in.cotangent<double>(), 2 * x, "absdiff", 0));
}

BOOST_FIXTURE_TEST_CASE(the_result_may_be_used_twice_and_the_function_too, Plain) {
  td::Tape tape(store, memory);
  const td::Value in = tape.variable(x);
  const auto square = [](const td::Value& h) { return h % h; };
  const td::Value a = tape.recompute(square, in);
  const td::Value b = tape.recompute(square, a);
  tape.backward(td::sum(a + a + b));
  BOOST_TEST(arma::approx_equal(in.cotangent<double>(), 4 * x + 4 * x % x % x, "reldiff", 1e-15));
}

BOOST_FIXTURE_TEST_CASE(nothing_is_recomputed_where_nothing_flows_back, Plain) {
  int calls = 0;
  const auto f = [&](const td::Value& h) {
    ++calls;
    return td::tanh(td::tanh(h));
  };
  {
    td::Tape tape(store, memory);
    const td::Value y = tape.recompute(f, tape.input(x));
    tape.backward(td::sum(layer(y)));
    BOOST_TEST(calls == 1);
  }
  td::Tape tape(store, memory, td::evaluate);
  BOOST_TEST(td::sum(tape.recompute(f, tape.input(x))).item() ==
             td::sum(td::tanh(td::tanh(tape.input(x)))).item());
  BOOST_TEST(calls == 2);
}

BOOST_FIXTURE_TEST_CASE(the_argument_itself_may_be_the_result, Plain) {
  td::Tape tape(store, memory);
  const td::Value in = tape.variable(x);
  const td::Value y = tape.recompute(
      [](const td::Value& h) {
        td::tanh(h);
        return h;
      },
      in);
  tape.backward(td::sum(y));
  BOOST_TEST(arma::approx_equal(in.cotangent<double>(), arma::ones(3, 4), "absdiff", 0));
}

BOOST_FIXTURE_TEST_CASE(a_function_that_gives_something_else_the_second_time_is_refused, Plain) {
  int calls = 0;
  td::Tape tape(store, memory);
  const td::Value y =
      tape.recompute([&](const td::Value& h) { return td::scale(h, ++calls); }, tape.variable(x));
  const std::string error = complaint<td::ContractError>([&] { tape.backward(td::sum(y)); });
  BOOST_TEST(contains(error, "recompute: a function that gave another result when it was run again"));
}

BOOST_FIXTURE_TEST_CASE(parameters_that_changed_in_between_are_noticed, Plain) {
  td::Tape tape(store, memory);
  const td::Value y = tape.recompute(layer, tape.variable(x));
  store.parameter("fc.weight").value<double>()(0, 0) += 1;
  BOOST_CHECK_THROW(tape.backward(td::sum(y)), td::ContractError);
}

BOOST_FIXTURE_TEST_CASE(what_the_function_made_on_the_way_is_released, Plain) {
  td::Tape tape(store, memory);
  td::Value leaked;
  const td::Value y = tape.recompute(
      [&](const td::Value& h) {
        leaked = td::tanh(h);
        return td::tanh(leaked);
      },
      tape.variable(x));
  BOOST_TEST(contains(complaint<td::HandleError>([&] { td::tanh(leaked); }), "released"));
  BOOST_CHECK_NO_THROW(tape.backward(td::sum(y)));
}

BOOST_FIXTURE_TEST_CASE(functions_are_copied_and_die_with_the_tape, Plain) {
  const auto alive = std::make_shared<double>(2);
  {
    td::Tape tape(store, memory);
    const td::Value in = tape.variable(x);
    const td::Value y = tape.recompute([alive](const td::Value& h) { return td::scale(h, *alive); }, in);
    BOOST_TEST(alive.use_count() == 2);
    tape.backward(td::sum(y));
    BOOST_TEST(in.cotangent<double>()(0, 0) == 2);
  }
  BOOST_TEST(alive.use_count() == 1);
}

BOOST_FIXTURE_TEST_CASE(errors_of_the_function_pass_through_and_the_tape_goes_on, Plain) {
  td::Tape tape(store, memory);
  const td::Value in = tape.variable(x);
  const td::Value wide = tape.variable(arma::mat(5, 4, arma::fill::ones));
  BOOST_CHECK_THROW(tape.recompute(layer, wide), td::ShapeError);
  BOOST_CHECK_THROW(tape.recompute([](const td::Value&) { return td::Value(); }, in), td::HandleError);
  BOOST_CHECK_THROW(tape.recompute(layer, td::Value()), td::HandleError);
  BOOST_CHECK_THROW(tape.recompute(std::function<td::Value(const td::Value&)>(), in), td::UsageError);
  tape.backward(td::sum(tape.recompute(layer, in)));
  BOOST_TEST(arma::norm(in.cotangent<double>()) > 0);

  td::Memory other_memory;
  td::Tape other(store, other_memory);
  BOOST_CHECK_THROW(other.recompute([&](const td::Value&) { return in; }, other.variable(x)),
                    td::HandleError);
}

BOOST_FIXTURE_TEST_CASE(an_error_in_backward_leaves_the_memory_usable, Plain) {
  {
    bool again = false;
    td::Tape tape(store, memory);
    const td::Value y = tape.recompute(
        [&](const td::Value& h) {
          if (again) throw std::runtime_error("no more");
          again = true;
          return layer(h);
        },
        tape.variable(x));
    BOOST_CHECK_THROW(tape.backward(td::sum(y)), std::runtime_error);
  }
  td::Tape tape(store, memory);
  BOOST_CHECK_NO_THROW(tape.backward(td::sum(tape.recompute(layer, tape.variable(x)))));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
