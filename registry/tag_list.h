#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "registry/registry_session.h"

namespace ibuild::registry {

/// One page of a repository's tags, and where the next one is.
struct TagPage {
  std::vector<std::string> tags;
  std::string next;  // path and query; empty: this was the last page
};

inline constexpr int kTagsPerPage = 1000;

/// Where the first page of a repository's tags is.
std::string tag_page(const std::string& repository, int tags = kTagsPerPage);

/// GET of one page. One attempt. Throws: RegistryError, also for an answer that is no list of tags.
TagPage get_tag_page(RegistrySession& session, const std::string& repository,
                     const std::string& path, std::stop_token stop);

}  // namespace ibuild::registry
