#include "tapedeck/tape/detail/batch_statistics.hpp"

namespace tapedeck::detail {

void BatchStatistics::move_to(Gradients& gradients, Scalar scalar) {
  with_scalar(scalar, [&]<class T>(T) {
    for (const Statistic& s : all_) {
      gradients.record_statistic(s.buffer_slot, view(static_cast<const T*>(s.values), {s.size, 1}),
                                 s.momentum);
    }
  });
}

}  // namespace tapedeck::detail
