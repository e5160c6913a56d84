#include "tapedeck/layers/dropout.hpp"

#include <sstream>

namespace tapedeck {

Dropout::Dropout(DropoutOptions options) : options_(options) {
  require_dropout_probability(options.probability);
}

std::string Dropout::describe() const {
  std::ostringstream text;
  text << "Dropout(" << options_.probability << ')';
  return text.str();
}

}  // namespace tapedeck
