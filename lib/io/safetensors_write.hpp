#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tapedeck/core/matrix.hpp"
#include "tapedeck/state/state_dict.hpp"

namespace tapedeck::io {

/// A matrix that is to be written. What it names and points at must live until then.
struct Item {
  std::string_view name;
  std::variant<const Matrix<float>*, const Matrix<double>*, const IndexMatrix*> value;
  Dimensions dimensions;  ///< of which the matrix has the shape, see matrix_shape()
};

/// All matrices of a state.
std::vector<Item> items_of(const StateDict& state);

/// tapedeck::write_safetensors(), of these matrices and words. If there is an `ending`, a file that is
/// replaced keeps a second name, see DurableFile::commit().
void write_safetensors(const std::string& path, const std::vector<Item>& items,
                       const std::map<std::string, std::string>& words, const std::string& ending = {});

}  // namespace tapedeck::io
