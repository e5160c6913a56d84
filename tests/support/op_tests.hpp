#pragma once

/// @file
/// The tests that every op has to pass. A test file for ops lists samples of them once; what is checked, and
/// how well, stands in op_tests_test.cpp.

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "tapedeck/check/gradient_check.hpp"

namespace test {

namespace td = tapedeck;

/// An op with its options, and how to make inputs for it.
struct OpSample {
  /// The function's name, and options after a blank: "leaky_relu 0.3". References of the same name belong to
  /// it.
  std::string name;
  std::function<td::Value(const std::vector<td::Value>&)> op;

  /// The inputs for so many features and samples.
  std::function<std::vector<td::CheckInput>(td::Shape)> inputs = [](td::Shape s) {
    return std::vector<td::CheckInput>{s};
  };
  /// What derivatives are checked at: not square, and where they do not vanish.
  std::vector<td::Shape> shapes = {{3, 5}, {1, 17}, {257, 2}};
  /// What float is compared with double at: where nothing cancels.
  std::vector<td::Shape> float_shapes = {{3, 5}, {5, 17}, {257, 2}, {3, 257}};
  /// How many terms the longest sum in the op has.
  std::function<td::Index(td::Shape)> terms = [](td::Shape) { return 1; };
  /// ShapeError for fewer samples than this.
  td::Index smallest_batch = 0;
  /// Some elements of the inputs do not reach the output.
  bool selects = false;
  /// PyTorch has nothing to compare with, or draws other random numbers.
  bool has_references = true;
  /// How many buffers of features x 1 the op hands statistics over to: slots 0, 1, ... of the tape's store.
  int buffers = 0;
};

/// Registers, in the test suite that is open where it is defined, the common tests of each sample, and the
/// comparison with the references in tests/references/ops/<header>.json.
class OpTests {
 public:
  OpTests(const std::string& header, const std::vector<OpSample>& samples);
};

/// All samples that are registered.
const std::vector<OpSample>& op_samples();

/// The elements of one input.
using Elements = std::variant<td::Matrix<double>, td::IndexMatrix>;

/// Inputs as matrices, and which of them are differentiated.
struct Samples {
  std::vector<Elements> inputs;
  std::vector<bool> variable;
};
/// The sample's inputs for so many features and samples; numbers that float holds exactly, so that both
/// scalars see the same.
Samples draw(const OpSample& sample, td::Shape shape, std::uint64_t seed = 1);

/// What an op gives, and what its vjp makes of a cotangent.
struct Result {
  td::Matrix<double> output;
  std::vector<td::Matrix<double>> gradients;  ///< of the inputs that are differentiated
};
/// One forward and one backward in T, as step 1 of the seed 0; with normal numbers for a cotangent unless it
/// is given.
template <class T>
Result run(const OpSample& sample, const Samples& samples, const td::Matrix<double>* cotangent = nullptr);

/// Normal numbers away from zero, the same for the same seed.
td::Matrix<double> normal(td::Shape shape, std::uint64_t seed);
/// Labels 0 to classes - 1.
td::IndexMatrix labels(td::Index classes, td::Index batch);

template <class T>
td::Matrix<double> in_double(const td::Matrix<T>& m) {
  return arma::conv_to<td::Matrix<double>>::from(m);
}

}  // namespace test
