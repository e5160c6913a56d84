// The program as its users see it.

#include "cli/program.hpp"

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/program_fixture.hpp"
#include "cli/table.hpp"
#include "io/support.hpp"
#include "support/complaint.hpp"
#include "tapedeck/core/version.hpp"
#include "tapedeck/io/safetensors.hpp"

namespace td = tapedeck;
using test::bytes_of;
using test::contains;
using test::lines_of;
using test::ProgramFixture;
using test::Run;

BOOST_AUTO_TEST_SUITE(cli)
BOOST_AUTO_TEST_SUITE(program_)

BOOST_AUTO_TEST_CASE(a_network_is_trained_applied_and_looked_at) {
  const ProgramFixture program;
  const Run trained =
      program.train({"--net", "25,relu,25,relu", "--validation", "0.2", "--rate", "0.01", "--batch", "20",
                     "--quiet", "--curves", program.path("curves.csv"), "--plot", program.path("plot.svg")});
  BOOST_TEST(trained.code == 0, trained.err);
  BOOST_TEST(trained.err.empty());
  const std::vector<std::string> metrics = lines_of(trained.out);
  BOOST_TEST(metrics.size() == 2);
  BOOST_TEST(metrics[0].starts_with("training loss 0."));
  BOOST_TEST(metrics[1].starts_with("validation loss 0."));
  BOOST_TEST(std::stod(metrics[1].substr(metrics[1].rfind(' '))) > 0.85);

  const std::vector<std::string> curves = lines_of(bytes_of(program.path("curves.csv")));
  BOOST_TEST(curves.size() == 41);
  BOOST_TEST(curves[0] == "epoch,loss,validation_loss,learning_rate,seconds");
  BOOST_TEST(curves[40].starts_with("40,0."));
  const std::string plot = bytes_of(program.path("plot.svg"));
  BOOST_TEST(plot.starts_with("<svg"));
  BOOST_TEST(contains(plot, "validation"));

  const Run predicted = program.run({"predict", program.path("model"), program.path("new.csv")});
  BOOST_TEST(predicted.code == 0, predicted.err);
  const std::vector<std::string> rows = lines_of(predicted.out);
  BOOST_TEST(rows.size() == 3);
  BOOST_TEST(rows[0] == "place,p(inside),\"p(out, side)\"");
  BOOST_TEST(rows[1].starts_with("inside,"));
  BOOST_TEST(rows[2].starts_with("\"out, side\","));
  const Run to_file = program.run(
      {"predict", program.path("model"), program.path("new.csv"), "--out", program.path("predictions.csv")});
  BOOST_TEST(to_file.out.empty());
  BOOST_TEST(bytes_of(program.path("predictions.csv")) == predicted.out);

  const Run evaluated =
      program.run({"evaluate", program.path("model"), program.path("disk.csv"), "--target", "place"});
  BOOST_TEST(evaluated.code == 0, evaluated.err);
  BOOST_TEST(evaluated.out.starts_with("samples 300\nloss 0."));
  BOOST_TEST(contains(evaluated.out, "accuracy 0.9"));

  const Run inspected = program.run({"inspect", program.path("model")});
  BOOST_TEST(inspected.code == 0, inspected.err);
  for (const char* part : {"finished training of 40 epochs", "fc_3: Linear(25 -> 2)", "features: x, y\n",
                           "classes: inside, \"out, side\"\n", "fc_2.weight float 25x25"}) {
    BOOST_TEST(contains(inspected.out, part), part);
  }
}

