#include "tapedeck/bench/op_benchmark.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/allocations.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/ops/activation.hpp"
#include "tapedeck/ops/affine.hpp"
#include "tapedeck/ops/arithmetic.hpp"
#include "tapedeck/ops/loss.hpp"
#include "tapedeck/tape/op.hpp"

namespace td = tapedeck;
using Run = benchmark::BenchmarkReporter::Run;
using Inputs = std::vector<td::BenchmarkInput>;

BOOST_AUTO_TEST_SUITE(bench)
BOOST_AUTO_TEST_SUITE(op_benchmark)

namespace {

// Runs what is registered, one batch each, and forgets it.
std::map<std::string, Run> run_all() {
  struct Collector : benchmark::BenchmarkReporter {
    std::map<std::string, Run> runs;
    bool ReportContext(const Context&) override { return true; }
    void ReportRuns(const std::vector<Run>& all) override {
      for (const Run& run : all) runs.emplace(run.benchmark_name(), run);
    }
  };
  std::string program = "tests";
  std::string briefly = "--benchmark_min_time=0";
  std::vector<char*> arguments{program.data(), briefly.data()};
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector, "all");
  benchmark::ClearRegisteredBenchmarks();
  return collector.runs;
}

const Run& find(const std::map<std::string, Run>& runs, const std::string& name) {
  const auto found = runs.find(name + "/manual_time");
  BOOST_REQUIRE_MESSAGE(found != runs.end(), name << " did not run");
  return found->second;
}

// What a rate counts for one application.
double each(const Run& run, const std::string& rate) {
  return run.counters.at(rate).value * run.real_accumulated_time / static_cast<double>(run.iterations);
}

// Looks at what it is called with.
struct Seen {
  int forwards = 0;
  int vjps = 0;
  int later_contributions = 0;
  int odd_numbers = 0;
  std::vector<double> firsts;  // of x, in every forward
};
Seen seen;

// y = s (.) x, and twice as much kept as is needed
struct WatchedOp {
  static constexpr auto name = "watched";
  static constexpr td::Signature signature = "s(f,1) x(f,b)* t(1,b):index -> y(f,b)* | twice(f,b)";
  void forward(auto& y, auto& twice, const auto& s, const auto& x, const auto&) const {
    ++seen.forwards;
    seen.firsts.push_back(static_cast<double>(x[0]));
    for (const auto v : x) {
      const double size = std::abs(static_cast<double>(v));
      if (!(size >= 0.0999 && size <= 1.1001)) ++seen.odd_numbers;
    }
    y = arma::diagmat(s.col(0)) * x;
    twice = 2 * x;
  }
  void vjp(auto& ds, auto& dx, const auto& dy, const auto& x, const auto&, const auto&) const {
    ++seen.vjps;
    const auto later = [](auto* sum, td::Index n) {
      return sum != nullptr && std::any_of(sum, sum + n, [](auto v) { return v != 0; });
    };
    if (later(ds.accumulate(), x.n_rows) || later(dx.accumulate(), x.n_elem)) ++seen.later_contributions;
    ds += arma::sum(dy % x, 1);
    dx += dy;
  }
};

class Layer {
 public:
  Layer(const td::Scope& scope, td::Index features) : s_(scope.add("s", {features, 1}, td::ones)) {}
  td::Value operator()(const td::Value& x, const td::Value& t) const {
    return td::apply(WatchedOp{}, s_, x, t);
  }

 private:
  td::Parameter s_;
};

void add_watched(td::Shape size) {
  td::benchmark(
      "watched",
      [](const td::Scope& scope, td::Shape x) {
        return Layer{scope, x.rows};
      },
      {size},
      [](td::Shape x) {
        return Inputs{x, td::IndexMatrix(1, x.cols, arma::fill::zeros)};
      });
}

}  // namespace

BOOST_AUTO_TEST_CASE(one_line_gives_both_directions_and_both_scalars_at_every_size) {
  td::benchmark("tanh", td::tanh, {{3, 5}, {4, 2}});
  const auto runs = run_all();
  BOOST_TEST(runs.size() == 8U);
  for (const std::string direction : {"forward", "backward"}) {
    for (const std::string rest : {"3x5/f32", "3x5/f64", "4x2/f32", "4x2/f64"}) {
      BOOST_TEST(!find(runs, direction + "/tanh/" + rest).error_occurred);
    }
  }
}

BOOST_AUTO_TEST_CASE(rates_count_what_the_signature_says) {
  add_watched({3, 5});
  const auto runs = run_all();
  for (const auto& [scalar, size] : {std::pair{"f32", 4.0}, std::pair{"f64", 8.0}}) {
    const Run& forward = find(runs, std::string("forward/watched/3x5/") + scalar);
    const Run& backward = find(runs, std::string("backward/watched/3x5/") + scalar);
    const double labels = 5 * 8;
    BOOST_TEST(each(forward, "items_per_second") == 15, boost::test_tools::tolerance(1e-9));
    BOOST_TEST(each(backward, "items_per_second") == 15, boost::test_tools::tolerance(1e-9));
    // s, x and t are read, y and twice are written
    BOOST_TEST(each(forward, "bytes_per_second") == (3 + 15 + 15 + 15) * size + labels,
               boost::test_tools::tolerance(1e-9));
    // dy, x, y and twice are read, ds and dx are written
    BOOST_TEST(each(backward, "bytes_per_second") == (15 + 15 + 15 + 15 + 3 + 15) * size,
               boost::test_tools::tolerance(1e-9));
  }
}

