// Faults that libraries have shipped, and those that anyone makes, each planted in a small op, layer or
// routine. The table of what was planted and how it was found is written to planted_faults.md in the tests'
// build folder.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "check/custom_ops.hpp"
#include "support/folders.hpp"
#include "tapedeck/check/gradient_check.hpp"
#include "tapedeck/layers/normalization.hpp"
#include "tapedeck/optim/adam.hpp"
#include "tapedeck/param/initializer.hpp"
#include "tapedeck/tape/op.hpp"
#include "tapedeck/train/predict.hpp"

namespace td = tapedeck;
using namespace test;
using td::Cause;
using td::Fault;
using td::GradientReport;

BOOST_AUTO_TEST_SUITE(check)
BOOST_AUTO_TEST_SUITE(planted_faults)

namespace {

template <class M>
using MatrixLike = td::Matrix<typename std::remove_cvref_t<M>::elem_type>;

// --- Ops. Each has its fault switched on by its member, so that the same test shows that it is right
// without.

// y = dish(W x), dish(z) = z (z / sqrt(1 + z^2) + 1) / 2
struct DishOp {
  static constexpr auto name = "dish";
  static constexpr td::Signature signature = "w(m,n)* x(n,b)* -> y(m,b)";
  bool faulty;

  void forward(auto& y, const auto& w, const auto& x) const {
    y = w * x;
    y.transform([](auto z) { return z * (z / std::sqrt(1 + z * z) + 1) / 2; });
  }
  void vjp(auto& dw, auto& dx, const auto& dy, const auto& w, const auto& x) const {
    MatrixLike<decltype(x)> z = w * x;
    if (faulty) z = x;  // the layer's input where its pre-activation is due
    z.transform([](auto u) { return (u / std::sqrt(1 + u * u) + 1 + u / std::pow(1 + u * u, 1.5F)) / 2; });
    const MatrixLike<decltype(x)> dz = dy % z;
    dw += dz * x.t();
    dx += w.t() * dz;
  }
};

// y = x + a, with a number a.
struct AddNumberOp {
  static constexpr auto name = "add_number";
  static constexpr td::Signature signature = "x(f,b) a(1,1) -> y(f,b)";
  bool faulty;
  void forward(auto& y, const auto& x, const auto& a) const { y = x + a(0, 0); }
  void vjp(auto& dx, auto& da, const auto& dy) const {
    dx += dy;
    MatrixLike<decltype(dy)> sum(1, 1);
    sum(0, 0) = arma::accu(dy);
    if (faulty) sum /= static_cast<float>(dy.n_elem);
    da += sum;
  }
};

// y = x + b, a column.
struct AddColumnOp {
  static constexpr auto name = "add_column";
  static constexpr td::Signature signature = "x(f,b) bias(f,1) -> y(f,b)";
  enum class As { right, first_sample, other_axis } as;
  void forward(auto& y, const auto& x, const auto& bias) const {
    for (td::Index c = 0; c < x.n_cols; ++c) y.col(c) = x.col(c) + bias;
  }
  void vjp(auto& dx, auto& dbias, const auto& dy) const {
    dx += dy;
    MatrixLike<decltype(dy)> sum = arma::sum(dy, 1);
    if (as == As::first_sample) sum = dy.col(0);
    if (as == As::other_axis) sum = arma::sum(dy, 0).t();
    dbias += sum;
  }
};

// y = 2 x
struct DoubledOp {
  static constexpr auto name = "doubled";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  bool faulty;
  void forward(auto& y, const auto& x) const { y = 2 * x; }
  void vjp(auto& dx, const auto& dy) const { dx += (faulty ? 0 : 2) * dy; }
};

// y = x for x > 0, and 0 otherwise; the vjp takes x^slope for the step.
struct SlopedReLUOp {
  static constexpr auto name = "sloped_relu";
  static constexpr td::Signature signature = "x(f,b)* -> y(f,b)";
  double slope;
  void forward(auto& y, const auto& x) const {
    td::map([](auto v) { return v > 0 ? v : 0 * v; }, x).into(y);
  }
  void vjp(auto& dx, const auto& dy, const auto& x) const {
    dx += td::map([this](auto d, auto v) { return v > 0 ? static_cast<decltype(d)>(slope) * d : 0 * d; }, dy,
                  x);
  }
};

// y = W x
struct ProductOp {
  static constexpr auto name = "product";
  static constexpr td::Signature signature = "w(m,n)* x(n,b)* -> y(m,b)";
  enum class As { right, weight_for_its_transpose, transposed_gradient } as;
  void forward(auto& y, const auto& w, const auto& x) const { y = w * x; }
  void vjp(auto& dw, auto& dx, const auto& dy, const auto& w, const auto& x) const {
    if (as == As::transposed_gradient) {
      dw += x * dy.t();
    } else {
      dw += dy * x.t();
    }
    if (as == As::weight_for_its_transpose) {
      dx += w * dy;
    } else {
      dx += w.t() * dy;
    }
  }
};

// The sum over the features of x^2 / 2, as a mean over the batch or a sum.
struct EnergyOp {
  static constexpr auto name = "energy";
  static constexpr td::Signature signature = "x(f,b)* -> y(1,1)";
  bool mean_forward;
  bool mean_vjp;
  void forward(auto& y, const auto& x) const {
    y(0, 0) = arma::accu(x % x) / 2;
    if (mean_forward) y /= static_cast<float>(x.n_cols);
  }
  void vjp(auto& dx, const auto& dy, const auto& x) const {
    MatrixLike<decltype(x)> pulled = dy(0, 0) * x;
    if (mean_vjp) pulled /= static_cast<float>(x.n_cols);
    dx += pulled;
  }
};

// y = exp(x) / sum exp(x), by column     dx = y (.) (dy - sum(dy (.) y))
struct SoftmaxOp {
  static constexpr auto name = "softmax";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)*";
  bool faulty;
  void forward(auto& y, const auto& x) const {
    for (td::Index c = 0; c < x.n_cols; ++c) {
      y.col(c) = arma::exp(x.col(c));
      y.col(c) /= arma::accu(y.col(c));
    }
  }
  void vjp(auto& dx, const auto& dy, const auto& y) const {
    MatrixLike<decltype(y)> pulled = dy;
    for (td::Index c = 0; c < y.n_cols && !faulty; ++c) pulled.col(c) -= arma::dot(dy.col(c), y.col(c));
    dx += y % pulled;
  }
};

