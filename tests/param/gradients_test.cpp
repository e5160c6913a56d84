#include "tapedeck/param/gradients.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include "param/support.hpp"
#include "support/allocations.hpp"
#include "support/complaint.hpp"
#include "tapedeck/optim/clipping.hpp"
#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/tape/tape.hpp"

namespace td = tapedeck;
using test::complaint;
using test::ramp;
using test::same_bits;

BOOST_AUTO_TEST_SUITE(param)

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
using Scalars = std::tuple<float, double>;

struct Fixture {
  td::ParameterStore store{{.scalar = td::f64}};
  td::Parameter a = store.add("a", {3, 2}, td::zeros);
  td::Parameter b = store.add("b", {1, 4}, td::zeros);
  td::Buffer mean = store.add_buffer("mean", {2, 1}, 0);
  td::Memory memory;

  /// A pass whose gradient with respect to a parameter is just this.
  void contribute(td::Parameter parameter, const arma::mat& gradient, td::Gradients& into) {
    td::Tape tape{store, memory};
    tape.backward({tape.parameter(parameter), gradient}, into);
  }
  void contribute(td::Parameter parameter, const arma::mat& gradient) {
    contribute(parameter, gradient, store.gradients());
  }
  arma::mat gradient(td::Parameter parameter) { return store.gradients().of<double>(parameter); }
};

const arma::mat six = ramp<double>({3, 2}, 1);
const arma::mat no_six = arma::mat(3, 2);

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gradients, Fixture)

BOOST_AUTO_TEST_CASE(they_accumulate_until_zeroed) {
  contribute(a, six);
  BOOST_TEST(same_bits(gradient(a), six));
  contribute(a, six);
  BOOST_TEST(same_bits(gradient(a), arma::mat(2 * six)));
  store.zero_grad();
  BOOST_TEST(same_bits(gradient(a), no_six));
  contribute(a, six);
  BOOST_TEST(same_bits(gradient(a), six));
}

BOOST_AUTO_TEST_CASE(the_first_contribution_writes_over_whatever_was_there) {
  contribute(a, arma::mat(3, 2, arma::fill::value(not_a_number)));
  store.zero_grad();
  contribute(a, six);
  BOOST_TEST(same_bits(gradient(a), six));
}

BOOST_AUTO_TEST_CASE(what_is_untouched_reads_as_zero) {
  BOOST_TEST(!store.gradients().touched(a));
  BOOST_TEST(same_bits(gradient(a), no_six));
  store.gradients().set(a, six);
  BOOST_TEST(store.gradients().touched(a));
  BOOST_TEST(!store.gradients().touched(b));
  store.zero_grad();
  BOOST_TEST(!store.gradients().touched(a));
  BOOST_TEST(same_bits(store.parameter(a).gradient<double>(), no_six));
  BOOST_TEST(!store.gradients().touched(a));  // looking is no contribution
}

BOOST_AUTO_TEST_CASE(setting_replaces) {
  contribute(a, six);
  store.gradients().set(a, arma::mat(3, 2, arma::fill::ones));
  BOOST_TEST(same_bits(gradient(a), arma::mat(3, 2, arma::fill::ones)));
  contribute(a, six);
  BOOST_TEST(same_bits(gradient(a), arma::mat(six + 1)));
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused) {
  td::Gradients& gradients = store.gradients();
  gradients.set(a, six);
  BOOST_TEST(complaint<td::ShapeError>([&] { gradients.set(a, arma::mat(2, 3)); }) ==
             "a: a gradient of 2x3; expected 3x2");
  BOOST_CHECK_THROW(gradients.set(a, arma::fmat(3, 2)), td::ScalarError);
  BOOST_CHECK_THROW(gradients.of<float>(a), td::ScalarError);
  td::ParameterStore other;
  const td::Parameter foreign = other.add("a", {3, 2}, td::zeros);
  const std::string expected =
      "gradients: a parameter of another store; expected one of the store they were made for";
  BOOST_TEST(complaint<td::HandleError>([&] { gradients.set(foreign, six); }) == expected);
  BOOST_TEST(complaint<td::HandleError>([&] { gradients.touched(td::Parameter{}); }) == expected);
  BOOST_TEST(complaint<td::HandleError>([&] { gradients.of<double>(foreign); }) == expected);
  BOOST_TEST(same_bits(gradient(a), six));
}

