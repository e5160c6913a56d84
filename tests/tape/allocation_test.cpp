// After the first training step a second one allocates nothing.

#include "support/allocations.hpp"

#ifndef TEST_SANITIZED

#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>

#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

namespace {

thread_local long allocations = 0;

}  // namespace

extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier): glibc's own names for its own functions
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
// NOLINTEND(bugprone-reserved-identifier)

void* malloc(std::size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) {
  ++allocations;
  return __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  ++allocations;
  *memory = __libc_memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}
}

long test::allocated_by(const std::function<void()>& action) {
  const long before = allocations;
  action();
  return allocations - before;
}

namespace {

using test::allocated_by;
using Model = std::function<td::Sequential(td::ParameterStore&)>;
using Rule = std::function<std::unique_ptr<td::Optimizer>(td::ParameterStore&)>;
using Loss = std::function<td::Value(const td::Value&, const td::Operand&)>;

// The reports' network: 2 inputs, three hidden layers of 25.
template <class Activation>
Model network(td::Index outputs, Activation activation) {
  return [=](td::ParameterStore& store) {
    return td::Sequential{td::Linear{store.scope("fc_1"), 2, 25},      activation,
                          td::Linear{store.scope("fc_2"), 25, 25},     activation,
                          td::Linear{store.scope("fc_3"), 25, 25},     activation,
                          td::Linear{store.scope("fc_4"), 25, outputs}};
  };
}

td::Sequential with_dropout(td::ParameterStore& store) {
  const td::Dropout drop{{.probability = 0.5}};
  return {td::Linear{store.scope("fc_1"), 2, 25},  td::ReLU{}, drop,
          td::Linear{store.scope("fc_2"), 25, 25}, td::ReLU{}, drop,
          td::Linear{store.scope("fc_3"), 25, 25}, td::ReLU{}, drop,
          td::Linear{store.scope("fc_4"), 25, 2}};
}

td::Sequential with_batch_norm(td::ParameterStore& store) {
  return {td::Linear{store.scope("fc_1"), 2, 25},  td::ReLU{}, td::BatchNorm{store.scope("bn_1"), 25},
          td::Linear{store.scope("fc_2"), 25, 25}, td::ReLU{}, td::BatchNorm{store.scope("bn_2"), 25},
          td::Linear{store.scope("fc_3"), 25, 25}, td::ReLU{}, td::BatchNorm{store.scope("bn_3"), 25},
          td::Linear{store.scope("fc_4"), 25, 2}};
}

td::Sequential tanh_then_sigmoid(td::ParameterStore& store) {
  return {td::Linear{store.scope("fc_1"), 2, 25},  td::Tanh{},
          td::Linear{store.scope("fc_2"), 25, 25}, td::Sigmoid{},
          td::Linear{store.scope("fc_3"), 25, 25}, td::Sigmoid{},
          td::Linear{store.scope("fc_4"), 25, 2}};
}

td::Sequential with_tanh_at_the_end(td::ParameterStore& store) {
  return {{"hidden", network(2, td::ReLU{})(store)}, td::Tanh{}};
}

template <class O, class Options>
Rule rule(Options options) {
  return [=](td::ParameterStore& store) { return std::make_unique<O>(store, options); };
}

struct Workload {
  const char* name;
  Model model;
  Loss loss;
  Rule rule;
  bool labels;
};

const auto squared = [](const td::Value& y, const td::Operand& t) { return td::mse(y, t, td::batch_mean); };
const auto entropy = [](const td::Value& y, const td::Operand& t) {
  return td::cross_entropy(y, t, td::batch_mean);
};
const Rule sgd = rule<td::SGD>(td::SGD::Options{.learning_rate = 0.1});
const Rule momentum = rule<td::SGD>(td::SGD::Options{.learning_rate = 0.1, .momentum = 0.9});
const Rule adam = rule<td::Adam>(td::Adam::Options{});

const Workload workloads[] = {
    {"ReLU, MSE, SGD", network(2, td::ReLU{}), squared, sgd, false},
    {"Tanh, MSE, momentum", network(2, td::Tanh{}), squared, momentum, false},
    {"Tanh, then Sigmoid, MSE, SGD", tanh_then_sigmoid, squared, sgd, false},
    {"ReLU, Tanh at the end, MSE, SGD", with_tanh_at_the_end, squared, sgd, false},
    {"ReLU, cross-entropy, Adam", network(2, td::ReLU{}), entropy, adam, true},
    {"ReLU, cross-entropy, SGD", network(2, td::ReLU{}), entropy, sgd, true},
    {"dropout, cross-entropy, Adam", with_dropout, entropy, adam, true},
    {"batch normalisation, MSE, SGD", with_batch_norm, squared, sgd, false},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(tape)
BOOST_AUTO_TEST_SUITE(allocation)

BOOST_AUTO_TEST_CASE(the_count_sees_every_way_to_allocate) {
  BOOST_TEST(allocated_by([] {
               void* volatile memory = std::malloc(8);  // volatile: a pair that nobody sees may be left out
               std::free(memory);
             }) == 1);
  BOOST_TEST(allocated_by([] { delete std::make_unique<std::string>(100, 'x').release(); }) == 2);
  BOOST_TEST(allocated_by([] { arma::mat(100, 100); }) == 1);
  BOOST_TEST(allocated_by([] {
               ::operator delete (::operator new (64, std::align_val_t{64}), std::align_val_t{64});
             }) == 1);
}

BOOST_AUTO_TEST_CASE(a_second_training_step_allocates_nothing) {
  for (const td::Scalar scalar : {td::f32, td::f64}) {
    for (const td::Index batch : std::initializer_list<td::Index>{2, 5, 50, 500}) {
      const td::Dataset points = td::disk(batch, 1).converted(scalar);
      const td::Dataset targets = td::Dataset(points.x(), td::one_hot(points.labels(), 2)).converted(scalar);
      for (const Workload& w : workloads) {
        td::ParameterStore store{{.seed = 1, .scalar = scalar}};
        const td::Sequential model = w.model(store);
        const auto optimizer = w.rule(store);
        td::Memory memory;
        const td::Dataset& data = w.labels ? points : targets;
        const auto shuffled = td::batches(data, {.size = batch, .shuffle = {1, 1}});
        const td::Batch one = shuffled[0];
        const auto step = [&] {
          td::Tape tape(store, memory);
          const td::Value loss = w.loss(model(tape.gather(one.x)), one.y);
          store.zero_grad();
          tape.backward(loss);
          optimizer->step();
        };
        step();
        BOOST_TEST(allocated_by(step) == 0, w.name << ", batch " << batch);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_second_step_with_recomputation_allocates_nothing) {
  td::ParameterStore store{{.seed = 1, .scalar = td::f64}};
  const td::Sequential model = with_batch_norm(store);
  const arma::mat x(2, 50, arma::fill::ones);
  td::Memory memory;
  const auto step = [&] {
    td::Tape tape(store, memory);
    const td::Value h = tape.recompute([&](const td::Value& in) { return model(in); }, tape.borrow(x));
    const td::Value y = tape.recompute([&](const td::Value& in) { return td::dropout(model(in), 0.5); }, h);
    store.zero_grad();
    tape.backward(td::sum(y));
  };
  step();
  BOOST_TEST(allocated_by(step) == 0);
}

BOOST_AUTO_TEST_CASE(a_second_evaluation_allocates_nothing) {
  td::ParameterStore store;
  const td::Sequential model = network(2, td::ReLU{})(store);
  const td::Matrix<float> x(2, 50, arma::fill::ones);
  td::Memory memory;
  const auto pass = [&] {
    td::Tape tape(store, memory, td::evaluate);
    model(tape.borrow(x));
  };
  pass();
  BOOST_TEST(allocated_by(pass) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()

#endif
