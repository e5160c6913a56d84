#include "io/durable_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <memory>
#include <new>
#include <string_view>
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

// --- Names of temporaries

constexpr std::string_view temporary_begin = ".tapedeck-";
constexpr std::string_view temporary_end = ".tmp";

// A name that no other process and no earlier run of this one took, short enough for every file system.
std::string temporary_in(const std::string& folder) {
  static std::atomic<unsigned> count{0};
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  return folder + '/' + std::string(temporary_begin) + std::to_string(getpid()) + '-' + std::to_string(now) +
         '-' + std::to_string(count++) + std::string(temporary_end);
}

bool is_temporary(std::string_view name) {
  if (!name.starts_with(temporary_begin) || !name.ends_with(temporary_end)) return false;
  name.remove_prefix(temporary_begin.size());
  name.remove_suffix(temporary_end.size());
  return std::count(name.begin(), name.end(), '-') == 2 && name.find_first_not_of("0123456789-") == name.npos;
}

// What a save calls a second link to the file that it replaces, for an instant.
std::string link_beside(const std::string& temporary) { return temporary + ".link"; }

// Removes a temporary that nobody writes to any more: whoever does holds its lock. It goes last, so that its
// link is never left without it.
void remove_if_left(const std::string& temporary) {
  const Descriptor file(
      system_calls().open(temporary.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0));
  if (file.number() < 0 || system_calls().flock(file.number(), LOCK_EX | LOCK_NB) != 0) return;
  system_calls().unlink(link_beside(temporary).c_str());
  system_calls().unlink(temporary.c_str());
}

// Removes what killed processes left in a folder; whatever cannot be removed stays, and is in nobody's way.
void remove_left_in(const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open(opendir(folder.c_str()), closedir);
  if (open == nullptr && errno == ENOMEM) throw std::bad_alloc();
  while (const dirent* entry = open == nullptr ? nullptr : readdir(open.get())) {
    if (is_temporary(entry->d_name)) remove_if_left(folder + '/' + entry->d_name);
  }
}

// --- Paths

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

std::string require_target(const std::string& path) {
  if (std::optional<std::string> target = target_of(require_file_name(path))) return *std::move(target);
  refuse_write(path, "cannot be looked at", errno);
}

// Of the file that is to be replaced, if there is one.
std::optional<mode_t> permissions_of(const std::string& target, const std::string& who) {
  struct stat old {};
  if (system_calls().stat(target.c_str(), &old) != 0) {
    if (errno == ENOENT) return std::nullopt;
    refuse_write(who, "cannot be looked at", errno);
  }
  if (S_ISREG(old.st_mode)) return old.st_mode & 07777U;
  throw FileError({.who = who,
                   .given = S_ISDIR(old.st_mode) ? "it is a folder" : "it is a pipe or a device",
                   .wanted = "a regular file to replace, or a new name"});
}

}  // namespace

SystemCalls& system_calls() {
  static SystemCalls calls = {
      .open = [](const char* path, int flags, mode_t mode) { return ::open(path, flags, mode); },
      .stat = [](const char* path, struct stat* status) { return ::stat(path, status); },
      .fstat = [](int file, struct stat* status) { return ::fstat(file, status); },
      .readlink = ::readlink,
      .fchmod = ::fchmod,
      .flock = ::flock,
      .dup = [](int file) { return ::fcntl(file, F_DUPFD_CLOEXEC, 0); },
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

std::optional<std::string> target_of(const std::string& path) {
  constexpr int most_links = 40;  // as many as Linux follows
  std::string target = path;
  for (int links = 0; links <= most_links; ++links) {
    std::array<char, PATH_MAX> text{};
    const ssize_t size = system_calls().readlink(target.c_str(), text.data(), text.size());
    if (size < 0 && (errno == EINVAL || errno == ENOENT)) return target;  // no link, or nothing at all
    if (size < 0) return std::nullopt;
    const std::string_view link(text.data(), static_cast<std::size_t>(size));
    if (link.starts_with('/')) target.clear();
    target.resize(target.rfind('/') + 1);  // to nothing, where there is none
    target += link;
  }
  errno = ELOOP;
  return std::nullopt;
}

DurableFile::Temporary::Temporary(const std::string& target, const std::string& who)
    : name(temporary_in(folder_of(target))), file(name, O_WRONLY | O_CREAT | O_EXCL, who) {}

DurableFile::Temporary::~Temporary() {
  if (renamed) return;
  file.close();
  system_calls().unlink(name.c_str());
}

// Returns false if another save took the new file for one that was left, and removed it before it was locked.
// Where the file system has no locks, nobody removes what is left.
bool DurableFile::Temporary::lock(const std::string& who) {
  if (uninterrupted([&] { return system_calls().flock(file.number(), LOCK_EX | LOCK_NB); }) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL && errno != ENOLCK) {
      refuse_write(who, "cannot be locked", errno);
    }
  }
  struct stat status {};
  if (system_calls().fstat(file.number(), &status) != 0) refuse_write(who, "cannot be looked at", errno);
  return status.st_nlink > 0;
}

DurableFile::DurableFile(const std::string& path)
    : path_(path), target_(require_target(path)), folder_(folder_of(target_), O_RDONLY | O_DIRECTORY, path) {
  remove_left_in(folder_of(target_));
  do temporary_.emplace(target_, path_);
  while (!temporary_->lock(path_));
  const std::optional<mode_t> permissions = permissions_of(target_, path_);
  replaces_ = permissions.has_value();
  if (permissions && system_calls().fchmod(temporary_->file.number(), *permissions) != 0) {
    refuse_write(path_, "a new file cannot have the permissions of the old one", errno);
  }
}

void DurableFile::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t put = uninterrupted([&] {
      return system_calls().pwrite(temporary_->file.number(), bytes.data(), bytes.size(),
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
void DurableFile::commit(const std::string& ending) {
  Temporary& made = *temporary_;
  if (system_calls().fsync(made.file.number()) != 0) refuse_write(path_, "cannot be brought to disk", errno);
  made.locked = Descriptor(system_calls().dup(made.file.number()));
  if (made.locked.number() < 0) refuse_write(path_, "cannot be kept locked", errno);
  if (const int number = made.file.close()) refuse_write(path_, "cannot be closed", number);
  const std::string second_name = target_ + ending;
  const bool moved = replaces_ && !ending.empty() && keep_old_file(second_name);
  if (system_calls().rename(made.name.c_str(), target_.c_str()) != 0) {
    const int number = errno;
    if (moved) system_calls().rename(second_name.c_str(), target_.c_str());
    refuse_write(path_, "the new file cannot be given its name", number);
  }
  made.renamed = true;
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
  const std::string third = link_beside(temporary_->name);
  if (system_calls().link(target_.c_str(), third.c_str()) != 0) {
    if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS) refuse(errno);
    if (system_calls().rename(target_.c_str(), second_name.c_str()) != 0) refuse(errno);
    return true;
  }
  const int number = system_calls().rename(third.c_str(), second_name.c_str()) == 0 ? 0 : errno;
  system_calls().unlink(third.c_str());  // still there after a rename between two names of one file
  if (number != 0) refuse(number);
  return false;
}

}  // namespace tapedeck::io
