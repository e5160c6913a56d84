#include "cli/application.hpp"

#include <fmt/format.h>

#include <ostream>
#include <sstream>
#include <variant>

#include "cli/csv_field.hpp"
#include "cli/figures.hpp"
#include "cli/model.hpp"
#include "cli/named_file.hpp"
#include "cli/write_file.hpp"
#include "core/text.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/io/safetensors.hpp"
#include "tapedeck/ops/softmax.hpp"
#include "tapedeck/train/predict.hpp"

namespace tapedeck::cli {
namespace {

struct Loaded {
  ModelFile file;
  Model model;

  explicit Loaded(const std::string& path) : file(ModelFile::read(path)), model(file.settings, file.columns) {
    model.load(path);
  }

  /// Returns the files that the model was trained on.
  std::vector<NamedFile> inputs() const {
    return {{"the data that the model was trained on", file.settings.data},
            {"the labels that the model was trained on", file.settings.labels}};
  }

  /// Reads data for the model and standardizes them.
  Table read(const std::string& path, const std::string& labels, const TableColumns& columns,
             bool with_targets) {
    // Less the mean, values keep their digits in float, and none depends on the other rows.
    Table table = read_table(path, labels, file.settings, columns, model.scale().mean, with_targets);
    table.data = model.scale().standardized(std::move(table.data), table.origin);
    return table;
  }
};

std::string header_of(const TableColumns& columns) {
  std::string line;
  if (columns.classes.empty()) {
    for (const std::string& name : columns.targets) line += csv_field(name) + ",";
  } else {
    line = csv_field(columns.targets.front()) + ",";
    for (const std::string& name : columns.classes) line += csv_field("p(" + name + ")") + ",";
  }
  line.back() = '\n';
  return line;
}

// A row without a prediction has a line too, of empty fields, so that lines stay beside the rows of the data.
// A single empty field stands in quotes: readers such as pandas skip lines with nothing on them.
std::string empty_line(const TableColumns& columns) {
  const Index fields = columns.classes.empty() ? columns.targets.size() : 1 + columns.classes.size();
  return (fields == 1 ? "\"\"" : std::string(fields - 1, ',')) + '\n';
}

// `skipped` names, in ascending order, the rows of the data that `outputs` has no column for.
void write_predictions(Model& model, const Matrix<float>& outputs, const std::vector<Index>& skipped,
                       std::ostream& out) {
  const TableColumns& columns = model.columns();
  const bool classes = !columns.classes.empty();
  const Matrix<float> p = classes ? tapedeck::predict(model.store(), softmax, outputs) : Matrix<float>();
  const Matrix<double> y = classes ? Matrix<double>() : model.scale().in_target_units(outputs);
  out << header_of(columns);
  auto gap = skipped.begin();
  Index c = 0;
  for (Index row = 0; row < outputs.n_cols + skipped.size(); ++row) {
    if (gap != skipped.end() && *gap == row) {
      out << empty_line(columns);
      ++gap;
      continue;
    }
    std::string line = classes ? csv_field(columns.classes[outputs.col(c).index_max()]) + "," : "";
    for (Index r = 0; r < p.n_rows; ++r) line += fmt::format("{:.6g},", p(r, c));
    for (Index r = 0; r < y.n_rows; ++r) line += fmt::format("{},", y(r, c));
    line.back() = '\n';
    out << line;
    ++c;
  }
}

std::string list(const std::vector<std::string>& names) { return joined(names, ", ", csv_field); }

}  // namespace

void predict(const std::string& model, const std::string& data, const std::string& out,
             const Console& console) {
  require_distinct({{"MODEL", model}, {"DATA", data}}, {{"--out", out}});
  require_no_model("--out", out);
  Loaded loaded(model);
  require_distinct(loaded.inputs(), {{"--out", out}});
  const Table table = loaded.read(data, {}, loaded.file.columns, false);
  const Matrix<float> outputs = loaded.model.outputs(table.data.x<float>());
  report_skipped(table, console);
  if (out.empty()) return write_predictions(loaded.model, outputs, table.skipped, console.out);
  std::ostringstream text;
  write_predictions(loaded.model, outputs, table.skipped, text);
  write_file(out, text.str(), console);
}

void evaluate(const std::string& model, const std::string& data, const std::string& labels,
              const std::vector<std::string>& targets, const Console& console) {
  Loaded loaded(model);
  TableColumns columns = loaded.file.columns;
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
  const Table table = loaded.read(data, labels, columns, true);
  report_skipped(table, console);
  const Figures figures = figures_of(loaded.model, table.data);
  console.out << fmt::format("samples {}\n{}\n", table.data.size(), to_text(figures, columns, "\n"));
  if (figures.confusion) {
    const IndexMatrix& counts = *figures.confusion;
    for (Index i = 0; i < counts.n_rows; ++i) {
      for (Index j = 0; j < counts.n_cols; ++j) {
        if (i == j || counts(i, j) == 0) continue;
        console.out << fmt::format("{} taken for {}: {}\n", columns.classes[i], columns.classes[j],
                                   counts(i, j));
      }
    }
  }
  warn_of_no_skill(figures, columns, "evaluated", console);
}

void inspect(const std::string& model, const Console& console) {
  const Loaded loaded(model);
  const StateDict state = read_safetensors(model);
  const auto& [settings, columns, data, finished] = loaded.file;
  console.out << fmt::format("{}: {} of {} epochs\n{}\n", model,
                             finished ? "finished training" : "in training", settings.epochs,
                             loaded.model.network().describe());
  console.out << fmt::format("features: {}\n", list(columns.features));
  for (const CsvCategories& column : columns.categories)
    console.out << fmt::format("categories of {}: {}\n", csv_field(column.column), list(column.names));
  console.out << fmt::format("targets: {}\n", list(columns.targets));
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

void export_weights(const std::string& model, const std::string& out) {
  require_distinct({{"MODEL", model}}, {{"--weights", out}});
  require_no_model("--weights", out);
  require_file("--weights", out);
  Loaded loaded(model);
  require_distinct(loaded.inputs(), {{"--weights", out}});
  StateDict weights;
  StateVisitor visitor(weights);
  loaded.model.store().visit_weights(visitor);
  const Scale& scale = loaded.model.scale();
  for (const auto& [key, value] : to_json(loaded.file.columns).members) weights.add_words(key, dump(value));
  const auto add_numbers = [&](const char* key, const std::vector<double>& numbers) {
    weights.add_words(key, fmt::format("[{}]", fmt::join(numbers, ",")));
  };
  add_numbers("mean", scale.mean);
  add_numbers("deviation", scale.deviation);
  add_numbers("target_mean", scale.target_mean);
  add_numbers("target_deviation", scale.target_deviation);
  write_safetensors(out, weights);
}

}  // namespace tapedeck::cli
