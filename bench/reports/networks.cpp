#include "reports/networks.hpp"

namespace tapedeck::reports {

Network StandardNetwork::layers() const {
  Network all;
  for (const Block& block : blocks) {
    all.push_back(linear(25, hidden_values));
    all.insert(all.end(), block.begin(), block.end());
  }
  all.push_back(linear(outputs, last_values));
  return all;
}

}  // namespace tapedeck::reports
