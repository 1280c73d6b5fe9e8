#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "registry/registry_session.h"

namespace ibuild::registry {

/// One page of a list of names, and where the next one is.
struct NamePage {
  std::vector<std::string> names;
  std::string next;  // path and query; empty: this was the last page
};

inline constexpr int kNamesPerPage = 1000;

/// Where the first page of a repository's tags is.
std::string tag_page(const std::string& repository, int tags = kNamesPerPage);

/// GET of one page. One attempt. Throws: RegistryError, also for an answer that is no list of tags.
NamePage get_tag_page(RegistrySession& session, const std::string& repository,
                      const std::string& path, std::stop_token stop);

/// Where the first page of a registry's repositories is. The specification has no such list; the
/// registry of the distribution project and those made after it do.
std::string first_catalog_page();
/// As get_tag_page.
NamePage get_catalog_page(RegistrySession& session, const std::string& path, std::stop_token stop);

}  // namespace ibuild::registry
