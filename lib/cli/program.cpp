#include "cli/program.hpp"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <new>
#include <ostream>

#include "cli/application.hpp"
#include "cli/number_in.hpp"
#include "cli/settings.hpp"
#include "cli/training.hpp"
#include "core/text.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/core/version.hpp"
#include "tapedeck/io/checkpoint.hpp"

namespace tapedeck::cli {
namespace {

/// Everything that the options say.
struct Arguments {
  Settings settings;
  Reports reports;
  std::string config;
  std::string model;
  std::string data;
  std::string labels;
  std::string out;
  std::vector<std::string> targets;
};

void add_reports(CLI::App& app, Reports& reports) {
  app.add_option("--curves", reports.curves, "Write a line for each epoch")->type_name("FILE.csv");
  app.add_option("--plot", reports.plot, "Draw the losses; needs gnuplot")->type_name("FILE.svg");
}

// CLI11 would take 010 for 8, and what is too large for the largest number.
std::uint64_t whole_number(const char* option, const std::string& text) {
  if (const auto number = number_in<std::uint64_t>(text)) return *number;
  throw OptionError({.who = option, .given = in_quotes(text), .wanted = "a whole number"});
}

template <class T>
void add_whole(CLI::App& app, const char* option, T& number, const char* help) {
  CLI::Option& added = *app.add_option_function<std::string>(
      option, [&number, option](const std::string& text) { number = whole_number(option, text); }, help);
  added.type_name("N");
  if constexpr (std::is_integral_v<T>) added.default_str(std::to_string(number));
}

CLI::App& add_train(CLI::App& app, Arguments& arguments) {
  Settings& s = arguments.settings;
  CLI::App& train = *app.add_subcommand("train", "Train a network on a table and write it into a file");
  train.add_option("DATA", s.data, "A CSV file, or images in IDX, plain or .gz");
  train
      .add_option("--config", arguments.config,
                  "Settings as JSON, keys as the long options with '_' for '-'; options win")
      ->type_name("FILE.json");
  train
      .add_option("--target", s.targets,
                  "The column to predict, by name (or number, without a header); may be repeated")
      ->allow_extra_args(false)
      ->type_name("COLUMN");
  train.add_option("--ignore", s.ignored, "A column that is left out; may be repeated")
      ->allow_extra_args(false)
      ->type_name("COLUMN");
  train.add_option("--labels", s.labels, "The labels of IDX images")->type_name("FILE");
  train.add_option("--delimiter", s.delimiter, "Between fields; \\t for a tab")->capture_default_str();
  train.add_flag("--no-header", s.no_header, "The first row has no names");
  train.add_option("--missing", s.missing, "For empty fields: error, skip (the row), or a number")
      ->capture_default_str();
  train.add_option("--validation", s.validation, "Fraction of the samples that are not trained on")
      ->capture_default_str();
  train
      .add_option("--net", s.net,
                  "Units, activations, batch-norm, layer-norm, dropout:P; the output layer follows")
      ->type_name("LAYER[,LAYER...]")
      ->capture_default_str();
  train.add_flag("--no-standardize", s.no_standardize,
                 "Leave features as they are, not at mean 0 and deviation 1");
  train.add_option("--loss", s.loss, "cross-entropy for classes; mse, l1 or huber for numbers")
      ->check(CLI::IsMember({"cross-entropy", "mse", "l1", "huber"}))
      ->capture_default_str();
  train.add_option("--optimizer", s.optimizer, "adam (with decoupled decay), sgd, momentum or rmsprop")
      ->check(CLI::IsMember({"adam", "sgd", "momentum", "rmsprop"}))
      ->capture_default_str();
  train.add_option("--rate", s.rate, "Learning rate")->capture_default_str();
  train.add_option("--weight-decay", s.weight_decay, "Pulls parameters to 0")->capture_default_str();
  add_whole(train, "--epochs", s.epochs, "Passes over the samples");
  add_whole(train, "--batch", s.batch, "Samples in a batch");
  add_whole(train, "--patience", s.patience, "Stop after so many epochs without improvement");
  add_whole(train, "--seed", s.seed, "Everything random follows from it");
  add_whole(train, "--checkpoint-every", s.checkpoint_every, "Epochs between saves");
  train.add_option("--out", s.out, "The model's file")->type_name("FILE.safetensors")->capture_default_str();
  add_reports(train, arguments.reports);
  return train;
}

void add_model(CLI::App& app, Arguments& arguments) {
  app.add_option("MODEL", arguments.model, "A file that tapedeck train wrote")->required();
}

/// What follows --config, whose settings must be there before other options are looked at.
std::string config_in(const std::vector<std::string>& arguments) {
  const std::string option = "--config";
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == option && i + 1 < arguments.size()) return arguments[i + 1];
    if (arguments[i].starts_with(option + "=")) return arguments[i].substr(option.size() + 1);
  }
  return {};
}

