#include "kernels/dropout.hpp"

#include <algorithm>
#include <array>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/dropout.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/vectors-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tapedeck::kernels::HWY_NAMESPACE {
namespace {

using Word = std::uint32_t;
using Words = hn::ScalableTag<Word>;
using Counters = hn::ScalableTag<std::uint64_t>;
using Counter = hn::Vec<Counters>;

// The random bits of as many counters as a vector of 64 bits has lanes, four words each.
constexpr Index words_at_once = 4 * hn::MaxLanes(Counters());

// Philox-4x32-10, one counter in each lane: its words are the lower halves of the lanes of four vectors, and
// what is in the upper halves does not matter.
class Philox {
 public:
  explicit Philox(std::uint64_t key) {
    auto low = static_cast<Word>(key);
    auto high = static_cast<Word>(key >> 32U);
    for (auto& k : keys_) {
      k = {low, high};
      low += 0x9E3779B9U;
      high += 0xBB67AE85U;
    }
  }

  // The words of counters {first, column}, {first + 1, column}, ..., four by four.
  HWY_INLINE void fill(Word* bits, std::uint64_t first, std::uint64_t column) const {
    const Counters d;
    const Counter row = hn::Add(order(), hn::Set(d, first));
    Counter x[4] = {row, hn::ShiftRight<32>(row), hn::Set(d, column), hn::Set(d, column >> 32U)};
    for (const auto& key : keys_) {
      const Counter a = multiply(x[0], 0xD2511F53U);
      const Counter b = multiply(x[2], 0xCD9E8D57U);
      x[0] = hn::Xor(hn::ShiftRight<32>(b), hn::Xor(x[1], hn::Set(d, key[0])));
      x[1] = b;
      x[2] = hn::Xor(hn::ShiftRight<32>(a), hn::Xor(x[3], hn::Set(d, key[1])));
      x[3] = a;
    }
    store(x, bits);
  }

 private:
  HWY_INLINE static Counter multiply(Counter x, Word factor) {
    return hn::MulEven(hn::BitCast(Words(), x), hn::Set(Words(), factor));
  }

#if HWY_TARGET == HWY_SCALAR
  HWY_INLINE static Counter order() { return hn::Zero(Counters()); }
  HWY_INLINE static void store(const Counter (&x)[4], Word* bits) {
    for (Index k = 0; k < 4; ++k) bits[k] = static_cast<Word>(hn::GetLane(x[k]));
  }
#else
  // The even lanes count the counters of the first half of the words, the odd ones those of the second: when
  // pairs of lanes are interleaved, the words come in order.
  HWY_INLINE static Counter order() {
    const Counters d;
    const Counter half = hn::ShiftRight<1>(hn::Iota(d, 0));
    const Counter middle = hn::Set(d, hn::Lanes(d) / 2);
    return hn::OddEven(hn::Add(half, middle), half);
  }
  HWY_INLINE static Counter join(Counter low, Counter high) {
    const auto upper = hn::BitCast(Words(), hn::ShiftLeft<32>(high));
    return hn::BitCast(Counters(), hn::OddEven(upper, hn::BitCast(Words(), low)));
  }
  HWY_INLINE static void store(const Counter (&x)[4], Word* bits) {
    const Counters d;
    const Counter first = join(x[0], x[1]);
    const Counter second = join(x[2], x[3]);
    hn::Store(hn::BitCast(Words(), hn::InterleaveLower(d, first, second)), Words(), bits);
    hn::Store(hn::BitCast(Words(), hn::InterleaveUpper(d, first, second)), Words(),
              bits + hn::Lanes(Words()));
  }
#endif

  std::array<std::array<Word, 2>, 10> keys_;  // of the rounds
};

// Whether the words are above `dropped`, as a mask of T.
template <class T>
HWY_INLINE auto kept(const Word* bits, Word dropped) {
  const Tag<T> d;
  if constexpr (sizeof(T) == 4) {
    return hn::RebindMask(d, hn::Gt(hn::Load(Words(), bits), hn::Set(Words(), dropped)));
  } else {
    const Counters wide;
    const hn::Rebind<Word, Counters> half;
    const Counter words = hn::PromoteTo(wide, hn::Load(half, bits));
    return hn::RebindMask(d, hn::Gt(words, hn::Set(wide, dropped)));
  }
}

// y = mask (.) x, where 0 times anything is 0. mask(r, c) is 0 if word r % 4 of
// Random(key).bits(r / 4, first_column + c) is at most `dropped`, else `keep`.
template <class T>
HWY_NOINLINE void run_on_target(const Dropout<T>& call) {
  const Tag<T> d;
  const auto [rows, cols] = call.shape;
  const Philox philox(call.key);
  const Index at_once = 4 * hn::Lanes(Counters());
  const auto factor = hn::Set(d, call.keep);
  HWY_ALIGN Word bits[words_at_once];
  for (Index c = 0; c < cols; ++c) {
    const T* x = call.x + c * rows;
    T* mask = call.mask + c * rows;
    T* y = call.y + c * rows;
    for (Index first = 0; first < rows; first += at_once) {
      philox.fill(bits, first / 4, call.first_column + c);
      const Index end = std::min(first + at_once, rows);
      for (Index r = first; r < end; r += hn::Lanes(d)) {
        const auto wanted = kept<T>(bits + (r - first), call.dropped);
        const auto v = hn::Mul(factor, load_first(d, end - r, x + r));
        store_first(d, hn::IfThenElseZero(wanted, factor), end - r, mask + r);
        store_first(d, hn::IfThenElseZero(wanted, v), end - r, y + r);
      }
    }
  }
}

void dropout_f32(const Dropout<float>& call) { run_on_target(call); }
void dropout_f64(const Dropout<double>& call) { run_on_target(call); }

}  // namespace
}  // namespace tapedeck::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tapedeck::kernels {

HWY_EXPORT(dropout_f32);
HWY_EXPORT(dropout_f64);

void run(const Dropout<float>& call) { HWY_DYNAMIC_DISPATCH(dropout_f32)(call); }
void run(const Dropout<double>& call) { HWY_DYNAMIC_DISPATCH(dropout_f64)(call); }

}  // namespace tapedeck::kernels
#endif
