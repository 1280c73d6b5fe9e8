// See: docs/design/layer_forms.md.
#include "layers/layer_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/error.h"
#include "base/files.h"
#include "image/media_types.h"
#include "layers/blob_record.h"
#include "layers/boot_mark.h"
#include "layers/store_error.h"

namespace ibuild::layers {

namespace {

constexpr std::string_view kIndexName = "index";
constexpr std::string_view kTarName = "tar";
constexpr std::string_view kBlobRecordPrefix = "blob-";
constexpr std::string_view kEstargzRecordPrefix = "estargz-";
constexpr std::uint64_t kRecordCapBytes = 64 << 10;

/// The folder's name: the hex digits alone, as the colon of a digest means something to mount
/// options.
base::RelPath folder_of(const base::Digest& diff_id) {
  if (diff_id.algorithm() != "sha256") {
    throw base::ContentError("diff-id \"" + diff_id.str() + "\" is no sha256 digest");
  }
  return base::RelPath::exact(diff_id.hex());
}

std::string blob_record(const std::string& way) { return std::string(kBlobRecordPrefix) + way; }
std::string estargz_record(int level) {
  return std::string(kEstargzRecordPrefix) + std::to_string(level);
}

/// That of the blobs made in one way ("gzip-5").
std::string_view media_type_of(std::string_view way) {
  using Compression = image::media_type::LayerCompression;
  if (way.starts_with("gzip-")) return image::media_type::oci_layer_type(Compression::gzip);
  if (way.starts_with("zstd-")) return image::media_type::oci_layer_type(Compression::zstd);
  return image::media_type::oci_layer_type(Compression::none);
}

}  // namespace

LayerFolder::LayerFolder(const base::DirFd& layers, const base::Digest& diff_id,
                         std::string tree_name)
    : layers_(layers),
      diff_id_(diff_id),
      folder_(folder_of(diff_id)),
      tree_name_(std::move(tree_name)) {}

base::RelPath LayerFolder::path(std::string_view name) const { return folder_.join(name); }

/// An empty file is what a crash of the machine left of one.
bool LayerFolder::has_file(std::string_view name) const {
  const auto info = base::try_lstat_at(layers_, path(name));
  return info && S_ISREG(info->st_mode) && info->st_size > 0;
}

bool LayerFolder::has_index() const { return has_file(kIndexName); }
bool LayerFolder::has_tar() const { return has_file(kTarName); }

bool LayerFolder::has_tree() const {
  const auto info = base::try_lstat_at(layers_, path(tree_name_));
  return info && S_ISDIR(info->st_mode);
}

std::shared_ptr<const LayerIndex> LayerFolder::try_read_index() const {
  const base::RelPath file = path(kIndexName);
  const auto fd = base::try_open_at(layers_, file, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!fd) return nullptr;
  return std::make_shared<const LayerIndex>(
      LayerIndex::read(fd->get(), diff_id_, layers_.show(file)));
}

std::optional<base::UniqueFd> LayerFolder::try_open_tar() const {
  if (!has_tar()) return std::nullopt;
  return base::try_open_at(layers_, path(kTarName), O_RDONLY | O_NONBLOCK | O_NOCTTY);
}

std::optional<base::DirFd> LayerFolder::try_open_tree() const {
  if (!has_tree()) return std::nullopt;
  auto fd = base::try_open_at(layers_, path(tree_name_), O_RDONLY | O_DIRECTORY);
  if (!fd) return std::nullopt;
  return base::DirFd(*std::move(fd), layers_.show(path(tree_name_)));
}

std::optional<base::UniqueFd> LayerFolder::try_open_in_tree(const base::RelPath& file) const {
  return base::try_open_at(layers_, path(tree_name_).join(file.str()),
                           O_RDONLY | O_NONBLOCK | O_NOCTTY);
}

base::DirFd LayerFolder::open_or_make() const {
  base::make_dirs(layers_, folder_, 0755);
  return base::open_dir_at(layers_, folder_);
}

void LayerFolder::put_index(const LayerIndex& index) const {
  const base::DirFd folder = open_or_make();
  base::AtomicFile file(folder, base::RelPath::exact(kIndexName));
  index.write(diff_id_, file);
  base::clear_place_of_file(folder, base::RelPath::exact(kIndexName));
  file.commit();
}

void LayerFolder::put_tar(TempFile& tar) const {
  tar.move_to(open_or_make(), std::string(kTarName));
}

bool LayerFolder::put_tree(const base::DirFd& parent, const std::string& name,
                           const std::string& boot_id) const {
  const base::DirFd folder = open_or_make();
  if (has_tree()) return false;
  // What is no directory cannot be replaced by one.
  (void)::unlinkat(folder.get(), tree_name_.c_str(), 0);
  const auto made = base::lstat_at(parent, base::RelPath::exact(name));
  put_boot_mark(folder, base::RelPath::exact(tree_name_), boot_id, made.st_ino);
  // Without flags: file systems and filters that do not know them refuse. In the place of another
  // tree nothing is put as long as that holds anything; one that holds nothing is the same as ours.
  if (::renameat(parent.get(), name.c_str(), folder.get(), tree_name_.c_str()) == 0) return true;
  if (errno == EEXIST || errno == ENOTEMPTY) return false;
  throw_store_error(errno, "rename into", layers_.show(path(tree_name_)));
}

bool LayerFolder::has_tree_mark(const std::string& boot_id) const {
  return has_boot_mark(layers_, path(tree_name_), boot_id);
}

void LayerFolder::put_tree_mark(const std::string& boot_id) const {
  const auto tree = base::lstat_at(layers_, path(tree_name_));
  put_boot_mark(layers_, path(tree_name_), boot_id, tree.st_ino);
}

void LayerFolder::remove_index() const { base::remove_tree(layers_, path(kIndexName)); }

void LayerFolder::remove_tar() const { base::remove_tree(layers_, path(kTarName)); }

void LayerFolder::remove_tree(const base::DirFd& temp) const {
  base::TempDir grave(temp, "dropped-");
  const std::string from = path(tree_name_).str();
  if (::renameat(layers_.get(), from.c_str(), grave.dir().get(), "tree") != 0 && errno != ENOENT) {
    throw_store_error(errno, "rename", layers_.show(path(tree_name_)));
  }
}

std::optional<image::Descriptor> LayerFolder::try_read_record(const std::string& name,
                                                              std::string_view media_type) const {
  try {
    const auto text = base::try_read_file_at(layers_, path(name), kRecordCapBytes);
    if (!text) return std::nullopt;
    if (auto blob = try_parse_blob_record(diff_id_, *text, media_type)) return blob;
  } catch (const base::Error&) {
    // too large to be one, or no file
  }
  // The blob is made again. A record that cannot be removed is as good as one that is not there.
  (void)::unlinkat(layers_.get(), path(name).str().c_str(), 0);
  return std::nullopt;
}

void LayerFolder::put_record(const std::string& name, const image::Descriptor& blob) const {
  base::replace_file(open_or_make(), base::RelPath::exact(name), to_blob_record(diff_id_, blob));
}

std::optional<image::Descriptor> LayerFolder::try_read_blob_record(const std::string& way) const {
  return try_read_record(blob_record(way), media_type_of(way));
}

void LayerFolder::put_blob_record(const std::string& way, const image::Descriptor& blob) const {
  put_record(blob_record(way), blob);
}

void LayerFolder::remove_blob_records() const {
  if (!base::try_lstat_at(layers_, folder_)) return;
  for (const auto& entry : base::list_dir(layers_, folder_)) {
    if (entry.name.starts_with(kBlobRecordPrefix)) base::remove_tree(layers_, path(entry.name));
  }
}

std::optional<image::Descriptor> LayerFolder::try_read_estargz_record(int level) const {
  return try_read_record(estargz_record(level), {});
}

void LayerFolder::put_estargz_record(int level, const image::Descriptor& blob) const {
  put_record(estargz_record(level), blob);
}

std::vector<image::Descriptor> LayerFolder::blob_records() const {
  std::vector<image::Descriptor> blobs;
  if (!base::try_lstat_at(layers_, folder_)) return blobs;
  for (const auto& entry : base::list_dir(layers_, folder_)) {
    if (!entry.name.starts_with(kBlobRecordPrefix)) continue;
    auto blob = try_read_blob_record(entry.name.substr(kBlobRecordPrefix.size()));
    if (blob) blobs.push_back(*std::move(blob));
  }
  return blobs;
}

}  // namespace ibuild::layers
