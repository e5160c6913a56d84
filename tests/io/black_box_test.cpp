#include "tapedeck/io/black_box.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <filesystem>
#include <string>
#include <tuple>

#include "io/state_files.hpp"
#include "param/support.hpp"
#include "support/complaint.hpp"
#include "support/temporary_folder.hpp"
#include "tape/black_box_network.hpp"
#include "tapedeck/io/checkpoint.hpp"
#include "tapedeck/io/safetensors.hpp"
#include "tapedeck/io/weights.hpp"
#include "tapedeck/train/trainer.hpp"

namespace td = tapedeck;
using test::complaint;
using test::contains;
using test::box::Network;

BOOST_AUTO_TEST_SUITE(io)

namespace {

using Scalars = std::tuple<float, double>;

struct BoxFile {
  test::TemporaryFolder folder;
  std::string path = folder.path / "pass.safetensors";

  std::string refused() const {
    return complaint<td::FileError>([&] { td::read_black_box(path); });
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(black_box, BoxFile)

BOOST_AUTO_TEST_CASE_TEMPLATE(a_pass_is_replayed_from_its_file_bit_for_bit, T, Scalars) {
  const auto& [box, before, means] = test::box::kept_pass<T>();
  BOOST_TEST(arma::norm(before.gradient) > 0);
  td::write_black_box(this->path, box);
  BOOST_TEST(test::box::same(test::box::replay<T>(td::read_black_box(this->path)), before));
}

BOOST_AUTO_TEST_CASE(every_number_keeps_its_bits) {
  td::write_black_box(path, test::box::odd_box());
  const td::BlackBox box = td::read_black_box(path);
  BOOST_TEST((box.tape_options().mode == td::evaluate));
  BOOST_TEST(test::box::has_odd_inputs(box));
}

// x is finite, its sums over the features are not.
BOOST_AUTO_TEST_CASE(training_that_meets_inf_leaves_a_file_that_repeats_it) {
  const td::Dataset data{arma::fmat(2, 6, arma::fill::value(3e38F)), arma::fmat(1, 6)};
  const auto fit = [&](const std::string& file) {
    Network network({.seed = 3});
    network.store.parameter("fc.weight").value<float>().ones();
    td::SGD optimizer{network.store};
    td::Trainer trainer{network.store, network.model, optimizer, td::MSELoss{td::batch_mean}};
    return complaint<td::NonFiniteError>(
        [&] { trainer.fit(data, {.batch_size = 6, .black_box = td::black_box_writer(file)}); });
  };
  const std::string said = fit(path);
  BOOST_TEST(contains(said, "; black_box was given the pass"), said);

  const td::BlackBox box = td::read_black_box(path);
  Network again(box.store_options());
  box.restore(again.store);
  td::Tape tape{again.store, again.memory, box.tape_options()};
  const std::vector<td::Value> in = box.inputs(tape);
  BOOST_REQUIRE(in.size() == 1U);
  const std::string record = complaint<td::NonFiniteError>([&] { again.model(in[0]); });
  BOOST_TEST(contains(record, "fc (affine)"), record);
  BOOST_TEST(contains(said, record), said);

  const std::string lost = fit(path + "/no_folder/nan");
  BOOST_TEST(contains(lost, "; the pass could not be kept: " + path + "/no_folder/nan: "), lost);
  BOOST_TEST(contains(lost, record), lost);
}

BOOST_AUTO_TEST_CASE(its_parameters_are_weights_for_others) {
  Network network({.seed = 1});
  {
    td::Tape tape{network.store, network.memory};
    td::write_black_box(path, td::BlackBox(tape));
  }
  Network other({.seed = 2});
  td::load_weights(path, other.store, {.ignore_left_over = true});
  BOOST_TEST(test::same_bits(other.store.parameter("fc.weight").value<float>(),
                             network.store.parameter("fc.weight").value<float>()));
}

BOOST_AUTO_TEST_CASE(damage_and_other_files_are_told_with_the_file_and_the_entry) {
  BOOST_TEST(contains(refused(), path + ": "));  // there is none
  td::write_black_box(path, test::box::odd_box());
  const std::string whole = test::bytes_of(path);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    test::put_bytes(path, whole.substr(0, size));
    BOOST_REQUIRE(contains(refused(), path + ": "));
  }
  for (const std::size_t at : {whole.size() / 2, whole.size() - 1}) {
    std::string flipped = whole;
    flipped[at] ^= 1;
    test::put_bytes(path, flipped);
    BOOST_TEST(contains(refused(), path + ": "));
  }

  const auto says = [&](const std::string& what) {
    const std::string said = complaint<td::StateError>([&] { td::read_black_box(path); });
    BOOST_TEST(contains(said, path + ": " + what), said);
  };
  const td::StateDict good = test::box::odd_box().state();
  td::write_safetensors(path, test::box::with(good, "pass/inputs/2", std::nullopt));
  says("\"pass/inputs/2\" is missing");
  td::write_safetensors(path, test::box::with(good, "pass/step", td::Matrix<double>{1}));
  says("\"pass/step\" is of double instead of index");
  td::ParameterStore store;
  td::Checkpoint(store).save(path);
  says("\"pass/kind\" is missing");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
