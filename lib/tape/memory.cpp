#include "tapedeck/tape/memory.hpp"

#include "tapedeck/tape/tape.hpp"

namespace tapedeck {

Memory::Memory() : pass_(&detail::Pass::acquire()) {}

Memory::~Memory() {
  if (pass_->busy()) pass_->tape().pass_ = nullptr;
  detail::Pass::recycle(*pass_);
}

}  // namespace tapedeck
