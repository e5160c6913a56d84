// compiles
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

// Saves, has an index, several outputs, a stated shape, and asks its context.
struct Op {
  static constexpr auto name = "op";
  static constexpr td::Signature signature = "x(f,b) t(1,b):index* -> y(g,b)* z(1,1) | m(f,b) i(1,b):index";
  double rate;
  td::Shape shape(td::Shape x, td::Shape) const { return {x.rows + 1, x.cols}; }
  void forward(td::Context& context, auto& y, auto& z, auto& m, auto& i, const auto& x, const auto& t) const {
    y.fill(context.training() ? 1 : 0);
    z(0, 0) = x(0, 0);
    m = x;
    i = t;
  }
  void vjp(auto& dx, const auto& dy, const auto& dz, const auto& t, const auto& y, const auto& m,
           const auto& i) const {
    static_assert(std::is_same_v<decltype(t), decltype(i)>);
    dx += dy.head_rows(m.n_rows) % m + y(0, 0) * dz(0, 0);
  }
};

// Typed by hand.
struct Typed {
  static constexpr const char* name = "typed";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  template <class T>
  void forward(td::Matrix<T>& y, const td::Matrix<T>& x) const {
    y = x;
  }
  template <class T>
  void vjp(td::Sink<T>& dx, const td::Matrix<T>& dy) const {
    dx += dy;
  }
};

// Any number of inputs.
struct Sum final {
  static constexpr auto name = "sum";
  static constexpr td::Signature signature = "a(f,b) b(f,b) c(f,b) -> y(f,b)";
  void forward(auto& y, const auto&... inputs) const { y = (inputs + ...); }
  void vjp(auto& da, auto& db, auto& dc, const auto& dy) const {
    da += dy;
    db += dy;
    dc += dy;
  }
};

// Backwards as if y = -rate x.
struct Reversal {
  static constexpr auto name = "reversal";
  static constexpr td::Signature signature = "x(f,b) t(1,b):index -> y(f,b) i(1,b):index | m(f,b)";
  double rate;
  void forward(auto& y, auto& i, auto& m, const auto& x, const auto& t) const {
    y = m = x;
    i = t;
  }
  void surrogate(td::Context& context, auto& y, auto& i, const auto& x, const auto& t) const {
    y = x;
    if (context.training()) y *= -1;
    i = t;
  }
  void vjp(auto& dx, const auto& dy, const auto&, const auto&) const { dx += -1 * dy; }
};

std::array<td::Value, 2> use(const td::Value& x, const td::Value& t) {
  const auto [r, i] = td::apply(Reversal{.rate = 1}, x, t);
  const auto [y, z] = td::apply(Op{.rate = 1}, r, i);
  return {td::apply(Typed{}, y), td::apply(Sum{}, z, z, z)};
}
