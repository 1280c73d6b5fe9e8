#include "registry/short_names.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "base/files.h"
#include "image/short_name.h"

using namespace ibuild::registry;
using Catch::Matchers::Contains;
namespace base = ibuild::base;
namespace image = ibuild::image;

namespace {

using Names = std::vector<std::string>;

RegistriesConf conf(const std::string& toml) { return RegistriesConf::parse(toml, "conf"); }

image::Reference short_name(const std::string& text) {
  return image::parse_reference(text, image::ShortNameRule::containers);
}

Names str(const ShortNames::Candidates& candidates) {
  Names names;
  for (const auto& candidate : candidates.names) names.push_back(candidate.str());
  return names;
}

Names candidates(const std::string& toml, const std::string& name) {
  return str(ShortNames(conf(toml)).candidates(short_name(name)));
}

/// The message of a file that cannot be used.
std::string message_of(const std::string& toml) {
  try {
    const ShortNames names(conf(toml));
  } catch (const base::UsageError& error) {
    return error.what();
  }
  return "(taken)";
}

/// The files of a machine.
struct Files {
  base::TempDir dir{base::DirFd::open("/tmp"), "ibuild-test-names-"};
  std::string path(const std::string& name) const { return dir.host_path() + "/" + name; }
  void write(const std::string& name, const std::string& text) const {
    const auto file = base::RelPath::exact(name);
    if (!file.parent().is_root()) base::make_dirs(dir.dir(), file.parent());
    base::write_file_atomically(dir.dir(), file, text);
  }
  ShortNames load() const {
    RegistryOptions options;
    options.registries_conf = path("main");
    options.registries_conf_dirs = {path("d")};
    options.recorded_aliases = path("recorded");
    return ShortNames::load(options);
  }
};

const std::string kDigest = "sha256:" + std::string(64, 'a');

constexpr const char* kTwo = "unqualified-search-registries = ['a.example', 'docker.io/']\n";
constexpr const char* kAlias = "[aliases]\n'python' = 'a.example/mirror/python'\n";

}  // namespace

TEST_CASE("short_names: an alias goes by the name alone, and keeps tag and digest", "[registry]") {
  const auto toml = std::string(kTwo) + kAlias;
  CHECK(candidates(toml, "python") == Names{"a.example/mirror/python"});
  CHECK(candidates(toml, "python:3.7") == Names{"a.example/mirror/python:3.7"});
  CHECK(candidates(toml, "python:3.7@" + kDigest) ==
        Names{"a.example/mirror/python:3.7@" + kDigest});
  // Another name, not a part of it.
  CHECK(candidates(toml, "library/python") ==
        Names{"a.example/library/python", "docker.io/library/python"});
  const auto found = ShortNames(conf(toml)).candidates(short_name("python"));
  CHECK(found.reason == "alias in conf");
  CHECK(found.is_alias);
}

TEST_CASE("short_names: an alias to Docker Hub has its whole name there", "[registry]") {
  CHECK(candidates("[aliases]\n'py' = 'docker.io/python'\n", "py:3") ==
        Names{"docker.io/library/python:3"});
}

TEST_CASE("short_names: registries are searched in the order of the file", "[registry]") {
  CHECK(candidates(kTwo, "python:3.7") ==
        Names{"a.example/python:3.7", "docker.io/library/python:3.7"});
  CHECK(candidates(kTwo, "team/app:1") == Names{"a.example/team/app:1", "docker.io/team/app:1"});
  const auto found = ShortNames(conf(kTwo)).candidates(short_name("python"));
  CHECK(found.reason == "unqualified-search-registries in conf");
  CHECK_FALSE(found.is_alias);
}

TEST_CASE("short_names: several registries and the mode", "[registry]") {
  const std::string one = "unqualified-search-registries = ['h:5000']\n";
  const auto two_in = [](const std::string& mode) {
    return candidates(std::string(kTwo) + "short-name-mode = '" + mode + "'\n", "x:1").size();
  };
  CHECK(two_in("permissive") == 2);
  CHECK(two_in("disabled") == 2);
  CHECK(two_in("") == 2);
  CHECK(candidates(one + "short-name-mode = 'enforcing'\n", "x:1") == Names{"h:5000/x:1"});
  CHECK(candidates(kTwo + std::string("short-name-mode = 'enforcing'\n") + kAlias, "python:1") ==
        Names{"a.example/mirror/python:1"});
  const ShortNames enforcing(conf(std::string(kTwo) + "short-name-mode = 'enforcing'\n"));
  CHECK(enforcing.known(short_name("x:1")).names.size() == 2);
  try {
    enforcing.candidates(short_name("x:1"));
    FAIL("it was taken");
  } catch (const base::UsageError& error) {
    CHECK_THAT(error.what(), Contains("x:1 may mean a.example/x:1, docker.io/library/x:1") &&
                                 Contains("unqualified-search-registries in conf") &&
                                 Contains("enforcing"));
    CHECK_THAT(error.hint(), Contains("write one of these names") && Contains("alias for x"));
  }
}

