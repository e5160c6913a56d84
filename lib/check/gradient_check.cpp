#include "tapedeck/check/gradient_check.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <ostream>
#include <sstream>
#include <utility>

namespace tapedeck {
namespace {

using Elements = std::variant<Matrix<double>, IndexMatrix>;

Matrix<double> normal_matrix(const Random& random, Shape shape) {
  Matrix<double> m(shape.rows, shape.cols);
  for (Index c = 0; c < shape.cols; ++c) {
    for (Index r = 0; r < shape.rows; ++r) m(r, c) = random.normal(r, c);
  }
  return m;
}

double largest(const Matrix<double>& m) {
  double most = 0;
  for (const double x : m) most = std::max(most, std::abs(x));
  return most;
}

double inner(const Matrix<double>& a, const Matrix<double>& b) {
  double sum = 0;
  for (Index i = 0; i < a.n_elem; ++i) sum += a[i] * b[i];
  return sum;
}

// The first column of a batch.
Elements first_column(const Elements& batch) {
  return std::visit([](const auto& m) -> Elements { return std::decay_t<decltype(m)>(m.col(0)); }, batch);
}

// Other elements from the same range, and other labels that are as valid.
Elements other_elements(const Elements& elements) {
  if (const auto* labels = std::get_if<IndexMatrix>(&elements))
    return IndexMatrix(arma::reverse(arma::reverse(*labels, 1)));
  const auto& m = std::get<Matrix<double>>(elements);
  return Matrix<double>(0.75 * arma::reverse(arma::reverse(m), 1));
}

bool same_bits(const Matrix<double>& a, const Matrix<double>& b) {
  return shape_of(a) == shape_of(b) && std::equal(a.begin(), a.end(), b.begin(), [](double x, double y) {
           return x == y || (std::isnan(x) && std::isnan(y));
         });
}

std::string figure(double x, int digits) {
  std::ostringstream text;
  text.precision(digits);
  text << x;
  return text.str();
}

std::string compare(double analytic, double numeric) {
  return "analytic " + figure(analytic, 10) + ", numeric " + figure(numeric, 10);
}

bool is_under(const std::string& under, const std::string& name) {
  return under.empty() || name == under || name.starts_with(under + ".");
}

// Removes the errors of order h^2 and h^4 from central differences with steps h, h/2 and h/4.
double extrapolate_central(const std::array<double, 3>& d) { return (64 * d[2] - 20 * d[1] + d[0]) / 45; }

// What is left of (slope to the right) - (slope to the left) as the step goes to zero: errors of order h and
// h^3 removed.
double extrapolate_gap(const std::array<double, 3>& gap) {
  return (8 * (2 * gap[2] - gap[1]) - (2 * gap[1] - gap[0])) / 7;
}

// A matrix that the function is differentiated with respect to: an input, or a parameter.
struct Leaf {
  std::string name;
  Matrix<double>* values;
  std::optional<Parameter> parameter;
  std::size_t input = 0;

  std::string place(Index element) const {
    return name + (parameter ? "(" : " (") + std::to_string(element % values->n_rows) + "," +
           std::to_string(element / values->n_rows) + ")";
  }
};

// One gradient for each leaf.
using LeafGradients = std::vector<Matrix<double>>;

class Check {
 public:
  Check(ParameterStore& store, const CheckedFunction& function, std::vector<Elements> inputs,
        const std::vector<CheckInput>& kinds, const GradientCheckOptions& options, GradientReport& report)
      : store_(store),
        function_(function),
        inputs_(std::move(inputs)),
        kinds_(kinds),
        options_(options),
        random_(options.seed),
        report_(report) {
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      if (!kinds_[i].differentiated()) continue;
      leaves_.push_back(
          {"input " + std::to_string(i), std::get_if<Matrix<double>>(&inputs_[i]), std::nullopt, i});
    }
    for (const ParameterView& p : store.parameters()) {
      if (is_under(options.under, p.name()) && !p.frozen())
        leaves_.push_back({p.name(), &p.value<double>(), p.handle()});
    }
  }

