#include "builder/cache/step_journal.h"

#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

namespace ibuild::builder {
namespace {

constexpr std::uint64_t kMaxBytes = 16 << 20;  // some 150,000 steps

std::string short_digest(const std::string& operation) {
  return std::string(base::sha256_of(operation).short_hex());
}

/// "build/2" as stage and number.
struct Place {
  std::string_view stage;
  std::uint64_t number = 0;
};

Place place_of(std::string_view identity) {
  const auto slash = identity.rfind('/');
  if (slash == std::string_view::npos) return {identity};
  return {identity.substr(0, slash), base::parse_u64(identity.substr(slash + 1)).value_or(0)};
}

std::uint64_t distance(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : b - a; }

}  // namespace

StepJournal::StepJournal(base::DirFd dir, const std::string& build)
    : dir_(std::move(dir)),
      path_(base::RelPath::exact("last/" + std::string(base::sha256_of(build).hex()))) {}

void StepJournal::load() {
  if (std::exchange(loaded_, true)) return;
  std::optional<std::string> text;
  try {
    text = base::try_read_file_at(dir_, path_, kMaxBytes);
  } catch (const base::Error&) {
    return;
  }
  if (!text) return;
  for (const auto line : base::split(*text, '\n')) {
    const auto first = line.find(' ');
    const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
    if (second == std::string_view::npos) continue;
    if (auto key = base::Digest::try_parse(line.substr(0, first))) {
      old_.insert_or_assign(
          std::string(line.substr(second + 1)),
          Entry{std::move(*key), std::string(line.substr(first + 1, second - first - 1))});
    }
  }
}

bool StepJournal::has_former() {
  const std::lock_guard lock(mutex_);
  load();
  return !old_.empty();
}

std::optional<base::Digest> StepJournal::former_key(const Mark& step) {
  const std::lock_guard lock(mutex_);
  load();
  const auto place = place_of(step.identity);
  const auto operation = short_digest(step.operation);
  const Entry* nearest = nullptr;
  std::uint64_t nearest_distance = 0;
  for (const auto& [identity, entry] : old_) {
    const auto other = place_of(identity);
    if (other.stage != place.stage || entry.operation != operation) continue;
    const auto away = distance(other.number, place.number);
    if (nearest != nullptr && away >= nearest_distance) continue;
    nearest = &entry;
    nearest_distance = away;
  }
  if (nearest == nullptr) {
    if (const auto same = old_.find(step.identity); same != old_.end()) nearest = &same->second;
  }
  return nearest != nullptr ? std::optional(nearest->key) : std::nullopt;
}

void StepJournal::note(const Mark& step, const base::Digest& key) {
  const std::lock_guard lock(mutex_);
  now_.insert_or_assign(step.identity, Entry{key, short_digest(step.operation)});
}

void StepJournal::save() {
  const std::lock_guard lock(mutex_);
  load();
  auto merged = old_;
  for (const auto& [identity, entry] : now_) merged.insert_or_assign(identity, entry);
  if (merged == old_) return;
  std::string text;
  for (const auto& [identity, entry] : merged)
    text += entry.key.str() + " " + entry.operation + " " + identity + "\n";
  base::make_dirs(dir_, path_.parent());
  base::replace_file(dir_, path_, text);
  old_ = std::move(merged);
}

}  // namespace ibuild::builder
