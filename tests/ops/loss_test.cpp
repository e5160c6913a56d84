#include "tapedeck/ops/loss.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "support/complaint.hpp"
#include "support/op_tests.hpp"

namespace td = tapedeck;
using test::complaint;
using test::contains;
using Inputs = std::vector<td::CheckInput>;
using Values = std::vector<td::Value>;

BOOST_AUTO_TEST_SUITE(ops)
BOOST_AUTO_TEST_SUITE(loss)

namespace {

using Loss = td::Value (*)(const td::Value&, const td::Operand&, td::Reduction);

Inputs numbers(td::Shape s) { return {s, s}; }
// Neither x - t nor its distance from 0.4 and from 1 is small, where these losses bend.
Inputs apart(td::Shape s) {
  const auto x = test::normal(s, 1);
  auto e = test::normal(s, 2);
  e.transform([](double d) {
    for (const double bend : {0.4, 1.0}) {
      if (std::abs(std::abs(d) - bend) < 0.1) return d < 0 ? d - 0.25 : d + 0.25;
    }
    return d;
  });
  return {x, td::Matrix<double>(x - e)};
}
Inputs probabilities(td::Shape s) {
  auto t = test::normal(s, 3);
  t.transform([](double x) { return 1 / (1 + std::exp(-x)); });
  return {s, t};
}
Inputs class_labels(td::Shape s) { return {s, test::labels(s.rows, s.cols)}; }

std::vector<test::OpSample> all_losses() {
  std::vector<test::OpSample> all;
  const auto add = [&](const std::string& name, const Loss& loss, const auto& inputs,
                       bool single_class_is_flat) {
    for (const auto& [word, reduction] :
         {std::pair{"batch_sum", td::batch_sum}, std::pair{"batch_mean", td::batch_mean},
          std::pair{"element_mean", td::element_mean}}) {
      test::OpSample sample{.name = name + " " + word,
                            .op = [loss, r = reduction](const Values& in) { return loss(in[0], in[1], r); },
                            .inputs = inputs,
                            .smallest_batch = 1};
      if (single_class_is_flat) sample.shapes = {{3, 5}, {2, 17}, {257, 2}};
      all.push_back(sample);
    }
  };
  add("mse", td::mse, numbers, false);
  add("l1", td::l1, apart, false);
  add(
      "huber 1", [](const td::Value& x, const td::Operand& t, td::Reduction r) { return td::huber(x, t, r); },
      apart, false);
  add(
      "huber 0.4",
      [](const td::Value& x, const td::Operand& t, td::Reduction r) { return td::huber(x, t, r, 0.4); },
      apart, false);
  add("cross_entropy", td::cross_entropy, class_labels, true);
  add("soft_cross_entropy", td::soft_cross_entropy, probabilities, true);
  add("binary_cross_entropy", td::binary_cross_entropy, probabilities, false);
  return all;
}

}  // namespace

const test::OpTests common{"loss", all_losses()};

BOOST_AUTO_TEST_CASE(wrong_shapes) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value x = tape.input(td::Matrix<float>(3, 4, arma::fill::zeros));
  const td::Matrix<float> wrong(3, 5, arma::fill::zeros);
  const auto wanted = [](const std::string& name, const std::string& x_name, const std::string& t_name) {
    return name + ": " + t_name + " is 3x5, " + x_name + " is 3x4; expected " + t_name + " to be 3x4";
  };
  const auto of = [&](Loss loss) {
    return complaint<td::ShapeError>([&] { loss(x, wrong, td::batch_mean); });
  };
  BOOST_TEST(of(td::mse).starts_with(wanted("mse", "x", "target")));
  BOOST_TEST(of(td::l1).starts_with(wanted("l1", "x", "target")));
  BOOST_TEST(of(td::soft_cross_entropy).starts_with(wanted("soft_cross_entropy", "logits", "targets")));
  BOOST_TEST(of(td::binary_cross_entropy).starts_with(wanted("binary_cross_entropy", "logits", "targets")));
  BOOST_TEST(complaint<td::ShapeError>([&] {
               td::huber(x, wrong, td::batch_mean);
             }).starts_with(wanted("huber", "x", "target")));
  BOOST_TEST(complaint<td::ShapeError>([&] {
               td::cross_entropy(x, test::labels(3, 5), td::batch_mean);
             }).starts_with("cross_entropy: labels is 1x5, logits is 3x4; expected labels to be 1x4"));
  BOOST_CHECK_THROW(td::cross_entropy(x, td::IndexMatrix(3, 4, arma::fill::zeros), td::batch_mean),
                    td::ShapeError);
}

BOOST_AUTO_TEST_CASE(labels_are_indices_and_targets_are_not) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value x = tape.input(td::Matrix<float>(3, 4, arma::fill::zeros));
  BOOST_TEST(contains(complaint<td::ScalarError>([&] {
                        td::cross_entropy(x, td::Matrix<float>(1, 4, arma::fill::zeros), td::batch_mean);
                      }),
                      "cross_entropy: labels holds float; expected index"));
  BOOST_CHECK_THROW(td::mse(x, td::IndexMatrix(3, 4, arma::fill::zeros), td::batch_mean), td::ScalarError);
  BOOST_CHECK_THROW(td::binary_cross_entropy(x, td::IndexMatrix(3, 4, arma::fill::zeros), td::batch_mean),
                    td::ScalarError);
}

