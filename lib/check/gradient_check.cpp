#include "tapedeck/check/gradient_check.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

#include "check/figure.hpp"
#include "check/samples.hpp"
#include "check/single_check.hpp"
#include "check/subject.hpp"

namespace tapedeck::detail {
namespace {

[[noreturn]] void refuse(const std::string& given, const std::string& wanted, const std::string& hint = {}) {
  throw OptionError({.who = "check_gradient", .given = given, .wanted = wanted, .hint = hint});
}

void require_fraction(const char* option, double given) {
  if (given > 0 && given < 1) return;
  refuse(std::string(option) + " " + figure(given, 6), "a number above 0 and below 1");
}

void require_finite(const std::string& name, const Matrix<double>& values) {
  if (values.is_finite()) return;
  throw NonFiniteError(
      {.who = "check_gradient", .given = name + " holds NaN or Inf", .wanted = "finite numbers"});
}

// Why the function refuses its samples, if it does. A broken contract is no refusal.
std::optional<std::string> refusal(Subject& subject) {
  try {
    subject.evaluate();
  } catch (const ContractError&) {
    throw;
  } catch (const Error& error) {
    return error.what();
  }
  return std::nullopt;
}

// Adds what a batch of one showed besides, and what it tells about the faults that are known already.
void add_batch_of_one(GradientReport& report, const GradientReport& alone) {
  report.compared += alone.compared;
  report.refined += alone.refined;
  if (report.passed() && alone.worst.relative_error > report.worst.relative_error) {
    report.worst = alone.worst;  // otherwise it belongs to what is told of the batch
  }
  if (alone.compared > 0 && !alone.found(Fault::wrong_gradient)) {
    for (Finding& f : report.findings) {
      if (f.fault != Fault::wrong_gradient || f.cause != Cause::unknown) continue;
      f.cause = Cause::one_sample_only;
      f.text += "; those of a batch of one are right";
    }
  }
  std::vector<Finding> news;
  std::copy_if(alone.findings.begin(), alone.findings.end(), std::back_inserter(news),
               [&](const Finding& f) { return !report.found(f.fault); });
  report.findings.insert(report.findings.end(), news.begin(), news.end());
}

}  // namespace

GradientReport check_gradient(ParameterStore& store, const CheckedFunction& function,
                              const std::vector<CheckInput>& inputs, const GradientCheckOptions& options) {
  require_fraction("tolerance", options.tolerance);
  require_fraction("step", options.step);

  ParameterStore copy = store.copy(f64);
  for (const ParameterView& p : copy.parameters()) require_finite(p.name(), p.value<double>());
  parameters_under(copy, options.under);  // there have to be some
  const Random random(options.seed);
  if (options.unsettle) unsettle(copy, random.stream("parameters"));

  std::vector<Elements> samples;
  for (const CheckInput& input : inputs) {
    const std::string name = "input " + std::to_string(samples.size());
    samples.push_back(input.elements(random.stream("samples").stream(samples.size())));
    const Shape shape = shape_of(samples.back());
    if (shape.size() == 0) {
      throw ShapeError({.who = "check_gradient",
                        .given = name + " is " + to_string(shape),
                        .wanted = "at least one element"});
    }
    if (const auto* numbers = std::get_if<Matrix<double>>(&samples.back())) require_finite(name, *numbers);
  }
  const Index columns = samples.empty() ? 0 : shape_of(samples.front()).cols;
  const bool common = std::all_of(samples.begin(), samples.end(),
                                  [=](const Elements& s) { return shape_of(s).cols == columns; });
  if (options.batch_of_one && !common) {
    refuse("inputs without a common batch", "the same number of columns in all",
           "or {.batch_of_one = false}");
  }
  const Index batch = common ? columns : 0;

  Subject subject(copy, function, inputs, samples, options);
  if (subject.leaves().empty()) {
    refuse("nothing to differentiate", "an input or a parameter",
           "data, labels and frozen parameters are not differentiated");
  }
  GradientReport report = check_at_samples(subject, options, batch, "", Vanishing::refused);
  if (options.batch_of_one && batch > 1 && !report.found(Fault::not_repeatable)) {
    for (Elements& sample : samples) sample = first_column(sample);
    Subject single(copy, function, inputs, samples, options);
    if (const auto why = refusal(single)) {
      report.notes.push_back("a batch of one is not checked, as the forward refuses it: " + *why);
    } else {
      add_batch_of_one(report,
                       check_at_samples(single, options, 1, "with a batch of one: ", Vanishing::allowed));
    }
  }
  return report;
}

void refuse_input_count(std::size_t given, std::size_t wanted) {
  refuse(std::to_string(given) + " inputs",
         std::to_string(wanted) + ", as many Values as the function takes");
}

}  // namespace tapedeck::detail
