#include "cli/training.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include "cli/curves.hpp"
#include "cli/figures.hpp"
#include "cli/gnuplot.hpp"
#include "cli/model.hpp"
#include "cli/named_file.hpp"
#include "cli/number_in.hpp"
#include "cli/write_file.hpp"
#include "core/shrink_columns.hpp"
#include "core/text.hpp"
#include "io/utf8.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/data/split.hpp"
#include "tapedeck/train/callbacks.hpp"

namespace tapedeck::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// --- Parts of the data

// Moves these columns, ascending, to the front, and forgets the others.
template <class T>
void keep_columns(Matrix<T>& m, const std::vector<Index>& positions) {
  for (Index c = 0; c < positions.size(); ++c) {
    if (positions[c] != c) std::copy_n(m.colptr(positions[c]), m.n_rows, m.colptr(c));
  }
  shrink_columns(m, positions.size());
}

struct Parts {
  Dataset training;
  std::optional<Dataset> validation;
};

// The training part stays in the memory of the data, which may be too large to be copied.
Parts parts_of(Dataset data, const Settings& settings) {
  if (settings.validation == 0) return {.training = std::move(data), .validation = std::nullopt};
  const SplitPositions positions = split_positions(data, {.test = 0,
                                                          .validation = settings.validation,
                                                          .seed = settings.seed,
                                                          .stratified = settings.classifies()});
  Dataset validation = data.subset(positions.validation);
  auto [x, y] = std::move(data).release();
  std::visit([&](auto& m) { keep_columns(m, positions.train); }, x);
  std::visit([&](auto& m) { keep_columns(m, positions.train); }, y);
  return {.training = {std::move(x), std::move(y)}, .validation = std::move(validation)};
}

// --- What is refused, and what is warned of

// As the reader of tables has it, which allows a plus sign.
std::optional<double> number_of(const std::string& text) {
  return number_in<double>(text.starts_with('+') ? text.substr(1) : text);
}

bool is_number(const std::string& text) { return number_of(text).has_value(); }

// Classes that are all numbers, and not all whole, are the values of a quantity.
void require_classes(const TableColumns& columns) {
  const auto is_real = [](const std::string& name) {
    const auto value = number_of(name);
    return value && *value != std::floor(*value);
  };
  const auto is_text = [](const std::string& name) { return !is_number(name) && !is_missing(name); };
  if (std::any_of(columns.classes.begin(), columns.classes.end(), is_text)) return;
  const auto real = std::find_if(columns.classes.begin(), columns.classes.end(), is_real);
  if (real == columns.classes.end()) return;
  throw OptionError({.who = "--target",
                     .given = in_quotes(columns.targets.front()) + " holds real numbers, such as " + *real,
                     .wanted = "classes for --loss cross-entropy",
                     .hint = "--loss mse predicts numbers"});
}

// A mistyped number makes a column one of text.
void warn_of_mixed_columns(const TableColumns& columns, const Console& console) {
  for (const CsvCategories& column : columns.categories) {
    const auto text = std::find_if_not(column.names.begin(), column.names.end(), is_number);
    if (text == column.names.end() || std::none_of(column.names.begin(), column.names.end(), is_number))
      continue;
    warn(console, fmt::format("{} holds numbers and text, such as {}: its values are taken as categories",
                              column.column, in_quotes(*text)));
  }
}

void warn_of_targets(const Table& table, const Console& console) {
  const TableColumns& columns = table.columns;
  const Index rows = table.data.size();
  if (const auto* y = std::get_if<Matrix<double>>(&table.data.y())) {
    for (Index r = 0; r < y->n_rows; ++r) {
      const double first = (*y)(r, 0);
      const bool constant = std::all_of(y->begin_row(r), y->end_row(r), [=](double v) { return v == first; });
      if (constant) warn(console, fmt::format("{} is {} in every row", columns.targets[r], first));
    }
  } else if (columns.classes.size() == 1) {
    warn(console, fmt::format("{} is {} in every row: there is only one class", columns.targets.front(),
                              columns.classes.front()));
  } else if (columns.classes.size() > rows / 10) {
    warn(console, fmt::format("{} has {} classes in {} rows; --loss mse predicts numbers",
                              columns.targets.front(), columns.classes.size(), rows));
  }
}

