#pragma once

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/shape.hpp"

/// The optimizers' steps: one pass over n values w, their gradient g and what is kept of earlier steps, by
/// the formulas in updates.cpp. Elements have nothing to do with each other, so any part of a range may be
/// updated by itself, in any order. A zero whose gradient and state are zero stays zero, as padding must.
namespace tapedeck::kernels {

/// Returns true for a parameter's steps that flush: in which averages that decayed to denormal numbers become
/// 0. Comparing takes up to half as long as the rest of a step, so that few steps do; an average that becomes
/// denormal slows at most 32 steps.
constexpr bool flushes(Index step) { return step % 32 == 0; }

/// Gradient descent.
template <class T>
struct Descent {
  T rate, penalty, shrinkage;
};
TAPEDECK_API void update(const Descent<float>& rule, Index n, float* w, const float* g);
TAPEDECK_API void update(const Descent<double>& rule, Index n, double* w, const double* g);

/// Gradient descent with a velocity v.
template <class T>
struct MomentumDescent {
  T inside, outside, momentum, penalty, shrinkage;
  bool nesterov, flush;
};
TAPEDECK_API void update(const MomentumDescent<float>& rule, Index n, float* w, const float* g, float* v);
TAPEDECK_API void update(const MomentumDescent<double>& rule, Index n, double* w, const double* g, double* v);

/// Adam and AdamW, with means m of gradients and v of their squares.
template <class T>
struct AdamDescent {
  T rate, root_scale, beta_1, rest_1, beta_2, rest_2, epsilon, penalty, shrinkage;
  bool flush;
};
TAPEDECK_API void update(const AdamDescent<float>& rule, Index n, float* w, const float* g, float* m,
                         float* v);
TAPEDECK_API void update(const AdamDescent<double>& rule, Index n, double* w, const double* g, double* m,
                         double* v);

/// Adagrad, with a sum s of squares.
template <class T>
struct AdagradDescent {
  T rate, epsilon, penalty;
};
TAPEDECK_API void update(const AdagradDescent<float>& rule, Index n, float* w, const float* g, float* s);
TAPEDECK_API void update(const AdagradDescent<double>& rule, Index n, double* w, const double* g, double* s);

/// RMSprop, with a mean s of squares; with a mean m of gradients and with a velocity v unless they are null.
template <class T>
struct RMSpropDescent {
  T rate, beta, rest, epsilon, momentum, penalty;
  bool flush;
};
TAPEDECK_API void update(const RMSpropDescent<float>& rule, Index n, float* w, const float* g, float* s,
                         float* m, float* v);
TAPEDECK_API void update(const RMSpropDescent<double>& rule, Index n, double* w, const double* g, double* s,
                         double* m, double* v);

}  // namespace tapedeck::kernels
