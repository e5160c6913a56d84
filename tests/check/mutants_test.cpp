// Every vjp of the library with every mistake of a list planted in it: the checker has to find each of them.
//
// Layers, losses and models contain no vjps of their own; all gradients come from ops, so mutants of every op
// are mutants of everything. A mistake that changes no gradient is no mistake; each that is left out for this
// has to have one of the reasons that `harmless` knows, and to change nothing at random samples.

#include "support/mutants.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "support/folders.hpp"
#include "support/op_tests.hpp"
#include "support/references.hpp"
#include "tapedeck/ops/activation.hpp"
#include "tapedeck/ops/affine.hpp"
#include "tapedeck/ops/arithmetic.hpp"
#include "tapedeck/ops/reduction.hpp"
#include "tapedeck/ops/shape.hpp"
#include "tapedeck/tape/tape.hpp"

namespace td = tapedeck;
using td::Cause;
using td::Fault;
using test::Mutant;
using test::Mutation;
using test::OpSample;
using test::Site;
using Values = std::vector<td::Value>;

BOOST_AUTO_TEST_SUITE(check)
BOOST_AUTO_TEST_SUITE(mutants)

namespace {

// Functions of several records, where inputs and what is between are used more than once.
std::vector<OpSample> composites() {
  return {
      {.name = "x % x", .op = [](const Values& in) { return in[0] % in[0]; }},
      {.name = "x + tanh(x)", .op = [](const Values& in) { return in[0] + td::tanh(in[0]); }},
      {.name = "h + sigmoid(h)",
       .op =
           [](const Values& in) {
             const td::Value h = td::tanh(in[0]);
             return h + td::sigmoid(h);
           }},
      {.name = "concatenate_rows x x",
       .op =
           [](const Values& in) {
             return td::concatenate_rows({in[0], in[0], td::tanh(in[0])});
           }},
      {.name = "mean x % x", .op = [](const Values& in) { return td::mean(in[0] % in[0]); }},
      {.name = "affine tanh affine",
       .op =
           [](const Values& in) {
             return td::affine(in[3], in[4], td::tanh(td::affine(in[0], in[1], in[2])));
           },
       .inputs =
           [](td::Shape s) {
             return std::vector<td::CheckInput>{td::Shape{4, s.rows}, td::Shape{4, 1}, s, td::Shape{5, 4},
                                                td::Shape{5, 1}};
           }},
  };
}

// A function and what it is given: the sample's inputs that have a column for each sample; the others, such
// as weights and gains, are parameters.
struct Setting {
  Setting(const OpSample& sample, td::Shape shape)
      : name(sample.name), batch(shape.cols), batch_of_one(sample.smallest_batch <= 1) {
    for (int i = 0; i < sample.buffers; ++i)
      store.add_buffer("statistic_" + std::to_string(i), {shape.rows, 1}, 0);
    const auto given = sample.inputs(shape);
    const td::Shape wide{shape.rows, 10 * (shape.rows + shape.cols)};  // a batch that is no other size
    const auto widened = sample.inputs(wide);
    std::vector<std::optional<td::Parameter>> parameters;
    for (std::size_t i = 0; i < given.size(); ++i) {
      if (columns(widened[i]) == wide.cols) {
        inputs.push_back(given[i]);
        parameters.emplace_back();
      } else {
        const auto values = std::get<td::Matrix<double>>(given[i].elements(td::Random(i)));
        parameters.emplace_back(store.add("input_" + std::to_string(i), td::shape_of(values), td::zeros));
        initial.emplace_back(*parameters.back(), values);
      }
    }
    for (const auto& [parameter, values] : initial) store.parameter(parameter).value<double>() = values;
    function = [parameters, op = sample.op](td::Tape& tape, const Values& in) {
      Values all;
      std::size_t next = 0;
      for (const auto& p : parameters) all.push_back(p ? tape.parameter(*p) : in[next++]);
      return op(all);
    };
  }
  static td::Index columns(const td::CheckInput& input) {
    return std::visit([](const auto& m) { return m.n_cols; }, input.elements(td::Random(1)));
  }

  std::string name;
  td::Index batch;
  bool batch_of_one;
  td::ParameterStore store{td::ParameterStore::Options{.seed = 0, .scalar = td::f64}};
  std::vector<td::CheckInput> inputs;
  std::vector<std::pair<td::Parameter, td::Matrix<double>>> initial;
  test::Function function;
};

using Elements = std::variant<td::Matrix<double>, td::IndexMatrix>;

std::vector<Elements> draw(const Setting& setting, std::uint64_t seed) {
  std::vector<Elements> all;
  for (const td::CheckInput& input : setting.inputs)
    all.push_back(input.elements(td::Random(seed).stream(all.size())));
  return all;
}

Values put(td::Tape& tape, const std::vector<Elements>& samples, const Setting& setting) {
  Values all;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    all.push_back(setting.inputs[i].differentiated()
                      ? tape.variable(std::get<td::Matrix<double>>(samples[i]))
                      : std::visit([&](const auto& m) { return tape.input(m); }, samples[i]));
  }
  return all;
}

