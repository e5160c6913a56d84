#include "io/source.hpp"

#include <span>

namespace tapedeck::detail {

std::size_t read_fully(Source& source, char* to, std::size_t size) {
  std::size_t count = 0;
  while (count < size) {
    const std::size_t more = source.read(to + count, size - count);
    if (more == 0) break;
    count += more;
  }
  return count;
}

std::size_t FileSource::read(char* to, std::size_t most) {
  const std::size_t count = file_.read_some(position_, std::as_writable_bytes(std::span(to, most)));
  position_ += count;
  return count;
}

}  // namespace tapedeck::detail
