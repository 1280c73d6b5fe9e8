// See: POSIX.1-2017 pax, "ustar Interchange Format"; tar(5) of libarchive; image-spec/layer.md,
// "Whiteouts".
#include "layers/tar_entry.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/text.h"
#include "layers/archive_path.h"
#include "layers/tar_numbers.h"

namespace ibuild::layers {

namespace {

enum class Dialect { v7, ustar, star, gnu };

Dialect dialect_of(const TarHeader& header) {
  const std::string_view magic(header.magic, sizeof header.magic);
  if (magic == std::string_view("ustar\0", 6)) {
    const bool is_star = std::memcmp(header.padding + 8, "tar", 4) == 0;
    return is_star ? Dialect::star : Dialect::ustar;
  }
  return magic == "ustar " ? Dialect::gnu : Dialect::v7;
}

/// A field's text: to its first NUL or its end.
template <std::size_t N>
std::string_view text_of(const char (&field)[N]) {
  return {field, ::strnlen(field, N)};
}

/// A field as a number between 0 and `max`.
template <std::size_t N>
std::uint64_t number_of(const char (&field)[N], std::uint64_t max, std::string_view what) {
  const auto value = parse_tar_number({field, N});
  if (!value || *value < 0 || static_cast<std::uint64_t>(*value) > max) {
    throw base::ContentError("the " + std::string(what) + " field is no valid number");
  }
  return static_cast<std::uint64_t>(*value);
}

std::string ustar_name(const TarHeader& header) {
  const Dialect dialect = dialect_of(header);
  std::string_view prefix;
  if (dialect == Dialect::ustar) prefix = text_of(header.prefix);
  // star keeps access and change time in the last 24 bytes of the prefix.
  if (dialect == Dialect::star) prefix = text_of(header.prefix).substr(0, 131);
  std::string name(text_of(header.name));
  return prefix.empty() ? name : std::string(prefix) + '/' + name;
}

EntryType entry_type(char flag, std::string_view name) {
  switch (flag) {
    case '\0':
      return name.ends_with('/') ? EntryType::directory : EntryType::file;
    case '0':
    case '7':  // contiguous: a file as any other here
    case 'S':  // sparse
      return EntryType::file;
    case '1':
      return EntryType::hardlink;
    case '2':
      return EntryType::symlink;
    case '3':
      return EntryType::char_device;
    case '4':
      return EntryType::block_device;
    case '5':
      return EntryType::directory;
    case '6':
      return EntryType::fifo;
    default:
      throw base::ContentError("it is an entry of type '" + base::printable({&flag, 1}) +
                               "', which no layer may hold");
  }
}

base::TimePoint mtime_of(const TarHeader& header) {
  const auto seconds = parse_tar_number({header.mtime, sizeof header.mtime});
  if (!seconds) throw base::ContentError("the mtime field is no valid number");
  return time_from_seconds(*seconds);
}

AboveRoot above_root(TarKind kind) {
  return kind == TarKind::layer ? AboveRoot::refuse : AboveRoot::confine;
}

void set_link_target(std::string target, TarKind kind, LayerEntry& entry) {
  if (entry.type == EntryType::hardlink) {
    entry.link_target = clean_archive_path(target, above_root(kind)).str();
  } else {
    check_symlink_target(target);
    entry.link_target = std::move(target);
  }
}

void set_device(const TarHeader& header, LayerEntry& entry) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint32_t>::max();
  entry.device_major = static_cast<std::uint32_t>(number_of(header.device_major, kMax, "device"));
  entry.device_minor = static_cast<std::uint32_t>(number_of(header.device_minor, kMax, "device"));
  // Made as a device it would mean a whiteout to overlayfs, and does so in other tools.
  const bool is_null = entry.device_major == 0 && entry.device_minor == 0;
  if (entry.type == EntryType::char_device && is_null) entry.type = EntryType::whiteout;
}

std::uint32_t id_of(const std::optional<std::uint64_t>& extended, const char (&field)[8],
                    std::string_view what) {
  return static_cast<std::uint32_t>(extended ? *extended : number_of(field, kMaxTarId, what));
}

LayerEntry make_named_entry(const TarHeader& header, TarExtension& extension, std::string_view name,
                            TarKind kind) {
  LayerEntry entry;
  entry.path = clean_archive_path(name, above_root(kind));
  entry.type = entry_type(header.type, name);
  if (entry.type == EntryType::file) {
    entry.size_bytes = extension.size ? *extension.size : tar_data_size(header);
  }
  entry.mode = static_cast<std::uint32_t>(number_of(header.mode, kMaxTarFileBytes, "mode") & 07777);
  entry.uid = id_of(extension.uid, header.uid, "uid");
  entry.gid = id_of(extension.gid, header.gid, "gid");
  entry.mtime = extension.mtime ? *extension.mtime : mtime_of(header);
  if (entry.type == EntryType::char_device || entry.type == EntryType::block_device) {
    set_device(header, entry);
  }
  if (entry.type == EntryType::symlink || entry.type == EntryType::hardlink) {
    set_link_target(extension.link_path ? std::move(*extension.link_path)
                                        : std::string(text_of(header.link_name)),
                    kind, entry);
  }
  entry.xattrs = std::move(extension.xattrs);
  std::sort(entry.xattrs.begin(), entry.xattrs.end());
  return entry;
}

}  // namespace