  // `context` goes before the text of findings. A single sample may well have derivatives that vanish.
  void run(const std::string& context, bool single_sample) {
    context_ = context;
    output_ = evaluate();
    if (!same_bits(evaluate(), output_)) {
      return find(Fault::not_repeatable, "two forward passes on the same samples differ",
                  "randomness comes from the tape: context.random()");
    }
    if (!output_.is_finite()) return find(Fault::not_finite, "the function gives NaN or Inf at the samples");
    v_ = normal_matrix(random_.stream("cotangent"), shape_of(output_));
    noise_ = 0;
    for (Index i = 0; i < v_.n_elem; ++i) noise_ += std::abs(v_[i] * output_[i]);
    // Rounding of <v, y> to some ulps, divided by the step, and amplified by the extrapolation.
    noise_ *= 16 * std::numeric_limits<double>::epsilon() / options_.step;

    if (!differentiate()) return;
    if (!single_sample) find_unused();
    compare_elements(single_sample);
    if (report_.passed()) compare_direction();
    check_repetition();
    check_accumulation();
    check_reuse();
    check_interference();
  }

 private:
  void find(Fault fault, const std::string& text, const std::string& hint = {}) {
    report_.findings.push_back(
        {fault, Cause::unknown, context_ + text + (hint.empty() ? "" : " (" + hint + ")")});
  }

  // Forward.

  TapeOptions tape_options() const { return {.step = options_.seed}; }

  std::vector<Value> put(Tape& tape, const std::vector<Elements>& inputs) const {
    std::vector<Value> values;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const auto* numbers = std::get_if<Matrix<double>>(&inputs[i]);
      if (numbers != nullptr && kinds_[i].differentiated()) {
        values.push_back(tape.variable(*numbers));
      } else {
        values.push_back(std::visit([&](const auto& m) { return tape.input(m); }, inputs[i]));
      }
    }
    return values;
  }

  Matrix<double> evaluate() {
    Tape tape(store_, memory_, tape_options());
    return function_(tape, put(tape, inputs_)).matrix<double>();
  }

  // <v, y(a) - y(b)>, summed over differences so that what y has in common cancels first.
  double rise(const Matrix<double>& a, const Matrix<double>& b) const { return inner(v_, a - b); }

  // Backward.

  // Whether playing back went through.
  bool play(Tape& tape, const std::vector<Root>& roots, Gradients& gradients) {
    return attempt([&] { tape.backward(roots, gradients); });
  }
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

  LeafGradients collect(const std::vector<Value>& inputs, const Gradients& gradients) const {
    LeafGradients all;
    for (const Leaf& leaf : leaves_) {
      all.push_back(leaf.parameter ? gradients.of<double>(*leaf.parameter)
                                   : inputs[leaf.input].cotangent<double>());
    }
    return all;
  }

  // The gradient that all else is compared with: one use, nothing else going on.
  bool differentiate() {
    Tape tape(store_, memory_, tape_options());
    const std::vector<Value> inputs = put(tape, inputs_);
    const Value y = function_(tape, inputs);
    Gradients gradients(store_);
    if (!play(tape, {{y, v_}}, gradients)) return false;
    analytic_ = collect(inputs, gradients);
    touched_ = gradients.touched_slots();
    return true;
  }

  void find_unused() {
    for (const Leaf& leaf : leaves_) {
      if (leaf.parameter && touched_[leaf.parameter->slot()] == 0) {
        find(Fault::untouched, leaf.name + " is not used by the pass",
             "freeze it, or name what is to be checked: {.under = ...}");
      }
    }
  }

  // Against differences.

  struct Derivative {
    double central;
    double gap;  ///< slope to the right minus slope to the left
  };

  // The derivative of <v, y> as `move(t)` moves the samples by t; it gives the distance that was really
  // moved.
  template <class Move>
  Derivative derivative(const Move& move) {
    std::array<double, 3> central{};
    std::array<double, 3> gap{};
    double h = options_.step;
    for (std::size_t k = 0; k < 3; ++k, h /= 2) {
      const double right = move(h);
      const Matrix<double> above = evaluate();
      const double left = move(-h);
      const Matrix<double> below = evaluate();
      central[k] = rise(above, below) / (right - left);
      gap[k] = rise(above, output_) / right - rise(output_, below) / -left;
    }
    move(0);
    return {extrapolate_central(central), extrapolate_gap(gap)};
  }

