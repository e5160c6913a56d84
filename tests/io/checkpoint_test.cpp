// Objects that are saved together and put back together, or not at all.

#include "tapedeck/io/checkpoint.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
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

// A store of one matrix of 2x2 and one bias of two, and a file that has them as JSON says.
struct Weights {
  test::TemporaryFolder folder;
  std::string path = folder.path / "weights";
  td::ParameterStore store;

  explicit Weights(td::Scalar scalar = td::f32) : store({.scalar = scalar}) {
    store.add("w", {2, 2}, td::constant(7));
    store.add("row", {1, 2}, td::constant(7));
  }
  // The tensors "w" and "row" of four and two elements of that type.
  void put(const std::string& dtype, const std::string& bytes, const std::string& more = "",
           const std::string& more_bytes = "") const {
    const auto n = std::to_string(bytes.size());
    const auto part = std::to_string(bytes.size() / 3 * 2);
    test::put_bytes(
        path, test::safetensors(R"({"w":{"dtype":")" + dtype + R"(","shape":[2,2],"data_offsets":[0,)" +
                                    part + R"(]},"row":{"dtype":")" + dtype +
                                    R"(","shape":[2],"data_offsets":[)" + part + ',' + n + "]}" + more + "}",
                                bytes + more_bytes));
  }
  td::Matrix<double> w() {
    return td::with_scalar(store.scalar(), [&]<class T>(T) -> td::Matrix<double> {
      return arma::conv_to<td::Matrix<double>>::from(store.parameter("w").value<T>());
    });
  }
  bool loaded() {
    td::load_weights(path, store, {.ignore_left_over = true});
    return arma::approx_equal(w(), td::Matrix<double>{{1, 2}, {3, 4}}, "absdiff", 0);
  }
  std::string refused() {
    const std::string said = complaint<td::StateError>([&] { td::load_weights(path, store); });
    BOOST_TEST(arma::all(arma::vectorise(w()) == 7));
    return said.substr(0, said.find("; expected the state of the same objects"));
  }
};

template <class T>
std::string bytes_of_numbers(const std::vector<T>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(T)};
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
  more.add({.name = "bn.num_batches_tracked", .value = td::IndexMatrix{7}, .dimensions = td::Dimensions{1}});
  td::StateDict copy;
  for (const td::StateDict::Entry& entry : more.entries()) copy.add(entry);
  td::write_safetensors(path, copy);
  BOOST_TEST(contains(complaint<td::StateError>([&] { td::load_weights(path, setup.store); }),
                      "\"bn.num_batches_tracked\" is left over"));
  BOOST_CHECK_NO_THROW(td::load_weights(path, setup.store, {.ignore_left_over = true}));
}

BOOST_AUTO_TEST_CASE(weights_of_four_types_are_read) {
  for (const td::Scalar scalar : {td::f32, td::f64}) {
    Weights weights(scalar);
    weights.put("F16", bytes_of_numbers<std::uint16_t>({0x3c00, 0x4000, 0x4200, 0x4400, 0, 0}));
    BOOST_TEST(weights.loaded());
    weights.put("BF16", bytes_of_numbers<std::uint16_t>({0x3f80, 0x4000, 0x4040, 0x4080, 0, 0}));
    BOOST_TEST(weights.loaded());
    weights.put("F32", bytes_of_numbers<float>({1, 2, 3, 4, 5, 6}));
    BOOST_TEST(weights.loaded());
    weights.put("F64", bytes_of_numbers<double>({1, 2, 3, 4, 5, 6}));
    BOOST_TEST(weights.loaded());
  }
}

BOOST_AUTO_TEST_CASE(weights_that_are_no_numbers_are_named) {
  Weights weights;
  weights.put("I32", bytes_of_numbers<std::int32_t>({1, 2, 3, 4, 5, 6}));
  BOOST_TEST(weights.refused() ==
             weights.path + ": \"w\" is of I32 instead of float; \"row\" is of I32 instead of float");
  weights.put("F8_E4M3", "abcdef");
  BOOST_TEST(weights.refused() ==
             weights.path + ": \"w\" is of F8_E4M3 instead of float; \"row\" is of F8_E4M3 instead of float");
}

