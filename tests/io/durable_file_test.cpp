#include "io/durable_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "io/faulty_calls.hpp"
#include "io/state_files.hpp"
#include "support/complaint.hpp"
#include "support/temporary_folder.hpp"
#include "tapedeck/core/error.hpp"

namespace td = tapedeck;
using namespace test;

BOOST_AUTO_TEST_SUITE(io)

namespace {

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

void write_whole(const std::string& path, const std::string& text) {
  td::io::DurableFile file(path);
  file.write(0, bytes(text));
  file.commit();
}

std::string read_whole(const std::string& path) {
  const td::io::FileReader file(path);
  std::string text(file.size(), ' ');
  file.read(0, std::as_writable_bytes(std::span(text)));
  file.require_same_size();
  return text;
}

std::string reading(const std::string& path) {
  return complaint<td::FileError>([&] { read_whole(path); });
}
std::string writing(const std::string& path) {
  return complaint<td::FileError>([&] { write_whole(path, "new"); });
}

struct Folder {
  TemporaryFolder folder;
  std::string at(const std::string& name) const { return folder.path / name; }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(durable_file, Folder)

BOOST_AUTO_TEST_CASE(what_is_committed_is_there_and_nothing_else) {
  write_whole(at("a"), "first");
  BOOST_TEST(read_whole(at("a")) == "first");
  write_whole(at("a"), "2nd");
  BOOST_TEST(read_whole(at("a")) == "2nd");
  BOOST_TEST(listing(folder.path) == std::vector<std::string>{"a"});
}

BOOST_AUTO_TEST_CASE(what_is_not_committed_leaves_nothing) {
  write_whole(at("a"), "old");
  {
    td::io::DurableFile file(at("a"));
    file.write(0, bytes("new"));
    BOOST_TEST(read_whole(at("a")) == "old");
    BOOST_TEST(listing(folder.path).size() == 2U);
  }
  BOOST_TEST(read_whole(at("a")) == "old");
  BOOST_TEST(listing(folder.path) == std::vector<std::string>{"a"});
}

BOOST_AUTO_TEST_CASE(bytes_are_written_and_read_by_their_offsets) {
  {
    td::io::DurableFile file(at("a"));
    file.write(0, bytes("0123456789"));
    file.write(3, bytes("xy"));
    file.commit();
  }
  const td::io::FileReader file(at("a"));
  std::string text(4, ' ');
  file.read(2, std::as_writable_bytes(std::span(text)));
  BOOST_TEST(text == "2xy5");
}

BOOST_AUTO_TEST_CASE(permissions_stay) {
  write_whole(at("a"), "old");
  chmod(at("a").c_str(), 0600);
  write_whole(at("a"), "new");
  struct stat status {};
  BOOST_REQUIRE(stat(at("a").c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & 07777U) == 0600U);
}

BOOST_AUTO_TEST_CASE(links_stay_and_what_they_point_at_is_replaced) {
  const auto link = [&](const std::string& target, const std::string& name) {
    BOOST_REQUIRE(symlink(target.c_str(), at(name).c_str()) == 0);
  };
  const auto is_link = [&](const std::string& name) { return std::filesystem::is_symlink(at(name)); };
  std::filesystem::create_directories(at("there/deep"));
  write_whole(at("there/a"), "old");
  chmod(at("there/a").c_str(), 0640);
  link("there/deep", "folder");
  link("../a", "folder/up");   // there/deep/up -> there/a
  link("folder/up", "chain");  // through a linked folder
  link(at("there/a"), "absolute");
  link("there/missing", "dangling");
  for (const char* name : {"folder/up", "chain", "absolute"}) {
    write_whole(at(name), name);
    BOOST_TEST(is_link(name));
    BOOST_TEST(!is_link("there/a"));
    BOOST_TEST(read_whole(at("there/a")) == name);
    BOOST_TEST(*td::io::target_of(at("absolute")) == at("there/a"));
  }
  struct stat status {};
  BOOST_REQUIRE(stat(at("there/a").c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & 07777U) == 0640U);

  write_whole(at("dangling"), "made");
  BOOST_TEST(is_link("dangling"));
  BOOST_TEST(read_whole(at("there/missing")) == "made");

  {  // the temporary and the second name lie beside the file, not beside the link
    const auto before = listing(folder.path);
    td::io::DurableFile file(at("chain"));
    file.write(0, bytes("x"));
    BOOST_TEST(listing(folder.path) == before);
    BOOST_TEST(listing(at("there")).size() == 4U);
    file.commit(".previous");
    BOOST_TEST(listing(folder.path) == before);
  }
  BOOST_TEST(read_whole(at("there/a.previous")) == "absolute");
  BOOST_TEST(read_whole(at("chain")) == "x");
}

BOOST_AUTO_TEST_CASE(links_that_lead_nowhere_are_refused) {
  for (const auto& [target, name] : {std::pair("itself", "itself"), std::pair("b", "a"), std::pair("a", "b"),
                                     std::pair(".", "folder"), std::pair("none/c", "into_nothing")}) {
    BOOST_REQUIRE(symlink(target, at(name).c_str()) == 0);
  }
  const auto before = listing(folder.path);
  const std::string loop =
      ": cannot be looked at: Too many levels of symbolic links; expected a whole file on the disk (nothing "
      "has "
      "changed; what was there before still is)";
  BOOST_TEST(writing(at("itself")) == at("itself") + loop);
  BOOST_TEST(writing(at("a")) == at("a") + loop);
  BOOST_TEST(writing(at("folder")) ==
             at("folder") + ": it is a folder; expected a regular file to replace, or a new name");
  BOOST_TEST(writing(at("into_nothing")) == at("into_nothing") +
                                                ": nothing can be written there: No such file or directory; "
                                                "expected a folder that files can be made in (is the path "
                                                "spelled right?)");
  BOOST_TEST(listing(folder.path) == before);
}

// After a save the file is on the disk before it has its name, and its name before the save is over.
BOOST_AUTO_TEST_CASE(the_order_of_calls) {
  put_bytes(at("a"), "old");
  std::vector<std::string> names;
  {
    const FaultyCalls calls([&](const Call& call) {
      names.emplace_back(call.name);
      return 0;
    });
    write_whole(at("a"), "new");
  }
  const std::vector<std::string> wanted{"readlink", "open",   "open",   "flock", "fstat",
                                        "stat",     "fchmod", "pwrite", "fsync", "dup",
                                        "close",    "rename", "fsync",  "close", "close"};
  BOOST_TEST(names == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(names_of_earlier_runs_are_not_taken_again) {
  td::io::DurableFile a(at("a"));
  td::io::DurableFile b(at("a"));
  a.write(0, bytes("a"));
  b.write(0, bytes("b"));
  a.commit();
  b.commit();
  BOOST_TEST(read_whole(at("a")) == "b");
}

BOOST_AUTO_TEST_CASE(the_longest_name_can_be_written) {
  const std::string name(255, 'n');
  write_whole(at(name), "new");
  BOOST_TEST(read_whole(at(name)) == "new");
}

BOOST_AUTO_TEST_CASE(only_regular_files) {
  BOOST_TEST(reading(at("none")) == at("none") +
                                        ": cannot be opened: No such file or directory; expected a file that "
                                        "can be read (is the path spelled right?)");
  BOOST_TEST(reading(folder.path) == folder.path.string() + ": it is a folder; expected a regular file");
  BOOST_TEST(reading("/dev/null") == "/dev/null: it is a pipe or a device; expected a regular file");
  BOOST_REQUIRE(mkfifo(at("pipe").c_str(), 0600) == 0);
  BOOST_TEST(reading(at("pipe")) == at("pipe") + ": it is a pipe or a device; expected a regular file");

  BOOST_TEST(writing(at("none/a")) == at("none/a") +
                                          ": nothing can be written there: No such file or directory; "
                                          "expected a folder that files can be made in (is the path "
                                          "spelled right?)");
  BOOST_TEST(writing(folder.path) ==
             folder.path.string() + ": it is a folder; expected a regular file to replace, or a new name");
  BOOST_TEST(writing(at("pipe")) ==
             at("pipe") + ": it is a pipe or a device; expected a regular file to replace, or a new name");
  const std::string cut = at("a") + '\0' + "b";
  BOOST_TEST(reading(cut) == "\"" + at("a") + "\\x00b\": a path with a zero byte; expected one without");
  BOOST_TEST(writing(cut) == "\"" + at("a") + "\\x00b\": a path with a zero byte; expected one without");
  BOOST_TEST(writing("") == "\"\": no name of a file; expected a path that ends in one");
  BOOST_TEST(writing(at("a/")) ==
             "\"" + at("a/") + "\": no name of a file; expected a path that ends in one");
  BOOST_TEST(listing(folder.path) == std::vector<std::string>{"pipe"});
}

BOOST_AUTO_TEST_CASE(a_file_that_changes_meanwhile) {
  put_bytes(at("a"), "0123456789");
  const auto sizes = [&](long call, off_t size) {
    put_bytes(at("a"), "0123456789");
    const FaultyCalls calls(
        [&, call, size](const Call& c) { return c.number == call ? truncate(at("a").c_str(), size) : 0; });
    return reading(at("a"));
  };
  const std::string hint = " (does somebody write to it?)";
  BOOST_TEST(sizes(3, 4) == at("a") + ": it ends at byte 4; expected 10 bytes, as when it was opened" + hint);
  BOOST_TEST(sizes(3, 11) == at("a") + ": it has 11 bytes now; expected 10, as when it was opened" + hint);
  BOOST_TEST(sizes(4, 9) == at("a") + ": it has 9 bytes now; expected 10, as when it was opened" + hint);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