// Settings that decide about the result, without names of files.
std::string decisive(const Settings& settings) {
  JsonObject all = to_json(settings);
  for (const char* key : {"data", "labels", "out", "save_every"}) all.members.erase(key);
  return all.dump();
}

// Throws OptionError if a model of another training is there, or an unfinished one, and FileError if another
// file is, or stands where the version before the last save will be.
void require_own(const std::string& path, const Settings& settings, const std::string& data) {
  constexpr const char* hint = "--overwrite replaces it";
  std::error_code none;
  const std::string previous = Checkpoint::previous(path);
  if (fs::exists(previous, none) && !ModelFile::find(previous)) {
    throw FileError({.who = previous,
                     .given = "it is there already, and no model",
                     .wanted = "no such file: earlier versions of " + path + " are kept there",
                     .hint = hint});
  }
  if (!is_replaced(path) || !fs::exists(path, none) || fs::is_empty(path, none)) return;
  try {
    const ModelFile model = ModelFile::read(path);
    const bool own = model.data_fingerprint == data && decisive(model.settings) == decisive(settings);
    if (own && model.finished) return;
    if (own) {
      throw OptionError({.who = "--out",
                         .given = in_quotes(path) + " is this training, not finished",
                         .wanted = "a new file",
                         .hint = "tapedeck resume continues it, --overwrite begins it again"});
    }
  } catch (const FileError& error) {
    throw FileError({.who = path,
                     .given = "it is there already, and no model can be read from it: " + error.given(),
                     .wanted = "a new file",
                     .hint = hint});
  }
  throw OptionError({.who = "--out",
                     .given = in_quotes(path) + " is a model of another training",
                     .wanted = "a new file",
                     .hint = hint});
}

// --- Training

Callback progress(const Settings& settings, const Reports& reports, const Console& console) {
  if (reports.quiet) return {};
  Callback bar = progress_bar(console.err);
  if (bar.on_step) return bar;
  constexpr Index lines = 10;  // on what is no terminal
  return log_every((settings.epochs + lines - 1) / lines, console.err);
}

/// Saves the model from time to time, and when a signal was caught.
Callback saver(Model& model, const std::string& path, const std::string& data, const Console& console) {
  const std::chrono::duration<double> interval(model.settings().save_every);
  const auto save = [&model, path, data] { model.save(path, data, false); };
  Callback callback;
  callback.on_batch = [=, &console, saved = Clock::now()]() mutable {
    if (console.signal != 0) {
      save();
      throw Interrupted("interrupted; what was trained is in " + path + "; continue with: tapedeck resume " +
                        path);
    }
    if (interval.count() == 0 || Clock::now() - saved < interval) return;
    save();
    saved = Clock::now();
  };
  if (interval.count() == 0) callback.on_epoch = [save](EpochReport&) { save(); };
  return callback;
}

void report(Model& model, const char* part, const Dataset& data, const Console& console) {
  const Figures figures = figures_of(model, data);
  console.out << part << ' ' << to_text(figures, model.columns(), ", ") << '\n';
  warn_of_no_skill(figures, model.columns(), part, console);
}

/// Trains what is left of the model's epochs, and writes everything. `data` is the table's fingerprint.
void finish(Model& model, Table table, const std::string& data, const std::string& path,
            const Reports& reports, const Console& console) {
  const Settings& settings = model.settings();
  require_writable(path);  // before hours are spent
  if (!reports.curves.empty()) require_writable(reports.curves);
  if (!reports.plot.empty()) {
    require_writable(reports.plot);
    gnuplot::require();
  }
  Parts parts = parts_of(std::move(table.data), settings);
  Scale& scale = model.scale();
  if (scale.mean.empty() && !settings.no_standardize) scale.fit(parts.training, table.origin, table.columns);
  const Dataset training = scale.standardized(std::move(parts.training), table.origin);
  std::optional<Dataset> validation;
  if (parts.validation) validation = scale.standardized(std::move(*parts.validation), table.origin);

  CurvesFile curves(reports.curves, console);
  Callback add_to_curves;
  if (!reports.curves.empty()) add_to_curves.on_epoch = [&](EpochReport& epoch) { curves.add(epoch); };
  FitOptions options{
      .epochs = settings.epochs,
      .batch_size = settings.batch,
      .drop_last = settings.drop_last,
      .validation = validation ? &*validation : nullptr,
      .callbacks = {progress(settings, reports, console), add_to_curves, saver(model, path, data, console)}};
  if (settings.patience) options.early_stopping = EarlyStopping{.patience = *settings.patience};
  std::vector<EpochReport> history;
  {
    const SignalCatcher catching(console);  // until what was trained is on the disk
    history = model.fit(training, options);
    model.save(path, data, true);
  }
  report(model, "training", training, console);
  if (validation) {
    report(model, "validation", *validation, console);
  } else if (!reports.quiet) {
    console.err
        << "these are figures of the data it was trained on; --validation 0.2 holds a fifth of them back\n";
  }
  if (!reports.curves.empty()) curves.finish(history);
  if (!reports.plot.empty()) write_file(reports.plot, losses_svg(history), console);
}

