#include "core/text_table.hpp"

#include <algorithm>

namespace tapedeck {

std::string TextTable::text() const {
  std::vector<std::size_t> widths;
  std::vector<std::string> titles;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    titles.push_back(columns_[c].title);
    widths.push_back(titles[c].size());
    for (const auto& line : lines_) widths[c] = std::max(widths[c], line[c].size());
  }
  std::string text;
  const auto write = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      const std::string space(widths[c] - cells[c].size(), ' ');
      if (c > 0) line += "  ";
      line += columns_[c].align == Align::left ? cells[c] + space : space + cells[c];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  };
  write(titles);
  for (const auto& line : lines_) write(line);
  return text;
}

}  // namespace tapedeck
