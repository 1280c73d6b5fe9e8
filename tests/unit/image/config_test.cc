#include "image/config.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace ibuild;
using namespace ibuild::image;
using namespace std::chrono_literals;
using Words = std::vector<std::string>;

namespace {

const std::string kDiffId = "sha256:" + std::string(64, 'c');

std::string with(const std::string& members) {
  return R"({"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]})" +
         (members.empty() ? "" : "," + members) + "}";
}

ImageConfig full_config() {
  ImageConfig image;
  image.created = "2026-01-02T03:04:05.5Z";
  image.author = "A. Author <a@example.com>";
  image.platform = {"linux", "arm64", "v8", "", {}};
  RuntimeConfig& config = image.config;
  config.user = "1000:100";
  config.exposed_ports = {"8000/tcp", "53/udp"};
  config.env = {"PATH=/bin", "A=b=c"};
  config.entrypoint = Words{"/entry"};
  config.cmd = Words{"python", "app.py"};
  config.volumes = {"/data"};
  config.working_dir = "/app";
  config.labels = {{"a", "1"}, {"b", "<&>"}};
  config.stop_signal = "SIGINT";
  config.healthcheck = Healthcheck{{"CMD-SHELL", "true"}, 30s, 5s, 1s, 2s, 3};
  config.on_build = {"RUN make"};
  config.shell = {"/bin/bash", "-c"};
  config.args_escaped = true;
  image.diff_ids = {base::Digest::parse(kDiffId)};
  image.history = {{"2026-01-02T03:04:05.5Z", "COPY . /", "me", "note", false},
                   {"", "CMD [\"x\"]", "", "", true}};
  return image;
}

}  // namespace

TEST_CASE("config: everything that is written reads back", "[image]") {
  const ImageConfig image = full_config();
  CHECK(parse_image_config(to_json(image)) == image);
}

TEST_CASE("config: writing is canonical, in the order of the specification's structures",
          "[image]") {
  CHECK(to_json(full_config()) ==
        R"({"created":"2026-01-02T03:04:05.5Z","author":"A. Author <a@example.com>",)"
        R"("architecture":"arm64","os":"linux","variant":"v8","config":{"User":"1000:100",)"
        R"("ExposedPorts":{"53/udp":{},"8000/tcp":{}},"Env":["PATH=/bin","A=b=c"],)"
        R"("Entrypoint":["/entry"],"Cmd":["python","app.py"],"Volumes":{"/data":{}},)"
        R"("WorkingDir":"/app","Labels":{"a":"1","b":"<&>"},"StopSignal":"SIGINT",)"
        R"("ArgsEscaped":true,"Healthcheck":{"Test":["CMD-SHELL","true"],"Interval":30000000000,)"
        R"("Timeout":5000000000,"StartPeriod":1000000000,"StartInterval":2000000000,"Retries":3},)"
        R"("OnBuild":["RUN make"],"Shell":["/bin/bash","-c"]},"rootfs":{"type":"layers",)"
        R"("diff_ids":[")" +
            kDiffId +
            R"("]},"history":[{"created":"2026-01-02T03:04:05.5Z",)"
            R"("created_by":"COPY . /","author":"me","comment":"note"},)"
            R"({"created_by":"CMD [\"x\"]","empty_layer":true}]})");
}

TEST_CASE("config: all ports there are do not take minutes", "[image]") {
  ImageConfig image = full_config();
  for (int port = 0; port <= 65535; ++port)
    image.config.exposed_ports.insert(std::to_string(port) + "/tcp");
  const std::string text = to_json(image);
  CHECK_THAT(text, Catch::Contains(R"("10000/tcp":{},"10001/tcp":{},"10002/tcp":{})"));
  CHECK(parse_image_config(text) == image);
}

TEST_CASE("config: empty fields are left out", "[image]") {
  ImageConfig image;
  image.platform = {.os = "linux", .architecture = "amd64"};
  image.config.entrypoint = Words{};
  CHECK(
      to_json(image) ==
      R"({"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}})");
}

TEST_CASE("config: bytes that are no UTF-8 are replaced when written", "[image]") {
  ImageConfig image = full_config();
  image.config.env = {"NAME=caf\xe9"};
  const std::string text = to_json(image);
  CHECK_THAT(text, Catch::Contains("NAME=caf\xef\xbf\xbd"));
  CHECK_NOTHROW(parse_image_config(text));
}

