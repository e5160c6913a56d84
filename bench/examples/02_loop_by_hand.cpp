// The training loop, written out: shuffled batches, one tape for each, clipped gradients, a falling
// learning rate, and after each epoch the accuracy on validation data.
// Prints whether training succeeded, and that it needed no more memory after the first epoch.
#include <iostream>

#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

int main() {
  const td::Dataset training = td::ring(2000, 1).converted(td::f32);  // in the scalar of the store
  const td::Dataset validation = td::ring(500, 2).converted(td::f32);

  td::ParameterStore store{{.seed = 1}};
  const td::Sequential model{td::Linear{store.scope("fc_1"), 2, 25}, td::ReLU{},
                             td::Linear{store.scope("fc_2"), 25, 25}, td::ReLU{},
                             td::Linear{store.scope("fc_3"), 25, 2}};
  const int epochs = 40;
  td::SGD optimizer{store, {.learning_rate = 0.1, .momentum = 0.9}};
  td::CosineWithWarmup scheduler{optimizer, {.total = epochs}};

  td::Memory memory;  // what tapes write to; it grows with the first ones and is used again by all others
  std::size_t memory_of_first_epoch = 0;
  double accuracy = 0;
  for (int epoch = 0; epoch < epochs; ++epoch) {
    double sum = 0;
    for (const td::Batch& batch : td::batches(training, {.size = 50, .shuffle = {7, epoch}})) {
      td::Tape tape{store, memory};
      const td::Value logits = model(tape.gather(batch.x));
      const td::Value loss = td::cross_entropy(logits, batch.y, td::batch_mean);
      store.zero_grad();  // backward adds to the gradients
      tape.backward(loss);
      td::clip_norm(store, 1);
      optimizer.step();
      sum += loss.item() * static_cast<double>(batch.size());
    }  // the tape and its Values end here
    scheduler.step();

    td::Tape tape{store, memory, td::evaluate};
    const td::Value logits = model(tape.borrow(validation.x<float>()));
    accuracy = td::accuracy(logits.matrix<float>(), validation.labels());
    const double loss = sum / static_cast<double>(training.size());
    if (epoch == 0) memory_of_first_epoch = memory.capacity();
    if (epoch % 10 == 9) std::cout << "# loss " << loss << ", accuracy " << accuracy << '\n';
  }
  std::cout << "accuracy above 95 %: " << (accuracy > 0.95 ? "yes" : "no") << '\n';
  std::cout << "bytes more than after the first epoch: " << memory.capacity() - memory_of_first_epoch << '\n';
}

// Output:
// # loss 0.146144, accuracy 0.95
// # loss 0.105714, accuracy 0.954
// # loss 0.0436623, accuracy 0.98
// # loss 0.0358995, accuracy 0.984
// accuracy above 95 %: yes
// bytes more than after the first epoch: 0
