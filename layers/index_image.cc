// See: docs/design/layer_index_format.md.
#include "layers/index_image.h"

#include <malloc.h>

#include <bit>
#include <cstring>
#include <limits>
#include <string>

#include "base/error.h"
#include "base/text.h"
#include "layers/checksum64.h"
#include "layers/tar_format.h"

namespace ibuild::layers {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

struct IndexImage::Header {
  char magic[8];
  std::uint32_t version;
  std::uint32_t flags;
  std::uint64_t count;
  std::uint64_t heap_bytes;
  std::uint64_t checksum;  // of everything, this field taken as 0
};
static_assert(sizeof(IndexImage::Header) == 40);

struct IndexImage::Record {
  std::uint32_t path_offset;
  std::uint16_t path_bytes;
  std::uint8_t type;
  std::uint8_t reserved;
  std::uint32_t uid;
  std::uint32_t gid;
  std::uint64_t size;  // devices: major << 32 | minor
  std::int64_t mtime_ns;
  std::uint64_t tar_offset;
  std::uint32_t extra_offset;  // kNoExtra: none
  std::uint16_t mode;
  std::uint16_t reserved_too;
};
static_assert(sizeof(IndexImage::Record) == 48);

namespace {

constexpr char kMagic[8] = {'i', 'b', 'd', 'i', 'n', 'd', 'e', 'x'};
constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kOwnTar = 1;
constexpr std::uint32_t kImplicitDirectories = 2;
constexpr std::uint32_t kOpaqueRoot = 4;
constexpr std::uint32_t kNoExtra = std::numeric_limits<std::uint32_t>::max();

/// What only some entries have: link text, content digest, extended attributes.
struct ExtraHead {
  std::uint16_t link_bytes;
  std::uint16_t xattr_count;
  std::uint8_t has_content;
};

[[noreturn]] void damaged(std::string_view what) {
  throw base::ContentError("the index of a layer is damaged: " + std::string(what));
}

bool is_device(EntryType type) {
  return type == EntryType::char_device || type == EntryType::block_device;
}

/// Parts of an index above this are those of tens of thousands of files.
constexpr std::size_t kManyBytes = 1 << 20;

/// What is free in the middle of the heap stays with the process otherwise, beside the one large
/// block that takes its place.
void return_free_memory() {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

template <typename T>
std::string_view raw(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

/// Appends what `entry` has beside its record; gives its offset in the heap.
std::uint32_t append_extra(const LayerEntry& entry, base::ByteChunks& heap) {
  if (entry.link_target.empty() && entry.xattrs.empty() && !entry.content) return kNoExtra;
  const auto offset = static_cast<std::uint32_t>(heap.size());
  heap.append(raw(static_cast<std::uint16_t>(entry.link_target.size())));
  heap.append(raw(static_cast<std::uint16_t>(entry.xattrs.size())));
  heap.append(raw(static_cast<std::uint8_t>(entry.content.has_value())));
  heap.append(entry.link_target);
  if (entry.content) heap.append(entry.content->raw());
  for (const base::Xattr& xattr : entry.xattrs) {
    heap.append(raw(static_cast<std::uint16_t>(xattr.name.size())));
    heap.append(raw(static_cast<std::uint32_t>(xattr.value.size())));
    heap.append(xattr.name);
    heap.append(xattr.value);
  }
  return offset;
}

void check_can_be_written(const LayerEntry& entry, std::size_t heap_bytes) {
  bool fits = entry.path.str().size() <= kMaxPathBytes &&
              entry.link_target.size() <= kMaxLinkTargetBytes && entry.xattrs.size() <= 1000 &&
              heap_bytes < kNoExtra / 2;
  for (const base::Xattr& xattr : entry.xattrs) {
    fits = fits && xattr.name.size() <= 255 && xattr.value.size() <= kMaxXattrBytes;
  }
  if (!fits) {
    throw base::ContentError("\"" + base::printable(entry.path.absolute().substr(0, 200)) +
                             "\" is too large for the index of a layer");
  }
}

/// Reads the heap from one place on, within its bounds.
class HeapReader {
 public:
  HeapReader(std::string_view heap, std::size_t offset) {
    if (offset > heap.size()) damaged("an offset is out of range");
    rest_ = heap.substr(offset);
  }
  template <typename T>
  T number() {
    T value;
    std::memcpy(&value, text(sizeof value).data(), sizeof value);
    return value;
  }
  std::string_view text(std::size_t size) {
    if (size > rest_.size()) damaged("a length is out of range");
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

 private:
  std::string_view rest_;
};

void read_extra(std::string_view heap, std::uint32_t offset, LayerEntry& entry) {
  if (offset == kNoExtra) return;
  HeapReader reader(heap, offset);
  const auto link_bytes = reader.number<std::uint16_t>();
  const auto xattr_count = reader.number<std::uint16_t>();
  const auto has_content = reader.number<std::uint8_t>();
  entry.link_target = reader.text(link_bytes);
  if (has_content != 0) {
    entry.content = base::Sha256Value::from_raw(reader.text(base::Sha256Value::kBytes));
  }
  for (unsigned i = 0; i < xattr_count; ++i) {
    const auto name_bytes = reader.number<std::uint16_t>();
    const auto value_bytes = reader.number<std::uint32_t>();
    std::string name(reader.text(name_bytes));
    entry.xattrs.push_back({std::move(name), std::string(reader.text(value_bytes))});
  }
}

}  // namespace

IndexImage::IndexImage(IndexImage&&) noexcept = default;
IndexImage& IndexImage::operator=(IndexImage&&) noexcept = default;
IndexImage::~IndexImage() = default;

IndexImage::IndexImage(std::unique_ptr<char[]> bytes, std::size_t size)
    : bytes_(std::move(bytes)), size_bytes_(size) {
  Header header;
  if (size < sizeof header) damaged("it is cut short");
  std::memcpy(&header, bytes_.get(), sizeof header);
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) damaged("its first bytes are wrong");
  if (header.version != kVersion) damaged("it is of version " + std::to_string(header.version));
  const std::size_t body = size - sizeof header;
  if (header.count > body / sizeof(Record) ||
      header.heap_bytes != body - header.count * sizeof(Record)) {
    damaged("its size is wrong");
  }
  Header blank = header;
  blank.checksum = 0;
  std::memcpy(bytes_.get(), &blank, sizeof blank);
  if (checksum64({bytes_.get(), size}) != header.checksum) damaged("its checksum is wrong");
  std::memcpy(bytes_.get(), &header, sizeof header);

  count_ = header.count;
  // The block is aligned for every type, and the header's size is a multiple of 8.
  records_ = reinterpret_cast<const Record*>(bytes_.get() + sizeof header);
  heap_ = {bytes_.get() + sizeof header + count_ * sizeof(Record), header.heap_bytes};
  flags_ = {.own_tar = (header.flags & kOwnTar) != 0,
            .implicit_directories = (header.flags & kImplicitDirectories) != 0,
            .opaque_root = (header.flags & kOpaqueRoot) != 0};
  check_records();
  check_paths();
}

void IndexImage::check_records() const {
  for (std::size_t i = 0; i < count_; ++i) {
    const Record& record = records_[i];
    if (record.path_offset > heap_.size() ||
        record.path_bytes > heap_.size() - record.path_offset) {
      damaged("a path is out of range");
    }
    if (record.type > static_cast<std::uint8_t>(EntryType::opaque)) damaged("a type is unknown");
    if (record.mode > 07777) damaged("a mode is out of range");
    if (record.extra_offset != kNoExtra && record.extra_offset > heap_.size()) {
      damaged("an offset is out of range");
    }
  }
}

void IndexImage::check_paths() const {
  for (std::size_t i = 0; i < count_; ++i) {
    if (!base::RelPath::is_exact(path(i))) damaged("a path is not clean");
    if (i == 0) continue;
    const auto order = compare_walk_order(path(i - 1), path(i));
    const bool is_opaque_pair =
        order == 0 && type(i) == EntryType::opaque && type(i - 1) == EntryType::directory;
    if (order >= 0 && !is_opaque_pair) damaged("its entries are out of order");
  }
}

std::string_view IndexImage::path(std::size_t i) const {
  return heap_.substr(records_[i].path_offset, records_[i].path_bytes);
}

EntryType IndexImage::type(std::size_t i) const { return static_cast<EntryType>(records_[i].type); }

LayerEntry IndexImage::decode(std::size_t i) const {
  const Record& record = records_[i];
  LayerEntry entry;
  entry.path = base::RelPath::exact(path(i));
  entry.type = type(i);
  entry.mode = record.mode;
  entry.uid = record.uid;
  entry.gid = record.gid;
  if (is_device(entry.type)) {
    entry.device_major = static_cast<std::uint32_t>(record.size >> 32);
    entry.device_minor = static_cast<std::uint32_t>(record.size);
  } else {
    entry.size_bytes = record.size;
  }
  entry.mtime = base::TimePoint(std::chrono::nanoseconds(record.mtime_ns));
  entry.tar_offset = record.tar_offset;
  read_extra(heap_, record.extra_offset, entry);
  return entry;
}

void IndexImage::Writer::take_flags(const LayerEntry& entry) {
  const std::string_view path = entry.path.str();
  if (entry.type == EntryType::opaque && path.empty()) flags_.opaque_root = true;
  const auto slash = path.rfind('/');
  const auto parent = slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
  const bool is_known =
      parent.empty() ||
      (known_directory_.starts_with(parent) &&
       (known_directory_.size() == parent.size() || known_directory_[parent.size()] == '/'));
  if (!is_known) flags_.implicit_directories = true;
  if (entry.type == EntryType::directory) known_directory_ = path;
}

void IndexImage::Writer::add(const LayerEntry& entry) {
  check_can_be_written(entry, paths_.size() + extras_.size());
  take_flags(entry);
  Record record{};
  record.path_offset = static_cast<std::uint32_t>(paths_.size());
  record.path_bytes = static_cast<std::uint16_t>(entry.path.str().size());
  record.type = static_cast<std::uint8_t>(entry.type);
  record.uid = entry.uid;
  record.gid = entry.gid;
  record.size = is_device(entry.type) ? std::uint64_t{entry.device_major} << 32 | entry.device_minor
                                      : entry.size_bytes;
  record.mtime_ns = entry.mtime.time_since_epoch().count();
  record.tar_offset = entry.tar_offset;
  record.extra_offset = append_extra(entry, extras_);
  record.mode = static_cast<std::uint16_t>(entry.mode & 07777);
  records_.append(raw(record));
  paths_.append(entry.path.str());
  ++count_;
}

IndexImage IndexImage::Writer::finish(IndexFlags flags) {
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.version = kVersion;
  header.flags = (flags.own_tar ? kOwnTar : 0) |
                 (flags.implicit_directories ? kImplicitDirectories : 0) |
                 (flags.opaque_root ? kOpaqueRoot : 0);
  header.count = count_;
  header.heap_bytes = paths_.size() + extras_.size();
  const auto extras_begin = static_cast<std::uint32_t>(paths_.size());
  const std::size_t records_bytes = records_.size();
  const std::size_t size = sizeof header + records_bytes + header.heap_bytes;
  auto form = std::make_unique_for_overwrite<char[]>(size);
  std::memcpy(form.get(), &header, sizeof header);
  char* end = form.get() + sizeof header;
  if (size >= kManyBytes) return_free_memory();
  for (base::ByteChunks* part : {&records_, &paths_, &extras_}) {
    const std::size_t part_bytes = part->size();
    part->move_to(end);
    end += part_bytes;
    if (part_bytes >= kManyBytes) return_free_memory();
  }
  for (std::size_t at = sizeof header; at < sizeof header + records_bytes; at += sizeof(Record)) {
    Record record;
    std::memcpy(&record, form.get() + at, sizeof record);
    if (record.extra_offset == kNoExtra) continue;
    record.extra_offset += extras_begin;
    std::memcpy(form.get() + at, &record, sizeof record);
  }
  header.checksum = checksum64({form.get(), size});
  std::memcpy(form.get(), &header, sizeof header);
  return {std::move(form), size};
}

}  // namespace ibuild::layers
