#include "builder/attest/provenance.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/error.h"
#include "image/manifest.h"
#include "image/media_types.h"
#include "tests/support/builder/fakes.h"
#include "tests/support/git_repository.h"

using namespace ibuild;
using ibuild::test::BuildFixture;
using Json = nlohmann::ordered_json;
using Mode = builder::ProvenanceSettings::Mode;

namespace {

const image::Platform kHost = image::host_platform();

struct Fixture : BuildFixture {
  Fixture() {
    images.add("base:1", {{"bin/sh", "sh"}});
    request.attestations.provenance.emplace();
    request.attestations.tool = "ibuild-test";
    request.tags = {image::parse_reference("localhost/app:1")};
  }
  image::Index index(const builder::BuildResult& result) {
    return image::parse_index(store->content().read(result.image.digest));
  }
  /// The statements beside the n-th image.
  std::vector<Json> statements(const builder::BuildResult& result, std::size_t n = 0) {
    const auto all = index(result);
    const auto half = all.manifests.size() / 2;
    const auto manifest =
        image::parse_manifest(store->content().read(all.manifests.at(half + n).digest));
    std::vector<Json> list;
    for (const auto& layer : manifest.layers)
      list.push_back(Json::parse(store->content().read(layer.digest)));
    return list;
  }
  Json predicate(const std::string& dockerfile) {
    return statements(build(dockerfile)).at(0).at("predicate");
  }
};

const Json& request_of(const Json& predicate) {
  return predicate.at("buildDefinition").at("externalParameters").at("request");
}

std::vector<std::string> uris_of(const Json& predicate) {
  std::vector<std::string> uris;
  for (const auto& one : predicate.at("buildDefinition").at("resolvedDependencies"))
    uris.push_back(one.at("uri"));
  return uris;
}

std::string platform_query() { return "?platform=linux%2F" + kHost.architecture; }

}  // namespace

TEST_CASE("provenance: an index holds the image and a manifest about it", "[attest]") {
  Fixture f;
  const auto result = f.build("FROM base:1\nRUN make\n");
  CHECK(result.image.media_type == image::media_type::kOciIndex);
  CHECK(result.config_digest.empty());
  const auto index = f.index(result);
  REQUIRE(index.manifests.size() == 2);
  const auto& image = index.manifests[0];
  CHECK(image.platform == kHost);
  const auto& about = index.manifests[1];
  CHECK(about.media_type == image::media_type::kOciManifest);
  CHECK(about.platform.value().str() == "unknown/unknown");
  CHECK(about.annotations ==
        image::Annotations{{"vnd.docker.reference.digest", image.digest.str()},
                           {"vnd.docker.reference.type", "attestation-manifest"}});

  const auto manifest = image::parse_manifest(f.store->content().read(about.digest));
  CHECK(manifest.artifact_type == "application/vnd.docker.attestation.manifest.v1+json");
  CHECK(manifest.subject.value().media_type == image.media_type);
  CHECK(manifest.subject.value().digest == image.digest);
  CHECK(manifest.subject.value().size_bytes == image.size_bytes);
  CHECK(manifest.config.media_type == "application/vnd.oci.empty.v1+json");
  CHECK(manifest.config.data == "e30=");
  CHECK(f.store->content().read(manifest.config.digest) == "{}");
  REQUIRE(manifest.layers.size() == 1);
  CHECK(manifest.layers[0].media_type == "application/vnd.in-toto+json");
  CHECK(manifest.layers[0].annotations ==
        image::Annotations{{"in-toto.io/predicate-type", "https://slsa.dev/provenance/v1"}});

  const auto statement = f.statements(result).at(0);
  CHECK(statement.at("_type") == "https://in-toto.io/Statement/v1");
  CHECK(statement.at("predicateType") == "https://slsa.dev/provenance/v1");
  REQUIRE(statement.at("subject").size() == 1);
  CHECK(statement.at("subject")[0].at("name") == "pkg:docker/localhost/app@1" + platform_query());
  CHECK(statement.at("subject")[0].at("digest").at("sha256") == image.digest.hex());
}

TEST_CASE("provenance: the image itself is the one of a build without", "[attest]") {
  Fixture f;
  const auto with = f.index(f.build("FROM base:1\nRUN make\n"));
  f.request.attestations = {};
  CHECK(f.build("FROM base:1\nRUN make\n").image.digest == with.manifests[0].digest);
}

