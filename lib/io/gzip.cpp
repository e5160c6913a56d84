#include "io/gzip.hpp"

#include <algorithm>
#include <limits>
#include <new>
#include <string_view>
#include <utility>

#include "tapedeck/core/error.hpp"

namespace tapedeck::detail {
namespace {

constexpr std::size_t block = std::size_t{1} << 16U;
constexpr int gzip_only = 16;  // added to the size of the window

}  // namespace

GzipSource::GzipSource(Source& compressed, std::string name)
    : compressed_(compressed), name_(std::move(name)), input_(block) {
  if (inflateInit2(&stream_, MAX_WBITS + gzip_only) != Z_OK) throw std::bad_alloc();
}

GzipSource::~GzipSource() { inflateEnd(&stream_); }

void GzipSource::rewind() {
  compressed_.rewind();
  stream_.avail_in = 0;
  inflateReset(&stream_);
  inside_ = true;
}

bool GzipSource::refill() {
  if (stream_.avail_in != 0) return true;
  const std::size_t count = compressed_.read(input_.data(), input_.size());
  stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
  stream_.avail_in = static_cast<uInt>(count);
  return count != 0;
}

std::size_t GzipSource::read(char* to, std::size_t most) {
  const auto room = static_cast<uInt>(std::min<std::size_t>(most, std::numeric_limits<uInt>::max()));
  stream_.next_out = reinterpret_cast<Bytef*>(to);
  stream_.avail_out = room;
  while (stream_.avail_out == room) {
    if (!refill()) {
      if (!inside_) break;
      throw FileError(
          {.who = name_, .given = "compressed data that are cut off", .wanted = "all of a gzip file"});
    }
    if (!inside_) inflateReset(&stream_);
    inside_ = true;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    if (result == Z_MEM_ERROR) throw std::bad_alloc();
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      throw FileError(
          {.who = name_,
           .given = std::string("damaged data: ") + (stream_.msg != nullptr ? stream_.msg : zError(result)),
           .wanted = "a whole gzip file"});
    }
    inside_ = result != Z_STREAM_END;
  }
  return room - stream_.avail_out;
}

std::unique_ptr<GzipSource> gunzipped(Source& source, const std::string& name) {
  constexpr std::string_view magic = "\x1f\x8b";
  char head[magic.size()];
  source.rewind();
  const std::size_t size = read_fully(source, head, sizeof head);
  source.rewind();
  if (std::string_view(head, size) != magic) return nullptr;
  return std::make_unique<GzipSource>(source, name);
}

}  // namespace tapedeck::detail
