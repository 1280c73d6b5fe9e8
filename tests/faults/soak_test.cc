// Pushes and pulls in weather that spoils one request of twenty: nothing gets lost.
#include <catch2/catch.hpp>

#include <cstdlib>
#include <random>

#include "base/error.h"
#include "base/text.h"
#include "tests/faults/fault_table.h"
#include "tests/faults/weather.h"
#include "tests/support/must_run.h"

using namespace ibuild;
using namespace ibuild::test;

namespace {

constexpr double kFaultsPerRequest = 0.05;
constexpr std::uint64_t kUsualRounds = 40;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : base::parse_u64(text).value_or(otherwise);
}

}  // namespace

TEST_CASE("soak: pushes and pulls with a fault in one request of twenty", "[faults]") {
  const auto why_not = RegistryServer::why_unavailable();
  if (!can_run("registry", why_not.empty(), why_not)) return;
  const std::uint64_t rounds = number_from("IBUILD_SOAK_ROUNDS", kUsualRounds);
  const std::uint64_t seed = number_from("IBUILD_SOAK_SEED", 1);
  INFO("seed " << seed);
  World world;
  FaultProxy proxy(world.port());
  const FaultProxy elsewhere(world.port());
  const auto faults = passing_faults(elsewhere);
  std::mt19937_64 random(seed);
  std::size_t spoiled = 0;
  proxy.begin([&](std::size_t, const std::string&) {
    if (std::bernoulli_distribution(1 - kFaultsPerRequest)(random)) return Fault{};
    ++spoiled;
    std::uniform_int_distribution<std::size_t> any(0, faults.size() - 1);
    return faults[any(random)].fault;
  });
  for (std::uint64_t round = 0; round < rounds; ++round) {
    const std::string path = world.fresh_path();
    Household visitor;
    try {
      world.push_to(proxy.host() + path);
      visitor.pull(proxy.host() + path);
    } catch (const base::Error& error) {
      FAIL_CHECK("round " << round << ": " << error.what());
      continue;
    }
    INFO("round " << round);
    CHECK(visitor.find_damage().empty());
    CHECK(world.find_damage(path).empty());
  }
  INFO(spoiled << " of " << proxy.seen().size() << " requests were spoiled");
  CHECK(spoiled > 0);
}
