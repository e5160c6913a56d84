#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>

namespace tapedeck::detail {

/// Asks the system to back the memory, which nothing has touched yet, by pages of 2 MiB where it has whole
/// ones: a fault for each page of 4 KiB takes a third of the time in which a large table is read. Changes
/// nothing else, and does nothing where the system has none.
inline void prefer_huge_pages([[maybe_unused]] void* memory, [[maybe_unused]] std::size_t bytes) {
#ifdef MADV_HUGEPAGE
  constexpr std::uintptr_t page = std::uintptr_t{1} << 21U;
  const auto begin = reinterpret_cast<std::uintptr_t>(memory);
  const std::uintptr_t first = (begin + page - 1) / page * page;
  const std::uintptr_t last = (begin + bytes) / page * page;
  if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
#endif
}

}  // namespace tapedeck::detail
