#pragma once

#include <optional>
#include <string>
#include <vector>

#include "check/samples.hpp"
#include "check/surrogates.hpp"
#include "tape/entry_copy.hpp"
#include "tapedeck/check/gradient_check.hpp"

namespace tapedeck::detail {

/// A matrix that the function is differentiated with respect to: an input, or a parameter.
struct Leaf {
  std::string name;
  Matrix<double>* values;  ///< null in a float store
  std::optional<Parameter> parameter;
  std::size_t input = 0;  ///< which, unless it is a parameter

  /// "input 0 (2,1)", "scale.gain(2,0)".
  std::string place(Index element, Index rows) const;
};

/// Returns the parameters at or under a name; all if it is empty. NameError if there are none of that name.
std::vector<ParameterView> parameters_under(ParameterStore& store, const std::string& name);

/// The function under check, with its samples and parameters.
class Subject {
 public:
  /// The store must be in double for everything but `gradient`.
  Subject(ParameterStore& store, const CheckedFunction& function, const std::vector<CheckInput>& kinds,
          std::vector<Elements> inputs, const GradientCheckOptions& options);
  Subject(const Subject&) = delete;  // leaves point into the inputs
  Subject& operator=(const Subject&) = delete;

  /// Differentiated inputs, then parameters.
  const std::vector<Leaf>& leaves() const { return leaves_; }
  const std::vector<Elements>& inputs() const { return inputs_; }
  ParameterStore& store() const { return store_; }

  /// How a tape of the checker differs from others.
  struct Settings {
    std::uint32_t poison = Arena::poison;    ///< the word that memory holds until it is set; NaN
    bool all_records = false;                ///< keep records of data too, and those inside recompute
    SurrogateOutputs* surrogates = nullptr;  ///< replaces the outputs of ops with a surrogate
  };
  /// One tape, the inputs on it, and what the function gave first.
  struct Use {
    Use(const Subject& subject, Memory& memory) : Use(subject, memory, Settings()) {}
    Use(const Subject& subject, Memory& memory, const Settings& settings);

    /// The function's records in the order they were made.
    std::vector<const Record*> records() const;

    Tape tape;
    std::vector<Value> inputs;
    std::vector<Value> outputs;
  };
  /// Gives a tape its settings, before anything is put on it.
  static void configure(Tape& tape, const Settings& settings);
  /// Returns gradients without contributions, whose memory is NaN.
  static Gradients no_gradients(ParameterStore& store);
  std::vector<Value> put(Tape& tape, const std::vector<Elements>& inputs) const;
  std::vector<Value> apply(Tape& tape, const std::vector<Value>& inputs) const;

  /// Returns the outputs of the function.
  Matrices evaluate();
  /// Returns the same, and keeps what ops with a surrogate gave, as differences need it.
  Matrices evaluate_at_sample();
  /// Returns the outputs of the function whose derivative the vjps are: that of the surrogates, see there.
  Matrices evaluate_for_differences();
  /// Returns the settings for one use that gives those outputs.
  Settings settings_for_differences(bool all_records);
  const Surrogates& surrogates() const { return surrogates_; }
  /// What `backward` left: one gradient for each leaf.
  Matrices collect(const Use& use, const Gradients& gradients) const;
  /// Outputs and gradients of one forward and one backward, in whichever scalar the store has.
  struct Result {
    Matrices outputs;
    Matrices gradients;
    std::vector<std::uint8_t> touched;  ///< slots of the store
  };
  Result gradient(const Matrices& cotangents);
  /// The same in another store of the family, at the nearest samples that float can hold.
  Result gradient_in(ParameterStore& store, const Matrices& cotangents) const;

 private:
  ParameterStore& store_;
  const CheckedFunction& function_;
  const std::vector<CheckInput>& kinds_;
  std::vector<Elements> inputs_;
  const GradientCheckOptions& options_;
  std::vector<Leaf> leaves_;
  Memory memory_;
  Surrogates surrogates_;
};

/// Each output with its cotangent, which must outlive the roots.
template <class T>
std::vector<Root> roots_of(const std::vector<Value>& outputs, const std::vector<Matrix<T>>& cotangents) {
  std::vector<Root> roots;
  for (std::size_t k = 0; k < outputs.size(); ++k) roots.emplace_back(outputs[k], cotangents[k]);
  return roots;
}

}  // namespace tapedeck::detail
