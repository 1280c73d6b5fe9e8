#include <catch2/catch.hpp>

#include "builder/sbom/go_build_info.h"
#include "tests/unit/builder/sbom/go_program.h"
#include "tests/unit/builder/sbom/sbom_fixture.h"

using namespace ibuild;
using test::GoProgram;
using test::SbomFixture;
using test::Urls;

namespace {

const std::string kModules =
    "path\texample.org/tool/cmd/tool\n"
    "mod\texample.org/tool\t(devel)\t\n"
    "dep\tgithub.com/BurntSushi/toml\tv1.2.0\th1:abc=\n"
    "dep\tgopkg.in/yaml.v3\tv3.0.1\n"
    "=>\tgithub.com/fork/yaml\tv3.0.2\th1:def=\n"
    "dep\texample.org/local\tv1.0.0\n"
    "=>\t./local\t\n"
    "build\t-compiler=gc\n";

const Urls kFound = {"pkg:golang/example.org/local", "pkg:golang/example.org/tool",
                     "pkg:golang/github.com/burntsushi/toml@v1.2.0",
                     "pkg:golang/github.com/fork/yaml@v3.0.2", "pkg:golang/stdlib@1.21.3"};

test::FakeFile program(const std::string& bytes) { return {"usr/bin/tool", bytes, 0755}; }

std::optional<builder::GoBuildInfo> info_of(const std::string& bytes) {
  return builder::read_go_build_info([&](std::uint64_t offset) {
    return std::make_unique<base::StringSource>(
        std::string_view(bytes).substr(std::min<std::uint64_t>(offset, bytes.size())));
  });
}

}  // namespace

TEST_CASE("go_scanner: the modules of programs, in all forms", "[sbom]") {
  SbomFixture f;
  for (const bool is_inline : {true, false}) {
    for (const bool is_wide : {true, false}) {
      for (const bool is_big_endian : {true, false}) {
        const GoProgram one{.modules = kModules,
                            .is_inline = is_inline,
                            .is_wide = is_wide,
                            .is_big_endian = is_big_endian};
        CHECK(f.urls({program(one.bytes())}) == kFound);
      }
    }
  }
  CHECK(f.urls({program(GoProgram{.version = "go1.22rc1 X:loopvar"}.bytes())}) ==
        Urls{"pkg:golang/stdlib@1.22rc1"});
}

TEST_CASE("go_scanner: only programs are looked at", "[sbom]") {
  SbomFixture f;
  const auto bytes = GoProgram{.modules = kModules}.bytes();
  CHECK(f.urls({{"usr/share/data", bytes, 0644},
                {"usr/bin/text", "#!/bin/sh\n" + bytes.substr(10), 0755},
                {"usr/bin/small", bytes.substr(0, 1000), 0755}})
            .empty());
}

TEST_CASE("go_build_info: a cut or changed program is none, or says less", "[sbom]") {
  for (const bool is_inline : {true, false}) {
    const auto whole = GoProgram{.modules = kModules, .is_inline = is_inline}.bytes();
    REQUIRE(info_of(whole));
    CHECK(info_of(whole)->modules == kModules);
    for (std::size_t size = 0; size < 200; ++size) CHECK(!info_of(whole.substr(0, size)));
    for (std::size_t size = 69'990; size < 70'032; ++size) CHECK(!info_of(whole.substr(0, size)));
    // Every byte of the headers and of the build info as large as it can be.
    for (std::size_t at : {0, 70'000}) {
      for (std::size_t i = at; i < at + 200; ++i) {
        auto changed = whole;
        changed[i] = '\xff';
        if (const auto info = info_of(changed)) CHECK(info->modules.size() <= whole.size());
      }
    }
  }
}

TEST_CASE("go_build_info: the magic of a program that deals with build infos", "[sbom]") {
  auto bytes = GoProgram{.modules = kModules}.bytes();
  bytes.replace(16'000, 14, "\xff Go buildinf:");  // nothing follows
  bytes.replace(20'001, 14, "\xff Go buildinf:");  // not where one stands
  REQUIRE(info_of(bytes));
  CHECK(info_of(bytes)->modules == kModules);
}

TEST_CASE("go_scanner: lines that nobody wrote", "[sbom]") {
  SbomFixture f;
  const std::string lines = "=>\tx\ty\ndep\n=>\tx\ty\ndep\t\tv1\n\t\t\nmod\ta/\tv1\ndep\n";
  CHECK(f.urls({program(GoProgram{.modules = lines}.bytes())}) == Urls{"pkg:golang/stdlib@1.21.3"});
}
