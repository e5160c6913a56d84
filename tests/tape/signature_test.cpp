#include "tapedeck/tape/signature.hpp"

#include <boost/test/unit_test.hpp>

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(tape)
BOOST_AUTO_TEST_SUITE(signature)

namespace {

constexpr td::Signature affine = "w(m,n)* b(m,1) x(n,batch)* -> y(m,batch)";
static_assert(affine.inputs.size == 3 && affine.outputs.size == 1 && affine.saved.size == 0);
static_assert(affine.inputs[0].name == "w" && affine.inputs[1].name == "b" && affine.inputs[2].name == "x");
static_assert(affine.inputs[0].kept && !affine.inputs[1].kept && affine.inputs[2].kept &&
              !affine.outputs[0].kept);
static_assert(affine.word_count == 3 && affine.words[0] == "m" && affine.words[1] == "n" &&
              affine.words[2] == "batch");
static_assert(affine.inputs[0].rows.word && affine.inputs[0].rows.number == affine.outputs[0].rows.number);
static_assert(!affine.inputs[1].cols.word && affine.inputs[1].cols.number == 1);

constexpr td::Signature loss = "z( c , b )  t(1,b):index*->l(1,1)|p(c,b) q(12,b)";
static_assert(loss.inputs.size == 2 && loss.outputs.size == 1 && loss.saved.size == 2);
static_assert(loss.inputs[1].index && loss.inputs[1].kept && !loss.inputs[0].index && !loss.inputs[0].kept);
static_assert(loss.saved[0].kept && loss.saved[1].kept && loss.saved[1].name == "q");
static_assert(loss.saved[1].rows.number == 12 && !loss.saved[1].rows.word);

constexpr td::Signature cell = "x(n,b) h(m,b) -> next_h(m,b)* c2(m,b)";
static_assert(cell.outputs.size == 2 && cell.outputs[0].kept && !cell.outputs[1].kept);
static_assert(cell.outputs[0].name == "next_h" && cell.outputs[1].name == "c2");

// What each fault is called is told to the author by `apply`; tests/contract reads that.
using Fault = td::Signature::Fault;
static_assert(affine.fault == Fault::none && loss.fault == Fault::none && cell.fault == Fault::none);
constexpr td::Signature typo = "x(f,b)* t(1,b:index -> y(f,b)";
static_assert(typo.fault == Fault::malformed_operand && typo.unread == ":index -> y(f,b)");
static_assert(td::Signature("x(4294967295,b) -> y(1,b)").inputs[0].rows.number == 4294967295);
static_assert(td::Signature("x(4294967296,b) -> y(1,b)").fault == Fault::malformed_size);
static_assert(td::Signature("x(a,b) y(c,d) -> z(e,f) w(g,h)").fault == Fault::none);
static_assert(td::Signature("x(a,b) y(c,d) -> z(e,f) w(g,i) v(h,j)").fault == Fault::too_many_sizes);

}  // namespace

// What is asserted above at compile time is what the library itself reads; this says so at run time.
BOOST_AUTO_TEST_CASE(a_signature_is_read_at_compile_time) {
  BOOST_TEST(affine.inputs[2].name == "x");
  BOOST_TEST(affine.words[affine.outputs[0].cols.number] == "batch");
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
