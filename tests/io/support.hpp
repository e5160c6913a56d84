#pragma once

/// @file
/// Small files, in memory and on disk.

#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>

#include "io/csv_table.hpp"
#include "io/idx_reader.hpp"
#include "support/complaint.hpp"
#include "support/temporary_folder.hpp"
#include "tapedeck/core/error.hpp"

namespace test {

namespace td = tapedeck;

/// A table out of memory, which calls itself "t.csv".
inline td::CsvData csv(std::string_view text, const td::CsvOptions& options = {},
                       std::size_t block = td::detail::CsvReader::usual_block) {
  td::detail::MemorySource source(text);
  return td::detail::parse_csv(source, "t.csv", options, block);
}

/// What is wrong with a table; with its options, if E is not FileError.
template <class E = td::FileError>
std::string csv_error(std::string_view text, const td::CsvOptions& options = {},
                      std::size_t block = td::detail::CsvReader::usual_block) {
  return complaint<E>([&] { csv(text, options, block); });
}

/// An IDX file out of memory, which calls itself "t.idx".
inline td::IdxTensor idx(std::string_view bytes) {
  td::detail::MemorySource source(bytes);
  return td::detail::parse_idx(source, bytes.size(), "t.idx");
}

/// A file of its own in a folder of its own, until the end of its scope.
class File {
 public:
  explicit File(std::string_view contents) { std::ofstream(path(), std::ios::binary) << contents; }
  std::string path() const { return folder_.path / "file"; }

 private:
  TemporaryFolder folder_;
};

/// Equal in shape and in every bit.
template <class T>
bool same(const td::Matrix<T>& a, const td::Matrix<T>& b) {
  const auto bytes = [](const td::Matrix<T>& m) {
    return std::string_view(reinterpret_cast<const char*>(m.memptr()), m.n_elem * sizeof(T));
  };
  return a.n_rows == b.n_rows && a.n_cols == b.n_cols && bytes(a) == bytes(b);
}

}  // namespace test
