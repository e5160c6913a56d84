#include "tapedeck/tape/value.hpp"

#include <new>

#include "tapedeck/core/error.hpp"
#include "tapedeck/tape/detail/pass.hpp"

namespace tapedeck {
namespace {

// A view that lives as long as the tape. Its destructor never runs, and has nothing to free.
template <class T>
const Matrix<T>& lasting_view(detail::Pass& pass, const void* data, Shape shape) {
  void* memory = pass.values.allocate_scratch(sizeof(Matrix<T>));
  return *new (memory) Matrix<T>(const_cast<T*>(static_cast<const T*>(data)), shape.rows, shape.cols,
                                 /*copy_aux_mem=*/false, true);
}

template <class T>
const detail::Entry& entry_of(detail::Pass& pass, const Value& value) {
  const detail::Entry& e = pass.entry(pass.resolve(value));
  if (e.element != element_of<T>) {
    throw ScalarError({.who = "Value",
                       .given = std::string("elements asked for as ") + name_of(element_of<T>),
                       .wanted = name_of(e.element)});
  }
  return e;
}

}  // namespace

Shape Value::shape() const {
  const detail::Pass& pass = detail::Pass::of(*this);
  return pass.entry(pass.resolve(*this)).shape();
}

Element Value::element() const {
  const detail::Pass& pass = detail::Pass::of(*this);
  return pass.entry(pass.resolve(*this)).element;
}

template <class T>
const Matrix<T>& Value::matrix() const {
  detail::Pass& pass = detail::Pass::of(*this);
  const detail::Entry& e = entry_of<T>(pass, *this);
  return lasting_view<T>(pass, e.data, e.shape());
}

double Value::item() const {
  const detail::Pass& pass = detail::Pass::of(*this);
  const detail::Entry& e = pass.entry(pass.resolve(*this));
  if (e.shape() != Shape{1, 1}) {
    throw ShapeError({.who = "Value::item", .given = to_string(e.shape()), .wanted = "1x1"});
  }
  return with_element(e.element,
                      [&]<class T>(T) { return static_cast<double>(*static_cast<const T*>(e.data)); });
}

template <class T>
const Matrix<T>& Value::cotangent() const {
  detail::Pass& pass = detail::Pass::of(*this);
  const detail::Entry& e = entry_of<T>(pass, *this);
  if (!e.variable) {
    throw UsageError({.who = "Value::cotangent",
                      .given = "a Value that is no variable of its tape",
                      .wanted = "one made by tape.variable",
                      .hint = "tape.vjp gives the cotangent of any Value; a parameter's is its gradient"});
  }
  if (!pass.replayed()) {
    throw UsageError({.who = "Value::cotangent",
                      .given = "a tape that was not played back",
                      .wanted = "tape.backward first"});
  }
  return lasting_view<T>(pass, pass.read_cotangent(pass.resolve(*this)), e.shape());
}

template TAPEDECK_API const Matrix<float>& Value::matrix() const;
template TAPEDECK_API const Matrix<double>& Value::matrix() const;
template TAPEDECK_API const Matrix<Index>& Value::matrix() const;
template TAPEDECK_API const Matrix<float>& Value::cotangent() const;
template TAPEDECK_API const Matrix<double>& Value::cotangent() const;

}  // namespace tapedeck
