#include <algorithm>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "core/text.hpp"
#include "io/safetensors_header.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck::io {
namespace {

class Layout {
 public:
  Layout(std::vector<Tensor>& tensors, const std::string& who) : tensors_(tensors), who_(who) {}

  void require(std::uint64_t buffer_size) {
    require_different_names();
    std::sort(tensors_.begin(), tensors_.end(), [](const Tensor& a, const Tensor& b) {
      return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
    });
    require_no_gaps();
    for (const Tensor& t : tensors_) require_size(t);
    const std::uint64_t taken = tensors_.empty() ? 0 : tensors_.back().end;
    if (taken == buffer_size) return;
    refuse("the tensors take " + std::to_string(taken) + " bytes",
           std::to_string(buffer_size) + ", all that follow the header");
  }

 private:
  [[noreturn]] void refuse(const std::string& given, const std::string& wanted) const {
    throw FileError({.who = who_, .given = given, .wanted = wanted});
  }

  void require_different_names() {
    std::vector<std::string_view> names;
    names.reserve(tensors_.size());
    for (const Tensor& t : tensors_) names.push_back(t.name);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end()) refuse("tensor " + in_quotes(*twice) + " is there twice", "each name once");
  }

  void require_no_gaps() {
    std::uint64_t place = 0;
    for (const Tensor& t : tensors_) {
      const std::string who = "tensor " + in_quotes(t.name);
      if (t.end < t.begin) {
        refuse(who + " ends at byte " + std::to_string(t.end) + " of the buffer and begins at " +
                   std::to_string(t.begin),
               "a beginning before its end");
      }
      if (t.begin != place) {
        refuse(who + " begins at byte " + std::to_string(t.begin) + " of the buffer",
               std::to_string(place) + (place == 0 ? ", its first" : ", where the one before it ends"));
      }
      place = t.end;
    }
  }

  void require_size(const Tensor& t) const {
    const std::string who =
        "tensor " + in_quotes(t.name) + " of " + name_of(t.dtype) + " " + to_string(t.sizes);
    const std::optional<Shape> shape = matrix_shape(t.sizes);
    const Index bits = size_in_bits(t.dtype);
    Index bytes = 0;
    if (!shape || __builtin_mul_overflow(shape->size() / 8, bits, &bytes) ||
        __builtin_add_overflow(bytes, shape->size() % 8 * bits / 8, &bytes)) {
      refuse(who + " has more elements than can be counted", "a size in 64 bits");
    }
    if (shape->size() % 8 * bits % 8 != 0) refuse(who + " ends within a byte", "whole bytes");
    if (bytes == t.end - t.begin) return;
    refuse(who + " has " + std::to_string(t.end - t.begin) + " bytes", std::to_string(bytes));
  }

  std::vector<Tensor>& tensors_;
  const std::string& who_;
};

}  // namespace

void require_layout(std::vector<Tensor>& tensors, std::uint64_t buffer_size, const std::string& who) {
  Layout(tensors, who).require(buffer_size);
}

}  // namespace tapedeck::io
