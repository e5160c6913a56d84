#pragma once

#include <string>

#include "io/source.hpp"
#include "tapedeck/io/csv.hpp"

namespace tapedeck::detail {

/// Returns "the fields seem to be separated by ';'" if another of the usual delimiters splits each of the
/// first lines into as many fields, at least two, and the one in use finds a single field in the first line;
/// or, if the options name columns that are missing, finds all of them. Otherwise nothing.
std::string delimiter_hint(Source& source, const CsvOptions& options, bool columns_missing);

}  // namespace tapedeck::detail
