#include "tapedeck/ops/shape.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

#include "support/complaint.hpp"
#include "support/op_tests.hpp"

namespace td = tapedeck;
using test::complaint;
using Inputs = std::vector<td::CheckInput>;
using Values = std::vector<td::Value>;

BOOST_AUTO_TEST_SUITE(ops)
BOOST_AUTO_TEST_SUITE(shape)

namespace {

test::OpSample slice(td::Index first, td::Index count) {
  return {.name = "slice_rows " + std::to_string(first) + " " + std::to_string(count),
          .op = [=](const Values& in) { return td::slice_rows(in[0], first, count); },
          .inputs =
              [](td::Shape s) {
                return Inputs{td::Shape{s.rows + 4, s.cols}};
              },
          .selects = true};
}

}  // namespace

const test::OpTests common{"shape",
                           {
                               {.name = "concatenate_rows",
                                .op = [](const Values& in) { return td::concatenate_rows(in); },
                                .inputs =
                                    [](td::Shape s) {
                                      return Inputs{s, td::Shape{2, s.cols}, td::Shape{1, s.cols}};
                                    }},
                               slice(0, 5),
                               slice(0, 1),
                               slice(4, 1),
                               slice(1, 3),
                           }};

BOOST_AUTO_TEST_CASE(one_value_may_be_concatenated_with_itself) {
  const auto f = [](const td::Value& x) { return td::concatenate_rows({x, x, x}); };
  const auto report = td::check_gradient(f, {td::Shape{3, 4}});
  BOOST_TEST(report.passed(), report);
}

BOOST_AUTO_TEST_CASE(wrong_shapes) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value a = tape.input(td::Matrix<float>(2, 3));
  const td::Value b = tape.input(td::Matrix<float>(2, 4));
  BOOST_TEST(complaint<td::ShapeError>([&] {
               td::concatenate_rows({a, b});
             }).starts_with("concatenate_rows: b is 2x4, a is 2x3; expected b to be 2x3"));
  BOOST_TEST(complaint<td::UsageError>([&] { td::concatenate_rows({}); }) ==
             "concatenate_rows: no Values; expected at least one");
  BOOST_TEST(complaint<td::ShapeError>([&] { td::slice_rows(a, 1, 2); }) ==
             "slice_rows: 2 rows from row 1 of x, which is 2x3; expected rows that x has");
  BOOST_CHECK_THROW(td::slice_rows(a, 3, 0), td::ShapeError);
  BOOST_CHECK_THROW(td::slice_rows(a, 1, std::numeric_limits<td::Index>::max()), td::ShapeError);
  BOOST_CHECK_THROW(td::concatenate_rows({a, tape.input(test::labels(2, 3))}), td::ScalarError);
}

BOOST_AUTO_TEST_CASE(no_rows_at_all) {
  td::ParameterStore store;
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value x = tape.variable(td::Matrix<float>(2, 3, arma::fill::ones));
  const td::Value none = td::slice_rows(x, 2, 0);
  BOOST_TEST((none.shape() == td::Shape{0, 3}));
  const td::Value y = td::concatenate_rows({none, x});
  BOOST_TEST((y.shape() == td::Shape{2, 3}));
  tape.backward({y, td::Matrix<float>(2, 3, arma::fill::ones)});
  BOOST_TEST(arma::all(arma::vectorise(x.cotangent<float>() == 1)));
}

BOOST_AUTO_TEST_CASE(one_value_alone_must_be_a_good_one_too) {
  BOOST_TEST(complaint<td::HandleError>([] { td::concatenate_rows({td::Value{}}); }) ==
             "Value: an empty one; expected one that was recorded on a tape");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
