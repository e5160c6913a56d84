#pragma once

#include <boost/test/unit_test.hpp>
#include <limits>
#include <string>
#include <vector>

#include "tapedeck/optim/adagrad.hpp"
#include "tapedeck/optim/adam.hpp"
#include "tapedeck/optim/rmsprop.hpp"
#include "tapedeck/optim/sgd.hpp"
#include "tapedeck/param/parameter_store.hpp"

namespace optim_test {

namespace td = tapedeck;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// A store of a 3x2 "weight" and a 1x4 "bias", each in a group of its own; in double unless told otherwise.
struct SmallProblem {
  explicit SmallProblem(td::Scalar scalar = td::f64) : store({.seed = 1, .scalar = scalar}) {
    weight = store.add("weight", {3, 2}, td::zeros);
    bias = store.add("bias", {1, 4}, td::zeros, {.group = td::groups::biases});
    store.seal();
  }

  /// Every element of the parameter, as a double.
  double value(td::Parameter parameter, td::Index i) {
    return store.scalar() == td::f32 ? static_cast<double>(store.parameter(parameter).value<float>()[i])
                                     : store.parameter(parameter).value<double>()[i];
  }
  void set_value(td::Parameter parameter, double x) {
    td::with_scalar(store.scalar(),
                    [&]<class T>(T) { store.parameter(parameter).value<T>().fill(static_cast<T>(x)); });
  }
  /// The same gradient in every element, as one contribution.
  void set_gradient(td::Parameter parameter, double g) {
    td::with_scalar(store.scalar(), [&]<class T>(T) {
      const td::Shape shape = store.parameter(parameter).shape();
      td::Matrix<T> gradient(shape.rows, shape.cols);
      gradient.fill(static_cast<T>(g));
      store.gradients().set(parameter, gradient);
    });
  }
  /// Gradients of both parameters, then a step.
  void step(td::Optimizer& optimizer, double weight_gradient, double bias_gradient) {
    store.zero_grad();
    set_gradient(weight, weight_gradient);
    set_gradient(bias, bias_gradient);
    optimizer.step();
  }

  td::ParameterStore store;
  td::Parameter weight;
  td::Parameter bias;
};

/// For BOOST_CHECK_EXCEPTION: whether an error's message contains all of these.
inline auto says(std::vector<std::string> parts) {
  return [parts](const td::Error& error) {
    for (const std::string& part : parts) {
      if (std::string(error.what()).find(part) == std::string::npos) {
        BOOST_TEST_MESSAGE("\"" << error.what() << "\" does not say \"" << part << "\"");
        return false;
      }
    }
    return true;
  };
}

}  // namespace optim_test