BOOST_AUTO_TEST_CASE(numbers_are_predicted_too) {
  const ProgramFixture program;
  const Run trained = program.run({"train", program.path("sums.csv"), "--target", "sum", "--target",
                                   "\"difference, a - b\"", "--loss", "mse", "--net", "16,tanh", "--epochs",
                                   "200", "--rate", "0.01", "--out", program.path("model")});
  BOOST_TEST(trained.code == 0, trained.err);
  BOOST_TEST(std::stod(trained.out.substr(std::string("training loss ").size())) < 0.01, trained.out);
  const Run predicted = program.run({"predict", program.path("model"), program.path("sums.csv")});
  BOOST_TEST(lines_of(predicted.out)[0] == "sum,\"difference, a - b\"");
  const Run evaluated = program.run({"evaluate", program.path("model"), program.path("sums.csv")});
  BOOST_TEST(evaluated.code == 0, evaluated.err);
  BOOST_TEST(!contains(evaluated.out, "accuracy"));
}

BOOST_AUTO_TEST_CASE(columns_may_be_left_out) {
  const ProgramFixture program;
  std::ofstream(program.path("named.csv")) << "name,x,y,day,z\nab,1,2,mon,0\ncd,2,3,tue,1\nef,3,5,wed,0\n";
  std::ofstream(program.path("config.json")) << R"({"ignore": ["name", "day"]})";
  const auto train = [&](const std::vector<std::string>& options) {
    std::vector<std::string> all = {"train", program.path("named.csv"), "--target", "z", "--epochs", "2",
                                    "--out", program.path("model")};
    all.insert(all.end(), options.begin(), options.end());
    return program.run(all);
  };
  BOOST_TEST(contains(train({"--ignore", "nane"}).err, "the nearest name is \"name\""));
  for (const auto& options : std::vector<std::vector<std::string>>{
           {"--ignore", "name", "--ignore", "day"}, {"--config", program.path("config.json")}}) {
    const Run trained = train(options);
    BOOST_TEST(trained.code == 0, trained.err);
    BOOST_TEST(contains(program.run({"inspect", program.path("model")}).out, "features: x, y\n"));
    BOOST_TEST(program.run({"evaluate", program.path("model"), program.path("named.csv")}).code == 0);
    BOOST_TEST(program.run({"resume", program.path("model")}).code == 0);
  }
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_file_and_a_config_says_the_same_as_options) {
  const ProgramFixture program;
  program.train({"--net", "8,tanh,dropout:0.2,batch-norm"}, "first");
  program.train({"--net", "8,tanh,dropout:0.2,batch-norm"}, "second");
  const auto weights = [&](const std::string& name) {
    const td::StateDict state = td::read_safetensors(program.path(name));
    return std::get<td::Matrix<float>>(state.find("fc_1.weight")->value);
  };
  BOOST_TEST(arma::approx_equal(weights("first"), weights("second"), "absdiff", 0));
  std::ofstream(program.path("config.json")) << R"({"target": "place", "seed": 1, "epochs": 7,
                                                 "net": "8,tanh,dropout:0.2,batch-norm"})";
  const Run configured =
      program.run({"train", program.path("disk.csv"), "--config", program.path("config.json"), "--epochs",
                   "40", "--out", program.path("third")});
  BOOST_TEST(configured.code == 0, configured.err);
  BOOST_TEST(arma::approx_equal(weights("first"), weights("third"), "absdiff", 0));
}

BOOST_AUTO_TEST_CASE(an_interrupted_training_is_saved_and_goes_on_as_if_it_had_not_been) {
  const std::vector<std::string> options = {
      "--net", "8,tanh,dropout:0.2,batch-norm", "--validation", "0.2", "--patience", "30"};
  ProgramFixture program;
  BOOST_TEST(program.train(options, "whole").code == 0);
  program.signal = SIGINT;
  const Run stopped = program.train(options);
  BOOST_TEST(stopped.code == 130);
  BOOST_TEST(stopped.out.empty());
  BOOST_TEST(contains(stopped.err, "continue with: tapedeck resume " + program.path("model")), stopped.err);
  const Run again = program.run({"resume", program.path("model")});  // somebody presses once more
  BOOST_TEST(again.code == 130);
  program.signal = 0;
  const Run resumed = program.run({"resume", program.path("model"), "--curves", program.path("curves.csv")});
  BOOST_TEST(resumed.code == 0, resumed.err);
  BOOST_TEST(lines_of(bytes_of(program.path("curves.csv"))).size() == 41);
  const td::StateDict whole = td::read_safetensors(program.path("whole"));
  const td::StateDict parts = td::read_safetensors(program.path("model"));
  BOOST_TEST(whole.entries().size() == parts.entries().size());
  for (const td::StateDict::Entry& entry : whole.entries()) {
    std::visit(
        [&]<class T>(const td::Matrix<T>& m) {
          const auto& n = std::get<td::Matrix<T>>(parts.find(entry.name)->value);
          BOOST_TEST(std::equal(m.begin(), m.end(), n.begin(), n.end()), entry.name);
        },
        entry.value);
  }
  const Run finished = program.run({"resume", program.path("model")});
  BOOST_TEST(finished.code == 0);
  BOOST_TEST(contains(finished.out, "is finished"));
}