TEST_CASE("provenance: oci-artifact=false makes it look like an image", "[attest]") {
  Fixture f;
  f.request.outputs = {{"image", {{"oci-artifact", "false"}}}};
  const auto index = f.index(f.build("FROM base:1\nRUN make\n"));
  const auto& about = index.manifests.at(1);
  CHECK(about.platform.value().str() == "unknown/unknown");
  const auto manifest = image::parse_manifest(f.store->content().read(about.digest));
  CHECK(manifest.artifact_type.empty());
  CHECK_FALSE(manifest.subject);
  CHECK(manifest.config.media_type == image::media_type::kOciConfig);
  CHECK(manifest.config.data.empty());
  const auto config = Json::parse(f.store->content().read(manifest.config.digest));
  CHECK(config.at("architecture") == "unknown");
  CHECK(config.at("os") == "unknown");
  CHECK(config.at("rootfs").at("diff_ids") == Json{manifest.layers[0].digest.str()});
}

TEST_CASE("provenance: an artifact cannot be in Docker's media types", "[attest]") {
  Fixture f;
  f.request.attestations = {};
  f.request.outputs = {{"image", {{"oci-mediatypes", "false"}, {"oci-artifact", "true"}}}};
  CHECK_THROWS_WITH(f.build("FROM base:1\n"), "oci-artifact=true needs oci-mediatypes=true");
  f.request.outputs = {{"image", {{"oci-mediatypes", "false"}}}};
  CHECK(f.build("FROM base:1\n").image.media_type == image::media_type::kDockerManifest);
}

TEST_CASE("provenance: max tells arguments, steps, the Dockerfile and ids of secrets", "[attest]") {
  Fixture f;
  f.request.build_args = {{"VERSION", "1"}, {"HTTP_PROXY", "http://me:secret@proxy:3128"}};
  f.request.labels = {{"who", "me"}};
  f.request.target = "app";
  f.request.secrets = [](const std::string&) { return std::optional<std::string>("hidden-value"); };
  const std::string dockerfile =
      "FROM base:1 AS tools\nRUN tools\nFROM base:1 AS app\nARG VERSION\n"
      "RUN --mount=type=secret,id=token,required=true --mount=type=secret,id=other "
      "--network=none make\nCOPY --from=tools \\\n--chown=1:2 /bin/sh /copy\nWORKDIR /srv\n";
  const auto predicate = f.predicate(dockerfile);
  CHECK(predicate.dump().find("hidden-value") == std::string::npos);
  CHECK(predicate.dump().find("me:secret") == std::string::npos);
  const auto& request = request_of(predicate);
  CHECK(request.at("frontend") == "dockerfile.v0");
  CHECK(request.at("args").at("build-arg:VERSION") == "1");
  CHECK(request.at("args").at("build-arg:HTTP_PROXY") == "http://proxy:3128");
  CHECK(request.at("args").at("build-arg:SOURCE_DATE_EPOCH") == "1700000000");
  CHECK(request.at("args").at("label:who") == "me");
  CHECK(request.at("args").at("target") == "app");
  CHECK(request.at("secrets") == Json::parse(R"([{"id":"other","optional":true},{"id":"token"}])"));

  const auto& internal = predicate.at("buildDefinition").at("internalParameters");
  CHECK(internal.at("builderPlatform") == kHost.str());
  const auto& steps = internal.at("buildConfig").at("steps");
  REQUIRE(steps.size() == 5);
  CHECK(steps[0]
            .at("op")
            .at("source")
            .at("identifier")
            .get<std::string>()
            .starts_with("docker-image://docker.io/library/base:1@sha256:"));
  const auto& run = steps[2];
  CHECK(run.at("inputs") == Json{"step0"});
  CHECK(run.at("op").at("exec").at("meta").at("args").back() == "make");
  CHECK(run.at("op").at("exec").at("network") == "none");
  CHECK(run.at("op").at("exec").at("mounts")[0].at("id") == "token");
  CHECK(run.at("diffID").get<std::string>().starts_with("sha256:"));
  const auto& copy = steps[3].at("op").at("file").at("actions")[0].at("copy");
  CHECK(copy.at("from") == "step1");
  CHECK(copy.at("owner") == "1:2");
  CHECK(steps[3].at("inputs") == Json::parse(R"(["step1","step2"])"));

  const auto& metadata = predicate.at("runDetails").at("metadata");
  const auto& source = metadata.at("buildkit_metadata").at("source");
  CHECK(base::decode_base64(source.at("infos")[0].at("data").get<std::string>()) == dockerfile);
  CHECK(source.at("locations").at("step2").at("locations")[0].at("ranges")[0].at("start") ==
        Json::parse(R"({"line":5})"));
  CHECK(source.at("locations").at("step3").at("locations")[0].at("ranges") == Json::parse(R"([
      {"start":{"line":6},"end":{"line":6}},{"start":{"line":7},"end":{"line":7}}])"));
  CHECK(metadata.at("buildkit_completeness").at("request") == true);
}

