#include "tapedeck/optim/matrix_optimizer.hpp"

#include "tapedeck/core/parallel.hpp"

namespace tapedeck {

// Each parameter is moved by itself, so that threads change no bits. Fewer elements than `spread` in all take
// about as long as it takes to wake a thread.
void MatrixOptimizer::update_all(std::span<const ParameterStep* const> moved) {
  constexpr Index spread = Index{1} << 13U;
  Index elements = 0;
  for (const ParameterStep* parameter : moved) elements += parameter->shape().size();
  const Index grain = elements < spread ? moved.size() : 1;
  parallel_ranges(moved.size(), grain, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) update(*moved[i]);
  });
}

}  // namespace tapedeck
