#include "tapedeck/layers/layer.hpp"

#include "core/text.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck {

void Layer::refuse_empty() {
  throw OptionError({.who = "Layer", .given = "an empty function", .wanted = "one that can be called"});
}

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
