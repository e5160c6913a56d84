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

#include "support/workloads.hpp"
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

namespace {

thread_local long allocations = 0;
thread_local long failing = 0;  // which of them finds no memory

bool finds_none() { return ++allocations == failing; }
void* none() {
  errno = ENOMEM;
  return nullptr;
}

}  // namespace

extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier): glibc's own names for its own functions
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
// NOLINTEND(bugprone-reserved-identifier)

void* malloc(std::size_t size) { return finds_none() ? none() : __libc_malloc(size); }
void* calloc(std::size_t count, std::size_t size) {
  return finds_none() ? none() : __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) { return finds_none() ? none() : __libc_realloc(memory, size); }
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return finds_none() ? none() : __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  *memory = finds_none() ? nullptr : __libc_memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}
}

long test::allocated_by(const std::function<void()>& action) {
  const long before = allocations;
  action();
  return allocations - before;
}

bool test::with_failing_allocation(long k, const std::function<void()>& action) {
  struct End {
    ~End() { failing = 0; }
  } end;
  failing = allocations + k;
  action();
  return allocations >= failing;
}

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
