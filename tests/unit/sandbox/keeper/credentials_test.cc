#include "sandbox/child/keeper/credentials.h"

#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <random>

#include "tests/support/forked.h"
#include "tests/support/must_run.h"
#include "tests/unit/sandbox/step_fixture.h"

namespace ibuild::sandbox {
namespace {

IdSet kernel_user() {
  IdSet ids;
  ::getresuid(&ids.real, &ids.effective, &ids.saved);
  ids.file_system = static_cast<std::uint32_t>(::setfsuid(kSameId));
  return ids;
}

int result_of(long value) { return value == 0 ? 0 : errno; }

/// Makes one call on the kernel and on `ids`; whether they agree on its result.
bool agree_on_call(IdSet& ids, int call, const std::array<std::uint32_t, 3>& id) {
  const bool mighty = ids.effective == 0;
  switch (call) {
    case 0:
      return set_id(ids, mighty, id[0]) == result_of(::syscall(SYS_setuid, id[0]));
    case 1:
      return set_real_and_effective(ids, mighty, id[0], id[1]) ==
             result_of(::syscall(SYS_setreuid, id[0], id[1]));
    case 2:
      return set_all_three(ids, mighty, {id[0], id[1], id[2]}) ==
             result_of(::syscall(SYS_setresuid, id[0], id[1], id[2]));
    default:
      return set_file_system_id(ids, mighty, id[0]) ==
             static_cast<std::uint32_t>(::syscall(SYS_setfsuid, id[0]));
  }
}

/// Some calls one after the other, on the kernel and on our own count; whether they agree.
bool agree(unsigned seed) {
  std::mt19937 random(seed);
  constexpr std::array<std::uint32_t, 4> kIds = {0, 1, 2, kSameId};
  IdSet ids;
  for (int i = 0; i < 12; ++i) {
    const int call = static_cast<int>(random() % 4);
    std::array<std::uint32_t, 3> id{};
    for (auto& one : id) one = kIds.at(random() % kIds.size());
    if (!agree_on_call(ids, call, id) || kernel_user() != ids) return false;
  }
  return true;
}

TEST_CASE("credentials: ids change as the kernel changes them", "[sandbox]") {
  if (!test::can_run("root", ::geteuid() == 0 && test::is_real_root(), "not root")) return;
  for (unsigned seed = 0; seed < 300; ++seed) {
    INFO(seed);
    REQUIRE(test::passes_in_fork([&] { return agree(seed); }));
  }
}

TEST_CASE("credentials: groups are sorted, and the file system's group counts", "[sandbox]") {
  const auto mine = Credentials::of(1, 2, {9, 3});
  CHECK(mine.groups == std::vector<std::uint32_t>{3, 9});
  CHECK(mine.is_in_group(2));
  CHECK(mine.is_in_group(9));
  CHECK_FALSE(mine.is_in_group(1));
  CHECK_FALSE(mine.is_mighty());
  CHECK_FALSE(mine.makes_files_of_root());
  CHECK(Credentials::of(0, 0, {5}).makes_files_of_root());
  CHECK_FALSE(Credentials::of(0, 5, {}).makes_files_of_root());
}

TEST_CASE("credentials: capabilities are kept by who was root and asked for it", "[sandbox]") {
  auto mine = Credentials::of(0, 0, {});
  auto become = [&](std::uint32_t uid) {
    const IdSet before = mine.user;
    mine.user = {uid, uid, uid, uid};
    mine.note_change_of_user(before);
  };
  become(5);
  CHECK_FALSE(mine.may_change_groups());
  mine.keeps_capabilities = true;
  become(6);
  CHECK_FALSE(mine.may_change_groups());
  become(0);
  CHECK(mine.may_change_groups());
  become(7);
  CHECK(mine.may_change_groups());
  CHECK_FALSE(mine.is_mighty());
}

TEST_CASE("credentials: the same ones have the same number, unknown numbers are the first",
          "[sandbox]") {
  const auto first = Credentials::of(0, 0, {});
  const auto other = Credentials::of(1000, 1000, {4});
  CredentialTable table(first);
  CHECK(table.number_of(first) == 0U);
  CHECK(table.number_of(other) == 1U);
  CHECK(table.number_of(other) == 1U);
  CHECK(table.at(1) == other);
  CHECK(table.at(77) == first);
}

TEST_CASE("credentials: a step that has ever new ones runs out of room", "[sandbox]") {
  CredentialTable table(Credentials::of(0, 0, {}));
  const std::vector<std::uint32_t> many(65536, 1);
  std::size_t count = 0;
  while (table.number_of(Credentials::of(static_cast<std::uint32_t>(count), 0, many))) ++count;
  CHECK(count < CredentialTable::kIdsCap / many.size());
  CHECK(table.number_of(Credentials::of(0, 0, {})) == 0U);
}

}  // namespace
}  // namespace ibuild::sandbox
