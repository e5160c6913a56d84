#include "tapedeck/core/map.hpp"

#include "tapedeck/core/error.hpp"

namespace tapedeck {

void detail::refuse_map(Shape target, Shape matrix) {
  throw ShapeError({.who = "map",
                    .given = "a matrix of " + to_string(matrix) + " for a target of " + to_string(target),
                    .wanted = "matrices of one shape"});
}

}  // namespace tapedeck
