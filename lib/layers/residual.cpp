#include "tapedeck/layers/residual.hpp"

#include "tapedeck/ops/arithmetic.hpp"

namespace tapedeck {

Residual::Residual(const Layer& layer) : layer_(layer) {}

Value Residual::operator()(const Value& x) const { return add(x, layer_(x)); }
std::string Residual::describe() const { return "Residual(" + layer_.describe() + ")"; }
std::vector<NamedParameter> Residual::parameters() const { return layer_.parameters(); }

template TAPEDECK_API Layer::Layer(Residual);

}  // namespace tapedeck
