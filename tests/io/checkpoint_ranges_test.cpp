// Checkpoints whose checksum is right and whose numbers are none that the objects could have: each is refused
// with the name of the entry, and nothing is changed. What constructors accept is accepted.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/state_files.hpp"
#include "support/complaint.hpp"
#include "support/evidence.hpp"
#include "support/temporary_folder.hpp"
#include "tapedeck/io/checkpoint.hpp"
#include "tapedeck/io/safetensors.hpp"
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;
using test::complaint;
using test::contains;

BOOST_AUTO_TEST_SUITE(io)

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double no_number = std::numeric_limits<double>::quiet_NaN();
constexpr td::Index huge = td::Index{1} << 60U;
constexpr td::Index largest = std::numeric_limits<td::Index>::max();

/// Every kind of object that remembers something, in the midst of training.
struct All {
  td::ParameterStore store;
  td::Sequential model{td::Linear{store.scope("fc"), 2, 3}, td::BatchNorm{store.scope("bn"), 3}, td::ReLU{},
                       td::Linear{store.scope("out"), 3, 2}};
  td::Adam adam;
  td::SGD sgd{store, {.learning_rate = 0.1}};
  td::SGD momentum{store, {.learning_rate = 0.1, .momentum = 0.9, .nesterov = true}};
  td::RMSprop rms{store, {.learning_rate = 0.1, .momentum = 0.5, .centered = true}};
  td::RMSprop plain_rms{store, {.learning_rate = 0.1}};
  td::Adagrad adagrad{store, {.learning_rate = 0.1, .learning_rate_decay = 0.1, .initial_square = 0.2}};
  td::StepDecay decay{sgd, {.every = 3}};
  td::ReduceOnPlateau plateau;
  td::Trainer trainer{store, model, adam, td::CrossEntropyLoss{td::batch_mean}};
  td::Checkpoint checkpoint{store};

  explicit All(const td::Adam::Options& options = {},
               const td::ReduceOnPlateau::Options& plateau_options = {})
      : adam(store, options), plateau(sgd, plateau_options) {
    checkpoint.add("adam", adam).add("sgd", sgd).add("momentum", momentum).add("rms", rms);
    checkpoint.add("plain_rms", plain_rms).add("adagrad", adagrad).add("decay", decay);
    checkpoint.add("plateau", plateau).add("trainer", trainer);
  }

  /// Saves in the second of three epochs, after its second batch of three.
  void train(const std::string& path) {
    int batch = 0;
    td::Callback saver;
    saver.on_batch = [&] {
      if (++batch == 5) checkpoint.save(path);
    };
    trainer.fit(td::disk(60, 1), {.epochs = 3,
                                  .batch_size = 20,
                                  .accumulate = 3,
                                  .early_stopping = td::EarlyStopping{.patience = 9},
                                  .callbacks = {saver}});
  }
};

struct Ranges {
  test::TemporaryFolder folder;
  std::string path = folder.path / "saved";
  std::string changed = folder.path / "changed";
  std::string now = folder.path / "now";
  td::StateDict saved;
  All all;
  std::string before;

  Ranges() {
    All trained;
    trained.train(path);
    saved = td::read_safetensors(path);
    all.checkpoint.save(now);
    before = test::bytes_of(now);
  }

  /// What is said of a file in which element `at` of the entry is another.
  template <class T>
  std::string loading(const std::string& name, T value, td::Index at = 0) {
    td::StateDict state;
    BOOST_REQUIRE(saved.find(name) != nullptr);
    for (td::StateDict::Entry entry : saved.entries()) {
      if (entry.name == name) {
        std::visit(
            [&]<class E>(td::Matrix<E>& m) {
              BOOST_REQUIRE(at < m.n_elem);
              m[at] = static_cast<E>(value);
            },
            entry.value);
      }
      state.add(std::move(entry));
    }
    for (const auto& [key, words] : saved.words()) state.add_words(key, words);
    td::write_safetensors(changed, state);
    return complaint<td::StateError>([&] { all.checkpoint.load(changed); });
  }

  template <class T>
  void refuse(const std::string& name, const std::vector<T>& values, td::Index at = 0) {
    static test::Evidence evidence(test::Promise::files, "checkpoints of numbers that no object has");
    evidence.outcome("all refused with the name of the entry, nothing changed");
    for (const T value : values) {
      const std::string said = loading(name, value, at);
      BOOST_TEST(said.starts_with(changed + ": \"" + name + "\" is "), name << " " << value << ": " << said);
      all.checkpoint.save(now);
      BOOST_TEST((test::bytes_of(now) == before), name << " " << value);
      evidence.tried();
    }
  }
  template <class T>
  void accept(const std::string& name, const std::vector<T>& values) {
    for (const T value : values)
      BOOST_TEST(loading(name, value) == "nothing was thrown", name << " " << value);
  }
};

using Numbers = std::vector<double>;
using Counts = std::vector<td::Index>;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(checkpoint_ranges, Ranges)

