// A checkpoint that is saved over two older ones, and what becomes of the three when anything goes wrong: of
// the name and its second name each has a whole file at every instant, and the newer one of the old ones is
// never lost.

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <string>

#include "io/faulty_calls.hpp"
#include "io/state_files.hpp"
#include "support/allocations.hpp"
#include "support/evidence.hpp"
#include "support/temporary_folder.hpp"
#include "tapedeck/io/checkpoint.hpp"
#include "tapedeck/layers/linear.hpp"

namespace td = tapedeck;
using namespace test;

BOOST_AUTO_TEST_SUITE(io)

namespace {

// The files of the generations a and b are there, and c is to be saved.
struct Generations {
  UnwaitedDisk disk;
  TemporaryFolder folder;
  std::string path = folder.path / "run.safetensors";
  std::string second = td::Checkpoint::previous(path);
  td::ParameterStore store;
  td::Linear layer{store.scope("fc"), 3, 2};
  td::Checkpoint checkpoint{store};
  std::string a, b, c;

  Generations() {
    for (std::string* generation : {&a, &b, &c}) {
      store.parameter("fc.weight").value<float>() += 1.0F;
      save();
      *generation = bytes_of(path);
    }
    restore();
  }

  void restore() const {
    for (const std::string& name : {path, second}) std::filesystem::remove(name);  // one file may have both
    put_bytes(path, b);
    put_bytes(second, a);
  }
  void save() { checkpoint.save(path); }
  // "ab": the second name has a, and the name b; '?' is none of the three, '-' no file at all.
  std::string there() const {
    const auto letter = [&](const std::string& name) {
      if (!std::filesystem::exists(name)) return '-';
      const std::string bytes = bytes_of(name);
      return bytes == a ? 'a' : bytes == b ? 'b' : bytes == c ? 'c' : '?';
    };
    return {letter(second), letter(path)};
  }
  bool alone() const { return listing(folder.path).size() == 2; }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(checkpoint_faults, Generations)

BOOST_AUTO_TEST_CASE(a_save_moves_both_on) {
  BOOST_TEST(there() == "ab");
  save();
  BOOST_TEST(there() == "bc");
  BOOST_TEST(alone());
}

BOOST_AUTO_TEST_CASE(a_call_of_a_save_fails) {
  const long count = calls_of([&] { save(); });
  for (const auto& [number, name] : failures) {
    Evidence evidence(Promise::faults,
                      std::string("a checkpoint over two older ones, ") + name + " at each system call");
    long moved = 0;  // the second name, and then something failed
    for (long k = 1; k <= count; ++k) {
      restore();
      const Outcome outcome = with_failing_call(k, number, [&] { save(); });
      const std::string context = std::string(name) + " at call " + std::to_string(k) + ", " + outcome.call;
      const std::string now = there();
      const bool in_place = !outcome.error || k >= count - 2;  // what is left: fsync of the folder, closes
      BOOST_TEST((in_place ? now == "bc" : now == "ab" || now == "bb"), context << ": " << now);
      BOOST_TEST((alone() || outcome.call == "unlink"), context);
      moved += now == "bb";
      save();
      BOOST_TEST((bytes_of(path) == c), context);
      evidence.tried();
    }
    BOOST_TEST(moved == 1);  // where the new file was not given its name
    evidence.outcome(
        "a typed error and both are there, but for the older one once; or the new one is in place");
  }
}

BOOST_AUTO_TEST_CASE(a_process_is_killed_at_each_call_of_a_save) {
  const long count = calls_of([&] { save(); });
  Evidence evidence(Promise::faults, "a checkpoint over two older ones, SIGKILL before each system call");
  evidence.outcome("both names have whole files after each");
  for (long k = 1; k <= count; ++k) {
    restore();
    kill_in_child(k, [&] { save(); });
    const std::string now = there();
    BOOST_TEST((now == "ab" || now == "bb" || now == "bc"), "call " << k << ": " << now);
    save();
    BOOST_TEST((bytes_of(path) == c), "call " << k);
    BOOST_TEST(alone(), "what call " << k << " left");
    evidence.tried();
  }
}

BOOST_AUTO_TEST_CASE(file_systems_without_links) {
  td::io::system_calls().link = [](const char*, const char*) {
    errno = EPERM;
    return -1;
  };
  save();
  BOOST_TEST(there() == "bc");
  BOOST_TEST(alone());
  const long count = calls_of([&] { save(); });
  for (long k = 1; k <= count; ++k) {
    restore();
    kill_in_child(k, [&] { save(); });
    const std::string now = there();
    BOOST_TEST((now == "ab" || now == "b-" || now == "bc"), "call " << k << ": " << now);
  }
  for (long k = 1; k <= count; ++k) {
    restore();
    test::with_failing_call(k, ENOSPC, [&] { save(); });
    const std::string now = there();  // an error leaves the newer one where it was, if nothing else
    BOOST_TEST((now == "ab" || now == "-b" || now == "bc"), "call " << k << ": " << now);
  }
}

#ifndef TEST_THREAD_SANITIZER

BOOST_AUTO_TEST_CASE(an_allocation_fails) {
  Evidence evidence(Promise::faults, "a checkpoint over two older ones, each allocation fails");
  evidence.outcome("std::bad_alloc, and the newer one is there");
  with_each_allocation_failing(
      evidence, [&] { restore(); }, [&] { save(); },
      [&](bool thrown) {
        const std::string now = there();
        BOOST_TEST((thrown ? now == "ab" || now == "bb" : now == "bc"), now);
        BOOST_TEST(alone());
        save();
        BOOST_TEST((bytes_of(path) == c));
      });
}

#endif

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
