#pragma once

/// @file
/// Which sanitizer the tests are built with: TEST_ADDRESS_SANITIZER or TEST_THREAD_SANITIZER, and with either
/// TEST_SANITIZED.

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TEST_ADDRESS_SANITIZER
#endif
#if __has_feature(thread_sanitizer)
#define TEST_THREAD_SANITIZER
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define TEST_ADDRESS_SANITIZER
#endif
#ifdef __SANITIZE_THREAD__
#define TEST_THREAD_SANITIZER
#endif
#if defined(TEST_ADDRESS_SANITIZER) || defined(TEST_THREAD_SANITIZER)
#define TEST_SANITIZED
#endif
