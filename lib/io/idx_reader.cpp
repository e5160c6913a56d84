#include "io/idx_reader.hpp"

#include "core/ranges.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck::detail {
namespace {

constexpr std::size_t magic_size = 4;

std::string in_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += text.empty() ? "" : " ";
    text += {digits[byte >> 4U], digits[byte & 0xfU]};
  }
  return text;
}

bool is_idx_type(std::uint8_t type) { return type == 0x08 || type == 0x09 || (type >= 0x0b && type <= 0x0e); }

}  // namespace

IdxReader::IdxReader(Source& source, std::uint64_t size, std::string name)
    : source_(&source), name_(std::move(name)) {
  gzip_ = gunzipped(source, name_);
  if (gzip_) source_ = gzip_.get();
  char magic[magic_size];
  const std::size_t there = read_fully(*source_, magic, magic_size);
  if (there < magic_size)
    refuse("a header of " + std::to_string(there) + " bytes", "4, and 4 for each dimension");
  if (magic[0] != 0 || magic[1] != 0) {
    refuse("it begins " + in_hex({magic, magic_size}),
           "00 00, a type and the number of dimensions, or a gzip file");
  }
  const auto type = static_cast<std::uint8_t>(magic[2]);
  if (!is_idx_type(type)) refuse("elements of type " + in_hex({magic + 2, 1}), "08, 09, 0b, 0c, 0d or 0e");
  type_ = static_cast<IdxType>(type);
  read_dimensions(static_cast<unsigned char>(magic[3]));
  require_size(size);
}

IdxReader::~IdxReader() = default;

void IdxReader::read_dimensions(Index number) {
  if (number < 1 || number > 4) refuse(std::to_string(number) + " dimensions", "1 to 4");
  char bytes[16];
  const std::size_t there = read_fully(*source_, bytes, 4 * number);
  if (there < 4 * number) {
    refuse("a header of " + std::to_string(magic_size + there) + " bytes",
           std::to_string(magic_size + 4 * number) + " for its dimensions");
  }
  for (Index i = 0; i < number; ++i) dimensions_.push_back(from_big_endian<std::uint32_t>(bytes + 4 * i));
  bytes_ = with_idx_type(type_, []<class T>(T) -> Index { return sizeof(T); });
  for (const Index dimension : dimensions_) {
    if (dimension == 0) refuse(promise(), "at least 1 in every dimension");
  }
  for (const Index dimension : dimensions_) {
    if (count_ > ranges::most_elements / dimension) refuse(promise(), "at most 2^44 elements");
    count_ *= dimension;
  }
}

// "60000x28x28 elements of 1 byte".
std::string IdxReader::promise() const {
  std::string text;
  for (const Index dimension : dimensions_) {
    if (!text.empty()) text += 'x';
    text += std::to_string(dimension);
  }
  return text + " elements of " + std::to_string(bytes_) + (bytes_ == 1 ? " byte" : " bytes");
}

// Before memory is asked for. How much is in a gzip file shows only when it is read, but there is a limit to
// it.
void IdxReader::require_size(std::uint64_t size) {
  const Index wanted = magic_size + 4 * dimensions_.size() + count_ * bytes_;
  if (gzip_ && wanted > most_inflation * size) {
    refuse("a gzip file of " + std::to_string(size) + " bytes", "more, for " + promise());
  }
  if (!gzip_ && wanted != size) {
    refuse(std::to_string(size) + " bytes", std::to_string(wanted) + " for its header and " + promise());
  }
}

void IdxReader::read_bytes(char* to, std::size_t size, Index before) {
  const std::size_t there = read_fully(*source_, to, size);
  if (there < size) refuse("values of " + std::to_string(before + there) + " bytes", promise());
}

void IdxReader::require_end() {
  char next = 0;
  if (source_->read(&next, 1) != 0) refuse("bytes behind the last value", "the end, after " + promise());
}

void IdxReader::refuse(const std::string& given, const std::string& wanted) const {
  throw FileError({.who = name_, .given = given, .wanted = wanted});
}

}  // namespace tapedeck::detail
