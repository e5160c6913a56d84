#include "cli/program.hpp"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <new>
#include <ostream>
#include <string_view>

#include "cli/application.hpp"
#include "cli/number_in.hpp"
#include "cli/settings.hpp"
#include "cli/training.hpp"
#include "core/text.hpp"
#include "io/csv_hints.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/core/version.hpp"
#include "tapedeck/io/checkpoint.hpp"

namespace tapedeck::cli {
namespace {

/// The values of all options and arguments.
struct Arguments {
  Settings settings;
  Reports reports;
  bool overwrite = false;
  std::string config;
  std::string model;
  std::string data;
  std::string labels;
  std::string out;
  std::vector<std::string> targets;
};

void add_reports(CLI::App& app, Reports& reports) {
  app.add_option("--curves", reports.curves, "Write a line after each epoch")->type_name("FILE.csv");
  app.add_option("--plot", reports.plot, "Draw the losses; needs gnuplot")->type_name("FILE.svg");
  app.add_flag("--quiet", reports.quiet, "No progress on standard error");
}

// Splits "a,b" at its commas; what is in double quotes stays whole, as in a CSV file: "\"a, b\",c".
std::vector<std::string> names_in(const std::string& text) {
  std::vector<std::string> names(1);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"' && quoted && i + 1 < text.size() && text[i + 1] == '"') {
      names.back() += text[i++];
    } else if (text[i] == '"' && (quoted || names.back().empty())) {
      quoted = !quoted;
    } else if (text[i] == ',' && !quoted) {
      names.emplace_back();
    } else {
      names.back() += text[i];
    }
  }
  return names;
}

CLI::Option& add_columns(CLI::App& app, const char* option, std::vector<std::string>& columns,
                         const char* help) {
  return *app.add_option_function<std::vector<std::string>>(
                 option,
                 [&columns](const std::vector<std::string>& texts) {
                   columns.clear();  // those of --config
                   for (const std::string& text : texts) {
                     for (std::string& name : names_in(text)) columns.push_back(std::move(name));
                   }
                 },
                 help)
              ->take_all()
              ->type_name("COLUMN[,COLUMN...]");
}

// CLI11 alone would read 010 as 8, and a number that is too large as the largest.
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
  train.add_option("DATA", s.data,
                   "A CSV file, or images in IDX, plain or .gz; - for CSV from standard input");
  train
      .add_option("--config", arguments.config,
                  "Settings as JSON, keys as the long options with '_' for '-'; options win")
      ->type_name("FILE.json");
  add_columns(
      train, "--target", s.targets,
      "Columns to predict, by name (or number, without a header): A,B or A B; a name with a comma in it "
      "as '\"A, B\"'");
  add_columns(train, "--ignore", s.ignored, "Columns that are left out, likewise; all others are features");
  train.add_option("--labels", s.labels, "The labels of IDX images")->type_name("FILE");
  train.add_option("--delimiter", s.delimiter, "Between fields; \\t for a tab")->capture_default_str();
  train.add_flag("--no-header", s.no_header, "The first row has no names");
  train
      .add_option("--missing", s.missing,
                  "For missing values (empty fields; NA, NaN, ? and null in columns of numbers): error, skip "
                  "(the row), or a number")
      ->capture_default_str();
  train.add_flag("--na", s.na, "NA, NaN, ? and null are missing values in columns of text too");
  train.add_option("--unknown", s.unknown, "For categories that training did not see: error or zero")
      ->capture_default_str();
  add_whole(train, "--max-categories", s.max_categories,
            "Most categories in a column of text; each becomes an input of 0 or 1");
  train.add_option("--validation", s.validation, "Fraction of the samples that are not trained on")
      ->capture_default_str();
  train
      .add_option("--net", s.net,
                  "Units, activations, batch-norm, layer-norm, dropout:P; the output layer follows")
      ->type_name("LAYER[,LAYER...]")
      ->capture_default_str();
  train.add_flag("--no-standardize", s.no_standardize,
                 "Leave features and targets that are numbers as they are, not at mean 0 and deviation 1");
  train.add_option("--loss", s.loss, "cross-entropy for classes; mse, l1 or huber for numbers")
      ->check(CLI::IsMember({"cross-entropy", "mse", "l1", "huber"}))
      ->capture_default_str();
  train.add_option("--optimizer", s.optimizer, "adam (with decoupled decay), sgd, momentum or rmsprop")
      ->check(CLI::IsMember({"adam", "sgd", "momentum", "rmsprop"}))
      ->capture_default_str();
  train.add_option("--rate", s.rate, "Learning rate")->capture_default_str();
  train.add_option("--weight-decay", s.weight_decay, "How strongly parameters are pulled to 0")
      ->capture_default_str();
  add_whole(train, "--epochs", s.epochs, "Passes over the samples");
  add_whole(train, "--batch", s.batch, "Samples in a batch");
  train.add_flag("--drop-last", s.drop_last, "Leave out the last batch of an epoch if it is smaller");
  add_whole(train, "--patience", s.patience, "Stop after so many epochs without improvement");
  add_whole(train, "--seed", s.seed, "All that is random follows from it");
  train.add_option("--save-every", s.save_every, "Seconds between saves; 0 to save after each epoch")
      ->capture_default_str();
  train.add_option("--out", s.out, "The model's file")->type_name("FILE.safetensors")->capture_default_str();
  train.add_flag("--overwrite", arguments.overwrite, "Replace a file that is there, even another model");
  add_reports(train, arguments.reports);
  return train;
}

void add_model(CLI::App& app, Arguments& arguments) {
  app.add_option("MODEL", arguments.model, "A file that tapedeck train wrote")->required();
}

