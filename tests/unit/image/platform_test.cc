#include "image/platform.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace ibuild;
using namespace ibuild::image;

namespace {

Platform platform(const char* os, const char* architecture, const char* variant = "") {
  return {.os = os, .architecture = architecture, .variant = variant};
}

std::vector<Platform> offers(std::initializer_list<const char*> texts) {
  std::vector<Platform> list;
  for (const char* text : texts) list.push_back(parse_platform(text));
  return list;
}

}  // namespace

TEST_CASE("platform: names are brought to their normal form", "[image]") {
  struct Case {
    const char* given;
    const char* normal;
  };
  const auto c =
      GENERATE(Case{"linux/x86_64", "linux/amd64"}, Case{"Linux/AMD64", "linux/amd64"},
               Case{"linux/amd64/v1", "linux/amd64"}, Case{"linux/amd64/v3", "linux/amd64/v3"},
               Case{"linux/aarch64", "linux/arm64"}, Case{"linux/arm64/v8", "linux/arm64"},
               Case{"linux/arm64/8", "linux/arm64"}, Case{"linux/arm64/v9", "linux/arm64/v9"},
               Case{"linux/armhf", "linux/arm/v7"}, Case{"linux/armel", "linux/arm/v6"},
               Case{"linux/arm", "linux/arm/v7"}, Case{"linux/arm/6", "linux/arm/v6"},
               Case{"linux/i386", "linux/386"}, Case{"linux/i686", "linux/386"},
               Case{"macos/arm64", "darwin/arm64"}, Case{"linux/riscv64", "linux/riscv64"},
               Case{"linux/s390x", "linux/s390x"});
  CHECK(parse_platform(c.given).str() == c.normal);
}

TEST_CASE("platform: one word is completed by this machine", "[image]") {
  const Platform host = host_platform();
  CHECK(host.os == "linux");
  CHECK_FALSE(host.architecture.empty());
  CHECK(parse_platform("local") == host);
  CHECK(parse_platform("linux") == host);
  CHECK(parse_platform("windows").architecture == host.architecture);
  CHECK(parse_platform("s390x").str() == "linux/s390x");
  CHECK(parse_platform("aarch64").str() == "linux/arm64");
}

TEST_CASE("platform: what is no platform is refused", "[image]") {
  const auto text = GENERATE("", "/", "linux/", "/amd64", "linux//v7", "a/b/c/d", "linux/amd 64",
                             "linux/*", "nonsense", "linux(/amd64", "windows(+)/amd64");
  CHECK_THROWS_AS(parse_platform(text), base::UsageError);
}

TEST_CASE("platform: a typo gets a suggestion", "[image]") {
  CHECK_THROWS_WITH(parse_platform("amd46"), Catch::Contains("did you mean \"amd64\"?"));
  CHECK_THROWS_WITH(parse_platform("linus"), Catch::Contains("did you mean \"linux\"?"));
}

TEST_CASE("platform: a Windows version is read from parentheses", "[image]") {
  const Platform windows = parse_platform("windows(10.0.17763)/amd64");
  CHECK(windows.str() == "windows/amd64");
  CHECK(windows.os_version == "10.0.17763");
  CHECK(parse_platform("windows()/amd64") == parse_platform("windows/amd64"));  // as containerd
}

TEST_CASE("platform: features of the system stand behind its version", "[image]") {
  const Platform windows = parse_platform("windows(10.0.17763+win32k+b+b)/amd64");
  CHECK(windows.os_version == "10.0.17763");
  CHECK(windows.os_features == std::vector<std::string>{"b", "win32k"});
  CHECK(windows.str_with_version() == "windows(10.0.17763+b+win32k)/amd64");
  const Platform without = parse_platform("windows(+win32k)/amd64");
  CHECK(without.os_version.empty());
  CHECK(without.str_with_version() == "windows(+win32k)/amd64");
  CHECK(parse_platform("windows(1%2B2)/amd64").os_version == "1+2");
  CHECK(parse_platform("windows(1%2B2)/amd64").str_with_version() == "windows(1%2B2)/amd64");
  CHECK(matches(windows, parse_platform("windows(10.0.17763+win32k)/amd64")));
  CHECK(matches(windows, parse_platform("windows(10.0.17763)/amd64")));
  CHECK_FALSE(matches(without, parse_platform("windows(+c)/amd64")));
  CHECK(matches(parse_platform("windows/amd64"), without));
}

TEST_CASE("platform: what is wrong in the parentheses is named", "[image]") {
  CHECK_THROWS_WITH(parse_platform("windows(10.0+)/amd64"),
                    Catch::Contains("a feature of the system, \"\", is not one"));
  CHECK_THROWS_WITH(parse_platform("windows(10.0%zz)/amd64"),
                    Catch::Contains("the version in parentheses, \"10.0%zz\", is not one"));
  CHECK_THROWS_WITH(parse_platform("windows(10 0)/amd64"), Catch::Contains("\"10 0\""));
  CHECK_THROWS_WITH(parse_platform("windows(1%4)/amd64"), Catch::Contains("\"1%4\""));
}

