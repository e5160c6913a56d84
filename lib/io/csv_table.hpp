#pragma once

/// @file
/// A table from any source.

#include <cstddef>
#include <string>

#include "io/csv_reader.hpp"
#include "io/source.hpp"
#include "io/text_size.hpp"
#include "tapedeck/io/csv.hpp"

namespace tapedeck::detail {

/// Reads the text that a source holds; `name` stands in errors where the path would. `block` is how much is
/// read at a time. Memory is asked for as much as a text of that size can hold; more may come, or less.
TAPEDECK_API CsvData parse_csv(Source& source, const std::string& name, const CsvOptions& options,
                               std::size_t block = CsvReader::usual_block, const TextSize& expected = {});

/// `read_csv` of a source, whose text may be compressed.
TAPEDECK_API CsvData read_table(Source& source, const std::string& name, const CsvOptions& options,
                                std::size_t block = CsvReader::usual_block);

}  // namespace tapedeck::detail
