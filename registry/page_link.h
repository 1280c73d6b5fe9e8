#pragma once

#include <functional>
#include <string>

#include "registry/registry_session.h"

namespace ibuild::registry {

/// The target of the Link field with rel="next" (RFC 8288); empty when there is none.
std::string next_link(const std::string& field_value);

/// Path and query of the page that follows; empty after the last one. It is asked of the registry
/// itself, whatever host it names: behind a proxy it may not know its own. Throws: RegistryError
/// for a target outside of the API.
std::string next_page(const ApiResponse& answer);

/// Gets one page and gives where the next one is, as next_page does.
using PageGetter = std::function<std::string(const std::string& page)>;
/// Gets all pages of a list. A registry that leads in a circle is left at the second round.
void get_pages(std::string first, const PageGetter& get);

}  // namespace ibuild::registry
