// Everything that can go wrong while a file is loaded, at every place where it can: nothing is changed then,
// and a second try succeeds.

#include <boost/test/unit_test.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/faulty_calls.hpp"
#include "io/gzip_bytes.hpp"
#include "io/state_files.hpp"
#include "support/allocations.hpp"
#include "support/evidence.hpp"
#include "support/temporary_folder.hpp"
#include "tapedeck/io/checkpoint.hpp"
#include "tapedeck/io/csv.hpp"
#include "tapedeck/io/idx.hpp"
#include "tapedeck/io/safetensors.hpp"
#include "tapedeck/io/weights.hpp"
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;
using namespace test;

BOOST_AUTO_TEST_SUITE(io)

namespace {

template <class T>
std::string bytes_of_matrix(const td::Matrix<T>& m) {
  return td::to_string(td::shape_of(m)) + ' ' +
         std::string(reinterpret_cast<const char*>(m.memptr()), m.n_elem * sizeof(T));
}

std::string bytes_of_state(const td::StateDict& state) {
  std::string bytes;
  for (const td::StateDict::Entry& entry : state.entries()) {
    bytes +=
        entry.name + ' ' + std::visit([](const auto& m) { return bytes_of_matrix(m); }, entry.value) + '\n';
  }
  for (const auto& [name, words] : state.words()) bytes += name + '=' + words + '\n';
  return bytes;
}

// What a checkpoint and a file of weights are loaded into.
struct Training {
  explicit Training(std::uint64_t seed) : store({.seed = seed}) { checkpoint.add("optimizer", optimizer); }
  td::ParameterStore store;
  td::Linear layer{store.scope("fc"), 3, 2};
  td::Adam optimizer{store};
  td::Checkpoint checkpoint{store};

  void visit_state(td::StateVisitor& visitor) {
    store.visit_state(visitor);
    optimizer.visit_state(visitor);
  }
};

// A file of every kind, and what it is loaded into.
struct Files {
  struct Load {
    std::string what;
    std::function<void()> forget;         // puts there what was there before
    std::function<void()> load;           // the file
    std::function<std::string()> result;  // what is there now
  };

  TemporaryFolder folder;
  td::StateDict state;
  std::optional<td::CsvData> table;
  td::IdxTensor array;
  std::unique_ptr<Training> training;
  std::vector<Load> loads;

  std::string path(const std::string& name) const { return folder.path / name; }