// y = (x - mean) / deviation by column, or by row     dx = (dy - mean(dy) - y (.) mean(dy (.) y)) / deviation
struct NormalizeOp {
  static constexpr auto name = "normalize";
  static constexpr td::Signature signature = "x(f,b)* -> y(f,b)";
  bool rows;
  enum class Lost { nothing, mean, variance, both } lost;
  template <class M>
  static M normalized(const M& x) {
    M y = x;
    for (td::Index c = 0; c < x.n_cols; ++c) {
      y.col(c) -= arma::mean(x.col(c));
      y.col(c) /= deviation(x, c);
    }
    return y;
  }
  template <class M>
  static auto deviation(const M& x, td::Index c) {
    return std::sqrt(arma::var(x.col(c), 1) + typename M::elem_type(1e-5));
  }
  void forward(auto& y, const auto& x) const {
    using M = MatrixLike<decltype(x)>;
    y = rows ? M(normalized(M(x.t())).t()) : normalized(M(x));
  }
  void vjp(auto& dx, const auto& dy, const auto& x) const {
    using M = MatrixLike<decltype(x)>;
    const M in = rows ? M(x.t()) : M(x);
    M pulled = rows ? M(dy.t()) : M(dy);
    const M y = normalized(in);
    for (td::Index c = 0; c < in.n_cols; ++c) {
      const auto mean = arma::mean(pulled.col(c));
      const auto product = arma::mean(pulled.col(c) % y.col(c));
      if (lost != Lost::mean && lost != Lost::both) pulled.col(c) -= mean;
      if (lost != Lost::variance && lost != Lost::both) pulled.col(c) -= product * y.col(c);
      pulled.col(c) /= deviation(in, c);
    }
    if (rows) pulled = M(pulled.t());
    dx += pulled;
  }
};

// --- Checks of them