BOOST_AUTO_TEST_CASE(gradients_of_their_own_are_separate) {
  td::Gradients mine{store};
  contribute(a, six, mine);
  BOOST_TEST(!store.gradients().touched(a));
  contribute(a, 3 * six);
  BOOST_TEST(same_bits(mine.of<double>(a), six));
  td::Gradients copy = mine;
  copy *= 2;
  BOOST_TEST(same_bits(mine.of<double>(a), six));
  BOOST_TEST(same_bits(copy.of<double>(a), arma::mat(2 * six)));
  store.zero_grad();
  BOOST_TEST(mine.touched(a));
}

BOOST_AUTO_TEST_CASE(adding_goes_parameter_by_parameter) {
  td::Gradients one{store};
  td::Gradients two{store};
  one.set(a, six);
  two.set(a, arma::mat(3, 2, arma::fill::ones));
  two.set(b, arma::mat{{1, 2, 3, 4}});
  td::Gradients sum{store};
  sum.set(b, arma::mat(1, 4, arma::fill::value(not_a_number)));
  sum.zero();
  sum += one;
  BOOST_TEST(!sum.touched(b));
  sum += two;
  BOOST_TEST(same_bits(sum.of<double>(a), arma::mat(six + 1)));
  BOOST_TEST(same_bits(sum.of<double>(b), arma::mat{{1, 2, 3, 4}}));
  BOOST_TEST(!one.touched(b));
  sum += sum;
  BOOST_TEST(same_bits(sum.of<double>(a), arma::mat(2 * six + 2)));
}

BOOST_AUTO_TEST_CASE(those_of_another_store_are_not_added) {
  Fixture other;
  td::Gradients foreign{other.store};
  BOOST_TEST(complaint<td::UsageError>([&] { store.gradients() += foreign; }) ==
             "gradients: gradients of another store; expected those of the same one");
  td::ParameterStore in_float = store.copy(td::f32);
  in_float.gradients().set(a, arma::fmat(3, 2));
  BOOST_CHECK_THROW(store.gradients() += in_float.gradients(), td::ScalarError);
  BOOST_TEST(!store.gradients().touched(a));
}

BOOST_AUTO_TEST_CASE(scaling_is_of_contributions) {
  td::Gradients& gradients = store.gradients();
  gradients.set(b, arma::mat(1, 4, arma::fill::ones));
  gradients.zero();
  gradients.set(a, six);
  gradients *= -0.5;
  BOOST_TEST(same_bits(gradient(a), arma::mat(-0.5 * six)));
  BOOST_TEST(!gradients.touched(b));
}

BOOST_AUTO_TEST_CASE(the_norm_is_of_all_contributions_together) {
  td::Gradients& gradients = store.gradients();
  BOOST_TEST(gradients.norm() == 0);
  gradients.set(a, arma::mat{{3, 0}, {0, 0}, {0, 0}});
  BOOST_TEST(gradients.norm() == 3);
  gradients.set(b, arma::mat{{0, 0, 0, -4}});
  BOOST_TEST(gradients.norm() == 5);
  gradients.zero();
  BOOST_TEST(gradients.norm() == 0);
  gradients.set(a, arma::mat(3, 2, arma::fill::value(not_a_number)));
  BOOST_TEST(std::isnan(gradients.norm()));
}

