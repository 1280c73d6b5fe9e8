#include "registry/hosts_file.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/fs_at.h"

using namespace ibuild::registry;
using namespace std::chrono_literals;
namespace base = ibuild::base;
namespace image = ibuild::image;

namespace {

using Lines = std::vector<std::string>;

const std::string kPath = "/c/docker.io/hosts.toml";

HostsFile parse(const std::string& toml) { return HostsFile::parse(toml, kPath); }

std::string message_of(const std::string& toml) {
  try {
    parse(toml);
  } catch (const base::UsageError& error) {
    return error.what();
  }
  return "(taken)";
}

image::Reference python() { return {"docker.io", "library/python", "3.7", std::nullopt}; }

/// "scheme host root ?ns"
Lines places(const HostsFile& file, Purpose purpose, const image::Reference& name = python()) {
  Lines lines;
  for (const Endpoint& endpoint : file.endpoints(name, purpose)) {
    const auto scheme = endpoint.rules.scheme;
    lines.push_back(std::string(scheme == PlaceRules::Scheme::http    ? "http "
                                : scheme == PlaceRules::Scheme::https ? "https "
                                                                      : "- ") +
                    endpoint.host + " " + endpoint.rules.api_root + " " +
                    endpoint.rules.name_space);
  }
  return lines;
}

/// Folders of hosts.toml files.
class Folders {
 public:
  void write(const std::string& name, const std::string& text) {
    base::make_dirs(dir_.dir(), base::RelPath::exact(name).parent());
    base::write_file_atomically(dir_.dir(), base::RelPath::exact(name), text);
  }
  std::string path(const std::string& name) const { return dir_.host_path() + "/" + name; }
  /// Which file is found.
  std::string found(const std::string& domain) const {
    const auto file = HostsFile::find({path("one"), path("two")}, domain);
    return file ? file->path().substr(dir_.host_path().size() + 1) : "";
  }

 private:
  base::TempDir dir_{base::DirFd::open("/tmp"), "ibuild-test-hosts-"};
};

}  // namespace

TEST_CASE("hosts_file: hosts in the order of the file, then the server", "[registry]") {
  const auto file = parse(R"(
server = "https://registry-1.docker.io"
[host."https://z.example"]
  capabilities = ["pull"]
[host."https://mirror.example/us/"]
  [host."https://mirror.example/us/".header]
    x-a = "1"
[host."http://a.example:5000"]
  capabilities = ["Pull", "Resolve"]
)");
  CHECK(places(file, Purpose::pull) ==
        Lines{"https z.example /v2 docker.io", "https mirror.example /us/v2 docker.io",
              "http a.example:5000 /v2 docker.io", "https registry-1.docker.io /v2 "});
  CHECK(file.ignored().empty());
}

TEST_CASE("hosts_file: each is asked for what it is trusted with", "[registry]") {
  const auto file = parse(R"(
[host."https://public.example"]
  capabilities = ["pull"]
[host."https://push.example"]
  capabilities = ["push"]
[host."https://private.example"]
  capabilities = ["pull", "resolve", "referrers"]
)");
  CHECK(places(file, Purpose::pull) == Lines{"https public.example /v2 docker.io",
                                             "https private.example /v2 docker.io",
                                             "- registry-1.docker.io /v2 "});
  CHECK(places(file, Purpose::resolve) ==
        Lines{"https private.example /v2 docker.io", "- registry-1.docker.io /v2 "});
  CHECK(places(file, Purpose::push) ==
        Lines{"https push.example /v2 docker.io", "- registry-1.docker.io /v2 "});
  CHECK(places(file, Purpose::referrers) ==
        Lines{"https private.example /v2 docker.io", "- registry-1.docker.io /v2 "});
}

