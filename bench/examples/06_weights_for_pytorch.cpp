// Saves the weights of a trained network in a safetensors file, whose names and shapes are PyTorch's:
//     model = torch.nn.Sequential(OrderedDict(fc_1=nn.Linear(2, 16), tanh=nn.Tanh(), fc_2=nn.Linear(16, 2)))
//     model.load_state_dict(safetensors.torch.load_file("disk.safetensors"))
// Prints what is in the file, and whether a network that loads it gives the same answers.
#include <filesystem>
#include <iostream>

#include "tapedeck/io/safetensors.hpp"
#include "tapedeck/io/weights.hpp"
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

td::Sequential make_model(td::ParameterStore& store) {
  return {td::Linear{store.scope("fc_1"), 2, 16}, td::Tanh{}, td::Linear{store.scope("fc_2"), 16, 2}};
}

int main() {
  const td::Dataset points = td::disk(1000, 1);
  td::ParameterStore store{{.seed = 1}};
  const td::Sequential model = make_model(store);
  td::Adam optimizer{store, {.learning_rate = 0.01}};
  td::Trainer trainer{store, model, optimizer, td::CrossEntropyLoss{td::batch_mean}};
  trainer.fit(points, {.epochs = 30});
  td::save_weights("disk.safetensors", store);

  const td::StateDict file = td::import_safetensors("disk.safetensors");  // it may be Python's as well
  for (const td::StateDict::Entry& entry : file.entries()) {
    std::cout << entry.name << ' ' << td::to_string(entry.dimensions.value()) << '\n';
  }

  td::ParameterStore other{{.scalar = td::f64}};  // weights of float are converted to double
  const td::Sequential copy = make_model(other);
  td::load_weights("disk.safetensors", other);
  std::filesystem::remove("disk.safetensors");
  const arma::mat& x = points.x<double>();
  const double difference = arma::abs(td::predict(other, copy, x) - trainer.predict(x)).max();
  std::cout << "# largest difference " << difference << '\n';
  std::cout << "the same but for rounding: " << (difference < 1e-4 ? "yes" : "no") << '\n';
}

// Output:
// fc_1.bias [16]
// fc_1.weight [16, 2]
// fc_2.bias [2]
// fc_2.weight [2, 16]
// # largest difference 7.94463e-07
// the same but for rounding: yes