  void compare_elements(bool single_sample) {
    for (std::size_t l = 0; l < leaves_.size(); ++l) {
      const Leaf& leaf = leaves_[l];
      Matrix<double>& x = *leaf.values;
      const Matrix<double>& analytic = analytic_[l];
      Matrix<double> numeric(arma::size(x));
      Matrix<double> gap(arma::size(x));
      for (Index i = 0; i < x.n_elem; ++i) {
        const double there = x[i];
        const Derivative d = derivative([&](double t) {
          x[i] = there + t;
          return x[i] - there;
        });
        numeric[i] = d.central;
        gap[i] = std::abs(d.gap);
      }
      report_.compared += x.n_elem;

      // What differences cannot see is not demanded.
      const double scale = std::max(largest(analytic), largest(numeric));
      const double unit = std::max(scale, noise_ / options_.tolerance);
      Index wrong = 0;
      std::optional<Index> kink;
      GradientReport::Element worst;
      for (Index i = 0; i < x.n_elem; ++i) {
        const double error = std::abs(analytic[i] - numeric[i]);
        const double relative = error == 0 ? 0 : error / unit;
        if (gap[i] > std::max(1e-6 * scale, 100 * noise_) && !(gap[i] < error / 100)) {
          if (!kink) kink = i;
        } else if (!(relative <= options_.tolerance)) {
          ++wrong;
        }
        if (worst.place.empty() || !(relative <= worst.relative_error)) {
          worst = {leaf.place(i), analytic[i], numeric[i], relative};
          if (std::isnan(relative)) break;
        }
      }
      if (kink) {
        find(Fault::kink,
             "at " + leaf.place(*kink) + " the slopes to the right and to the left differ by " +
                 figure(gap[*kink], 3),
             "move the sample away from it");
      }
      if (wrong > 0) {
        find(Fault::wrong_gradient, worst.place + ": " + compare(worst.analytic, worst.numeric) +
                                        ", relative error " + figure(worst.relative_error, 3) + "; " +
                                        std::to_string(wrong) + " of " + std::to_string(x.n_elem) +
                                        " derivatives of " + leaf.name + " are wrong");
      }
      if (!single_sample && scale <= noise_ && (!leaf.parameter || touched_[leaf.parameter->slot()] != 0)) {
        find(Fault::vacuous,
             "every derivative with respect to " + leaf.name + " vanishes, so nothing was checked",
             leaf.parameter ? "choose other samples, or freeze it"
                            : "choose other samples, or give it as data");
      }
      if (report_.worst.place.empty() || !(worst.relative_error <= report_.worst.relative_error))
        report_.worst = worst;
    }
  }

  // <Ju, v> = <u, J'v> for |u| = 1. Rounding averages out over the elements, so more is demanded than of one
  // of them.
  void compare_direction() {
    std::vector<Matrix<double>> u;
    std::vector<Matrix<double>> there;
    double u_squared = 0;
    for (const Leaf& leaf : leaves_) {
      u.push_back(normal_matrix(random_.stream("direction").stream(u.size()), shape_of(*leaf.values)));
      there.push_back(*leaf.values);
      u_squared += inner(u.back(), u.back());
    }
    double along = 0;
    double g_squared = 0;
    for (std::size_t l = 0; l < leaves_.size(); ++l) {
      u[l] /= std::sqrt(u_squared);
      along += inner(u[l], analytic_[l]);
      g_squared += inner(analytic_[l], analytic_[l]);
    }
    const Derivative d = derivative([&](double t) {
      for (std::size_t l = 0; l < leaves_.size(); ++l) *leaves_[l].values = there[l] + t * u[l];
      return t;
    });
    const double error = std::abs(along - d.central);
    if (!(error <= std::max(options_.tolerance / 100 * std::sqrt(g_squared), noise_))) {
      find(Fault::wrong_gradient, "along a random direction: " + compare(along, d.central));
    }
  }

  // Of one pass against another.

