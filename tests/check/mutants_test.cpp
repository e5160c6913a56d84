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
      {.name = "mean of two affine",
       .op =
           [](const Values& in) {
             return td::mean(td::affine(in[3], in[4], td::tanh(td::affine(in[0], in[1], in[2]))));
           },
       .inputs =
           [](td::Shape s) {
             return std::vector<td::CheckInput>{td::Shape{4, s.rows}, td::Shape{4, 1}, s, td::Shape{2, 4},
                                                td::Shape{2, 1}};
           }},
  };
}

using Gradients = std::vector<td::Matrix<double>>;

// The cotangents of the inputs that are differentiated.
Gradients cotangents(const Values& inputs, const test::Samples& samples) {
  Gradients all;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (samples.variable[i]) all.push_back(inputs[i].cotangent<double>());
  }
  return all;
}

// A store in double, and a tape on it.
struct Bench {
  Bench(const OpSample& sample, td::Shape shape) {
    test::add_buffers(store, sample, shape);
    tape.emplace(store, memory, td::TapeOptions{.step = 1});
  }
  td::ParameterStore store{td::ParameterStore::Options{.seed = 0, .scalar = td::f64}};
  td::Memory memory;
  std::optional<td::Tape> tape;
};

// One forward, one backward.
Gradients gradients(const test::Function& function, const OpSample& sample, td::Shape shape) {
  Bench bench(sample, shape);
  const test::Samples samples = test::draw(sample, shape);
  const Values inputs = test::put(*bench.tape, samples);
  const td::Value y = function(*bench.tape, inputs);
  bench.tape->backward(td::Root(y, test::normal(y.shape(), 99)));
  return cotangents(inputs, samples);
}

// All that can go wrong: gradients that are there before, a second use, and a later forward on other samples.
Gradients gradients_in_traffic(const test::Function& function, const OpSample& sample, td::Shape shape,
                               std::uint64_t seed) {
  Bench bench(sample, shape);
  const test::Samples samples = test::draw(sample, shape, seed);
  const Values inputs = test::put(*bench.tape, samples);
  std::vector<td::Matrix<double>> there;
  there.reserve(inputs.size());
  std::vector<td::Root> roots;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!samples.variable[i]) continue;
    there.push_back(test::normal(inputs[i].shape(), seed + i));
    roots.emplace_back(inputs[i], there.back());
  }
  const td::Value first = function(*bench.tape, inputs);
  const td::Value second = function(*bench.tape, inputs);
  test::Samples others = test::draw(sample, shape, seed + 1);
  for (auto& input : others.inputs) {
    std::visit([](auto& m) { m = arma::reverse(arma::reverse(m, 1)).eval(); }, input);
  }
  function(*bench.tape, test::put(*bench.tape, others));
  const auto v = test::normal(first.shape(), seed + 100);
  const auto w = test::normal(first.shape(), seed + 101);
  roots.emplace_back(first, v);
  roots.emplace_back(second, w);
  bench.tape->backward(roots, bench.store.gradients());
  return cotangents(inputs, samples);
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
  bool changes = true;   // some gradient, at random samples
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

// The mutants of one function at samples of one shape.
class Plantation {
 public:
  Plantation(const OpSample& sample, td::Shape shape, std::vector<Result>& results)
      : sample_(sample),
        shape_(shape),
        right_([op = sample.op](td::Tape&, const Values& in) { return op(in); }),
        gradients_(gradients(right_, sample, shape)),
        results_(results) {
    Bench bench(sample, shape);
    sites_ = test::sites(right_, *bench.tape, test::put(*bench.tape, test::draw(sample, shape)));
  }

  void plant(const std::vector<Mutation>& mutations) {
    for (const Site& site : sites_) {
      Mutant unchanged(right_, site, Mutation::none);
      if (site.wanted) {  // isolating a contribution and passing it on is harmless, and shows it
        BOOST_REQUIRE(equal(gradients(unchanged.function(), sample_, shape_), gradients_));
      }
      for (const Mutation mutation : mutations) {
        if (applies(site, mutation, unchanged)) plant(site, mutation, unchanged);
      }
    }
  }

