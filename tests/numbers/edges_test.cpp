// Every op at the edges: of sizes, and of what a scalar holds.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "numbers/exact.hpp"

namespace td = tapedeck;
using test::OpSample;
using test::Samples;
using test::Scalars;

BOOST_AUTO_TEST_SUITE(numbers_)
BOOST_AUTO_TEST_SUITE(edges)

namespace {

// Forward and backward, held to the formulas.
template <class T>
void agrees_with_formulas(const OpSample& sample, const Samples& s, const std::string& where) {
  td::Matrix<double> dy = test::normal(td::shape_of(test::run<T>(sample, s).output), 5);
  dy.transform([](double x) { return static_cast<double>(static_cast<float>(x)); });
  const test::Result got = test::run<T>(sample, s, &dy);
  const auto wanted = test::exact<T>(sample, s, dy);
  if (!wanted) return;
  const std::string output = test::disagreement(got.output, wanted->output);
  BOOST_TEST(output.empty(), where << ": output " << output);
  std::size_t next = 0;
  for (std::size_t i = 0, number = 0; i < s.inputs.size(); ++i) {
    if (!std::holds_alternative<td::Matrix<double>>(s.inputs[i])) continue;
    const auto& gradient = wanted->gradients[number++];
    if (!s.variable[i]) continue;
    const std::string cotangent = test::disagreement(got.gradients[next++], gradient);
    BOOST_TEST(cotangent.empty(), where << ": cotangent " << i << " " << cotangent);
  }
}

template <class T>
Samples rounded_to(Samples s) {
  for (auto& input : s.inputs) {
    if (auto* m = std::get_if<td::Matrix<double>>(&input))
      m->transform([](double x) { return static_cast<double>(static_cast<T>(x)); });
  }
  return s;
}

}  // namespace

// An op without formulas is held to the generic tests alone.
BOOST_AUTO_TEST_CASE(every_op_has_formulas) {
  BOOST_TEST(test::op_samples().size() >= 50U);
  for (const OpSample& sample : test::op_samples()) {
    const Samples s = test::draw(sample, {3, 4});
    const auto y = test::run<double>(sample, s).output;
    BOOST_TEST(test::exact<double>(sample, s, y).has_value(),
               "numbers/exact.hpp does not say what " << sample.name << " gives");
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(sizes, T, Scalars) {
  for (const OpSample& sample : test::op_samples()) {
    for (const td::Index features : {1U, 3U, 257U}) {
      for (const td::Index batch : {0U, 1U, 2U, 17U}) {
        const td::Shape shape{features, batch};
        const Samples s = test::draw(sample, shape);
        if (batch < sample.smallest_batch) {
          BOOST_CHECK_THROW(test::run<T>(sample, s), td::ShapeError);
          continue;
        }
        agrees_with_formulas<T>(sample, s, sample.name + " at " + td::to_string(shape));
      }
    }
  }
}

// A size of an output is a constant, or grows as the features do, or as the batch does; cotangents are of the
// inputs' shapes, and those of an empty batch are zero.
BOOST_AUTO_TEST_CASE_TEMPLATE(shapes, T, Scalars) {
  for (const OpSample& sample : test::op_samples()) {
    const auto result = [&](td::Shape s) { return test::run<T>(sample, test::draw(sample, s)); };
    const auto shape = [&](td::Shape s) { return td::shape_of(result(s).output); };
    const td::Shape base = shape({7, 11});
    const td::Shape taller = shape({8, 11});
    const td::Shape wider = shape({7, 12});
    for (const td::Index features : {1U, 3U, 257U}) {
      for (const td::Index batch : {0U, 1U, 2U, 17U}) {
        if (batch < sample.smallest_batch) continue;
        const td::Shape at{features, batch};
        const auto size = [&](td::Index from, td::Index by_feature, td::Index by_sample) {
          return from + (by_feature - from) * (features - 7) + (by_sample - from) * (batch - 11);
        };
        const td::Shape wanted{size(base.rows, taller.rows, wider.rows),
                               size(base.cols, taller.cols, wider.cols)};
        const Samples s = test::draw(sample, at);
        const test::Result got = test::run<T>(sample, s);
        BOOST_TEST_CONTEXT(sample.name << " at " << td::to_string(at)) {
          BOOST_TEST((td::shape_of(got.output) == wanted), td::to_string(td::shape_of(got.output)));
          std::size_t next = 0;
          for (std::size_t i = 0; i < s.inputs.size(); ++i) {
            if (!s.variable[i]) continue;
            const auto& gradient = got.gradients[next++];
            const auto& input = std::get<td::Matrix<double>>(s.inputs[i]);
            BOOST_TEST((td::shape_of(gradient) == td::shape_of(input)), "cotangent " << i);
            BOOST_TEST((batch > 0 || arma::accu(gradient != 0) == 0), "cotangent " << i);
          }
        }
      }
    }
  }
}

// One input at a time, all of its elements or one.
BOOST_AUTO_TEST_CASE_TEMPLATE(extreme_inputs, T, Scalars) {
  using Limits = std::numeric_limits<T>;
  const auto tiny = static_cast<double>(Limits::denorm_min());
  const double infinity = std::numeric_limits<double>::infinity();
  for (const OpSample& sample : test::op_samples()) {
    const Samples plain = test::draw(sample, {3, 4});
    for (std::size_t i = 0; i < plain.inputs.size(); ++i) {
      if (!std::holds_alternative<td::Matrix<double>>(plain.inputs[i])) continue;
      for (const double size : {1e30, 1e-30, 1000 * tiny, tiny, 0.0, infinity}) {
        const std::string where =
            sample.name + ", input " + std::to_string(i) + " of " + std::to_string(size);
        Samples all = plain;
        auto& numbers = std::get<td::Matrix<double>>(all.inputs[i]);
        numbers.transform([=](double x) { return std::copysign(size, x); });
        agrees_with_formulas<T>(sample, rounded_to<T>(all), where);
      }
      for (const double x :
           {1e30, -1e30, 1e-30, -1e-30, tiny, -tiny, 0.0, -0.0, infinity, -infinity, std::nan("")}) {
        Samples one = plain;
        std::get<td::Matrix<double>>(one.inputs[i])[1] = x;
        agrees_with_formulas<T>(
            sample, rounded_to<T>(one),
            sample.name + ", element 1 of input " + std::to_string(i) + " is " + std::to_string(x));
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
