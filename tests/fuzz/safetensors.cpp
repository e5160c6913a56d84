// Any bytes are a file, which is read twice alike, or are refused with FileError. No mutation gets past the
// checksum, so that it is left out at first.

#include <stdexcept>
#include <string>
#include <string_view>

#include "fuzz/targets.hpp"
#include "io/state_files.hpp"
#include "tapedeck/core/error.hpp"

void fuzz::safetensors(std::string_view bytes) {
  const std::string file(bytes);
  for (const auto checksum : {tapedeck::io::Checksum::ignored, tapedeck::io::Checksum::demanded}) {
    try {
      const tapedeck::StateDict state = test::parsed(file, checksum);
      if (!test::same(state, test::parsed(file, checksum))) {
        throw std::logic_error("a file is read in two ways");
      }
    } catch (const tapedeck::FileError&) {
    }
  }
}
