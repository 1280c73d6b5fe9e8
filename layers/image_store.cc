#include "layers/image_store.h"

#include <algorithm>
#include <tuple>

#include "base/error.h"
#include "base/files.h"
#include "image/manifest.h"
#include "image/media_types.h"
#include "layers/image_names.h"
#include "layers/temp_file.h"

namespace ibuild::layers {

namespace {

using image::Descriptor;

constexpr std::string_view kIndexFile = "index.json";
constexpr std::string_view kLockFile = "index.lock";

/// The name an image is kept under: domain/path:tag, or domain/path@digest where there is no tag.
std::string stored_name(const image::Reference& reference) {
  image::Reference name = image::with_default_tag(reference);
  if (!name.tag.empty()) name.digest.reset();
  return name.str();
}

/// Whether an entry's name is that of `reference`. Other tools write the short forms that they were
/// given.
bool is_named(const Descriptor& entry, const image::Reference& reference) {
  const std::string name = name_of(entry);
  if (name.empty()) return false;
  if (name == stored_name(reference)) return true;
  image::Reference tagged = image::with_default_tag(reference);
  tagged.digest.reset();
  if (tagged.tag.empty()) return false;
  return name == tagged.familiar() ||
         (tagged.tag == "latest" && name + ":latest" == tagged.familiar());
}

bool is_in_repository(const Descriptor& entry, const image::Reference& reference) {
  const std::string name = name_of(entry);
  const std::string repository = reference.name();
  return name.starts_with(repository) &&
         name.find_first_of(":@", repository.size()) == repository.size();
}

bool is_found_by(const Descriptor& entry, const image::Reference& reference) {
  if (!reference.digest) return is_named(entry, reference);
  if (entry.digest == *reference.digest && is_in_repository(entry, reference)) return true;
  return reference.tag.empty() && is_named(entry, reference);
}

bool points_to(const std::vector<Descriptor>& entries, const base::Digest& digest) {
  return std::any_of(entries.begin(), entries.end(),
                     [&](const Descriptor& entry) { return entry.digest == digest; });
}

/// The order of the file, and so its bytes, depend on its content alone.
void sort(std::vector<Descriptor>& entries) {
  const auto key = [](const Descriptor& entry) {
    const std::string name = name_of(entry);
    return std::tuple(name.empty(), name, entry.digest);
  };
  std::stable_sort(entries.begin(), entries.end(),
                   [&](const Descriptor& a, const Descriptor& b) { return key(a) < key(b); });
}

image::Index read_index(const base::DirFd& root) {
  const auto path = base::RelPath::exact(kIndexFile);
  const auto json = base::try_read_file_at(root, path, image::kMaxManifestBytes);
  if (!json) return {.media_type = std::string(image::media_type::kOciIndex)};
  try {
    return image::parse_index(*json);
  } catch (base::ContentError& error) {
    error.add_context(root.show(path));
    error.set_hint("move that file away to start with no images; layers and the cache stay");
    throw;
  }
}

base::LockFile lock_index(const base::DirFd& locks) {
  return base::LockFile::acquire(locks, base::RelPath::exact(kLockFile),
                                 base::LockFile::Mode::exclusive);
}

}  // namespace

ImageStore::ImageStore(const base::DirFd& root, const base::DirFd& temp_dir,
                       const base::DirFd& locks)
    : root_(root.dup()), temp_(temp_dir.dup()), locks_(locks.dup()) {}

std::vector<StoredImage> ImageStore::list() const {
  image::Index index = read_index(root_);
  sort(index.manifests);
  std::vector<StoredImage> images;
  for (Descriptor& entry : index.manifests) {
    std::string name = name_of(entry);
    images.push_back({.name = std::move(name), .descriptor = without_name(std::move(entry))});
  }
  return images;
}

std::optional<Descriptor> ImageStore::find(const image::Reference& reference) const {
  for (Descriptor& entry : read_index(root_).manifests) {
    if (is_found_by(entry, reference)) return without_name(std::move(entry));
  }
  return std::nullopt;
}

void ImageStore::tag(const image::Reference& name, const Descriptor& descriptor) {
  change([&](Entries& entries) {
    Entries former;
    std::erase_if(entries, [&](const Descriptor& entry) {
      if (is_named(entry, name)) {
        former.push_back(without_name(entry));
        return true;
      }
      return entry.digest == descriptor.digest && name_of(entry).empty();
    });
    entries.push_back(with_name(descriptor, stored_name(name)));
    for (Descriptor& entry : former) {
      if (!points_to(entries, entry.digest)) entries.push_back(std::move(entry));
    }
  });
}

bool ImageStore::add_untagged(const Descriptor& descriptor) {
  bool is_new = false;
  change([&](Entries& entries) {
    is_new = !points_to(entries, descriptor.digest);
    if (is_new) entries.push_back(without_name(descriptor));
  });
  return is_new;
}

bool ImageStore::untag(const image::Reference& name) {
  std::size_t count = 0;
  change([&](Entries& entries) {
    count =
        std::erase_if(entries, [&](const Descriptor& entry) { return is_found_by(entry, name); });
  });
  return count > 0;
}

std::size_t ImageStore::remove(const base::Digest& digest) {
  std::size_t count = 0;
  change([&](Entries& entries) {
    count = std::erase_if(entries, [&](const Descriptor& entry) { return entry.digest == digest; });
  });
  return count;
}

void ImageStore::create_if_missing() {
  const auto path = base::RelPath::exact(kIndexFile);
  if (base::try_lstat_at(root_, path)) return;
  const auto lock = lock_index(locks_);
  if (!base::try_lstat_at(root_, path)) write(read_index(root_));
}

void ImageStore::change(const std::function<void(Entries&)>& edit) {
  const auto lock = lock_index(locks_);
  image::Index index = read_index(root_);
  Entries before = index.manifests;
  edit(index.manifests);
  sort(index.manifests);
  if (index.manifests != before) write(index);
}

void ImageStore::write(const image::Index& index) const {
  TempFile file(temp_);
  file.write(base::as_bytes(image::to_json(index)));
  // Some file systems let a rename outlive a loss of power without the bytes. That would take every
  // name.
  file.sync();
  file.move_to(root_, std::string(kIndexFile));
}

}  // namespace ibuild::layers