TEST_CASE("config: null stands for absent, as Docker writes it", "[image]") {
  const ImageConfig image = parse_image_config(with(
      R"("config":{"Cmd":null,"Entrypoint":null,"Volumes":null,"Labels":null,"Env":null,)"
      R"("ExposedPorts":null,"OnBuild":null,"Healthcheck":null,"Shell":null},"history":null)"));
  CHECK(image.config == RuntimeConfig{});
  CHECK(image.history.empty());
}

TEST_CASE("config: no command and an empty command are told apart", "[image]") {
  CHECK_FALSE(parse_image_config(with(R"("config":{})")).config.cmd);
  CHECK(parse_image_config(with(R"("config":{"Cmd":[]})")).config.cmd == Words{});
}

TEST_CASE("config: fields of Docker's that are not ours are ignored", "[image]") {
  CHECK_NOTHROW(parse_image_config(
      with(R"("container":"x","docker_version":"1.10","config":{"Hostname":"h","Tty":false})")));
}

TEST_CASE("config: the platform stays as it was written", "[image]") {
  const ImageConfig image = parse_image_config(
      R"({"architecture":"arm64","variant":"v8","os":"linux","os.version":"1","os.features":["f"],)"
      R"("rootfs":{"type":"layers"}})");
  CHECK(image.platform == Platform{"linux", "arm64", "v8", "1", {"f"}});
  CHECK(image.diff_ids.empty());
}

TEST_CASE("config: a wrong or missing field is named", "[image]") {
  struct Case {
    const char* members;
    const char* message;
  };
  const auto c = GENERATE(
      Case{R"("created":"yesterday")", "image config: created: is not an RFC 3339 time"},
      Case{R"("created":7)", "created: expected a string, got number"},
      Case{R"("config":[])", "config: expected an object, got array"},
      Case{R"("config":{"Env":"A=b"})", "config.Env: expected an array, got string"},
      Case{R"("config":{"Env":[1]})", "config.Env[0]: expected a string, got number"},
      Case{R"("config":{"Cmd":"sh"})", "config.Cmd: expected an array, got string"},
      Case{R"("config":{"Volumes":["/x"]})", "config.Volumes: expected an object, got array"},
      Case{R"("config":{"ExposedPorts":{"80":1}})",
           "config.ExposedPorts[\"80\"]: expected an object"},
      Case{R"("config":{"Labels":{"a":1}})", "config.Labels[\"a\"]: expected a string"},
      Case{R"("config":{"ArgsEscaped":1})", "config.ArgsEscaped: expected true or false"},
      Case{R"("config":{"Healthcheck":{"Interval":-1}})",
           "config.Healthcheck.Interval: is negative"},
      Case{R"("config":{"Healthcheck":{"Retries":"3"}})",
           "config.Healthcheck.Retries: expected an integer"},
      Case{R"("history":[{"empty_layer":"yes"}])",
           "history[0].empty_layer: expected true or false"},
      Case{R"("history":[{},{"created":"x"}])", "history[1].created: is not an RFC 3339 time"});
  CHECK_THROWS_WITH(parse_image_config(with(c.members)), Catch::Contains(c.message));
}

TEST_CASE("config: architecture, os and rootfs are required", "[image]") {
  CHECK_THROWS_WITH(parse_image_config(R"({"os":"linux","rootfs":{"type":"layers"}})"),
                    Catch::Contains("\"architecture\" is missing"));
  CHECK_THROWS_WITH(parse_image_config(R"({"architecture":"x","rootfs":{"type":"layers"}})"),
                    Catch::Contains("\"os\" is missing"));
  CHECK_THROWS_WITH(parse_image_config(R"({"architecture":"x","os":"linux"})"),
                    Catch::Contains("\"rootfs\" is missing"));
  const std::string start = R"({"architecture":"x","os":"linux","rootfs":)";
  CHECK_THROWS_WITH(parse_image_config(start + R"({"type":"tree"}})"),
                    Catch::Contains("rootfs.type: expected \"layers\""));
  CHECK_THROWS_WITH(parse_image_config(start + R"({"type":"layers","diff_ids":["sha256:x"]}})"),
                    Catch::Contains("rootfs.diff_ids[0]"));
}

TEST_CASE("config: environment variables are found and replaced in place", "[image]") {
  RuntimeConfig config;
  config.env = {"PATH=/bin", "A=1", "AB=2", "EMPTY=", "bare"};
  CHECK(config.env_value("A") == "1");
  CHECK(config.env_value("EMPTY") == "");
  CHECK_FALSE(config.env_value("bare"));
  CHECK_FALSE(config.env_value("B"));
  config.set_env("A", "x=y");
  config.set_env("NEW", "");
  CHECK(config.env == Words{"PATH=/bin", "A=x=y", "AB=2", "EMPTY=", "bare", "NEW="});
}