TEST_CASE("platform: normal forms stay as they are", "[image]") {
  const auto text = GENERATE("linux/amd64", "linux/arm/v7", "linux/arm64", "linux/amd64/v2");
  const Platform once = parse_platform(text);
  CHECK(normalize(once) == once);
  CHECK(parse_platform(once.str()) == once);
}

TEST_CASE("platform: a newer variant runs what was made for an older one", "[image]") {
  struct Case {
    const char* wanted;
    const char* offered;
    bool fits;
  };
  const auto c = GENERATE(
      Case{"linux/arm/v7", "linux/arm/v6", true}, Case{"linux/arm/v7", "linux/arm/v5", true},
      Case{"linux/arm/v6", "linux/arm/v7", false}, Case{"linux/arm/v8", "linux/arm/v7", true},
      Case{"linux/amd64/v3", "linux/amd64", true}, Case{"linux/amd64", "linux/amd64/v2", false},
      Case{"linux/amd64/v4", "linux/amd64/v3", true}, Case{"linux/arm64", "linux/arm64/v9", false},
      Case{"linux/arm64/v9", "linux/arm64", true},
      Case{"linux/arm64/v8.2", "linux/arm64/v8.1", true},
      Case{"linux/arm64/v8.1", "linux/arm64/v8.2", false},
      Case{"linux/arm64", "linux/arm/v7", true}, Case{"linux/amd64", "linux/386", true},
      Case{"linux/amd64", "windows/amd64", false}, Case{"linux/riscv64", "linux/riscv64", true},
      Case{"linux/mips/a", "linux/mips/b", false});
  CHECK(matches(parse_platform(c.wanted), parse_platform(c.offered)) == c.fits);
}

TEST_CASE("platform: offers that are not in normal form match all the same", "[image]") {
  CHECK(matches(platform("linux", "arm64"), platform("linux", "arm64", "v8")));
  CHECK(matches(platform("linux", "aarch64", "v8"), platform("linux", "arm64")));
  CHECK(matches(platform("linux", "amd64"), platform("linux", "amd64", "v1")));
  CHECK(matches(platform("linux", "arm"), platform("linux", "arm", "v7")));
}

TEST_CASE("platform: attestations and empty platforms never match", "[image]") {
  const Platform unknown = platform("unknown", "unknown");
  CHECK_FALSE(matches(parse_platform("linux/amd64"), unknown));
  CHECK_FALSE(matches(unknown, unknown));
  CHECK_FALSE(matches(parse_platform("linux/amd64"), Platform{}));
}

TEST_CASE("platform: a wanted version must be offered", "[image]") {
  const Platform wanted = parse_platform("windows(10.0.17763)/amd64");
  CHECK(matches(wanted, wanted));
  CHECK_FALSE(matches(wanted, parse_platform("windows(10.0.20348)/amd64")));
  CHECK_FALSE(matches(wanted, parse_platform("windows/amd64")));
  CHECK(matches(parse_platform("windows/amd64"), wanted));
}

TEST_CASE("platform: the best offer is the exact one, else the newest that runs", "[image]") {
  const auto arm = offers({"linux/arm/v5", "linux/arm/v7", "linux/arm/v6", "linux/arm/v8"});
  CHECK(best_match(parse_platform("linux/arm/v7"), arm) == 1);
  CHECK(best_match(parse_platform("linux/arm/v6"), arm) == 2);
  CHECK(best_match(parse_platform("linux/arm/v7"), offers({"linux/arm/v5", "linux/arm/v6"})) == 1);
  CHECK(best_match(parse_platform("linux/amd64/v3"),
                   offers({"linux/amd64", "linux/amd64/v2", "linux/amd64/v4"})) == 1);
}

TEST_CASE("platform: a smaller architecture serves when there is nothing better", "[image]") {
  const auto amd64 = parse_platform("linux/amd64");
  CHECK(best_match(amd64, offers({"linux/386", "linux/amd64"})) == 1);
  CHECK(best_match(amd64, offers({"linux/arm64", "linux/386"})) == 1);
  const auto arm64 = parse_platform("linux/arm64");
  CHECK(best_match(arm64, offers({"linux/arm/v6", "linux/arm/v7", "linux/amd64"})) == 1);
  CHECK(best_match(arm64, offers({"linux/arm/v7", "linux/arm64"})) == 1);
  CHECK(best_match(parse_platform("linux/386"), offers({"linux/amd64"})) == std::nullopt);
  CHECK(best_match(parse_platform("linux/arm/v7"), offers({"linux/arm64"})) == std::nullopt);
}

TEST_CASE("platform: the version of the system is shown where it is asked for", "[image]") {
  const auto windows = parse_platform("windows(10.0.17763)/amd64");
  CHECK(windows.str() == "windows/amd64");
  CHECK(windows.str_with_version() == "windows(10.0.17763)/amd64");
  CHECK(parse_platform("linux/arm/v7").str_with_version() == "linux/arm/v7");
}

TEST_CASE("platform: the first of equal offers is taken; nothing fits nothing", "[image]") {
  CHECK(best_match(parse_platform("linux/amd64"),
                   offers({"linux/arm64", "linux/amd64", "linux/amd64"})) == 1);
  CHECK(best_match(parse_platform("linux/s390x"), offers({"linux/amd64"})) == std::nullopt);
  CHECK(best_match(parse_platform("linux/amd64"), {}) == std::nullopt);
}
