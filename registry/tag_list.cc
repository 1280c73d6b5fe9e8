// See: distribution-spec "Listing Tags".
#include "registry/tag_list.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "registry/auth/scope.h"
#include "registry/page_link.h"

namespace ibuild::registry {

namespace {

using Json = nlohmann::json;

/// Registries that know no pages send all tags at once; 128 bytes is the longest tag.
constexpr std::uint64_t kMaxPageBytes = 64 << 20;

}  // namespace

std::string tag_page(const std::string& repository, int tags) {
  return "/v2/" + repository + "/tags/list?n=" + std::to_string(tags);
}

TagPage get_tag_page(RegistrySession& session, const std::string& repository,
                     const std::string& path, std::stop_token stop) {
  ApiRequest request{.method = "GET", .path = path};
  request.need = {.repository = repository, .scopes = {pull_scope(repository)}};
  request.headers.add("Accept", "application/json");
  request.body_cap_bytes = kMaxPageBytes;
  const ApiResponse answer = session.send(std::move(request), std::move(stop));
  if (answer.status() != 200) throw answer.error();
  const Json json = Json::parse(answer.response.body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("tags")) {
    throw error_with_words(answer.record, 200, "the answer is no list of tags");
  }
  TagPage page;
  if (json["tags"].is_array()) {  // null where there are none
    for (const Json& tag : json["tags"]) {
      if (tag.is_string()) page.tags.push_back(tag.get<std::string>());
    }
  }
  page.next = next_page(answer);
  return page;
}

}  // namespace ibuild::registry
