// Objects that are saved together and put back together, or not at all.

#include "tapedeck/io/checkpoint.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "io/state_files.hpp"
#include "support/complaint.hpp"
#include "support/evidence.hpp"
#include "support/temporary_folder.hpp"
#include "tapedeck/io/safetensors.hpp"
#include "tapedeck/io/weights.hpp"
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;
using test::bytes_of;
using test::complaint;
using test::contains;

BOOST_AUTO_TEST_SUITE(io)
BOOST_AUTO_TEST_SUITE(checkpoint)

namespace {

const td::Dataset training = td::disk(200, 1);

struct Setup {
  td::ParameterStore store;
  td::Sequential model;
  td::Adam optimizer;
  td::ReduceOnPlateau scheduler;
  td::Trainer trainer;
  td::Checkpoint checkpoint;

  explicit Setup(td::Index hidden = 8, td::Scalar scalar = td::f32)
      : store({.seed = 3, .scalar = scalar}),
        model{td::Linear{store.scope("fc_1"), 2, hidden}, td::BatchNorm{store.scope("bn"), hidden},
              td::ReLU{}, td::Dropout{{.probability = 0.3}}, td::Linear{store.scope("fc_2"), hidden, 2}},
        optimizer(store, {.learning_rate = 0.02}),
        scheduler(optimizer, {.patience = 0, .factor = 0.5}),
        trainer(store, model, optimizer, td::CrossEntropyLoss{td::batch_mean}),
        checkpoint(store) {
    checkpoint.add("optimizer", optimizer).add("scheduler", scheduler).add("trainer", trainer);
  }

  /// Ten epochs of five batches.
  double fit(const td::Callback& callback = {}) {
    const td::Callback schedule = [this](td::EpochReport& epoch) { scheduler.step(epoch.loss); };
    return trainer
        .fit(training, {.epochs = 10, .batch_size = 45, .accumulate = 2, .callbacks = {schedule, callback}})
        .back()
        .loss;
  }
};

std::string first_weight(Setup& setup) {
  std::ostringstream text;
  text.precision(17);
  text << setup.store.parameter("fc_1.weight").value<float>();
  return text.str();
}

}  // namespace

BOOST_AUTO_TEST_CASE(training_goes_on_from_a_file_after_any_of_fifty_batches) {
  const test::TemporaryFolder folder;
  Setup whole;
  td::Index batch = 0;
  td::Callback saver;
  saver.on_batch = [&] { whole.checkpoint.save((folder.path / std::to_string(batch++)).string()); };
  const double loss = whole.fit(saver);
  BOOST_TEST(batch == 50);
  const std::string end = (folder.path / "end").string();
  whole.checkpoint.save(end);
  test::Evidence evidence(test::Promise::resuming,
                          "training, from the checkpoint file of each of 50 batches");
  evidence.outcome("the last checkpoint is the same file");
  for (td::Index i = 0; i < batch; ++i) {
    Setup resumed;
    resumed.checkpoint.load((folder.path / std::to_string(i)).string());
    const double resumed_loss = resumed.fit();
    const std::string again = (folder.path / "again").string();
    resumed.checkpoint.save(again);
    BOOST_TEST(resumed_loss == loss);
    BOOST_TEST((bytes_of(again) == bytes_of(end)), "from batch " << i);
    evidence.tried();
  }
}

BOOST_AUTO_TEST_CASE(the_one_before_is_kept) {
  const test::TemporaryFolder folder;
  const std::string path = (folder.path / "run.safetensors").string();
  Setup setup;
  setup.checkpoint.save(path);
  BOOST_TEST(!std::filesystem::exists(td::Checkpoint::previous(path)));
  const std::string first = bytes_of(path);
  setup.fit();
  setup.checkpoint.save(path);
  BOOST_TEST(bytes_of(td::Checkpoint::previous(path)) == first);
  const std::string second = bytes_of(path);
  BOOST_TEST(second != first);
  setup.fit();
  setup.checkpoint.save(path);
  BOOST_TEST(bytes_of(td::Checkpoint::previous(path)) == second);
  Setup other;
  other.checkpoint.load(td::Checkpoint::previous(path));
}