// Whichever of four neighbours have contributions; the others hold what was there before.
BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_left_over_does_not_count, T, Scalars) {
  td::ParameterStore row{{.scalar = td::scalar_of<T>}};
  const td::Parameter parameters[] = {row.add("a", {3, 2}, td::zeros),
                                      row.add("b", {4, 4}, td::zeros, {.group = td::groups::biases}),
                                      row.add("c", {0, 3}, td::zeros), row.add("d", {17, 1}, td::zeros)};
  td::Gradients& gradients = row.gradients();
  const auto fill = [&](td::Parameter p, T x) {
    const td::Shape shape = row.parameter(p).shape();
    gradients.set(p, td::Matrix<T>(shape.rows, shape.cols, arma::fill::value(x)));
  };
  for (unsigned touched = 0; touched < 16; ++touched) {
    for (const td::Parameter p : parameters) fill(p, static_cast<T>(not_a_number));
    gradients.zero();
    double elements = 0;
    for (const td::Parameter p : parameters) {
      if ((touched >> p.slot() & 1U) == 0) continue;
      fill(p, 2);
      elements += static_cast<double>(row.parameter(p).shape().size());
    }
    BOOST_TEST(gradients.all_finite(), touched);
    BOOST_TEST(gradients.norm() == std::sqrt(4 * elements), touched);
    gradients *= 0.5;
    BOOST_TEST(gradients.norm() == std::sqrt(elements), touched);
    const double norm = td::clip_norm(row, 1e-3);
    BOOST_TEST(norm == std::sqrt(elements), touched);
    td::clip_value(row, 1e-9);
    BOOST_TEST(std::abs(gradients.norm() - 1e-9 * std::sqrt(elements)) <= 1e-15, touched);
  }
}

