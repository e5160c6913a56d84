#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>

#include "tapedeck/core/api.hpp"

namespace tapedeck::io {

/// The system calls that files are read and written by. Tests put others into their places, which fail.
struct SystemCalls {
  int (*open)(const char* path, int flags, mode_t mode);
  int (*stat)(const char* path, struct stat* status);
  int (*fstat)(int file, struct stat* status);
  ssize_t (*readlink)(const char* path, char* text, std::size_t size);
  int (*fchmod)(int file, mode_t mode);
  int (*flock)(int file, int operation);
  int (*dup)(int file);  ///< closed by exec
  ssize_t (*pread)(int file, void* bytes, std::size_t size, off_t offset);
  ssize_t (*pwrite)(int file, const void* bytes, std::size_t size, off_t offset);
  int (*fsync)(int file);
  int (*close)(int file);
  int (*link)(const char* file, const char* second_name);
  int (*rename)(const char* from, const char* to);
  int (*unlink)(const char* path);
};

/// Those in use: at first the C library's.
TAPEDECK_API SystemCalls& system_calls();

}  // namespace tapedeck::io