const td::GradientCheckOptions no_batch{.batch_of_one = false};

template <class Op>
GradientReport check_op(const Op& op, const std::vector<td::CheckInput>& inputs,
                        const td::GradientCheckOptions& options = {}) {
  if (inputs.size() == 1) {
    return td::check_gradient(
        [=](td::Tape&, const std::vector<td::Value>& in) -> td::Value {
          if constexpr (Op::signature.inputs.size == 1) return td::apply(op, in[0]);
          return {};
        },
        inputs, options);
  }
  return td::check_gradient(
      [=](td::Tape&, const std::vector<td::Value>& in) -> td::Value {
        if constexpr (Op::signature.inputs.size == 2) return td::apply(op, in[0], in[1]);
        return {};
      },
      inputs, options);
}

constexpr td::Shape oblong{3, 4};

GradientReport check_with_bias(AddColumnOp::As as, td::Shape shape, bool batch_of_one = true) {
  td::ParameterStore store;
  const td::Parameter bias = store.add("bias", {shape.rows, 1}, td::zeros);
  const auto f = [=](const td::Value& x) { return td::apply(AddColumnOp{as}, x, bias); };
  return td::check_gradient(store, f, {shape}, {.batch_of_one = batch_of_one});
}

GradientReport check_mask(std::uint64_t key_of_vjp) {
  return check_op(MaskOp{1, key_of_vjp, nullptr}, {oblong}, no_batch);
}

// --- What is not about a vjp: the criterion of our own tests, applied to the right thing and to the wrong
// one

// He's variance 2 / (fan in), within 5 deviations of a sample variance (as in param/initializer).
bool has_he_variance(const td::Initializer& rule) {
  td::ParameterStore store{{.seed = 1, .scalar = td::f64}};
  const auto w = store.parameter(store.add("w", {100, 784}, rule)).value<double>();
  const double ratio = arma::mean(arma::vectorise(arma::square(w))) / (2.0 / 784);
  return std::abs(ratio - 1) < 5 * std::sqrt(2.0 / static_cast<double>(w.n_elem));
}

// The first step of Adam moves every element by the learning rate, whichever tensor it is in (as in
// optim/adaptive).
bool moves_by_learning_rate(const std::vector<td::Matrix<double>>& moved) {
  return std::all_of(moved.begin(), moved.end(), [](const auto& m) {
    return arma::all(arma::abs(arma::vectorise(arma::abs(m)) - 1e-3) < 1e-8);
  });
}
const std::vector<td::Matrix<double>> two_gradients{{{1, -2}, {3, 4}}, {{-5, 6}}};

std::vector<td::Matrix<double>> adams_first_step() {
  td::ParameterStore store{{.scalar = td::f64}};
  const td::Parameter a = store.add("a", {2, 2}, td::zeros);
  const td::Parameter b = store.add("b", {1, 2}, td::zeros);
  td::Adam adam{store, {.learning_rate = 1e-3}};
  store.gradients().set(a, two_gradients[0]);
  store.gradients().set(b, two_gradients[1]);
  adam.step();
  return {store.parameter(a).value<double>(), store.parameter(b).value<double>()};
}
std::vector<td::Matrix<double>> first_step_with_a_power_for_each_tensor() {
  std::vector<td::Matrix<double>> moved;
  double power = 0;  // advanced by the loop over tensors, where one step is one power
  for (const auto& g : two_gradients) {
    ++power;
    const td::Matrix<double> mean = 0.1 * g / (1 - std::pow(0.9, power));
    const td::Matrix<double> square = 0.001 * g % g / (1 - std::pow(0.999, power));
    moved.push_back(-1e-3 * mean / (arma::sqrt(square) + 1e-8));
  }
  return moved;
}

