#include "tapedeck/layers/layer.hpp"

#include "core/text.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck {

Layer::Layer(const Layer&) noexcept = default;
Layer& Layer::operator=(const Layer&) noexcept = default;
Layer::~Layer() = default;
Layer::Held::~Held() = default;

void Layer::hold(const Held* held) { held_.reset(held); }

void Layer::refuse_empty() {
  throw OptionError({.who = "Layer", .given = "an empty function", .wanted = "one that can be called"});
}

Value Layer::operator()(const Value& x) const { return held_->forward(x); }
std::string Layer::name() const { return held_->name(); }
std::string Layer::kind() const { return held_->kind(); }
std::string Layer::describe() const { return held_->describe(); }
std::vector<NamedParameter> Layer::parameters() const { return held_->parameters(); }

Parameter Layer::parameter(const std::string& name) const {
  const std::vector<NamedParameter> all = parameters();
  for (const NamedParameter& parameter : all) {
    if (parameter.name == name) return parameter.handle;
  }
  const std::string known = joined(all, ", ", [](const NamedParameter& p) { return p.name; });
  throw NameError({.who = describe(),
                   .given = "no parameter " + in_quotes(name),
                   .wanted = known.empty() ? "a layer that lists its parameters" : known,
                   .hint = known.empty() ? "a layer lists them in a member parameters()" : ""});
}

}  // namespace tapedeck
