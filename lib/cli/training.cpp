#include "cli/training.hpp"

#include <fmt/format.h>

#include <optional>
#include <ostream>
#include <vector>

#include "cli/gnuplot.hpp"
#include "cli/model.hpp"
#include "cli/write_file.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/data/split.hpp"
#include "tapedeck/train/callbacks.hpp"
#include "tapedeck/train/metrics.hpp"

namespace tapedeck::cli {
namespace {

struct Parts {
  Dataset training;
  std::optional<Dataset> validation;
};

Parts split_of(const Dataset& data, const Settings& settings) {
  if (settings.validation == 0) return {.training = data, .validation = std::nullopt};
  Split split = tapedeck::split(data, {.test = 0,
                                       .validation = settings.validation,
                                       .seed = settings.seed,
                                       .stratified = settings.classifies()});
  return {.training = std::move(split.train), .validation = std::move(split.validation)};
}

std::string losses_csv(const std::vector<EpochReport>& history) {
  std::string csv = "epoch,loss,validation_loss,learning_rate,seconds\n";
  for (const EpochReport& epoch : history) {
    csv += fmt::format("{},{},{},{},{:.6g}\n", epoch.epoch + 1, epoch.loss,
                       epoch.validation_loss ? fmt::format("{}", *epoch.validation_loss) : "",
                       epoch.learning_rate, epoch.seconds);
  }
  return csv;
}

std::string losses_svg(const std::vector<EpochReport>& history) {
  std::string training;
  std::string validation;
  for (const EpochReport& epoch : history) {
    training += fmt::format("{} {:.6g}\n", epoch.epoch + 1, epoch.loss);
    if (epoch.validation_loss)
      validation += fmt::format("{} {:.6g}\n", epoch.epoch + 1, *epoch.validation_loss);
  }
  std::string script = gnuplot::block("training", training) + gnuplot::quiet_axes + gnuplot::grid +
                       "set ylabel 'loss'\nset xlabel 'epoch'\nset yrange [0:*]\n";
  std::string plots = fmt::format(
      "$training using 1:2 with linespoints pt 7 ps 0.2 lw 2 lc '{}' title 'training'", gnuplot::blue);
  if (!validation.empty()) {
    script += gnuplot::block("validation", validation);
    plots += fmt::format(
        ", $validation using 1:2 with linespoints pt 7 ps 0.2 lw 2 lc '{}' dt (8,3) title 'validation'",
        gnuplot::vermillion);
  }
  return gnuplot::draw("losses", "Loss over the epochs", 280, script + "plot " + plots + "\n");
}

/// Writes how well the model does on a part of the data.
void tell(Model& model, const char* part, const Dataset& data, const Console& console) {
  console.out << fmt::format("{} loss {:.6g}", part, model.loss(data));
  if (model.settings().classifies()) {
    console.out << fmt::format(", accuracy {:.4f}", accuracy(model.outputs(data), data.labels()));
  }
  console.out << '\n';
}

/// Fits the model to what is left of its epochs, and writes everything. `data` is the table's fingerprint.
void finish(Model& model, const Table& table, const std::string& data, const std::string& path,
            const Reports& reports, const Console& console) {
  const Settings& settings = model.settings();
  const Parts parts = split_of(table.data, settings);
  require_writable(path);  // what is in the way is found out before hours are spent
  if (!reports.curves.empty()) require_writable(reports.curves);
  if (!reports.plot.empty()) {
    require_writable(reports.plot);
    gnuplot::require();
  }
  if (model.scale().mean.empty() && !settings.no_standardize) model.scale().fit(parts.training);
  const Dataset training = model.scaled(parts.training);
  const std::optional<Dataset> validation =
      parts.validation ? std::optional(model.scaled(*parts.validation)) : std::nullopt;

  Callback saver;
  saver.on_batch = [&] {
    if (console.signal == 0) return;
    model.save(path, data, false);
    throw Interrupted("interrupted; what was trained is in " + path + "; go on with: tapedeck resume " +
                      path);
  };
  saver.on_epoch = [&](const EpochReport& epoch) {
    if ((epoch.epoch + 1) % settings.checkpoint_every == 0) model.save(path, data, false);
  };
  FitOptions options{.epochs = settings.epochs,
                     .batch_size = settings.batch,
                     .validation = validation ? &*validation : nullptr,
                     .callbacks = {progress_bar(console.err), saver}};
  if (settings.patience) options.early_stopping = EarlyStopping{.patience = *settings.patience};
  std::vector<EpochReport> history;
  {
    const SignalsAsk asking(console);  // until what was trained is on the disk
    history = model.fit(training, options);
    model.save(path, data, true);
  }
  tell(model, "training", parts.training, console);
  if (parts.validation) tell(model, "validation", *parts.validation, console);
  if (!reports.curves.empty()) write_file(reports.curves, losses_csv(history), console);
  if (!reports.plot.empty()) write_file(reports.plot, losses_svg(history), console);
}

}  // namespace

void train(const Settings& settings, const Reports& reports, const Console& console) {
  require_possible(settings);
  const Table table = read_training_table(settings);
  tell_of_skipped(table, console);
  Model model(settings, table.columns);
  finish(model, table, fingerprint(table), settings.out, reports, console);
}

void resume(const std::string& path, const Reports& reports, const Console& console) {
  const ModelFile file = ModelFile::read(path);
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
  const Table table = read_training_table(file.settings);
  if (fingerprint(table) != file.data_fingerprint) {
    throw FileError({.who = file.settings.data,
                     .given = "other data than " + path + " was trained on",
                     .wanted = "the same ones",
                     .hint = "train a new model with tapedeck train"});
  }
  Model model(file.settings, file.columns);
  model.load(path);
  finish(model, table, file.data_fingerprint, path, reports, console);
}

}  // namespace tapedeck::cli
