#include "io/source.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "tapedeck/core/error.hpp"

namespace tapedeck::detail {
namespace {

// A call that a signal interrupted is made again.
template <class Call>
auto repeated(const Call& call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

[[noreturn]] void refuse(const std::string& path, const std::string& what, int error) {
  throw FileError({.who = path, .given = what + ": " + std::generic_category().message(error)});
}

}  // namespace

std::size_t read_fully(Source& source, char* to, std::size_t size) {
  std::size_t count = 0;
  while (count < size) {
    const std::size_t more = source.read(to + count, size - count);
    if (more == 0) break;
    count += more;
  }
  return count;
}

// Without O_NONBLOCK, to open a pipe would wait for somebody to write into it.
FileSource::FileSource(const std::string& path)
    : path_(path),
      descriptor_(repeated([&] { return open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); })) {
  if (descriptor_ == -1) refuse(path_, "it cannot be opened", errno);
  struct stat status {};
  if (fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode)) {
    size_ = static_cast<std::uint64_t>(status.st_size);
    return;
  }
  close(descriptor_);
  throw FileError({.who = path_,
                   .given = S_ISDIR(status.st_mode) ? "a folder" : "a pipe or a device",
                   .wanted = "a regular file"});
}

FileSource::~FileSource() { close(descriptor_); }

std::size_t FileSource::read(char* to, std::size_t most) {
  const ssize_t count = repeated([&] { return pread(descriptor_, to, most, static_cast<off_t>(position_)); });
  if (count == -1) refuse(path_, "it cannot be read", errno);
  position_ += static_cast<std::uint64_t>(count);
  return static_cast<std::size_t>(count);
}

}  // namespace tapedeck::detail