// Throws OptionError if the model's file or a report would overwrite an input, each other or another model.
void require_safe(const std::vector<NamedFile>& inputs, const std::string& option, const std::string& model,
                  const Reports& reports) {
  require_distinct(inputs, {{option, model},
                            {option, Checkpoint::previous(model)},
                            {"--curves", reports.curves},
                            {"--plot", reports.plot}});
  require_no_model("--curves", reports.curves);
  require_no_model("--plot", reports.plot);
}

void require_there(const char* option, const std::string& path) {
  std::error_code none;
  if (path.empty() || path == "-" || fs::exists(path, none)) return;
  throw FileError({.who = path,
                   .given = "there is no such file",
                   .wanted = "the data that the model is trained on",
                   .hint = std::string(option) + " says where they are now"});
}

// Returns where a file is, whatever folder the program is started in later.
std::string from_anywhere(const std::string& path) {
  if (path.empty() || path == "-") return path;
  const std::string whole = fs::absolute(path).lexically_normal().string();
  return io::is_utf8(whole) ? whole : path;  // which the model's file must be
}

}  // namespace

void train(Settings settings, const Reports& reports, const std::string& config, bool overwrite,
           const Console& console) {
  require_possible(settings);
  require_file("--out", settings.out);
  require_safe({{"DATA", settings.data}, {"--labels", settings.labels}, {"--config", config}}, "--out",
               settings.out, reports);
  Table table = read_training_table(settings);
  report_skipped(table, console);
  if (settings.labels.empty() && settings.classifies()) require_classes(table.columns);
  warn_of_mixed_columns(table.columns, console);
  warn_of_targets(table, console);
  const std::string data = fingerprint(table);
  if (!overwrite) require_own(settings.out, settings, data);
  const std::string out = settings.out;
  settings.data = from_anywhere(settings.data);
  settings.labels = from_anywhere(settings.labels);
  Model model(settings, table.columns);
  finish(model, std::move(table), data, out, reports, console);
}

void resume(const std::string& path, const std::string& data, const std::string& labels,
            const Reports& reports, const Console& console) {
  ModelFile file = ModelFile::read(path);
  if (!data.empty()) file.settings.data = from_anywhere(data);
  if (!labels.empty()) {
    if (file.settings.labels.empty())
      throw OptionError(
          {.who = "--labels", .given = labels, .wanted = "none: the model is one of CSV files"});
    file.settings.labels = from_anywhere(labels);
  }
  require_safe({{"DATA", file.settings.data}, {"--labels", file.settings.labels}}, "MODEL", path, reports);
  if (file.finished) {
    if (!reports.curves.empty() || !reports.plot.empty()) {
      throw OptionError({.who = reports.curves.empty() ? "--plot" : "--curves",
                         .given = path + ", whose training is finished",
                         .wanted = "a training that goes on",
                         .hint = "curves are drawn at its end"});
    }
    console.out << fmt::format("{} is finished: it was trained for all of its {} epochs, or stopped early\n",
                               path, file.settings.epochs);
    return;
  }
  require_there("--data", file.settings.data);
  require_there("--labels", file.settings.labels);
  Table table = read_training_table(file.settings);
  if (fingerprint(table) != file.data_fingerprint) {
    throw FileError({.who = file.settings.data,
                     .given = "other data than " + path + " was trained on",
                     .wanted = "the same data",
                     .hint = "--data says where they are now; tapedeck train makes a new model"});
  }
  Model model(file.settings, file.columns);
  model.load(path);
  finish(model, std::move(table), file.data_fingerprint, path, reports, console);
}

}  // namespace tapedeck::cli
