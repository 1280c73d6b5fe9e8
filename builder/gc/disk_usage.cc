#include "builder/gc/disk_usage.h"

#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

namespace ibuild::builder {
namespace {

const auto kSizesFile = "sizes";
constexpr std::uint64_t kMaxBytes = 64 << 20;  // some 500,000 layers

std::vector<base::DirEntry> try_list(const base::DirFd& dir, const base::RelPath& path) {
  try {
    return base::list_dir(dir, path);
  } catch (const base::SystemError&) {
    return {};
  }
}

}  // namespace

std::uint64_t disk_usage(const base::DirFd& dir, const base::RelPath& path) {
  std::uint64_t total = 0;
  std::set<std::pair<dev_t, ino_t>> linked;
  std::vector<base::RelPath> pending{path};
  while (!pending.empty()) {
    const auto next = std::move(pending.back());
    pending.pop_back();
    const auto status = base::try_lstat_at(dir, next);
    if (!status) continue;
    const bool is_directory = S_ISDIR(status->st_mode);
    if (!is_directory && status->st_nlink > 1 &&
        !linked.emplace(status->st_dev, status->st_ino).second) {
      continue;
    }
    total += static_cast<std::uint64_t>(status->st_blocks) * 512;
    if (!is_directory) continue;
    for (const auto& entry : try_list(dir, next)) pending.push_back(next.join(entry.name));
  }
  return total;
}

SizeMemory::SizeMemory(base::DirFd dir) : dir_(std::move(dir)) {
  std::optional<std::string> text;
  try {
    text = base::try_read_file_at(dir_, base::RelPath::exact(kSizesFile), kMaxBytes);
  } catch (const base::Error&) {
    return;
  }
  if (!text) return;
  for (const auto line : base::split(*text, '\n')) {
    const auto words = base::split(line, ' ');
    if (words.size() != 3) continue;
    const auto changed = base::parse_i64(words[1]);
    const auto size = base::parse_u64(words[2]);
    if (changed && size) old_.emplace(std::string(words[0]), Known{*changed, *size});
  }
}

std::uint64_t SizeMemory::of(const base::DirFd& parent, const base::RelPath& folder,
                             const struct stat& status) {
  const std::int64_t changed =
      std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  const auto known = old_.find(folder.str());
  const bool is_known = known != old_.end() && known->second.changed_ns == changed;
  const auto size = is_known ? known->second.size_bytes : disk_usage(parent, folder);
  now_.insert_or_assign(folder.str(), Known{changed, size});
  return size;
}

void SizeMemory::save() {
  if (now_ == old_) return;
  std::string text;
  for (const auto& [name, known] : now_) {
    text += name + " " + std::to_string(known.changed_ns) + " " + std::to_string(known.size_bytes) +
            "\n";
  }
  base::replace_file(dir_, base::RelPath::exact(kSizesFile), text);
}

}  // namespace ibuild::builder