TEST_CASE("provenance: min keeps arguments, labels, secrets, steps and text back", "[attest]") {
  Fixture f;
  f.request.attestations.provenance->mode = Mode::min;
  f.request.build_args = {{"VERSION", "1"}};
  f.request.labels = {{"who", "me"}};
  f.request.secrets = [](const std::string&) { return std::optional<std::string>("x-value"); };
  const auto predicate =
      f.predicate("FROM base:1\nARG VERSION\nRUN --mount=type=secret,id=token make\n");
  CHECK(!request_of(predicate).contains("args"));
  CHECK(!request_of(predicate).contains("secrets"));
  const auto& definition = predicate.at("buildDefinition");
  CHECK(!definition.at("internalParameters").contains("buildConfig"));
  CHECK(uris_of(predicate) == std::vector<std::string>{"pkg:docker/base@1" + platform_query()});
  const auto& metadata = predicate.at("runDetails").at("metadata");
  CHECK(metadata.at("buildkit_metadata").empty());
  CHECK(metadata.at("buildkit_completeness").at("request") == false);
}

TEST_CASE("provenance: base, variables and the rest of what buildah's options change is told",
          "[attest]") {
  Fixture f;
  const std::string dockerfile = "FROM no.such.registry.example/base\nRUN make\n";
  f.request.first_base = "base:1";
  f.request.env = {{"A", "value-a"}, {"https_proxy", "http://me:secret@proxy:3128"}};
  f.request.unset_env = {"B", "C"};
  f.request.inherits_labels = false;
  const auto all = f.predicate(dockerfile);
  const auto& args = request_of(all).at("args");
  CHECK(args.at("from") == "base:1");
  CHECK(args.at("env:A") == "value-a");
  CHECK(args.at("env:https_proxy") == "http://proxy:3128");
  CHECK(args.at("unset-env") == "B,C");
  CHECK(args.at("inherit-labels") == "false");
  CHECK_FALSE(args.contains("omit-history"));
  f.request.attestations.provenance->mode = Mode::min;
  const auto least = f.predicate(dockerfile);
  CHECK(request_of(least).at("args").at("from") == "base:1");
  CHECK(least.dump().find("value-a") == std::string::npos);
  CHECK(least.at("runDetails").at("metadata").at("buildkit_completeness").at("request") == false);
}

