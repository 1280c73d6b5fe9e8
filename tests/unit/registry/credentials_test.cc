#include "registry/credentials.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "base/error.h"
#include "base/files.h"
#include "base/fs_at.h"
#include "registry/registry_client.h"

using namespace ibuild::registry;
namespace base = ibuild::base;
using base::RelPath;

namespace {

/// A home with a config.json and helper programs on PATH.
class Home {
 public:
  Home() : dir_(base::DirFd::open("/tmp"), "ibuild-test-home-"), old_path_(std::getenv("PATH")) {
    base::make_dirs(dir_.dir(), RelPath::exact("bin"));
    ::setenv("PATH", (path("bin") + ":" + old_path_).c_str(), 1);
  }
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;
  ~Home() { ::setenv("PATH", old_path_.c_str(), 1); }

  std::string path(const std::string& name) const { return dir_.host_path() + "/" + name; }
  void write(const std::string& name, const std::string& text, mode_t mode = 0644) {
    base::make_dirs(dir_.dir(), RelPath::exact(name).parent());
    base::write_file_atomically(dir_.dir(), RelPath::exact(name), text, mode);
  }
  std::string read(const std::string& name) const {
    return base::try_read_host_file(path(name), 1 << 20).value_or("(missing)");
  }
  /// docker-credential-test keeps what it is told in a file, and notes its arguments and input in
  /// another.
  void install_helper() {
    write("bin/docker-credential-test",
          "#!/bin/sh\nset -e\ncd '" + dir_.host_path() +
              "'\ninput=$(cat)\n"
              "printf '%s|%s\\n' \"$*\" \"$input\" >>calls\n"
              "case $1 in\n"
              "get) if [ -f secret ]; then cat secret; else\n"
              "  echo 'credentials not found in native keychain'; exit 1; fi;;\n"
              "store) printf '%s' \"$input\" >secret;;\n"
              "erase) rm -f secret;;\n"
              "esac\n",
          0755);
  }
  RegistryOptions options() const {
    RegistryOptions options;
    options.docker_config_dir = path("docker");
    options.auth_files = {path("run/auth.json"), path("home/auth.json")};
    return options;
  }

 private:
  base::TempDir dir_;
  std::string old_path_;
};

std::string entry(const std::string& host, const std::string& user) {
  return R"({"auths":{")" + host + R"(":{"username":")" + user + R"(","password":"p"}}})";
}

std::string user_of(const RegistryOptions& options, const std::string& host) {
  const auto credential = CredentialStore(options).find(host, "a/b");
  return credential ? credential->username : "(none)";
}

}  // namespace

TEST_CASE("credentials: the order of the places", "[registry]") {
  Home home;
  RegistryOptions options = home.options();
  options.explicit_auth_file = home.path("explicit.json");
  options.auth_files.push_back(home.path("home/.dockercfg"));
  CHECK(user_of(options, "h") == "(none)");
  home.write("home/.dockercfg", R"({"h": {"username": "old", "password": "p"}})");
  CHECK(user_of(options, "h") == "old");
  CHECK(user_of(options, "other") == "(none)");
  home.write("home/auth.json", entry("h", "user-auth-file"));
  CHECK(user_of(options, "h") == "user-auth-file");
  home.write("run/auth.json", entry("h", "runtime-auth-file"));
  CHECK(user_of(options, "h") == "runtime-auth-file");
  home.write("docker/config.json", entry("h", "docker"));
  CHECK(user_of(options, "h") == "docker");
  home.write("explicit.json", entry("h", "explicit"));
  CHECK(user_of(options, "h") == "explicit");
  options.docker_auth_config = entry("h", "inline");
  CHECK(user_of(options, "h") == "inline");
  CHECK(CredentialStore(options).find("h", "x")->origin == "DOCKER_AUTH_CONFIG");
}

