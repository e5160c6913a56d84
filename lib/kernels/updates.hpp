#pragma once

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/shape.hpp"

/// The optimizers' steps: one pass over n values w, their gradient g and what is remembered of earlier steps.
///
/// Every operation of a formula is rounded once, in the order in which it is written, and none are fused: the
/// bits are those of the plain loop on any processor. Elements have nothing to do with each other, so any
/// part of a range may be updated by itself, in any order. A zero whose gradient and memory are zero stays
/// zero, as padding must.
///
/// sum(x, y) = x + y, but with `flush` 0 where y is 0 and |x + y| is below the smallest normal number: an
/// average that gets no more contributions goes to 0. Otherwise it would stay denormal for ever (0.9 x rounds
/// to x for x up to 5 times the smallest denormal number) and slow every later step down. Tiny averages that
/// still get contributions are kept, so that a small v does not vanish before m / sqrt(v) has. Values w may
/// become denormal: they are the user's, and only weight decay makes them so, in millions of steps with usual
/// rates.
namespace tapedeck::kernels {

/// Returns true for a parameter's steps that flush. Comparing takes up to half as long as the rest of a step,
/// so that few steps do; an average that becomes denormal slows at most 32 steps.
constexpr bool flushes(Index step) { return step % 32 == 0; }

/// w = w - (rate (g + penalty w) + shrinkage w)      without penalty and shrinkage: w = w - rate g
template <class T>
struct Descent {
  T rate, penalty, shrinkage;
};
TAPEDECK_API void update(const Descent<float>& rule, Index n, float* w, const float* g);
TAPEDECK_API void update(const Descent<double>& rule, Index n, double* w, const double* g);

/// u = inside (g + penalty w)
/// v = sum(momentum v, u)
/// w = w - (outside v + shrinkage w)      with nesterov: w = w - (outside (u + momentum v) + shrinkage w)
template <class T>
struct MomentumDescent {
  T inside, outside, momentum, penalty, shrinkage;
  bool nesterov, flush;
};
TAPEDECK_API void update(const MomentumDescent<float>& rule, Index n, float* w, const float* g, float* v);
TAPEDECK_API void update(const MomentumDescent<double>& rule, Index n, double* w, const double* g, double* v);

/// d = g + penalty w
/// m = sum(beta_1 m, rest_1 d)
/// v = sum(beta_2 v, (rest_2 d) d)
/// w = w - ((rate m) / (sqrt(v) root_scale + epsilon) + shrinkage w)
template <class T>
struct AdamDescent {
  T rate, root_scale, beta_1, rest_1, beta_2, rest_2, epsilon, penalty, shrinkage;
  bool flush;
};
TAPEDECK_API void update(const AdamDescent<float>& rule, Index n, float* w, const float* g, float* m,
                         float* v);
TAPEDECK_API void update(const AdamDescent<double>& rule, Index n, double* w, const double* g, double* m,
                         double* v);

/// d = g + penalty w
/// s = s + d d                 which never decays
/// w = w - (rate d) / (sqrt(s) + epsilon)
template <class T>
struct AdagradDescent {
  T rate, epsilon, penalty;
};
TAPEDECK_API void update(const AdagradDescent<float>& rule, Index n, float* w, const float* g, float* s);
TAPEDECK_API void update(const AdagradDescent<double>& rule, Index n, double* w, const double* g, double* s);

/// d = g + penalty w
/// s = sum(beta s, (rest d) d)
/// m = sum(beta m, rest d)                     if m is not null, else m = 0
/// u = d / (sqrt(max(s - m m, 0)) + epsilon)   NaN stays NaN
/// v = sum(momentum v, u)                      if v is not null, else v = u
/// w = w - rate v
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