TEST_CASE("short_names: a name that nothing is said of", "[registry]") {
  const auto refusal = [](const ShortNames& names) -> std::pair<std::string, std::string> {
    CHECK(names.known(short_name("python:3.7")).names.empty());
    try {
      names.candidates(short_name("python:3.7"));
    } catch (const base::UsageError& error) {
      return {error.what(), error.hint()};
    }
    return {};
  };
  const auto [message, hint] = refusal(ShortNames(conf("[aliases]\n'x' = 'h.example/x'\n")));
  CHECK(message ==
        "python:3.7 names no registry, and there is neither an alias for it nor any "
        "unqualified-search-registries in conf");
  CHECK_THAT(hint, Contains("write the registry's host") &&
                       Contains("--short-names=docker for docker.io/library/python:3.7"));
  CHECK_THAT(refusal(ShortNames(RegistriesConf())).first, Contains("there is no registries.conf"));
}

TEST_CASE("short_names: later files go before earlier ones", "[registry]") {
  const Files files;
  files.write("main", std::string(kTwo) +
                          "[aliases]\n'a' = 'main.example/a'\n'b' = 'main.example/b'\n"
                          "'gone' = 'main.example/gone'\n'c' = 'main.example/c'\n");
  files.write("d/10.conf",
              "unqualified-search-registries = ['ten.example']\n"
              "[aliases]\n'b' = 'ten.example/b'\n'gone' = ''\n");
  files.write("d/20.conf", "short-name-mode = 'enforcing'\n[aliases]\n'b' = 'twenty.example/b'\n");
  files.write("d/30.conf", "short-name-mode = ''\n");
  files.write("recorded", "[aliases]\n'c' = 'mine.example/c'\n");
  const auto names = files.load();
  const auto of = [&](const std::string& name) { return names.candidates(short_name(name)); };
  CHECK(str(of("a")) == Names{"main.example/a"});
  CHECK(of("a").reason == "alias in " + files.path("main"));
  CHECK(str(of("b")) == Names{"twenty.example/b"});
  CHECK(of("b").reason == "alias in " + files.path("d/20.conf"));
  CHECK(str(of("gone")) == Names{"ten.example/gone"});
  CHECK(of("gone").reason == "unqualified-search-registries in " + files.path("d/10.conf"));
  CHECK(str(of("c")) == Names{"mine.example/c"});
  CHECK(of("c").reason == "alias in " + files.path("recorded"));

  // An empty list is one, too.
  files.write("d/40.conf", "unqualified-search-registries = []\n");
  CHECK_THROWS_WITH(files.load().candidates(short_name("x")),
                    Contains(files.path("main")) && Contains(files.path("d/40.conf")));
}

TEST_CASE("short_names: a recorded alias may be taken away, and its file be missing",
          "[registry]") {
  const Files files;
  files.write("main",
              "unqualified-search-registries = ['h.example']\n[aliases]\n"
              "'x' = 'main.example/x'\n");
  CHECK(str(files.load().candidates(short_name("x"))) == Names{"main.example/x"});
  files.write("recorded", "[aliases]\n'x' = ''\n");
  CHECK(str(files.load().candidates(short_name("x"))) == Names{"h.example/x"});
}

TEST_CASE("short_names: what is wrong is named with its line", "[registry]") {
  CHECK(message_of("\nshort-name-mode = 'ask'\n") ==
        "conf:2: short-name-mode \"ask\" is none of \"enforcing\", \"permissive\", \"disabled\"");
  CHECK(message_of("short-name-mode = 1\n") == "conf:1: short-name-mode is no text");
  CHECK(message_of("unqualified-search-registries = 'h.example'\n") ==
        "conf:1: unqualified-search-registries is no list");
  CHECK(message_of("unqualified-search-registries = ['h.example',\n1]\n") ==
        "conf:2: unqualified-search-registries is no text");
  CHECK(message_of("unqualified-search-registries = ['h.example',\n'registry']\n") ==
        "conf:2: unqualified-search-registries: \"registry\" is no host of a registry (with a dot "
        "or a port)");
  CHECK(message_of("aliases = 1\n") == "conf:1: aliases is no table");
  CHECK(message_of("[aliases]\n'x' = 1\n") == "conf:2: x is no text");
  CHECK(message_of("[aliases]\n'x' = 'team/x'\n") ==
        "conf:2: the alias \"x\" names no registry: \"team/x\"");
  CHECK(message_of("[aliases]\n'h.example/x' = 'h.example/x'\n") ==
        "conf:2: the alias \"h.example/x\" names a registry itself");
  CHECK(message_of("[aliases]\n'x:1' = 'h.example/x'\n") ==
        "conf:2: the alias \"x:1\" has a tag or digest: \"x:1\"");
  CHECK(message_of("[aliases]\n'x' = 'h.example/x:1'\n") ==
        "conf:2: the alias \"x\" has a tag or digest: \"h.example/x:1\"");
  CHECK_THAT(message_of("[aliases]\n'X' = 'h.example/x'\n"), Contains("conf:2: the alias \"X\": "));
  for (const char* host : {"https://h.example", "h.example/team", "", "docker.io/x"}) {
    INFO(host);
    CHECK_THAT(message_of("unqualified-search-registries = ['" + std::string(host) + "']\n"),
               Contains("conf:1: unqualified-search-registries"));
  }
}

TEST_CASE("short_names: who does not ask for them is not told of wrong ones", "[registry]") {
  CHECK_NOTHROW(conf("short-name-mode = 'ask'\n[aliases]\n'x' = 'team/x'\n"));
}
