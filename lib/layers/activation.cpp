#include "tapedeck/layers/activation.hpp"

#include <string>

#include "core/text.hpp"

namespace tapedeck {
namespace {

std::string with_option(const char* layer, const char* option, double value) {
  return std::string(layer) + "(" + option + " " + to_text(value) + ")";
}

}  // namespace

std::string LeakyReLU::describe() const { return with_option("LeakyReLU", "slope", slope); }
std::string ELU::describe() const { return with_option("ELU", "alpha", alpha); }

template TAPEDECK_API Layer::Layer(ReLU);
template TAPEDECK_API Layer::Layer(LeakyReLU);
template TAPEDECK_API Layer::Layer(Tanh);
template TAPEDECK_API Layer::Layer(Sigmoid);
template TAPEDECK_API Layer::Layer(Softplus);
template TAPEDECK_API Layer::Layer(ELU);
template TAPEDECK_API Layer::Layer(GELU);
template TAPEDECK_API Layer::Layer(SiLU);
template TAPEDECK_API Layer::Layer(Softmax);
template TAPEDECK_API Layer::Layer(LogSoftmax);

}  // namespace tapedeck
