// Classes from a table: a CSV file with numbers, a column of text and the class to be predicted.
// The data is split into three parts and standardized; early stopping watches the validation loss.
// Prints the columns, the classes, the sizes of the parts, and the result on the test data.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "tapedeck/io/csv.hpp"
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

// Makes up 1000 machines: wear grows with temperature and vibration, and pumps wear faster than fans.
void write_table(const std::string& path) {
  std::ofstream table(path);
  table << "machine,temperature,vibration,state\n";
  for (td::Index i = 0; i < 1000; ++i) {
    const bool pump = td::Random{1}.uniform(i, 0) < 0.5;
    const double heat = td::Random{1}.normal(i, 1);
    const double vibration = td::Random{1}.normal(i, 2);
    const double wear = heat + vibration + (pump ? 1 : 0);
    const char* state = wear < 0 ? "good" : wear < 1.5 ? "worn" : "broken";
    table << (pump ? "pump," : "fan,") << 60 + 15 * heat << ',' << 20 + 5 * vibration << ',' << state << '\n';
  }
}

int main() {
  write_table("machines.csv");
  const td::CsvData table =
      td::read_csv("machines.csv", {.targets = {"state"}, .classification = true, .text_features = true});
  std::filesystem::remove("machines.csv");
  for (const std::string& name : table.feature_names) std::cout << name << ' ';
  std::cout << "->";
  for (const std::string& name : table.class_names) std::cout << ' ' << name;

  const td::Split parts = td::split(table.data, {.test = 0.2, .validation = 0.2, .stratified = true});
  const td::Standardizer standardizer{parts.train};  // means and deviations of the training data alone
  const td::Dataset training = standardizer.apply(parts.train);
  const td::Dataset validation = standardizer.apply(parts.validation);
  const td::Dataset test = standardizer.apply(parts.test);
  std::cout << '\n' << training.size() << ' ' << validation.size() << ' ' << test.size() << " machines\n";

  td::ParameterStore store{{.seed = 1}};
  const td::Sequential model{td::Linear{store.scope("fc_1"), training.features(), 16}, td::ReLU{},
                             td::Linear{store.scope("fc_2"), 16, table.class_names.size()}};
  td::Adam optimizer{store, {.learning_rate = 0.01}};
  td::Trainer trainer{store, model, optimizer, td::CrossEntropyLoss{td::batch_mean}};
  trainer.fit(training, {.epochs = 200, .validation = &validation, .early_stopping = td::EarlyStopping{}});

  const double accuracy = td::accuracy(trainer.predict(test.x<double>()), test.labels());
  std::cout << "# accuracy " << accuracy << '\n';
  std::cout << "accuracy above 90 %: " << (accuracy > 0.9 ? "yes" : "no") << '\n';
}

// Output:
// machine temperature vibration -> broken good worn
// 600 200 200 machines
// # accuracy 0.98
// accuracy above 90 %: yes
