#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ibuild::registry {

/// "repository:<path>:pull", "repository:<path>:pull,push", "repository:<path>:pull,delete"
std::string pull_scope(std::string_view repository);
std::string push_scope(std::string_view repository);
std::string delete_scope(std::string_view repository);

/// The scopes of a challenge's scope parameter, separated by blanks.
std::vector<std::string> split_scopes(std::string_view text);

/// Adds those of `demanded` whose actions `scopes` does not hold yet. Gives whether there were any.
bool add_missing_scopes(std::vector<std::string>& scopes, const std::vector<std::string>& demanded);

}  // namespace ibuild::registry