  Files() {
    td::write_safetensors(path("safetensors"), small_state(1));
    put_bytes(path("csv"), "a,b,kind\n1,2.5,\"long, with a comma\"\n-3e4,0.1,short\n");
    put_bytes(path("csv.gz"), gzip("a,kind\n1,\"long, with a comma\"\n,only where a is missing\n-3e4,short\n"
                                   "A text that is missing,short\n"));
    put_bytes(path("idx.gz"), gzip(std::string("\0\0\x08\x02\0\0\0\x02\0\0\0\x03", 12) + "abcdef"));
    Training saved(2);
    saved.checkpoint.save(path("checkpoint"));
    td::save_weights(path("weights"), saved.store);

    const auto forget_training = [this] { training = std::make_unique<Training>(1); };
    const auto training_bytes = [this] { return bytes_of_state(td::state_of(*training)); };
    loads = {{"safetensors file", [this] { state = {}; },
              [this] { state = td::read_safetensors(path("safetensors")); },
              [this] { return bytes_of_state(state); }},
             {"CSV file", [this] { table.reset(); },
              [this] { table = td::read_csv(path("csv"), {.targets = {"kind"}, .classification = true}); },
              [this] {
                if (!table) return std::string();
                return bytes_of_matrix(table->data.x<double>()) + bytes_of_matrix(table->data.labels()) +
                       table->class_names[0];
              }},
             {"compressed CSV file of categories", [this] { table.reset(); },
              [this] {
                table = td::read_csv(path("csv.gz"), {.missing = td::Missing::skip_row,
                                                      .text_features = true,
                                                      .missing_texts = {"a text that is missing"},
                                                      .scalar = td::f32,
                                                      .subtract_first = true});
              },
              [this] {
                if (!table) return std::string();
                return bytes_of_matrix(table->data.x<float>()) +
                       bytes_of_matrix(td::Matrix<double>(table->origin)) + table->categories[0].names[0];
              }},
             {"compressed IDX file", [this] { array = {}; }, [this] { array = td::read_idx(path("idx.gz")); },
              [this] { return std::visit([](const auto& m) { return bytes_of_matrix(m); }, array.values); }},
             {"checkpoint", forget_training, [this] { training->checkpoint.load(path("checkpoint")); },
              training_bytes},
             {"file of weights", forget_training,
              [this] { td::load_weights(path("weights"), training->store); }, training_bytes}};
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(load_faults, Files)

BOOST_AUTO_TEST_CASE(a_call_of_a_load_fails) {
  for (const auto& [what, forget, load, result] : loads) {
    forget();
    const long count = calls_of(load);
    const std::string loaded = result();
    BOOST_TEST(count >= 4);
    for (const auto& [number, name] : failures) {
      Evidence evidence(Promise::faults, "a load of a " + what + ", " + name + " at each system call");
      long refused = 0;
      for (long k = 1; k <= count; ++k) {
        forget();
        const std::string before = result();
        BOOST_TEST((before != loaded));
        const Outcome outcome = with_failing_call(k, number, load);
        const std::string context =
            what + ", " + name + " at call " + std::to_string(k) + ", " + outcome.call;
        const bool harmless = outcome.call == "close" || (number == EINTR && starts_again(outcome.call));
        BOOST_TEST(outcome.error.has_value() != harmless, context);
        BOOST_TEST((result() == (harmless ? loaded : before)), context);
        refused += outcome.error ? 1 : 0;
        load();
        BOOST_TEST((result() == loaded), context);
        evidence.tried();
      }
      evidence.outcome(std::to_string(refused) + " typed errors and nothing changed, " +
                       std::to_string(count - refused) + " loaded nevertheless; a retry works");
    }
  }
}

BOOST_AUTO_TEST_CASE(sentences_of_failures) {
  const std::string file = path("safetensors");
  const auto loading = [&](long k) { return *with_failing_call(k, EIO, loads[0].load).error; };
  BOOST_TEST(loading(1) == file + ": cannot be opened: Input/output error; expected a file that can be read");
  BOOST_TEST(loading(2) == file + ": cannot be looked at: Input/output error");
  BOOST_TEST(loading(4) == file + ": cannot be read at byte 8: Input/output error; expected all of its " +
                               std::to_string(bytes_of(file).size()) + " bytes");
  const std::string csv = path("csv");
  BOOST_TEST(*with_failing_call(3, EIO, loads[1].load).error ==
             csv + ": cannot be read at byte 0: Input/output error; expected all of its " +
                 std::to_string(bytes_of(csv).size()) + " bytes");
}

BOOST_AUTO_TEST_CASE(short_reads) {
  const auto never = [](const Call&) { return 0; };
  for (const auto& [what, forget, load, result] : loads) {
    forget();
    const long count = calls_of(load);
    const std::string loaded = result();
    Evidence evidence(Promise::faults,
                      "a load of a " + what + ", short reads: of half at each call, of one byte at all");
    evidence.outcome("all loaded, bit for bit");
    for (long k = 0; k <= count; ++k) {
      forget();
      const FaultyCalls calls(never, [k](const Call& call, std::size_t size) {
        return k == 0 ? std::min<std::size_t>(size, 1) : call.number == k ? (size + 1) / 2 : size;
      });
      load();
      BOOST_TEST((result() == loaded), what << ", call " << k);
      evidence.tried();
    }
  }
}

#ifndef TEST_THREAD_SANITIZER

BOOST_AUTO_TEST_CASE(an_allocation_fails) {
  for (const Load& one : loads) {
    one.forget();
    const std::string before = one.result();
    one.load();
    const std::string loaded = one.result();
    Evidence evidence(Promise::faults, "a load of a " + one.what + ", each allocation fails");
    evidence.outcome("std::bad_alloc and nothing changed; a retry works");
    with_each_allocation_failing(evidence, one.forget, one.load, [&](bool thrown) {
      BOOST_TEST((one.result() == (thrown ? before : loaded)), one.what);
      one.load();
      BOOST_TEST((one.result() == loaded), one.what);
    });
  }
}

#endif

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
