#include "tapedeck/layers/loss.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "support/complaint.hpp"
#include "support/op_tests.hpp"

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(layers)
BOOST_AUTO_TEST_SUITE(loss)

BOOST_AUTO_TEST_CASE(each_is_its_op_with_its_reduction) {
  td::ParameterStore store({.seed = 1, .scalar = td::f64});
  td::Memory memory;
  td::Tape tape(store, memory);
  const td::Value x = tape.input(test::normal({3, 4}, 1));
  const auto t = test::normal({3, 4}, 2);
  const auto labels = test::labels(3, 4);
  for (const td::Reduction r : {td::batch_sum, td::batch_mean, td::element_mean}) {
    BOOST_TEST(td::MSELoss{r}(x, t).item() == td::mse(x, t, r).item());
    BOOST_TEST(td::L1Loss{r}(x, t).item() == td::l1(x, t, r).item());
    BOOST_TEST((td::HuberLoss{r, 0.4}(x, t).item() == td::huber(x, t, r, 0.4).item()));
    BOOST_TEST(td::HuberLoss{r}(x, t).item() == td::huber(x, t, r, 1).item());
    BOOST_TEST(td::CrossEntropyLoss{r}(x, labels).item() == td::cross_entropy(x, labels, r).item());
    BOOST_TEST(td::SoftCrossEntropyLoss{r}(x, t).item() == td::soft_cross_entropy(x, t, r).item());
    BOOST_TEST(td::BinaryCrossEntropyLoss{r}(x, t).item() == td::binary_cross_entropy(x, t, r).item());
  }
}

BOOST_AUTO_TEST_CASE(a_bad_delta_is_refused_when_the_loss_is_made) {
  for (const double bad : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    BOOST_TEST(test::complaint<td::OptionError>([&] {
                 td::HuberLoss(td::batch_mean, bad);
               }).starts_with("HuberLoss: delta = "));
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
