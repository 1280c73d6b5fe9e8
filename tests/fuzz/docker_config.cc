// Any bytes as config.json: an error that names the file, or content that keeps a credential we put
// into it.
#include "registry/auth/docker_config.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ibuild;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    registry::DockerConfig config(text, "config.json");
    config.helper_for("docker.io");
    config.find("docker.io", "library/python");
    config.remove("own.example");
    config.set("own.example", {.username = "u", .password = "p:\xff"});
    const registry::DockerConfig again(config.to_json(), "config.json");
    const auto found = again.find("own.example", "x");
    if (!found || found->username != "u" || found->password != "p:\xff") std::abort();
  } catch (const base::UsageError& error) {
    if (!std::string_view(error.what()).starts_with("config.json: ")) std::abort();
  }
  return 0;
}
