#include "support/op_tests.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <regex>
#include <set>

#include "support/evidence.hpp"
#include "support/folders.hpp"
#include "support/references.hpp"

namespace test {

Samples draw(const OpSample& sample, td::Shape shape, std::uint64_t seed) {
  Samples s;
  for (const td::CheckInput& input : sample.inputs(shape)) {
    s.inputs.push_back(input.elements(td::Random(seed).stream(s.inputs.size())));
    s.variable.push_back(input.differentiated());
    if (auto* m = std::get_if<td::Matrix<double>>(&s.inputs.back())) {
      m->transform([](double x) { return static_cast<double>(static_cast<float>(x)); });
    }
  }
  return s;
}

namespace {

void add_buffers(td::ParameterStore& store, const OpSample& sample, td::Shape shape) {
  for (int i = 0; i < sample.buffers; ++i)
    store.add_buffer("statistic_" + std::to_string(i), {shape.rows, 1}, 0);
}

std::vector<td::Value> put(td::Tape& tape, const Samples& s) {
  std::vector<td::Value> values;
  for (std::size_t i = 0; i < s.inputs.size(); ++i) {
    const auto* numbers = std::get_if<td::Matrix<double>>(&s.inputs[i]);
    values.push_back(numbers != nullptr && s.variable[i] ? tape.variable(*numbers)
                     : numbers != nullptr                ? tape.input(*numbers)
                                          : tape.input(std::get<td::IndexMatrix>(s.inputs[i])));
  }
  return values;
}

template <class T>
std::vector<td::Matrix<double>> cotangents(const std::vector<td::Value>& inputs, const Samples& s) {
  std::vector<td::Matrix<double>> all;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (s.variable[i]) all.push_back(in_double(inputs[i].cotangent<T>()));
  }
  return all;
}

template <class T>
td::Matrix<T> cotangent_for(const td::Value& y, std::uint64_t seed = 99) {
  return arma::conv_to<td::Matrix<T>>::from(normal(y.shape(), seed));
}

}  // namespace

template <class T>
Result run(const OpSample& sample, const Samples& s, const td::Matrix<double>* given_cotangent) {
  td::ParameterStore store({.seed = 0, .scalar = td::scalar_of<T>});
  const td::Shape first = std::visit([](const auto& m) { return td::shape_of(m); }, s.inputs.front());
  add_buffers(store, sample, first);
  td::Memory memory;
  td::Tape tape(store, memory, td::TapeOptions{.step = 1});
  const auto inputs = put(tape, s);
  const td::Value y = sample.op(inputs);
  const td::Matrix<T> v =
      given_cotangent == nullptr ? cotangent_for<T>(y) : arma::conv_to<td::Matrix<T>>::from(*given_cotangent);
  tape.backward(td::Root(y, v));
  return {in_double(y.matrix<T>()), cotangents<T>(inputs, s)};
}

template Result run<float>(const OpSample&, const Samples&, const td::Matrix<double>*);
template Result run<double>(const OpSample&, const Samples&, const td::Matrix<double>*);

namespace {

bool same(const std::vector<td::Matrix<double>>& a, const std::vector<td::Matrix<double>>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (difference(a[i], b[i]) != 0) return false;
  }
  return a.size() == b.size();
}

bool all_of_finite(const Result& result) {
  return result.output.is_finite() && std::all_of(result.gradients.begin(), result.gradients.end(),
                                                  [](const auto& g) { return g.is_finite(); });
}

// --- The tests

void gradient_in_double(const OpSample& sample) {
  for (const td::Shape shape : sample.shapes) {
    td::ParameterStore store;
    add_buffers(store, sample, shape);
    const auto inputs = sample.inputs(shape);
    bool common = sample.smallest_batch <= 1;
    for (const td::CheckInput& input : inputs) {
      const auto columns = [](const auto& m) { return m.n_cols; };
      common = common && std::visit(columns, input.elements(td::Random(1))) == shape.cols;
    }
    const auto f = [&](td::Tape&, const std::vector<td::Value>& in) { return sample.op(in); };
    const auto report = td::check_gradient(store, f, inputs, {.batch_of_one = common});
    BOOST_TEST(report.passed(), "at " << td::to_string(shape) << ": " << report);
  }
}

void float_against_double(const OpSample& sample) {
  for (const td::Shape shape : sample.float_shapes) {
    const Samples s = draw(sample, shape);
    const Result exact = run<double>(sample, s);
    const Result rounded = run<float>(sample, s);
    const double allowed = 2e-6 * std::sqrt(static_cast<double>(sample.terms(shape)));
    BOOST_TEST(difference(rounded.output, exact.output) <= allowed, "output at " << td::to_string(shape));
    for (std::size_t i = 0; i < exact.gradients.size(); ++i) {
      const double error = difference(rounded.gradients[i], exact.gradients[i]);
      BOOST_TEST(error <= allowed, "cotangent " << i << " at " << td::to_string(shape) << ": " << error);
    }
  }
}

