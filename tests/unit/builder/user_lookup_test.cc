#include "builder/ops/user_lookup.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "tests/support/builder/fakes.h"

using namespace ibuild;
using builder::Owner;
using builder::UserLookup;

namespace {

const std::string kPasswd =
    "root:x:0:0:root:/root:/bin/sh\n# comment\n\napp:x:1000:1001:App:/home/app:/bin/sh\nbroken "
    "line\n12:x:70:71::/twelve:\n";
const std::string kGroup = "root:x:0:\nstaff:x:50:other,app\napp:x:1001:\naudio:x:29:app\n";

const std::vector<test::FakeFile> kNoUsers = {{"x", ""}};

struct Fixture {
  test::BuildFixture build;
  std::unique_ptr<builder::LayeredTree> tree;

  explicit Fixture(const std::vector<test::FakeFile>& files = {{"etc/passwd", kPasswd},
                                                               {"etc/group", kGroup}}) {
    const auto& image = build.images.add("users", files);
    tree = std::make_unique<builder::LayeredTree>(build.store->layers(), image.layers, "the image");
  }
  UserLookup users() const { return UserLookup(*tree); }
};

}  // namespace

TEST_CASE("user_lookup: --chown takes names and numbers", "[builder]") {
  const Fixture f;
  CHECK(f.users().find_owner("app") == Owner{1000, 1001});
  CHECK(f.users().find_owner("app:staff") == Owner{1000, 50});
  CHECK(f.users().find_owner("5") == Owner{5, 5});
  CHECK(f.users().find_owner("5:6") == Owner{5, 6});
  CHECK(f.users().find_owner(":staff") == Owner{0, 50});
  CHECK(f.users().find_owner("5:") == Owner{5, 0});
  CHECK(f.users().find_owner("app:") == Owner{1000, 0});
  CHECK(f.users().find_owner("root:root") == Owner{0, 0});
  CHECK(f.users().find_owner("12") == Owner{12, 12});
}

TEST_CASE("user_lookup: an unknown name is an error, with and without the files", "[builder]") {
  CHECK_THROWS_AS(Fixture().users().find_owner("nobody"), base::UsageError);
  CHECK_THROWS_AS(Fixture().users().find_owner("app:nogroup"), base::UsageError);
  CHECK_THROWS_AS(Fixture(kNoUsers).users().find_owner("app"), base::UsageError);
  CHECK_THROWS_AS(Fixture().users().find_owner("4294967295"), base::UsageError);
}

TEST_CASE("user_lookup: the nearest name of the image is suggested", "[builder]") {
  const Fixture f;
  const auto hint = [&](const std::string& spec, bool is_step) {
    try {
      if (is_step) {
        (void)f.users().find_step_user(spec);
      } else {
        (void)f.users().find_owner(spec);
      }
    } catch (const base::UsageError& error) {
      return error.hint();
    }
    return std::string("found");
  };
  for (const bool is_step : {false, true}) {
    CHECK(hint("ap", is_step) == "did you mean app?");
    CHECK(hint("5:stuff", is_step) == "did you mean staff?");
    CHECK(hint("somebody", is_step).empty());
  }
}

TEST_CASE("user_lookup: only names need the image's files", "[builder]") {
  CHECK(UserLookup::needs_files("app"));
  CHECK(UserLookup::needs_files("5:staff"));
  CHECK_FALSE(UserLookup::needs_files("5:6"));
  CHECK_FALSE(UserLookup::needs_files("root"));
  CHECK_FALSE(UserLookup::needs_files(""));
}

TEST_CASE("user_lookup: a step's user has home and supplementary groups", "[builder]") {
  const Fixture f;
  const auto app = f.users().find_step_user("app");
  CHECK(app.uid == 1000);
  CHECK(app.gid == 1001);
  CHECK(app.home == "/home/app");
  CHECK(app.additional_gids == std::vector<std::uint32_t>{1001, 50, 29});
  const auto by_number = f.users().find_step_user("1000");
  CHECK(by_number == app);
  const auto root = f.users().find_step_user("");
  CHECK(root.uid == 0);
  CHECK(root.home == "/root");
}

TEST_CASE("user_lookup: a group that is given replaces the supplementary ones", "[builder]") {
  const Fixture f;
  const auto user = f.users().find_step_user("app:staff");
  CHECK(user.gid == 50);
  CHECK(user.additional_gids == std::vector<std::uint32_t>{50});
  const auto root = f.users().find_step_user(":staff");
  CHECK(root.uid == 0);
  CHECK(root.gid == 50);
  CHECK(root.home == "/root");
}

TEST_CASE("user_lookup: numbers need no entry, names do", "[builder]") {
  const Fixture f;
  const auto user = f.users().find_step_user("4000:4001");
  CHECK(user.uid == 4000);
  CHECK(user.gid == 4001);
  CHECK(user.home == "/");
  CHECK_THROWS_AS(f.users().find_step_user("ghost"), base::UsageError);
  CHECK(Fixture(kNoUsers).users().find_step_user("").home == "/root");
}

TEST_CASE("user_lookup: links are followed inside the image, other kinds of files refused",
          "[builder]") {
  const Fixture linked(
      {{"real/passwd", kPasswd},
       {"etc/passwd", "", 0777, 0, 0, layers::EntryType::symlink, "/real/passwd"}});
  CHECK(linked.users().find_owner("app") == Owner{1000, 1001});
  const Fixture fifo({{"etc/passwd", "", 0644, 0, 0, layers::EntryType::fifo}});
  CHECK_THROWS_WITH(fifo.users().find_owner("app"), Catch::Contains("not a regular file"));
  const Fixture huge({{"etc/passwd", std::string((10 << 20) + 1, 'x')}});
  CHECK_THROWS_WITH(huge.users().find_owner("app"), Catch::Contains("larger than"));
}