BOOST_AUTO_TEST_CASE(other_data_are_noticed_when_training_goes_on) {
  ProgramFixture program;
  program.signal = SIGINT;
  program.train({});
  program.signal = 0;
  std::ofstream(program.path("disk.csv"), std::ios::app) << "1,1,inside\n";
  const Run resumed = program.run({"resume", program.path("model")});
  BOOST_TEST(resumed.code == 1);
  BOOST_TEST(contains(resumed.err, "disk.csv: other data than "), resumed.err);
}

BOOST_AUTO_TEST_CASE(complaints_go_to_standard_error_with_file_line_and_column) {
  const ProgramFixture program;
  std::ofstream(program.path("bad.csv")) << "x,y,place\n1,2,inside\n1,abc,inside\n";
  const auto refused = [&](const std::vector<std::string>& arguments, int code, const std::string& part) {
    const Run run = program.run(arguments);
    BOOST_TEST(run.code == code, run.err);
    BOOST_TEST(run.out.empty());
    BOOST_TEST(contains(run.err, part), run.err << " does not say " << part);
  };
  const std::string disk = program.path("disk.csv");
  const std::string model = program.path("model");
  refused({"train", program.path("bad.csv"), "--target", "y", "--loss", "mse"}, 1,
          "tapedeck: " + program.path("bad.csv") + ":3:3: \"abc\"");
  refused({"train", program.path("missing.csv"), "--target", "place"}, 1, "missing.csv");
  refused({"train", disk, "--target", "plase"}, 1, "the nearest name is \"place\"");
  refused({"train", disk}, 2, "--target: no target");
  refused({"train", "--target", "place"}, 2, "DATA is required");
  refused({"train", disk, "--target", "place", "--net", "25,rellu"}, 2, "--net: \"rellu\"");
  refused({"train", disk, "--target", "place", "--net", "25,,relu"}, 2, "--net: \"\"");
  refused({"train", disk, "--target", "place", "--net", "dropout:1"}, 2, "--net: \"dropout:1\"");
  refused({"train", disk, "--target", "place", "--loss", "nonsense"}, 2, "--loss");
  refused({"train", disk, "--target", "place", "--rate", "-1"}, 2, "--rate");
  refused({"train", disk, "--target", "place", "--epochs", "0"}, 2, "--epochs: 0; expected at least 1");
  refused({"train", disk, "--target", "place", "--epochs", "1e3"}, 2, "--epochs: \"1e3\"; expected a whole");
  refused({"train", disk, "--target", "place", "--seed", "-1"}, 2, "--seed: \"-1\"; expected a whole number");
  refused({"train", disk, "--target", "place", "--seed", "99999999999999999999"}, 2, "--seed");
  refused({"train", disk, "--target", "place", "--validation", "1"}, 2,
          "--validation: 1; expected 0 to 0.99");
  refused({"train", disk, "--target", "place", "--out", program.path("mod\xe9l")}, 2,
          "mod\\xe9l\"; expected UTF-8");
  refused({"train", disk, "--target", "place", "--delimiter", "ab"}, 2, "--delimiter");
  refused({"train", disk, "--target", "place", "--missing", "often"}, 2, "--missing");
  refused(
      {"train", disk, "--target", "place", "--out", program.path("no/such/folder/model"), "--epochs", "1"}, 1,
      "no/such/folder");
  refused({"predict", model, disk}, 1, "model");
  refused({"predict", disk, disk}, 1, "disk.csv");
  refused({"resume", model}, 1, "model");
  refused({"inspect"}, 2, "MODEL");
  refused({"trian"}, 2, "\"trian\": no such subcommand; expected train, resume, predict, evaluate, inspect");
  refused({}, 2, "subcommand");
}

