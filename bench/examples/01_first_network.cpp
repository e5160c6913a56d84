// A network of two hidden layers learns which points of the unit square lie in a disk.
// The Trainer has the loop: shuffled batches, forward, backward, a step of the optimizer.
// Prints the layers, and how well points are recognized that the network was not trained on.
#include <iostream>

#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

int main() {
  // One column is one sample: x is 2 x 1000, the labels (1 in the disk, 0 outside) are 1 x 1000.
  const td::Dataset training = td::disk(1000, 1);
  const td::Dataset test = td::disk(1000, 2);

  // The store owns the parameters and their gradients; layers hold handles into it.
  td::ParameterStore store{{.seed = 1}};
  const td::Sequential model{td::Linear{store.scope("hidden_1"), 2, 25}, td::Tanh{},
                             td::Linear{store.scope("hidden_2"), 25, 25}, td::Tanh{},
                             td::Linear{store.scope("output"), 25, 2}};
  td::Adam optimizer{store, {.learning_rate = 3e-3}};
  std::cout << td::summarize(model, store, {2, 1});

  td::Trainer trainer{store, model, optimizer, td::CrossEntropyLoss{td::batch_mean}};
  trainer.fit(training, {.epochs = 60, .batch_size = 50, .callbacks = {td::log_every(20, std::cerr)}});

  const double accuracy = td::accuracy(trainer.predict(test.x<double>()), test.labels());
  std::cout << "# accuracy " << accuracy << '\n';
  std::cout << "accuracy on new points above 95 %: " << (accuracy > 0.95 ? "yes" : "no") << '\n';
}

// Output:
// name      layer             output  parameters
// hidden_1  Linear(2 -> 25)     25x1          75
// tanh_1    Tanh                25x1           0
// hidden_2  Linear(25 -> 25)    25x1         650
// tanh_2    Tanh                25x1           0
// output    Linear(25 -> 2)      2x1          52
//                              total         777
// # accuracy 0.972
// accuracy on new points above 95 %: yes