BOOST_AUTO_TEST_CASE(weights_have_their_own_names_and_the_rest_has_slashes) {
  const test::TemporaryFolder folder;
  const std::string path = (folder.path / "run").string();
  Setup setup;
  setup.checkpoint.set_words("classes", "?").set_words("classes", "out\nin");
  setup.checkpoint.save(path);
  const td::StateDict state = td::read_safetensors(path);
  BOOST_TEST(state.find("fc_1.weight") != nullptr);
  BOOST_TEST(state.find("bn.running_mean") != nullptr);
  BOOST_TEST(state.find("optimizer/mean/fc_1.weight") != nullptr);
  BOOST_TEST(state.find("trainer/passes") != nullptr);
  BOOST_TEST(*state.find_words("classes") == "out\nin");
  BOOST_TEST(*state.find_words("format") == "tapedeck checkpoint 1");
  BOOST_TEST(*state.find_words("tapedeck") == td::version);
  BOOST_TEST(*state.find_words("optimizer/kind") == "Adam");
}

BOOST_AUTO_TEST_CASE(a_file_of_other_objects_changes_nothing) {
  const test::TemporaryFolder folder;
  const std::string path = (folder.path / "run").string();
  Setup trained;
  trained.fit();
  trained.checkpoint.save(path);
  const auto refused = [&](Setup& other, td::Checkpoint& checkpoint) {
    const double rate = other.optimizer.learning_rate();
    const std::string message = complaint<td::StateError>([&] { checkpoint.load(path); });
    BOOST_TEST(message.starts_with(path + ": "), message);
    BOOST_TEST(other.optimizer.learning_rate() == rate);
    return message;
  };
  Setup wide(9);
  const std::string before = first_weight(wide);
  BOOST_TEST(contains(refused(wide, wide.checkpoint), "\"fc_1.weight\" is 8x2 instead of 9x2"));
  BOOST_TEST(first_weight(wide) == before);
  Setup exact(8, td::f64);
  BOOST_TEST(contains(refused(exact, exact.checkpoint), "\"fc_1.weight\" is of float instead of double"));
  Setup fewer;
  td::Checkpoint store_alone(fewer.store);
  BOOST_TEST(contains(refused(fewer, store_alone), "is left over; and "));
  Setup more;
  more.checkpoint.add("second", more.scheduler);
  BOOST_TEST(contains(refused(more, more.checkpoint), "\"second/kind\" is missing"));
}

BOOST_AUTO_TEST_CASE(what_is_no_checkpoint_is_refused) {
  const test::TemporaryFolder folder;
  const std::string path = (folder.path / "file").string();
  Setup setup;
  const std::string before = first_weight(setup);
  td::save_weights(path, setup.store);
  BOOST_TEST(
      complaint<td::FileError>([&] { setup.checkpoint.load(path); }) ==
      path +
          ": format is missing; expected \"tapedeck checkpoint 1\" (a checkpoint that this version of the "
          "library wrote)");
  const auto rewritten = [&](const std::string& key, const std::string& words) {
    setup.checkpoint.save(path);
    const td::StateDict saved = td::read_safetensors(path);
    td::StateDict changed;
    for (const td::StateDict::Entry& entry : saved.entries()) changed.add(entry);
    for (const auto& [name, text] : saved.words()) {
      if (name != "sha256") changed.add_words(name, name == key ? words : text);
    }
    td::write_safetensors(path, changed);
    return complaint<td::FileError>([&] { setup.checkpoint.load(path); });
  };
  BOOST_TEST(contains(rewritten("format", "tapedeck checkpoint 2"), "format is \"tapedeck checkpoint 2\""));
  BOOST_TEST(contains(rewritten("fingerprint", "0"), "fingerprint is \"0\""));
  std::string damaged = bytes_of(path);
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  std::ofstream(path, std::ios::binary) << damaged;
  BOOST_CHECK_THROW(setup.checkpoint.load(path), td::FileError);
  BOOST_CHECK_THROW(setup.checkpoint.load((folder.path / "missing").string()), td::FileError);
  BOOST_TEST(first_weight(setup) == before);
}

