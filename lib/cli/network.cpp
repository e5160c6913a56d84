#include "cli/network.hpp"

#include <functional>
#include <map>
#include <string_view>
#include <utility>

#include "cli/number_in.hpp"
#include "core/text.hpp"
#include "tapedeck/layers/activation.hpp"
#include "tapedeck/layers/dropout.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/layers/normalization.hpp"

namespace tapedeck::cli {
namespace {

constexpr const char* words_known =
    "a number of units, relu, leaky-relu, tanh, sigmoid, gelu, silu, elu, softplus, batch-norm, layer-norm "
    "or dropout:P";

[[noreturn]] void refuse(std::string_view word) {
  throw OptionError(
      {.who = "--net", .given = in_quotes(word), .wanted = words_known, .hint = "such as 25,relu,25,relu"});
}

const std::map<std::string_view, std::function<Layer()>> activations = {
    {"relu", [] { return ReLU{}; }}, {"leaky-relu", [] { return LeakyReLU{}; }},
    {"tanh", [] { return Tanh{}; }}, {"sigmoid", [] { return Sigmoid{}; }},
    {"gelu", [] { return GELU{}; }}, {"silu", [] { return SiLU{}; }},
    {"elu", [] { return ELU{}; }},   {"softplus", [] { return Softplus{}; }}};

class Builder {
 public:
  Builder(Index inputs, ParameterStore& store) : width_(inputs), store_(store) {}

  void add(std::string_view word) {
    constexpr std::string_view dropout = "dropout:";
    if (const auto units = number_in<Index>(word)) {
      if (*units == 0) refuse(word);
      add_linear(*units);
    } else if (const auto activation = activations.find(word); activation != activations.end()) {
      network_.add(activation->second());
    } else if (word == "batch-norm") {
      network_.add(BatchNorm{scope("norm"), width_});
    } else if (word == "layer-norm") {
      network_.add(LayerNorm{scope("norm"), width_});
    } else if (word.starts_with(dropout)) {
      const auto probability = number_in<double>(word.substr(dropout.size()));
      if (!probability || !(*probability >= 0 && *probability < 1)) refuse(word);
      network_.add(Dropout{{.probability = *probability}});
    } else {
      refuse(word);
    }
  }
  void add_linear(Index outputs) {
    network_.add(Linear{scope("fc"), std::exchange(width_, outputs), outputs});
  }
  Sequential network() const { return network_; }

 private:
  /// fc_1, fc_2, ...
  Scope scope(const std::string& kind) { return store_.scope(kind + "_" + std::to_string(++counts_[kind])); }

  Index width_;
  ParameterStore& store_;
  Sequential network_;
  std::map<std::string, int> counts_;
};

}  // namespace

Sequential make_network(const std::string& words, Index inputs, Index outputs, ParameterStore& store) {
  Builder builder(inputs, store);
  std::string_view left = words;
  while (!left.empty()) {
    const std::size_t comma = left.find(',');
    builder.add(left.substr(0, comma));
    if (comma == std::string_view::npos) break;
    left.remove_prefix(comma + 1);
    if (left.empty()) refuse(left);
  }
  builder.add_linear(outputs);
  return builder.network();
}

}  // namespace tapedeck::cli
