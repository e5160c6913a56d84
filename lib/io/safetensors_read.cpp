#include <algorithm>
#include <bit>
#include <utility>
#include <variant>
#include <vector>

#include "io/row_major.hpp"
#include "io/safetensors_elements.hpp"
#include "io/safetensors_reader.hpp"
#include "tapedeck/io/safetensors.hpp"

namespace tapedeck {
namespace io {
namespace {

constexpr Index chunk_size = 1 << 21;  // rows that are longer than a sixteenth of it are slow to transpose

template <class Stored>
AnyMatrix read_elements(Reader& reader, Shape shape, std::vector<std::byte>& chunk) {
  Matrix<Decoded<Stored>> m(shape.rows, shape.cols, arma::fill::none);
  for_each_block(shape, chunk.size() / sizeof(Stored), [&](const Block& block) {
    const auto bytes = std::span(chunk).first(block.size() * sizeof(Stored));
    reader.read(bytes);
    from_row_major<Stored>(bytes.data(), block.rows, block.cols, m.memptr() + block.offset(shape.rows),
                           shape.rows, [](Stored x) { return decoded(x); });
  });
  return m;
}

// Says what an IndexMatrix would hold in place of negative numbers; empty if there are none.
std::string negative_in(const Tensor& t, const IndexMatrix& m) {
  for (Index row = 0; row < m.n_rows; ++row) {
    for (Index col = 0; col < m.n_cols; ++col) {
      const auto value = std::bit_cast<std::int64_t>(m.at(row, col));
      if (value >= 0) continue;
      return std::string("of ") + name_of(t.dtype) + " with " + std::to_string(value) + " at its element " +
             std::to_string(row * m.n_cols + col);
    }
  }
  return "";
}

}  // namespace

Bytes::~Bytes() = default;

StateDict parse_safetensors(const Bytes& file, Checksum checksum, const std::string& who) {
  Reader reader(file, checksum, who);
  const Header& header = reader.header();
  std::uint64_t largest = 0;
  for (const Tensor& t : header.tensors) largest = std::max(largest, t.end - t.begin);
  std::vector<std::byte> chunk(std::min<std::uint64_t>(largest, chunk_size));
  StateDict state;
  state.reserve(header.tensors.size());
  for (const Tensor& t : header.tensors) {
    if (!is_readable(t.dtype)) {
      reader.skip(t.end - t.begin);
      state.leave_out(t.name, std::string("of ") + name_of(t.dtype));
      continue;
    }
    AnyMatrix m = with_stored(
        t.dtype, [&]<class Stored>(Stored) { return read_elements<Stored>(reader, t.shape(), chunk); });
    const bool may_be_negative = is_signed_integer(t.dtype) && !reader.has_checksum();
    const std::string negative = may_be_negative ? negative_in(t, std::get<IndexMatrix>(m)) : "";
    if (negative.empty()) {
      state.add({t.name, std::move(m), t.sizes});
    } else {
      state.leave_out(t.name, negative);
    }
  }
  reader.require_checksum();
  for (const auto& [name, words] : header.words) state.add_words(name, words);
  return state;
}

namespace {

StateDict read_file(const std::string& path, Checksum checksum) {
  const FileBytes file(path);
  StateDict state = parse_safetensors(file, checksum, path);
  file.require_same_size();
  return state;
}

}  // namespace
}  // namespace io

StateDict read_safetensors(const std::string& path) { return io::read_file(path, io::Checksum::demanded); }

StateDict import_safetensors(const std::string& path) {
  return io::read_file(path, io::Checksum::if_present);
}

}  // namespace tapedeck
