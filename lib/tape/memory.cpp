#include "tapedeck/tape/memory.hpp"

namespace tapedeck {

Memory::Memory() : pass_(&detail::Pass::acquire()) {}

Memory::~Memory() { detail::Pass::recycle(*pass_); }

}  // namespace tapedeck
