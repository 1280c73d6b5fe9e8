#include "builder/cache/step_journal.h"

#include <utility>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

namespace ibuild::builder {
namespace {

constexpr std::uint64_t kMaxBytes = 16 << 20;  // some 150,000 steps

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
    const auto space = line.find(' ');
    if (space == std::string_view::npos) continue;
    if (auto key = base::Digest::try_parse(line.substr(0, space))) {
      old_.insert_or_assign(std::string(line.substr(space + 1)), std::move(*key));
    }
  }
}

std::optional<base::Digest> StepJournal::last_key(const std::string& step) {
  const std::lock_guard lock(mutex_);
  load();
  const auto found = old_.find(step);
  if (found == old_.end()) return std::nullopt;
  return found->second;
}

void StepJournal::note(const std::string& step, const base::Digest& key) {
  const std::lock_guard lock(mutex_);
  now_.insert_or_assign(step, key);
}

void StepJournal::save() {
  const std::lock_guard lock(mutex_);
  load();
  auto merged = old_;
  for (const auto& [step, key] : now_) merged.insert_or_assign(step, key);
  if (merged == old_) return;
  std::string text;
  for (const auto& [step, key] : merged) text += key.str() + " " + step + "\n";
  base::make_dirs(dir_, path_.parent());
  base::write_file_atomically(dir_, path_, text);
  old_ = std::move(merged);
}

}  // namespace ibuild::builder