TEST_CASE("hosts_file: a server of its own takes the registry's place", "[registry]") {
  const auto file = parse("server = \"https://only.example\"\ncapabilities = [\"pull\"]\n");
  CHECK(places(file, Purpose::pull) == Lines{"https only.example /v2 docker.io"});
  try {
    (void)file.endpoints(python(), Purpose::push);
    FAIL("somebody takes a push");
  } catch (const base::UsageError& error) {
    CHECK(std::string(error.what()) ==
          "docker.io/library/python: nobody may be asked, no host in " + kPath +
              " has the capability \"push\"");
  }
  CHECK(file.server(python()).host == "only.example");
}

TEST_CASE("hosts_file: an empty text changes nothing", "[registry]") {
  const auto endpoints = parse("# nothing\n").endpoints(python(), Purpose::push);
  REQUIRE(endpoints.size() == 1);
  CHECK(endpoints[0].domain == "docker.io");
  CHECK(endpoints[0].kind == Endpoint::Kind::origin);
  CHECK(endpoints[0].rules.scheme == PlaceRules::Scheme::by_host);
}

TEST_CASE("hosts_file: the name of the registry itself is no mirror's", "[registry]") {
  const image::Reference name{"r.io:443", "a", "1", std::nullopt};
  CHECK(places(parse("server = \"https://r.io\""), Purpose::pull, name) ==
        Lines{"https r.io:443 /v2 "});
  CHECK(places(parse("server = \"http://r.io\""), Purpose::pull, name) ==
        Lines{"http r.io /v2 r.io:443"});
  CHECK(places(parse("server = \"docker.io\""), Purpose::pull) ==
        Lines{"https registry-1.docker.io /v2 "});
}

TEST_CASE("hosts_file: override_path leaves the path as it is", "[registry]") {
  const auto root = [](const std::string& toml) { return parse(toml).places()[0].rules.api_root; };
  CHECK(root("[host.\"https://h/v2/up\"]\noverride_path = true\n") == "/v2/up");
  CHECK(root("[host.\"https://h\"]\noverride_path = true\n").empty());
  CHECK(root("[host.\"https://h/a/v2\"]\n") == "/a/v2");
  CHECK(root("[host.\"https://h/v2/a\"]\n") == "/v2/a/v2");
}

TEST_CASE("hosts_file: files are looked for beside hosts.toml", "[registry]") {
  const auto files = [](const std::string& keys) {
    return parse("[host.\"https://h\"]\n" + keys).places()[0].rules.connection.tls_files;
  };
  CHECK(files("ca = \"ca.pem\"").ca_files == Lines{"/c/docker.io/ca.pem"});
  CHECK(files("ca = [\"/a.pem\", \"b.pem\"]").ca_files == Lines{"/a.pem", "/c/docker.io/b.pem"});
  using Pairs = std::vector<TlsFiles::ClientPair>;
  CHECK(files("client = \"/both.pem\"").client_pairs == Pairs{{"/both.pem", "/both.pem"}});
  CHECK(files("client = [\"/a.pem\", \"/b.pem\"]").client_pairs ==
        Pairs{{"/a.pem", "/a.pem"}, {"/b.pem", "/b.pem"}});
  CHECK(files("client = [[\"/c.cert\", \"c.key\"], [\"/d.pem\", \"\"]]").client_pairs ==
        Pairs{{"/c.cert", "/c/docker.io/c.key"}, {"/d.pem", "/d.pem"}});
}

TEST_CASE("hosts_file: TLS, time and fields of a host", "[registry]") {
  const auto file = parse(R"(
skip_verify = true
[host."https://h"]
  skip_verify = false
  dial_timeout = "1.5s"
  [host."https://h".header]
    x-one = "a"
    x-two = ["b", "c"]
)");
  const HostPlace& host = file.places()[0];
  CHECK(host.security == Endpoint::Security::required);
  CHECK(file.places()[1].security == Endpoint::Security::not_required);
  CHECK(host.rules.connection.connect_timeout == 1500ms);
  using Fields = std::vector<std::pair<std::string, std::string>>;
  CHECK(host.rules.fields == Fields{{"x-one", "a"}, {"x-two", "b"}, {"x-two", "c"}});
}

