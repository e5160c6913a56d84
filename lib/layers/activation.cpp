#include "tapedeck/layers/activation.hpp"

#include <sstream>

namespace tapedeck {
namespace {

std::string with_option(const char* layer, const char* option, double value) {
  std::ostringstream text;
  text << layer << '(' << option << ' ' << value << ')';
  return text.str();
}

}  // namespace

std::string LeakyReLU::describe() const { return with_option("LeakyReLU", "slope", slope); }
std::string ELU::describe() const { return with_option("ELU", "alpha", alpha); }

}  // namespace tapedeck
