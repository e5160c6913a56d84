#include "io/source.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "tapedeck/core/error.hpp"

namespace tapedeck::detail {
namespace {

constexpr std::size_t stream_block = std::size_t{1} << 20U;

}  // namespace

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

StreamSource::StreamSource(std::istream& in, const std::string& name) {
  while (in.good()) {
    std::string block(stream_block, '\0');
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    block.resize(static_cast<std::size_t>(in.gcount()));
    block.shrink_to_fit();
    blocks_.push_back(std::move(block));
  }
  if (in.bad() || blocks_.empty()) {
    throw FileError({.who = name, .given = "the stream cannot be read", .wanted = "all of its bytes"});
  }
}

std::size_t StreamSource::read(char* to, std::size_t most) {
  const std::size_t block = position_ / stream_block;
  if (block == blocks_.size()) return 0;
  const std::size_t count = blocks_[block].copy(to, most, position_ % stream_block);
  position_ += count;
  return count;
}

}  // namespace tapedeck::detail
