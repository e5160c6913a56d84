#include "io/durable_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <optional>
#include <system_error>
#include <utility>

#include "core/text.hpp"
#include "io/system_calls.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck::io {
namespace {

std::string reason(int number) { return std::generic_category().message(number); }

// The call again, as long as a signal interrupts it.
template <class Call>
auto uninterrupted(const Call& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

std::string hint_for_opening(int number) {
  if (number == ENOENT) return "is the path spelled right?";
  if (number == EACCES || number == EPERM || number == EROFS) return "look at the permissions";
  return "";
}

[[noreturn]] void refuse_write(const std::string& path, const std::string& what, int number) {
  throw FileError({.who = path,
                   .given = what + ": " + reason(number),
                   .wanted = "a whole file on the disk",
                   .hint = "nothing has changed; what was there before still is"});
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

// A name that no other process and no earlier run of this one took, short enough for every file system.
std::string temporary_in(const std::string& folder) {
  static std::atomic<unsigned> count{0};
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  return folder + "/.tapedeck-" + std::to_string(getpid()) + "-" + std::to_string(now) + "-" +
         std::to_string(count++) + ".tmp";
}

// A zero byte would end the path early.
const std::string& require_path(const std::string& path) {
  if (path.find('\0') == std::string::npos) return path;
  throw FileError({.who = in_quotes(path), .given = "a path with a zero byte", .wanted = "one without"});
}

const std::string& require_file_name(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  if (name.empty() || name == "." || name == "..") {
    throw FileError(
        {.who = in_quotes(path), .given = "no name of a file", .wanted = "a path that ends in one"});
  }
  return require_path(path);
}

// Of the file that is to be replaced, if there is one.
std::optional<mode_t> permissions_of(const std::string& path) {
  struct stat old {};
  if (system_calls().stat(path.c_str(), &old) != 0) {
    if (errno == ENOENT) return std::nullopt;
    refuse_write(path, "cannot be looked at", errno);
  }
  if (S_ISREG(old.st_mode)) return old.st_mode & 07777U;
  throw FileError({.who = path,
                   .given = S_ISDIR(old.st_mode) ? "it is a folder" : "it is a pipe or a device",
                   .wanted = "a regular file to replace, or a new name"});
}

}  // namespace

SystemCalls& system_calls() {
  static SystemCalls calls = {
      .open = [](const char* path, int flags, mode_t mode) { return ::open(path, flags, mode); },
      .stat = [](const char* path, struct stat* status) { return ::stat(path, status); },
      .fstat = [](int file, struct stat* status) { return ::fstat(file, status); },
      .fchmod = ::fchmod,
      .pread = ::pread,
      .pwrite = ::pwrite,
      .fsync = ::fsync,
      .close = ::close,
      .link = ::link,
      .rename = ::rename,
      .unlink = ::unlink};
  return calls;
}

// --- Descriptors

Descriptor::Descriptor(const std::string& path, int flags, const std::string& who)
    : number_(uninterrupted([&] { return system_calls().open(path.c_str(), flags | O_CLOEXEC, 0666); })) {
  if (number_ >= 0) return;
  const int number = errno;
  const bool writing = (flags & (O_CREAT | O_DIRECTORY)) != 0;
  throw FileError(
      {.who = who,
       .given = (writing ? "nothing can be written there: " : "cannot be opened: ") + reason(number),
       .wanted = writing ? "a folder that files can be made in" : "a file that can be read",
       .hint = hint_for_opening(number)});
}

int Descriptor::close() {
  if (number_ < 0) return 0;
  const bool closed = system_calls().close(std::exchange(number_, -1)) == 0;
  return closed || errno == EINTR ? 0
                                  : errno;  // an interrupted close has closed: a second one might hit another
}

// --- Reading

// O_NONBLOCK: a pipe without a writer would make the call wait.
FileReader::FileReader(const std::string& path)
    : path_(require_path(path)), file_(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, path) {
  struct stat status {};
  if (system_calls().fstat(file_.number(), &status) != 0) {
    throw FileError({.who = path, .given = "cannot be looked at: " + reason(errno)});
  }
  if (!S_ISREG(status.st_mode)) {
    throw FileError({.who = path,
                     .given = S_ISDIR(status.st_mode) ? "it is a folder" : "it is a pipe or a device",
                     .wanted = "a regular file"});
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

std::size_t FileReader::read_some(std::uint64_t offset, std::span<std::byte> bytes) const {
  const ssize_t got = uninterrupted([&] {
    return system_calls().pread(file_.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
  });
  if (got >= 0) return static_cast<std::size_t>(got);
  throw FileError({.who = path_,
                   .given = "cannot be read at byte " + std::to_string(offset) + ": " + reason(errno),
                   .wanted = "all of its " + std::to_string(size_) + " bytes"});
}

void FileReader::read(std::uint64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const std::size_t got = read_some(offset, bytes);
    if (got == 0) {
      throw FileError({.who = path_,
                       .given = "it ends at byte " + std::to_string(offset),
                       .wanted = std::to_string(size_) + " bytes, as when it was opened",
                       .hint = "does somebody write to it?"});
    }
    offset += got;
    bytes = bytes.subspan(got);
  }
}

void FileReader::require_same_size() const {
  struct stat status {};
  if (system_calls().fstat(file_.number(), &status) != 0) {
    throw FileError({.who = path_, .given = "cannot be looked at: " + reason(errno)});
  }
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size == size_) return;
  throw FileError({.who = path_,
                   .given = "it has " + std::to_string(size) + " bytes now",
                   .wanted = std::to_string(size_) + ", as when it was opened",
                   .hint = "does somebody write to it?"});
}

// --- Writing

DurableFile::Temporary::Temporary(const std::string& path)
    : name(temporary_in(folder_of(path))), file(name, O_WRONLY | O_CREAT | O_EXCL, path) {}

DurableFile::Temporary::~Temporary() {
  if (renamed) return;
  file.close();
  system_calls().unlink(name.c_str());
}

DurableFile::DurableFile(const std::string& path)
    : path_(require_file_name(path)),
      folder_(folder_of(path), O_RDONLY | O_DIRECTORY, path),
      temporary_(path) {
  const std::optional<mode_t> permissions = permissions_of(path_);
  replaces_ = permissions.has_value();
  if (permissions && system_calls().fchmod(temporary_.file.number(), *permissions) != 0) {
    refuse_write(path_, "a new file cannot have the permissions of the old one", errno);
  }
}

void DurableFile::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t put = uninterrupted([&] {
      return system_calls().pwrite(temporary_.file.number(), bytes.data(), bytes.size(),
                                   static_cast<off_t>(offset));
    });
    if (put <= 0) {
      refuse_write(path_, "cannot be written at byte " + std::to_string(offset), put < 0 ? errno : ENOSPC);
    }
    offset += static_cast<std::uint64_t>(put);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
}

// A failed fsync is final: the kernel may have dropped what it could not write, and a second one may succeed.
void DurableFile::commit(const std::string& second_name) {
  if (system_calls().fsync(temporary_.file.number()) != 0)
    refuse_write(path_, "cannot be brought to disk", errno);
  if (const int number = temporary_.file.close()) refuse_write(path_, "cannot be closed", number);
  const bool moved = replaces_ && !second_name.empty() && keep_old_file(second_name);
  if (system_calls().rename(temporary_.name.c_str(), path_.c_str()) != 0) {
    const int number = errno;
    if (moved) system_calls().rename(second_name.c_str(), path_.c_str());
    refuse_write(path_, "the new file cannot be given its name", number);
  }
  temporary_.renamed = true;
  if (system_calls().fsync(folder_.number()) == 0) return;
  if (errno == EINVAL) return;  // a file system whose folders need none
  throw FileError({.who = path_,
                   .given = "its folder cannot be brought to disk: " + reason(errno),
                   .wanted = "a name on the disk",
                   .hint = "the new file is in place; a loss of power may bring the old one back"});
}

// By way of a third name, as a link replaces nothing: then both names are there at every instant. On a file
// system without links the old file has the second name alone until the new one takes its place; whether this
// is so.
bool DurableFile::keep_old_file(const std::string& second_name) {
  const auto refuse = [&](int number) {
    refuse_write(path_, "the file that is there cannot be kept as " + in_quotes(second_name), number);
  };
  const std::string third = temporary_in(folder_of(path_));
  if (system_calls().link(path_.c_str(), third.c_str()) != 0) {
    if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS) refuse(errno);
    if (system_calls().rename(path_.c_str(), second_name.c_str()) != 0) refuse(errno);
    return true;
  }
  const int number = system_calls().rename(third.c_str(), second_name.c_str()) == 0 ? 0 : errno;
  system_calls().unlink(third.c_str());  // still there after a rename between two names of one file
  if (number != 0) refuse(number);
  return false;
}

}  // namespace tapedeck::io
