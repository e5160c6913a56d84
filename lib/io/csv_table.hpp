#pragma once

/// @file
/// A table from any source.

#include <cstddef>
#include <cstdint>
#include <string>

#include "io/csv_reader.hpp"
#include "io/source.hpp"
#include "tapedeck/io/csv.hpp"

namespace tapedeck::detail {

/// How large a text is: bytes, and lines without empty ones at the end.
struct TextSize {
  std::uint64_t bytes = 0;
  Index lines = 0;
};

/// Reads all of the source.
TAPEDECK_API TextSize text_size(Source& source);

/// `read_csv` of a source; `name` stands in its complaints where the path would. `block` is how much is read
/// at a time. Memory is asked for as much as a text of that size can hold; more may come, or less.
TAPEDECK_API CsvData parse_csv(Source& source, const std::string& name, const CsvOptions& options,
                               std::size_t block = CsvReader::usual_block, const TextSize& expected = {});

}  // namespace tapedeck::detail