TEST_CASE("credentials: store writes a private file that find reads", "[registry]") {
  Home home;
  const CredentialStore store(home.options());
  CHECK(store.store("h:5000", {.username = "u", .password = "p"}) ==
        home.path("docker/config.json"));
  const auto found = store.find("h:5000", "x/y");
  REQUIRE(found);
  CHECK(found->password == "p");
  CHECK(found->origin == home.path("docker/config.json"));
  struct stat info {};
  REQUIRE(::stat(home.path("docker/config.json").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
  CHECK(store.erase("h:5000"));
  CHECK_FALSE(store.erase("h:5000"));
  CHECK_FALSE(store.find("h:5000", "x/y"));
}

TEST_CASE("credentials: store changes the file behind a link", "[registry]") {
  Home home;
  home.write("dotfiles/config.json", R"({"x": 1})");
  home.write("docker/other", "");
  REQUIRE(::symlink(home.path("dotfiles/config.json").c_str(),
                    home.path("docker/config.json").c_str()) == 0);
  CredentialStore(home.options()).store("h", {.username = "u", .password = "p"});
  CHECK(home.read("dotfiles/config.json").find("\"auth\": \"dTpw\"") != std::string::npos);
  CHECK(home.read("dotfiles/config.json").find("\"x\": 1") != std::string::npos);
}

TEST_CASE("credentials: a helper keeps the secret, the file does not", "[registry]") {
  Home home;
  home.install_helper();
  home.write("docker/config.json", R"({"credsStore": "test"})");
  const CredentialStore store(home.options());
  CHECK_FALSE(store.find("docker.io", "library/x"));
  CHECK(store.store("docker.io", {.username = "u", .password = "hush"}) ==
        "docker-credential-test");
  const auto found = store.find("docker.io", "library/x");
  REQUIRE(found);
  CHECK(found->username == "u");
  CHECK(found->password == "hush");
  CHECK(found->origin == "docker-credential-test");
  CHECK(home.read("docker/config.json").find("hush") == std::string::npos);
  CHECK(store.erase("docker.io"));
  CHECK_FALSE(store.find("docker.io", "library/x"));
  CHECK(home.read("calls").starts_with("get|https://index.docker.io/v1/\nstore|{"));
}

TEST_CASE("credentials: a helper's <token> user is an identity token", "[registry]") {
  Home home;
  home.install_helper();
  home.write("docker/config.json", R"({"credHelpers": {"h": "test"}})");
  home.write("secret", R"({"ServerURL": "h", "Username": "<token>", "Secret": "refresh"})");
  const auto found = CredentialStore(home.options()).find("h", "x");
  REQUIRE(found);
  CHECK(found->identity_token == "refresh");
  CHECK(found->username.empty());
  CHECK_FALSE(CredentialStore(home.options()).find("other", "x"));
}

TEST_CASE("credentials: a helper that is missing or fails is a problem, other places are asked",
          "[registry]") {
  Home home;
  home.write("docker/config.json", R"({"credsStore": "nowhere"})");
  const CredentialStore store(home.options());
  const CredentialLookup lookup = store.look_up("h", "x");
  CHECK_FALSE(lookup.credential);
  REQUIRE(lookup.problems.size() == 1);
  CHECK(lookup.problems[0].find("docker-credential-nowhere") != std::string::npos);
  CHECK_THROWS_AS(store.find("h", "x"), base::Error);
  home.write("run/auth.json", entry("h", "fallback"));
  CHECK(store.find("h", "x")->username == "fallback");

  home.write("bin/docker-credential-nowhere", "#!/bin/sh\necho locked; exit 3\n", 0755);
  CHECK(store.look_up("h", "x").problems.at(0) ==
        "docker-credential-nowhere get: exit code 3: locked");
  home.write("bin/docker-credential-nowhere", "#!/bin/sh\necho '[]'\n", 0755);
  CHECK(store.look_up("h", "x").problems.size() == 1);
}

TEST_CASE("credentials: a broken file is named", "[registry]") {
  Home home;
  home.write("docker/config.json", "{");
  CHECK_THROWS_AS(CredentialStore(home.options()).find("h", "x"), base::UsageError);
}