BOOST_AUTO_TEST_CASE(bad_names_and_folders_are_refused) {
  Setup setup;
  td::Checkpoint checkpoint(setup.store);
  BOOST_TEST(complaint<td::NameError>([&] { checkpoint.add("store", setup.optimizer); }) ==
             "Checkpoint: the name \"store\"; expected letters, digits, '_' and '-', and not \"store\"");
  BOOST_CHECK_THROW(checkpoint.add("a/b", setup.optimizer), td::NameError);
  BOOST_CHECK_THROW(checkpoint.add("", setup.optimizer), td::NameError);
  checkpoint.add("optimizer", setup.optimizer);
  BOOST_CHECK_THROW(checkpoint.add("optimizer", setup.optimizer), td::NameError);
  BOOST_CHECK_THROW(checkpoint.set_words("format", "mine"), td::NameError);
  BOOST_CHECK_THROW(checkpoint.set_words("fingerprint", "mine"), td::NameError);
  const test::TemporaryFolder folder;
  BOOST_CHECK_THROW(checkpoint.save((folder.path / "missing" / "file").string()), td::FileError);
  BOOST_CHECK_THROW(checkpoint.save(folder.path.string()), td::FileError);
}

BOOST_AUTO_TEST_CASE(weights_go_from_float_to_double_and_back) {
  const test::TemporaryFolder folder;
  const std::string path = (folder.path / "weights").string();
  Setup trained;
  trained.fit();
  td::save_weights(path, trained.store);
  Setup exact(8, td::f64);
  td::load_weights(path, exact.store);
  const auto same = [&](const char* name) {
    const td::Matrix<double> there = exact.store.parameter(name).value<double>();
    const td::Matrix<double> here =
        arma::conv_to<td::Matrix<double>>::from(trained.store.parameter(name).value<float>());
    return arma::approx_equal(there, here, "absdiff", 0);
  };
  BOOST_TEST(same("fc_1.weight"));
  BOOST_TEST(same("bn.weight"));
  td::save_weights(path, exact.store);
  Setup back;
  td::load_weights(path, back.store);
  BOOST_TEST(first_weight(back) == first_weight(trained));
  BOOST_TEST(arma::approx_equal(back.store.buffer<float>("bn.running_var"),
                                trained.store.buffer<float>("bn.running_var"), "absdiff", 0));
}

BOOST_AUTO_TEST_CASE(weights_that_do_not_fit_are_named) {
  const test::TemporaryFolder folder;
  const std::string path = (folder.path / "weights").string();
  Setup setup;
  td::save_weights(path, setup.store);
  Setup wide(9);
  const std::string before = first_weight(wide);
  BOOST_TEST(contains(complaint<td::StateError>([&] { td::load_weights(path, wide.store); }),
                      path + ": \"fc_1.weight\" is 8x2 instead of 9x2"));
  BOOST_TEST(first_weight(wide) == before);
  td::StateDict more = td::read_safetensors(path);
  more.add({.name = "bn.num_batches_tracked", .value = td::IndexMatrix{7}, .vector = true});
  td::StateDict copy;
  for (const td::StateDict::Entry& entry : more.entries()) copy.add(entry);
  td::write_safetensors(path, copy);
  BOOST_TEST(contains(complaint<td::StateError>([&] { td::load_weights(path, setup.store); }),
                      "\"bn.num_batches_tracked\" is left over"));
  BOOST_CHECK_NO_THROW(td::load_weights(path, setup.store, {.ignore_left_over = true}));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
