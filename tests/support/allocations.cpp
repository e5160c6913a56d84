#include "support/allocations.hpp"

#ifndef TEST_THREAD_SANITIZER

#include <cerrno>
#include <cstdlib>

namespace {

thread_local long allocations = 0;
thread_local long failing = 0;  // which of them finds no memory

bool finds_none() { return ++allocations == failing; }
void* none() {
  errno = ENOMEM;
  return nullptr;
}

}  // namespace

// The functions behind those that are replaced: glibc's, or the sanitizer's.
// NOLINTBEGIN(bugprone-reserved-identifier): their own names
#ifdef TEST_ADDRESS_SANITIZER
#define BEHIND(function) __interceptor_##function
#else
#define BEHIND(function) __libc_##function
#endif
extern "C" {
void* BEHIND(malloc)(std::size_t);
void* BEHIND(calloc)(std::size_t, std::size_t);
void* BEHIND(realloc)(void*, std::size_t);
void* BEHIND(memalign)(std::size_t, std::size_t);

void* malloc(std::size_t size) { return finds_none() ? none() : BEHIND(malloc)(size); }
void* calloc(std::size_t count, std::size_t size) {
  return finds_none() ? none() : BEHIND(calloc)(count, size);
}
void* realloc(void* memory, std::size_t size) {
  return finds_none() ? none() : BEHIND(realloc)(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return finds_none() ? none() : BEHIND(memalign)(alignment, size);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  *memory = finds_none() ? nullptr : BEHIND(memalign)(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}
}
// NOLINTEND(bugprone-reserved-identifier)

#ifdef TEST_ADDRESS_SANITIZER
// glibc's loader does not free what it has if an allocation fails within dlopen().
// NOLINTNEXTLINE(bugprone-reserved-identifier): the sanitizer's own name
extern "C" const char* __lsan_default_suppressions() {
  return "leak:_dl_map_object_deps\nleak:dl_open_worker\nleak:ld-linux\n";
}

namespace {

void* required(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return required(malloc(size)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return required(aligned_alloc(static_cast<std::size_t>(alignment), size));
}
void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept { return malloc(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t /*alignment*/) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/, std::align_val_t /*alignment*/) noexcept {
  std::free(memory);
}
#endif

long test::allocated_by(const std::function<void()>& action) {
  const long before = allocations;
  action();
  return allocations - before;
}

bool test::with_failing_allocation(long k, const std::function<void()>& action) {
  struct End {
    ~End() { failing = 0; }
  } end;
  failing = allocations + k;
  action();
  return allocations >= failing;
}

#endif
