#include "cli/options_attest.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "base/error.h"

using namespace ibuild;
using Mode = builder::ProvenanceSettings::Mode;

namespace {

using BuildArgs = std::map<std::string, std::optional<std::string>>;

builder::AttestationSettings settings_of(std::vector<std::string> words,
                                         const BuildArgs& build_args = {}) {
  cli::OptionParser parser("ibuild build", "");
  cli::AttestOptions options;
  options.add_to(parser);
  std::ostringstream out;
  (void)parser.parse(words, out);
  return options.settings({.metadata_file = "", .build_args = build_args});
}

}  // namespace

TEST_CASE("options_attest: nothing is attested unless it is asked for", "[cli]") {
  CHECK(!settings_of({}).any());
  CHECK(!settings_of({"--provenance=false", "--sbom=0"}).any());
  CHECK(!settings_of({"--attest", "type=provenance,mode=max,disabled=true"}).any());
}

TEST_CASE("options_attest: the forms of provenance", "[cli]") {
  CHECK(settings_of({"--provenance=true"}).provenance.value().mode == Mode::max);
  CHECK(settings_of({"--provenance", "mode=min"}).provenance.value().mode == Mode::min);
  const auto all = settings_of({"--attest",
                                "type=provenance,mode=full,builder-id=https://ci,reproducible=true,"
                                "inline-only=1,version=v0.2,filename=p.json"});
  const auto& provenance = all.provenance.value();
  CHECK(provenance.mode == Mode::max);
  CHECK(provenance.builder_id == "https://ci");
  CHECK(provenance.reproducible);
  CHECK(provenance.inline_only);
  CHECK(provenance.version == builder::ProvenanceSettings::Version::v0_2);
  CHECK(provenance.file_name == "p.json");
}

TEST_CASE("options_attest: the last one counts, and the short form before --attest", "[cli]") {
  CHECK(settings_of({"--attest=type=provenance,mode=max", "--attest=type=provenance,mode=min"})
            .provenance.value()
            .mode == Mode::min);
  CHECK(!settings_of({"--provenance=false", "--attest=type=provenance"}).any());
}

TEST_CASE("options_attest: the forms of an SBOM", "[cli]") {
  CHECK(settings_of({"--sbom=true"}).sbom);
  CHECK(settings_of({"--attest", "type=sbom"}).sbom);
  CHECK(!settings_of({"--attest", "type=sbom", "--sbom", "false"}).sbom);
}

TEST_CASE("options_attest: build arguments ask as well, options before them", "[cli]") {
  CHECK(settings_of({}, {{"BUILDKIT_ATTEST_SBOM", ""}}).sbom);
  CHECK(settings_of({}, {{"BUILDKIT_ATTEST_SBOM", "true"}, {"OTHER", "x"}}).sbom);
  const BuildArgs provenance = {{"BUILDKIT_ATTEST_PROVENANCE", "mode=min,inline-only=true"}};
  CHECK(settings_of({}, provenance).provenance.value().mode == Mode::min);
  CHECK(settings_of({}, provenance).provenance.value().inline_only);
  CHECK(!settings_of({"--provenance=false"}, provenance).any());
  CHECK_THROWS_WITH(settings_of({}, {{"BUILDKIT_ATTEST_VSA", "true"}}), Catch::Contains("vsa"));
}

TEST_CASE("options_attest: what is not known is named", "[cli]") {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"--attest", "mode=max"}, "type="},
      {{"--attest", "type=vsa"}, "vsa"},
      {{"--sbom", "generator=docker/scanner"}, "generator"},
      {{"--provenance", "mode=most"}, "most"},
      {{"--provenance", "version=v2"}, "v2"},
      {{"--provenance", "filename=a/b"}, "a/b"},
      {{"--provenance", "color=red"}, "color"},
      {{"--attest", "type=provenance,disabled=perhaps"}, "perhaps"},
  };
  for (const auto& [words, named] : cases) {
    CAPTURE(named);
    CHECK_THROWS_WITH(settings_of(words), Catch::Contains(named));
    CHECK_THROWS_AS(settings_of(words), base::UsageError);
  }
}

TEST_CASE("options_attest: a short form that is no switch and no parameter names its option",
          "[cli]") {
  CHECK_THROWS_WITH(settings_of({"--sbom=syft"}),
                    "--sbom=syft is neither true nor false nor key=value");
  CHECK_THROWS_WITH(settings_of({"--provenance=mode=max,full"}), Catch::Contains("--provenance"));
}