using Gradients = std::vector<td::Matrix<double>>;

// Those of the inputs that are differentiated, then those of the parameters.
Gradients collect(const Values& inputs, const td::Gradients& of_parameters, const Setting& setting) {
  Gradients all;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (setting.inputs[i].differentiated()) all.push_back(inputs[i].cotangent<double>());
  }
  for (const auto& [parameter, values] : setting.initial) all.push_back(of_parameters.of<double>(parameter));
  return all;
}

// One forward, one backward.
Gradients gradients(const test::Function& function, Setting& setting) {
  td::Memory memory;
  td::Tape tape(setting.store, memory, td::TapeOptions{.step = 1});
  const Values inputs = put(tape, draw(setting, 1), setting);
  const td::Value y = function(tape, inputs);
  td::Gradients of_parameters(setting.store);
  tape.backward(td::Root(y, test::normal(y.shape(), 99)), of_parameters);
  return collect(inputs, of_parameters, setting);
}

// With all that can disturb: gradients that are there before, a second use, a later forward of other samples.
Gradients gradients_in_traffic(const test::Function& function, Setting& setting, std::uint64_t seed) {
  td::Memory memory;
  td::Tape tape(setting.store, memory, td::TapeOptions{.step = 1});
  const Values inputs = put(tape, draw(setting, seed), setting);
  const td::Value first = function(tape, inputs);
  const td::Value second = function(tape, inputs);
  auto others = draw(setting, seed + 1);
  for (Elements& sample : others) {
    std::visit([](auto& m) { m = arma::reverse(m, 1).eval(); }, sample);
  }
  function(tape, put(tape, others, setting));

  const auto v = test::normal(first.shape(), seed + 100);
  const auto w = test::normal(first.shape(), seed + 101);
  std::vector<td::Root> roots{{first, v}, {second, w}};
  std::vector<td::Matrix<double>> there;
  there.reserve(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!setting.inputs[i].differentiated()) continue;
    there.push_back(test::normal(inputs[i].shape(), seed + i));
    roots.emplace_back(inputs[i], there.back());
  }
  td::Gradients of_parameters(setting.store);
  for (const auto& [parameter, values] : setting.initial) of_parameters.set(parameter, values);
  tape.backward(roots, of_parameters);
  return collect(inputs, of_parameters, setting);
}

// Sums of a few dozen terms in another order differ by less.
bool equal(const td::Matrix<double>& a, const td::Matrix<double>& b) {
  return test::difference(a, b) < 1e-13;
}
bool equal(const Gradients& a, const Gradients& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!equal(a[i], b[i])) return false;
  }
  return true;
}

// A mutant and what came of it.
struct Result {
  std::string function;
  Site site;
  Mutation mutation;
  std::string harmless;  // why it changes no gradient; empty if it has to be found
  bool changes = false;  // some gradient, at random samples
  Fault fault = {};      // what has to be found
  Cause cause = {};      // and diagnosed; unknown where several would be right
  td::GradientReport report = {};

  bool caught() const { return report.found(fault); }
  std::set<Cause> causes() const {
    std::set<Cause> all;
    for (const td::Finding& finding : report.findings) all.insert(finding.cause);
    all.erase(Cause::unknown);
    return all;
  }
  bool diagnosed() const { return cause == Cause::unknown || causes() == std::set{cause}; }
  std::string place() const {
    return function + " | " + std::to_string(site.record) + " " + site.op + "." + site.operand + " | " +
           name_of(mutation);
  }
};

Cause cause_of(Mutation mutation) {
  switch (mutation) {
    case Mutation::sign_flipped:
      return Cause::sign_flipped;
    case Mutation::doubled:
      return Cause::scaled;
    case Mutation::times_batch:
    case Mutation::over_batch:
      return Cause::scaled_by_batch;
    case Mutation::lost:
      return Cause::missing_term;
    case Mutation::transposed:
      return Cause::transposed;
    case Mutation::other_axis:
      return Cause::other_axis;
    case Mutation::first_sample:
      return Cause::one_sample_only;
    case Mutation::redrawn:
      return Cause::mask_redrawn;
    default:
      return Cause::unknown;
  }
}

// Makes the mutants of one function, and has them checked.
class Planter {
 public:
  Planter(Setting& setting, std::vector<Result>& results)
      : setting_(setting),
        right_(setting.function),
        gradients_(gradients(right_, setting)),
        results_(results) {
    td::Memory memory;
    td::Tape tape(setting.store, memory);
    sites_ = test::sites(right_, tape, put(tape, draw(setting, 1), setting));
  }

