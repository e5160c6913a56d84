#pragma once

/// @file
/// How often memory is allocated: counted by taking the place of the C library's allocation functions, which
/// operator new calls as well. Sanitizers bring allocators of their own, so with TEST_SANITIZED there is none
/// of this.

#include <functional>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TEST_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TEST_SANITIZED
#endif

#ifndef TEST_SANITIZED

namespace test {

/// By the calling thread, while the action runs.
long allocated_by(const std::function<void()>& action);

/// Runs the action; the k-th allocation of the calling thread in it, counted from 1, finds no memory. Whether
/// the action got so far, if it did not throw.
bool with_failing_allocation(long k, const std::function<void()>& action);

}  // namespace test

#endif