void sizes(const OpSample& sample) {
  for (const td::Index features : {1U, 3U, 257U}) {
    for (const td::Index batch : {0U, 1U, 2U, 17U}) {
      const td::Shape shape{features, batch};
      const auto go = [&](auto zero) { return run<decltype(zero)>(sample, draw(sample, shape)); };
      if (batch < sample.smallest_batch) {
        BOOST_CHECK_THROW(go(float{}), td::ShapeError);
        BOOST_CHECK_THROW(go(double{}), td::ShapeError);
      } else {
        BOOST_TEST(all_of_finite(go(float{})), "float at " << td::to_string(shape));
        BOOST_TEST(all_of_finite(go(double{})), "double at " << td::to_string(shape));
      }
    }
  }
}

// Samples at {3, 4} with the magnitude of one input replaced, its signs kept.
template <class Visit>
void with_magnitude(const OpSample& sample, double magnitude, const Visit& visit) {
  const Samples plain = draw(sample, {3, 4});
  for (std::size_t i = 0; i < plain.inputs.size(); ++i) {
    if (!plain.variable[i]) continue;
    Samples s = plain;
    std::get<td::Matrix<double>>(s.inputs[i]).transform([=](double x) {
      return x < 0 ? -magnitude : magnitude;
    });
    visit(s, "input " + std::to_string(i) + " at " + std::to_string(magnitude));
  }
}

void magnitudes(const OpSample& sample) {
  for (const double small : {0.0, 5e-324, 1e-310, 1e-40, 1e-30}) {
    with_magnitude(sample, small, [&](const Samples& s, const std::string& what) {
      BOOST_TEST(all_of_finite(run<double>(sample, s)), what);
      BOOST_TEST(all_of_finite(run<float>(sample, s)), what << ", float");
    });
  }
  with_magnitude(sample, 1e30, [&](const Samples& s, const std::string& what) {
    const Result result = run<double>(sample, s);
    BOOST_TEST(!result.output.has_nan(), what);
    for (const auto& g : result.gradients) BOOST_TEST(!g.has_nan(), "cotangent for " << what);
    BOOST_CHECK_NO_THROW(run<float>(sample, s));
  });
  with_magnitude(sample, std::numeric_limits<double>::infinity(), [&](const Samples& s, const std::string&) {
    BOOST_CHECK_NO_THROW(run<double>(sample, s));
    BOOST_CHECK_NO_THROW(run<float>(sample, s));
  });
}

template <class T>
void show_nan(const OpSample& sample) {
  const Samples plain = draw(sample, {3, 4});
  for (std::size_t i = 0; i < plain.inputs.size(); ++i) {
    const auto* numbers = std::get_if<td::Matrix<double>>(&plain.inputs[i]);
    if (numbers == nullptr) continue;
    bool all = true;
    bool any = false;
    for (td::Index e = 0; e < numbers->n_elem; ++e) {
      Samples s = plain;
      std::get<td::Matrix<double>>(s.inputs[i])[e] = std::nan("");
      const bool shown = run<T>(sample, s).output.has_nan();
      all = all && shown;
      any = any || shown;
    }
    BOOST_TEST((sample.selects ? any : all), "NaN in input " << i);
  }
  const auto no_nan = run<T>(sample, plain);
  BOOST_TEST(!no_nan.output.has_nan());
}

void nan_is_shown(const OpSample& sample) {
  show_nan<float>(sample);
  show_nan<double>(sample);
}

void used_twice_and_three_times(const OpSample& sample) {
  const td::Shape shape{3, 5};
  const Samples s = draw(sample, shape);
  for (std::size_t uses = 2; uses <= 3; ++uses) {
    td::ParameterStore store({.seed = 0, .scalar = td::f64});
    add_buffers(store, sample, shape);
    td::Memory memory;
    td::Tape tape(store, memory, td::TapeOptions{.step = 1});
    const auto inputs = put(tape, s);
    std::vector<td::Value> sought;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (s.variable[i]) sought.push_back(inputs[i]);
    }
    std::vector<td::Value> outputs;
    std::vector<td::Matrix<double>> v;
    for (std::size_t k = 0; k < uses; ++k) {
      outputs.push_back(sample.op(inputs));
      v.push_back(cotangent_for<double>(outputs.back(), k));
    }
    std::vector<td::Root> roots;
    std::vector<td::Matrix<double>> wanted;
    for (std::size_t k = 0; k < uses; ++k) {
      roots.emplace_back(outputs[k], v[k]);
      const auto alone = tape.vjp<double>(std::span(&roots.back(), 1), sought);
      for (std::size_t i = 0; i < alone.size(); ++i) {
        if (k == 0) {
          wanted.push_back(alone[i]);
        } else {
          wanted[i] += alone[i];
        }
      }
    }
    tape.backward(roots, store.gradients());
    const auto got = cotangents<double>(inputs, s);
    // Sums of at most 3 times 5 terms in another order.
    for (std::size_t i = 0; i < got.size(); ++i) {
      BOOST_TEST(difference(got[i], wanted[i]) < 1e-14, uses << " uses, cotangent " << i);
    }
  }
}

