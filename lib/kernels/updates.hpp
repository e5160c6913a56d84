#pragma once

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/matrix.hpp"

/// The optimizers' steps: one pass over n values w, their gradient g and what is remembered of earlier steps.
///
/// Every operation of a formula is rounded once, in the order in which it is written, and none are fused: the
/// bits are those of the plain loop on any processor. Elements have nothing to do with each other, so any
/// part of a range may be updated by itself, in any order. A zero whose gradient and memory are zero stays
/// zero, as padding must.
namespace tapedeck::kernels {

/// w = w - (rate (g + penalty w) + shrinkage w)      without penalty and shrinkage: w = w - rate g
template <class T>
struct Descent {
  T rate, penalty, shrinkage;
};
TAPEDECK_API void update(const Descent<float>& rule, Index n, float* w, const float* g);
TAPEDECK_API void update(const Descent<double>& rule, Index n, double* w, const double* g);

/// u = inside (g + penalty w)
/// v = momentum v + u
/// w = w - (outside v + shrinkage w)      with nesterov: w = w - (outside (u + momentum v) + shrinkage w)
template <class T>
struct MomentumDescent {
  T inside, outside, momentum, penalty, shrinkage;
  bool nesterov;
};
TAPEDECK_API void update(const MomentumDescent<float>& rule, Index n, float* w, const float* g, float* v);
TAPEDECK_API void update(const MomentumDescent<double>& rule, Index n, double* w, const double* g, double* v);

/// d = g + penalty w
/// m = beta_1 m + rest_1 d
/// v = beta_2 v + (rest_2 d) d
/// w = w - ((rate m) / (sqrt(v) root_scale + epsilon) + shrinkage w)
template <class T>
struct AdamDescent {
  T rate, root_scale, beta_1, rest_1, beta_2, rest_2, epsilon, penalty, shrinkage;
};
TAPEDECK_API void update(const AdamDescent<float>& rule, Index n, float* w, const float* g, float* m,
                         float* v);
TAPEDECK_API void update(const AdamDescent<double>& rule, Index n, double* w, const double* g, double* m,
                         double* v);

/// d = g + penalty w
/// s = s + d d
/// w = w - (rate d) / (sqrt(s) + epsilon)
template <class T>
struct AdagradDescent {
  T rate, epsilon, penalty;
};
TAPEDECK_API void update(const AdagradDescent<float>& rule, Index n, float* w, const float* g, float* s);
TAPEDECK_API void update(const AdagradDescent<double>& rule, Index n, double* w, const double* g, double* s);

/// d = g + penalty w
/// s = beta s + (rest d) d
/// m = beta m + rest d                         if m is not null, else m = 0
/// u = d / (sqrt(max(s - m m, 0)) + epsilon)   NaN stays NaN
/// v = momentum v + u                          if v is not null, else v = u
/// w = w - rate v
template <class T>
struct RMSpropDescent {
  T rate, beta, rest, epsilon, momentum, penalty;
};
TAPEDECK_API void update(const RMSpropDescent<float>& rule, Index n, float* w, const float* g, float* s,
                         float* m, float* v);
TAPEDECK_API void update(const RMSpropDescent<double>& rule, Index n, double* w, const double* g, double* s,
                         double* m, double* v);

}  // namespace tapedeck::kernels
