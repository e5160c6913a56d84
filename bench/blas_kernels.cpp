#include "blas_kernels.hpp"

#include <cblas.h>
#include <strings.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace tapedeck::bench {
namespace {

constexpr const char* core_variable = "OPENBLAS_CORETYPE";
constexpr const char* cache_variable = "OPENBLAS_L2_SIZE";

std::string value_of(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr ? "" : value;
}

}  // namespace

void set_blas_kernels(const std::string& coretype, char** argv) {
  if (value_of(core_variable) == coretype && std::getenv(cache_variable) == nullptr) {
    if (!coretype.empty() && strcasecmp(openblas_get_corename(), coretype.c_str()) != 0) {
      throw std::runtime_error("OpenBLAS has no kernels " + coretype + " for this processor, and took " +
                               openblas_get_corename() +
                               " (Haswell, Zen and SkylakeX are names that it knows)");
    }
    return;
  }
  unsetenv(cache_variable);
  if (coretype.empty()) {
    unsetenv(core_variable);
  } else {
    setenv(core_variable, coretype.c_str(), 1);
  }
  execv("/proc/self/exe", argv);
  throw std::runtime_error(
      std::string("the program cannot start again with other kernels of OpenBLAS; unset ") + core_variable +
      " and " + cache_variable + ", and give no --coretype");
}

std::string coretype_option(char** argv) {
  constexpr const char* name = "--coretype";
  const std::size_t length = std::strlen(name);
  for (; *argv != nullptr; ++argv) {
    if (std::strncmp(*argv, name, length) != 0) continue;
    if ((*argv)[length] == '=') return *argv + length + 1;
    if ((*argv)[length] == '\0' && argv[1] != nullptr) return argv[1];
  }
  return "";
}

std::string blas_in_use() {
  const bool chosen = std::getenv(core_variable) == nullptr;
  return std::string(openblas_get_config()) + ", kernels for " + openblas_get_corename() +
         (chosen ? " (its own choice)" : " (set by --coretype)");
}

}  // namespace tapedeck::bench
