#include <boost/test/unit_test.hpp>
#include <memory>
#include <thread>
#include <vector>

#include "param/support.hpp"
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;
using test::same_bits;

BOOST_AUTO_TEST_SUITE(param)
BOOST_AUTO_TEST_SUITE(threads)

namespace {

constexpr td::Index workers = 4;

/// Runs body(0), ..., body(3), each in a thread of its own.
template <class Body>
void in_threads(Body body) {
  std::vector<std::thread> threads;
  for (td::Index i = 0; i < workers; ++i) threads.emplace_back([&body, i] { body(i); });
  for (std::thread& thread : threads) thread.join();
}

template <class Body>
void one_after_another(Body body) {
  for (td::Index i = 0; i < workers; ++i) body(i);
}

/// Everything that has a state somewhere: parameters, running statistics, random masks.
struct Model {
  td::ParameterStore store{{.seed = 11}};
  td::Sequential layers{td::Linear{store.scope("fc_1"), 2, 25}, td::BatchNorm{store.scope("norm"), 25},
                        td::ReLU{}, td::Dropout{{.probability = 0.3}},
                        td::Linear{store.scope("fc_2"), 25, 2}};
};

/// Columns 50 i to 50 i + 49.
td::Batch shard(const td::Dataset& data, td::Index i) { return td::batches(data, {.size = 50})[i]; }

/// Five steps, each on four shards of a batch, whose gradients are added in order.
template <class Run>
void train(Model& m, const td::Dataset& data, Run run) {
  td::SGD sgd{m.store, {.learning_rate = 0.5, .momentum = 0.9}};
  std::vector<std::unique_ptr<td::Gradients>> gradients;
  std::vector<std::unique_ptr<td::Memory>> memory;
  for (td::Index i = 0; i < workers; ++i) {
    gradients.push_back(std::make_unique<td::Gradients>(m.store));
    memory.push_back(std::make_unique<td::Memory>());
  }
  for (std::uint64_t step = 0; step < 5; ++step) {
    run([&](td::Index i) {
      const td::Batch batch = shard(data, i);
      gradients[i]->zero();
      td::Tape tape{m.store, *memory[i], {.step = step, .first_column = 50 * i}};
      tape.backward(td::cross_entropy(m.layers(tape.gather(batch.x)), batch.y, td::batch_mean),
                    *gradients[i]);
    });
    m.store.zero_grad();
    for (const auto& g : gradients) m.store.gradients() += *g;
    sgd.step();
  }
}

}  // namespace

// Whoever looks first seals; the others must not see values that are not drawn yet.
BOOST_AUTO_TEST_CASE(a_store_is_sealed_once_whoever_comes_first) {
  for (int round = 0; round < 20; ++round) {
    const auto build = [](td::ParameterStore& store) {
      store.add("first", {20, 20}, td::normal(1));
      return store.add("last", {60, 40}, td::orthogonal());
    };
    td::ParameterStore alone;
    const td::Parameter expected = build(alone);
    alone.seal();
    td::ParameterStore shared;
    const td::Parameter parameter = build(shared);
    std::vector<arma::fmat> seen(workers);
    std::vector<td::Gradients*> gradients(workers);
    in_threads([&](td::Index i) {
      seen[i] = shared.parameter(parameter).value<float>();
      gradients[i] = &shared.gradients();
    });
    for (const arma::fmat& values : seen)
      BOOST_TEST(same_bits(values, alone.parameter(expected).value<float>()));
    for (const td::Gradients* g : gradients) BOOST_TEST(g == gradients[0]);
  }
}

BOOST_AUTO_TEST_CASE(evaluation_gives_the_same_bits_alone_and_beside_others) {
  Model m;
  const td::Dataset data = td::disk(200, 1);
  train(m, data, [](auto body) { one_after_another(body); });  // running statistics worth the name
  const auto outputs = [&](auto run) {
    std::vector<arma::fmat> all(workers);
    run([&](td::Index i) {
      td::Memory memory;
      for (int round = 0; round < 20; ++round) {
        td::Tape tape{m.store, memory, td::evaluate};
        const td::Value y = m.layers(tape.gather(shard(data, i).x));
        all[i] = y.matrix<float>();
      }
    });
    return all;
  };
  const auto serial = outputs([](auto body) { one_after_another(body); });
  const auto parallel = outputs([](auto body) { in_threads(body); });
  for (td::Index i = 0; i < workers; ++i) BOOST_TEST(same_bits(parallel[i], serial[i]));
  BOOST_TEST(!same_bits(serial[0], serial[1]));
}

BOOST_AUTO_TEST_CASE(training_into_gradients_of_their_own_gives_the_same_bits) {
  const td::Dataset data = td::disk(200, 1);
  Model serial;
  const td::FlatBuffer initial = serial.store.values();
  train(serial, data, [](auto body) { one_after_another(body); });
  Model parallel;
  train(parallel, data, [](auto body) { in_threads(body); });
  BOOST_TEST(!same_bits(serial.store.values(), initial));
  BOOST_TEST(same_bits(parallel.store.values(), serial.store.values()));
  BOOST_TEST(same_bits(parallel.store.buffers(), serial.store.buffers()));
}

BOOST_AUTO_TEST_CASE(trainers_on_stores_of_their_own_do_not_meet) {
  const td::Dataset data = td::disk(200, 1);
  const auto fit = [&](Model& m) {
    td::Adam adam{m.store, {.learning_rate = 0.01}};
    td::Trainer trainer{m.store, m.layers, adam, td::CrossEntropyLoss{td::batch_mean}};
    trainer.fit(data, {.epochs = 3, .batch_size = 50});
  };
  Model alone;
  fit(alone);
  std::vector<Model> models(workers);
  in_threads([&](td::Index i) { fit(models[i]); });
  for (Model& m : models) {
    BOOST_TEST(same_bits(m.store.values(), alone.store.values()));
    BOOST_TEST(same_bits(m.store.buffers(), alone.store.buffers()));
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
