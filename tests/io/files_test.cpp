#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <string>

#include "io/support.hpp"
#include "support/folders.hpp"
#include "tapedeck/io/csv.hpp"
#include "tapedeck/io/idx.hpp"

namespace td = tapedeck;

namespace {

enum class Reading { as_usual, interrupted, failing };
std::atomic<Reading> reading = Reading::as_usual;
std::atomic<int> reads = 0;

// Lets reads go wrong until the end of its scope.
struct Reads {
  explicit Reads(Reading how) { reading = how; }
  Reads(const Reads&) = delete;
  Reads& operator=(const Reads&) = delete;
  ~Reads() { reading = Reading::as_usual; }
};

std::string csv_error(const std::string& path) {
  return test::complaint<td::FileError>([&] { td::read_csv(path); });
}
std::string idx_error(const std::string& path) {
  return test::complaint<td::FileError>([&] { td::read_idx(path); });
}

}  // namespace

// Takes the place of the C library's. Interrupted, every other call gives up, and the others read one byte.
extern "C" ssize_t pread(int file, void* to, size_t size, off_t at) {
  static const auto real =
      reinterpret_cast<ssize_t (*)(int, void*, size_t, off_t)>(dlsym(RTLD_NEXT, "pread"));
  if (reading == Reading::as_usual) return real(file, to, size, at);
  const bool gives_up = reading == Reading::failing || ++reads % 2 == 1;
  if (!gives_up) return real(file, to, size < 1 ? size : 1, at);
  errno = reading == Reading::failing ? EIO : EINTR;
  return -1;
}

BOOST_AUTO_TEST_SUITE(io)
BOOST_AUTO_TEST_SUITE(files)

BOOST_AUTO_TEST_CASE(only_regular_files_are_read) {
  BOOST_TEST(csv_error("/no/such/file") ==
             "/no/such/file: cannot be opened: No such file or directory; expected a file that can be read "
             "(is the path spelled right?)");
  BOOST_TEST(idx_error("/no/such/file") ==
             "/no/such/file: cannot be opened: No such file or directory; expected a file that can be read "
             "(is the path spelled right?)");
  BOOST_TEST(csv_error("").starts_with(": cannot be opened: No such file or directory"));
  BOOST_TEST(csv_error(test::source_dir) ==
             std::string(test::source_dir) + ": it is a folder; expected a regular file");
  BOOST_TEST(csv_error("/dev/zero") == "/dev/zero: it is a pipe or a device; expected a regular file");
  const test::TemporaryFolder folder;
  const std::string pipe = folder.path / "pipe";
  BOOST_REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  BOOST_TEST(csv_error(pipe) ==
             pipe + ": it is a pipe or a device; expected a regular file");  // and does not wait
  BOOST_TEST(idx_error(pipe) == pipe + ": it is a pipe or a device; expected a regular file");
}

BOOST_AUTO_TEST_CASE(interrupted_and_short_reads_are_made_good) {
  const test::File table("a,b\n1,2\n3,4\n");
  const test::File array(std::string("\0\0\x08\1\0\0\0\3abc", 11));
  const Reads interrupted(Reading::interrupted);
  BOOST_TEST(test::same(td::read_csv(table.path()).data.x<double>(), td::Matrix<double>{{1, 3}, {2, 4}}));
  BOOST_TEST(test::same(std::get<td::Matrix<std::uint8_t>>(td::read_idx(array.path()).values),
                        td::Matrix<std::uint8_t>{{'a', 'b', 'c'}}));
  BOOST_TEST(reads > 40);
}

BOOST_AUTO_TEST_CASE(reads_that_fail_say_why) {
  const test::File table("a,b\n1,2\n");
  const Reads failing(Reading::failing);
  BOOST_TEST(csv_error(table.path()) ==
             table.path() + ": cannot be read at byte 0: Input/output error; expected all of its 8 bytes");
  BOOST_TEST(idx_error(table.path()) ==
             table.path() + ": cannot be read at byte 0: Input/output error; expected all of its 8 bytes");
}

BOOST_AUTO_TEST_CASE(files_are_closed_whatever_happens) {
  const test::File table("a,b\n1,x\n");
  const int before = dup(0);
  close(before);
  for (int i = 0; i < 10; ++i) {
    csv_error(table.path());
    csv_error(test::source_dir);
    idx_error(table.path());
  }
  const int after = dup(0);
  close(after);
  BOOST_TEST(after == before);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
