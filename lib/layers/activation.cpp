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

}  // namespace tapedeck