  void expect(Fault fault, const LeafGradients& got, const LeafGradients& wanted, const std::string& text) {
    for (std::size_t l = 0; l < leaves_.size(); ++l) {
      const double allowed = std::max(options_.tolerance * largest(wanted[l]), noise_);
      for (Index i = 0; i < got[l].n_elem; ++i) {
        if (std::abs(got[l][i] - wanted[l][i]) <= allowed) continue;
        return find(fault, text + ": " + leaves_[l].place(i) + " is " + figure(got[l][i], 10) +
                               " and should be " + figure(wanted[l][i], 10));
      }
    }
  }

  void check_repetition() {
    Tape tape(store_, memory_, tape_options());
    const std::vector<Value> inputs = put(tape, inputs_);
    const Value y = function_(tape, inputs);
    std::vector<Value> sought;
    for (const Leaf& leaf : leaves_) {
      sought.push_back(leaf.parameter ? tape.parameter(*leaf.parameter) : inputs[leaf.input]);
    }
    const Root root(y, v_);
    Gradients gradients(store_);
    LeafGradients first;
    if (!attempt([&] { first = tape.vjp<double>(std::span(&root, 1), sought); })) return;
    if (!play(tape, {root}, gradients)) return;
    expect(Fault::not_repeatable, first, analytic_, "another pass on the same samples gave another gradient");
    expect(Fault::not_repeatable, collect(inputs, gradients), first,
           "playing the tape a second time changed the gradient");
  }

  void check_accumulation() {
    Tape tape(store_, memory_, tape_options());
    const std::vector<Value> inputs = put(tape, inputs_);
    const Value y = function_(tape, inputs);
    Gradients gradients(store_);
    LeafGradients there;
    LeafGradients wanted;
    for (std::size_t l = 0; l < leaves_.size(); ++l) {
      const double scale = largest(analytic_[l]);
      there.push_back((scale > 0 ? scale : 1) *
                      normal_matrix(random_.stream("there before").stream(l), shape_of(analytic_[l])));
      wanted.push_back(there[l] + analytic_[l]);
    }
    std::vector<Root> roots{
        {y, v_}};  // a variable that is itself a root has a cotangent before the vjp adds to it
    for (std::size_t l = 0; l < leaves_.size(); ++l) {
      if (leaves_[l].parameter) {
        gradients.set(*leaves_[l].parameter, there[l]);
      } else {
        roots.emplace_back(inputs[leaves_[l].input], there[l]);
      }
    }
    if (!play(tape, roots, gradients)) return;
    expect(Fault::not_accumulated, collect(inputs, gradients), wanted,
           "a gradient that was there before was not added to");
  }

  void check_reuse() {
    const Matrix<double> w = normal_matrix(random_.stream("second cotangent"), shape_of(v_));
    const auto gradient = [&](bool both) -> std::optional<LeafGradients> {
      Tape tape(store_, memory_, tape_options());
      const std::vector<Value> inputs = put(tape, inputs_);
      const Value first = function_(tape, inputs);
      const Value second = function_(tape, inputs);
      std::vector<Root> roots{{second, w}};
      if (both) roots.emplace_back(first, v_);
      Gradients gradients(store_);
      if (!play(tape, roots, gradients)) return std::nullopt;
      return collect(inputs, gradients);
    };
    const auto second = gradient(false);
    const auto both = gradient(true);
    if (!second || !both) return;
    LeafGradients wanted = *second;
    for (std::size_t l = 0; l < wanted.size(); ++l) wanted[l] += analytic_[l];
    expect(Fault::not_accumulated, *both, wanted, "two uses on one tape do not add up");
  }

  void check_interference() {
    std::vector<Elements> others;
    for (const Elements& input : inputs_) others.push_back(other_elements(input));

    Tape tape(store_, memory_, tape_options());
    const std::vector<Value> inputs = put(tape, inputs_);
    const Value y = function_(tape, inputs);
    {
      Tape other(store_, other_memory_, tape_options());
      const Value z = function_(other, put(other, others));
      Gradients gradients(store_);
      if (!play(other, {{z, v_}}, gradients)) return;
    }
    function_(tape, put(tape, others));
    Gradients gradients(store_);
    if (!play(tape, {{y, v_}}, gradients)) return;
    expect(Fault::state_kept, collect(inputs, gradients), analytic_,
           "another forward before the backward changed the gradient");
  }