TEST_CASE("hosts_file: what is wrong is named with its line", "[registry]") {
  const std::string host = "[host.\"https://h\"]\n";
  CHECK(message_of("server = 1") == kPath + ":1: server is no text");
  CHECK(message_of(host + "capabilities = [\"pull\", \"delete\"]") ==
        kPath + ":2: capability \"delete\" is none of pull, resolve, push, referrers");
  CHECK(message_of(host + "capabilities = \"pull\"") == kPath + ":2: capabilities is no list");
  CHECK(message_of(host + "ca = 1") == kPath + ":2: ca is no list");
  CHECK(message_of(host + "client = [[\"a\"]]") ==
        kPath + ":2: client holds what is neither a file nor a pair of files");
  CHECK(message_of(host + "skip_verify = \"yes\"") ==
        kPath + ":2: skip_verify is neither true nor false");
  CHECK(message_of(host + "dial_timeout = \"soon\"") ==
        kPath + ":2: dial_timeout \"soon\" is no time like 1s");
  CHECK(message_of(host + "dial_timeout = \"-1s\"") ==
        kPath + ":2: dial_timeout \"-1s\" is no time like 1s");
  CHECK(message_of(host + "[host.\"https://h\".header]\n\"a b\" = \"1\"") ==
        kPath + ":3: \"a b\" names no field");
  CHECK(message_of(host + "[host.\"https://h\".header]\na = \"1\\n2\"") ==
        kPath + ":3: header field a holds control bytes");
  CHECK(message_of("[host.\"ftp://h\"]") == kPath + ":1: \"ftp://h\" is no URL of a registry");
  CHECK(message_of("server = \"*\"") == kPath + ":1: \"*\" is no URL of a registry");
  CHECK(message_of("[host.\"https://u:p@h\"]") ==
        kPath + ":1: a URL with a user name: `ibuild login` stores credentials");
  CHECK(message_of("host = 1") == kPath + ":1: host is no table");
  CHECK(message_of("server").starts_with(kPath + ":1: "));
}

TEST_CASE("hosts_file: what is not known is told, not refused", "[registry]") {
  const auto file = parse(R"(
retries = 3
[host."https://h"]
  server = "x"
  [host."https://h".host."https://deeper"]
  [host."https://h".header]
    Content-Length = "0"
)");
  CHECK(file.places().size() == 2);
  CHECK(file.ignored() ==
        Lines{kPath + ":7: header field Content-Length cannot be changed, and ignored",
              kPath + ":5: \"host\" is not known here, and ignored",
              kPath + ":4: \"server\" is not known here, and ignored",
              kPath + ":2: \"retries\" is not known here, and ignored"});
}

TEST_CASE("hosts_file: a registry's own folder goes before _default, the first one counts",
          "[registry]") {
  Folders folders;
  CHECK(folders.found("r.io:5000").empty());
  folders.write("one/_default/hosts.toml", "# all\n");
  CHECK(folders.found("r.io:5000") == "one/_default/hosts.toml");
  folders.write("two/r.io:5000/hosts.toml", "# two\n");
  CHECK(folders.found("r.io:5000") == "two/r.io:5000/hosts.toml");
  folders.write("two/r.io_5000_/hosts.toml", "# as on Windows\n");
  CHECK(folders.found("r.io:5000") == "two/r.io_5000_/hosts.toml");
  folders.write("one/r.io:5000/hosts.toml", "");  // as if there were none
  folders.write("one/r.io/hosts.toml", "# another port\n");
  CHECK(folders.found("r.io:5000") == "two/r.io_5000_/hosts.toml");
  CHECK(folders.found("r.io") == "one/r.io/hosts.toml");
  CHECK(folders.found("../two/r.io:5000") == "one/_default/hosts.toml");
}
