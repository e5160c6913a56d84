// Weights alone, for other programs. tests/repository/python_safetensors.py loads them in PyTorch.

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "cli/program_fixture.hpp"
#include "io/support.hpp"
#include "support/complaint.hpp"
#include "tapedeck/io/safetensors.hpp"

namespace td = tapedeck;
using test::ProgramFixture;
using test::Run;

BOOST_AUTO_TEST_SUITE(cli)
BOOST_FIXTURE_TEST_SUITE(export_, ProgramFixture)

BOOST_AUTO_TEST_CASE(parameters_and_buffers_without_the_rest) {
  BOOST_REQUIRE(train({"--net", "5,batch-norm,relu", "--epochs", "2"}).code == 0);
  const Run exported = run({"export", path("model"), "--weights", path("weights")});
  BOOST_TEST(exported.code == 0, exported.err);
  BOOST_TEST(exported.out.empty());
  const td::StateDict model = td::read_safetensors(path("model"));
  const td::StateDict weights = td::read_safetensors(path("weights"));
  std::vector<std::string> names;
  for (const td::StateDict::Entry& entry : weights.entries()) {
    names.push_back(entry.name);
    BOOST_TEST(test::same(std::get<td::Matrix<float>>(entry.value),
                          std::get<td::Matrix<float>>(model.find(entry.name)->value)),
               entry.name);
  }
  BOOST_TEST(names ==
             (std::vector<std::string>{"fc_1.bias", "fc_1.weight", "fc_2.bias", "fc_2.weight", "norm_1.bias",
                                       "norm_1.running_mean", "norm_1.running_var", "norm_1.weight"}));
  BOOST_TEST(*weights.find_words("classes") == R"(["inside","out, side"])");
  BOOST_TEST(*weights.find_words("features") == R"(["x","y"])");
  BOOST_TEST(weights.find_words("mean")->starts_with("["));
  BOOST_TEST(*weights.find_words("target_mean") == "[]");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_exported) {
  BOOST_TEST(run({"export", path("disk.csv"), "--weights", path("weights")}).code == 1);
  BOOST_REQUIRE(train({"--epochs", "1"}).code == 0);
  BOOST_TEST(run({"export", path("model")}).code == 2);
  BOOST_TEST(run({"export", path("model"), "--weights", path("model")}).code == 2);
  BOOST_TEST(run({"export", path("model"), "--weights", path("no/such/folder")}).code == 1);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
