// What house/python_safetensors compares with Python.
//
//   tapedeck_io_tool write FILE      writes the state that the comparison knows
//   tapedeck_io_tool print FILE      prints what a file holds: a line for each matrix, in the order of the
//   names
//                                    NAME TYPE ROWS COLUMNS vector|matrix BITS...     row by row, in
//                                    hexadecimal and one for each of the words: NAME = WORDS
//   tapedeck_io_tool sha256 FILE     prints the digests of its first 0, 1, 2, ... bytes, a line each

#include <bit>
#include <cstdio>
#include <exception>
#include <map>
#include <string>

#include "io/sha256.hpp"
#include "io/state_files.hpp"
#include "tapedeck/io/safetensors.hpp"

namespace td = tapedeck;

namespace {

// Their elements count on in the order of memory.
template <class T>
td::Matrix<T> counted(td::Index rows, td::Index cols, T first, T step) {
  td::Matrix<T> m(rows, cols);
  for (td::Index i = 0; i < m.n_elem; ++i) m[i] = first + step * static_cast<T>(i);
  return m;
}

void write(const char* path) {
  td::StateDict state;
  state.add({"fc.weight", counted<float>(2, 3, 0.5F, 0.25F)});
  state.add({"fc.bias", counted<float>(2, 1, -1, 3), true});
  state.add({"double", counted<double>(3, 2, 1e-300, 1e300)});
  state.add({"steps", counted<td::Index>(1, 4, 0xffffffff00000000, 1)});
  state.add({"empty", td::Matrix<double>(0, 7)});
  state.add({"large", counted<float>(1021, 1031, 0, 1)});
  state.add({"namé \"quoted\"", counted<double>(1, 1, -0.0, 0)});
  state.add_words("optimizer", "Adam ü \"\\\n");
  td::write_safetensors(path, state);
}

template <class T>
unsigned long bits(T x) {
  if constexpr (sizeof(T) == 4) return std::bit_cast<std::uint32_t>(x);
  if constexpr (sizeof(T) == 8) return std::bit_cast<std::uint64_t>(x);
}

void print(const char* path) {
  const td::StateDict state = td::import_safetensors(path);
  std::map<std::string, const td::StateDict::Entry*> entries;
  for (const auto& entry : state.entries()) entries.emplace(entry.name, &entry);
  for (const auto& [name, entry] : entries) {
    std::visit(
        [&, e = entry, n = name]<class T>(const td::Matrix<T>& m) {
          std::printf("%s %s %llu %llu %s", n.c_str(), td::name_of(td::element_of<T>), m.n_rows, m.n_cols,
                      e->vector ? "vector" : "matrix");
          for (td::Index r = 0; r < m.n_rows; ++r) {
            for (td::Index c = 0; c < m.n_cols; ++c) std::printf(" %lx", bits(m(r, c)));
          }
          std::printf("\n");
        },
        entry->value);
  }
  for (const auto& [name, words] : state.words()) std::printf("%s = %s\n", name.c_str(), words.c_str());
}

void print_digests(const char* path) {
  const std::string bytes = test::bytes_of(path);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    td::io::Sha256 hash;
    hash.add(std::as_bytes(std::span(bytes).first(size)));
    std::printf("%s\n", hash.hex().c_str());
  }
}

}  // namespace

int main(int count, char** arguments) {
  const std::map<std::string, void (*)(const char*)> actions{
      {"write", write}, {"print", print}, {"sha256", print_digests}};
  const auto action = count == 3 ? actions.find(arguments[1]) : actions.end();
  if (action == actions.end()) {
    std::fprintf(stderr, "usage: tapedeck_io_tool write|print|sha256 FILE\n");
    return 2;
  }
  try {
    action->second(arguments[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
