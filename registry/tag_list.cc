// See: distribution-spec "Listing Tags"; docs of the distribution project, "Listing Repositories".
#include "registry/tag_list.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "registry/auth/scope.h"
#include "registry/page_link.h"

namespace ibuild::registry {

namespace {

using Json = nlohmann::json;

/// Registries that know no pages send all at once; 128 bytes is the longest tag.
constexpr std::uint64_t kMaxPageBytes = 64 << 20;

/// GET of a document whose member `key` is a list of names.
NamePage get_page(RegistrySession& session, ApiRequest request, const char* key,
                  std::stop_token stop) {
  request.method = "GET";
  request.headers.add("Accept", "application/json");
  request.body_cap_bytes = kMaxPageBytes;
  const ApiResponse answer = session.send(std::move(request), std::move(stop));
  if (answer.status() != 200) throw answer.error();
  const Json json = Json::parse(answer.response.body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains(key)) {
    throw error_with_words(answer.record, 200, "the answer is no list of " + std::string(key));
  }
  NamePage page;
  if (json[key].is_array()) {  // null where there are none
    for (const Json& name : json[key]) {
      if (name.is_string()) page.names.push_back(name.get<std::string>());
    }
  }
  page.next = next_page(answer);
  return page;
}

}  // namespace

std::string tag_page(const std::string& repository, int tags) {
  return "/v2/" + repository + "/tags/list?n=" + std::to_string(tags);
}

NamePage get_tag_page(RegistrySession& session, const std::string& repository,
                      const std::string& path, std::stop_token stop) {
  ApiRequest request{.method = {}, .path = path};
  request.need = {.repository = repository, .scopes = {pull_scope(repository)}};
  return get_page(session, std::move(request), "tags", std::move(stop));
}

std::string first_catalog_page() { return "/v2/_catalog?n=" + std::to_string(kNamesPerPage); }

NamePage get_catalog_page(RegistrySession& session, const std::string& path, std::stop_token stop) {
  ApiRequest request{.method = {}, .path = path};
  request.need = {.repository = {}, .scopes = {"registry:catalog:*"}};
  return get_page(session, std::move(request), "repositories", std::move(stop));
}

}  // namespace ibuild::registry
