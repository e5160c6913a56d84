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
  return with_element(columns.element, [&]<class T>(T) -> std::optional<Place> {
    const auto* data = static_cast<const T*>(columns.data);
    for (Index c = 0; c < columns.count; ++c) {
      const T* column = data + (columns.order == nullptr ? c : columns.order[c]) * columns.rows;
      for (Index r = 0; r < columns.rows; ++r) {
        const auto value = static_cast<double>(column[r]);
        if (!std::isfinite(value)) return Place{r, c, value};
      }
    }
    return std::nullopt;
  });
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
