// A training that is killed in the middle continues from its last checkpoint, with the same bits.
// Prints how many batches each run trains, and whether the interrupted network gives the same answers.
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>

#include "tapedeck/io/checkpoint.hpp"
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

const std::string path = "run.safetensors";

// Trains for six epochs of ten batches, from the checkpoint if there is one, saves after every seventh
// batch, and returns the network's outputs for all points. The process may be killed after some batches.
arma::mat train(const td::Dataset& points, int batches_until_killed) {
  td::ParameterStore store{{.seed = 1}};
  const td::Sequential model{td::Linear{store.scope("fc_1"), 2, 25}, td::ReLU{},
                             td::Dropout{{.probability = 0.2}}, td::Linear{store.scope("fc_2"), 25, 2}};
  td::Adam optimizer{store, {.learning_rate = 0.01}};
  td::Trainer trainer{store, model, optimizer, td::CrossEntropyLoss{td::batch_mean}};

  td::Checkpoint checkpoint{store};  // everything that training depends on
  checkpoint.add("optimizer", optimizer).add("trainer", trainer);
  if (std::filesystem::exists(path)) checkpoint.load(path);

  int batch = 0;
  td::Callback saver;
  saver.on_batch = [&] {
    ++batch;
    if (batch % 7 == 0) checkpoint.save(path);
    if (batch == batches_until_killed) throw std::runtime_error("killed");
  };
  trainer.fit(points, {.epochs = 6, .batch_size = 50, .callbacks = {saver}});
  std::cout << batch << " batches to the end\n";
  std::filesystem::remove(path);
  std::filesystem::remove(td::Checkpoint::previous(path));  // the checkpoint before the last one
  return trainer.predict(points.x<double>());
}

int main() {
  const td::Dataset points = td::disk(500, 1);
  const arma::mat whole = train(points, -1);
  try {
    train(points, 38);
  } catch (const std::runtime_error& error) {
    std::cout << error.what() << " after 38 batches\n";
  }
  const arma::mat resumed = train(points, -1);
  const bool same = arma::all(arma::vectorise(resumed == whole));
  std::cout << "the same bits: " << (same ? "yes" : "no") << '\n';
}

// Output:
// 60 batches to the end
// killed after 38 batches
// 25 batches to the end
// the same bits: yes
