// The figures that the program prints, and what it warns of.

#include "cli/figures.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "cli/program_fixture.hpp"
#include "cli/table.hpp"
#include "support/complaint.hpp"

namespace td = tapedeck;
using test::bytes_of;
using test::contains;
using test::lines_of;
using test::ProgramFixture;
using test::Run;

BOOST_AUTO_TEST_SUITE(cli)
BOOST_FIXTURE_TEST_SUITE(figures, ProgramFixture)

namespace {

double number_after(const std::string& text, const std::string& name) {
  const std::size_t at = text.find(name + ' ');
  BOOST_REQUIRE_MESSAGE(at != std::string::npos, "no " << name << " in " << text);
  return std::stod(text.substr(at + name.size() + 1));
}

/// Prices around 250,000 that a line explains.
std::string prices(td::Index rows = 200) {
  std::string table = "a,b,price\n";
  const td::Random random(3);
  for (td::Index i = 0; i < rows; ++i) {
    const double a = random.uniform(0, i);
    const double b = random.uniform(1, i);
    table += std::to_string(a) + ',' + std::to_string(b) + ',' +
             std::to_string(250000 + 100000 * a - 50000 * b) + '\n';
  }
  return table;
}

}  // namespace

BOOST_AUTO_TEST_CASE(prices_are_learnt_with_the_default_settings) {
  const std::string data = file("price.csv", prices());
  const Run trained =
      run({"train", data, "--target", "price", "--loss", "mse", "--quiet", "--out", path("model")});
  BOOST_TEST(trained.code == 0, trained.err);
  BOOST_TEST(trained.out.starts_with("training loss "), trained.out);
  BOOST_TEST(number_after(trained.out, "R2") > 0.99, trained.out);
  const Run evaluated = run({"evaluate", path("model"), data});
  BOOST_TEST(number_after(evaluated.out, "R2") > 0.99, evaluated.out);

  // The figures are those of the predictions that the program makes, in the units of the target.
  const std::vector<std::string> predicted = lines_of(run({"predict", path("model"), data}).out);
  const std::vector<std::string> rows = lines_of(bytes_of(data));
  BOOST_TEST(predicted.size() == 201);
  double squares = 0;
  double distances = 0;
  for (std::size_t i = 1; i < predicted.size(); ++i) {
    const double error = std::stod(predicted[i]) - std::stod(rows[i].substr(rows[i].rfind(',') + 1));
    squares += error * error;
    distances += std::abs(error);
  }
  // Six digits are printed, and predictions are float: 250,000 has steps of 1/64, errors are thousands.
  BOOST_TEST(number_after(evaluated.out, "RMSE") == std::sqrt(squares / 200),
             boost::test_tools::tolerance(1e-4));
  BOOST_TEST(number_after(evaluated.out, "MAE") == distances / 200, boost::test_tools::tolerance(1e-4));
}

BOOST_AUTO_TEST_CASE(targets_as_they_are_with_no_standardize) {
  const Run trained = run({"train", path("sums.csv"), "--target", "sum", "--loss", "mse", "--no-standardize",
                           "--epochs", "100", "--rate", "0.01", "--quiet", "--out", path("model")});
  BOOST_TEST(trained.code == 0, trained.err);
  // Then the loss is the mean square of the errors in their units.
  const double rmse = number_after(trained.out, "RMSE");
  BOOST_TEST(number_after(trained.out, "loss") == rmse * rmse, boost::test_tools::tolerance(1e-4));
}

BOOST_AUTO_TEST_CASE(each_of_several_targets_has_its_figures) {
  const Run trained = run({"train", path("sums.csv"), "--target", "sum,\"difference, a - b\"", "--loss",
                           "mse", "--epochs", "2", "--quiet", "--out", path("model")});
  for (const char* part : {"sum R2 ", "sum MAE ", "sum RMSE ", "difference, a - b R2 "})
    BOOST_TEST(contains(trained.out, part), trained.out);
}