bool has_right_checksum(const TarHeader& header) {
  const auto told = parse_tar_number({header.checksum, sizeof header.checksum});
  if (!told) return false;
  if (*told == tar_checksum(header)) return true;
  // Old tars summed up signed characters.
  const auto* bytes = reinterpret_cast<const signed char*>(&header);
  int sum = static_cast<int>(sizeof header.checksum) * ' ';
  for (std::size_t i = 0; i < kTarBlockBytes; ++i) sum += bytes[i];
  for (char c : header.checksum) sum -= static_cast<signed char>(c);
  return *told == sum;
}

std::uint64_t tar_data_size(const TarHeader& header) {
  return number_of(header.size, kMaxTarFileBytes, "size");
}

LayerEntry make_tar_entry(const TarHeader& header, TarExtension extension, TarKind kind) {
  std::string name = extension.path ? std::move(*extension.path) : ustar_name(header);
  if (extension.sparse.has_known_format() && !extension.sparse.name.empty())
    name = extension.sparse.name;
  try {
    if (kind == TarKind::layer && (header.type == 'S' || !extension.sparse.empty))
      throw base::ContentError("a file is stored sparse; layers must hold files expanded");
    return make_named_entry(header, extension, name, kind);
  } catch (base::ContentError& error) {
    error.add_context("\"" + base::printable(std::string_view(name).substr(0, 200)) + "\"");
    throw;
  }
}

bool is_aufs_bookkeeping(const LayerEntry& entry) {
  for (std::string_view part : entry.path.components()) {
    if (part.starts_with(".wh..wh.") && part != kOpaqueName) return true;
  }
  return false;
}

void translate_whiteout(LayerEntry& entry) {
  if (entry.path.str().find(kWhiteoutPrefix) == std::string::npos) return;
  const base::RelPath parent = entry.path.parent();
  for (std::string_view part : parent.components()) {
    if (!part.starts_with(kWhiteoutPrefix)) continue;
    throw base::ContentError("\"" + base::printable(entry.path.str()) +
                             "\" lies below a name that marks a deleted file");
  }
  const std::string_view name = entry.path.name();
  if (!name.starts_with(kWhiteoutPrefix)) return;
  LayerEntry marker;
  marker.mtime = entry.mtime;
  if (name == kOpaqueName) {
    marker.type = EntryType::opaque;
    marker.path = parent;
  } else {
    const std::string_view deleted = name.substr(kWhiteoutPrefix.size());
    if (deleted.empty() || deleted == "." || deleted == "..") {
      throw base::ContentError("\"" + base::printable(entry.path.str()) +
                               "\" marks no file as deleted");
    }
    marker.type = EntryType::whiteout;
    marker.path = parent.join(deleted);
  }
  entry = std::move(marker);
}

}  // namespace ibuild::layers
