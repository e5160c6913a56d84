#include "peers/contender.hpp"

namespace tapedeck::peers {

std::unique_ptr<Contender> make_torch(const Problem& /*problem*/) { return nullptr; }

std::string torch_settings() { return "libtorch: not in this build"; }

}  // namespace tapedeck::peers
