#include "layers/images_in_use.h"

#include "base/files.h"
#include "image/manifest.h"

namespace ibuild::layers {

namespace {

using base::RelPath;

constexpr const char* kNoteName = "in-use";
constexpr std::uint64_t kMaxNoteBytes = 64 << 10;

}  // namespace

void note_in_use(const Store& store, const image::Descriptor& image) {
  base::write_file_atomically(store.temp(), RelPath::exact(kNoteName), image::to_json(image));
}

std::vector<image::Descriptor> images_in_use(const Store& store) {
  std::vector<image::Descriptor> images;
  const auto tmp = base::open_dir_at(store.root(), RelPath::exact("tmp"));
  for (const auto& entry : base::list_dir(tmp)) {
    const auto note = RelPath::exact(entry.name).join(kNoteName);
    if (const auto json = base::try_read_file_at(tmp, note, kMaxNoteBytes))
      images.push_back(image::parse_descriptor(*json));
  }
  return images;
}

}  // namespace ibuild::layers
