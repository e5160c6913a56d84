// Any bytes are a table, or are refused; the same at any size of block.

#include <stdexcept>
#include <string>
#include <string_view>

#include "fuzz/targets.hpp"
#include "io/csv_table.hpp"
#include "tapedeck/core/error.hpp"

namespace td = tapedeck;

namespace {

// The first byte chooses among the options.
td::CsvOptions options_for(unsigned choice) {
  td::CsvOptions options;
  options.header = (choice & 1U) != 0;
  options.delimiter = (choice & 2U) != 0 ? ';' : ',';
  options.missing = static_cast<td::Missing>((choice >> 2U) % 3);
  options.allow_non_finite = (choice & 16U) != 0;
  options.classification = (choice & 32U) != 0;
  if (options.classification || (choice & 64U) != 0) options.targets = {0};
  if ((choice & 128U) != 0) options.ignored = {1};
  return options;
}

std::string outcome(std::string_view text, const td::CsvOptions& options, std::size_t block) {
  td::detail::MemorySource source(text);
  try {
    const td::CsvData table = td::detail::parse_csv(source, "fuzz", options, block);
    const auto& x = table.data.x<double>();
    std::string bytes(reinterpret_cast<const char*>(x.memptr()), x.n_elem * sizeof(double));
    for (const std::string& name : table.feature_names) bytes += name;
    for (const std::string& name : table.class_names) bytes += name;
    return bytes;
  } catch (const td::Error& error) {
    return error.what();
  }
}

}  // namespace

void fuzz::csv(std::string_view bytes) {
  if (bytes.empty()) return;
  const std::string_view text = bytes.substr(1);
  const td::CsvOptions options = options_for(static_cast<unsigned char>(bytes[0]));
  if (outcome(text, options, 7) != outcome(text, options, 4096)) {
    throw std::logic_error("the size of blocks changes a table");
  }
}
