// RUN --mount=type=secret and type=ssh through whole builds: what the sandbox is told, and what is
// kept.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "base/error.h"
#include "parser/diagnostic.h"
#include "tests/support/builder/fakes.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild;
using ibuild::test::BuildFixture;
using sandbox::MountSpec;

namespace {

struct Secrets : BuildFixture {
  Secrets() {
    images.add("base", {{"etc/passwd", "root:x:0:0::/root:\n"}});
    request.secrets = [](const std::string& id) -> std::optional<std::string> {
      if (id == "token") return "sesame-open";
      if (id == "other") return "value-two";
      return std::nullopt;
    };
  }
  /// Builds, and looks at what the secrets' descriptors held while the step ran.
  std::vector<std::string> contents_of(const std::string& run) {
    std::vector<std::string> contents;
    sandbox.on("look", [&](const base::DirFd&, sandbox::StepObserver&) {
      const auto mounts = sandbox.specs().back().mounts;
      for (const auto& mount : mounts) {
        if (mount.kind != MountSpec::Kind::file) continue;
        std::string text(100, '\0');
        text.resize(
            static_cast<std::size_t>(::pread(mount.source_fd, text.data(), text.size(), 0)));
        contents.push_back(text);
      }
      return 0;
    });
    build("FROM base\n" + run + " look\n");
    return contents;
  }
};

bool has(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

}  // namespace

TEST_CASE("run_secrets: a secret is a read-only file in memory at /run/secrets", "[builder]") {
  Secrets f;
  CHECK(f.contents_of("RUN --mount=type=secret,id=token") ==
        std::vector<std::string>{"sesame-open"});
  const auto spec = f.sandbox.specs().at(0);
  REQUIRE(spec.mounts.size() == 1);
  CHECK(spec.mounts[0].kind == MountSpec::Kind::file);
  CHECK(spec.mounts[0].target.str() == "run/secrets/token");
  CHECK(spec.mounts[0].mode == 0400);
  CHECK(spec.mounts[0].uid == 0);
  CHECK(spec.mounts[0].read_only);
  CHECK(spec.secret_env.empty());
}

TEST_CASE("run_secrets: target, mode and owner are taken, a relative target lies in the directory",
          "[builder]") {
  Secrets f;
  f.contents_of("WORKDIR /w\nRUN --mount=type=secret,id=token,target=k,mode=4741,uid=3,gid=4");
  const auto mount = f.sandbox.specs().at(0).mounts.at(0);
  CHECK(mount.target.str() == "w/k");
  CHECK(mount.mode == 0741);
  CHECK(mount.uid == 3);
  CHECK(mount.gid == 4);
}

TEST_CASE("run_secrets: only the last part of an id names the file", "[builder]") {
  Secrets f;
  f.request.secrets = [](const std::string& id) { return std::optional("value of " + id); };
  CHECK(f.contents_of("RUN --mount=type=secret,id=a/b/c") ==
        std::vector<std::string>{"value of a/b/c"});
  CHECK(f.sandbox.specs().at(0).mounts.at(0).target.str() == "run/secrets/c");
}

TEST_CASE("run_secrets: a variable replaces one of the stage, and is a file only with a target",
          "[builder]") {
  Secrets f;
  CHECK(f.contents_of("ENV T=public\nRUN --mount=type=secret,id=token,env=T "
                      "--mount=type=secret,id=other,env=O,target=/o") ==
        std::vector<std::string>{"value-two"});
  const auto spec = f.sandbox.specs().at(0);
  CHECK(spec.secret_env == std::vector<std::string>{"T=sesame-open", "O=value-two"});
  CHECK_FALSE(has(spec.env, "T=public"));
  REQUIRE(spec.mounts.size() == 1);
  CHECK(spec.mounts[0].target.str() == "o");
}

TEST_CASE("run_secrets: one that is missing is left out, its variable is empty, unless required",
          "[builder]") {
  Secrets f;
  f.contents_of("RUN --mount=type=secret,id=none --mount=type=secret,id=none,env=N");
  CHECK(f.sandbox.specs().at(0).mounts.empty());
  CHECK(f.sandbox.specs().at(0).secret_env == std::vector<std::string>{"N="});
  CHECK_THROWS_WITH(f.build("FROM base\nRUN --mount=type=secret,id=none,required x\n"),
                    "secret none: not found");
  f.request.secret_ids = {"token", "key"};
  try {
    f.build("FROM base\nRUN --mount=type=secret,id=tokn,required x\n");
    FAIL("built");
  } catch (const parser::DockerfileError& error) {
    CHECK_THAT(error.hint(), Catch::StartsWith("did you mean token?") &&
                                 Catch::Contains("--secret id=tokn,src="));
  }
  f.request.secrets = {};
  CHECK_THROWS_AS(f.build("FROM base\nRUN --mount=type=secret,id=token,required y\n"),
                  parser::DockerfileError);
}

TEST_CASE("run_secrets: the value is no part of the key, the id is", "[builder]") {
  Secrets f;
  const std::string dockerfile = "FROM base\nRUN --mount=type=secret,id=token make\n";
  f.build(dockerfile);
  f.request.secrets = [](const std::string&) { return std::optional<std::string>("changed"); };
  f.build(dockerfile);
  CHECK(f.sandbox.specs().size() == 1);
  f.build("FROM base\nRUN --mount=type=secret,id=other,target=/run/secrets/token make\n");
  CHECK(f.sandbox.specs().size() == 2);
}

TEST_CASE("run_secrets: a step that ran without one does not stand in for one that requires it",
          "[builder]") {
  Secrets f;
  f.build("FROM base\nRUN --mount=type=secret,id=none make\n");
  CHECK_THROWS_AS(f.build("FROM base\nRUN --mount=type=secret,id=none,required make\n"),
                  parser::DockerfileError);
}

TEST_CASE("run_secrets: the image knows nothing of them", "[builder]") {
  Secrets f;
  const auto result = f.build("FROM base\nRUN --mount=type=secret,id=token,env=T make\n");
  const std::string config = image::to_json(f.config(result));
  CHECK_THAT(config, Catch::Contains("RUN /bin/sh -c make"));
  CHECK_THAT(config, !Catch::Contains("sesame-open") && !Catch::Contains("token"));
}

TEST_CASE("run_secrets: an ssh mount is a socket that the step finds in SSH_AUTH_SOCK",
          "[builder]") {
  Secrets f;
  f.request.ssh_agents = [](const std::string& id) -> std::optional<builder::SshAgent> {
    if (id != "default" && id != "two") return std::nullopt;
    return builder::SshAgent{"/no/such/agent", builder::SshAgent::Access::keys};
  };
  bool is_socket = false;
  f.sandbox.on("look", [&](const base::DirFd&, sandbox::StepObserver&) {
    struct stat info {};
    is_socket = ::fstat(f.sandbox.specs().back().mounts.at(0).source_fd, &info) == 0 &&
                S_ISSOCK(info.st_mode) && (info.st_mode & 07777) == 0600;
    return 0;
  });
  f.build("FROM base\nRUN --mount=type=ssh --mount=type=ssh,id=two,target=/two look\n");
  CHECK(is_socket);
  const auto spec = f.sandbox.specs().at(0);
  REQUIRE(spec.mounts.size() == 2);
  CHECK(spec.mounts[0].target.str() == "run/buildkit/ssh_agent.0");
  CHECK_FALSE(spec.mounts[0].source_is_directory);
  CHECK(spec.mounts[1].target.str() == "two");
  CHECK(has(spec.env, "SSH_AUTH_SOCK=/run/buildkit/ssh_agent.0"));
}

TEST_CASE("run_secrets: the stage's own SSH_AUTH_SOCK stays", "[builder]") {
  Secrets f;
  f.build("FROM base\nENV SSH_AUTH_SOCK=/mine\nRUN --mount=type=ssh make\n");
  CHECK(has(f.sandbox.specs().at(0).env, "SSH_AUTH_SOCK=/mine"));
}

TEST_CASE("run_secrets: without an agent the mount is left out, unless it is required",
          "[builder]") {
  Secrets f;
  f.build("FROM base\nRUN --mount=type=ssh make\n");
  CHECK(f.sandbox.specs().at(0).mounts.empty());
  CHECK_THROWS_WITH(f.build("FROM base\nRUN --mount=type=ssh,required other\n"),
                    "ssh default: not found");
}

TEST_CASE("run_secrets: the root is no target", "[builder]") {
  Secrets f;
  CHECK_THROWS_WITH(f.build("FROM base\nRUN --mount=type=secret,id=token,target=/ make\n"),
                    Catch::Contains("invalid mount target \"/\""));
}

TEST_CASE("run_secrets: values are masked in the log", "[builder]") {
  Secrets f;
  f.sandbox.on("tell", [](const base::DirFd&, sandbox::StepObserver& observer) {
    using Stream = sandbox::StepObserver::Stream;
    observer.output(Stream::out, "it is sesame-");
    observer.output(Stream::err, "sesame-");
    observer.output(Stream::out, "open, and valu");
    return 0;
  });
  f.build("FROM base\nRUN --mount=type=secret,id=token --mount=type=secret,id=other,env=O tell\n");
  CHECK_THAT(f.events.log_text(), Catch::Contains("it is ***") && Catch::Contains("and valu") &&
                                      Catch::Contains("sesame-") && !Catch::Contains("open"));
}
