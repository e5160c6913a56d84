#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>
#include <variant>
#include <vector>

#include "core/text.hpp"
#include "io/durable_file.hpp"
#include "io/row_major.hpp"
#include "io/safetensors_header.hpp"
#include "io/safetensors_source.hpp"
#include "io/sha256.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/io/safetensors.hpp"

namespace tapedeck {
namespace io {
namespace {

static_assert(std::endian::native == std::endian::little, "what lies in the file is copied as it is");

constexpr std::size_t prefix_size = 8;  // of N, the size of the header
constexpr std::size_t chunk_size = 1 << 20;

// Takes the elements of a file, of type Stored, piece by piece into a matrix of T.
template <class Stored, class T>
class Filler {
 public:
  explicit Filler(Shape shape) : matrix_(shape.rows, shape.cols, arma::fill::none), places_(shape) {}

  void take(std::span<const std::byte> bytes) {
    for (; !bytes.empty(); bytes = bytes.subspan(sizeof(Stored))) {
      T* const place = matrix_.memptr() + places_.next();
      if constexpr (sizeof(Stored) == sizeof(T)) {
        std::memcpy(place, bytes.data(), sizeof(T));  // bits, which may be those of a signalling NaN
      } else {
        *place = std::to_integer<T>(bytes.front());
      }
    }
  }
  Matrix<T> done() { return std::move(matrix_); }

 private:
  Matrix<T> matrix_;
  RowMajor places_;
};

class Reader {
 public:
  Reader(const Source& source, Checksum checksum, const std::string& who)
      : source_(source), checksum_(checksum), who_(who) {}

  StateDict read() {
    read_header();
    StateDict state;
    state.reserve(header_.tensors.size());
    for (const Tensor& t : header_.tensors) state.add({t.name, read_matrix(t), t.sizes.size() == 1});
    require_checksum();
    for (Index i = 0; i < header_.tensors.size(); ++i) {
      const Tensor& t = header_.tensors[i];
      if (t.dtype == Dtype::i64) require_no_negative(t, std::get<IndexMatrix>(state.entries()[i].value));
    }
    for (const auto& [name, words] : header_.words) state.add_words(name, words);
    return state;
  }

 private:
  [[noreturn]] void refuse(const std::string& given, const std::string& wanted,
                           const std::string& hint = "") const {
    throw FileError({.who = who_, .given = given, .wanted = wanted, .hint = hint});
  }

  void read_header();
  void take_digits(std::string& json);
  AnyMatrix read_matrix(const Tensor& t);
  template <class Stored, class T>
  AnyMatrix read_elements(const Tensor& t);
  void require_checksum() const;
  void require_no_negative(const Tensor& t, const IndexMatrix& m) const;

  const Source& source_;
  Checksum checksum_;
  const std::string& who_;
  Header header_;
  std::uint64_t buffer_at_ = 0;
  std::string digits_;  // of the digest that the file says; empty if none is looked at
  Sha256 hash_;
};

void Reader::read_header() {
  const std::uint64_t size = source_.size();
  if (size < prefix_size) {
    refuse("it has " + std::to_string(size) + " bytes", "8 at least, the size of the header");
  }
  std::uint64_t header_size = 0;
  const auto prefix = std::as_writable_bytes(std::span(&header_size, 1));
  source_.read(0, prefix);
  if (header_size > longest_header) {
    refuse("a header of " + std::to_string(header_size) + " bytes", "100000000 at most",
           "is it a safetensors file?");
  }
  buffer_at_ = prefix_size + header_size;
  if (buffer_at_ > size) {
    refuse("it ends within its header, at byte " + std::to_string(size),
           std::to_string(buffer_at_) + " bytes or more");
  }
  std::string json(header_size, ' ');
  source_.read(prefix_size, std::as_writable_bytes(std::span(json)));
  header_ = parse_header(json, size - buffer_at_, who_);
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

AnyMatrix Reader::read_matrix(const Tensor& t) {
  switch (t.dtype) {
    case Dtype::f32:
      return read_elements<float, float>(t);
    case Dtype::f64:
      return read_elements<double, double>(t);
    case Dtype::u64:
    case Dtype::i64:
      return read_elements<Index, Index>(t);
    case Dtype::u8:
      break;
  }
  return read_elements<std::uint8_t, Index>(t);
}

template <class Stored, class T>
AnyMatrix Reader::read_elements(const Tensor& t) {
  Filler<Stored, T> filler(t.shape());
  std::vector<std::byte> chunk(std::min<std::uint64_t>(chunk_size, t.end - t.begin));
  for (std::uint64_t at = t.begin; at < t.end; at += chunk.size()) {
    chunk.resize(std::min<std::uint64_t>(chunk.size(), t.end - at));
    source_.read(buffer_at_ + at, chunk);
    if (!digits_.empty()) hash_.add(chunk);
    filler.take(chunk);
  }
  return filler.done();
}

void Reader::require_checksum() const {
  if (digits_.empty() || hash_.hex() == digits_) return;
  refuse("its bytes have the SHA-256 " + hash_.hex(), digits_ + ", as it says itself",
         "the file was damaged or changed");
}

void Reader::require_no_negative(const Tensor& t, const IndexMatrix& m) const {
  RowMajor places(shape_of(m));
  for (Index i = 0; i < m.n_elem; ++i) {
    const auto value = std::bit_cast<std::int64_t>(m[places.next()]);
    if (value >= 0) continue;
    refuse("tensor " + in_quotes(t.name) + " holds " + std::to_string(value) + " at its element " +
               std::to_string(i),
           "0 or more", "indices have no sign");
  }
}

class FileSource : public Source {
 public:
  explicit FileSource(const std::string& path) : file_(path) {}
  std::uint64_t size() const override { return file_.size(); }
  void read(std::uint64_t offset, std::span<std::byte> bytes) const override { file_.read(offset, bytes); }
  void require_same_size() const { file_.require_same_size(); }

 private:
  FileReader file_;
};

StateDict read_file(const std::string& path, Checksum checksum) {
  const FileSource file(path);
  StateDict state = parse_safetensors(file, checksum, path);
  file.require_same_size();
  return state;
}

}  // namespace

Source::~Source() = default;

StateDict parse_safetensors(const Source& source, Checksum checksum, const std::string& who) {
  return Reader(source, checksum, who).read();
}

}  // namespace io

StateDict read_safetensors(const std::string& path) { return io::read_file(path, io::Checksum::demanded); }

StateDict import_safetensors(const std::string& path) {
  return io::read_file(path, io::Checksum::if_present);
}

}  // namespace tapedeck