// More than one chunk, the last of which is not full, and a second stretch.
BOOST_AUTO_TEST_CASE(the_norm_of_many_is_of_all) {
  td::ParameterStore large{{.scalar = td::f64}};
  const td::Parameter p = large.add("p", {70'001, 1}, td::zeros);
  large.add("between", {1, 1}, td::zeros);
  const td::Parameter q = large.add("q", {33'000, 1}, td::zeros);
  large.gradients().set(p, arma::mat(70'001, 1, arma::fill::ones));
  large.gradients().set(q, arma::mat(33'000, 1, arma::fill::value(2.0)));
  BOOST_TEST(large.gradients().norm() == std::sqrt(70'001.0 + 4 * 33'000));
  large.gradients() *= 1e-200;  // squares vanish
  BOOST_TEST(std::abs(large.gradients().norm() / (1e-200 * std::sqrt(70'001.0 + 4 * 33'000)) - 1) < 1e-11);
}

BOOST_AUTO_TEST_CASE(the_norm_of_floats_is_accumulated_in_double) {
  td::ParameterStore large;
  const td::Parameter p = large.add("p", {1000, 1000}, td::zeros);
  arma::fmat g(1000, 1000, arma::fill::value(0.1F));
  g(0, 0) = 1e4F;  // in float 1e8 + 0.01 is 1e8
  large.gradients().set(p, g);
  const double square = static_cast<double>(0.1F) * static_cast<double>(0.1F);
  const double expected = std::sqrt(1e8 + 999'999 * square);
  BOOST_TEST(std::abs(large.gradients().norm() / expected - 1) < 1e-10);  // 1e6 roundings of 1e-16
  g.fill(1e30F);                                                          // its square is no float
  large.gradients().set(p, g);
  BOOST_TEST(std::abs(large.gradients().norm() / 1e33 - 1) < 1e-7);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(nan_and_inf_are_found_wherever_they_are, T, Scalars) {
  using Limits = std::numeric_limits<T>;
  td::ParameterStore odd{{.scalar = td::scalar_of<T>}};
  odd.add("p", {37, 1}, td::zeros);
  odd.add("q", {3, 5}, td::zeros);
  td::Gradients& gradients = odd.gradients();
  for (const td::ParameterView& p : odd.parameters()) {
    for (td::Index i = 0; i < p.shape().size(); ++i) {
      td::Matrix<T> g(p.shape().rows, p.shape().cols);
      for (const T good : {Limits::denorm_min(), Limits::max(), Limits::lowest(), T(-0.0)}) {
        g[i] = good;
        gradients.set(p.handle(), g);
        BOOST_TEST(gradients.all_finite());
      }
      for (const T bad :
           {Limits::quiet_NaN(), -Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity()}) {
        g[i] = bad;
        gradients.set(p.handle(), g);
        BOOST_TEST(!gradients.all_finite());
      }
    }
    gradients.zero();
    BOOST_TEST(gradients.all_finite());  // forgotten, although still in memory
  }
}

BOOST_AUTO_TEST_CASE(statistics_are_committed_in_order_and_once) {
  arma::vec statistic{1, 10};
  store.gradients().record_statistic(mean.slot(), statistic, 0.5);
  statistic = {2, 20};
  store.gradients().record_statistic(mean.slot(), statistic, 0.5);
  statistic.fill(99);  // a copy was taken
  const arma::mat& running = store.buffer<double>(mean);
  BOOST_TEST(running[0] == 0);
  store.gradients().commit_statistics(store.buffers());
  BOOST_TEST(running[0] == 0.5 * (0.5 * 1) + 0.5 * 2);
  BOOST_TEST(running[1] == 0.5 * (0.5 * 10) + 0.5 * 20);
  store.gradients().commit_statistics(store.buffers());
  BOOST_TEST(running[0] == 1.25);
}

// The running mean and variance of a feature that has died.
BOOST_AUTO_TEST_CASE(running_statistics_that_decay_end_at_zero) {
  constexpr double smallest = std::numeric_limits<double>::min();
  arma::mat& running = store.buffer<double>(mean);
  const auto commit = [&](double statistic, double momentum) {
    store.gradients().record_statistic(mean.slot(), arma::vec{statistic, statistic}, momentum);
    store.gradients().commit_statistics(store.buffers());
  };
  running = arma::vec{1, smallest};
  commit(0, 0.5);
  BOOST_TEST(running[0] == 0.5);
  BOOST_TEST(running[1] == 0);
  running = arma::vec{-smallest / 4, 5e-324};
  commit(0, 0);  // nothing decays
  BOOST_TEST(running[0] == -smallest / 4);
  BOOST_TEST(running[1] == 5e-324);
  commit(smallest / 2, 0.5);  // there is a contribution
  BOOST_TEST(running[0] == smallest / 8);
  running[0] = not_a_number;
  commit(0, 0.5);
  BOOST_TEST(std::isnan(running[0]));
}

#ifndef TEST_THREAD_SANITIZER
BOOST_AUTO_TEST_CASE(many_statistics_take_few_allocations) {
  const arma::vec statistic{1, 1};
  const auto record = [&](td::Gradients& into) { into.record_statistic(mean.slot(), statistic, 0.5); };
  constexpr int count = 1000;
  td::Gradients all{store};
  BOOST_TEST(test::allocated_by([&] {
               for (int i = 0; i < count; ++i) record(all);
             }) < 40);
  td::Gradients sum{store};
  td::Gradients one{store};
  record(one);
  BOOST_TEST(test::allocated_by([&] {
               for (int i = 0; i < count; ++i) sum += one;
             }) < 40);
}
#endif

BOOST_AUTO_TEST_CASE(zeroing_forgets_statistics) {
  store.gradients().record_statistic(mean.slot(), arma::vec{1, 1}, 0.5);
  store.zero_grad();
  store.gradients().commit_statistics(store.buffers());
  BOOST_TEST(store.buffer<double>(mean)[0] == 0);
}

BOOST_AUTO_TEST_CASE(adding_appends_statistics) {
  td::Gradients first{store};
  td::Gradients second{store};
  first.record_statistic(mean.slot(), arma::vec{1, 1}, 0.5);
  second.record_statistic(mean.slot(), arma::vec{2, 2}, 0.5);
  td::Gradients sum{store};
  sum += first;
  sum += second;
  sum.commit_statistics(store.buffers());
  BOOST_TEST(store.buffer<double>(mean)[0] == 1.25);  // 1 in the other order
  first += first;
  first.commit_statistics(store.buffers());
  BOOST_TEST(store.buffer<double>(mean)[0] == 0.5 * (0.5 * 1.25 + 0.5) + 0.5);
}

BOOST_AUTO_TEST_CASE(a_statistic_must_fit_its_buffer) {
  BOOST_TEST(complaint<td::ShapeError>([&] {
               store.gradients().record_statistic(mean.slot(), arma::mat(3, 1), 0.5);
             }) == "mean: a statistic of 3x1; expected 2x1");
}

BOOST_AUTO_TEST_CASE(the_norm_of_doubles_neither_overflows_nor_vanishes) {
  td::Gradients& gradients = store.gradients();
  for (const double scale : {1e300, 1e160, 1e154, 1e-139, 1e-150, 1e-170, 1e-300}) {
    gradients.set(b, arma::mat(scale * arma::mat{{3, 0, 0, -4}}));
    BOOST_TEST(std::abs(gradients.norm() / (5 * scale) - 1) < 1e-15, scale);  // a few roundings of 2^-53
  }
  const double least = std::numeric_limits<double>::denorm_min();
  gradients.set(b, arma::mat(1, 4, arma::fill::value(least)));
  BOOST_TEST(gradients.norm() == 2 * least);
  for (const double bad : {HUGE_VAL, -HUGE_VAL}) {
    gradients.set(b, arma::mat{{1, bad, 1e300, 0}});
    BOOST_TEST(gradients.norm() == HUGE_VAL);
  }
  gradients.set(b, arma::mat{{1e300, not_a_number, 0, 0}});
  BOOST_TEST(std::isnan(gradients.norm()));
}

BOOST_AUTO_TEST_CASE(they_are_empty_until_something_came_and_after_zero) {
  td::Gradients& gradients = store.gradients();
  BOOST_TEST(gradients.empty());
  contribute(a, six);
  BOOST_TEST(!gradients.empty());
  gradients.zero();
  BOOST_TEST(gradients.empty());
  gradients.record_statistic(mean.slot(), arma::vec{1, 1}, 0.5);
  BOOST_TEST(!gradients.empty());
}

BOOST_AUTO_TEST_CASE(scaling_by_what_is_not_finite_is_refused) {
  contribute(a, six);
  for (const double bad : {not_a_number, HUGE_VAL}) {
    BOOST_TEST(
        complaint<td::OptionError>([&] { store.gradients() *= bad; }).starts_with("gradients: factor = "));
  }
  BOOST_TEST(same_bits(gradient(a), six));
}

BOOST_AUTO_TEST_CASE(slots_that_there_are_not_are_refused) {
  const td::Parameter beyond{store.internals().family(), 2};
  const std::string expected = "gradients: a parameter of slot 2; expected one of the 2 that there are";
  BOOST_TEST(complaint<td::HandleError>([&] { store.gradients().of<double>(beyond); }) == expected);
  BOOST_TEST(complaint<td::HandleError>([&] { store.gradients().set(beyond, six); }) == expected);
  BOOST_TEST(complaint<td::HandleError>([&] { store.gradients().touched(beyond); }) == expected);
  BOOST_TEST(complaint<td::HandleError>([&] {
               store.gradients().record_statistic(1, arma::vec{1, 1}, 0.5);
             }) == "gradients: a statistic for a buffer of slot 1; expected one of the 1 that there are");
}

BOOST_AUTO_TEST_CASE(statistics_want_a_momentum_and_the_buffers_of_their_store) {
  for (const double bad : {-0.1, 1.1, not_a_number}) {
    BOOST_TEST(complaint<td::OptionError>([&] {
                 store.gradients().record_statistic(mean.slot(), arma::vec{1, 1}, bad);
               }).starts_with("mean: momentum = "));
  }
  BOOST_TEST(store.gradients().empty());
  store.gradients().record_statistic(mean.slot(), arma::vec{1, 1}, 1);
  Fixture other;
  BOOST_TEST(
      complaint<td::UsageError>([&] { store.gradients().commit_statistics(other.store.buffers()); }) ==
      "gradients: buffers of another store; expected those of the one they were made for, or of a copy "
      "of it");
  td::ParameterStore copy = store.copy(td::f32);
  store.gradients().commit_statistics(copy.buffers());
  BOOST_TEST(copy.buffer<float>(mean)[1] == 1.0F);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
