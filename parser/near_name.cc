#include "parser/near_name.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace ibuild::parser {

namespace {

constexpr std::size_t kFar = 3;

/// The edit distance, or some number from kFar on.
std::size_t distance_below_far(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  if (b.size() - a.size() >= kFar) return kFar;
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    std::size_t least = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
      least = std::min(least, row[j]);
    }
    if (least >= kFar) return kFar;
  }
  return row[b.size()];
}

}  // namespace

std::optional<std::string> near_name(std::string_view name,
                                     std::span<const std::string> candidates) {
  if (std::find(candidates.begin(), candidates.end(), name) != candidates.end()) {
    return std::nullopt;
  }
  std::size_t best = kFar;
  std::optional<std::string> nearest;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = distance_below_far(name, candidate);
    if (distance >= best) continue;
    best = distance;
    nearest = candidate;
  }
  return nearest;
}

}  // namespace ibuild::parser
