// See: distribution-spec "Listing Tags".
#include "registry/tag_list.h"

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "registry/auth/scope.h"

namespace ibuild::registry {

namespace {

using Json = nlohmann::json;

constexpr int kTagsPerPage = 1000;
/// Registries that know no pages send all tags at once; 128 bytes is the longest tag.
constexpr std::uint64_t kMaxPageBytes = 64 << 20;

/// The next page is asked of the registry itself, whatever host it names: behind a proxy it may not
/// know its own.
std::string path_of_link(const ApiResponse& answer, const std::string& target) {
  const auto url = resolve_url(answer.url, target);
  if (url && url->path.starts_with("/v2/")) return url->request_target();
  throw error_with_words(
      answer.record, answer.status(),
      "the next page of tags is said to be at \"" + base::printable(target.substr(0, 200)) + "\"");
}

}  // namespace

std::string first_tag_page(const std::string& repository) {
  return "/v2/" + repository + "/tags/list?n=" + std::to_string(kTagsPerPage);
}

std::string next_link(const std::string& field_value) {
  std::string_view rest = field_value;
  while (true) {
    const std::size_t open = rest.find('<');
    const std::size_t close = rest.find('>', open == std::string_view::npos ? 0 : open);
    if (open == std::string_view::npos || close == std::string_view::npos) return {};
    const std::string_view target = rest.substr(open + 1, close - open - 1);
    rest.remove_prefix(close + 1);
    const std::string parameters = base::to_lower(rest.substr(0, rest.find('<')));
    if (parameters.find("rel=\"next\"") != std::string::npos ||
        parameters.find("rel=next") != std::string::npos) {
      return std::string(target);
    }
  }
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
  const std::string target = next_link(answer.response.headers.get("Link"));
  if (!target.empty()) page.next = path_of_link(answer, target);
  return page;
}

}  // namespace ibuild::registry
