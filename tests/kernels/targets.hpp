#pragma once

#include <hwy/highway.h>
#include <hwy/targets.h>

namespace test {

/// Calls f(name) once for each kind of vectors that this processor has, with the kernels held to that kind.
template <class F>
void on_every_target(const F& f) {
  for (const auto target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    f(hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(0);
  }
}

}  // namespace test