BOOST_AUTO_TEST_CASE(tensors_that_nobody_needs_may_hold_anything) {
  const std::string bytes = bytes_of_numbers<float>({1, 2, 3, 4, 5, 6});
  for (const char* dtype : {"BOOL", "I8", "U8", "F8_E5M2", "C64", "I64", "U64", "I16", "BF16", "F4"}) {
    Weights weights;
    const std::string count = std::string(dtype) == "F4"           ? "16"
                              : std::string(dtype).ends_with("64") ? "1"
                              : std::string(dtype).ends_with("16") ? "4"
                                                                   : "8";
    weights.put("F32", bytes,
                R"(,"extra":{"dtype":")" + std::string(dtype) + R"(","shape":[)" + count +
                    R"(],"data_offsets":[24,32]})",
                std::string(8, '\xff'));
    BOOST_TEST(weights.refused() == weights.path + ": \"extra\" is left over");
    BOOST_TEST(weights.loaded(), dtype);
  }
}

BOOST_AUTO_TEST_CASE(doubles_that_no_float_holds_are_named) {
  const double largest = std::numeric_limits<float>::max();
  const double too_large = 0x1.ffffffp127;  // the first one that is rounded to 2^128
  const double inf = std::numeric_limits<double>::infinity();
  Weights weights;
  weights.put("F64", bytes_of_numbers<double>({1, 2, -1e300, 4, 5, 6}));
  BOOST_TEST(weights.refused() ==
             weights.path + ": \"w\" is -1e+300 at its element 2, too large for a float");
  weights.put("F64", bytes_of_numbers<double>({1, 2, 3, 4, 5, too_large}));
  BOOST_TEST(weights.refused() ==
             weights.path + ": \"row\" is 3.40282e+38 at its element 1, too large for a float");
  weights.put("F64", bytes_of_numbers<double>({std::nextafter(too_large, 0), 1e-300, inf, -inf, 5, 6}));
  BOOST_TEST(!weights.loaded());
  BOOST_TEST(weights.w()(0, 0) == largest);
  BOOST_TEST(weights.w()(0, 1) == 0);
  BOOST_TEST(weights.w()(1, 0) == inf);
  Weights exact(td::f64);
  exact.put("F64", bytes_of_numbers<double>({1e300, 2, 3, 4, 5, 6}));
  BOOST_TEST(!exact.loaded());
  BOOST_TEST(exact.w()(0, 0) == 1e300);
}

BOOST_AUTO_TEST_CASE(damaged_weights_change_nothing) {
  Weights weights;
  Weights other;
  other.store.parameter("w").value<float>() += 1.0F;
  td::save_weights(weights.path, other.store);
  std::string bytes = bytes_of(weights.path);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  test::put_bytes(weights.path, bytes);
  const std::string said = complaint<td::FileError>([&] { td::load_weights(weights.path, weights.store); });
  BOOST_TEST(contains(said, "the file was damaged or changed"), said);
  BOOST_TEST(arma::all(arma::vectorise(weights.w()) == 7));
}

BOOST_AUTO_TEST_CASE(a_large_seed_comes_back) {
  const test::TemporaryFolder folder;
  const std::string path = (folder.path / "run").string();
  td::ParameterStore store({.seed = std::numeric_limits<std::uint64_t>::max() - 1});
  store.add("w", {2, 2}, td::constant(7));
  td::Checkpoint checkpoint(store);
  checkpoint.save(path);
  BOOST_TEST(!contains(bytes_of(path), "U64"));
  store.reset(1);
  checkpoint.load(path);
  BOOST_TEST(store.seed() == std::numeric_limits<std::uint64_t>::max() - 1);
}

BOOST_AUTO_TEST_CASE(a_linked_checkpoint_keeps_the_one_before_beside_the_file) {
  const test::TemporaryFolder folder;
  std::filesystem::create_directory(folder.path / "there");
  std::filesystem::create_symlink("there/run", folder.path / "link");
  const std::string link = (folder.path / "link").string();
  const std::string file = (folder.path / "there/run").string();
  Setup setup;
  BOOST_TEST(td::Checkpoint::previous(link) == file + ".previous");
  setup.checkpoint.save(link);
  const std::string first = bytes_of(file);
  setup.fit();
  setup.checkpoint.save(link);
  BOOST_TEST(std::filesystem::is_symlink(link));
  BOOST_TEST(bytes_of(td::Checkpoint::previous(link)) == first);
  BOOST_TEST(bytes_of(link) == bytes_of(file));
  BOOST_TEST(test::listing(folder.path).size() == 2U);
  Setup other;
  other.checkpoint.load(link);
  BOOST_TEST(first_weight(other) == first_weight(setup));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