BOOST_AUTO_TEST_CASE(data_wants_no_cotangent_and_counts_none) {
  const auto inputs = [](td::Shape x) {
    return Inputs{x, td::Matrix<double>(x.rows, x.cols, arma::fill::ones)};
  };
  td::benchmark(
      "mse", [](const td::Value& x, const td::Value& t) { return td::mse(x, t, td::batch_mean); }, {{3, 5}},
      inputs);
  const auto runs = run_all();
  BOOST_TEST(each(find(runs, "forward/mse/3x5/f64"), "bytes_per_second") == (15 + 15 + 1) * 8,
             boost::test_tools::tolerance(1e-9));
  BOOST_TEST(each(find(runs, "backward/mse/3x5/f64"), "bytes_per_second") == (1 + 15 + 15 + 15) * 8,
             boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(every_application_has_numbers_and_cotangents_of_its_own) {
  seen = {};
  add_watched({3, 5});
  const auto runs = run_all();
  std::int64_t iterations = 0;
  for (const auto& [name, run] : runs) {
    BOOST_TEST(run.iterations > 1);  // a small op is applied many times on one tape
    iterations += run.iterations;
  }
  BOOST_TEST(seen.forwards > iterations);  // those of the pass that is not timed come on top
  BOOST_TEST(seen.vjps > 0);
  BOOST_TEST(seen.later_contributions == 0);
  BOOST_TEST(seen.odd_numbers == 0);
  std::size_t repeated = 0;
  for (std::size_t i = 1; i < seen.firsts.size(); ++i)
    repeated += seen.firsts[i] == seen.firsts[i - 1] ? 1U : 0U;
  BOOST_TEST(repeated == runs.size());  // only where each begins anew, after a first look at what it counts
}

BOOST_AUTO_TEST_CASE(a_large_op_is_applied_once_a_tape) {
  add_watched({300, 400});
  for (const auto& [name, run] : run_all()) BOOST_TEST(run.iterations == 1, name);
}

BOOST_AUTO_TEST_CASE(functions_of_one_to_four_values_and_layers) {
  using td::Value;
  td::benchmark("one", td::relu, {{3, 5}});
  td::benchmark("two", td::add, {{3, 5}});
  td::benchmark("three", td::affine, {{3, 5}}, [](td::Shape x) {
    return Inputs{td::Shape{2, x.rows}, td::Shape{2, 1}, x};
  });
  td::benchmark("four",
                [](const Value& a, const Value& b, const Value& c, const Value& d) { return a + b - c % d; },
                {{3, 5}});
  td::benchmark("layer", [](const td::Scope& scope, td::Shape x) { return td::Linear(scope, x.rows, 4); },
                {{3, 5}});
  const auto runs = run_all();
  BOOST_TEST(runs.size() == 20U);
  for (const auto& [name, run] : runs) BOOST_TEST(!run.error_occurred, name << ": " << run.error_message);
}

BOOST_AUTO_TEST_CASE(what_goes_wrong_is_the_error_of_the_benchmark) {
  td::benchmark("throws", [](const td::Value&) -> td::Value { throw std::runtime_error("no luck"); },
                {{3, 5}});
  td::benchmark("two_wanted", td::add, {{3, 5}}, [](td::Shape x) { return Inputs{x}; });
  td::benchmark("constant", td::relu, {{3, 5}},
                [](td::Shape x) { return Inputs{td::Matrix<double>(x.rows, x.cols, arma::fill::ones)}; });
  const auto runs = run_all();
  BOOST_TEST(find(runs, "forward/throws/3x5/f32").error_message == "no luck");
  BOOST_TEST(find(runs, "forward/two_wanted/3x5/f32").error_message ==
             "two_wanted: 1 inputs; expected 2, as many Values as the function takes");
  BOOST_TEST(!find(runs, "forward/constant/3x5/f32").error_occurred);
  BOOST_TEST(find(runs, "backward/constant/3x5/f32")
                 .error_message.starts_with("backward: an output that depends on nothing"));
}

#ifndef TEST_THREAD_SANITIZER
BOOST_AUTO_TEST_CASE(after_the_first_pass_nothing_is_allocated) {
  const auto f = [](const std::vector<td::Value>& in, std::vector<td::Value>& out) {
    out.push_back(td::affine(in[0], in[1], td::tanh(in[2])));
  };
  const td::detail::Benchmarked what{.name = "affine of tanh",
                                     .make = [f](const td::Scope&, td::Shape) { return f; },
                                     .input_count = 3,
                                     .inputs =
                                         [](td::Shape x) {
                                           return Inputs{td::Shape{2, x.rows}, td::Shape{2, 1}, x};
                                         }};
  td::detail::Applications<float> applications(what, {3, 5}, 10);
  applications.forward();
  BOOST_TEST(test::allocated_by([&] { applications.forward(); }) == 0);
  applications.backward();
  BOOST_TEST(test::allocated_by([&] { applications.backward(); }) == 0);
}
#endif

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
