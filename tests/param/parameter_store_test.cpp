#include "tapedeck/param/parameter_store.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "param/model.hpp"
#include "param/support.hpp"
#include "support/complaint.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/ops/loss.hpp"
#include "tapedeck/optim/sgd.hpp"
#include "tapedeck/tape/tape.hpp"

namespace td = tapedeck;
using test::complaint;
using test::contains;
using test::Model;
using test::Names;
using test::names;
using test::ramp;
using test::same_bits;

BOOST_AUTO_TEST_SUITE(param)
BOOST_AUTO_TEST_SUITE(parameter_store)

namespace {

using Scalars = std::tuple<float, double>;

/// How many elements of a flat buffer belong to no matrix; all of them must be zero.
td::Index zero_padding(const td::FlatBuffer& flat) {
  std::vector<bool> inside(flat.size(), false);
  for (const auto& [offset, shape] : flat.extents().slots) {
    for (td::Index i = offset; i < offset + shape.size(); ++i) {
      BOOST_REQUIRE(!inside.at(i));  // no two overlap
      inside[i] = true;
    }
  }
  td::Index padding = 0;
  td::with_scalar(flat.scalar(), [&]<class T>(T) {
    for (td::Index i = 0; i < flat.size(); ++i) {
      if (inside[i]) continue;
      ++padding;
      BOOST_TEST(flat.data<T>()[i] == T{0});
    }
  });
  return padding;
}

}  // namespace

static_assert(!std::is_copy_constructible_v<td::ParameterStore>);
static_assert(!std::is_move_constructible_v<td::ParameterStore>);

// Names.

BOOST_AUTO_TEST_CASE(names_are_hierarchical_and_in_the_order_of_addition) {
  Model m;
  m.store.scope("a").scope("b").add("c", {1, 1}, td::zeros);
  BOOST_TEST(names(m.store) == (Names{"encoder.fc_1.weight", "encoder.fc_1.bias", "encoder.fc_2.weight",
                                      "encoder.fc_2.bias", "a.b.c"}),
             boost::test_tools::per_element());
  BOOST_TEST(m.store.size() == 5U);
  BOOST_TEST(m.store.element_count() == 15U + 5 + 10 + 2 + 1);
}

BOOST_AUTO_TEST_CASE(a_name_is_words_joined_by_points) {
  td::ParameterStore store;
  for (const std::string good : {"a", "0", "A-b_9", "a.b", "fc_1.0.weight"})
    store.add(good, {1, 1}, td::zeros);
  const std::string nul = {'a', '\0', 'b'};
  const std::string long_name(513, 'a');
  for (const auto& [name, said] :
       std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                        {".", "."},
                                                        {".a", ".a"},
                                                        {"a.", "a."},
                                                        {"a..b", "a..b"},
                                                        {"a b", "a b"},
                                                        {"a/b", "a/b"},
                                                        {"\xc3\xa4", R"(\xc3\xa4)"},
                                                        {"\xff", R"(\xff)"},
                                                        {"a\n", R"(a\x0a)"},
                                                        {nul, R"(a\x00b)"},
                                                        {long_name, std::string(100, 'a') + "..."}}) {
    const std::string& bad = name;  // Clang 14 captures no structured bindings
    const std::string expected =
        "store: the name \"" + said +
        "\"; expected letters, digits, '_' and '-', in parts joined by '.', at most 512 "
        "bytes";
    BOOST_TEST(complaint<td::NameError>([&] { store.add(bad, {1, 1}, td::zeros); }) == expected);
    BOOST_TEST(complaint<td::NameError>([&] { store.add_buffer(bad, {1, 1}, 0); }) == expected);
    BOOST_TEST(complaint<td::NameError>([&] { store.scope(bad); }) == expected);
  }
  BOOST_CHECK_THROW(store.scope("a").scope(""), td::NameError);
  BOOST_CHECK_THROW(store.scope("a").add("", {1, 1}, td::zeros), td::NameError);
  for (const std::string bad : {"", "a b", "a\n"}) {
    BOOST_CHECK_THROW(store.add("g", {1, 1}, td::zeros, {.group = bad}), td::NameError);
    BOOST_CHECK_THROW(store.set_group("a", bad), td::NameError);
  }
  BOOST_TEST(complaint<td::NameError>([&] {
               store.add("g", {1, 1}, td::zeros, {.group = "a b"});
             }).starts_with("g: the group \"a b\"; expected letters"));
  BOOST_TEST(store.size() == 5U);
  store.add(std::string(512, 'a'), {1, 1}, td::zeros);
}

