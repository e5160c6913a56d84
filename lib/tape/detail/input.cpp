#include "tapedeck/tape/detail/input.hpp"

#include <algorithm>

#include "tapedeck/core/error.hpp"

namespace tapedeck::detail {
namespace {

// Copies columns into contiguous memory, converting where the element types differ.
template <class To>
void copy_columns(To* to, const Columns& columns) {
  with_element(columns.element, [&]<class From>(From) {
    const auto* from = static_cast<const From*>(columns.data);
    for (Index c = 0; c < columns.count; ++c) {
      const From* column = from + (columns.order == nullptr ? c : columns.order[c]) * columns.rows;
      std::transform(column, column + columns.rows, to + c * columns.rows,
                     [](From x) { return static_cast<To>(x); });
    }
  });
}

}  // namespace

std::uint32_t append_input(Pass& pass, const Columns& columns, Copy copy, bool variable) {
  pass.require_recording("tape.input");
  const bool index = columns.element == Element::index;
  if (index && variable) {
    throw ScalarError({.who = "tape.variable", .given = "indices", .wanted = "float or double"});
  }
  const Element element = index ? Element::index : real_element(pass.scalar());
  std::uint32_t i = 0;
  if (copy == Copy::if_needed && columns.order == nullptr && columns.element == element) {
    i = pass.values.append_borrowed(element, columns.shape(), const_cast<void*>(columns.data));
  } else {
    i = pass.values.append(element, columns.shape(), variable && pass.mode() == train);
    void* data = pass.entry(i).data;
    with_element(element, [&]<class T>(T) { copy_columns(static_cast<T*>(data), columns); });
  }
  pass.entry(i).variable = variable;
  pass.entry(i).input = true;
  return i;
}

}  // namespace tapedeck::detail
