#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <string>

#include "io/support.hpp"
#include "support/folders.hpp"
#include "tapedeck/io/csv.hpp"
#include "tapedeck/io/idx.hpp"

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(io)
BOOST_AUTO_TEST_SUITE(files)

namespace {

std::string csv_error(const std::string& path) {
  return test::complaint<td::FileError>([&] { td::read_csv(path); });
}
std::string idx_error(const std::string& path) {
  return test::complaint<td::FileError>([&] { td::read_idx(path); });
}

}  // namespace

BOOST_AUTO_TEST_CASE(only_regular_files_are_read) {
  BOOST_TEST(csv_error("/no/such/file") ==
             "/no/such/file: cannot be opened: No such file or directory; expected a file that can be read "
             "(is the path spelled right?)");
  BOOST_TEST(idx_error("/no/such/file") ==
             "/no/such/file: cannot be opened: No such file or directory; expected a file that can be read "
             "(is the path spelled right?)");
  BOOST_TEST(csv_error("").starts_with(": cannot be opened: No such file or directory"));
  BOOST_TEST(csv_error(test::source_dir) == test::source_dir + ": it is a folder; expected a regular file");
  BOOST_TEST(csv_error("/dev/zero") == "/dev/zero: it is a pipe or a device; expected a regular file");
  const test::TemporaryFolder folder;
  const std::string pipe = folder.path / "pipe";
  BOOST_REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  BOOST_TEST(csv_error(pipe) ==
             pipe + ": it is a pipe or a device; expected a regular file");  // and does not wait
  BOOST_TEST(idx_error(pipe) == pipe + ": it is a pipe or a device; expected a regular file");
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