// A copy of a model computes what the model does (as in layers/normalization), once gain and bias were
// trained.
bool copy_computes_the_same(bool faulty) {
  td::ParameterStore store;
  const td::BatchNorm norm{store.scope("norm"), 2};
  store.parameter("norm.weight").value<float>().fill(2);
  store.parameter("norm.bias").value<float>().fill(-1);
  const td::Matrix<float> x{{1, 2, 3}, {4, 5, 6}};
  const auto wanted = td::predict(store, norm, x);
  if (!faulty) {
    td::ParameterStore copy = store.copy();
    return arma::approx_equal(td::predict(copy, td::BatchNorm(norm), x), wanted, "absdiff", 0);
  }
  td::ParameterStore fresh;  // its constructor's arguments are copied, and what it holds is not
  const td::BatchNorm copy{fresh.scope("norm"), 2};
  return arma::approx_equal(td::predict(fresh, copy, x), wanted, "absdiff", 0);
}

// --- The table

struct Planted {
  std::string fault;
  std::string as;
  // Found by the checker: as this fault, with this cause.
  std::function<GradientReport()> right;
  std::function<GradientReport()> wrong;
  Fault found = Fault::wrong_gradient;
  Cause cause = Cause::unknown;
};

struct Refused {
  std::string fault;
  std::string as;
  std::string by;
  bool right;
  bool wrong;
};

GradientReport nothing_wrong() { return {}; }

