#include "tapedeck/param/scope.hpp"

#include <string>
#include <utility>

#include "tapedeck/param/parameter_store.hpp"

namespace tapedeck {

Parameter Scope::add(std::string_view name, Shape shape, Initializer initializer,
                     ParameterOptions options) const {
  return store_->add(name_ + "." + std::string(name), shape, initializer, std::move(options));
}

Buffer Scope::add_buffer(std::string_view name, Shape shape, double initial) const {
  return store_->add_buffer(name_ + "." + std::string(name), shape, initial);
}

Scope Scope::scope(std::string_view name) const { return store_->scope(name_ + "." + std::string(name)); }

}  // namespace tapedeck
