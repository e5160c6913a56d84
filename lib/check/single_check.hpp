#pragma once

#include <string>

#include "check/subject.hpp"
#include "tapedeck/check/gradient_check.hpp"
#include "tapedeck/check/gradient_report.hpp"

namespace tapedeck::detail {

/// Whether an input or parameter may have derivatives that all vanish, as a single sample's may well do.
enum class Vanishing { refused, allowed };

/// All that is checked at one set of samples, `batch` of them, or 0 where that makes no sense. `context` goes
/// before the text of findings.
GradientReport check_at_samples(Subject& subject, const GradientCheckOptions& options, Index batch,
                                const std::string& context, Vanishing vanishing);

}  // namespace tapedeck::detail
