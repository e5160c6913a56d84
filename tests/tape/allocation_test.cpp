// After the first training step a second one allocates nothing.

#include "support/allocations.hpp"

#ifndef TEST_THREAD_SANITIZER

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>

#include "support/workloads.hpp"
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

namespace {

using test::allocated_by;
using test::Workload;

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
      for (const Workload& w : test::workloads()) {
        td::ParameterStore store{{.seed = 1, .scalar = scalar}};
        const td::Sequential model = w.model(store);
        const auto optimizer = w.rule(store);
        td::Memory memory;
        const td::Dataset data = w.data(batch).converted(scalar);
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
  const td::Sequential model = test::with_batch_norm(store);
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
  const td::Sequential model = test::three_hidden(2, td::ReLU{})(store);
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
