#include "io/text_size.hpp"

#include <string>
#include <string_view>

namespace tapedeck::detail {
namespace {

constexpr std::size_t block_size = std::size_t{1} << 18U;

Index line_ends_in(std::string_view text) {
  Index count = 0;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, 240);  // a count in one byte becomes vector instructions
    std::uint8_t ends = 0;
    for (const char c : part) ends = static_cast<std::uint8_t>(ends + (c == '\n' ? 1 : 0));
    count += ends;
    text.remove_prefix(part.size());
  }
  return count;
}

}  // namespace

TextSize text_size(Source& source) {
  std::string block(block_size, '\0');
  TextSize text;
  Index line_ends = 0;
  while (const std::size_t count = source.read(block.data(), block.size())) {
    // Lines, and perhaps nothing but ends of lines behind them.
    const std::string_view all(block.data(), count);
    const std::string_view lines = all.substr(0, all.find_last_not_of("\r\n") + 1);
    const Index between = line_ends_in(lines);
    if (!lines.empty()) text.lines = line_ends + between + 1;
    line_ends += between + line_ends_in(all.substr(lines.size()));
    text.bytes += count;
  }
  return text;
}

}  // namespace tapedeck::detail
