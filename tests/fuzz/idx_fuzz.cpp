// Any bytes are an array, or are refused; the same as images and as labels.

#include <cstdint>
#include <string_view>

#include "io/idx_reader.hpp"
#include "tapedeck/core/error.hpp"

namespace td = tapedeck;

namespace {

template <class Action>
void attempt(const Action& action) {
  try {
    action();
  } catch (const td::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  attempt([&] {
    td::detail::MemorySource source(bytes);
    td::detail::parse_idx(source, size, "fuzz");
  });
  attempt([&] {
    td::detail::MemorySource images(bytes);
    td::detail::MemorySource labels(bytes);
    td::detail::IdxReader image_reader(images, size, "images");
    td::detail::IdxReader label_reader(labels, size, "labels");
    td::detail::idx_dataset(image_reader, label_reader, {.scale = 0.5, .classes = 10});
  });
  return 0;
}
