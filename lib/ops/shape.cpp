#include "tapedeck/ops/shape.hpp"

#include "tapedeck/tape/op.hpp"
#include "tapedeck/tape/tape.hpp"

namespace tapedeck {
namespace {

template <class T>
void copy_rows(Matrix<T>& to, Index to_row, const Matrix<T>& from, Index from_row, Index count) {
  for (Index c = 0; c < to.n_cols; ++c) std::copy_n(from.colptr(c) + from_row, count, to.colptr(c) + to_row);
}

// y = [a; b]     da, db = the rows of dy
struct ConcatenateRowsOp {
  static constexpr auto name = "concatenate_rows";
  static constexpr Signature signature = "a(m,batch) b(n,batch) -> y(k,batch)";
  Index a_rows;

  Shape shape(Shape a, Shape b) const { return {a.rows + b.rows, a.cols}; }
  void forward(auto& y, const auto& a, const auto& b) const {
    copy_rows(y, 0, a, 0, a.n_rows);
    copy_rows(y, a.n_rows, b, 0, b.n_rows);
  }
  void vjp(auto& da, auto& db, const auto& dy) const {
    const auto add_rows = [&](auto* sum, Index first, Index count) {
      for (Index c = 0; sum != nullptr && c < dy.n_cols; ++c, sum += count) {
        for (Index r = 0; r < count; ++r) sum[r] += dy(first + r, c);
      }
    };
    add_rows(da.accumulate(), 0, a_rows);
    add_rows(db.accumulate(), a_rows, dy.n_rows - a_rows);
  }
};

// y = rows first, ... of x     dx = dy in those rows, 0 elsewhere
struct SliceRowsOp {
  static constexpr auto name = "slice_rows";
  static constexpr Signature signature = "x(f,b) -> y(n,b)";
  Index first;
  Index count;
  Index all;

  Shape shape(Shape x) const { return {count, x.cols}; }
  void forward(auto& y, const auto& x) const { copy_rows(y, 0, x, first, count); }
  void vjp(auto& dx, const auto& dy) const {
    auto* sum = dx.accumulate();
    for (Index c = 0; sum != nullptr && c < dy.n_cols; ++c, sum += all) {
      for (Index r = 0; r < count; ++r) sum[first + r] += dy(r, c);
    }
  }
};

}  // namespace

// Halves rather than a chain, so that every row is copied about log2(n) times and not n.
Value concatenate_rows(std::span<const Value> values) {
  if (values.empty()) {
    throw UsageError({.who = "concatenate_rows", .given = "no Values", .wanted = "at least one"});
  }
  if (values.size() == 1) {
    static_cast<void>(values.front().tape());  // HandleError for a stale one, as if there were more
    return values.front();
  }
  const std::size_t half = values.size() / 2;
  const Value a = concatenate_rows(values.first(half));
  const Value b = concatenate_rows(values.subspan(half));
  return apply(ConcatenateRowsOp{a.rows()}, a, b);
}

Value concatenate_rows(std::initializer_list<Value> values) {
  return concatenate_rows(std::span(values.begin(), values.size()));
}

Value slice_rows(const Value& x, Index first, Index count) {
  const Shape shape = x.shape();
  if (first > shape.rows || count > shape.rows - first) {
    throw ShapeError({.who = "slice_rows",
                      .given = std::to_string(count) + " rows from row " + std::to_string(first) +
                               " of x, which is " + to_string(shape),
                      .wanted = "rows that x has"});
  }
  return apply(SliceRowsOp{first, count, shape.rows}, x);
}

}  // namespace tapedeck
