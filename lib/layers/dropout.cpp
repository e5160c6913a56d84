#include "tapedeck/layers/dropout.hpp"

#include <string>

#include "core/text.hpp"

namespace tapedeck {

Dropout::Dropout(DropoutOptions options) : options_(options) {
  require_dropout_probability(options.probability);
}

std::string Dropout::describe() const { return "Dropout(" + to_text(options_.probability) + ")"; }

template TAPEDECK_API Layer::Layer(Dropout);

}  // namespace tapedeck
