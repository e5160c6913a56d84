#pragma once

#include <vector>

#include "support/complaint.hpp"
#include "tapedeck/data/dataset.hpp"

using test::complaint;

/// Sample c is (c, -c), its target 10 c: each number tells where it comes from.
inline tapedeck::Dataset numbered(tapedeck::Index samples) {
  tapedeck::Matrix<double> x(2, samples);
  tapedeck::Matrix<double> y(1, samples);
  for (tapedeck::Index c = 0; c < samples; ++c) {
    const auto number = static_cast<double>(c);
    x(0, c) = number;
    x(1, c) = -number;
    y(0, c) = 10 * number;
  }
  return {x, y};
}

/// The first row of x of data in double.
inline std::vector<double> first_row(const tapedeck::Dataset& data) {
  std::vector<double> row(data.size());
  for (tapedeck::Index c = 0; c < data.size(); ++c) row[c] = data.x<double>()(0, c);
  return row;
}
