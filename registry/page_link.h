#pragma once

#include <string>

#include "registry/registry_session.h"

namespace ibuild::registry {

/// Lists of more pages than this are some test's.
inline constexpr std::size_t kMaxPages = 10000;

/// The target of the Link field with rel="next" (RFC 8288); empty when there is none.
std::string next_link(const std::string& field_value);

/// Path and query of the page that follows; empty after the last one. It is asked of the registry
/// itself, whatever host it names: behind a proxy it may not know its own. Throws: RegistryError
/// for a target outside of the API.
std::string next_page(const ApiResponse& answer);

}  // namespace ibuild::registry