BOOST_AUTO_TEST_CASE(a_name_is_given_once) {
  td::ParameterStore store;
  store.add("w", {1, 1}, td::zeros);
  store.add_buffer("mean", {1, 1}, 0);
  const auto expected = [](const std::string& name) {
    return "store: the name \"" + name +
           "\" a second time; expected a new name (to share a parameter, use the layer that holds it twice)";
  };
  BOOST_TEST(complaint<td::NameError>([&] { store.add("w", {2, 2}, td::zeros); }) == expected("w"));
  BOOST_TEST(complaint<td::NameError>([&] { store.add("mean", {2, 2}, td::zeros); }) == expected("mean"));
  BOOST_TEST(complaint<td::NameError>([&] { store.add_buffer("w", {2, 2}, 0); }) == expected("w"));
  BOOST_TEST(complaint<td::NameError>([&] { store.add_buffer("mean", {2, 2}, 0); }) == expected("mean"));
  BOOST_TEST(store.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_mistyped_name_gets_a_hint) {
  Model m;
  BOOST_TEST(complaint<td::NameError>([&] { m.store.parameter("encoder.fc_2.wieght"); }) ==
             "store: no parameter \"encoder.fc_2.wieght\" (the nearest name is \"encoder.fc_2.weight\")");
  BOOST_TEST(complaint<td::NameError>([&] { m.store.buffer<double>("encoder.maen"); }) ==
             "store: no buffer \"encoder.maen\" (the nearest name is \"encoder.mean\")");
  td::ParameterStore near;  // a letter more or less is one mistake, not as many as there are places shifted
  for (const char* name : {"abc", "xyzwd", "xbcd"}) near.add(name, {1, 1}, td::zeros);
  for (const char* mistyped : {"bcd", "xbzcd"}) {
    BOOST_TEST(
        contains(complaint<td::NameError>([&] { near.parameter(mistyped); }), "nearest name is \"xbcd\""));
  }
  td::ParameterStore empty;
  BOOST_TEST(complaint<td::NameError>([&] { empty.parameter("w"); }) ==
             "store: no parameter \"w\" (there are none yet)");
}

BOOST_AUTO_TEST_CASE(many_parameters_are_found_each_by_its_name) {
  td::ParameterStore store;
  constexpr std::uint32_t count = 2000;
  const auto scope = [](std::uint32_t i) { return "layer_" + std::to_string(i); };
  for (std::uint32_t i = 0; i < count; ++i) {
    store.add(scope(i) + ".weight", {2, 1}, td::ones, {.group = "group_" + std::to_string(i % 100)});
    store.add_buffer(scope(i) + ".mean", {1, 3}, i);
  }
  BOOST_TEST(store.element_count() == 2 * count);
  store.seal();
  for (std::uint32_t i = 0; i < count; ++i) {
    BOOST_REQUIRE(store.parameter(scope(i) + ".weight").handle().slot() == i);
    BOOST_REQUIRE(store.buffer<float>(scope(i) + ".mean")[2] == static_cast<float>(i));
    BOOST_REQUIRE(!store.contains(scope(i) + ".mean"));
    BOOST_REQUIRE(store.internals().layout().groups[i] == i % 100);
  }
  store.freeze("layer_19");  // and not layer_190
  BOOST_TEST(test::frozen_names(store) == Names{"layer_19.weight"}, boost::test_tools::per_element());
}

// What a name may be followed by in others sorts before and after the dot.
BOOST_AUTO_TEST_CASE(what_is_under_a_name_is_its_parts_alone) {
  td::ParameterStore store;
  for (const char* name : {"a-b.w", "a.w", "a", "a_b.w", "a0", "A.w", "a.b.w", "b.a.w"})
    store.add(name, {1, 1}, td::zeros);
  store.freeze("a");
  BOOST_TEST(test::frozen_names(store) == (Names{"a.w", "a", "a.b.w"}), boost::test_tools::per_element());
}

// A hint compares with every name, letter by letter.
BOOST_AUTO_TEST_CASE(an_endless_name_gets_no_hint) {
  Model m;
  BOOST_TEST(complaint<td::NameError>([&] { m.store.parameter(std::string(1'000'000, 'b')); }) ==
             "store: no parameter \"" + std::string(100, 'b') + "...\"");
  BOOST_TEST(complaint<td::NameError>([&] { m.store.freeze(std::string("a\0", 2)); }) ==
             R"(freeze: no parameter at or under "a\x00" (the nearest name is "encoder.fc_1.bias"))");
}

BOOST_AUTO_TEST_CASE(sizes_that_cannot_be_are_refused) {
  td::ParameterStore store;
  const td::Index minus_one = td::Index(0) - 1;
  BOOST_TEST(
      complaint<td::ShapeError>([&] {
        store.add("w", {5, minus_one}, td::zeros);
      }) ==
      "w: 5x18446744073709551615; expected fewer than 2^32 rows and columns, and at most 2^44 elements "
      "(was a size negative?)");
  BOOST_CHECK_THROW(store.add("w", {minus_one, 5}, td::zeros), td::ShapeError);
  BOOST_CHECK_THROW(store.add("w", {1U << 31U, 1U << 31U}, td::zeros), td::ShapeError);
  BOOST_CHECK_THROW(store.add_buffer("b", {minus_one, minus_one}, 0), td::ShapeError);
  BOOST_TEST(store.size() == 0U);
}

BOOST_AUTO_TEST_CASE(sizes_that_cannot_be_together_are_refused) {
  td::ParameterStore store;
  const td::Shape half{td::Index{1} << 22U, td::Index{1} << 21U};
  store.add("a", half, td::zeros);
  store.add("b", half, td::zeros);
  BOOST_TEST(complaint<td::ShapeError>([&] {
               store.add("c", {1, 1}, td::zeros);
             }) == "c: 1x1 beside 17592186044416 elements of other matrices; expected at most 2^44 in all");
  store.add_buffer("d", half, 0);  // counted by themselves
  store.add_buffer("e", half, 0);
  BOOST_CHECK_THROW(store.add_buffer("f", {1, 1}, 0), td::ShapeError);
  BOOST_TEST(store.size() == 2U);
}

// Look-up.

BOOST_AUTO_TEST_CASE(a_parameter_is_found_by_name_and_by_handle) {
  Model m;
  const td::ParameterView by_name = m.store.parameter("encoder.fc_1.bias");
  const td::ParameterView by_handle = m.store.parameter(m.fc_1.bias());
  BOOST_CHECK(by_name.handle() == m.fc_1.bias());
  BOOST_TEST(by_handle.name() == "encoder.fc_1.bias");
  BOOST_TEST(by_handle.group() == "biases");
  BOOST_CHECK(by_handle.shape() == (td::Shape{5, 1}));
  BOOST_TEST(&by_name.value<double>() == &by_handle.value<double>());
  BOOST_TEST(&m.store.buffer<double>("encoder.mean") == &m.store.buffer<double>(m.mean));
  BOOST_TEST(m.store.contains("encoder.fc_1.bias"));
  BOOST_TEST(!m.store.contains("encoder.fc_1"));
  BOOST_TEST(!m.store.contains("encoder.mean"));
}

BOOST_AUTO_TEST_CASE(handles_of_others_are_refused) {
  Model m;
  Model other;
  BOOST_TEST(complaint<td::HandleError>([&] { m.store.parameter(other.fc_1.weight()); }) ==
             "store: another store's parameter; expected a parameter of this store, or of the store it was "
             "copied from");
  BOOST_TEST(
      complaint<td::HandleError>([&] { m.store.parameter(td::Parameter{}); }) ==
      "store: an empty parameter; expected a parameter of this store, or of the store it was copied from");
  BOOST_TEST(complaint<td::HandleError>([&] {
               m.store.parameter(td::Parameter{m.store.internals().family(), 4});
             }) ==
             "store: a parameter of slot 4; expected one of the 4 that there are (handles are what add and "
             "add_buffer give)");
  BOOST_CHECK_THROW(m.store.buffer<double>(td::Buffer{m.store.internals().family(), 1}), td::HandleError);
  BOOST_CHECK_THROW(m.store.values().matrix<double>(4), td::HandleError);
  BOOST_CHECK_THROW(m.store.buffer<double>(other.mean), td::HandleError);
  BOOST_CHECK_THROW(m.store.buffer<double>(td::Buffer{}), td::HandleError);
}

BOOST_AUTO_TEST_CASE(the_other_scalar_is_refused) {
  Model in_double;
  Model in_float{{.scalar = td::f32}};
  BOOST_TEST(
      complaint<td::ScalarError>([&] { in_float.store.parameter("encoder.fc_1.bias").value<double>(); }) ==
      "store: values asked for as double; expected float (a store's scalar is chosen when it is made: "
      "{.scalar = td::f64})");
  BOOST_CHECK_THROW(in_double.store.parameter("encoder.fc_1.bias").value<float>(), td::ScalarError);
  BOOST_CHECK_THROW(in_double.store.parameter("encoder.fc_1.bias").gradient<float>(), td::ScalarError);
  BOOST_CHECK_THROW(in_double.store.buffer<float>(in_double.mean), td::ScalarError);
  BOOST_CHECK_THROW(in_double.store.values().data<float>(), td::ScalarError);
}

BOOST_AUTO_TEST_CASE(parameters_are_selected_by_name_and_group) {
  td::ParameterStore store;
  for (const char* name : {"fc_1.weight", "fc_10.weight", "fc_1.bias", "fc_1"}) {
    store.add(name, {1, 1}, td::ones, {.group = std::string(name) == "fc_1.bias" ? "biases" : "weights"});
  }
  const auto selected = [&](const td::Selection& selection) {
    Names names;
    for (const td::ParameterView& p : store.parameters(selection)) names.push_back(p.name());
    return names;
  };
  BOOST_TEST(selected({.under = "fc_1"}) == (Names{"fc_1.weight", "fc_1.bias", "fc_1"}),
             boost::test_tools::per_element());
  BOOST_TEST(selected({.under = "fc_1", .group = "biases"}) == Names{"fc_1.bias"},
             boost::test_tools::per_element());
  BOOST_TEST(selected({}).size() == 4U);
  BOOST_TEST(!store.sealed());
  BOOST_TEST(complaint<td::NameError>([&] { selected({.under = "fc"}); }) ==
             "store: no parameter at or under \"fc\" (the nearest name is \"fc_1\")");
}

// Memory.

BOOST_AUTO_TEST_CASE_TEMPLATE(every_matrix_is_aligned_and_padding_is_zero, T, Scalars) {
  td::ParameterStore store{{.scalar = td::scalar_of<T>}};
  const std::vector<td::Shape> shapes{{1, 1}, {3, 5}, {16, 1}, {17, 1}, {0, 4}, {1, 100}, {4, 4}};
  for (td::Index i = 0; i < shapes.size(); ++i) {
    store.add("p" + std::to_string(i), shapes[i], td::ones);
    store.add_buffer("b" + std::to_string(i), shapes[i], 1);
  }
  const auto aligned = [](const td::Matrix<T>& m) {
    return reinterpret_cast<std::uintptr_t>(m.memptr()) % 64 == 0;
  };
  for (const td::ParameterView& p : store.parameters()) {
    BOOST_TEST(aligned(p.value<T>()));
    BOOST_TEST(aligned(p.gradient<T>()));
    BOOST_TEST(aligned(store.buffer<T>("b" + p.name().substr(1))));
  }
  const td::Index padding = 15 + 1 + 0 + 15 + 0 + 12 + 0;
  BOOST_TEST(zero_padding(store.values()) == padding);
  BOOST_TEST(zero_padding(store.buffers()) == padding);
  store.reset(5);
  td::ParameterStore copy = store.copy(td::f64);
  copy.blend(store, 0.5);
  BOOST_TEST(zero_padding(store.values()) == padding);
  BOOST_TEST(zero_padding(copy.values()) == padding);
}

BOOST_AUTO_TEST_CASE(a_group_lies_in_one_run) {
  Model m;
  m.store.add("norm.weight", {2, 2}, td::ones, {.group = td::groups::normalization});
  m.store.add("last", {2, 2}, td::zeros);
  m.store.set_group("encoder.fc_2", "head");
  m.store.seal();
  const td::detail::StoreLayout& layout = m.store.internals().layout();
  BOOST_TEST(layout.group_names == (Names{"weights", "biases", "head", "normalization"}),
             boost::test_tools::per_element());
  BOOST_TEST(layout.flat_order == (std::vector<std::uint32_t>{0, 5, 1, 2, 3, 4}),
             boost::test_tools::per_element());
  td::Index end = 0;  // of the matrix before, padding included
  for (const std::uint32_t slot : layout.flat_order) {
    const auto& [offset, shape] = layout.parameter_extents->slots[slot];
    BOOST_TEST(offset == end);
    end = offset + (shape.size() + 15) / 16 * 16;
    BOOST_TEST(m.store.parameter({m.store.internals().family(), slot}).value<double>().memptr() ==
               m.store.values().data<double>() + offset);
  }
  BOOST_TEST(m.store.values().size() == end);
  BOOST_TEST(names(m.store).front() == "encoder.fc_1.weight");  // the order of addition stays
  BOOST_TEST(names(m.store).back() == "last");
}

BOOST_AUTO_TEST_CASE(set_group_moves_what_is_at_or_under_a_name) {
  td::ParameterStore store;
  for (const char* name : {"a", "a.b", "a.b.c", "ab", "c.a"}) store.add(name, {1, 1}, td::zeros);
  store.set_group("a", "chosen");
  std::vector<std::string> chosen;
  for (const td::ParameterView& p : store.parameters()) {
    if (p.group() == "chosen") chosen.push_back(p.name());
  }
  BOOST_TEST(chosen == (Names{"a", "a.b", "a.b.c"}), boost::test_tools::per_element());
  BOOST_TEST(complaint<td::NameError>([&] { store.set_group("b", "x"); }) ==
             "set_group: no parameter at or under \"b\" (the nearest name is \"a\")");
  BOOST_CHECK_THROW(store.set_group("a", ""), td::NameError);
}

BOOST_AUTO_TEST_CASE(views_write_through_and_cannot_be_resized) {
  Model m;
  arma::mat& bias = m.store.parameter(m.fc_1.bias()).value<double>();
  const double* memory = bias.memptr();
  bias = arma::vec{1, 2, 3, 4, 5};
  bias += 1;
  bias = m.store.parameter(m.fc_1.weight()).value<double>() * arma::mat(3, 1, arma::fill::zeros);
  bias(4, 0) = 9;
  BOOST_TEST(bias.memptr() == memory);
  BOOST_TEST(memory[4] == 9);
  BOOST_TEST(memory[3] == 0);

  std::ostringstream silence;  // Armadillo prints before it throws
  std::ostream& before = arma::get_cerr_stream();
  arma::set_cerr_stream(silence);
  BOOST_CHECK_THROW(bias = arma::mat(6, 1), std::logic_error);
  BOOST_CHECK_THROW(bias = arma::mat(1, 5), std::logic_error);
  BOOST_CHECK_THROW(bias.set_size(4, 1), std::logic_error);
  BOOST_CHECK_THROW(bias.reshape(1, 5), std::logic_error);
  BOOST_CHECK_THROW(bias.reset(), std::logic_error);
  BOOST_CHECK_THROW(m.store.buffer<double>(m.mean).resize(3, 1), std::logic_error);
  arma::set_cerr_stream(before);
  const arma::mat moved = std::move(bias);  // copies
  BOOST_TEST(moved.memptr() != memory);
  BOOST_TEST(bias.memptr() == memory);
  BOOST_CHECK(td::shape_of(bias) == (td::Shape{5, 1}));
}

BOOST_AUTO_TEST_CASE(a_copied_view_is_a_matrix_of_its_own) {
  Model m;
  const arma::mat& bias = m.store.parameter(m.fc_1.bias()).value<double>();
  arma::mat copy = bias;
  copy.fill(8);
  copy.set_size(9, 9);
  BOOST_TEST(arma::abs(bias).max() < 1);
}

// Sealing.

BOOST_AUTO_TEST_CASE(a_sealed_store_takes_no_more) {
  Model m;
  m.store.seal();
  const std::string expected =
      ": a store that is sealed: its memory is laid out; expected an open one (build the whole model before "
      "the "
      "first tape, optimizer, copy or look at a value)";
  BOOST_TEST(complaint<td::UsageError>([&] { m.store.add("late", {1, 1}, td::zeros); }) == "late" + expected);
  BOOST_TEST(complaint<td::UsageError>([&] {
               m.store.scope("a").add("late", {1, 1}, td::zeros);
             }) == "a.late" + expected);
  BOOST_TEST(complaint<td::UsageError>([&] { m.store.add_buffer("late", {1, 1}, 0); }) == "late" + expected);
  BOOST_TEST(complaint<td::UsageError>([&] { m.store.set_group("encoder", "x"); }) == "set_group" + expected);
  BOOST_TEST(m.store.size() == 4U);
  m.store.seal();  // once more does no harm
}

BOOST_AUTO_TEST_CASE(what_seals_a_store) {
  const std::vector<void (*)(Model&)> sealing{
      [](Model& m) { m.store.values(); },
      [](Model& m) { m.store.buffers(); },
      [](Model& m) { m.store.parameter("encoder.fc_1.bias").value<double>(); },
      [](Model& m) { m.store.parameter("encoder.fc_1.bias").reset(); },
      [](Model& m) { m.store.gradients(); },
      [](Model& m) { td::Gradients{m.store}; },
      [](Model& m) { m.store.copy(); },
      [](Model& m) { m.store.reset(); },
      [](Model& m) { m.store.initialize(td::ones); },
      [](Model& m) { td::SGD{m.store}; },
      [](Model& m) {
        td::Memory memory;
        td::Tape{m.store, memory};
      }};
  for (const auto seal : sealing) {
    Model m;
    m.store.contains("x");
    m.store.parameter("encoder.fc_1.bias").shape();
    m.store.freeze("encoder");
    BOOST_TEST(!m.store.sealed());
    seal(m);
    BOOST_TEST(m.store.sealed());
  }
}

BOOST_AUTO_TEST_CASE(a_seal_that_failed_can_be_tried_again) {
  static int failures;
  failures = 1;
  td::ParameterStore store;
  store.add("a", {2, 2}, td::ones);
  store.add("b", {2, 2}, {[](arma::mat& values, td::Fan, const td::Random&, double) {
              if (failures-- > 0) throw std::bad_alloc{};
              values.fill(6);
            }});
  BOOST_CHECK_THROW(store.seal(), std::bad_alloc);
  BOOST_TEST(!store.sealed());
  store.add("c", {2, 2}, td::zeros);
  BOOST_TEST(store.parameter("b").value<float>()(1, 1) == 6);
  BOOST_TEST(store.internals().layout().flat_order.size() == 3U);
  BOOST_TEST(store.internals().layout().group_names.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_store_may_be_empty) {
  td::ParameterStore store;
  store.reset();
  BOOST_TEST(store.values().size() == 0U);
  BOOST_TEST(store.element_count() == 0U);
  td::ParameterStore copy = store.copy(td::f64);
  BOOST_TEST(copy.parameters().empty());
}

BOOST_AUTO_TEST_CASE(flat_buffers_of_other_layouts_are_not_taken) {
  Model m;
  Model stranger;
  BOOST_CHECK_THROW(m.store.values().assign(stranger.store.values()), td::UsageError);
  td::FlatBuffer moved = td::FlatBuffer(m.store.values());
  BOOST_TEST(same_bits(moved, m.store.values()));
  BOOST_TEST(moved.matrix<double>(1).memptr() == moved.data<double>() + moved.extents().slots[1].offset);
  moved.zero();
  BOOST_TEST(moved.matrix<double>(0)[0] == 0);
  BOOST_TEST(m.store.parameter(m.fc_1.weight()).value<double>()[0] != 0);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
