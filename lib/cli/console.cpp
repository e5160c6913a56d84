#include "cli/console.hpp"

#include <ostream>

namespace tapedeck::cli {

void warn(const Console& console, const std::string& text) {
  console.err << "tapedeck: warning: " << text << '\n';
}

}  // namespace tapedeck::cli