BOOST_AUTO_TEST_CASE(real_numbers_are_no_classes) {
  const std::string data = file("price.csv", prices());
  const Run refused = run({"train", data, "--target", "price", "--epochs", "1", "--out", path("model")});
  BOOST_TEST(refused.code == 2);
  BOOST_TEST(contains(refused.err, "\"price\" holds real numbers"), refused.err);
  BOOST_TEST(contains(refused.err, "--loss mse"), refused.err);
  const auto trains = [&](const std::string& table) {
    return run({"train", file("t.csv", table), "--target", "k", "--epochs", "1", "--overwrite", "--quiet",
                "--out", path("model")})
               .code == 0;
  };
  BOOST_TEST(trains("x,k\n1,0\n2,1\n"));
  BOOST_TEST(trains("x,k\n1,0.0\n2,1.0\n"));  // as pandas writes whole numbers beside missing ones
  BOOST_TEST(trains("x,k\n1,v1.5\n2,v2.5\n"));
  BOOST_TEST(!trains("x,k\n1,0\n2,0.5\n"));
  BOOST_TEST(!trains("x,k\n1,0.5\n2,1.5\n3,NA\n"));
  BOOST_TEST(!trains("x,k\n1,+0.5\n2,+1.5\n"));
}

BOOST_AUTO_TEST_CASE(targets_that_look_wrong_are_warned_of) {
  const auto warning = [&](const std::string& table, const std::vector<std::string>& more = {}) {
    std::vector<std::string> all = {"train", file("t.csv", table), "--target", "k",     "--epochs",
                                    "1",     "--overwrite",        "--quiet",  "--out", path("model")};
    all.insert(all.end(), more.begin(), more.end());
    const Run run = this->run(all);
    BOOST_TEST(run.code == 0, run.err);
    return run.err;
  };
  std::string many = "x,k\n";
  std::string few = "x,k\n";
  for (int i = 0; i < 40; ++i) {
    many += std::to_string(i) + ',' + std::to_string(i % 5) + '\n';
    few += std::to_string(i) + ',' + std::to_string(i % 4) + '\n';
  }
  BOOST_TEST(contains(warning(many), "tapedeck: warning: k has 5 classes in 40 rows; --loss mse"),
             warning(many));
  BOOST_TEST(!contains(warning(few), "classes in"), warning(few));
  BOOST_TEST(contains(warning("x,k\n1,p\n2,p\n"), "k is p in every row: there is only one class"));
  BOOST_TEST(contains(warning("x,k\n1,3\n2,3\n", {"--loss", "mse"}), "k is 3 in every row"));
}

BOOST_AUTO_TEST_CASE(an_accuracy_without_skill_is_called_that) {
  std::string table = "x,k\n";
  for (int i = 0; i < 100; ++i) table += std::to_string(i * 7 % 10) + (i % 10 < 7 ? ",p\n" : ",q\n");
  // Three classes out of ten values of x, which a network that has not learnt anything yet answers alike.
  const Run trained = run({"train", file("t.csv", table), "--target", "k", "--epochs", "1", "--rate", "1e-9",
                           "--quiet", "--out", path("model")});
  const double accuracy = number_after(trained.out, "accuracy");
  BOOST_TEST(accuracy <= 0.7);
  BOOST_TEST(
      contains(trained.err, "the training accuracy is no better than that of always answering p (0.7000)"),
      trained.err);
  const Run evaluated = run({"evaluate", path("model"), path("t.csv")});
  BOOST_TEST(contains(evaluated.err, "no better than that of always answering p (0.7000)"), evaluated.err);
  BOOST_TEST(!contains(train({"--quiet"}).err, "no better"));
}

BOOST_AUTO_TEST_CASE(figures_of_the_training_data_are_called_that) {
  const Run alone = train({"--epochs", "1"});
  BOOST_TEST(contains(alone.err, "these are figures of the data it was trained on"), alone.err);
  BOOST_TEST(lines_of(alone.out).size() == 1);
  const Run validated = train({"--epochs", "1", "--validation", "0.2"}, "validated");
  BOOST_TEST(!contains(validated.err, "trained on"), validated.err);
  BOOST_TEST(lines_of(validated.out)[1].starts_with("validation loss "));
}

BOOST_AUTO_TEST_CASE(a_wild_first_row_takes_no_digits_from_the_others) {
  for (const char* wild : {"999999999", "1e12", "-1e15", "1e30"}) {
    std::string table = std::string("a,c,k\n") + wild + ",u,p\n";
    for (int i = 1; i < 200; ++i)
      table += std::to_string(0.001 * i) + (i % 50 == 0 ? ",u," : ",v,") + (i < 100 ? "p\n" : "q\n");
    td::cli::Settings settings;
    settings.data = file("t.csv", table);
    settings.targets = {"k"};
    const td::cli::Table read = td::cli::read_training_table(settings);
    const auto& x = read.data.x<float>();
    BOOST_TEST(x.n_rows == 3U);
    // A spread of 0.1 has 14 bits at least.
    for (td::Index i = 1; i < 200; ++i)
      BOOST_TEST(std::abs(x(0, i) + read.origin(0) - 0.001 * static_cast<double>(i)) < 0.1 / 16384, wild);
    BOOST_TEST(read.origin(1) == 0);  // categories stay 0 or 1
    BOOST_TEST(read.origin(2) == 0);
    BOOST_TEST(x(2, 1) == 1);
  }
}

