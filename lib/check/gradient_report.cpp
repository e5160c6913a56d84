#include "tapedeck/check/gradient_report.hpp"

#include <algorithm>
#include <ostream>

#include "check/figure.hpp"

namespace tapedeck {

const char* name_of(Fault fault) {
  switch (fault) {
    case Fault::wrong_gradient:
      return "wrong gradient";
    case Fault::broken_vjp:
      return "broken vjp";
    case Fault::untouched:
      return "untouched";
    case Fault::vacuous:
      return "vacuous";
    case Fault::not_finite:
      return "not finite";
    case Fault::kink:
      return "kink";
    case Fault::not_repeatable:
      return "not repeatable";
    case Fault::not_accumulated:
      return "not accumulated";
    case Fault::state_kept:
      return "state kept";
    case Fault::wrong_in_float:
      return "wrong in float";
  }
  return "";
}

const char* name_of(Cause cause) {
  switch (cause) {
    case Cause::unknown:
      return "unknown";
    case Cause::sign_flipped:
      return "sign flipped";
    case Cause::transposed:
      return "transposed";
    case Cause::scaled_by_batch:
      return "scaled by the batch";
    case Cause::scaled:
      return "scaled";
    case Cause::missing_factor:
      return "missing factor";
    case Cause::missing_term:
      return "missing term";
    case Cause::other_axis:
      return "summed over the other axis";
    case Cause::mask_redrawn:
      return "mask redrawn";
    case Cause::one_sample_only:
      return "right for one sample only";
  }
  return "";
}

bool GradientReport::found(Fault fault) const {
  return std::any_of(findings.begin(), findings.end(), [=](const Finding& f) { return f.fault == fault; });
}

bool GradientReport::found(Cause cause) const {
  return std::any_of(findings.begin(), findings.end(), [=](const Finding& f) { return f.cause == cause; });
}

std::string GradientReport::describe() const {
  constexpr std::size_t most = 8;
  std::string text = passed() ? "gradient check passed: " : "gradient check failed: ";
  text += std::to_string(compared) + " derivatives compared";
  if (refined > 0) text += " (" + std::to_string(refined) + " with a smaller step)";
  if (!worst.place.empty()) {
    text += ", largest relative error " + detail::figure(worst.relative_error, 3) + " at " + worst.place;
  }
  for (std::size_t i = 0; i < std::min(most, findings.size()); ++i) {
    const Finding& f = findings[i];
    text += "\n  " + std::string(name_of(f.fault));
    if (f.cause != Cause::unknown) text += " (" + std::string(name_of(f.cause)) + ")";
    text += ": " + f.text;
  }
  if (findings.size() > most) text += "\n  and " + std::to_string(findings.size() - most) + " more findings";
  for (std::size_t i = 0; i < std::min(most, notes.size()); ++i) text += "\n  note: " + notes[i];
  if (notes.size() > most) text += "\n  and " + std::to_string(notes.size() - most) + " more notes";
  return text;
}

std::ostream& operator<<(std::ostream& out, const GradientReport& report) { return out << report.describe(); }

}  // namespace tapedeck
