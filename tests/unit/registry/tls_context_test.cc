#include "registry/http/tls_context.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/fs_at.h"

using namespace ibuild::registry;
namespace base = ibuild::base;

namespace {

class Folders {
 public:
  Folders() : dir_(base::DirFd::open("/tmp"), "ibuild-test-certs-") {}
  std::string path(const std::string& name) const { return dir_.host_path() + "/" + name; }
  void write(const std::string& name) {
    base::make_dirs(dir_.dir(), base::RelPath::exact(name).parent());
    base::write_file_atomically(dir_.dir(), base::RelPath::exact(name), "pem");
  }
  TlsFiles find(const std::string& host) const {
    return find_tls_files({.all = {path("one"), path("two")}, .with_hosts_files = {path("two")}},
                          host);
  }

 private:
  base::TempDir dir_;
};

}  // namespace

TEST_CASE("tls_context: the first folder for the host counts", "[registry]") {
  Folders dirs;
  CHECK(dirs.find("h:5000").empty());
  dirs.write("two/h:5000/b.crt");
  dirs.write("two/h:5000/a.crt");
  dirs.write("two/h:5000/readme.txt");
  CHECK(dirs.find("h:5000").ca_files ==
        std::vector<std::string>{dirs.path("two/h:5000/a.crt"), dirs.path("two/h:5000/b.crt")});
  dirs.write("one/h:5000/own.crt");
  CHECK(dirs.find("h:5000").ca_files == std::vector<std::string>{dirs.path("one/h:5000/own.crt")});
  CHECK(dirs.find("h").empty());
}

TEST_CASE("tls_context: a port may be written as containerd does, too", "[registry]") {
  Folders dirs;
  dirs.write("one/h:5000/a.crt");
  dirs.write("one/h_5000_/b.crt");
  CHECK(dirs.find("h:5000").ca_files == std::vector<std::string>{dirs.path("one/h_5000_/b.crt")});
  CHECK(folder_names("[::1]") == std::vector<std::string>{"[::1]"});
  CHECK(folder_names("[::1]:5000") == std::vector<std::string>{"[::1]_5000_", "[::1]:5000"});
}

TEST_CASE("tls_context: beside a hosts.toml files count only as it names them", "[registry]") {
  Folders dirs;
  dirs.write("two/h/mirror.crt");
  CHECK_FALSE(dirs.find("h").empty());
  dirs.write("two/h/hosts.toml");
  CHECK(dirs.find("h").empty());
  // A folder where nobody reads such a file.
  dirs.write("one/h/ca.crt");
  dirs.write("one/h/hosts.toml");
  CHECK(dirs.find("h").ca_files == std::vector<std::string>{dirs.path("one/h/ca.crt")});
}

TEST_CASE("tls_context: a host cannot lead out of certs.d", "[registry]") {
  Folders dirs;
  dirs.write("ca.crt");
  CHECK(dirs.find("..").empty());
  CHECK(dirs.find("../one").empty());
}

TEST_CASE("tls_context: client certificates come with their keys", "[registry]") {
  Folders dirs;
  dirs.write("one/h/me.cert");
  CHECK_THROWS_AS(dirs.find("h"), base::UsageError);
  dirs.write("one/h/me.key");
  const TlsFiles files = dirs.find("h");
  REQUIRE(files.client_pairs.size() == 1);
  CHECK(files.client_pairs[0].certificate == dirs.path("one/h/me.cert"));
  CHECK(files.client_pairs[0].key == dirs.path("one/h/me.key"));
}

TEST_CASE("tls_context: files that are no PEM are named", "[registry]") {
  Folders dirs;
  dirs.write("one/h/ca.crt");
  try {
    const TlsContext context(dirs.find("h"), TlsTrust::verified);
    FAIL("taken");
  } catch (const base::UsageError& error) {
    CHECK(std::string(error.what()).starts_with(dirs.path("one/h/ca.crt") + ": "));
  }
  CHECK_NOTHROW(TlsContext(dirs.find("h"), TlsTrust::none));
  CHECK_THROWS_WITH(TlsContext({.ca_files = {"/no/such"}, .client_pairs = {}}, TlsTrust::verified),
                    "open /no/such: no such file or directory");
}

TEST_CASE("tls_context: a folder for every host counts before all others", "[registry]") {
  Folders dirs;
  dirs.write("one/h/ca.crt");
  dirs.write("mine/own.crt");
  const auto files = find_tls_files(
      {.all = {dirs.path("one")}, .with_hosts_files = {}, .for_every_host = dirs.path("mine")},
      "h");
  CHECK(files.ca_files == std::vector<std::string>{dirs.path("mine/own.crt")});
}
