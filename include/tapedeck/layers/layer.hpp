#pragma once

/// @file
/// What a layer is: anything copyable that takes a Value and gives one.

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <vector>

#include "tapedeck/param/parameter.hpp"
#include "tapedeck/tape/value.hpp"

namespace tapedeck {

/// A parameter and what its layer calls it, such as "weight".
struct NamedParameter {
  std::string name;  ///< "weight"; of a Sequential's parameters "fc_1.weight"
  Parameter handle;  ///< what a store takes
};

/// A copyable callable `Value operator()(const Value&) const`; there is no base class to inherit. It may be
/// called by several threads at once, each with a tape of its own: a Trainer does so for shards, and evaluate
/// and predict for more than 1024 samples. What a call changes besides its tape, such as a counter, must be
/// made for that. A layer may offer besides, for looking at models:
///   - `std::string name() const`, the name of its scope, which Sequential takes over;
///   - `std::string describe() const`, one readable line such as "Linear(2 -> 25)";
///   - `std::vector<NamedParameter> parameters() const`;
///   - `static constexpr const char* kind`, a word for automatic names: "relu" gives relu_1, relu_2, ...
template <class L>
concept LayerLike = std::copy_constructible<L> && std::is_invocable_r_v<Value, const L&, const Value&>;

namespace detail {

// Says what keeps L from being a layer.
template <class L>
void explain_layer() {
  constexpr bool callable = std::is_invocable_v<const L&, const Value&>;
  constexpr bool gives_a_value = std::is_invocable_r_v<Value, const L&, const Value&>;
  constexpr bool copyable = std::copy_constructible<L>;
  constexpr bool not_const = !callable && std::is_invocable_v<L&, const Value&>;
  static_assert(!not_const, "layer: operator() is not const; a layer has no state that a call could change");
  static_assert(
      callable || not_const,
      "layer: it cannot be called with a Value; a layer has a public Value operator()(const Value&) const");
  static_assert(!callable || gives_a_value,
                "layer: operator() does not give a Value; it gives what it recorded on the tape");
  static_assert(copyable, "layer: it cannot be copied; it holds handles and options, no state");
}

}  // namespace detail

/// Holds any layer. Copies share it: a layer cannot change. To move one is to copy it, so that none is empty.
class TAPEDECK_API Layer {
 public:
  /// What is no layer does not compile, and one sentence says why. This is asked inside: as a constraint it
  /// would be a page, and would ask itself about a layer made of a Layer. OptionError if it is a function
  /// that is empty: a null pointer or an empty std::function.
  template <class L>
  requires(!std::same_as<L, Layer>)
      Layer(L layer);  // NOLINT(google-explicit-constructor): a list of layers is a list of different types

  /// Shares what the other holds.
  Layer(const Layer&) noexcept;
  /// Shares what the other holds.
  Layer& operator=(const Layer&) noexcept;
  ~Layer();

  Value operator()(const Value& x) const;

  /// The layer's own name, or empty.
  std::string name() const;
  /// The layer's word for automatic names, or "layer".
  std::string kind() const;
  std::string describe() const;
  std::vector<NamedParameter> parameters() const;
  /// One of its parameters by the layer's own word for it. NameError if there is none.
  Parameter parameter(const std::string& name) const;

  /// The layer as what it was made of, or null if it is something else.
  template <class L>
  const L* as() const {
    return typeid(L) == held_->type() ? &static_cast<const Holder<L>&>(*held_).layer : nullptr;
  }

 private:
  struct TAPEDECK_API Held {
    Held() = default;
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    virtual ~Held();
    virtual Value forward(const Value& x) const = 0;
    virtual std::string name() const = 0;
    virtual std::string kind() const = 0;
    virtual std::string describe() const = 0;
    virtual std::vector<NamedParameter> parameters() const = 0;
    virtual const std::type_info& type() const = 0;
  };
  // What a layer may offer besides its call.
  struct Offers {
    template <class L>
    static constexpr bool name = requires(const L& l) {
      std::string(l.name());
    };
    template <class L>
    static constexpr bool kind = requires {
      std::string(L::kind);
    };
    template <class L>
    static constexpr bool describe = requires(const L& l) {
      std::string(l.describe());
    };
    template <class L>
    static constexpr bool parameters = requires(const L& l) {
      std::vector<NamedParameter>(l.parameters());
    };
  };
  template <class L>
  struct Holder final : Held {
    explicit Holder(L l) : layer(std::move(l)) {}

    Value forward(const Value& x) const override { return layer(x); }
    std::string name() const override {
      if constexpr (Offers::name<L>) return layer.name();
      return {};
    }
    std::string kind() const override {
      if constexpr (Offers::kind<L>) return L::kind;
      return "layer";
    }
    std::string describe() const override {
      if constexpr (Offers::describe<L>) return layer.describe();
      return kind();
    }
    std::vector<NamedParameter> parameters() const override {
      if constexpr (Offers::parameters<L>) return layer.parameters();
      return {};
    }
    const std::type_info& type() const override { return typeid(L); }

    L layer;
  };

  template <class L>
  static L callable(L layer) {
    if constexpr (std::is_pointer_v<L> || requires { layer.operator bool(); }) {
      if (!layer) refuse_empty();
    }
    return layer;
  }
  [[noreturn]] static void refuse_empty();
  /// Takes it over, and deletes it if that fails.
  void hold(const Held* held);

  std::shared_ptr<const Held> held_;
};

// Not inline, so that the library's own layers are held by code of the library: see `extern template` in
// their headers.
template <class L>
requires(!std::same_as<L, Layer>) Layer::Layer(L layer) {
  if constexpr (LayerLike<L>) {
    hold(new Holder<L>(callable(std::move(layer))));
  } else {
    detail::explain_layer<L>();
  }
}

}  // namespace tapedeck