BOOST_AUTO_TEST_CASE(bad_configs_are_refused) {
  const ProgramFixture program;
  const auto refused = [&](const std::string& json, int code, const std::string& part) {
    std::ofstream(program.path("config.json")) << json;
    const Run run = program.run({"train", program.path("disk.csv"), "--config", program.path("config.json")});
    BOOST_TEST(run.code == code, run.err);
    BOOST_TEST(contains(run.err, part), run.err << " does not say " << part);
  };
  refused(R"({"rade": 1})", 2, "the key \"rade\"");
  refused(R"({"rate": "fast"})", 2, "\"rate\" is \"fast\"");
  refused(R"({"epochs": -3})", 2, "\"epochs\" is -3");
  refused(R"({"epochs": 1.5})", 2, "\"epochs\" is 1.5");
  refused(R"({"patience": 2.5})", 2, "\"patience\" is 2.5");
  refused(R"({"patience": -1})", 2, "\"patience\" is -1");
  refused(R"({"rate": 1e999})", 1, "no JSON, from byte");
  refused(R"({"ignore": ["a", 3]})", 2, "\"ignore\" is an array");
  refused(R"({"ignore": ["a", ["b"], "c"]})", 2, "\"ignore\" is an array");
  refused(R"({"net": {"rate": 1}})", 2, "\"net\" is an object");
  refused(R"({"net": null})", 2, "\"net\" is null");
  refused(R"({"no_header": 1})", 2, "\"no_header\" is 1");
  refused(R"({"target": 3})", 2, "\"target\" is 3");
  refused(R"({"max_categories": 0})", 2, "--max-categories: 0; expected at least 1");
  refused(R"({"save_every": -1})", 2, "--save-every: -1; expected");
  refused(R"({"unknown": "maybe"})", 2, "--unknown: \"maybe\"; expected error or zero");
  refused(R"({"patience": 0})", 2, "--patience: 0; expected at least 1");
  refused(R"({"batch": 0})", 2, "--batch: 0; expected at least 1");
  refused(R"({"validation": -0.5})", 2, "--validation: -0.5; expected 0 to 0.99");
  refused(R"({"weight_decay": -1})", 2, "--weight-decay: -1; expected");
  refused(R"({"r\u001bde": 1})", 2, "the key \"r\\x1bde\"");
  refused(R"({"rate": )" + std::string(200'000, '[') + std::string(200'000, ']') + "}", 2,
          "\"rate\" is an array");
  refused(R"([1])", 2, "no JSON object");
  refused(R"({"rate": )", 1, "no JSON, from byte");
}

BOOST_AUTO_TEST_CASE(of_an_option_given_twice_the_last_value_counts) {
  const ProgramFixture program;
  const Run trained = program.train({"--epochs", "7", "--curves", program.path("curves.csv")});
  BOOST_TEST(trained.code == 0, trained.err);
  BOOST_TEST(lines_of(bytes_of(program.path("curves.csv"))).size() == 8);
}

BOOST_AUTO_TEST_CASE(whole_numbers_are_decimal) {
  const ProgramFixture program;
  const Run trained = program.run({"train", program.path("disk.csv"), "--target", "place", "--epochs", "010",
                                   "--out", program.path("model"), "--curves", program.path("curves.csv")});
  BOOST_TEST(trained.code == 0, trained.err);
  BOOST_TEST(lines_of(bytes_of(program.path("curves.csv"))).size() == 11);
}

// What was trained before must not be lost by a command that is wrong.
BOOST_AUTO_TEST_CASE(a_training_that_does_not_begin_changes_nothing) {
  const ProgramFixture program;
  BOOST_REQUIRE(program.train({}).code == 0);
  const std::string model = bytes_of(program.path("model"));
  std::filesystem::remove(program.path("model.previous"));
  const std::string nowhere = program.path("no/such/folder");
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{"--validation", "0.001"},
                                             {"--net", "dropout:2"},
                                             {"--batch", "0"},
                                             {"--target", "x"},
                                             {"--curves", nowhere + "/curves.csv"},
                                             {"--plot", nowhere + "/plot.svg"},
                                             {"--plot", program.path("")}}) {
    std::vector<std::string> options = {"--overwrite"};
    options.insert(options.end(), wrong.begin(), wrong.end());
    const Run run = program.train(options);
    BOOST_TEST(run.code != 0, wrong[0] << ' ' << wrong[1]);
    BOOST_TEST(run.out.empty());
    BOOST_TEST((bytes_of(program.path("model")) == model), wrong[0]);
    BOOST_TEST(!std::filesystem::exists(program.path("model.previous")), wrong[0]);
  }
  BOOST_TEST(
      program.run({"train", program.path("disk.csv"), "--target", "place", "--out", nowhere + "/model"})
          .code == 1);
}

