#include "check/single_check.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "check/diagnosis.hpp"
#include "check/differences.hpp"
#include "check/figure.hpp"
#include "check/record_outputs.hpp"
#include "check/samples.hpp"
#include "check/unset.hpp"

namespace tapedeck::detail {
namespace {

std::string compare(double analytic, double numeric) {
  return "analytic " + figure(analytic, 10) + ", numeric " + figure(numeric, 10);
}

class Check {
 public:
  Check(Subject& subject, const GradientCheckOptions& options, std::string context, GradientReport& report)
      : subject_(subject),
        options_(options),
        context_(std::move(context)),
        random_(options.seed),
        report_(report) {}

  void run(Index batch, bool vanishing_allowed) {
    if (const auto unset = first_unset(subject_, memory_, other_memory_)) {
      return find(
          Fault::not_finite, *unset,
          "the forward sets every element of its outputs and of what it saves, and reads none before");
    }
    output_ = subject_.evaluate();
    if (!same(subject_.evaluate_at_sample(), output_)) {
      return find(Fault::not_repeatable, "two forward passes on the same samples differ",
                  "the forward draws random numbers from context.random()");
    }
    if (!all_finite(output_)) return find(Fault::not_finite, "the function gives NaN or Inf at the samples");
    if (!check_surrogates()) return;
    v_ = normal_like(random_.stream("cotangent"), output_);
    if (!differentiate()) return;
    if (!vanishing_allowed) find_unused();
    for (std::size_t l = 0; l < leaves().size(); ++l) {
      const Compared compared = compare_elements(l, batch);
      if (compared.vanishing && !vanishing_allowed && used(leaves()[l])) explain_vanishing(l, compared.step);
    }
    for (std::uint64_t k = 0; k < 3 && report_.passed(); ++k) compare_direction(k);
    if (!check_repetition()) return;  // if a gradient differs from itself, no other comparison means anything
    if (check_accumulation()) check_reuse();
    check_interference();
    if (options_.also_in_float && report_.passed()) check_float();
  }

 private:
  const std::vector<Leaf>& leaves() const { return subject_.leaves(); }

  void find(Fault fault, const std::string& text, const std::string& hint = {},
            Cause cause = Cause::unknown) {
    report_.findings.push_back({fault, cause, context_ + text + (hint.empty() ? "" : " (" + hint + ")")});
  }

  // Forward.

  bool check_surrogates() {
    const Surrogates& surrogates = subject_.surrogates();
    if (!surrogates.not_finite().empty()) {
      find(Fault::not_finite,
           "the surrogate of " + surrogates.not_finite() + " gives NaN or Inf at the samples",
           "it sets every element of its outputs");
      return false;
    }
    if (surrogates.used() && !same(subject_.evaluate_for_differences(), output_)) {
      find(Fault::not_repeatable, "a surrogate gives something else the second time",
           "it draws random numbers from context.random()");
      return false;
    }
    return true;
  }

  // Backward.

  // Whether playing back went through.
  template <class Action>
  bool attempt(const Action& action) {
    try {
      action();
      return true;
    } catch (const UsageError& error) {
      find(Fault::vacuous, error.what());
    } catch (const std::exception& error) {
      find(Fault::broken_vjp, error.what());
    }
    return false;
  }

  // What a tape gives, or nothing if it broke.
  std::optional<Matrices> play(Subject::Use& use, const std::vector<Root>& roots) {
    Gradients gradients = Subject::no_gradients(subject_.store());
    if (!attempt([&] { use.tape.backward(roots, gradients); })) return std::nullopt;
    return subject_.collect(use, gradients);
  }

  // The gradient that all else is compared with: one use, nothing else going on.
  bool differentiate() {
    Subject::Result result;
    if (!attempt([&] { result = subject_.gradient(v_); })) return false;
    analytic_ = std::move(result.gradients);
    touched_ = std::move(result.touched);
    if (!attempt([&] { record_outputs_ = record_outputs(subject_, v_, memory_); })) return false;
    rounding_ = rounding(record_outputs_);
    return true;
  }

  bool used(const Leaf& leaf) const { return !leaf.parameter || touched_[leaf.parameter->slot()] != 0; }

  void find_unused() {
    for (const Leaf& leaf : leaves()) {
      if (!used(leaf)) {
        find(Fault::untouched, leaf.name + " is not used by the pass",
             "freeze it, or name what is to be checked: {.under = ...}");
      }
    }
  }

  // Against differences.

  // How far <v, y> is above where it was; summed over differences, so that what y has in common cancels
  // first.
  double risen() {
    Matrices now = subject_.evaluate_for_differences();
    for (std::size_t k = 0; k < now.size(); ++k) now[k] -= output_[k];
    return inner(v_, now);
  }

