#include "cli/application.hpp"

#include <fmt/format.h>

#include <cmath>
#include <ostream>
#include <sstream>
#include <variant>

#include "cli/csv_field.hpp"
#include "cli/model.hpp"
#include "cli/write_file.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/io/safetensors.hpp"
#include "tapedeck/train/metrics.hpp"

namespace tapedeck::cli {
namespace {

struct Loaded {
  ModelFile file;
  Model model;

  explicit Loaded(const std::string& path) : file(ModelFile::read(path)), model(file.settings, file.columns) {
    model.load(path);
  }
};

/// exp(z - log(sum(exp(z)))) in every column.
Matrix<double> probabilities(const Matrix<float>& logits) {
  Matrix<double> p = arma::conv_to<Matrix<double>>::from(logits);
  p.each_row() -= arma::max(p, 0);
  p = arma::exp(p);
  p.each_row() /= arma::sum(p, 0);
  return p;
}

void write_predictions(const Matrix<float>& outputs, const Columns& columns, std::ostream& out) {
  std::string line;
  const auto end_line = [&] {
    line.back() = '\n';
    out << line;
    line.clear();
  };
  if (columns.classes.empty()) {
    for (const std::string& name : columns.targets) line += csv_field(name) + ",";
    end_line();
    for (Index c = 0; c < outputs.n_cols; ++c) {
      for (Index r = 0; r < outputs.n_rows; ++r) line += fmt::format("{},", outputs(r, c));
      end_line();
    }
    return;
  }
  line = csv_field(columns.targets.front()) + ",";
  for (const std::string& name : columns.classes) line += csv_field("p(" + name + ")") + ",";
  end_line();
  const Matrix<double> p = probabilities(outputs);
  for (Index c = 0; c < outputs.n_cols; ++c) {
    line = csv_field(columns.classes[outputs.col(c).index_max()]) + ",";
    for (Index r = 0; r < p.n_rows; ++r) line += fmt::format("{:.6g},", p(r, c));
    end_line();
  }
}

std::string list(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + csv_field(name);
  return text;
}

}  // namespace

void predict(const std::string& model, const std::string& data, const std::string& out,
             const Console& console) {
  Loaded loaded(model);
  const Table table = read_table(data, {}, loaded.file.settings, loaded.file.columns, false);
  const Matrix<float> outputs = loaded.model.outputs(table.data);
  if (out.empty()) return write_predictions(outputs, loaded.file.columns, console.out);
  std::ostringstream text;
  write_predictions(outputs, loaded.file.columns, text);
  write_file(out, text.str(), console);
}

void evaluate(const std::string& model, const std::string& data, const std::string& labels,
              const std::vector<std::string>& targets, const Console& console) {
  Loaded loaded(model);
  Columns columns = loaded.file.columns;
  if (!targets.empty()) {
    if (!loaded.file.settings.labels.empty()) {
      throw OptionError(
          {.who = "--target", .given = "a column", .wanted = "none: the model is one of images"});
    }
    if (targets.size() != columns.targets.size()) {
      throw OptionError({.who = "--target",
                         .given = fmt::format("{} columns", targets.size()),
                         .wanted = fmt::format("{}, as the model was trained on", columns.targets.size())});
    }
    columns.targets = targets;
  }
  const Table table = read_table(data, labels, loaded.file.settings, columns, true);
  tell_of_skipped(table, console);
  console.out << fmt::format("samples {}\nloss {:.6g}\n", table.data.size(), loaded.model.loss(table.data));
  if (columns.classes.empty()) return;
  const Matrix<float> outputs = loaded.model.outputs(table.data);
  console.out << fmt::format("accuracy {:.4f}\n", accuracy(outputs, table.data.labels()));
  const IndexMatrix counts =
      confusion_matrix(predicted_classes(outputs), table.data.labels(), columns.classes.size());
  for (Index i = 0; i < counts.n_rows; ++i) {
    for (Index j = 0; j < counts.n_cols; ++j) {
      if (i != j && counts(i, j) > 0) {
        console.out << fmt::format("{} taken for {}: {}\n", columns.classes[i], columns.classes[j],
                                   counts(i, j));
      }
    }
  }
}

void inspect(const std::string& model, const Console& console) {
  const Loaded loaded(model);
  const StateDict state = read_safetensors(model);
  const auto& [settings, columns, data, finished] = loaded.file;
  console.out << fmt::format("{}: {} of {} epochs\n{}\n", model,
                             finished ? "finished training" : "in training", settings.epochs,
                             loaded.model.network().describe());
  console.out << fmt::format("features: {}\ntargets: {}\n", list(columns.features), list(columns.targets));
  if (!columns.classes.empty()) console.out << fmt::format("classes: {}\n", list(columns.classes));
  console.out << "settings: " << to_json(settings).dump(2) << "\nparameters and buffers:\n";
  for (const StateDict::Entry& entry : state.entries()) {
    if (entry.name.find('/') != std::string::npos) continue;
    std::visit(
        [&]<class T>(const Matrix<T>& m) {
          console.out << fmt::format("  {} {} {}\n", entry.name, name_of(element_of<T>),
                                     to_string(shape_of(m)));
        },
        entry.value);
  }
}

}  // namespace tapedeck::cli