BOOST_AUTO_TEST_CASE(a_training_that_is_stopped_at_once_leaves_the_model_before_it) {
  ProgramFixture program;
  BOOST_REQUIRE(program.train({}).code == 0);
  const std::string model = bytes_of(program.path("model"));
  program.signal = SIGINT;
  BOOST_TEST(program.train({}).code == 130);
  BOOST_TEST((bytes_of(program.path("model.previous")) == model));
}

BOOST_AUTO_TEST_CASE(a_finished_training_has_no_curves_left) {
  const ProgramFixture program;
  BOOST_REQUIRE(program.train({}).code == 0);
  for (const char* option : {"--curves", "--plot"}) {
    const Run run = program.run({"resume", program.path("model"), option, program.path("curves")});
    BOOST_TEST(run.code == 2);
    BOOST_TEST(contains(run.err,
                        std::string(option) + ": " + program.path("model") + ", whose training is finished"));
  }
}

BOOST_AUTO_TEST_CASE(rows_with_a_gap_are_not_evaluated) {
  const ProgramFixture program;
  std::ofstream(program.path("gaps.csv")) << "x,y,place\n1,2,inside\n,3,inside\n4,5,\"out, side\"\n";
  BOOST_REQUIRE(program.train({"--missing", "skip"}).code == 0);
  const Run evaluated = program.run({"evaluate", program.path("model"), program.path("gaps.csv")});
  BOOST_TEST(evaluated.code == 0);
  BOOST_TEST(evaluated.err.starts_with("1 row left out\n"));
  BOOST_TEST(evaluated.out.starts_with("samples 2\n"));
}

BOOST_AUTO_TEST_CASE(predictions_go_to_standard_output_by_name) {
  const ProgramFixture program;
  BOOST_REQUIRE(program.train({}).code == 0);
  const Run plain = program.run({"predict", program.path("model"), program.path("new.csv")});
  for (const char* name : {"-", "/dev/stdout"})
    BOOST_TEST(program.run({"predict", program.path("model"), program.path("new.csv"), "--out", name}).out ==
               plain.out);
}

BOOST_AUTO_TEST_CASE(names_that_are_not_utf_8) {
  const ProgramFixture program;
  for (const char* table : {"x,y,place\n1,2,caf\xe9\n3,4,b\n", "caf\xe9,y,place\n1,2,a\n3,4,b\n"}) {
    std::ofstream(program.path("latin.csv")) << table;
    const Run run = program.run(
        {"train", program.path("latin.csv"), "--target", "place", "--out", program.path("model")});
    BOOST_TEST(run.code == 1);
    BOOST_TEST(contains(run.err, "latin.csv: \"caf\\xe9\"; expected UTF-8"), run.err);
  }
}

