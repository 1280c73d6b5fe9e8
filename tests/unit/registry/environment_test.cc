#include <stdlib.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <optional>

#include "base/files.h"
#include "base/fs_at.h"
#include "registry/registry_client.h"

using namespace ibuild::registry;
namespace base = ibuild::base;

namespace {

/// Sets the variables that matter, unsets the others, and puts all back.
class Environment {
 public:
  explicit Environment(const std::map<std::string, std::string>& variables) {
    for (const char* name :
         {"HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "DOCKER_CONFIG",
          "DOCKER_AUTH_CONFIG", "REGISTRY_AUTH_FILE", "CONTAINERS_REGISTRIES_CONF",
          "CONTAINERS_REGISTRIES_CONF_DIR", "HTTP_PROXY", "http_proxy", "HTTPS_PROXY",
          "https_proxy", "NO_PROXY", "no_proxy"}) {
      const char* value = std::getenv(name);
      old_[name] = value != nullptr ? std::optional<std::string>(value) : std::nullopt;
      ::unsetenv(name);
    }
    for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() {
    for (const auto& [name, value] : old_) {
      if (value) {
        ::setenv(name.c_str(), value->c_str(), 1);
      } else {
        ::unsetenv(name.c_str());
      }
    }
  }

 private:
  std::map<std::string, std::optional<std::string>> old_;
};

using Paths = std::vector<std::string>;

constexpr std::uint32_t kUser = 1234;

}  // namespace

TEST_CASE("environment: the usual places below the home", "[registry]") {
  const Environment environment({{"HOME", "/h"}, {"XDG_RUNTIME_DIR", "/run/u"}});
  const RegistryOptions options = registry_options_from_environment(kUser);
  CHECK(options.docker_config_dir == "/h/.docker");
  CHECK(options.explicit_auth_file.empty());
  CHECK(options.auth_files ==
        Paths{"/run/u/containers/auth.json", "/h/.config/containers/auth.json", "/h/.dockercfg"});
  CHECK(options.registries_conf == "/etc/containers/registries.conf");
  CHECK(options.registries_conf_dirs ==
        Paths{"/etc/containers/registries.conf.d", "/h/.config/containers/registries.conf.d"});
  CHECK(options.certs_dirs == Paths{"/h/.config/containers/certs.d",
                                    "/h/.config/containerd/certs.d", "/h/.config/docker/certs.d",
                                    "/h/.docker/certs.d", "/etc/containers/certs.d",
                                    "/etc/containerd/certs.d", "/etc/docker/certs.d"});
  CHECK(options.hosts_dirs == Paths{"/h/.config/containerd/certs.d", "/h/.config/docker/certs.d",
                                    "/etc/containerd/certs.d", "/etc/docker/certs.d"});
}

TEST_CASE("environment: variables name other places", "[registry]") {
  const Environment environment({{"HOME", "/h"},
                                 {"XDG_CONFIG_HOME", "/c"},
                                 {"DOCKER_CONFIG", "/d"},
                                 {"DOCKER_AUTH_CONFIG", "{}"},
                                 {"REGISTRY_AUTH_FILE", "/a.json"},
                                 {"CONTAINERS_REGISTRIES_CONF", "/r.conf"},
                                 {"https_proxy", "http://p:1"},
                                 {"NO_PROXY", "x"}});
  const RegistryOptions options = registry_options_from_environment(kUser);
  CHECK(options.docker_config_dir == "/d");
  CHECK(options.docker_auth_config == "{}");
  CHECK(options.explicit_auth_file == "/a.json");
  CHECK(options.registries_conf == "/r.conf");
  CHECK(options.registries_conf_dirs.empty());
  CHECK(options.https_proxy == "http://p:1");
  CHECK(options.no_proxy == "x");
  CHECK(options.auth_files == Paths{"/run/containers/" + std::to_string(kUser) + "/auth.json",
                                    "/c/containers/auth.json", "/h/.dockercfg"});
}

TEST_CASE("environment: a user's own registries.conf takes the system's place", "[registry]") {
  const base::TempDir home(base::DirFd::open("/tmp"), "ibuild-test-home-");
  base::make_dirs(home.dir(), base::RelPath::exact(".config/containers"));
  base::write_file_atomically(home.dir(),
                              base::RelPath::exact(".config/containers/registries.conf"), "");
  const Environment environment({{"HOME", home.host_path()}});
  const auto options = registry_options_from_environment(kUser);
  const std::string own = home.host_path() + "/.config/containers/registries.conf";
  CHECK(options.registries_conf == own);
  CHECK(options.registries_conf_dirs == Paths{own + ".d"});
}

TEST_CASE("environment: where podman records aliases", "[registry]") {
  {
    const Environment environment({{"HOME", std::string("/h")}});
    CHECK(registry_options_from_environment(kUser).recorded_aliases ==
          "/h/.cache/containers/short-name-aliases.conf");
    CHECK(registry_options_from_environment(0).recorded_aliases ==
          "/var/cache/containers/short-name-aliases.conf");
  }
  const Environment environment({{"HOME", "/h"}, {"XDG_CACHE_HOME", "/c"}});
  CHECK(registry_options_from_environment(kUser).recorded_aliases ==
        "/c/containers/short-name-aliases.conf");
}

TEST_CASE("environment: without a home only the system's files are left", "[registry]") {
  const Environment environment({});
  const RegistryOptions options = registry_options_from_environment(kUser);
  CHECK(options.docker_config_dir.empty());
  CHECK(options.registries_conf_dirs == Paths{"/etc/containers/registries.conf.d"});
  CHECK(options.certs_dirs ==
        Paths{"/etc/containers/certs.d", "/etc/containerd/certs.d", "/etc/docker/certs.d"});
  CHECK(options.hosts_dirs == Paths{"/etc/containerd/certs.d", "/etc/docker/certs.d"});
}