 private:
  Gradients mutated(const Site& site, Mutation mutation) const {
    Mutant mutant(right_, site, mutation);
    return gradients(mutant.function(), sample_, shape_);
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
        return site.wanted && (g.n_cols == shape_.cols || dy.n_cols == shape_.cols);
      case Mutation::other_axis:
        return site.wanted && g.n_cols == 1 && dy.n_cols == g.n_rows && equal(g, arma::sum(dy, 1));
      default:
        return site.wanted;
    }
  }

  // The reasons for which a mutation changes nothing. They are judged by the right vjp alone.
  std::string harmless(const Site& site, Mutation mutation, const Mutant& unchanged) const {
    const auto& g = unchanged.contribution();
    if (mutation == Mutation::transposed && (g.n_rows == 1 || g.n_cols == 1)) return "a vector";
    if (mutation == Mutation::transposed && g.min() == g.max()) return "all elements are equal";
    if (mutation == Mutation::overwriting && !site.variable && site.last_use)
      return "nothing is contributed to it before";
    if (mutation == Mutation::stale && equal(mutated(site, Mutation::garbled), gradients_))
      return "the vjp does not read it";
    return "";
  }

  // A gradient that is wrong wherever it is played back, or only in traffic.
  Fault fault(Mutation mutation, const Gradients& wrong) const {
    if (!equal(wrong, gradients_)) return Fault::wrong_gradient;
    return mutation == Mutation::stale ? Fault::state_kept : Fault::not_accumulated;
  }

  // What is done to one contribution is to be recognised if it is the same that was done to whole gradients:
  // each is right, or multiplied by the mutation's factor; or the contribution is all of an input's gradient.
  Cause cause(const Site& site, Mutation mutation, const Gradients& wrong) const {
    const double by = test::factor(mutation, shape_.cols);
    bool multiplied = !std::isnan(by);
    for (std::size_t i = 0; multiplied && i < wrong.size(); ++i) {
      multiplied = equal(wrong[i], gradients_[i]) || equal(wrong[i], by * gradients_[i]);
    }
    const auto whole = [&](const Site& s) { return s.variable && s.uses == 1; };
    const bool recognisable =
        multiplied ||
        (mutation != Mutation::redrawn ? whole(site)
                                       : std::all_of(sites_.begin(), sites_.end(), [&](const Site& s) {
                                           return s.record != site.record || !s.wanted || whole(s);
                                         }));
    return recognisable ? cause_of(mutation) : Cause::unknown;
  }

  void plant(const Site& site, Mutation mutation, const Mutant& unchanged) {
    Result result{sample_.name, site, mutation, harmless(site, mutation, unchanged)};
    result.changes = false;
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
      Mutant mutant(right_, site, mutation);
      result.changes =
          result.changes || !equal(gradients_in_traffic(mutant.function(), sample_, shape_, seed),
                                   gradients_in_traffic(right_, sample_, shape_, seed));
    }
    const Gradients wrong = mutated(site, mutation);
    result.fault = fault(mutation, wrong);
    result.cause = cause(site, mutation, wrong);
    Mutant mutant(right_, site, mutation);
    result.report = test::check_gradient(sample_, shape_, mutant.function());
    results_.push_back(std::move(result));
  }

  OpSample sample_;
  td::Shape shape_;
  test::Function right_;
  Gradients gradients_;
  std::vector<Site> sites_;
  std::vector<Result>& results_;
};

const std::vector<Result>& results() {
  static const std::vector<Result> all = [] {
    std::vector<Result> made;
    std::vector<OpSample> samples = test::op_samples();
    for (const OpSample& composite : composites()) samples.push_back(composite);
    for (OpSample& sample : samples) {
      // Sizes differ from each other and from the factors, so that no mistake looks like another.
      Plantation(sample, {3, 5}, made)
          .plant({Mutation::sign_flipped, Mutation::doubled, Mutation::times_batch, Mutation::over_batch,
                  Mutation::lost, Mutation::last_lost, Mutation::transposed, Mutation::first_sample,
                  Mutation::overwriting, Mutation::stale, Mutation::redrawn});
      // A square is where rows and columns can be mistaken for each other without an error.
      sample.name += ", square";
      Plantation(sample, {4, 4}, made).plant({Mutation::transposed, Mutation::other_axis});
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

BOOST_AUTO_TEST_SUITE(check)
BOOST_AUTO_TEST_SUITE(mutants)

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
  for (const auto& source : std::filesystem::directory_iterator(std::string(test::source_dir) + "/lib/ops")) {
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
  BOOST_TEST_MESSAGE(table);
  std::ofstream(std::string(test::report_dir) + "/mutants.md") << table;
  BOOST_TEST(mutants >= 700);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
