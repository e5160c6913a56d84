#pragma once

/// @file
/// Layers one after another.

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iosfwd>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tapedeck/layers/layer.hpp"
#include "tapedeck/param/parameter_store.hpp"

namespace tapedeck {

/// Applies its layers in order. They are kept in order and found by name: a layer's own name (that of its
/// scope), or one given with it, or its kind and a number:
///
///     td::Sequential model{td::Linear{store.scope("fc_1"), 2, 25},         // fc_1
///                          td::ReLU{},                                     // relu_1
///                          {"head", td::Linear{store.scope("fc_2"), 25, 2}},
///                          [](td::Value x) { return td::scale(x, 2); }};   // layer_1
///
/// A Sequential is itself a layer and may be held by another. Copy one as `auto copy = model`;
/// `Sequential{model}` is a Sequential that holds it.
class TAPEDECK_API Sequential {
 public:
  static constexpr const char* kind = "sequential";

  /// A layer, with or without a name.
  struct TAPEDECK_API Item {
    /// A layer that goes by its own name, or by its kind and a number.
    // What is no layer is refused by Layer. A list of items is taken by the constructor of Sequential below.
    // NOLINTBEGIN(google-explicit-constructor): a list of layers is a list of different types
    template <class L>
    requires(!std::same_as<L, Item> && !std::same_as<L, std::vector<Item>> &&
             !std::same_as<L, std::initializer_list<Item>>) Item(L l)
        : layer(std::move(l)) {}
    // NOLINTEND(google-explicit-constructor)
    /// A layer with the name that it goes by here.
    template <class L>
    Item(std::string n, L l) : name(std::move(n)), layer(std::move(l)) {}
    /// Copies the name and shares the layer.
    Item(const Item&);
    /// Takes the name over and shares the layer.
    Item(Item&&) noexcept;
    Item& operator=(const Item&);      ///< the same
    Item& operator=(Item&&) noexcept;  ///< the same
    ~Item();

    std::string name;  ///< empty: its own, or its kind and a number
    Layer layer;       ///< what is applied
  };

  /// No layers, to be added: until then it returns its input.
  Sequential();
  /// NameError for a name that is taken or is not made of letters, digits, '_' and '-'.
  Sequential(std::initializer_list<Item> items);
  /// The same, of layers that a program collects.
  explicit Sequential(const std::vector<Item>& items);
  /// Shares the layers.
  Sequential(const Sequential&);
  /// Leaves the other without layers, or with other ones.
  Sequential(Sequential&&) noexcept;
  Sequential& operator=(const Sequential&);      ///< shares the layers
  Sequential& operator=(Sequential&&) noexcept;  ///< leaves the other without layers, or with other ones
  ~Sequential();

  /// Appends a layer: `model.add(td::ReLU{}).add({"head", td::Linear{scope, 25, 2}})`. NameError as above,
  /// and then nothing is added. Copies that were made before, such as that of a Trainer, do not have it.
  Sequential& add(const Item& item);

  /// In evaluate mode, what the layers made in between is released. HandleError if a layer gives a Value that
  /// is empty, stale or of another tape.
  Value operator()(const Value& x) const;

  /// The layer of that name: "fc_1", or "encoder.fc_1" in a nested Sequential. NameError if there is none.
  const Layer& operator[](std::string_view name) const;
  /// The layer at that position, from 0. OptionError unless `position` is below `size()`.
  const Layer& operator[](Index position) const;
  /// How many layers it applies; a nested Sequential is one.
  Index size() const { return items_.size(); }
  /// The layers' names in order, without those of nested ones.
  std::vector<std::string> names() const;

  /// Of all layers, nested ones too: "fc_1.weight", "encoder.fc_1.bias".
  std::vector<NamedParameter> parameters() const;
  /// One line for each layer, with its name.
  std::string describe() const;

 private:
  struct Part {
    std::string name;
    std::uint64_t hash;
    Layer layer;
  };
  std::vector<Part> items_;
  std::map<std::string, Index, std::less<>> positions_;  // by name
  std::map<std::string, Index> numbers_;  // the last one of each kind; those before it are taken for good
};

extern template TAPEDECK_API Layer::Layer(Sequential);

/// Writes `model.describe()`.
TAPEDECK_API std::ostream& operator<<(std::ostream& out, const Sequential& model);

/// A table of a model's layers: name, description, shape of the output, count of parameters.
struct Summary {
  /// One layer that is no Sequential.
  struct Row {
    std::string name;         ///< "fc_1", or "encoder.fc_1" in a nested Sequential
    std::string description;  ///< its describe(), or its kind
    Shape output;             ///< features x batch, for the input that was asked for
    Index parameter_count;    ///< elements of the parameters that it lists or that its pass used
  };
  std::vector<Row> rows;      ///< in the order of application
  Index parameter_count = 0;  ///< elements of all parameters, each counted once, however often it is used
};

/// Runs the model on zeros of shape `input`, features x batch, in evaluate mode and looks at what comes out
/// of each layer. Seals the store. ShapeError for an input that is too large to be, and what the model
/// throws.
TAPEDECK_API Summary summarize(const Sequential& model, ParameterStore& store, Shape input);
/// A table with a line for each row, and a last one for the total of parameters.
TAPEDECK_API std::string to_string(const Summary& summary);
/// Writes `to_string(summary)`.
TAPEDECK_API std::ostream& operator<<(std::ostream& out, const Summary& summary);

}  // namespace tapedeck