TEST_CASE("provenance: what version control says is in every mode and version", "[attest]") {
  Fixture f;
  f.request.origin.vcs = {{"revision", "abc-dirty"}, {"source", "https://h.example/app.git"}};
  const auto expected =
      Json::parse(R"({"revision":"abc-dirty","source":"https://h.example/app.git"})");
  for (const auto mode : {Mode::min, Mode::max}) {
    f.request.attestations.provenance = builder::ProvenanceSettings{.mode = mode};
    const auto predicate = f.predicate("FROM base:1\n");
    const auto& metadata = predicate.at("runDetails").at("metadata");
    CHECK(metadata.at("buildkit_metadata").at("vcs") == expected);
    CHECK(metadata.at("buildkit_completeness").at("resolvedDependencies") == false);

    f.request.attestations.provenance->version = builder::ProvenanceSettings::Version::v0_2;
    CHECK(f.predicate("FROM base:1\n")
              .at("metadata")
              .at("https://mobyproject.org/buildkit@v1#metadata")
              .at("vcs") == expected);
  }
}

TEST_CASE("provenance: what is of this machine makes the sources incomplete", "[attest]") {
  Fixture f;
  f.write("a", "a");
  const auto local = f.predicate("FROM base:1\nCOPY a /a\nRUN --network=none make\n");
  CHECK(request_of(local).at("locals") ==
        Json::parse(R"([{"name":"context"},{"name":"dockerfile"}])"));
  const auto& of_local = local.at("runDetails").at("metadata");
  CHECK(of_local.at("buildkit_completeness").at("resolvedDependencies") == false);
  CHECK(!of_local.contains("buildkit_hermetic"));

  f.request.origin = {.dockerfile_url = "https://user:pass@h.example/Dockerfile",
                      .local_dockerfile = false};
  const auto remote = f.predicate("FROM base:1\nRUN --network=none make\n");
  CHECK(!request_of(remote).contains("locals"));
  CHECK(uris_of(remote).back() == "https://h.example/Dockerfile");
  const auto& of_remote = remote.at("runDetails").at("metadata");
  CHECK(of_remote.at("buildkit_completeness").at("resolvedDependencies") == true);
  CHECK(of_remote.at("buildkit_hermetic") == true);
  CHECK(!f.predicate("FROM base:1\nRUN make\n")
             .at("runDetails")
             .at("metadata")
             .contains("buildkit_hermetic"));
}

TEST_CASE("provenance: a context of this machine is named though no step takes from it",
          "[attest]") {
  Fixture f;
  const auto both = Json::parse(R"([{"name":"context"},{"name":"dockerfile"}])");
  CHECK(request_of(f.predicate("FROM base:1\nRUN make\n")).at("locals") == both);
  f.request.context_dir.reset();
  CHECK(request_of(f.predicate("FROM base:1\nRUN make\n")).at("locals") ==
        Json::parse(R"([{"name":"dockerfile"}])"));
}

TEST_CASE("provenance: files by URL and git repositories have their digests", "[attest]") {
  if (!test::has_git()) return;
  Fixture f;
  test::GitRepository repository;
  repository.write("f", "f");
  const auto commit = repository.commit("first");
  f.git_settings.push_back(
      {"url." + repository.url() + ".insteadOf", "https://git.example/app.git"});
  f.files.files["https://h.example/tool"] = {.content = "tool"};
  const std::string pinned = base::sha256_of("other").str();
  f.files.files["https://h.example/other"] = {.content = "other"};
  f.request.origin.context = builder::GitContext{
      *parser::parse_git_reference("https://me:pw@git.example/app.git#main:sub")};
  f.request.origin.local_dockerfile = false;
  const auto predicate = f.predicate(
      "FROM base:1\nADD https://h.example/tool?x=1 /tool\n"
      "ADD --checksum=" +
      pinned +
      " https://h.example/other /other\n"
      "ADD https://git.example/app.git /src\n");
  CHECK(uris_of(predicate) ==
        std::vector<std::string>{"pkg:docker/base@1" + platform_query(),
                                 "https://git.example/app.git", "https://git.example/app.git#main",
                                 "https://h.example/other", "https://h.example/tool?x=1"});
  const auto& dependencies = predicate.at("buildDefinition").at("resolvedDependencies");
  CHECK(dependencies[1].at("digest").at("sha1") == commit);
  CHECK(dependencies[3].at("digest").at("sha256") == base::sha256_of("other").hex());
  CHECK(dependencies[4].at("digest").at("sha256") == base::sha256_of("tool").hex());
  const auto& source = predicate.at("buildDefinition").at("externalParameters").at("configSource");
  CHECK(source.at("uri") == "https://git.example/app.git#main:sub");
  CHECK(source.at("digest").at("sha1") == commit);
  CHECK(source.at("path") == "Dockerfile");
}

TEST_CASE("provenance: only what the image itself was made with is in it", "[attest]") {
  Fixture f;
  f.images.add("unused:1", {{"x", "x"}});
  const auto predicate =
      f.predicate("FROM unused:1 AS unused\nRUN unused\nFROM base:1\nRUN make\n");
  CHECK(uris_of(predicate).size() == 1);
}

TEST_CASE("provenance: a fixed time leaves out what no other build could repeat", "[attest]") {
  Fixture f;
  const auto fixed = f.predicate("FROM base:1\nRUN make\n").at("runDetails").at("metadata");
  for (const char* member : {"invocationId", "startedOn", "finishedOn"})
    CHECK(!fixed.contains(member));
  const auto once = f.build("FROM base:1\nRUN make\n").image.digest;
  CHECK(f.build("FROM base:1\nRUN make\n").image.digest == once);

  f.clock = base::Clock();
  const auto running = f.predicate("FROM base:1\nRUN make\n").at("runDetails").at("metadata");
  const auto started = base::parse_rfc3339(running.at("startedOn").get<std::string>());
  const auto finished = base::parse_rfc3339(running.at("finishedOn").get<std::string>());
  REQUIRE(started);
  REQUIRE(finished);
  CHECK(*started <= *finished);
  const auto again = f.predicate("FROM base:1\nRUN make\n").at("runDetails").at("metadata");
  CHECK(running.at("invocationId") != again.at("invocationId"));
}

TEST_CASE("provenance: who built and what is claimed", "[attest]") {
  Fixture f;
  auto& settings = *f.request.attestations.provenance;
  settings.builder_id = "https://ci.example/runs/1";
  settings.reproducible = true;
  const auto details = f.predicate("FROM base:1\nRUN make\n").at("runDetails");
  CHECK(details.at("builder").at("id") == "https://ci.example/runs/1");
  CHECK(details.at("builder").at("version").at("ibuild") == "ibuild-test");
  CHECK(details.at("metadata").at("buildkit_reproducible") == true);
}

TEST_CASE("provenance: version 0.2", "[attest]") {
  Fixture f;
  f.request.attestations.provenance->version = builder::ProvenanceSettings::Version::v0_2;
  const auto statement = f.statements(f.build("FROM base:1\nRUN make\n")).at(0);
  CHECK(statement.at("predicateType") == "https://slsa.dev/provenance/v0.2");
  const auto& predicate = statement.at("predicate");
  CHECK(predicate.at("buildType") == "https://mobyproject.org/buildkit@v1");
  CHECK(predicate.at("materials")[0].at("uri") == "pkg:docker/base@1" + platform_query());
  CHECK(predicate.at("invocation").at("configSource").at("entryPoint") == "Dockerfile");
  CHECK(predicate.at("metadata").at("completeness").at("materials") == false);
  CHECK(predicate.at("buildConfig").at("steps").size() == 2);
}

TEST_CASE("provenance: each platform of an index has its own", "[attest]") {
  Fixture f;
  const auto other = image::parse_platform("linux/s390x");
  f.images.add_for(kHost, "multi:1", {{"a", "a"}});
  f.images.add_for(other, "multi:1", {{"b", "b"}});
  f.request.platforms = {kHost, other};
  const auto result = f.build("FROM multi:1\nLABEL a=b\n");
  const auto index = f.index(result);
  REQUIRE(index.manifests.size() == 4);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto statement = f.statements(result, i).at(0);
    CHECK(statement.at("subject")[0].at("digest").at("sha256") == index.manifests[i].digest.hex());
    CHECK(uris_of(statement.at("predicate"))
              .at(0)
              .ends_with("%2F" + index.manifests[i].platform->architecture));
  }
}

