// Any bytes as hosts.toml: an error that names the file, or places that every reference can be
// asked at.
#include "registry/hosts_file.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ibuild;
  using registry::Purpose;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto file = registry::HostsFile::parse(text, "/c/docker.io/hosts.toml");
    const image::Reference hub{"docker.io", "library/python", "3.7", std::nullopt};
    if (file.places().empty() || file.server(hub).host.empty()) std::abort();
    for (const auto purpose : {Purpose::resolve, Purpose::pull, Purpose::push}) {
      for (const registry::Endpoint& endpoint : file.endpoints(hub, purpose)) {
        if (endpoint.repository != hub.path || endpoint.host.empty()) std::abort();
        if (endpoint.rules.api_root.ends_with('/')) std::abort();
      }
    }
  } catch (const base::UsageError& error) {
    if (error.what()[0] == '\0') std::abort();
  }
  return 0;
}