std::vector<Planted> planted_in_vjps() {
  using As = ProductOp::As;
  using Lost = NormalizeOp::Lost;
  using Bias = AddColumnOp::As;
  const td::Shape square{3, 3};
  const std::vector<td::CheckInput> square_product{square, td::Shape{3, 5}};
  const auto dish = [=](bool faulty) {
    return [=] { return check_op(DishOp{faulty}, square_product, no_batch); };
  };
  const auto number = [](bool faulty) {
    return [=] { return check_op(AddNumberOp{faulty}, {oblong, td::Shape{1, 1}}, no_batch); };
  };
  const auto bias = [](Bias as, td::Shape shape, bool batch_of_one = true) {
    return [=] { return check_with_bias(as, shape, batch_of_one); };
  };
  const auto cube = [](Wrong wrong, double size = 1) { return [=] { return check_cube({wrong, size}); }; };
  const auto product = [=](As as) {
    return [=] { return check_op(ProductOp{as}, square_product, no_batch); };
  };
  const auto energy = [](bool mean, bool mean_vjp) {
    return [=] { return check_op(EnergyOp{mean, mean_vjp}, {oblong}); };
  };
  const auto normalize = [](bool rows, Lost lost) {
    return [=] { return check_op(NormalizeOp{rows, lost}, {td::Shape{5, 6}}, no_batch); };
  };
  const auto one = [](const auto& op) { return [=] { return check_op(op, {oblong}); }; };
  const auto dead_relu = [](double sign) {
    return [=] {
      const td::Matrix<double> x = sign * td::Matrix<double>{{1, 1.5, 2}, {1.2, 1.7, 1.1}};
      return check_op(SlopedReLUOp{1}, {x});
    };
  };
  const auto beside_kink = [](double slope) {
    return [=] { return check_op(SlopedReLUOp{slope}, {td::Matrix<double>{{1, 0.004}, {2, -3}}}, no_batch); };
  };
  return {
      {"thinc: dish's vjp uses the layer's input for its pre-activation", "DishOp, square weight",
       dish(false), dish(true)},
      {"ggml: ADD1's gradient is a mean where a sum is due", "AddNumberOp", number(false), number(true),
       Fault::wrong_gradient, Cause::scaled},
      {"kann: the checker compares absolute values, a flipped sign passes", "CubeOp, minus the derivative",
       cube(Wrong::nothing), cube(Wrong::sign), Fault::wrong_gradient, Cause::sign_flipped},
      {"dynet: the checker lets errors under 0.01 pass, so small gradients are never checked",
       "CubeOp of 1e-6, a quarter of the derivative", cube(Wrong::nothing, 1e-6),
       cube(Wrong::many_samples, 1e-6), Fault::wrong_gradient, Cause::scaled_by_batch},
      {"mlpack: the checking tools draw from [-2, -1], where ReLU is dead", "relu at such samples",
       dead_relu(1), dead_relu(-1), Fault::vacuous},
      {"mlpack: Add is wrong for batches over 1", "AddColumnOp, the first sample's cotangent",
       bias(Bias::right, oblong), bias(Bias::first_sample, oblong), Fault::wrong_gradient,
       Cause::one_sample_only},
      {"mlpack: a layer without Backward gives zero gradients in silence", "DoubledOp, dx += 0 * dy",
       one(DoubledOp{false}), one(DoubledOp{true}), Fault::wrong_gradient, Cause::missing_term},
      {"mlpack: a layer without Backward", "UntouchedOp, nothing said of db", nothing_wrong,
       [] {
         return check_op(UntouchedOp{}, {oblong, oblong});
       },
       Fault::broken_vjp},
      {"dlib: the checker tries ten step sizes and accepts any that passes",
       "SlopedReLUOp, 0.7 of the slope beside a kink", beside_kink(1), beside_kink(0.7),
       Fault::wrong_gradient, Cause::scaled},
      {"anyone: a gradient is overwritten instead of accumulated", "CubeOp, = in the vjp",
       cube(Wrong::nothing), cube(Wrong::overwrite), Fault::not_accumulated},
      {"anyone: a bias is summed over the wrong axis, square batch", "AddColumnOp",
       bias(Bias::right, {3, 3}, false), bias(Bias::other_axis, {3, 3}, false), Fault::wrong_gradient,
       Cause::other_axis},
      {"anyone: a bias is summed over the wrong axis", "AddColumnOp", bias(Bias::right, oblong),
       bias(Bias::other_axis, oblong), Fault::broken_vjp},
      {"anyone: a mask is drawn anew in the vjp", "MaskOp", [] { return check_mask(1); },
       [] { return check_mask(2); }, Fault::wrong_gradient, Cause::mask_redrawn},
      {"anyone: state of the last forward is kept in the layer", "ForgetfulTape, the last input",
       nothing_wrong, [] { return td::check_gradient(ForgetfulTape{}, {oblong}); }, Fault::state_kept},
      {"a sum where a mean is due", "EnergyOp", energy(true, true), energy(true, false),
       Fault::wrong_gradient, Cause::scaled_by_batch},
      {"a mean where a sum is due", "EnergyOp", energy(false, false), energy(false, true),
       Fault::wrong_gradient, Cause::scaled_by_batch},
      {"a factor that is not transposed", "ProductOp, W dy for dx", product(As::right),
       product(As::weight_for_its_transpose), Fault::wrong_gradient, Cause::transposed},
      {"a product with its factors swapped", "ProductOp, x dy' for dW",
       [=] {
         return check_op(ProductOp{As::right}, {square, square}, no_batch);
       },
       [=] {
         return check_op(ProductOp{As::transposed_gradient}, {square, square}, no_batch);
       },
       Fault::wrong_gradient, Cause::transposed},
      {"a term of a sum is forgotten", "MissingTermOp, x^2 + x", nothing_wrong, one(MissingTermOp{}),
       Fault::wrong_gradient, Cause::missing_term},
      {"softmax without its sum", "SoftmaxOp", one(SoftmaxOp{false}), one(SoftmaxOp{true}),
       Fault::wrong_gradient, Cause::missing_term},
      {"layer normalisation that takes its mean for a constant", "NormalizeOp",
       normalize(false, Lost::nothing), normalize(false, Lost::mean), Fault::wrong_gradient,
       Cause::missing_term},
      {"batch normalisation that takes its mean for a constant", "NormalizeOp",
       normalize(true, Lost::nothing), normalize(true, Lost::mean), Fault::wrong_gradient,
       Cause::missing_term},
      {"batch normalisation that takes its variance for a constant", "NormalizeOp",
       normalize(true, Lost::nothing), normalize(true, Lost::variance), Fault::wrong_gradient,
       Cause::missing_term},
      {"batch normalisation that takes its statistics for constants", "NormalizeOp",
       normalize(true, Lost::nothing), normalize(true, Lost::both), Fault::wrong_gradient,
       Cause::missing_term},
      {"a gain is forgotten, and is one", "ForgottenGainOp", nothing_wrong,
       [] {
         td::ParameterStore store;
         const td::Parameter gain = store.add("gain", {3, 1}, td::ones);
         const auto f = [=](const td::Value& x) { return td::apply(ForgottenGainOp{}, gain, x); };
         return td::check_gradient(store, f, {oblong});
       },
       Fault::wrong_gradient, Cause::missing_factor},
      {"one of two outputs is forgotten", "SquareAndSumOp",
       [] {
         return td::check_gradient([](const td::Value& x) { return td::apply(SquareAndSumOp{}, x); },
                                   {oblong});
       },
       [] {
         return td::check_gradient([](const td::Value& x) { return td::apply(SquareAndSumOp{true}, x); },
                                   {oblong});
       },
       Fault::wrong_gradient, Cause::missing_term},
      {"a vjp that changes as it is played", "CubeOp, counts its replays", nothing_wrong,
       [] {
         int replays = 0;
         return check_cube({Wrong::unwanted_state, 1, &replays});
       },
       Fault::not_repeatable},
      {"a constant that float cannot hold", "InverseOp, 1e-50", one(InverseOp{1}), one(InverseOp{1e-50}),
       Fault::wrong_in_float},
  };
}

