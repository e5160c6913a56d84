// Columns of a table: their names on the command line, text, missing values, other kinds of files.

#include <boost/test/unit_test.hpp>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "cli/program_fixture.hpp"
#include "io/gzip_bytes.hpp"
#include "support/complaint.hpp"

using test::bytes_of;
using test::contains;
using test::lines_of;
using test::ProgramFixture;
using test::Run;

BOOST_AUTO_TEST_SUITE(cli)

namespace {

using Arguments = std::vector<std::string>;

/// A table with columns of numbers and of text, some of them missing.
struct Islands : ProgramFixture {
  std::string penguins(const std::optional<std::string>& missing = std::nullopt) const {
    const char* const islands[] = {"Torgersen", "Biscoe", "Dream"};
    std::string table = "mass,island,sex,kind\n";
    for (int i = 0; i < 60; ++i) {
      const bool gap = missing && i % 17 == 3;
      table += (gap ? *missing : std::to_string(3000 + 20 * i)) + ',' + islands[i % 3] + ',' +
               (i % 2 == 0 ? "f" : "m") + ',' + (i < 30 ? "p" : "q") + '\n';
    }
    return file("penguins.csv", table);
  }
  Run train_on(const std::string& data, const Arguments& more = {}) const {
    Arguments all = {"train", data,          "--target", "kind",  "--epochs",
                     "3",     "--overwrite", "--quiet",  "--out", path("model")};
    all.insert(all.end(), more.begin(), more.end());
    return run(all);
  }
  Run predict(const std::string& table) const {
    return run({"predict", path("model"), file("asked.csv", table)});
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(columns, Islands)

BOOST_AUTO_TEST_CASE(text_becomes_categories_that_travel_with_the_model) {
  const Run trained = train_on(penguins(), {"--epochs", "60", "--rate", "0.02"});
  BOOST_TEST(trained.code == 0, trained.err);
  BOOST_TEST(contains(trained.out, "accuracy 1.0000"), trained.out);
  const std::string inspected = run({"inspect", path("model")}).out;
  BOOST_TEST(contains(inspected, "features: mass, island, sex\n"), inspected);
  BOOST_TEST(contains(inspected, "categories of island: Biscoe, Dream, Torgersen\n"), inspected);
  BOOST_TEST(contains(inspected, "categories of sex: f, m\n"), inspected);
  BOOST_TEST(contains(inspected, "fc_1.weight float 25x6\n"), inspected);
  // One row at a time and in another order of columns, the answers are the same.
  const std::string all = run({"predict", path("model"), path("penguins.csv")}).out;
  const Run one = predict("sex,mass,island\nm,3020,Biscoe\n");
  BOOST_TEST(one.code == 0, one.err);
  BOOST_TEST(lines_of(one.out)[1].substr(0, 4) ==
             lines_of(all)[2].substr(0, 4));  // products may round otherwise
  BOOST_TEST(contains(run({"evaluate", path("model"), path("penguins.csv")}).out, "accuracy 1.0000"));
}

BOOST_AUTO_TEST_CASE(a_category_that_training_did_not_see) {
  const std::string asked = "mass,island,sex\n3100,Elba,f\n";
  BOOST_REQUIRE(train_on(penguins()).code == 0);
  const Run refused = predict(asked);
  BOOST_TEST(refused.code == 1);
  BOOST_TEST(contains(refused.err, "asked.csv:2:6: \"Elba\""), refused.err);
  BOOST_TEST(contains(refused.err, "--unknown zero"), refused.err);
  BOOST_REQUIRE(train_on(penguins(), {"--unknown", "zero"}).code == 0);
  const Run taken = predict(asked);
  BOOST_TEST(taken.code == 0, taken.err);
  BOOST_TEST(lines_of(taken.out).size() == 2);
  BOOST_TEST(train_on(penguins(), {"--unknown", "maybe"}).code == 2);
}

BOOST_AUTO_TEST_CASE(columns_that_cannot_be_used_are_named_together) {
  std::string table = "name,id,x,kind\n";
  for (int i = 0; i < 12; ++i) {
    table += "n" + std::to_string(i) + ",i" + std::to_string(i) + ',' + std::to_string(i) + ',' +
             (i < 6 ? "p" : "q") + '\n';
  }
  const std::string data = file("many.csv", table);
  const Run refused = train_on(data, {"--max-categories", "10"});
  BOOST_TEST(refused.code == 1);
  for (const char* part : {"\"name\"", "\"id\"", "--ignore", "--max-categories"})
    BOOST_TEST(contains(refused.err, part), refused.err);
  BOOST_TEST(!contains(refused.err, "most_categories"), refused.err);
  BOOST_TEST(train_on(data, {"--max-categories", "12"}).code == 0);
  BOOST_TEST(train_on(data, {"--max-categories", "10", "--ignore", "name,id"}).code == 0);
  BOOST_TEST(train_on(data, {"--max-categories", "10", "--ignore", "name", "id"}).code == 0);
}

BOOST_AUTO_TEST_CASE(a_mistyped_number_is_warned_of) {
  const Run trained = train_on(file("typo.csv", "x,y,kind\n1,a,p\n2,b,q\n3o,a,p\n"));
  BOOST_TEST(trained.code == 0);
  BOOST_TEST(contains(trained.err, "warning: x holds numbers and text, such as \"3o\""), trained.err);
  BOOST_TEST(!contains(trained.err, "warning: y"), trained.err);
}

BOOST_AUTO_TEST_CASE(missing_values_by_their_usual_names) {
  for (const char* missing : {"NA", "NaN", "?", "null", ""}) {
    const Run refused = train_on(penguins(missing));
    BOOST_TEST(refused.code == 1, missing);
    BOOST_TEST(contains(refused.err, "--missing"), refused.err);
    const Run skipped = train_on(penguins(missing), {"--missing", "skip"});
    BOOST_TEST(skipped.code == 0, skipped.err);
    BOOST_TEST(skipped.err.starts_with("4 rows left out\n"), skipped.err);
    BOOST_TEST(train_on(penguins(missing), {"--missing", "3500"}).code == 0);
  }
  // In a column of text NA is a category, unless --na says that it is none.
  std::string table = "x,y,kind\n";
  for (int i = 0; i < 20; ++i)
    table += std::to_string(i) +
             (i % 5 == 0   ? ",NA,"
              : i % 2 == 0 ? ",a,"
                           : ",b,") +
             (i < 10 ? "p\n" : "q\n");
  const std::string data = file("text.csv", table);
  BOOST_TEST(train_on(data, {"--missing", "skip"}).code == 0);
  BOOST_TEST(contains(run({"inspect", path("model")}).out, "categories of y: NA, a, b\n"));
  const Run skipped = train_on(data, {"--missing", "skip", "--na"});
  BOOST_TEST(skipped.err.starts_with("4 rows left out\n"), skipped.err);
  BOOST_TEST(contains(run({"inspect", path("model")}).out, "categories of y: a, b\n"));
}

BOOST_AUTO_TEST_CASE(rows_with_a_gap_get_a_line_too) {
  BOOST_REQUIRE(train_on(penguins("NA"), {"--missing", "skip"}).code == 0);
  const Run predicted = run({"predict", path("model"), path("penguins.csv")});
  BOOST_TEST(predicted.code == 0, predicted.err);
  BOOST_TEST(predicted.err == "4 rows left out\n");
  const std::vector<std::string> lines = lines_of(predicted.out);
  BOOST_TEST(lines.size() == 61);
  for (std::size_t row = 0; row < 60; ++row) BOOST_TEST((lines[row + 1] == ",,") == (row % 17 == 3), row);
  // A single field in quotes: readers skip lines with nothing on them.
  const std::string numbers = file("numbers.csv", "a,b\n1,2\n,3\n3,4\n4,5\n");
  BOOST_REQUIRE(run({"train", numbers, "--target", "b", "--loss", "mse", "--missing", "skip", "--epochs", "1",
                     "--quiet", "--out", path("numbers")})
                    .code == 0);
  BOOST_TEST(lines_of(run({"predict", path("numbers"), numbers}).out)[2] == "\"\"");
}

BOOST_AUTO_TEST_CASE(several_columns_after_one_option) {
  const std::string data = path("sums.csv");
  const auto targets = [&](const Arguments& options) {
    Arguments all = {"train",   "--loss",      "mse",   "--epochs",   "1",
                     "--quiet", "--overwrite", "--out", path("model")};
    all.insert(all.end(), options.begin(), options.end());
    const Run trained = run(all);
    BOOST_TEST(trained.code == 0, trained.err);
    const std::vector<std::string> lines = lines_of(run({"inspect", path("model")}).out);
    for (const std::string& line : lines) {
      if (line.starts_with("targets: ")) return line.substr(9);
    }
    return std::string("none");
  };
  BOOST_TEST(targets({data, "--target", "sum", "b"}) == "sum, b");
  BOOST_TEST(targets({"--target", "sum", "b", data}) == "sum, b");  // the last word is left for DATA
  BOOST_TEST(targets({"--target", "sum,b", data}) == "sum, b");
  BOOST_TEST(targets({data, "--target", "sum", "--target", "b"}) == "sum, b");
  BOOST_TEST(targets({data, "--target", "sum,\"difference, a - b\""}) == "sum, \"difference, a - b\"");
  const std::string config = file("config.json", R"({"target": ["difference, a - b"]})");
  BOOST_TEST(targets({data, "--config", config}) == "\"difference, a - b\"");
  BOOST_TEST(targets({data, "--config", config, "--target", "sum"}) == "sum");
}

BOOST_AUTO_TEST_CASE(a_wrong_delimiter_is_named) {
  const std::string data = file("semicolons.csv", "a;b;kind\n1;2;p\n2;3;q\n3;1;p\n");
  const Run refused = train_on(data);
  BOOST_TEST(refused.code != 0);
  BOOST_TEST(contains(refused.err, "';'"), refused.err);
  BOOST_TEST(contains(refused.err, "--delimiter"), refused.err);
  BOOST_TEST(train_on(data, {"--delimiter", ";"}).code == 0);
}

BOOST_AUTO_TEST_CASE(compressed_tables_and_standard_input) {
  const std::string table = bytes_of(path("disk.csv"));
  const std::string compressed = file("disk.csv.gz", test::gzip(table));
  const auto model_of = [&](const std::string& data) {
    const Run trained = run({"train", data, "--target", "place", "--epochs", "2", "--quiet", "--overwrite",
                             "--out", path("model")});
    BOOST_TEST(trained.code == 0, trained.err);
    return trained.out + run({"predict", path("model"), path("new.csv")}).out;
  };
  const std::string plain = model_of(path("disk.csv"));
  BOOST_TEST(model_of(compressed) == plain);
  std::istringstream in(table);
  std::streambuf* const before = std::cin.rdbuf(in.rdbuf());
  const std::string from_input = model_of("-");
  std::istringstream rows("y,x\n0.5,50\n");
  std::cin.clear();
  std::cin.rdbuf(rows.rdbuf());
  const Run predicted = run({"predict", path("model"), "-"});
  std::cin.clear();
  std::cin.rdbuf(before);
  BOOST_TEST(from_input == plain);
  BOOST_TEST(lines_of(predicted.out).size() == 2, predicted.err);
}

BOOST_AUTO_TEST_CASE(hints_are_the_programs_own) {
  const auto says = [&](const Run& run, const std::string& part) {
    BOOST_TEST(run.code != 0);
    BOOST_TEST(contains(run.err, part), run.err);
    for (const char* field : {"allow_non_finite", "(missing says", "text_features", "most_categories",
                              "features ask", "unknown_category", "missing_texts"})
      BOOST_TEST(!contains(run.err, field), run.err);
  };
  says(train_on(file("a.csv", "a,b,kind\n1,,p\n2,3,q\n")), "--missing");
  says(train_on(file("b.csv", "a,b,kind\n1,inf,p\n2,3,q\n")), "\"inf\"");
  says(train_on(file("c.csv", "a,b\n1,2\n"), {"--ignore", "c"}), "kind");
  says(train_on(file("d.csv", "a,kind\n1,p\n2,\n")), "--missing");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