  // Differences that contradict each other cannot blame a vjp that is not far off from them.
  static bool undecided(const Slope& slope, double error) {
    return !slope.settled && !(error > 100 * slope.doubt());
  }
  void find_kink(const std::string& where, const Slope& slope) {
    const double gap = std::abs(slope.gap);
    find(Fault::kink,
         where + (gap > slope.error ? " the slopes to the right and to the left differ by " + figure(gap, 3)
                                    : " the differences agree only to " + figure(slope.error, 3)),
         "move the sample away from the kink or jump there");
  }

  struct Compared {
    bool vanishing;  // every derivative is zero, as far as differences can see
    double step;     // the smallest one of the differences
  };
  Compared compare_elements(std::size_t l, Index batch) {
    const Leaf& leaf = leaves()[l];
    Matrix<double>& x = *leaf.values;
    const Matrix<double>& analytic = analytic_[l];
    const auto along = [&](Index i) {
      return [&, i, there = x[i]](double t) -> Rise {
        x[i] = there + t;
        const Rise rise{x[i] - there, risen()};
        x[i] = there;
        return rise;
      };
    };
    std::vector<Slope> slopes;
    for (Index i = 0; i < x.n_elem; ++i) slopes.push_back(slope(along(i), options_.step));
    double scale = 0;
    for (const Slope& s : slopes) {
      if (std::isfinite(s.central)) scale = std::max(scale, std::abs(s.central));
    }
    const Trust trust{options_.tolerance / 2 * scale, 10 * options_.tolerance * scale, rounding_};
    for (Index i = 0; i < x.n_elem; ++i) {
      slopes[i] = settled(along(i), slopes[i], trust);
      report_.refined += slopes[i].refined ? 1 : 0;
    }
    report_.compared += x.n_elem;

    Matrix<double> numeric(arma::size(x));
    for (Index i = 0; i < x.n_elem; ++i) numeric[i] = slopes[i].central;
    scale = std::max(largest(analytic), largest(numeric));
    Index wrong = 0;
    std::optional<Index> kink;
    GradientReport::Element worst;
    for (Index i = 0; i < x.n_elem; ++i) {
      const double error = std::abs(analytic[i] - numeric[i]);
      if (undecided(slopes[i], error)) {
        if (!kink) kink = i;
        continue;
      }
      // What differences cannot see is not demanded.
      const double unit = std::max(scale, rounding_ / slopes[i].step / options_.tolerance);
      const double relative = error == 0 ? 0 : error / unit;
      if (!(relative <= options_.tolerance)) ++wrong;
      if (worst.place.empty() || !(relative <= worst.relative_error)) {
        worst = {leaf.place(i, x.n_rows), analytic[i], numeric[i], relative};
        if (std::isnan(relative)) break;
      }
    }
    if (kink) find_kink("at " + leaf.place(*kink, x.n_rows), slopes[*kink]);
    if (wrong > 0) {
      std::string text = worst.place + ": " + compare(worst.analytic, worst.numeric) + ", relative error " +
                         figure(worst.relative_error, 3) + "; " + std::to_string(wrong) + " of " +
                         std::to_string(x.n_elem) + " derivatives of " + leaf.name + " are wrong";
      const Diagnosis diagnosis = diagnose(evidence(l, numeric, batch));
      if (!diagnosis.words.empty()) text += ": " + diagnosis.words;
      find(Fault::wrong_gradient, text, {}, diagnosis.cause);
    }
    if (!worst.place.empty() &&
        (report_.worst.place.empty() || !(worst.relative_error <= report_.worst.relative_error))) {
      report_.worst = worst;
    }
    squared_ += arma::accu(arma::square(numeric));
    double step = options_.step;
    for (const Slope& s : slopes) step = std::min(step, s.step);
    return {scale <= rounding_ / options_.step, step};
  }

  // Derivatives vanish since no record that uses the leaf passes anything on, so that nothing was checked; or
  // since what they pass on cancels, as it does for a bias before a normalisation, which is right.
  void explain_vanishing(std::size_t l, double step) {
    const Leaf& leaf = leaves()[l];
    const std::string text = "every derivative with respect to " + leaf.name + " vanishes";
    Matrix<double> direction = normal_matrix(random_.stream("vanishing"), shape_of(*leaf.values));
    direction /= std::sqrt(arma::accu(direction % direction));
    const std::string record =
        record_that_passes_on(subject_, {leaf, direction, step, rounding_}, record_outputs_, memory_);
    if (!record.empty()) {
      report_.notes.push_back(context_ + text + ", though " + record +
                              " depends on it and passes something on: what reaches the outputs cancels");
      return;
    }
    find(Fault::vacuous, text + ", so nothing was checked",
         leaf.parameter ? "choose other samples, or freeze it" : "choose other samples, or give it as data");
  }