BOOST_AUTO_TEST_CASE(targets_far_from_0_keep_their_digits) {
  std::string table = "a,y\n";
  for (int i = 0; i < 100; ++i) table += std::to_string(i) + ',' + std::to_string(1000000000000 + i) + '\n';
  const std::string data = file("t.csv", table);
  BOOST_REQUIRE(run({"train", data, "--target", "y", "--loss", "mse", "--epochs", "300", "--rate", "0.01",
                     "--quiet", "--out", path("model")})
                    .code == 0);
  const Run evaluated = run({"evaluate", path("model"), data});
  const std::vector<std::string> lines = lines_of(run({"predict", path("model"), data}).out);
  double distances = 0;
  for (std::size_t i = 0; i < 100; ++i)
    distances += std::abs(std::stod(lines[i + 1]) - 1e12 - static_cast<double>(i));
  BOOST_TEST(distances / 100 < 5);
  BOOST_TEST(number_after(evaluated.out, "MAE") == distances / 100, boost::test_tools::tolerance(1e-3));
}

BOOST_AUTO_TEST_CASE(missing_targets_are_not_made_up) {
  const std::string data = file("t.csv", "a,y\n1,1\n2,\n3,3\n");
  const Run refused = run({"train", data, "--target", "y", "--loss", "mse", "--missing", "0", "--epochs", "1",
                           "--out", path("model")});
  BOOST_TEST(refused.code == 1);
  BOOST_TEST(contains(refused.err, "t.csv:3:3: an empty field in column \"y\""), refused.err);
  for (const char* value : {"nan", "inf", "-inf"}) {
    const Run run = train({"--missing", value});
    BOOST_TEST(run.code == 2);
    BOOST_TEST(contains(run.err, "--missing"), run.err);
  }
}

BOOST_AUTO_TEST_CASE(a_column_that_hardly_changes_counts_as_constant) {
  // 0.1 + 0.2 is 0.30000000000000004.
  std::string table = "a,n,k\n";
  for (int i = 0; i < 60; ++i)
    table +=
        std::to_string(i - 30) + (i % 2 == 0 ? ",0.3," : ",0.30000000000000004,") + (i < 30 ? "p\n" : "q\n");
  BOOST_REQUIRE(run({"train", file("t.csv", table), "--target", "k", "--epochs", "60", "--rate", "0.02",
                     "--quiet", "--out", path("model")})
                    .code == 0);
  const auto answer = [&](const std::string& n) {
    const std::string asked = file("asked.csv", "a,n\n-20," + n + "\n");
    return lines_of(run({"predict", path("model"), asked}).out)[1].substr(0, 1);
  };
  BOOST_TEST(answer("0.3") == "p");
  BOOST_TEST(answer("0.31") == "p");
}

BOOST_AUTO_TEST_CASE(columns_far_from_0_keep_their_digits) {
  // Times in seconds since 1970: float alone has steps of 128 there.
  std::string table = "time,k\n";
  for (int i = 0; i < 100; ++i) table += std::to_string(1700000000 + i) + (i < 50 ? ",p\n" : ",q\n");
  const std::string data = file("t.csv", table);
  const Run trained = run({"train", data, "--target", "k", "--epochs", "200", "--rate", "0.05", "--quiet",
                           "--out", path("model")});
  BOOST_TEST(contains(trained.out, "accuracy 1.0000"), trained.out);
  BOOST_TEST(contains(run({"evaluate", path("model"), data}).out, "accuracy 1.0000"));
  // A prediction depends on the other rows by the rounding of products alone.
  const std::vector<std::string> all = lines_of(run({"predict", path("model"), data}).out);
  const std::string one = file("one.csv", "time\n1700000049\n");
  const auto p = [](const std::string& line) { return std::stod(line.substr(2)); };
  BOOST_TEST(p(lines_of(run({"predict", path("model"), one}).out)[1]) == p(all[50]),
             boost::test_tools::tolerance(1e-5));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
