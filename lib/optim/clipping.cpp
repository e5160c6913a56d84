#include "tapedeck/optim/clipping.hpp"

#include <cmath>
#include <limits>
#include <string>

#include "core/ranges.hpp"
#include "kernels/flat.hpp"

namespace tapedeck {
namespace {

[[noreturn]] void refuse(ParameterStore& store, const char* who) {
  std::string given = "gradients whose norm overflows";
  with_scalar(store.scalar(), [&]<class T>(T) {
    for (const ParameterView& parameter : store.parameters()) {
      if (parameter.gradient<T>().is_finite()) continue;
      given = "NaN or Inf in the gradient of \"" + parameter.name() + "\"";
      break;
    }
  });
  throw NonFiniteError({.who = who, .given = given, .wanted = "finite gradients"});
}

}  // namespace

double clip_norm(ParameterStore& store, double max_norm) {
  ranges::require_positive("clip_norm", "max_norm", max_norm);
  Gradients& gradients = store.gradients();
  const double norm = gradients.norm();
  if (!std::isfinite(norm)) refuse(store, "clip_norm");
  const double whole = norm + 1e-6;
  if (max_norm >= whole) return norm;
  // Below the normal numbers of the scalar a factor loses its digits, though what it gives may not: 1e-20 is
  // a float, 1e-20 / 1e30 is not. There the gradients first go down by powers of two, which are exact.
  const double smallest = with_scalar(
      store.scalar(), []<class T>(T) { return static_cast<double>(std::numeric_limits<T>::min()); });
  double part = max_norm;
  for (; part / whole < smallest; part *= 0x1p100) gradients *= 0x1p-100;
  gradients *= part / whole;
  return norm;
}

void clip_value(ParameterStore& store, double limit) {
  ranges::require_positive("clip_value", "limit", limit, store.scalar());
  Gradients& gradients = store.gradients();
  if (!gradients.all_finite()) refuse(store, "clip_value");
  with_scalar(store.scalar(), [&]<class T>(T) {
    for (Index slot = 0; slot < store.size(); ++slot) {
      if (gradients.touched_slots()[slot] == 0) continue;
      Matrix<T>& g = gradients.flat().matrix<T>(slot);
      kernels::clamp(g.memptr(), g.n_elem, static_cast<T>(limit));
    }
  });
}

}  // namespace tapedeck
