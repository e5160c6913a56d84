#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <new>

namespace test {

/// Memory between two pages that nobody may touch: a read or a write past either end stops the test.
class Guarded {
 public:
  /// Whole pages, at least this many bytes.
  explicit Guarded(std::size_t bytes)
      : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))),
        size_((bytes + page_ - 1) / page_ * page_),
        all_(static_cast<char*>(
            mmap(nullptr, size_ + 2 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    if (static_cast<void*>(all_) == MAP_FAILED ||
        mprotect(all_ + page_, size_, PROT_READ | PROT_WRITE) != 0) {
      throw std::bad_alloc();
    }
  }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  ~Guarded() { munmap(all_, size_ + 2 * page_); }

  /// n elements that begin where the memory does, or that end where it ends.
  template <class T>
  T* elements(std::size_t n, bool at_end) const {
    char* begin = all_ + page_ + (at_end ? size_ - n * sizeof(T) : 0);
    return reinterpret_cast<T*>(begin);
  }

 private:
  std::size_t page_, size_;
  char* all_;
};

}  // namespace test
