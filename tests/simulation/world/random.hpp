#pragma once
#include <array>
#include <cstdint>

namespace rondo::sim {

/// xoshiro256** (Blackman and Vigna, 2018) seeded by splitmix64. The distributions of <random> differ between
/// standard libraries, so a seed would not mean the same run everywhere.
class Random {
  public:
    explicit Random(std::uint64_t seed) {
        for (std::uint64_t& word : state_) {
            seed += 0x9e3779b97f4a7c15ULL;
            std::uint64_t z = seed;
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
            z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
            word = z ^ (z >> 31);
        }
    }

    std::uint64_t next() {
        const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
        const std::uint64_t t = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= t;
        state_[3] = rotate(state_[3], 45);
        return result;
    }
    /// Uniform in [0, bound); 0 for a bound of 0. The bias of the modulus does not matter here.
    std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
    /// Uniform in [low, high].
    std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
    bool one_in(std::uint64_t n) { return below(n) == 0; }
    bool permille(std::uint64_t p) { return p != 0 && below(1000) < p; }
    /// Around `mean`, from a quarter of it to twice it, more often short: the gaps between faults.
    std::uint64_t gap(std::uint64_t mean) { return mean / 4 + (below(mean + 1) * below(1000)) / 571; }
    /// An independent source, so that what one part draws does not move another.
    Random fork() { return Random(next()); }

  private:
    static std::uint64_t rotate(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
    std::array<std::uint64_t, 4> state_{};
};

}  // namespace rondo::sim
