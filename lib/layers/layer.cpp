#include "tapedeck/layers/layer.hpp"

#include "core/text.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck {

void Layer::refuse_empty() {
  throw OptionError({.who = "Layer", .given = "an empty function", .wanted = "one that can be called"});
}

Parameter Layer::parameter(const std::string& name) const {
  std::string known;
  for (const NamedParameter& parameter : parameters()) {
    if (parameter.name == name) return parameter.handle;
    known += (known.empty() ? "" : ", ") + parameter.name;
  }
  throw NameError({.who = describe(),
                   .given = "no parameter " + in_quotes(name),
                   .wanted = known.empty() ? "a layer that lists its parameters" : known,
                   .hint = known.empty() ? "a layer lists them in a member parameters()" : ""});
}

}  // namespace tapedeck
