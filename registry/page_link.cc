#include "registry/page_link.h"

#include <set>
#include <utility>

#include "base/text.h"

namespace ibuild::registry {

namespace {

/// Lists of more pages than this are some test's.
constexpr std::size_t kMaxPages = 10000;

}  // namespace

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

std::string next_page(const ApiResponse& answer) {
  std::string target;
  for (const std::string& link : answer.response.headers.all("Link")) {
    if (target.empty()) target = next_link(link);
  }
  if (target.empty()) return {};
  const auto url = resolve_url(answer.url, target);
  if (url && url->path.starts_with(answer.api_root + "/"))
    return "/v2" + url->request_target().substr(answer.api_root.size());
  throw error_with_words(
      answer.record, answer.status(),
      "the next page is said to be at \"" + base::printable(target.substr(0, 200)) + "\"");
}

void get_pages(std::string first, const PageGetter& get) {
  std::set<std::string> seen;
  for (std::string page = std::move(first);
       !page.empty() && seen.size() < kMaxPages && seen.insert(page).second;) {
    page = get(page);
  }
}

}  // namespace ibuild::registry