BOOST_AUTO_TEST_CASE(options_of_optimizers) {
  for (const std::string name : {"adam", "sgd", "momentum", "rms", "plain_rms", "adagrad"}) {
    for (const char* option :
         {"/learning_rate", "/weight_decay", "/group/weights/learning_rate", "/group/biases/weight_decay"}) {
      refuse(name + option, Numbers{no_number, -1, inf, -inf});
    }
    refuse(name + "/learning_rate", Numbers{1e39});  // infinite as a float
    refuse(name + "/decay", Counts{2, huge});
    refuse(name + "/untouched", Counts{2, huge});
    refuse(name + "/steps/fc.weight", Counts{huge, largest});
  }
  for (const char* name : {"adam/beta_1", "adam/beta_2", "rms/beta"}) {
    refuse(name, Numbers{no_number, -0.1, 1, 1.5, inf});
  }
  for (const char* name : {"adam/epsilon", "rms/epsilon", "adagrad/epsilon"}) {
    refuse(name, Numbers{no_number, -1, 0, 1e-300, inf});
  }
  for (const char* name : {"momentum/momentum", "rms/momentum"}) {
    refuse(name, Numbers{no_number, -0.5, 0, 1, 1.5});  // 0: there is a velocity
  }
  refuse("sgd/momentum", Numbers{0.9});  // there is none
  refuse("plain_rms/momentum", Numbers{0.9});
  refuse("sgd/nesterov", Counts{1, 7});
  refuse("momentum/nesterov", Counts{2, 7});
  refuse("momentum/momentum_form", Counts{2});
  refuse("rms/centered", Counts{0, 7});
  refuse("plain_rms/centered", Counts{1, 7});
  refuse("adagrad/learning_rate_decay", Numbers{no_number, -1, inf});
  for (const char* name : {"adam/square/fc.weight", "rms/square/fc.bias", "adagrad/square/out.weight"}) {
    refuse(name, Numbers{-1, -inf}, 1);
  }
}

BOOST_AUTO_TEST_CASE(schedulers) {
  refuse("decay/base_rate", Numbers{no_number, -1, inf});
  refuse("decay/count", Counts{huge});
  refuse("plateau/factor", Numbers{no_number, 0, 1, 2, -1});
  refuse("plateau/threshold", Numbers{no_number, -0.1, 1});
  refuse("plateau/min_learning_rate", Numbers{no_number, -1, inf});
  refuse("plateau/best", Numbers{no_number, -inf});
  refuse("plateau/bad_epochs", Counts{huge});
  refuse("plateau/cooldown_left", Counts{1, largest});
}

BOOST_AUTO_TEST_CASE(the_store) {
  refuse("store/passes", Counts{huge});
  refuse("store/frozen", Counts{2, 7, 256}, 2);
  refuse("store/gradients/touched", Counts{2, 256});
  refuse("store/gradients/statistics/momenta", Numbers{no_number, -0.1, 1.5});
  refuse("store/gradients/statistics/buffers", Counts{2, huge});
}

BOOST_AUTO_TEST_CASE(the_trainer) {
  refuse("trainer/passes", Counts{huge});
  refuse("trainer/epochs", Counts{huge});
  for (const char* name : {"batch", "order", "callback", "callbacks", "step_report/epoch", "step_report/step",
                           "step_report/steps", "best/bad_epochs"}) {
    refuse(std::string("trainer/run/") + name, Counts{huge});
  }
  refuse("trainer/run/epoch", Counts{0, 2, huge});  // the history has one
  refuse("trainer/run/callback", Counts{2});        // there is one
  refuse("trainer/run/event", Counts{5, huge});
  refuse("trainer/run/learning_rate", Numbers{no_number, -1});
  refuse("trainer/run/best/loss", Numbers{no_number});
  refuse("trainer/run/history/learning_rate", Numbers{no_number, -1});
  refuse("trainer/run/history/seconds", Numbers{no_number, -1});
  refuse("trainer/run/history/validated", Counts{2, huge});
  refuse("trainer/run/history/stop", Counts{7});
}

BOOST_AUTO_TEST_CASE(what_constructors_accept_is_accepted) {
  accept("adam/learning_rate", Numbers{0, 1e30});
  accept("adam/beta_1", Numbers{0, 0.9999999999});
  accept("adam/epsilon", Numbers{1e-30, 1e30});
  accept("plateau/patience", Counts{0, largest});
  accept("plateau/cooldown", Counts{largest});
  accept("plateau/best", Numbers{inf, -1e300});
  accept("store/seed", Counts{0, largest});
  accept("trainer/run/step_report/epochs", Counts{largest});
  accept("adam/square/fc.weight", Numbers{no_number, inf, 0});  // as a gradient of NaN leaves it
  All options({.learning_rate = 0, .beta_1 = 0, .beta_2 = 0, .epsilon = 1e-37},
              {.patience = largest, .factor = 1e-300, .threshold = 0, .cooldown = largest});
  options.checkpoint.save(changed);
  BOOST_CHECK_NO_THROW(options.checkpoint.load(changed));
  All others;
  BOOST_CHECK_NO_THROW(others.checkpoint.load(changed));
  BOOST_TEST(others.adam.learning_rate() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
