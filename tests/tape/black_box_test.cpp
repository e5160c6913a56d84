#include "tapedeck/tape/black_box.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "support/complaint.hpp"
#include "support/temporary_folder.hpp"
#include "tapedeck/layers/dropout.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/layers/normalization.hpp"
#include "tapedeck/layers/sequential.hpp"
#include "tapedeck/ops/activation.hpp"
#include "tapedeck/ops/arithmetic.hpp"
#include "tapedeck/ops/loss.hpp"
#include "tapedeck/optim/sgd.hpp"

namespace td = tapedeck;
using test::complaint;
using test::contains;

BOOST_AUTO_TEST_SUITE(tape)

namespace {

const test::TemporaryFolder folder;
const std::string file = folder.path / "pass.box";

// A network with parameters, statistics and masks.
struct Network {
  td::ParameterStore store;
  td::Sequential model{td::Linear{store.scope("fc"), 2, 4}, td::BatchNorm{store.scope("norm"), 4},
                       td::Dropout{{.probability = 0.5}}, td::Linear{store.scope("out"), 4, 1}};
  td::Memory memory;
  explicit Network(const td::ParameterStore::Options& options) : store(options) {}
};

struct Result {
  arma::mat output;
  arma::mat gradient;
};

template <class T>
Result run(td::Tape& tape, const Network& network, const td::Value& x, const td::Value& target) {
  const td::Value y = network.model(x);
  td::Gradients gradients(tape.store());
  tape.backward(td::mse(y, target, td::batch_mean), gradients);
  return {arma::conv_to<arma::mat>::from(y.matrix<T>()),
          arma::conv_to<arma::mat>::from(gradients.of<T>(tape.store().parameter("fc.weight").handle()))};
}

bool same_bits(const arma::mat& a, const arma::mat& b) {
  return arma::size(a) == arma::size(b) &&
         std::memcmp(a.memptr(), b.memptr(), a.n_elem * sizeof(double)) == 0;
}

std::string contents() {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void replace_file(const std::string& text) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

std::string refused(const std::string& text) {
  replace_file(text);
  return complaint<td::FileError>([] { td::BlackBox::read(file); });
}

const std::string head = "tapedeck black box 1\nseed 1\nscalar double\nmode train\nstep 3\nfirst_column 0\n";

struct RemoveFile {
  ~RemoveFile() { std::filesystem::remove(file); }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(black_box, RemoveFile)

BOOST_AUTO_TEST_CASE(a_pass_is_replayed_bit_for_bit) {
  for (const td::Scalar scalar : {td::f32, td::f64}) {
    Network network({.seed = 11, .scalar = scalar});
    td::SGD optimizer{network.store, {.learning_rate = 0.1}};
    const arma::mat x(2, 6, arma::fill::randn);
    const arma::mat target(1, 6, arma::fill::randn);
    for (int i = 0; i < 3; ++i) {  // parameters, statistics and the count of passes move on
      td::Tape tape{network.store, network.memory};
      tape.backward(td::mse(network.model(tape.input(x)), target, td::batch_mean));
      optimizer.step();
      network.store.zero_grad();
    }
    td::with_scalar(scalar, [&]<class T>(T) {
      Result before;
      {
        td::Tape tape{network.store, network.memory, {.first_column = 5}};
        const td::Value in = tape.variable(x);
        before = run<T>(tape, network, in, tape.input(target));
        td::BlackBox(tape).write(file);
      }
      const td::BlackBox box = td::BlackBox::read(file);
      Network again(box.store_options());
      box.restore(again.store);
      BOOST_TEST(arma::approx_equal(again.store.buffer<T>("norm.running_mean"),
                                    network.store.buffer<T>("norm.running_mean"), "absdiff", 0));
      BOOST_TEST(box.tape_options().check_finite);
      td::Tape tape{again.store, again.memory, box.tape_options()};
      const auto in = box.inputs(tape);
      BOOST_REQUIRE(in.size() == 2U);
      const Result after = run<T>(tape, again, in[0], in[1]);
      BOOST_TEST(arma::norm(before.gradient) > 0);
      BOOST_TEST(same_bits(before.output, after.output));
      BOOST_TEST(same_bits(before.gradient, after.gradient));
      BOOST_TEST(arma::norm(in[0].cotangent<T>()) > 0);  // a variable is one again
    });
  }
}

BOOST_AUTO_TEST_CASE(every_number_keeps_its_bits) {
  using Limits = std::numeric_limits<double>;
  const arma::mat odd{{Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity(), 0.0, -0.0},
                      {Limits::denorm_min(), Limits::max(), Limits::lowest(), Limits::epsilon(), 1.0 / 3}};
  const td::IndexMatrix labels{{0, 1, ~td::Index{0}}};
  td::ParameterStore store{{.scalar = td::f64}};
  td::Memory memory;
  {
    td::Tape tape{store, memory, {.mode = td::evaluate}};
    tape.borrow(odd);
    tape.input(labels);
    tape.input(arma::mat(0, 3));
    tape.input(arma::mat(3, 0));
    td::BlackBox(tape).write(file);
  }
  const td::BlackBox box = td::BlackBox::read(file);
  BOOST_TEST((box.tape_options().mode == td::evaluate));
  td::Tape tape{store, memory};
  const auto in = box.inputs(tape);
  BOOST_REQUIRE(in.size() == 4U);
  const arma::mat& got = in[0].matrix<double>();
  BOOST_TEST(std::isnan(got(0, 0)));
  for (td::Index i = 1; i < odd.n_elem; ++i) BOOST_TEST(std::memcmp(&got[i], &odd[i], sizeof(double)) == 0);
  BOOST_TEST(arma::all(arma::vectorise(in[1].matrix<td::Index>() == labels)));
  BOOST_TEST((in[2].shape() == td::Shape{0, 3}));
  BOOST_TEST((in[3].shape() == td::Shape{3, 0}));
}

BOOST_AUTO_TEST_CASE(what_a_recomputed_function_puts_on_the_tape_is_left_to_it) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape{store, memory};
  const td::Value x = tape.variable(arma::fmat(2, 3, arma::fill::ones));
  tape.recompute([](const td::Value& h) { return td::tanh(h) + h.tape().input(arma::fmat(2, 3)); }, x);
  td::BlackBox box(tape);
  td::Memory other_memory;
  td::Tape other{store, other_memory};
  BOOST_TEST(box.inputs(other).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_store_that_does_not_fit_is_refused_and_left_alone) {
  Network network({.seed = 1});
  {
    td::Tape tape{network.store, network.memory};
    td::BlackBox(tape).write(file);
  }
  const td::BlackBox box = td::BlackBox::read(file);
  const auto restoring = [&](td::ParameterStore& store) { return [&] { box.restore(store); }; };

  Network other_seed({.seed = 2});
  BOOST_TEST(
      contains(complaint<td::UsageError>(restoring(other_seed.store)), "a store of seed 2; expected 1"));
  Network other_scalar({.seed = 1, .scalar = td::f64});
  BOOST_TEST(contains(complaint<td::ScalarError>(restoring(other_scalar.store)),
                      "a store of double; expected float"));
  td::ParameterStore missing{{.seed = 1}};
  const td::Linear fc{missing.scope("fc"), 2, 4};
  BOOST_TEST(contains(complaint<td::NameError>(restoring(missing)), "without the parameter \"norm.weight\""));
  Network extra({.seed = 1});
  extra.store.add("more", {1, 1}, td::ones);
  BOOST_TEST(
      contains(complaint<td::NameError>(restoring(extra.store)), "a store with the parameter \"more\""));

  td::ParameterStore other_shape{{.seed = 1}};
  const td::Sequential model{td::Linear{other_shape.scope("fc"), 2, 4},
                             td::BatchNorm{other_shape.scope("norm"), 4},
                             td::Linear{other_shape.scope("out"), 4, 3}};
  const arma::fmat before = other_shape.parameter("fc.weight").value<float>();
  network.store.parameter("fc.weight").value<float>().zeros();
  BOOST_TEST(contains(complaint<td::ShapeError>(restoring(other_shape)),
                      "parameter \"out.weight\" is 3x4; expected 1x4"));
  BOOST_TEST(arma::approx_equal(other_shape.parameter("fc.weight").value<float>(), before, "absdiff", 0));
}

BOOST_AUTO_TEST_CASE(a_file_cut_anywhere_is_refused) {
  Network network({.seed = 1});
  {
    td::Tape tape{network.store, network.memory};
    tape.input(td::IndexMatrix{{12, 3}});
    td::BlackBox(tape).write(file);
  }
  const std::string whole = contents();
  BOOST_REQUIRE(whole.ends_with("input index 1 2\n12\n3\nend\n"));
  for (std::size_t size = 0; size + 1 < whole.size(); ++size) {
    BOOST_REQUIRE(refused(whole.substr(0, size)) != "nothing was thrown");
  }
  replace_file(whole);
  BOOST_CHECK_NO_THROW(td::BlackBox::read(file));
}

BOOST_AUTO_TEST_CASE(damage_is_told_with_file_line_and_what_was_expected) {
  const auto says = [&](const std::string& text, const std::string& wanted) {
    const std::string said = refused(text);
    BOOST_TEST(contains(said, wanted), said);
    BOOST_TEST(contains(said, file), said);
  };
  says("", "another kind of file; expected one that begins \"tapedeck black box 1\"");
  says("PK\x03\x04", "another kind of file");
  says("tapedeck black box 12\n", "\"12\"; expected 1");
  says("tapedeck black box 1\nseed -1\n", "line 2: \"-1\"; expected a seed");
  says("tapedeck black box 1\nseed 1\nscalar half\n", "line 3: \"half\"; expected float or double");
  says(head, "\"the end of the file\"; expected parameter, buffer, input, variable or end");
  says(head + "nothing\n", "line 7: \"nothing\"");
  says(head + "input float 2\nend\n", "line 8: \"end\"; expected a number of columns");
  says(head + "input float 1 2\n1.8p+0 x\nend\n", "line 8: \"x\"; expected an element of the matrix");
  says(head + "input float 1 1\n1.8p+0z\nend\n", "line 8: \"1.8p+0z\"");
  says(head + "input float 1 1\n1 2\nend\n", "line 8: \"2\"; expected parameter");
  says(head + "input index 1 1\n1.5\nend\n", "line 8: \"1.5\"");
  says(head + "input float 4294967295 4294967295\n1\nend\n", "as many elements as follow");
  says(head + "input float 18446744073709551615 2\n1\nend\n", "as many elements as follow");
  says(head + "input float 1000000 1000000\n1\nend\n", "as many elements as follow");
  says(head + "variable index 1 1\n1\nend\n", "\"index\"; expected float or double");
  says(head + "parameter w float 1 1\n1\nend\n", "\"float\"; expected double");
}

BOOST_AUTO_TEST_CASE(files_that_cannot_be_read_or_written) {
  BOOST_TEST(contains(complaint<td::FileError>([] { td::BlackBox::read("/no/such/file"); }),
                      "/no/such/file: no file that can be read; expected a black box"));
  BOOST_CHECK_THROW(td::BlackBox::read(std::filesystem::temp_directory_path()), td::FileError);
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape{store, memory};
  const td::BlackBox box(tape);
  BOOST_CHECK_THROW(box.write("/no/such/folder/file"), td::FileError);
  if (std::filesystem::exists("/dev/full")) {  // what was there before stays
    replace_file("before");
    const std::string part = file + ".part";
    std::filesystem::create_symlink("/dev/full", part);
    BOOST_CHECK_THROW(box.write(file), td::FileError);
    BOOST_TEST(contents() == "before");
    BOOST_TEST(!std::filesystem::exists(std::filesystem::symlink_status(part)));
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
