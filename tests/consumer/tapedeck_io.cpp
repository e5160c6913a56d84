// Writes weights into a file and reads them back, as a user of the installed package does.
#include <cstdio>

#include "tapedeck/io/weights.hpp"
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

int main() {
  td::ParameterStore store{{.seed = 1}};
  const td::Linear layer{store.scope("fc"), 2, 3};
  td::save_weights("weights.safetensors", store);

  td::ParameterStore other{{.seed = 2}};
  const td::Linear same{other.scope("fc"), 2, 3};
  td::load_weights("weights.safetensors", other);
  const bool equal = arma::approx_equal(other.parameter("fc.weight").value<float>(),
                                        store.parameter("fc.weight").value<float>(), "absdiff", 0);
  std::printf("the weights that were read are %s\n", equal ? "those that were written" : "others");
  return equal ? 0 : 1;
}