  Evidence evidence(std::size_t l, const Matrix<double>& numeric, Index batch) const {
    const Leaf& leaf = leaves()[l];
    Evidence e{
        .analytic = analytic_[l],
        .numeric = numeric,
        .allowed = std::max(options_.tolerance * largest(numeric), rounding_ / options_.step),
        .batch = batch > 0 ? batch : output_.front().n_cols,  // a guess, where inputs have no common batch
        .column_is_sample = !leaf.parameter && batch > 0 && numeric.n_cols == batch,
        .factors = {},
        .cotangents = {}};
    for (std::size_t i = 0; i < subject_.inputs().size(); ++i) {
      if (const auto* m = std::get_if<Matrix<double>>(&subject_.inputs()[i]))
        e.factors.push_back({"input " + std::to_string(i), *m});
    }
    for (const ParameterView& p : subject_.store().parameters())
      e.factors.push_back({p.name(), p.value<double>()});
    for (std::size_t k = 0; k < output_.size(); ++k) {
      const std::string name = output_.size() > 1 ? "output " + std::to_string(k) : "the output";
      e.factors.push_back({name, output_[k]});
      e.cotangents.push_back({name, v_[k]});
    }
    return e;
  }

  // <Ju, v> = <u, J'v> for |u| = 1. Rounding averages out over the elements, so more is demanded than of one
  // of them.
  void compare_direction(std::uint64_t number) {
    Matrices there;
    for (const Leaf& leaf : leaves()) there.push_back(*leaf.values);
    Matrices u = normal_like(random_.stream("direction").stream(number), there);
    const double length = std::sqrt(inner(u, u));
    for (auto& m : u) m /= length;
    const auto move = [&](double t) {
      for (std::size_t l = 0; l < there.size(); ++l) *leaves()[l].values = there[l] + t * u[l];
    };
    const auto along = [&](double t) -> Rise {
      move(t);
      return {t, risen()};
    };
    const double norm = std::sqrt(squared_);
    const double allowed = options_.tolerance / 100 * norm;
    const Slope numeric =
        settled(along, slope(along, options_.step), {allowed / 2, 10 * options_.tolerance * norm, rounding_});
    move(0);
    const double analytic = inner(u, analytic_);
    const double error = std::abs(analytic - numeric.central);
    if (undecided(numeric, error)) {
      find_kink("along a random direction", numeric);
    } else if (!(error <= std::max(allowed, rounding_ / numeric.step))) {
      find(Fault::wrong_gradient, "along a random direction: " + compare(analytic, numeric.central));
    }
  }

  // Of one pass against another.

  bool expect(Fault fault, const Matrices& got, const Matrices& wanted, const std::string& text) {
    for (std::size_t l = 0; l < leaves().size(); ++l) {
      const double allowed = std::max(options_.tolerance * largest(wanted[l]), rounding_ / options_.step);
      for (Index i = 0; i < got[l].n_elem; ++i) {
        if (std::abs(got[l][i] - wanted[l][i]) <= allowed) continue;
        find(fault, text + ": " + leaves()[l].place(i, got[l].n_rows) + " is " + figure(got[l][i], 10) +
                        " and should be " + figure(wanted[l][i], 10));
        return false;
      }
    }
    return true;
  }

  bool check_repetition() {
    Subject::Use use(subject_, memory_);
    std::vector<Value> sought;
    for (const Leaf& leaf : leaves()) {
      sought.push_back(leaf.parameter ? use.tape.parameter(*leaf.parameter) : use.inputs[leaf.input]);
    }
    const auto roots = roots_of(use.outputs, v_);
    Matrices first;
    if (!attempt([&] { first = use.tape.vjp<double>(roots, sought); })) return false;
    if (sought.size() > 1 && !check_alone(use.tape, roots, sought)) return false;
    const auto second = play(use, roots);
    return second &&
           expect(Fault::not_repeatable, first, analytic_,
                  "another pass on the same samples gave another gradient") &&
           expect(Fault::not_repeatable, *second, first,
                  "playing the tape a second time changed the gradient");
  }

  // A vjp may leave out what nobody wants, but nothing else.
  bool check_alone(Tape& tape, const std::vector<Root>& roots, const std::vector<Value>& sought) {
    Matrices alone;
    const bool went_through = attempt([&] {
      for (const Value& one : sought) alone.push_back(tape.vjp<double>(roots, std::span(&one, 1)).front());
    });
    return went_through && expect(Fault::wrong_gradient, alone, analytic_,
                                  "where nobody wants the other cotangents, this one changes");
  }