void two_tapes_at_once(const OpSample& sample) {
  const td::Shape shape{3, 5};
  const Samples s = draw(sample, shape, 1);
  const Samples t = draw(sample, shape, 2);
  td::ParameterStore store({.seed = 0, .scalar = td::f64});
  add_buffers(store, sample, shape);
  td::Memory first_memory;
  td::Memory second_memory;
  td::Tape first(store, first_memory, td::TapeOptions{.step = 1});
  td::Tape second(store, second_memory, td::TapeOptions{.step = 1});
  const auto first_inputs = put(first, s);
  const auto second_inputs = put(second, t);
  const td::Value first_output = sample.op(first_inputs);
  const td::Value second_output = sample.op(second_inputs);
  const auto v = cotangent_for<double>(first_output);
  first.backward(td::Root(first_output, v));
  second.backward(td::Root(second_output, v));

  const Result first_alone = run<double>(sample, s);
  const Result second_alone = run<double>(sample, t);
  BOOST_TEST(difference(first_output.matrix<double>(), first_alone.output) == 0);
  BOOST_TEST(difference(second_output.matrix<double>(), second_alone.output) == 0);
  BOOST_TEST(same(cotangents<double>(first_inputs, s), first_alone.gradients));
  BOOST_TEST(same(cotangents<double>(second_inputs, t), second_alone.gradients));
}

void against_pytorch(const OpSample& sample, const std::vector<Reference>& all) {
  std::size_t compared = 0;
  Evidence evidence(Promise::references, "ops: outputs and cotangents");
  evidence.outcome("1e-12, PyTorch in double");
  for (const Reference& r : all) {
    if (r.name != sample.name) continue;
    Samples s{r.inputs, {}};
    for (const auto& g : r.gradients) s.variable.push_back(!g.is_empty());
    const Result result = run<double>(sample, s, &r.cotangent);
    const double error = difference(result.output, r.output, r.elementwise);
    BOOST_TEST(error <= 1e-12, "output of case " << compared << ": " << error);
    evidence.tried();
    std::size_t got = 0;
    for (std::size_t i = 0; i < r.gradients.size(); ++i) {
      if (!s.variable[i]) continue;
      const double g = difference(result.gradients[got++], r.gradients[i], r.elementwise);
      BOOST_TEST(g <= 1e-12, "cotangent " << i << " of case " << compared << ": " << g);
      evidence.tried();
    }
    ++compared;
  }
  BOOST_TEST(compared > 0U);
}

std::vector<OpSample>& registered() {
  static std::vector<OpSample> samples;
  return samples;
}

}  // namespace

OpTests::OpTests(const std::string& header, const std::vector<OpSample>& samples) {
  namespace ut = boost::unit_test;
  for (const OpSample& sample : samples) {
    registered().push_back(sample);
    auto* suite = new ut::test_suite(sample.name, __FILE__, __LINE__);  // the framework deletes it
    const auto add = [&](const char* name, const std::function<void()>& body) {
      suite->add(ut::make_test_case(body, name, __FILE__, __LINE__));
    };
    add("gradient_in_double", [=] { gradient_in_double(sample); });
    add("float_against_double", [=] { float_against_double(sample); });
    add("sizes", [=] { sizes(sample); });
    add("magnitudes", [=] { magnitudes(sample); });
    add("nan_is_shown", [=] { nan_is_shown(sample); });
    add("used_twice_and_three_times", [=] { used_twice_and_three_times(sample); });
    add("two_tapes_at_once", [=] { two_tapes_at_once(sample); });
    if (sample.has_references) add("against_pytorch", [=] { against_pytorch(sample, references(header)); });
    ut::framework::current_auto_test_suite().add(suite);
  }
}

const std::vector<OpSample>& op_samples() { return registered(); }

td::Matrix<double> normal(td::Shape shape, std::uint64_t seed) {
  const auto elements = td::CheckInput(shape).elements(td::Random(seed));
  return std::get<td::Matrix<double>>(elements);
}

td::IndexMatrix labels(td::Index classes, td::Index batch) {
  td::IndexMatrix t(1, batch);
  for (td::Index c = 0; c < batch; ++c) t[c] = (c * c + 1) % classes;
  return t;
}

}  // namespace test

BOOST_AUTO_TEST_SUITE(ops)

// A function in include/tapedeck/ops that gives a Value is an op, and has samples.
BOOST_AUTO_TEST_CASE(every_op_is_tested) {
  const std::regex declaration(R"(TAPEDECK_API Value (\w+)\()");
  std::set<std::string> sampled;
  for (const test::OpSample& s : test::op_samples()) sampled.insert(s.name.substr(0, s.name.find(' ')));
  std::size_t found = 0;
  for (const auto& header : std::filesystem::directory_iterator(test::source_dir + "/include/tapedeck/ops")) {
    std::ifstream file(header.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (std::sregex_iterator i(text.begin(), text.end(), declaration), end; i != end; ++i, ++found) {
      BOOST_TEST(sampled.contains((*i)[1]), (*i)[1] << " has no samples");
    }
  }
  BOOST_TEST(found >= 30U);
}

BOOST_AUTO_TEST_SUITE_END()
