// Any bytes as registries.conf: an error that names the file, or entries that every reference can
// be looked up in, and registries for every short name.
#include "registry/registries_conf.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "image/short_name.h"
#include "registry/endpoint.h"
#include "registry/short_names.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ibuild;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto conf = registry::RegistriesConf::parse(text, "conf");
    const image::Reference hub{"docker.io", "library/python", "3.7", std::nullopt};
    const auto endpoints = registry::pull_endpoints(conf, hub);
    if (endpoints.empty() || endpoints.back().kind != registry::Endpoint::Kind::origin)
      std::abort();
    for (const registry::Endpoint& endpoint : endpoints) {
      if (endpoint.repository.empty() || endpoint.host.empty()) std::abort();
    }
    const registry::ShortNames names(conf);
    const auto rule = image::ShortNameRule::containers;
    for (const char* name : {"python:3.7", "team/app"}) {
      for (const auto& found : names.known(image::parse_reference(name, rule)).names) {
        if (image::is_short_name(found)) std::abort();
      }
    }
  } catch (const base::UsageError& error) {
    if (error.what()[0] == '\0') std::abort();
  }
  return 0;
}
