// The job files of docs/ci are done as their systems would: what they run, with their variables.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/fs_at.h"
#include "base/text.h"
#include "tests/e2e/support/machine.h"
#include "tests/e2e/support/registry_use.h"
#include "tests/support/must_run.h"

using namespace ibuild;
using namespace ibuild::e2e;
using nlohmann::json;

namespace {

using Access = test::RegistryServerOptions::Access;

constexpr const char* kToJson =
    "import json, sys, yaml; json.dump(yaml.load(sys.stdin, yaml.BaseLoader), sys.stdout)";

bool has_yaml() {
  const auto tried = base::run_program({"python3", "-c", "import yaml"});
  return test::can_run("yaml", tried.status.success(), "python3-yaml is not installed");
}

void replace(std::string& text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

/// A repository whose commit a system has checked out, and a registry that wants a login.
class Job {
 public:
  Job() : machine_(somebody()), server_({.access = Access::basic_auth}) {
    machine_.write("context/Dockerfile", "FROM scratch\nCOPY f /f\n");
    machine_.write("context/f", "content\n");
    in_repository({"git", "init", "-q"});
    in_repository({"git", "add", "."});
    in_repository({"git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one"});
  }
  std::string host() const { return server_.host(); }
  Machine& machine() { return machine_; }

  /// The file with the names of its places put in.
  json read(const std::string& name,
            const std::vector<std::pair<std::string, std::string>>& names) {
    std::string text =
        base::read_host_file(std::string(IBUILD_SOURCE_DIR) + "/docs/ci/" + name, 64 << 10);
    for (const auto& [from, to] : names) replace(text, from, to);
    return json::parse(machine_.must_run({"python3", "-c", kToJson}, {.stdin_text = text}));
  }

  /// Runs lines as a system does, in the repository; gives what they say.
  std::string run(const std::string& lines, std::vector<std::string> env,
                  std::vector<std::string> args = {}) {
    const std::string bin = binary().substr(0, binary().find_last_of('/'));
    env.insert(env.end(), {"PATH=" + bin + ":/usr/local/bin:/usr/bin:/bin",
                           "DOCKER_CONFIG=" + machine_.path("docker")});
    args.insert(args.begin(), {"sh", "-ec", lines, "job"});
    return machine_.must_run(args, {.env = env, .directory = machine_.path("context")});
  }
  void log_in() {
    machine_.must({"login", "-u", RegistryServer::username(), "--password-stdin", host()},
                  {.stdin_text = RegistryServer::password()});
  }
  bool has(const std::string& name) { return remote_digest(machine_, name).starts_with("sha256:"); }

 private:
  void in_repository(std::vector<std::string> argv) {
    machine_.must_run(std::move(argv), {.directory = machine_.path("context")});
  }
  Machine machine_;
  RegistryServer server_;
};

/// What systems put in for "${{ name }}" and "$(name)" is put in by us.
std::string lines_of(const json& list) {
  std::string lines;
  for (const auto& line : list) lines += line.get<std::string>() + "\n";
  return lines;
}

bool can_run_jobs() { return has_registry() && has_yaml(); }

}  // namespace

TEST_CASE("job files: GitLab's builds and pushes", "[e2e]") {
  if (!can_run_jobs()) return;
  Job job;
  const json image = job.read("gitlab-ci.yml", {}).at("image");
  const std::string name = job.host() + "/team/app";
  std::vector<std::string> env = {"CI_REGISTRY=" + job.host(),
                                  "CI_REGISTRY_IMAGE=" + name,
                                  "CI_REGISTRY_USER=" + RegistryServer::username(),
                                  "CI_REGISTRY_PASSWORD=" + RegistryServer::password(),
                                  "CI_COMMIT_REF_SLUG=main",
                                  "CI_COMMIT_TIMESTAMP=2026-01-02T03:04:05+01:00"};
  for (const auto& [key, value] : image.at("variables").items()) {
    std::string text = value;
    replace(text, "$CI_REGISTRY_IMAGE", name);
    replace(text, "$CI_COMMIT_REF_SLUG", "main");
    env.push_back(text.insert(0, key + "="));
  }
  job.run(lines_of(image.at("script")), env);
  CHECK(job.has(name + ":main"));
  CHECK(image.at("image").at("entrypoint") == json::array({""}));
}

TEST_CASE("job files: GitHub's builds and pushes", "[e2e]") {
  if (!can_run_jobs()) return;
  Job job;
  const json file =
      job.read("github-actions.yml", {{"ghcr.io", job.host()},
                                      {"${{ github.repository }}", "Team/App"},
                                      {"${{ secrets.GITHUB_TOKEN }}", RegistryServer::password()}});
  const json& step = file.at("jobs").at("image").at("steps").at(1);
  std::vector<std::string> env = {"GITHUB_ACTOR=" + RegistryServer::username()};
  for (const auto& [key, value] : step.at("env").items())
    env.push_back(key + "=" + value.get<std::string>());
  job.run(step.at("run"), env);
  CHECK(job.has(job.host() + "/team/app:latest"));
}

TEST_CASE("job files: the Job of Kubernetes builds and pushes", "[e2e]") {
  if (!can_run_jobs()) return;
  Job job;
  job.log_in();
  const json file = job.read(
      "kubernetes-job.yaml",
      {{"registry.example.com", job.host()}, {"https://git.example.com/team/app.git#main", "."}});
  const json& container = file.at("spec").at("template").at("spec").at("containers").at(0);
  std::vector<std::string> args;
  for (const auto& word : container.at("args")) args.push_back(word);
  job.run("exec ibuild \"$@\"", {}, args);
  CHECK(job.has(job.host() + "/team/app:1"));
  // Each volume that is mounted is there.
  const json& spec = file.at("spec").at("template").at("spec");
  for (const auto& mount : container.at("volumeMounts")) {
    const auto& volumes = spec.at("volumes");
    CHECK(std::any_of(volumes.begin(), volumes.end(),
                      [&](const json& volume) { return volume.at("name") == mount.at("name"); }));
  }
}

TEST_CASE("job files: the Task of Tekton builds, pushes and gives the digest", "[e2e]") {
  if (!can_run_jobs()) return;
  Job job;
  job.log_in();
  const std::string name = job.host() + "/team/app:2";
  const std::string result = job.machine().path("context/digest");
  const json file = job.read("tekton-task.yaml", {{"$(params.IMAGE)", name},
                                                  {"$(results.IMAGE_DIGEST.path)", result},
                                                  {"$(params.DOCKERFILE)", "./Dockerfile"},
                                                  {"$(params.CONTEXT)", "."}});
  const json& spec = file.at("spec");
  for (const auto& param : spec.at("params")) {
    if (param.at("name") == "DOCKERFILE") CHECK(param.at("default") == "./Dockerfile");
    if (param.at("name") == "CONTEXT") CHECK(param.at("default") == ".");
  }
  const json& step = spec.at("steps").at(0);
  CHECK(step.at("args") == json::array({"$(params.ARGS[*])"}));
  job.run(step.at("script"), {}, {"--label", "a=b"});
  CHECK(job.machine().read("context/digest") == remote_digest(job.machine(), name));
}