BOOST_AUTO_TEST_CASE(a_label_out_of_range) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value x = tape.input(td::Matrix<float>(3, 4, arma::fill::zeros));
  BOOST_TEST(complaint<td::LabelError>([&] {
               td::cross_entropy(x, td::IndexMatrix{{0, 2, 3, 1}}, td::batch_mean);
             }) ==
             "cross_entropy: label 3 of sample 2; expected less than 3, the number of classes (labels are "
             "counted from 0)");
  const td::Index minus_one = td::Index(0) - 1;
  BOOST_TEST(complaint<td::LabelError>([&] {
               td::cross_entropy(x, td::IndexMatrix{{0, 2, 1, minus_one}}, td::batch_mean);
             }).ends_with("(was it negative?)"));
}

BOOST_AUTO_TEST_CASE(nothing_to_learn_from) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Matrix<float> none(3, 0);
  const td::Value x = tape.input(none);
  for (const Loss loss :
       {Loss{td::mse}, Loss{td::l1}, Loss{td::soft_cross_entropy}, Loss{td::binary_cross_entropy}}) {
    BOOST_TEST(
        contains(complaint<td::ShapeError>([&] { loss(x, none, td::batch_mean); }), "an empty batch, 3x0"));
    BOOST_CHECK_THROW(loss(x, none, td::batch_sum), td::ShapeError);
  }
  BOOST_CHECK_THROW(td::cross_entropy(x, td::IndexMatrix(1, 0), td::batch_sum), td::ShapeError);
  BOOST_CHECK_THROW(td::huber(x, none, td::batch_sum), td::ShapeError);
}

BOOST_AUTO_TEST_CASE(hubers_delta_is_a_positive_number) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Matrix<float> m(3, 4, arma::fill::zeros);
  const td::Value x = tape.input(m);
  for (const double bad : {0.0, -1.0, std::nan(""), HUGE_VAL}) {
    BOOST_CHECK_THROW(td::huber(x, m, td::batch_mean, bad), td::OptionError);
  }
}

BOOST_AUTO_TEST_CASE(large_logits_in_float) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value z = tape.variable(td::Matrix<float>{{200, 200, -200, -200}});
  const td::Value wrong = td::binary_cross_entropy(z, td::Matrix<float>{{0, 1, 0, 1}}, td::batch_sum);
  BOOST_TEST(wrong.item() == 400);
  tape.backward(wrong);
  const td::Matrix<float> wanted{{1, 0, 0, -1}};
  BOOST_TEST(arma::abs(z.cotangent<float>() - wanted).max() < 1e-30F);

  td::Memory other;
  td::Tape second(store, other);
  const td::Value logits = second.input(td::Matrix<float>{{1e4F, -1e4F}, {-1e4F, 1e4F}});
  BOOST_TEST(td::cross_entropy(logits, td::IndexMatrix{{0, 0}}, td::batch_sum).item() == 2e4);
}

BOOST_AUTO_TEST_CASE(what_is_never_expected_costs_nothing) {
  td::ParameterStore store({.seed = 0, .scalar = td::f64});
  td::Memory memory;
  td::Tape tape(store, memory);
  const auto column = [](const arma::vec& v) { return td::Matrix<double>(v); };
  const td::Value z = tape.input(column({0, -HUGE_VAL}));
  BOOST_TEST(td::soft_cross_entropy(z, column({1, 0}), td::batch_sum).item() == 0);
  BOOST_TEST(td::cross_entropy(z, td::IndexMatrix(1, 1, arma::fill::zeros), td::batch_sum).item() == 0);
  BOOST_TEST(td::cross_entropy(z, td::IndexMatrix(1, 1, arma::fill::ones), td::batch_sum).item() == HUGE_VAL);
  // But NaN is not hidden, not even where nothing is expected.
  const td::Value nan = tape.input(td::Matrix<double>(2, 1, arma::fill::value(std::nan(""))));
  const td::Matrix<double> nothing(2, 1);
  BOOST_TEST(std::isnan(td::soft_cross_entropy(nan, nothing, td::batch_sum).item()));
}

BOOST_AUTO_TEST_CASE(means_are_sums_divided) {
  td::ParameterStore store({.seed = 0, .scalar = td::f64});
  td::Memory memory;
  td::Tape tape(store, memory);
  const auto x = test::normal({3, 4}, 1);
  const auto t = test::normal({3, 4}, 2);
  for (const Loss loss : {Loss{td::mse}, Loss{td::l1}, Loss{td::binary_cross_entropy}}) {
    const double sum = loss(tape.input(x), t, td::batch_sum).item();
    BOOST_TEST(loss(tape.input(x), t, td::batch_mean).item() == sum / 4);
    BOOST_TEST(loss(tape.input(x), t, td::element_mean).item() == sum / 12);
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