TEST_CASE("provenance: an inline-only one waits for an index, or is forced", "[attest]") {
  Fixture f;
  f.request.attestations.provenance->inline_only = true;
  CHECK(f.build("FROM base:1\nRUN make\n").image.media_type == image::media_type::kOciManifest);
  f.request.outputs = {{"image", {{"attestation-inline", "true"}}}};
  CHECK(f.index(f.build("FROM base:1\nRUN make\n")).manifests.size() == 2);
}

TEST_CASE("provenance: outputs that cannot hold it say so before the build", "[attest]") {
  Fixture f;
  f.request.outputs = {{"docker", {{"dest", "x.tar"}}}};
  CHECK_THROWS_WITH(f.build("FROM base:1\n"), Catch::Contains("attestations"));
  f.request.outputs = {{"image", {{"oci-mediatypes", "false"}}}};
  CHECK_THROWS_WITH(f.build("FROM base:1\n"), Catch::Contains("attestations"));
}

TEST_CASE("provenance: reported beside an image without", "[attest]") {
  Fixture f;
  f.request.attestations = {};
  f.request.attestations.reported.emplace();
  f.request.attestations.reported->mode = Mode::min;
  const auto result = f.build("FROM base:1\nRUN make\n");
  CHECK(result.image.media_type == image::media_type::kOciManifest);
  REQUIRE(result.provenance.size() == 1);
  CHECK(Json::parse(result.provenance.at(kHost.str())).contains("runDetails"));
}
