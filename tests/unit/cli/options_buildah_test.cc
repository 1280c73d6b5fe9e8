#include "cli/options_buildah.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <sstream>

#include "base/error.h"
#include "cli/options_build.h"

using namespace ibuild;

namespace {

builder::BuildRequest request_of(std::vector<std::string> words) {
  cli::OptionParser parser("ibuild build", "");
  cli::BuildOptions options;
  options.add_to(parser);
  std::ostringstream out;
  (void)parser.parse(words, out);
  return cli::make_build_request(options);
}

std::vector<std::string> platforms_of(std::vector<std::string> words) {
  std::vector<std::string> names;
  for (const auto& platform : request_of(std::move(words)).platforms)
    names.push_back(platform.str());
  return names;
}

using Attributes = std::map<std::string, std::string>;

}  // namespace

TEST_CASE("options_buildah: a platform in parts", "[cli]") {
  using Names = std::vector<std::string>;
  CHECK(platforms_of({"--arch", "arm", "--variant", "v6"}) == Names{"linux/arm/v6"});
  CHECK(platforms_of({"--os=windows", "--arch=amd64"}) == Names{"windows/amd64"});
  CHECK(platforms_of({"--os=linux"}) == Names{image::host_platform().str()});
  CHECK_THROWS_WITH(request_of({"--arch=arm64", "--platform=linux/amd64"}),
                    Catch::Contains("--platform does not go with"));
}

TEST_CASE("options_buildah: what is said of images goes to the outputs that are some", "[cli]") {
  CHECK(request_of({"--format=docker"}).outputs.at(0).attributes ==
        Attributes{{"oci-mediatypes", "false"}});
  const auto several = request_of(
      {"--format=oci", "--compression-format=zstd", "--compression-level=9", "--force-compression",
       "--rewrite-timestamp", "-o", "type=oci,dest=a,compression=gzip", "-o", "type=local,dest=b"});
  CHECK(several.outputs.at(0).attributes == Attributes{{"dest", "a"},
                                                       {"compression", "gzip"},
                                                       {"compression-level", "9"},
                                                       {"force-compression", "true"},
                                                       {"oci-mediatypes", "true"},
                                                       {"rewrite-timestamp", "true"}});
  CHECK(several.outputs.at(1).attributes == Attributes{{"dest", "b"}});
  CHECK_THROWS_WITH(request_of({"--format=v2s1"}), Catch::Contains("--format v2s1"));
  CHECK_THROWS_WITH(request_of({"--format=oci", "-o", "d"}), Catch::Contains("--format needs"));
}

TEST_CASE("options_buildah: base, variables, labels and history", "[cli]") {
  setenv("IBUILD_TEST_GIVEN", "from outside", 1);
  const auto request =
      request_of({"--from=alpine:3", "--env=A=1=2", "--env=IBUILD_TEST_GIVEN",
                  "--env=IBUILD_TEST_MISSING", "--inherit-labels=false", "--omit-history"});
  unsetenv("IBUILD_TEST_GIVEN");
  CHECK(request.first_base == "alpine:3");
  CHECK(request.env == std::vector<std::pair<std::string, std::string>>{
                           {"A", "1=2"}, {"IBUILD_TEST_GIVEN", "from outside"}});
  CHECK_FALSE(request.inherits_labels);
  CHECK_FALSE(request.has_history);
  CHECK(request_of({"--inherit-labels"}).inherits_labels);
  CHECK(request_of({"--from=scratch"}).first_base == "scratch");
  CHECK_THROWS_WITH(request_of({"--from=A B"}), Catch::Contains("--from"));
  CHECK_THROWS_WITH(request_of({"--env==x"}), Catch::Contains("--env"));
}

TEST_CASE("options_buildah: time and steps at once", "[cli]") {
  CHECK(request_of({"--source-date-epoch=7", "--build-arg=SOURCE_DATE_EPOCH=8"})
            .build_args.at("SOURCE_DATE_EPOCH") == "7");
  for (const char* bad : {"x", "-1", "9223372037"})
    CHECK_THROWS_WITH(request_of({"--source-date-epoch", bad}),
                      Catch::Contains("--source-date-epoch"));
  CHECK(request_of({}).max_parallel_steps == 0);
  CHECK(request_of({"--jobs=1"}).max_parallel_steps == 1);
  CHECK(request_of({"--jobs=0"}).max_parallel_steps > 1000);
  CHECK_THROWS_WITH(request_of({"--jobs=many"}), Catch::Contains("--jobs many"));
}

TEST_CASE("options_buildah: resolv.conf and proxies of steps", "[cli]") {
  const auto dns =
      request_of({"--dns=1.1.1.1,::1", "--dns-search=a.example", "--dns-option=ndots:2"}).dns;
  CHECK(dns.servers == std::vector<std::string>{"1.1.1.1", "::1"});
  CHECK(dns.search == std::vector<std::string>{"a.example"});
  CHECK(dns.options == std::vector<std::string>{"ndots:2"});
  for (const char* bad : {"none", "host", "1.1.1.1 x", ""})
    CHECK_THROWS_WITH(request_of({"--dns", bad}), Catch::Contains("--dns"));
  CHECK_THROWS_WITH(request_of({"--dns=1.1.1.1", "--network=none"}),
                    Catch::Contains("--network=none"));
  setenv("HTTPS_PROXY", "http://p", 1);
  CHECK(request_of({"--http-proxy"}).build_args.at("HTTPS_PROXY") == "http://p");
  CHECK_FALSE(request_of({}).build_args.contains("HTTPS_PROXY"));
  unsetenv("HTTPS_PROXY");
}

TEST_CASE("options_buildah: a log is no terminal", "[cli]") {
  cli::BuildOptions options;
  options.buildah.logfile = "log";
  CHECK(options.progress_mode() == cli::ProgressMode::plain);
  options.progress = "tty";
  CHECK_THROWS_WITH(options.progress_mode(), Catch::Contains("--logfile"));
}

TEST_CASE("options_buildah: what cannot be had is refused by name, with what to do", "[cli]") {
  for (const char* option : {"--all-platforms",
                             "--cap-add=x",
                             "--cap-drop=x",
                             "--cpp-flag=x",
                             "--cw=x",
                             "--userns=host",
                             "--hooks-dir=x",
                             "--ipc=host",
                             "--logsplit",
                             "--manifest=x",
                             "--mount=x",
                             "--no-hosts",
                             "--runtime=crun",
                             "--sbom-output=x",
                             "--sign-by=x",
                             "--stdin",
                             "--layers=false",
                             "--save-stages",
                             "--compat-volumes",
                             "--created-annotation",
                             "--identity-label",
                             "--inherit-annotations",
                             "--skip-unused-stages=false",
                             "--disable-compression",
                             "--decryption-key=x",
                             "--source-policy-file=x",
                             "--group-add=x",
                             "--layer-label=x"}) {
    CAPTURE(option);
    const std::string text(option);
    CHECK_THROWS_WITH(request_of({text, "."}), Catch::StartsWith(text.substr(0, text.find('='))) &&
                                                   Catch::Contains(" is not supported: "));
  }
}

TEST_CASE("options_buildah: what is done anyway is taken", "[cli]") {
  CHECK_NOTHROW(request_of(
      {"--layers", "--layers=true", "--save-stages=false", "--compat-volumes=false",
       "--created-annotation=false", "--identity-label=false", "--inherit-annotations=false",
       "--skip-unused-stages", "--disable-compression=false", "--stage-labels=false",
       "--unsetannotation=x", "--disable-content-trust", "."}));
}
