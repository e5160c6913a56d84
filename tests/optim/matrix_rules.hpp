#pragma once

#include <cmath>

#include "tapedeck/optim/matrix_optimizer.hpp"
#include "tapedeck/state/state_visitor.hpp"

namespace optim_test {

namespace td = tapedeck;

// Two rules that need a parameter as a matrix, as a user would write them.

/// LAMB (You et al., ICLR 2020): with the bias-corrected moments m and v of Adam and r = m / (sqrt(v) + 1e-6)
/// + decay w,
///
///     w = w - rate |w| / |r| r
class Lamb : public td::MatrixOptimizer {
 public:
  struct Options {
    double learning_rate = 0.1;
    double weight_decay = 0.01;
    td::Untouched untouched = td::Untouched::skip;
  };
  explicit Lamb(td::ParameterStore& store, const Options& options)
      : MatrixOptimizer(store, "Lamb",
                        {options.learning_rate, options.weight_decay, td::Decay::coupled, options.untouched}),
        mean_(state()),
        square_(state()) {}

 private:
  void update(const ParameterStep& parameter) override {
    td::with_scalar(scalar(), [&]<class T>(T) {
      td::Matrix<T>& w = parameter.value<T>();
      td::Matrix<T>& m = parameter.state<T>(mean_);
      td::Matrix<T>& v = parameter.state<T>(square_);
      const td::Matrix<T>& g = parameter.gradient<T>();
      const double t = static_cast<double>(parameter.step());
      const T m_scale = static_cast<T>(1 / (1 - std::pow(0.9, t)));
      const T v_scale = static_cast<T>(1 / (1 - std::pow(0.99, t)));
      m = T(0.9) * m + T(0.1) * g;
      v = T(0.99) * v + T(0.01) * arma::square(g);
      td::Matrix<T> r = (m_scale * m) / (arma::sqrt(v_scale * v) + T(1e-6));
      r += static_cast<T>(parameter.penalty()) * w;
      const double w_norm = arma::norm(w, "fro");
      const double r_norm = arma::norm(r, "fro");
      const double trust = w_norm > 0 && r_norm > 0 ? w_norm / r_norm : 1;
      w -= static_cast<T>(parameter.learning_rate() * trust) * r;
    });
  }
  void visit_memory(td::StateVisitor& visitor) override {
    td::visit_parameters(visitor, "mean", mean_, store());
    td::visit_parameters(visitor, "square", square_, store());
  }

  td::FlatBuffer mean_, square_;
};

/// Muon (Jordan et al., 2024), without Nesterov: five steps of Newton and Schulz bring the singular values of
/// the momentum near to 1,
///
///     b = 0.95 b + g     x = b / |b|     five times x = (3.4445 - 4.775 x x' + 2.0315 (x x')^2) x
///     w = w - rate x - rate decay w
class Muon : public td::MatrixOptimizer {
 public:
  struct Options {
    double learning_rate = 0.02;
    double weight_decay = 0.1;
    td::Untouched untouched = td::Untouched::skip;
  };
  explicit Muon(td::ParameterStore& store, const Options& options)
      : MatrixOptimizer(
            store, "Muon",
            {options.learning_rate, options.weight_decay, td::Decay::decoupled, options.untouched}),
        momentum_(state()) {}

 private:
  void update(const ParameterStep& parameter) override {
    td::with_scalar(scalar(), [&]<class T>(T) {
      td::Matrix<T>& w = parameter.value<T>();
      td::Matrix<T>& b = parameter.state<T>(momentum_);
      b = T(0.95) * b + parameter.gradient<T>();
      const bool tall = b.n_rows > b.n_cols;
      td::Matrix<T> x = b;
      if (tall) x = b.t();
      x /= static_cast<T>(arma::norm(x, "fro") + 1e-7);
      for (int i = 0; i < 5; ++i) {
        const td::Matrix<T> a = x * x.t();
        const td::Matrix<T> polynomial = T(-4.775) * a + T(2.0315) * a * a;
        x = T(3.4445) * x + polynomial * x;
      }
      if (tall) x = td::Matrix<T>(x.t());
      w -= static_cast<T>(parameter.shrinkage()) * w;
      w -= static_cast<T>(parameter.learning_rate()) * x;
    });
  }
  void visit_memory(td::StateVisitor& visitor) override {
    td::visit_parameters(visitor, "momentum", momentum_, store());
  }

  td::FlatBuffer momentum_;
};

}  // namespace optim_test