/// Where a model was damaged, or was overwritten by mistake, the one before may still be there.
void tell_of_previous(const std::string& model, const FileError& error, const Console& console) {
  const std::string previous = Checkpoint::previous(model);
  if (model.empty() || error.who() != model || !std::filesystem::exists(previous)) return;
  console.err << "tapedeck: as it was before the last save, it is in " << previous << '\n';
}

// CLI11 would say no more than that a subcommand is required.
void require_known(const CLI::App& app, const std::string& subcommand) {
  std::string all;
  for (const CLI::App* known : app.get_subcommands(nullptr)) {
    if (known->check_name(subcommand)) return;
    all += (all.empty() ? "" : ", ") + known->get_name();
  }
  throw OptionError({.who = in_quotes(subcommand), .given = "no such subcommand", .wanted = all});
}

int run(Arguments& given, const std::vector<std::string>& arguments, const Console& console) {
  std::function<void()> action;
  CLI::App app("Trains neural networks on tables, and applies them.", "tapedeck");
  app.set_version_flag("--version", std::string(version));
  app.require_subcommand(1);
  add_train(app, given).callback([&] {
    action = [&] {
      if (given.settings.data.empty()) {
        throw OptionError({.who = "train",
                           .given = "no data",
                           .wanted = "a CSV file: tapedeck train DATA.csv --target COLUMN"});
      }
      train(given.settings, given.reports, console);
    };
  });
  CLI::App& resuming = *app.add_subcommand("resume", "Go on with a training that was stopped");
  add_model(resuming, given);
  add_reports(resuming, given.reports);
  resuming.callback([&] { action = [&] { resume(given.model, given.reports, console); }; });
  CLI::App& predicting = *app.add_subcommand("predict", "Apply a model to other data");
  add_model(predicting, given);
  predicting.add_option("DATA", given.data, "A CSV file with the features by name, or images in IDX")
      ->required();
  predicting.add_option("--out", given.out, "Where to write predictions; otherwise to standard output")
      ->type_name("FILE.csv");
  predicting.callback([&] { action = [&] { predict(given.model, given.data, given.out, console); }; });
  CLI::App& evaluating = *app.add_subcommand("evaluate", "Compare a model with data whose targets are known");
  add_model(evaluating, given);
  evaluating.add_option("DATA", given.data, "A CSV file, or images in IDX")->required();
  evaluating.add_option("--target", given.targets, "The column to compare with, if it has another name here")
      ->allow_extra_args(false)
      ->type_name("COLUMN");
  evaluating.add_option("--labels", given.labels, "The labels of IDX images")->type_name("FILE");
  evaluating.callback(
      [&] { action = [&] { evaluate(given.model, given.data, given.labels, given.targets, console); }; });
  CLI::App& inspecting = *app.add_subcommand("inspect", "Tell what is in a model's file");
  add_model(inspecting, given);
  inspecting.callback([&] { action = [&] { inspect(given.model, console); }; });

  try {
    if (!arguments.empty() && !arguments[0].starts_with('-')) require_known(app, arguments[0]);
    if (const std::string config = config_in(arguments); !config.empty())
      set_from_file(given.settings, config);
    app.parse(std::vector(arguments.rbegin(), arguments.rend()));  // CLI11 takes them from the back
  } catch (const CLI::ParseError& error) {
    return app.exit(error, console.out, console.err) == 0 ? 0 : 2;
  }
  action();
  console.out.flush();
  if (!console.out) throw FileError({.who = "standard output", .given = "it cannot be written to"});
  return 0;
}

}  // namespace

int run_program(const std::vector<std::string>& arguments, const Console& console) {
  Arguments given;
  try {
    return run(given, arguments, console);
  } catch (const Interrupted& stop) {
    console.err << "\ntapedeck: " << stop.what() << '\n';
    return 128 + console.signal;
  } catch (const OptionError& error) {
    console.err << "tapedeck: " << error.what() << '\n';
    return 2;
  } catch (const FileError& error) {
    console.err << "tapedeck: " << error.what() << '\n';
    tell_of_previous(given.model, error, console);
  } catch (const std::bad_alloc&) {
    console.err << "tapedeck: there is not enough memory\n";
  } catch (const std::exception& error) {
    console.err << "tapedeck: " << error.what() << '\n';
  }
  return 1;
}

}  // namespace tapedeck::cli
