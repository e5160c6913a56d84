#include "io/safetensors_reader.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "core/text.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/core/parallel.hpp"

namespace tapedeck::io {
namespace {

static_assert(std::endian::native == std::endian::little, "what lies in the file is copied as it is");

constexpr std::size_t prefix_size = 8;       // of N, the size of the header
constexpr std::size_t piece_size = 1 << 18;  // of what is read at once: it is hashed while the cache holds it

}  // namespace

void Reader::refuse(const std::string& given, const std::string& wanted, const std::string& hint) const {
  throw FileError({.who = who_, .given = given, .wanted = wanted, .hint = hint});
}

Reader::Reader(const Bytes& file, Checksum checksum, const std::string& who)
    : file_(file), checksum_(checksum), who_(who) {
  const std::uint64_t size = file_.size();
  if (size < prefix_size) {
    refuse("it has " + std::to_string(size) + " bytes", "8 at least, the size of the header");
  }
  std::uint64_t header_size = 0;
  const auto prefix = std::as_writable_bytes(std::span(&header_size, 1));
  file_.read(0, prefix);
  if (header_size > longest_header) {
    refuse("a header of " + std::to_string(header_size) + " bytes", "100000000 at most",
           "is it a safetensors file?");
  }
  at_ = prefix_size + header_size;
  if (at_ > size) {
    refuse("it ends within its header, at byte " + std::to_string(size),
           std::to_string(at_) + " bytes or more");
  }
  std::string json(header_size, ' ');
  file_.read(prefix_size, std::as_writable_bytes(std::span(json)));
  header_ = parse_header(json, size - at_, who_);
  take_digits(json);
  if (digits_.empty()) return;
  hash_.add(prefix);
  hash_.add(std::as_bytes(std::span(json)));
}

// Takes the checksum out of the words, and its digits out of the header.
void Reader::take_digits(std::string& json) {
  const auto word = header_.words.find(std::string(checksum_key));
  if (checksum_ == Checksum::demanded && word == header_.words.end()) {
    refuse("no \"sha256\" in its metadata", "the checksum of the file",
           "import_safetensors reads files of others");
  }
  if (word == header_.words.end()) return;
  const std::string digits = std::move(word->second);
  header_.words.erase(word);
  if (checksum_ == Checksum::ignored) return;
  if (digits.size() != Sha256::digits || digits.find_first_not_of("0123456789abcdef") != std::string::npos) {
    refuse("the \"sha256\" in its metadata is " + in_quotes(digits), "64 digits 0 to 9 and a to f");
  }
  const std::string quoted = '"' + digits + '"';
  const std::size_t at = json.find(quoted);
  if (at == std::string::npos || json.find(quoted, at + 1) != std::string::npos) {
    refuse("the digits of its \"sha256\" are not there exactly once", "one place that they may stand in");
  }
  json.replace(at + 1, Sha256::digits, Sha256::digits, '0');
  digits_ = digits;
}

// Hashes each piece while the next one is read: that takes about as long.
void Reader::read(std::span<std::byte> bytes) {
  if (!has_checksum()) {
    file_.read(at_, bytes);
    at_ += bytes.size();
    return;
  }
  std::span<std::byte> last;
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(piece_size, bytes.size()));
    parallel(2, [&](Index task) {
      if (task == 0) hash_.add(last);
      if (task == 1) file_.read(at_, piece);
    });
    at_ += piece.size();
    bytes = bytes.subspan(piece.size());
    last = piece;
  }
  hash_.add(last);
}

void Reader::skip(std::uint64_t count) {
  if (!has_checksum()) {
    at_ += count;
    return;
  }
  skipped_.resize(std::max<std::uint64_t>(skipped_.size(), std::min<std::uint64_t>(piece_size, count)));
  while (count > 0) {
    const auto piece = std::span(skipped_).first(std::min<std::uint64_t>(skipped_.size(), count));
    read(piece);
    count -= piece.size();
  }
}

void Reader::require_checksum() const {
  if (!has_checksum() || hash_.hex() == digits_) return;
  refuse("its bytes have the SHA-256 " + hash_.hex(), digits_ + ", as it says itself",
         "the file was damaged or changed");
}

}  // namespace tapedeck::io
