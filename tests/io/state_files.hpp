#pragma once

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "io/safetensors_parse.hpp"
#include "tapedeck/state/state_dict.hpp"

namespace test {

namespace td = tapedeck;

inline std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void put_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// The names of what is in a folder.
inline std::vector<std::string> listing(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename());
  return names;
}

/// A number as the 8 bytes that a file has it in.
inline std::string eight_bytes(std::uint64_t number) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &number, 8);
  return bytes;
}

/// A file of that header and buffer.
inline std::string safetensors(const std::string& json, const std::string& buffer = "") {
  return eight_bytes(json.size()) + json + buffer;
}

class MemoryBytes : public td::io::Bytes {
 public:
  explicit MemoryBytes(std::string bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  void read(std::uint64_t offset, std::span<std::byte> bytes) const override {
    std::memcpy(bytes.data(), bytes_.data() + offset, bytes.size());
  }

 private:
  std::string bytes_;
};

/// What a file of these bytes and of the name "f" holds.
inline td::StateDict parsed(const std::string& bytes,
                            td::io::Checksum checksum = td::io::Checksum::if_present) {
  return td::io::parse_safetensors(MemoryBytes(bytes), checksum, "f");
}

/// Equal in type, shape and bits.
inline bool same(const td::AnyMatrix& a, const td::AnyMatrix& b) {
  return std::visit(
      [&]<class T>(const td::Matrix<T>& x) {
        const auto* const y = std::get_if<td::Matrix<T>>(&b);
        if (y == nullptr || td::shape_of(x) != td::shape_of(*y)) return false;
        return x.n_elem == 0 || std::memcmp(x.memptr(), y->memptr(), x.n_elem * sizeof(T)) == 0;
      },
      a);
}

/// The same names with the same matrices, dimensions and words, in any order.
inline bool same(const td::StateDict& a, const td::StateDict& b) {
  if (a.entries().size() != b.entries().size() || a.words() != b.words() || a.left_out() != b.left_out()) {
    return false;
  }
  for (const auto& entry : a.entries()) {
    const auto* const other = b.find(entry.name);
    if (other == nullptr || other->dimensions != entry.dimensions || !same(entry.value, other->value)) {
      return false;
    }
  }
  return true;
}

/// A little of everything; another for another seed.
inline td::StateDict small_state(float seed) {
  td::StateDict state;
  state.add({"fc.weight", td::Matrix<float>{{1, 2, seed}, {4, 5, 6}}});
  state.add({"fc.bias", td::Matrix<double>(arma::vec{0.5, -seed}), td::Dimensions{2}});
  state.add({"conv.weight", td::Matrix<float>(2, 12, arma::fill::value(seed)), td::Dimensions{2, 3, 2, 2}});
  state.add({"optimizer/steps", td::IndexMatrix{{7, 8}, {9, 10}}});
  state.add_words("optimizer/name", "Adam");
  return state;
}

}  // namespace test