BOOST_AUTO_TEST_CASE(model_files_that_somebody_made_up) {
  const ProgramFixture program;
  BOOST_REQUIRE(program.train({}).code == 0);
  const td::StateDict model = td::read_safetensors(program.path("model"));
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  const std::vector<std::pair<std::string, std::string>> changes = {
      {"columns",
       R"({"features":["x","y"],"categories":[],"targets":[],"classes":["a","b"],"by_number":false})"},
      {"columns",
       R"({"features":[],"categories":[],"targets":["place"],"classes":["a","b"],"by_number":false})"},
      {"columns", R"({"features":["x","y"],"categories":["z"],"categories of z":["a"],"targets":["place"],)"
                  R"("classes":["a","b"],"by_number":false})"},
      {"columns", R"({"features":["x","y"],"categories":["y"],"targets":["place"],)"
                  R"("classes":["a","b"],"by_number":false})"},
      {"columns", "{}"},
      {"columns", R"({"features":["x","y"],"targets":["place"]})"},
      {"columns", deep},
      {"settings", deep},
      {"settings", R"({"data":)" + deep + "}"},
      {"settings", R"({"max_categories":0})"},
      {"settings", R"({"of a later version":0})"},
      {"settings", "no JSON"}};
  for (const auto& [key, words] : changes) {
    td::StateDict changed;
    for (const td::StateDict::Entry& entry : model.entries()) changed.add(entry);
    for (const auto& [name, text] : model.words()) {
      if (name != "sha256") changed.add_words(name, name == key ? words : text);
    }
    td::write_safetensors(program.path("model"), changed);
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {"inspect", program.path("model")},
             {"resume", program.path("model")},
             {"predict", program.path("model"), program.path("new.csv")},
             {"evaluate", program.path("model"), program.path("disk.csv")}}) {
      const Run run = program.run(arguments);
      BOOST_TEST(run.code == 1, arguments[0] << ": " << run.err);
      BOOST_TEST(run.out.empty());
      BOOST_TEST(run.err.starts_with("tapedeck: " + program.path("model") + ": "), run.err.substr(0, 200));
      BOOST_TEST(contains(run.err, "expected a model that tapedeck train wrote"), run.err.substr(0, 200));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_model_meets_columns_in_any_order_and_refuses_what_is_missing) {
  const ProgramFixture program;
  program.train({});
  std::ofstream(program.path("other.csv")) << "z,y,x\n9,0.5,50\n";
  BOOST_TEST(program.run({"predict", program.path("model"), program.path("other.csv")}).code == 0);
  std::ofstream(program.path("other.csv")) << "z,y\n9,0.5\n";
  const Run missing = program.run({"predict", program.path("model"), program.path("other.csv")});
  BOOST_TEST(missing.code == 1);
  BOOST_TEST(contains(missing.err, "no column \"x\""), missing.err);
  std::ofstream(program.path("other.csv")) << "x,y,place\n1,2,elsewhere\n";
  const Run unknown = program.run({"evaluate", program.path("model"), program.path("other.csv")});
  BOOST_TEST(unknown.code == 1);
  BOOST_TEST(contains(unknown.err, "other.csv:2:5: \"elsewhere\""), unknown.err);
}