  ParameterStore& store_;
  const CheckedFunction& function_;
  std::vector<Elements> inputs_;
  const std::vector<CheckInput>& kinds_;
  const GradientCheckOptions& options_;
  Random random_;
  GradientReport& report_;
  std::string context_;
  std::vector<Leaf> leaves_;  // inputs, then parameters
  Memory memory_;
  Memory other_memory_;
  Matrix<double> output_;
  Matrix<double> v_;
  double noise_ = 0;  // what rounding alone makes of a difference
  LeafGradients analytic_;
  std::vector<std::uint8_t> touched_;
};

void require(bool holds, const char* option, double given, const char* wanted) {
  if (holds) return;
  throw OptionError(
      {.who = "check_gradient", .given = std::string(option) + " " + figure(given, 6), .wanted = wanted});
}

Index columns_of(const Elements& elements) {
  return std::visit([](const auto& m) { return m.n_cols; }, elements);
}

}  // namespace

std::variant<Matrix<double>, IndexMatrix> CheckInput::elements(const Random& random) const {
  if (const auto* values = std::get_if<Matrix<double>>(&what_)) return *values;
  if (const auto* labels = std::get_if<IndexMatrix>(&what_)) return *labels;
  Matrix<double> drawn = normal_matrix(random, std::get<Shape>(what_));
  drawn.transform([](double x) { return x < 0 ? x - 0.1 : x + 0.1; });
  return drawn;
}

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
  std::string text = "gradient check " + std::string(passed() ? "passed" : "failed") + ": " +
                     std::to_string(compared) + " derivatives compared";
  if (!worst.place.empty()) {
    text += ", largest relative error " + figure(worst.relative_error, 3) + " at " + worst.place;
  }
  for (const Finding& finding : findings)
    text += "\n  " + std::string(name_of(finding.fault)) + ": " + finding.text;
  return text;
}

std::ostream& operator<<(std::ostream& out, const GradientReport& report) { return out << report.describe(); }

namespace detail {

GradientReport check_gradient(ParameterStore& store, const CheckedFunction& function,
                              const std::vector<CheckInput>& inputs, const GradientCheckOptions& options) {
  require(options.tolerance > 0, "tolerance", options.tolerance, "a positive number");
  require(options.step > 0, "step", options.step, "a positive number");
  ParameterStore copy = store.copy(f64);
  const auto all = copy.parameters();
  if (!options.under.empty() && std::none_of(all.begin(), all.end(), [&](const auto& p) {
        return is_under(options.under, p.name());
      })) {
    throw NameError({.who = "check_gradient",
                     .given = "no parameter at or under \"" + options.under + "\"",
                     .wanted = "a name in the store"});
  }
  const Random random = Random(options.seed).stream("samples");
  std::vector<Elements> samples;
  samples.reserve(inputs.size());
  for (const CheckInput& input : inputs) samples.push_back(input.elements(random.stream(samples.size())));
  const Index batch = samples.empty() ? 0 : columns_of(samples.front());
  const bool common =
      std::all_of(samples.begin(), samples.end(), [=](const auto& s) { return columns_of(s) == batch; });
  if (options.batch_of_one && !common) {
    throw OptionError({.who = "check_gradient",
                       .given = "inputs without a common batch",
                       .wanted = "the same number of columns in all",
                       .hint = "or {.batch_of_one = false}"});
  }

  GradientReport report;
  Check(copy, function, samples, inputs, options, report).run("", false);
  if (options.batch_of_one && batch > 1) {
    for (Elements& sample : samples) sample = first_column(sample);
    Check(copy, function, samples, inputs, options, report).run("with a batch of one: ", true);
  }
  return report;
}

void refuse_input_count(std::size_t given, std::size_t wanted) {
  throw OptionError({.who = "check_gradient",
                     .given = std::to_string(given) + " inputs",
                     .wanted = std::to_string(wanted) + ", as many Values as the function takes"});
}

}  // namespace detail
}  // namespace tapedeck