/// Returns what follows --config: its settings are read before other options, which override them.
std::string config_in(const std::vector<std::string>& arguments) {
  const std::string option = "--config";
  std::string path;  // of the last one, as with other options
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == option && i + 1 < arguments.size()) path = arguments[i + 1];
    if (arguments[i].starts_with(option + "=")) path = arguments[i].substr(option.size() + 1);
  }
  return path;
}

/// Says where the version before the last save is, if the model is damaged and there is one.
void point_to_previous(const std::string& model, const FileError& error, const Console& console) {
  const std::string previous = Checkpoint::previous(model);
  if (model.empty() || error.who() != model || !std::filesystem::exists(previous)) return;
  console.err << "tapedeck: as it was before the last save, it is in " << previous << '\n';
}

/// Returns what an error says in the program's words: options where the library names functions and fields of
/// a struct. Hints at options of `train` are left out elsewhere.
std::string sentence(const Error& error, bool training) {
  static const std::map<std::string_view, const char*> hints = {
      {csv_hints::allow_non_finite, ""},
      {csv_hints::missing, "--missing says what becomes of such rows"},
      {csv_hints::features_or_ignored, ""},
      {csv_hints::unusable_columns, "--ignore leaves columns out, --max-categories raises the limit"},
      {csv_hints::column_without_value, "--ignore leaves columns out"},
      {csv_hints::unknown_category, "train with --unknown zero to take others"},
      {csv_hints::scalar, "numbers are kept in float"}};
  static const std::map<std::string_view, const char*> names = {
      {"read_csv", "DATA"}, {"split", "--validation"}, {"batches", "--batch"}};
  std::string hint = error.hint();
  if (const auto own = hints.find(hint); own != hints.end())
    hint = training || own->first == csv_hints::unknown_category ? own->second : "";
  if (training && hint.starts_with(csv_hints::other_delimiter)) hint += ": --delimiter";
  const auto name = names.find(error.who());
  const std::string who = name == names.end() ? error.who() : name->second;
  return Error({.who = who, .given = error.given(), .wanted = error.wanted(), .hint = hint}).what();
}

// CLI11 alone would only say that a subcommand is required.
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
  app.option_defaults()->take_last();  // scripts add options behind their own
  app.set_version_flag("--version", std::string(version));
  app.require_subcommand(1);
  CLI::App& training = add_train(app, given);
  training.callback([&] {
    action = [&] { train(given.settings, given.reports, given.config, given.overwrite, console); };
  });
  CLI::App& resuming = *app.add_subcommand("resume", "Continue a training that was stopped");
  add_model(resuming, given);
  resuming.add_option("--data", given.data, "Where the data are now, if they were moved")->type_name("FILE");
  resuming.add_option("--labels", given.labels, "Where the labels of IDX images are now")->type_name("FILE");
  add_reports(resuming, given.reports);
  resuming.callback(
      [&] { action = [&] { resume(given.model, given.data, given.labels, given.reports, console); }; });
  CLI::App& predicting = *app.add_subcommand("predict", "Apply a model to other data");
  add_model(predicting, given);
  predicting
      .add_option("DATA", given.data,
                  "A CSV file with the features by name, or images in IDX; - for CSV from standard input")
      ->required();
  predicting.add_option("--out", given.out, "Where to write predictions; otherwise to standard output")
      ->type_name("FILE.csv");
  predicting.callback([&] { action = [&] { predict(given.model, given.data, given.out, console); }; });
  CLI::App& evaluating = *app.add_subcommand("evaluate", "Compare a model with data whose targets are known");
  add_model(evaluating, given);
  evaluating.add_option("DATA", given.data, "A CSV file, or images in IDX; - for CSV from standard input")
      ->required();
  add_columns(evaluating, "--target", given.targets,
              "The columns to compare with, if they have other names here");
  evaluating.add_option("--labels", given.labels, "The labels of IDX images")->type_name("FILE");
  evaluating.callback(
      [&] { action = [&] { evaluate(given.model, given.data, given.labels, given.targets, console); }; });
  CLI::App& inspecting = *app.add_subcommand("inspect", "Show what is in a model's file");
  add_model(inspecting, given);
  inspecting.callback([&] { action = [&] { inspect(given.model, console); }; });
  CLI::App& exporting = *app.add_subcommand("export", "Write weights alone, for PyTorch's load_state_dict");
  add_model(exporting, given);
  exporting.add_option("--weights", given.out, "Where to write them")
      ->type_name("FILE.safetensors")
      ->required();
  exporting.callback([&] { action = [&] { export_weights(given.model, given.out); }; });

  try {
    if (!arguments.empty() && !arguments[0].starts_with('-')) require_known(app, arguments[0]);
    if (const std::string config = config_in(arguments); !config.empty())
      set_from_file(given.settings, config);
    training.get_option("DATA")->required(given.settings.data.empty());
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
  const bool training = !arguments.empty() && arguments[0] == "train";
  try {
    return run(given, arguments, console);
  } catch (const Interrupted& stop) {
    console.err << "\ntapedeck: " << stop.what() << '\n';
    return 128 + console.signal;
  } catch (const OptionError& error) {
    console.err << "tapedeck: " << sentence(error, training) << '\n';
    return 2;
  } catch (const FileError& error) {
    console.err << "tapedeck: " << sentence(error, training) << '\n';
    point_to_previous(given.model, error, console);
  } catch (const Error& error) {
    console.err << "tapedeck: " << sentence(error, training) << '\n';
  } catch (const std::bad_alloc&) {
    console.err << "tapedeck: there is not enough memory\n";
  } catch (const std::exception& error) {
    console.err << "tapedeck: " << error.what() << '\n';
  }
  return 1;
}

}  // namespace tapedeck::cli
