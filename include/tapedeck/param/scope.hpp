#pragma once

/// @file
/// A prefix for the names of parameters and buffers.

#include <string>
#include <string_view>
#include <utility>

#include "tapedeck/param/initializer.hpp"
#include "tapedeck/param/parameter.hpp"
#include "tapedeck/param/parameter_options.hpp"

namespace tapedeck {

class ParameterStore;

/// A prefix for names: `store.scope("encoder").scope("fc_1").add("weight", ...)` adds "encoder.fc_1.weight".
/// The store must outlive it. Errors are those of the store's functions of the same names.
class TAPEDECK_API Scope {
 public:
  /// Adds a parameter under the prefix.
  Parameter add(std::string_view name, Shape shape, Initializer initializer,
                ParameterOptions options = {}) const;
  /// State that is kept but not trained, every element `initial` at first.
  Buffer add_buffer(std::string_view name, Shape shape, double initial) const;
  /// A longer prefix.
  Scope scope(std::string_view name) const;
  /// The prefix, without a dot at its end.
  const std::string& name() const { return name_; }

 private:
  friend class ParameterStore;
  Scope(ParameterStore& store, std::string name) : store_(&store), name_(std::move(name)) {}

  ParameterStore* store_;
  std::string name_;
};

}  // namespace tapedeck