  void plant(const std::vector<Mutation>& mutations) {
    for (const Site& site : sites_) {
      Mutant unchanged(right_, site, Mutation::none);
      if (site.wanted) {  // isolating a contribution and passing it on is harmless, and shows it
        BOOST_REQUIRE(equal(gradients(unchanged.function(), setting_), gradients_));
      }
      for (const Mutation mutation : mutations) {
        if (applies(site, mutation, unchanged)) plant(site, mutation, unchanged);
      }
    }
  }

 private:
  Gradients mutated(const Site& site, Mutation mutation) const {
    Mutant mutant(right_, site, mutation);
    return gradients(mutant.function(), setting_);
  }

  // Whether a mutation means something at a site.
  bool applies(const Site& site, Mutation mutation, const Mutant& unchanged) const {
    const auto& g = unchanged.contribution();
    const auto& dy = unchanged.output_cotangent();
    switch (mutation) {
      case Mutation::stale:
        return site.kept;
      case Mutation::redrawn:
        return site.mask;
      case Mutation::first_sample:
        return site.wanted && (g.n_cols == setting_.batch || dy.n_cols == setting_.batch);
      case Mutation::other_axis:
        return site.wanted && g.n_cols == 1 && dy.n_cols == g.n_rows && equal(g, arma::sum(dy, 1));
      default:
        return site.wanted;
    }
  }

  // Why a mutation changes nothing, where there is a reason; judged by the right vjp alone.
  std::string harmless(const Site& site, Mutation mutation, const Mutant& unchanged) const {
    const auto& g = unchanged.contribution();
    if (mutation == Mutation::transposed && (g.n_rows == 1 || g.n_cols == 1)) return "a vector";
    if (mutation == Mutation::transposed && g.min() == g.max()) return "all elements are equal";
    if (mutation == Mutation::overwriting && !leaf(site) && site.last_use)
      return "nothing is contributed to it before";
    if (mutation == Mutation::stale && site.parameter) return "a parameter is the same at every forward";
    if (mutation == Mutation::stale && equal(mutated(site, Mutation::garbled), gradients_))
      return "the vjp does not read it";
    return "";
  }

  // A gradient that is wrong wherever it is played back, or only in traffic.
  Fault fault(Mutation mutation, const Gradients& wrong) const {
    if (!equal(wrong, gradients_)) return Fault::wrong_gradient;
    return mutation == Mutation::stale ? Fault::state_kept : Fault::not_accumulated;
  }

  // What is done to one contribution can be told where it is done to whole gradients.
  Cause cause(const Site& site, Mutation mutation, const Mutant& unchanged, const Gradients& wrong) const {
    const auto whole = [](const Site& s) { return leaf(s) && s.uses == 1; };
    bool told = whole(site) || multiplied(wrong, test::factor(mutation, setting_.batch));
    // A mask is in all that its record contributes.
    if (mutation == Mutation::redrawn) {
      told = std::all_of(sites_.begin(), sites_.end(),
                         [&](const Site& s) { return s.record != site.record || !s.wanted || whole(s); });
    }
    // What one sample adds to a sum over samples shows by a batch of one.
    if (mutation == Mutation::first_sample && unchanged.contribution().n_cols != setting_.batch)
      told = told && setting_.batch_of_one;
    // A sum over the wrong axis shows if it is one of the function's own cotangent.
    if (mutation == Mutation::other_axis) told = told && site.record == sites_.back().record;
    return told ? cause_of(mutation) : Cause::unknown;
  }

  // Whether each gradient is right, or multiplied by one factor.
  bool multiplied(const Gradients& wrong, double by) const {
    for (std::size_t i = 0; i < wrong.size(); ++i) {
      if (!equal(wrong[i], gradients_[i]) && !equal(wrong[i], by * gradients_[i])) return false;
    }
    return !std::isnan(by);
  }

  static bool leaf(const Site& site) { return site.variable || site.parameter; }

  void plant(const Site& site, Mutation mutation, const Mutant& unchanged) {
    Result result{setting_.name, site, mutation, harmless(site, mutation, unchanged)};
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
      Mutant mutant(right_, site, mutation);
      result.changes = result.changes || !equal(gradients_in_traffic(mutant.function(), setting_, seed),
                                                gradients_in_traffic(right_, setting_, seed));
    }
    const Gradients wrong = mutated(site, mutation);
    result.fault = fault(mutation, wrong);
    result.cause = cause(site, mutation, unchanged, wrong);
    Mutant mutant(right_, site, mutation);
    result.report = td::check_gradient(setting_.store, mutant.function(), setting_.inputs,
                                       {.batch_of_one = setting_.batch_of_one});
    results_.push_back(std::move(result));
  }

  Setting& setting_;
  const test::Function& right_;
  Gradients gradients_;
  std::vector<Site> sites_;
  std::vector<Result>& results_;
};