  bool check_accumulation() {
    Subject::Use use(subject_, memory_);
    Gradients gradients(subject_.store());
    Matrices there = normal_like(random_.stream("there before"), analytic_);
    Matrices wanted;
    for (std::size_t l = 0; l < leaves().size(); ++l) {
      const double scale = largest(analytic_[l]);
      there[l] *= scale > 0 ? scale : 1;
      wanted.push_back(there[l] + analytic_[l]);
    }
    // A variable that is itself a root has a cotangent before the vjp adds to it.
    auto roots = roots_of(use.outputs, v_);
    for (std::size_t l = 0; l < leaves().size(); ++l) {
      if (leaves()[l].parameter) {
        gradients.set(*leaves()[l].parameter, there[l]);
      } else {
        roots.emplace_back(use.inputs[leaves()[l].input], there[l]);
      }
    }
    if (!attempt([&] { use.tape.backward(roots, gradients); })) return false;
    return expect(Fault::not_accumulated, subject_.collect(use, gradients), wanted,
                  "a gradient that was there before was not added to");
  }

  void check_reuse() {
    const Matrices w = normal_like(random_.stream("second cotangent"), v_);
    const auto gradient = [&](bool both) {
      Subject::Use use(subject_, memory_);
      auto roots = roots_of(subject_.apply(use.tape, use.inputs), w);
      if (both) {
        for (const Root& root : roots_of(use.outputs, v_)) roots.push_back(root);
      }
      return play(use, roots);
    };
    const auto second = gradient(false);
    const auto both = gradient(true);
    if (!second || !both) return;
    Matrices wanted = *second;
    for (std::size_t l = 0; l < wanted.size(); ++l) wanted[l] += analytic_[l];
    expect(Fault::not_accumulated, *both, wanted, "two uses on one tape do not add up");
  }

  void check_interference() {
    std::vector<Elements> others;
    for (const Elements& input : subject_.inputs()) others.push_back(other_elements(input));

    Subject::Use use(subject_, memory_);
    {
      Tape other(subject_.store(), other_memory_, {.step = options_.seed});
      Subject::configure(other, {});
      const auto outputs = subject_.apply(other, subject_.put(other, others));
      Gradients gradients(subject_.store());
      if (!attempt([&] { other.backward(roots_of(outputs, v_), gradients); })) return;
    }
    subject_.apply(use.tape, subject_.put(use.tape, others));
    if (const auto got = play(use, roots_of(use.outputs, v_))) {
      expect(Fault::state_kept, *got, analytic_, "another forward before the backward changed the gradient");
    }
  }

  // Float has 1e-7 for a rounding; a sum of a million such terms, or a function that amplifies its rounding
  // ten thousandfold, is still right.
  void check_float() {
    constexpr double allowed = 1e-3;
    const std::string off = "switch this check off: {.also_in_float = false}";
    ParameterStore narrow = subject_.store().copy(f32);
    ParameterStore wide = narrow.copy(f64);
    Subject::Result got;
    try {
      got = subject_.gradient_in(narrow, v_);
    } catch (const std::exception& error) {
      return find(Fault::wrong_in_float, error.what(), off);
    }
    const Subject::Result wanted = subject_.gradient_in(wide, v_);
    if (!all_finite(wanted.outputs) || !all_finite(wanted.gradients))
      return;  // float cannot hold the samples
    if (!all_finite(got.outputs) || !all_finite(got.gradients)) {
      return find(Fault::wrong_in_float, "float gives NaN or Inf", off);
    }
    const double scale = largest(wanted.gradients);
    for (std::size_t l = 0; l < leaves().size(); ++l) {
      for (Index i = 0; i < got.gradients[l].n_elem; ++i) {
        const double in_float = got.gradients[l][i];
        const double in_double = wanted.gradients[l][i];
        if (std::abs(in_float - in_double) <= allowed * scale) continue;
        return find(Fault::wrong_in_float, leaves()[l].place(i, got.gradients[l].n_rows) + " is " +
                                               figure(in_float, 8) + " in float and " + figure(in_double, 8) +
                                               " in double");
      }
    }
  }

  Subject& subject_;
  const GradientCheckOptions& options_;
  std::string context_;
  Random random_;
  GradientReport& report_;
  Memory memory_;
  Memory other_memory_;
  Matrices output_;
  Matrices v_;
  std::vector<RecordOutput> record_outputs_;
  double rounding_ = 0;  // of <v, y>; to be divided by the step
  double squared_ = 0;   // of all numeric derivatives
  Matrices analytic_;
  std::vector<std::uint8_t> touched_;
};

}  // namespace

GradientReport check_at_samples(Subject& subject, const GradientCheckOptions& options, Index batch,
                                const std::string& context, Vanishing vanishing) {
  GradientReport report;
  Check(subject, options, context, report).run(batch, vanishing == Vanishing::allowed);
  return report;
}

}  // namespace tapedeck::detail
