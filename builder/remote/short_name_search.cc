#include "builder/remote/short_name_search.h"

#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "image/short_name.h"

namespace ibuild::remote {

namespace {

using Candidates = registry::ShortNames::Candidates;

[[noreturn]] void throw_not_found(const image::Reference& name, const Candidates& candidates,
                                  const std::vector<std::string>& failures, std::string hint) {
  base::Error error("no registry has " + name.str() + " (" + candidates.reason +
                    "): " + base::join(failures, "; "));
  if (hint.empty())
    hint = "check the spelling of the name and the tag; a private image may need `ibuild login`";
  error.set_hint(std::move(hint));
  throw error;
}

}  // namespace

std::string resolved_remark(const image::Reference& name, const image::Reference& found,
                            const std::string& reason) {
  return "resolved " + name.str() + " to " + found.str() + " (" + reason + ")";
}

const registry::ShortNames& ShortNameSearch::names() {
  auto names = names_.lock();
  if (!*names) {
    *names = std::make_unique<const registry::ShortNames>(registry::ShortNames::load(options_));
  }
  return **names;
}

ShortNameSearch::Found ShortNameSearch::in_registries(const image::Reference& name,
                                                      const Has& has) {
  if (!image::is_short_name(name)) return {.reference = name};
  const auto candidates = names().candidates(name);
  std::vector<std::string> failures;
  std::string hint;
  for (const auto& candidate : candidates.names) {
    try {
      if (has(candidate)) {
        Found found{.reference = candidate,
                    .remarks = {resolved_remark(name, candidate, candidates.reason)}};
        found.remarks.insert(found.remarks.end(), failures.begin(), failures.end());
        return found;
      }
      failures.push_back(candidate.str() + ": not found");
    } catch (const base::CancelledError&) {
      throw;
    } catch (base::Error& error) {
      if (candidates.names.size() == 1) {
        error.add_context(name.str() + " (" + candidates.reason + ")");
        throw;
      }
      failures.push_back(candidate.str() + ": " + error.what());
      if (!error.hint().empty()) hint = error.hint();
    }
  }
  throw_not_found(name, candidates, failures, std::move(hint));
}

ShortNameSearch::Found ShortNameSearch::find_image(const image::Reference& name,
                                                   registry::RegistryClient& client,
                                                   const std::stop_token& stop) {
  const bool is_lone = image::is_short_name(name) && names().candidates(name).names.size() == 1;
  return in_registries(name, [&](const image::Reference& candidate) {
    return is_lone || client.resolve(candidate, stop).has_value();
  });
}

}  // namespace ibuild::remote