const std::vector<Result>& results() {
  static const std::vector<Result> all = [] {
    std::vector<Result> made;
    std::vector<OpSample> samples = test::op_samples();
    for (const OpSample& composite : composites()) samples.push_back(composite);
    for (const OpSample& sample : samples) {
      // Sizes differ from each other and from the factors, so that no mistake looks like another.
      Setting oblong(sample, {3, 8});
      Planter(oblong, made)
          .plant({Mutation::sign_flipped, Mutation::doubled, Mutation::times_batch, Mutation::over_batch,
                  Mutation::lost, Mutation::last_lost, Mutation::transposed, Mutation::first_sample,
                  Mutation::overwriting, Mutation::stale, Mutation::redrawn});
      // In a square, rows and columns can be mistaken for each other without an error.
      Setting square(sample, {4, 4});
      square.name += ", square";
      Planter(square, made).plant({Mutation::transposed, Mutation::other_axis});
    }
    return made;
  }();
  return all;
}

std::string words(const auto& set) {
  std::string text;
  for (const auto element : set) text += (text.empty() ? "" : ", ") + std::string(td::name_of(element));
  return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_mutant_is_caught) {
  for (const Result& r : results()) {
    if (r.harmless.empty()) BOOST_TEST(r.caught(), r.place() << ": " << r.report);
  }
}

BOOST_AUTO_TEST_CASE(every_mutant_is_diagnosed) {
  for (const Result& r : results()) {
    if (r.harmless.empty()) {
      BOOST_TEST(r.diagnosed(), r.place() << ": " << td::name_of(r.cause) << " taken for "
                                          << words(r.causes()) << "; " << r.report);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_changes_no_gradient_has_a_reason_and_passes) {
  for (const Result& r : results()) {
    BOOST_TEST(r.changes == r.harmless.empty(), r.place() << " " << r.harmless);
    if (!r.changes) BOOST_TEST(r.report.passed(), r.place() << ": " << r.report);
  }
}

BOOST_AUTO_TEST_CASE(every_vjp_has_mutants) {
  std::set<std::string> mutated;
  for (const Result& r : results()) {
    if (r.changes) mutated.insert(r.site.op);
  }
  const std::regex name(R"re(static constexpr auto name = "(\w+)")re");
  std::size_t found = 0;
  for (const auto& source : std::filesystem::directory_iterator(test::source_dir + "/lib/ops")) {
    std::ifstream file(source.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (std::sregex_iterator i(text.begin(), text.end(), name), end; i != end; ++i, ++found) {
      BOOST_TEST(mutated.contains((*i)[1]), (*i)[1] << " has no mutants");
    }
  }
  BOOST_TEST(found == mutated.size());
}

// For people: what was planted where, and what the checker said.
BOOST_AUTO_TEST_CASE(a_table_is_left_behind) {
  std::map<std::string, int> reasons;
  int caught = 0;
  int diagnosed = 0;
  int demanded = 0;
  std::string rows;
  for (const Result& r : results()) {
    rows += "| " + r.place() + " | ";
    if (!r.harmless.empty()) {
      ++reasons[r.harmless];
      rows += "nothing: " + r.harmless + " | |\n";
      continue;
    }
    std::set<Fault> faults;
    for (const td::Finding& finding : r.report.findings) faults.insert(finding.fault);
    rows += words(faults) + " | " + words(r.causes()) + " |\n";
    caught += r.caught() ? 1 : 0;
    demanded += r.cause != Cause::unknown ? 1 : 0;
    diagnosed += r.cause != Cause::unknown && r.diagnosed() ? 1 : 0;
  }
  int harmless = 0;
  for (const auto& [reason, count] : reasons) harmless += count;
  const int mutants = static_cast<int>(results().size()) - harmless;
  std::string summary = std::to_string(mutants) + " mutants, " + std::to_string(caught) + " caught; " +
                        std::to_string(diagnosed) + " of " + std::to_string(demanded) +
                        " with a cause diagnosed; " + std::to_string(harmless) +
                        " mutations change no gradient";
  for (const auto& [reason, count] : reasons) summary += "\n- " + std::to_string(count) + ": " + reason;
  const std::string table = "# Mutants of every vjp\n\n" + summary +
                            "\n\n| function | record and matrix | mutation | caught by | diagnosis |\n"
                            "|---|---|---|---|---|\n" +
                            rows;
  std::ofstream(test::output_dir + "/mutants.md") << table;
  BOOST_TEST(mutants >= 1000);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
