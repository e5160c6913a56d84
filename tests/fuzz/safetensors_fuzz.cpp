// Any bytes are a file, which is read twice alike, or are refused with FileError. No mutation gets past the
// checksum, so that it is left out at first.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "io/state_files.hpp"
#include "tapedeck/core/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(data, data + size);
  for (const auto checksum : {tapedeck::io::Checksum::ignored, tapedeck::io::Checksum::demanded}) {
    try {
      const tapedeck::StateDict state = test::parsed(bytes, checksum);
      if (!test::same(state, test::parsed(bytes, checksum))) std::abort();
    } catch (const tapedeck::FileError&) {
    }
  }
  return 0;
}
