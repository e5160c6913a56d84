#include "train/shards.hpp"

#include <cmath>

namespace tapedeck {
namespace {

struct Place {
  Index row;
  Index column;
  double value;
};

std::optional<Place> first_non_finite(const Columns& columns) {
  const auto search = [&]<class T>(const T* data) -> std::optional<Place> {
    for (Index c = 0; c < columns.count; ++c) {
      const T* column = data + (columns.order == nullptr ? c : columns.order[c]) * columns.rows;
      for (Index r = 0; r < columns.rows; ++r) {
        if (!std::isfinite(column[r])) return Place{r, c, static_cast<double>(column[r])};
      }
    }
    return std::nullopt;
  };
  switch (columns.element) {
    case Element::real32:
      return search(static_cast<const float*>(columns.data));
    case Element::real64:
      return search(static_cast<const double*>(columns.data));
    case Element::index:
      break;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> Shards::non_finite(Index shard) const {
  const auto text = [&](const char* row, const Columns& columns) -> std::optional<std::string> {
    const std::optional<Place> place = first_non_finite(columns);
    if (!place) return std::nullopt;
    const Index sample =
        columns.order == nullptr ? position_ + first(shard) + place->column : columns.order[place->column];
    const char* value = std::isnan(place->value) ? "nan" : place->value > 0 ? "inf" : "-inf";
    return std::string(row) + " " + std::to_string(place->row) + " of sample " + std::to_string(sample) +
           " is " + value + " as " + name_of(columns.element);
  };
  const Batch part = (*this)[shard];
  const std::optional<std::string> in_x = text("feature", part.x);
  return in_x ? in_x : text("target", part.y);
}

}  // namespace tapedeck
