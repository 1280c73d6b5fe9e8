#include "registry/auth/scope.h"

#include <algorithm>

#include "base/text.h"

namespace ibuild::registry {

namespace {

/// "repository:host:5000/x:pull,push" → what it is about, and the actions
struct ScopeParts {
  std::string_view resource;
  std::vector<std::string_view> actions;
};

ScopeParts parts_of(std::string_view scope) {
  const std::size_t colon = scope.rfind(':');
  if (colon == std::string_view::npos) return {scope, {}};
  return {scope.substr(0, colon), base::split(scope.substr(colon + 1), ',')};
}

bool holds(std::string_view scope, const ScopeParts& wanted) {
  const ScopeParts own = parts_of(scope);
  return own.resource == wanted.resource &&
         std::all_of(wanted.actions.begin(), wanted.actions.end(), [&](std::string_view action) {
           return std::find(own.actions.begin(), own.actions.end(), action) != own.actions.end();
         });
}

}  // namespace

std::string pull_scope(std::string_view repository) {
  return "repository:" + std::string(repository) + ":pull";
}

std::string push_scope(std::string_view repository) {
  return "repository:" + std::string(repository) + ":pull,push";
}

std::string delete_scope(std::string_view repository) {
  return "repository:" + std::string(repository) + ":pull,delete";
}

std::vector<std::string> split_scopes(std::string_view text) {
  std::vector<std::string> scopes;
  for (std::string_view scope : base::split(text, ' ')) {
    if (!scope.empty()) scopes.emplace_back(scope);
  }
  return scopes;
}

bool add_missing_scopes(std::vector<std::string>& scopes,
                        const std::vector<std::string>& demanded) {
  bool added = false;
  for (const std::string& scope : demanded) {
    const ScopeParts wanted = parts_of(scope);
    const bool held = std::any_of(scopes.begin(), scopes.end(),
                                  [&](const std::string& own) { return holds(own, wanted); });
    if (held) continue;
    scopes.push_back(scope);
    added = true;
  }
  return added;
}

}  // namespace ibuild::registry
