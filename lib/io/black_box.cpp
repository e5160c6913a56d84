#include "tapedeck/io/black_box.hpp"

#include <utility>

#include "tapedeck/core/error.hpp"
#include "tapedeck/io/safetensors.hpp"

namespace tapedeck {

void write_black_box(const std::string& path, const BlackBox& box) { write_safetensors(path, box.state()); }

BlackBox read_black_box(const std::string& path) {
  StateDict state = read_safetensors(path);
  try {
    return BlackBox(std::move(state));
  } catch (StateError& error) {
    error.set_who(path);
    throw;
  }
}

std::function<void(const BlackBox&)> black_box_writer(std::string path) {
  return [path = std::move(path)](const BlackBox& box) { write_black_box(path, box); };
}

}  // namespace tapedeck
