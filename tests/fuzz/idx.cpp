// Any bytes are an array, or are refused; the same as images and as labels.

#include <string_view>

#include "fuzz/targets.hpp"
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

void fuzz::idx(std::string_view bytes) {
  attempt([&] {
    td::detail::MemorySource source(bytes);
    td::detail::parse_idx(source, bytes.size(), "fuzz");
  });
  attempt([&] {
    td::detail::MemorySource images(bytes);
    td::detail::MemorySource labels(bytes);
    td::detail::IdxReader image_reader(images, bytes.size(), "images");
    td::detail::IdxReader label_reader(labels, bytes.size(), "labels");
    td::detail::idx_dataset(image_reader, label_reader, {.scale = 0.5, .classes = 10});
  });
}