BOOST_AUTO_TEST_CASE(images_and_labels_in_idx) {
  const ProgramFixture program;
  std::string images("\0\0\x08\x03\0\0\0\x28\0\0\0\x02\0\0\0\x02", 16);
  std::string labels("\0\0\x08\x01\0\0\0\x28", 8);
  for (int i = 0; i < 40; ++i) {
    const bool bright = i % 2 == 1;
    images += std::string(4, bright ? '\xf0' : '\x10');
    labels += static_cast<char>(bright ? 1 : 0);
  }
  std::ofstream(program.path("images"), std::ios::binary) << images;
  std::ofstream(program.path("labels"), std::ios::binary) << labels;
  const Run trained =
      program.run({"train", program.path("images"), "--labels", program.path("labels"), "--net", "4,tanh",
                   "--epochs", "60", "--rate", "0.05", "--batch", "10", "--out", program.path("model")});
  BOOST_TEST(trained.code == 0, trained.err);
  BOOST_TEST(contains(trained.out, "accuracy 1.0000"));
  const Run predicted = program.run({"predict", program.path("model"), program.path("images")});
  BOOST_TEST(lines_of(predicted.out)[0] == "label,p(0),p(1)");
  BOOST_TEST(lines_of(predicted.out)[2].starts_with("1,"));
  const Run evaluated = program.run(
      {"evaluate", program.path("model"), program.path("images"), "--labels", program.path("labels")});
  BOOST_TEST(contains(evaluated.out, "accuracy 1.0000"), evaluated.err);
  BOOST_TEST(program.run({"evaluate", program.path("model"), program.path("images")}).code == 2);

  const auto misused = [&](const std::vector<std::string>& arguments, const std::string& option) {
    const Run run = program.run(arguments);
    BOOST_TEST(run.code == 2);
    BOOST_TEST(run.err.starts_with("tapedeck: " + option + ": "), run.err);
  };
  const std::vector<std::string> pair = {program.path("images"), "--labels", program.path("labels")};
  for (const std::vector<std::string>& more :
       std::vector<std::vector<std::string>>{{"--target", "a"}, {"--ignore", "a"}, {"--no-header"}}) {
    std::vector<std::string> arguments = {"train"};
    arguments.insert(arguments.end(), pair.begin(), pair.end());
    arguments.insert(arguments.end(), more.begin(), more.end());
    misused(arguments, more[0]);
  }
  misused({"evaluate", program.path("model"), pair[0], pair[1], pair[2], "--target", "a"}, "--target");
  BOOST_REQUIRE(program.train({}, "other").code == 0);
  misused({"evaluate", program.path("other"), program.path("disk.csv"), "--labels", pair[2]}, "--labels");
}

BOOST_AUTO_TEST_CASE(images_are_scaled_alike_with_and_without_labels) {
  const ProgramFixture program;
  std::string images("\0\0\x08\x02\0\0\1\0\0\0\0\1", 12);
  std::string labels("\0\0\x08\x01\0\0\1\0", 8);
  for (int byte = 0; byte < 256; ++byte) {
    images += static_cast<char>(byte);
    labels += '\0';
  }
  std::ofstream(program.path("images"), std::ios::binary) << images;
  std::ofstream(program.path("labels"), std::ios::binary) << labels;
  td::cli::Settings settings;
  settings.data = program.path("images");
  settings.labels = program.path("labels");
  const td::cli::Table training = td::cli::read_training_table(settings);
  const td::cli::Table alone = td::cli::read_table(settings.data, "", settings, training.columns, {}, false);
  BOOST_TEST(test::same(training.data.x<float>(), alone.data.x<float>()));
  BOOST_TEST(training.data.x<float>()(0, 255) == 1);
}

BOOST_AUTO_TEST_CASE(help_and_version_go_to_standard_output) {
  const ProgramFixture program;
  const Run help = program.run({"--help"});
  BOOST_TEST(help.code == 0);
  for (const char* word : {"train", "resume", "predict", "evaluate", "inspect"})
    BOOST_TEST(contains(help.out, word));
  const Run train = program.run({"train", "--help"});
  for (const char* option :
       {"--target", "--ignore", "--net", "--loss", "--optimizer", "--rate", "--epochs", "--batch",
        "--validation", "--seed", "--save-every", "--out", "--config", "--curves", "--plot"}) {
    BOOST_TEST(contains(train.out, option), option);
  }
  BOOST_TEST(contains(program.run({"--version"}).out, td::version));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
