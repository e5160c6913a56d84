// Every layer at the edges: it gives, and passes back, bit for bit what its ops do, which edges_test.cpp
// holds to their formulas.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <regex>
#include <set>

#include "kernels/numbers.hpp"
#include "support/folders.hpp"
#include "support/op_tests.hpp"
#include "support/references.hpp"
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;
using test::eps;
using test::Scalars;

BOOST_AUTO_TEST_SUITE(numbers_)
BOOST_AUTO_TEST_SUITE(layers)

namespace {

using Function = std::function<td::Value(const td::Value&)>;

struct LayerSample {
  std::string kind;
  /// A layer of so many features in the scope "l".
  std::function<td::Layer(td::ParameterStore&, td::Index)> make;
  /// The same by ops, on the parameters of that store.
  std::function<td::Value(td::ParameterStore&, const td::Value&)> by_ops;
  td::Index smallest_batch = 0;  ///< ShapeError for fewer samples in train mode
  bool over_batch = false;       ///< samples depend on each other
  bool draws = false;
};

td::Parameter of(td::ParameterStore& store, const char* name) { return store.parameter(name).handle(); }

std::vector<LayerSample> samples() {
  using Store = td::ParameterStore;
  using V = const td::Value&;
  const auto plain = [](const std::string& kind, auto layer, const Function& op, bool draws = false) {
    return LayerSample{.kind = kind,
                       .make = [=](Store&, td::Index) { return td::Layer(layer); },
                       .by_ops = [=](Store&, V x) { return op(x); },
                       .draws = draws};
  };
  const auto linear = [](Store& s, V x) { return td::affine(of(s, "l.weight"), of(s, "l.bias"), x); };
  return {
      {.kind = "linear",
       .make =
           [](Store& s, td::Index f) {
             return td::Layer(td::Linear{s.scope("l"), f, 4});
           },
       .by_ops = linear},
      {.kind = "linear",
       .make =
           [](Store& s, td::Index f) {
             return td::Layer(td::Linear{s.scope("l"), f, 4, {.bias = false}});
           },
       .by_ops = [](Store& s, V x) { return td::product(of(s, "l.weight"), x); }},
      plain("relu", td::ReLU{}, [](V x) { return td::relu(x); }),
      plain("leaky_relu", td::LeakyReLU{.slope = 0.3}, [](V x) { return td::leaky_relu(x, 0.3); }),
      plain("tanh", td::Tanh{}, [](V x) { return td::tanh(x); }),
      plain("sigmoid", td::Sigmoid{}, [](V x) { return td::sigmoid(x); }),
      plain("softplus", td::Softplus{}, [](V x) { return td::softplus(x); }),
      plain("elu", td::ELU{.alpha = 0.7}, [](V x) { return td::elu(x, 0.7); }),
      plain("gelu", td::GELU{}, [](V x) { return td::gelu(x); }),
      plain("silu", td::SiLU{}, [](V x) { return td::silu(x); }),
      plain("softmax", td::Softmax{}, [](V x) { return td::softmax(x); }),
      plain("log_softmax", td::LogSoftmax{}, [](V x) { return td::log_softmax(x); }),
      plain(
          "dropout", td::Dropout{{.probability = 0.4}}, [](V x) { return td::dropout(x, 0.4); }, true),
      {.kind = "batch_norm",
       .make =
           [](Store& s, td::Index f) {
             return td::Layer(td::BatchNorm{s.scope("l"), f});
           },
       .by_ops =
           [](Store& s, V x) {
             const td::RunningStatistics running{.mean = td::Buffer(s.internals().family(), 0),
                                                 .variance = td::Buffer(s.internals().family(), 1)};
             return td::batch_norm(x, of(s, "l.weight"), of(s, "l.bias"), running);
           },
       .smallest_batch = 2,
       .over_batch = true},
      {.kind = "layer_norm",
       .make =
           [](Store& s, td::Index f) {
             return td::Layer(td::LayerNorm{s.scope("l"), f});
           },
       .by_ops = [](Store& s, V x) { return td::layer_norm(x, of(s, "l.weight"), of(s, "l.bias")); }},
      {.kind = "residual",
       .make =
           [](Store& s, td::Index f) {
             return td::Layer(td::Residual{td::Linear{s.scope("l"), f, f}});
           },
       .by_ops = [=](Store& s, V x) { return td::add(x, linear(s, x)); }},
      {.kind = "sequential",
       .make =
           [](Store& s, td::Index f) {
             return td::Layer(td::Sequential{td::Linear{s.scope("l"), f, 4}, td::ReLU{}});
           },
       .by_ops = [=](Store& s, V x) { return td::relu(linear(s, x)); }},
  };
}

// Small whole numbers other than zero, of which sums of products are exact.
template <class T>
td::Matrix<T> whole(td::Shape shape, std::uint64_t seed) {
  td::Matrix<T> m = test::gaussian<T>(shape, seed, 2);
  m.transform([](T x) { return std::copysign(std::ceil(std::abs(x)), x); });
  return m;
}

// A store with the layer's parameters, none of them a plain zero or one.
template <class T>
struct Made {
  explicit Made(const LayerSample& sample, td::Index features)
      : store({.seed = 1, .scalar = td::scalar_of<T>}), layer(sample.make(store, features)) {
    std::uint64_t seed = 40;
    for (const td::ParameterView& p : store.parameters())
      p.value<T>() = whole<T>(td::shape_of(p.value<T>()), ++seed);
  }
  td::ParameterStore store;
  td::Layer layer;
};

// Of one pass, or of several: y, dx and the parameters' gradients.
template <class T>
using Matrices = std::vector<td::Matrix<T>>;

template <class T>
Matrices<T> gradients_of(td::ParameterStore& store, const td::Gradients& gradients) {
  Matrices<T> all;
  for (const td::ParameterView& p : store.parameters()) all.push_back(gradients.of<T>(p.handle()));
  return all;
}

template <class T>
td::Matrix<T> cotangent_for(const td::Value& y, std::uint64_t seed = 9) {
  return whole<T>(y.shape(), seed);
}

template <class T>
Matrices<T> pass(td::ParameterStore& store, const Function& f, const td::Matrix<T>& x,
                 std::uint64_t seed = 9) {
  td::Memory memory;
  td::Tape tape(store, memory, td::TapeOptions{.step = 1});
  const td::Value v = tape.variable(x);
  const td::Value y = f(v);
  td::Gradients gradients(store);
  const td::Matrix<T> dy = cotangent_for<T>(y, seed);
  tape.backward(td::Root(y, dy), gradients);
  Matrices<T> all = gradients_of<T>(store, gradients);
  all.push_back(v.cotangent<T>());
  all.push_back(y.matrix<T>());
  return all;
}

// The same elements: NaN for NaN, no tolerance.
template <class T>
bool same(const Matrices<T>& a, const Matrices<T>& b) {
  const auto in_double = [](const auto& m) { return arma::conv_to<td::Matrix<double>>::from(m); };
  bool all = a.size() == b.size();
  for (std::size_t i = 0; all && i < a.size(); ++i)
    all = test::difference(in_double(a[i]), in_double(b[i])) == 0;
  return all;
}

std::set<std::string> words_of_headers(const std::regex& pattern) {
  std::set<std::string> words;
  for (const auto& header :
       std::filesystem::directory_iterator(test::source_dir + "/include/tapedeck/layers")) {
    std::ifstream file(header.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    for (std::sregex_iterator i(text.begin(), text.end(), pattern), end; i != end; ++i) words.insert((*i)[1]);
  }
  return words;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_layer_is_tested) {
  std::set<std::string> kinds;
  for (const LayerSample& sample : samples()) kinds.insert(sample.kind);
  const auto all = words_of_headers(std::regex(R"re(kind = "(\w+)")re"));
  BOOST_TEST(all == kinds, boost::test_tools::per_element());
  BOOST_TEST(all.size() >= 16U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(sizes, T, Scalars) {
  for (const LayerSample& sample : samples()) {
    for (const td::Index features : {1U, 3U, 257U}) {
      for (const td::Index batch : {0U, 1U, 2U, 17U}) {
        Made<T> made(sample, features);
        const td::Matrix<T> x = test::gaussian<T>(td::Shape{features, batch}, 1);
        BOOST_TEST_CONTEXT(made.layer.describe() << " at " << td::to_string(td::shape_of(x))) {
          const auto by_layer = [&] { return pass<T>(made.store, made.layer, x); };
          if (batch < sample.smallest_batch) {
            BOOST_CHECK_THROW(by_layer(), td::ShapeError);
            continue;
          }
          const Matrices<T> got = by_layer();
          BOOST_TEST(same(
              got, pass<T>(
                       made.store, [&](const td::Value& v) { return sample.by_ops(made.store, v); }, x)));
          BOOST_TEST(got.back().n_cols == batch);
          BOOST_TEST((td::shape_of(got[got.size() - 2]) == td::shape_of(x)));
          for (const auto& m : got) {
            BOOST_TEST(m.is_finite());
            BOOST_TEST((batch > 0 || arma::accu(m != 0) == 0));  // nothing comes of nothing
          }
          const auto parameters = made.store.parameters();
          for (std::size_t i = 0; i < made.store.size(); ++i)
            BOOST_TEST((td::shape_of(got[i]) == parameters[i].shape()));
        }
      }
    }
  }
}

// In evaluate mode no batch is too small.
BOOST_AUTO_TEST_CASE_TEMPLATE(sizes_in_evaluation, T, Scalars) {
  for (const LayerSample& sample : samples()) {
    for (const td::Index features : {1U, 3U, 257U}) {
      Made<T> made(sample, features);
      td::Memory memory;
      td::Tape tape(made.store, memory, td::evaluate);
      const td::Matrix<T> x = test::gaussian<T>(td::Shape{features, 17}, 1);
      for (const td::Index batch : {0U, 1U, 2U, 17U}) {
        const td::Value y = made.layer(tape.input(td::Matrix<T>(x.head_cols(batch))));
        BOOST_TEST(y.cols() == batch, made.layer.describe());
        BOOST_TEST(y.matrix<T>().is_finite(), made.layer.describe());
      }
    }
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(extreme_inputs, T, Scalars) {
  using Limits = std::numeric_limits<T>;
  const T inf = Limits::infinity();
  const std::initializer_list<T> extremes{static_cast<T>(1e30),
                                          static_cast<T>(-1e30),
                                          static_cast<T>(1e-30),
                                          Limits::denorm_min(),
                                          -Limits::denorm_min(),
                                          T{0},
                                          -T{0},
                                          inf,
                                          -inf,
                                          Limits::quiet_NaN()};
  for (const LayerSample& sample : samples()) {
    Made<T> made(sample, 3);
    const Function by_ops = [&](const td::Value& v) { return sample.by_ops(made.store, v); };
    for (const T extreme : extremes) {
      for (const bool everywhere : {false, true}) {
        td::Matrix<T> x = test::gaussian<T>(td::Shape{3, 4}, 1);
        if (everywhere) {
          x.fill(extreme);
        } else {
          x(1, 2) = extreme;
        }
        BOOST_TEST_CONTEXT(made.layer.describe() << " of " << extreme << (everywhere ? " everywhere" : "")) {
          const Matrices<T> got = pass<T>(made.store, made.layer, x);
          BOOST_TEST(same(got, pass<T>(made.store, by_ops, x)));
          if (sample.draws) continue;
          // NaN shows in its sample, and in no other.
          const td::Matrix<T>& y = got.back();
          for (td::Index c = 0; c < 4; ++c) {
            const bool touched = everywhere || c == 2 || sample.over_batch;
            if (std::isnan(extreme)) BOOST_TEST(y.col(c).has_nan() == touched, "sample " << c);
            if (!touched) BOOST_TEST(y.col(c).is_finite(), "sample " << c);
          }
        }
      }
    }
  }
}

// Used three times on a tape, a layer gets the sum of what three tapes give it. Sums of whole numbers are
// exact; where those of others are rounded, six times at most, the terms are those summed here.
BOOST_AUTO_TEST_CASE_TEMPLATE(three_times_on_a_tape, T, Scalars) {
  for (const LayerSample& sample : samples()) {
    Made<T> made(sample, 3);
    const td::Matrix<T> x = whole<T>(td::Shape{3, 5}, 1);
    td::Memory memory;
    td::Tape tape(made.store, memory, td::TapeOptions{.step = 1});
    std::vector<td::Value> sought;
    for (const td::ParameterView& p : made.store.parameters()) sought.push_back(tape.parameter(p.handle()));
    sought.push_back(tape.variable(x));
    std::vector<td::Value> outputs;
    Matrices<T> dy;
    for (std::uint64_t use = 0; use < 3; ++use) {
      outputs.push_back(made.layer(sought.back()));
      dy.push_back(cotangent_for<T>(outputs.back(), use));
    }
    std::vector<td::Root> roots;
    Matrices<T> sums;
    Matrices<T> sizes;
    for (std::size_t use = 0; use < 3; ++use) {
      roots.emplace_back(outputs[use], dy[use]);
      const Matrices<T> alone = tape.vjp<T>(std::span(&roots.back(), 1), sought);
      if (!sample.draws) {
        Matrices<T> on_its_own = pass<T>(made.store, made.layer, x, use);
        on_its_own.pop_back();
        BOOST_TEST(same(alone, on_its_own), made.layer.describe() << ", use " << use);
      }
      for (std::size_t i = 0; i < alone.size(); ++i) {
        if (use == 0) {
          sums.push_back(alone[i]);
          sizes.push_back(arma::abs(alone[i]));
        } else {
          sums[i] += alone[i];
          sizes[i] += arma::abs(alone[i]);
        }
      }
    }
    td::Gradients gradients(made.store);
    tape.backward(roots, gradients);
    Matrices<T> got = gradients_of<T>(made.store, gradients);
    got.push_back(sought.back().template cotangent<T>());
    for (std::size_t i = 0; i < got.size(); ++i) {
      for (td::Index e = 0; e < got[i].n_elem; ++e)
        BOOST_TEST(std::abs(got[i][e] - sums[i][e]) <= 3 * eps<T> * sizes[i][e],
                   made.layer.describe() << ", matrix " << i << ", element " << e);
    }
  }
}

// Two tapes open at once, used and played in turns, give the bits that one gives after the other.
BOOST_AUTO_TEST_CASE_TEMPLATE(two_tapes_at_once, T, Scalars) {
  for (const LayerSample& sample : samples()) {
    Made<T> made(sample, 3);
    struct Run {
      td::Matrix<T> x;
      td::Memory memory = {};
      std::optional<td::Tape> tape = {};
      td::Value v = {};
      std::vector<td::Value> y = {};
      std::optional<td::Gradients> gradients = {};
    };
    const auto begin = [&](Run& run) {
      run.tape.emplace(made.store, run.memory, td::TapeOptions{.step = 1});
      run.v = run.tape->variable(run.x);
      run.gradients.emplace(made.store);
    };
    const auto use = [&](Run& run) { run.y.push_back(made.layer(run.v)); };
    const auto play = [&](Run& run) {
      const td::Matrix<T> first = cotangent_for<T>(run.y[0], 1);
      const td::Matrix<T> second = cotangent_for<T>(run.y[1], 2);
      const std::vector<td::Root> roots{{run.y[0], first}, {run.y[1], second}};
      run.tape->backward(roots, *run.gradients);
    };
    const auto result = [&](Run& run) {
      Matrices<T> all = gradients_of<T>(made.store, *run.gradients);
      all.push_back(run.v.template cotangent<T>());
      for (const td::Value& y : run.y) all.push_back(y.matrix<T>());
      return all;
    };
    const auto alone = [&](const td::Matrix<T>& x) {
      Run run{x};
      begin(run);
      use(run);
      use(run);
      play(run);
      return result(run);
    };
    Run a{test::gaussian<T>(td::Shape{3, 5}, 1)};
    Run b{test::gaussian<T>(td::Shape{3, 7}, 2)};
    begin(a);
    begin(b);
    use(a);
    use(b);
    use(b);
    use(a);
    play(a);
    play(b);
    BOOST_TEST(same(result(a), alone(a.x)), made.layer.describe());
    BOOST_TEST(same(result(b), alone(b.x)), made.layer.describe());
  }
}

// --- Losses as objects

namespace {

using LossOf = std::function<td::Value(const td::Value&, const td::Operand&)>;

struct LossSample {
  std::string name;
  LossOf object, op;
  bool labels = false;
};

std::vector<LossSample> losses() {
  using V = const td::Value&;
  using O = const td::Operand&;
  const td::Reduction r = td::batch_mean;
  return {
      {"MSELoss", td::MSELoss{r}, [=](V x, O t) { return td::mse(x, t, r); }},
      {"L1Loss", td::L1Loss{r}, [=](V x, O t) { return td::l1(x, t, r); }},
      {"HuberLoss", td::HuberLoss{r, 0.4}, [=](V x, O t) { return td::huber(x, t, r, 0.4); }},
      {"CrossEntropyLoss", td::CrossEntropyLoss{r}, [=](V x, O t) { return td::cross_entropy(x, t, r); },
       true},
      {"SoftCrossEntropyLoss", td::SoftCrossEntropyLoss{r},
       [=](V x, O t) { return td::soft_cross_entropy(x, t, r); }},
      {"BinaryCrossEntropyLoss", td::BinaryCrossEntropyLoss{r},
       [=](V x, O t) { return td::binary_cross_entropy(x, t, r); }},
  };
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_loss_is_tested) {
  std::set<std::string> names;
  for (const LossSample& sample : losses()) names.insert(sample.name);
  BOOST_TEST(words_of_headers(std::regex(R"(class (?:TAPEDECK_API )?(\w+Loss) \{)")) == names,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(losses_at_the_edges, T, Scalars) {
  const T inf = std::numeric_limits<T>::infinity();
  for (const LossSample& sample : losses()) {
    td::ParameterStore store({.scalar = td::scalar_of<T>});
    const auto by = [&](const LossOf& loss, const td::Matrix<T>& x) {
      const auto f = [&](const td::Value& v) {
        if (sample.labels) return loss(v, test::labels(x.n_rows, x.n_cols));
        return loss(v, td::Matrix<T>(arma::abs(test::gaussian<T>(td::shape_of(x), 2))));
      };
      return pass<T>(store, f, x);
    };
    for (const td::Index features : {1U, 3U, 257U}) {
      BOOST_CHECK_THROW(by(sample.object, td::Matrix<T>(features, 0)), td::ShapeError);
      for (const td::Index batch : {1U, 2U, 17U}) {
        const td::Matrix<T> x = test::gaussian<T>(td::Shape{features, batch}, 1);
        const Matrices<T> got = by(sample.object, x);
        BOOST_TEST(same(got, by(sample.op, x)), sample.name);
        BOOST_TEST((td::shape_of(got[0]) == td::shape_of(x) && got[0].is_finite()), sample.name);
        BOOST_TEST((td::shape_of(got[1]) == td::Shape{1, 1} && got[1].is_finite()), sample.name);
      }
    }
    for (const T extreme : {static_cast<T>(1e30), static_cast<T>(1e-30), std::numeric_limits<T>::denorm_min(),
                            -T{0}, inf, -inf, std::numeric_limits<T>::quiet_NaN()}) {
      td::Matrix<T> x = test::gaussian<T>(td::Shape{3, 4}, 1);
      x(1, 2) = extreme;
      const Matrices<T> got = by(sample.object, x);
      BOOST_TEST(same(got, by(sample.op, x)), sample.name << " of " << extreme);
      BOOST_TEST((!std::isnan(extreme) || std::isnan(got[1][0])), sample.name << " hides NaN");
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
