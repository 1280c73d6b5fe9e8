#include "cli/docker_proxies.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "base/files.h"
#include "tests/support/scratch_dir.h"

using namespace ibuild;

TEST_CASE("docker_proxies: build arguments in both spellings, given ones stay", "[cli]") {
  const auto dir = test::make_scratch_dir();
  const auto put = [&](const char* json) {
    base::write_file_atomically(dir.dir(), base::RelPath::exact("config.json"), json);
  };
  put(R"({"proxies": {"default": {"httpProxy": "http://p:1", "httpsProxy": "http://p:2"}}})");
  builder::BuildRequest request;
  request.build_args["https_proxy"] = "http://mine";
  cli::take_docker_proxies(dir.host_path(), request);
  CHECK(request.build_args.at("HTTP_PROXY") == "http://p:1");
  CHECK(request.build_args.at("http_proxy") == "http://p:1");
  CHECK(request.build_args.at("https_proxy") == "http://mine");
  CHECK(request.build_args.size() == 3);

  put("no JSON");
  CHECK_THROWS_AS(cli::take_docker_proxies(dir.host_path(), request), base::UsageError);
}

TEST_CASE("docker_proxies: without a file there are none", "[cli]") {
  builder::BuildRequest request;
  cli::take_docker_proxies("", request);
  cli::take_docker_proxies("/no/such/directory", request);
  CHECK(request.build_args.empty());
}