std::vector<Refused> planted_elsewhere() {
  return {
      {"flashlight: a copy of BatchNorm loses gamma and beta", "a layer made anew with the same options",
       "the copy computes something else", copy_computes_the_same(false), copy_computes_the_same(true)},
      {"mlpack: He's deviation takes the fan-in of flattened weights", "0.00505 for 0.0505",
       "sample variance, 5 deviations", has_he_variance(td::he_normal()),
       has_he_variance(td::normal(std::sqrt(2.0 / (100 * 784))))},
      {"MiniDNN: Adam's bias correction advances per tensor", "its first step, two tensors",
       "not every element moves by the learning rate", moves_by_learning_rate(adams_first_step()),
       moves_by_learning_rate(first_step_with_a_power_for_each_tensor())},
  };
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_is_found_and_named) {
  std::ostringstream table;
  table << "| fault | planted as | caught by | diagnosis |\n|---|---|---|---|\n";
  const auto row = [&](const auto& p, const std::string& by, const std::string& diagnosis) {
    table << "| " << p.fault << " | " << p.as << " | " << by << " | " << diagnosis << " |\n";
  };
  for (const Planted& p : planted_in_vjps()) {
    const GradientReport right = p.right();
    BOOST_TEST(right.passed(), p.fault << ", without it: " << right);
    const GradientReport wrong = p.wrong();
    const auto finding = std::find_if(wrong.findings.begin(), wrong.findings.end(), [&](const auto& f) {
      return f.fault == p.found && f.cause == p.cause;
    });
    BOOST_TEST((finding != wrong.findings.end()), p.fault << ": " << wrong);
    BOOST_TEST(only(wrong, p.found), p.fault << ": " << wrong);
    const bool named = p.cause != Cause::unknown;
    row(p, td::name_of(p.found),
        named                              ? td::name_of(p.cause)
        : p.found == Fault::wrong_gradient ? "unknown"
                                           : "");
  }
  for (const Refused& p : planted_elsewhere()) {
    BOOST_TEST(p.right, p.fault << ": the right one is refused");
    BOOST_TEST(!p.wrong, p.fault << ": the wrong one is accepted");
    row(p, p.by, "");
  }
  std::ofstream file(test::output_dir + "/planted_faults.md");
  file << table.str();
  BOOST_TEST(file.good());
}

// That the holes of other checkers are holes: each accepts what was planted for it.
BOOST_AUTO_TEST_CASE(other_checkers_accept_what_was_planted_for_them) {
  const auto flipped = check_cube({Wrong::sign}).worst;
  BOOST_TEST(std::abs(std::abs(flipped.analytic) - std::abs(flipped.numeric)) <
             1e-8 * std::abs(flipped.numeric));  // kann's
  const auto small = check_cube({Wrong::many_samples, 1e-6}).worst;
  BOOST_TEST(std::abs(small.analytic - small.numeric) < 0.01);  // dynet's
  const double x = 0.004;                                       // dlib's
  const auto relu = [](double v) { return std::max(v, 0.0); };
  bool accepted = false;
  for (int k = 0; k < 10; ++k) {
    const double h = 0.01 / std::pow(2, k);
    accepted = accepted || std::abs((relu(x + h) - relu(x - h)) / (2 * h) - 0.7) < 1e-8;
  }
  BOOST_TEST(accepted);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
