#include "builder/gc/collect_garbage.h"

#include <sys/statvfs.h>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "builder/gc/cache_survey.h"

namespace ibuild::builder {
namespace {

constexpr auto kUsualInterval = std::chrono::hours(24);
constexpr auto kShortInterval = std::chrono::minutes(10);
// An image without a name was built without one, or lost it: somebody may know its digest.
constexpr auto kKeepNameless = std::chrono::hours(48);
constexpr auto kKeepNamelessInNeed = std::chrono::minutes(10);  // while there is too little space
constexpr std::uint64_t kMaxNoteBytes = 256;
constexpr const char* kNoteName = "last";

/// What the last survey found: cache/gc/last, "<nanoseconds since 1970> <bytes>".
struct Note {
  base::TimePoint at{};
  std::uint64_t used_bytes = 0;
};

std::optional<Note> read_note(const base::DirFd& dir) {
  const auto text = base::try_read_file_at(dir, base::RelPath::exact(kNoteName), kMaxNoteBytes);
  if (!text) return std::nullopt;
  const auto words = base::split(base::trim(*text), ' ');
  if (words.size() != 2) return std::nullopt;
  const auto at = base::parse_i64(words[0]);
  const auto used = base::parse_u64(words[1]);
  if (!at || !used) return std::nullopt;
  return Note{base::TimePoint(std::chrono::nanoseconds(*at)), *used};
}

void write_note(const base::DirFd& dir, const Note& note) {
  base::replace_file(dir, base::RelPath::exact(kNoteName),
                     std::to_string(note.at.time_since_epoch().count()) + " " +
                         std::to_string(note.used_bytes) + "\n");
}

GcLimits limits_of(const GcSettings& settings, const DiskState& disk) {
  auto limits = default_limits(disk);
  limits.reserved_bytes = settings.reserved_bytes.value_or(limits.reserved_bytes);
  limits.max_used_bytes = settings.max_used_bytes.value_or(limits.max_used_bytes);
  limits.min_free_bytes = settings.min_free_bytes.value_or(limits.min_free_bytes);
  return limits;
}

bool is_due(const Note& last, const GcLimits& limits, const DiskState& disk, base::TimePoint now) {
  const auto age = now - last.at;
  if (age < base::TimePoint::duration(0) || age >= kUsualInterval) return true;
  if (age < kShortInterval) return false;
  const bool lacks_space =
      disk.free_bytes < limits.min_free_bytes && last.used_bytes > limits.reserved_bytes;
  return lacks_space || last.used_bytes > limits.max_used_bytes / 10 * 8;
}

/// Forgets the images without a name that were not built or loaded since `since`: what they are
/// made of is then as any other cache.
void forget_nameless(layers::Store& store, base::TimePoint since) {
  for (const auto& image : store.images().list()) {
    if (!image.name.empty()) continue;
    const auto used = store.content().last_used(image.descriptor.digest);
    if (used && *used < since) store.images().remove(image.descriptor.digest);
  }
}

/// Applies the default policies once. Returns how much is left.
std::uint64_t apply_policies(layers::Store& store, const base::LockFile& alone,
                             const GcLimits& limits, base::TimePoint now, Collected& collected) {
  auto survey = survey_cache(store);
  std::vector<CacheItem> garbage;
  for (const auto& policy : default_policies(limits)) {
    for (auto& item : take_garbage(survey.items, policy, disk_of(store), now)) {
      collected.size_bytes += item.size_bytes;
      garbage.push_back(std::move(item));
    }
  }
  collected.items += garbage.size();
  if (!garbage.empty()) remove_items(store, alone, survey.needs, garbage);
  return survey.total_bytes();
}

Collected collect(layers::Store& store, const base::LockFile& alone, const GcLimits& limits,
                  base::TimePoint now, std::uint64_t& used) {
  Collected collected;
  forget_nameless(store, now - kKeepNameless);
  used = apply_policies(store, alone, limits, now, collected);
  if (used > limits.max_used_bytes || disk_of(store).free_bytes < limits.min_free_bytes) {
    forget_nameless(store, now - kKeepNamelessInNeed);
    used = apply_policies(store, alone, limits, now, collected);
  }
  return collected;
}

}  // namespace

DiskState disk_of(const layers::Store& store) {
  struct statvfs disk {};
  if (::fstatvfs(store.root().get(), &disk) != 0)
    throw base::SystemError("statvfs", store.root().shown_as());
  return {.total_bytes = std::uint64_t{disk.f_blocks} * disk.f_frsize,
          .free_bytes = std::uint64_t{disk.f_bavail} * disk.f_frsize};
}

std::optional<Collected> collect_garbage_if_due(layers::Store& store, const GcSettings& settings,
                                                base::TimePoint now) {
  if (!settings.enabled) return std::nullopt;
  try {
    const auto dir = store.cache_dir("gc");
    const auto disk = disk_of(store);
    const auto limits = limits_of(settings, disk);
    const auto last = read_note(dir);
    if (!last) {
      write_note(dir, {now, 0});  // a new store
      return std::nullopt;
    }
    if (!is_due(*last, limits, disk, now)) return std::nullopt;
    const auto alone = store.try_lock_for_gc();
    if (!alone) return std::nullopt;  // whoever uses it will see to it
    Note note{now, 0};
    const auto collected = collect(store, *alone, limits, now, note.used_bytes);
    write_note(dir, note);
    return collected;
  } catch (const base::Error&) {
    return std::nullopt;  // `ibuild prune` tells what is wrong
  }
}

}  // namespace ibuild::builder
