#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

namespace ibuild::cli {

/// Answers one case of a table. Throws: base::Error, which becomes the case's "error".
using CaseAnswer = nlohmann::json (*)(const nlohmann::json& question);

/// The function behind a word of `ibuild debug`; none for other words.
std::optional<CaseAnswer> find_case_answer(std::string_view word);

}  // namespace ibuild::cli
