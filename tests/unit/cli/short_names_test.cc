#include "cli/short_names.h"

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <sstream>

#include "base/error.h"
#include "cli/options_build.h"

using namespace ibuild;
using image::ShortNameRule;

namespace {

/// IBUILD_SHORT_NAMES for a while.
class Variable {
 public:
  explicit Variable(const char* value) {
    if (value == nullptr) {
      ::unsetenv(kName);
    } else {
      ::setenv(kName, value, 1);
    }
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { ::unsetenv(kName); }

 private:
  static constexpr const char* kName = "IBUILD_SHORT_NAMES";
};

ShortNameRule rule(const char* variable, const std::vector<std::string>& words) {
  const Variable set(variable);
  cli::OptionParser parser("ibuild pull", "");
  cli::ShortNameFlag flag;
  flag.add_to(parser);
  std::ostringstream out;
  (void)parser.parse(words, out);
  return flag.rule();
}

}  // namespace

TEST_CASE("short_names: Docker's rule, the variable's, the option's", "[cli]") {
  CHECK(rule(nullptr, {}) == ShortNameRule::docker);
  CHECK(rule("", {}) == ShortNameRule::docker);
  CHECK(rule("docker", {}) == ShortNameRule::docker);
  CHECK(rule("containers", {}) == ShortNameRule::containers);
  CHECK(rule(nullptr, {"--short-names=containers"}) == ShortNameRule::containers);
  CHECK(rule("containers", {"--short-names", "docker"}) == ShortNameRule::docker);
  // One that does not count is not looked at.
  CHECK(rule("podman", {"--short-names=docker"}) == ShortNameRule::docker);
}

TEST_CASE("short_names: another value is refused with its place", "[cli]") {
  CHECK_THROWS_WITH(rule("podman", {}),
                    "IBUILD_SHORT_NAMES=podman: it must be docker or containers");
  CHECK_THROWS_WITH(rule("containers", {"--short-names=Docker"}),
                    "--short-names=Docker: it must be docker or containers");
  CHECK_THROWS_AS(rule(nullptr, {"--short-names="}), base::UsageError);
}

TEST_CASE("short_names: a build has the rule for all that it reads", "[cli]") {
  const Variable set("containers");
  cli::BuildOptions options;
  options.tags = {"app"};
  options.sources.contexts = {"base=docker-image://alpine"};
  const auto request = cli::make_build_request(options);
  CHECK(request.short_names == ShortNameRule::containers);
  CHECK(request.tags[0].str() == "docker.io/library/app:latest");
  const auto key = request.contexts.find("base", image::host_platform());
  REQUIRE(key);
  const auto& context = std::get<builder::ImageContext>(request.contexts.at(*key));
  CHECK(context.reference->str() == "alpine");
}
